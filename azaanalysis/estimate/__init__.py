"""Estimators: each takes a follow-up and returns an ``Estimate``."""

from azaanalysis.estimate.contrasts import estimate_risk_difference
from azaanalysis.estimate.hazard import estimate_hazard_ratio
from azaanalysis.estimate.incidence import estimate_incidence
from azaanalysis.estimate.log_rank import estimate_log_rank
from azaanalysis.estimate.rates import estimate_rates
from azaanalysis.estimate.resample import Resample, Resampling, bootstrap
from azaanalysis.estimate.tally import RiskTable, tally

__all__ = [
    "Resample",
    "Resampling",
    "RiskTable",
    "bootstrap",
    "estimate_hazard_ratio",
    "estimate_incidence",
    "estimate_log_rank",
    "estimate_rates",
    "estimate_risk_difference",
    "tally",
]
