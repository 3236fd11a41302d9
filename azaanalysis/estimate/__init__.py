"""Estimators: each takes a follow-up and returns an ``Estimate``."""

from azaanalysis.estimate.average_hazard import (
    estimate_average_hazard,
    estimate_average_hazard_ratio,
)
from azaanalysis.estimate.confounding import measure_confounding
from azaanalysis.estimate.contrasts import (
    estimate_number_needed_to_treat,
    estimate_risk_difference,
    estimate_risk_ratio,
)
from azaanalysis.estimate.cox import estimate_cox, estimate_proportional_hazards
from azaanalysis.estimate.cumulative_hazard import estimate_cumulative_hazard
from azaanalysis.estimate.e_values import e_value, estimate_e_values
from azaanalysis.estimate.each import estimate_each
from azaanalysis.estimate.early import estimate_early_share
from azaanalysis.estimate.findings import estimate_found_share, estimate_share_by_level
from azaanalysis.estimate.fine_gray import estimate_fine_gray
from azaanalysis.estimate.gaps import estimate_incidence_difference
from azaanalysis.estimate.gee import estimate_gee
from azaanalysis.estimate.gray import estimate_gray_test
from azaanalysis.estimate.hazard import estimate_hazard_ratio
from azaanalysis.estimate.head_start import estimate_head_start
from azaanalysis.estimate.in_use import estimate_ratio_in_use
from azaanalysis.estimate.incidence import estimate_incidence
from azaanalysis.estimate.interval import estimate_interval_incidence
from azaanalysis.estimate.log_rank import estimate_log_rank
from azaanalysis.estimate.lost import estimate_if_lost_differ
from azaanalysis.estimate.monitoring import estimate_adherence
from azaanalysis.estimate.negative_control import estimate_negative_control
from azaanalysis.estimate.over_gaps import estimate_over_gaps
from azaanalysis.estimate.panels import count_panels, estimate_marker_auc
from azaanalysis.estimate.parametric import estimate_parametric
from azaanalysis.estimate.piecewise import estimate_piecewise_hazard_ratio
from azaanalysis.estimate.pooling import pool
from azaanalysis.estimate.quantiles import estimate_quantiles
from azaanalysis.estimate.rate_contrasts import (
    estimate_patient_years_to_harm,
    estimate_rate_difference,
    estimate_rate_ratio,
)
from azaanalysis.estimate.rates import estimate_rates, estimate_rates_by_window
from azaanalysis.estimate.recurrent import (
    estimate_mean_count,
    estimate_mean_count_difference,
    estimate_mean_count_ratio,
)
from azaanalysis.estimate.recurrent_ratio import estimate_recurrent_ratio
from azaanalysis.estimate.regression import estimate_negative_binomial, estimate_poisson
from azaanalysis.estimate.resample import Resample, Resampling, bootstrap
from azaanalysis.estimate.restricted_mean import (
    estimate_restricted_mean,
    estimate_restricted_mean_difference,
    estimate_restricted_mean_ratio,
)
from azaanalysis.estimate.sharing import (
    merge,
    read_risk_table,
    risk_table_from_cells,
    write_risk_table,
)
from azaanalysis.estimate.standardised import estimate_dispersion, estimate_standardised_rates
from azaanalysis.estimate.states import (
    estimate_share_in_response,
    estimate_steroids,
    estimate_visit_rate,
)
from azaanalysis.estimate.strategies import estimate_under_strategies
from azaanalysis.estimate.subgroups import estimate_subgroups
from azaanalysis.estimate.tally import RiskTable, tally
from azaanalysis.estimate.time_on_lines import estimate_time_on_lines
from azaanalysis.estimate.trade_off import estimate_trade_off
from azaanalysis.estimate.trajectory import estimate_trajectory
from azaanalysis.estimate.true_answer import compare_with_truth
from azaanalysis.estimate.true_course import compare_course_with_truth
from azaanalysis.estimate.true_levels import compare_levels_with_truth
from azaanalysis.estimate.true_subgroups import compare_subgroups_with_truth
from azaanalysis.estimate.ways import estimate_ways

__all__ = [
    "Resample",
    "Resampling",
    "RiskTable",
    "bootstrap",
    "compare_course_with_truth",
    "compare_levels_with_truth",
    "compare_subgroups_with_truth",
    "compare_with_truth",
    "count_panels",
    "e_value",
    "estimate_adherence",
    "estimate_average_hazard",
    "estimate_average_hazard_ratio",
    "estimate_cox",
    "estimate_cumulative_hazard",
    "estimate_dispersion",
    "estimate_e_values",
    "estimate_each",
    "estimate_early_share",
    "estimate_fine_gray",
    "estimate_found_share",
    "estimate_gee",
    "estimate_gray_test",
    "estimate_hazard_ratio",
    "estimate_head_start",
    "estimate_if_lost_differ",
    "estimate_incidence",
    "estimate_incidence_difference",
    "estimate_interval_incidence",
    "estimate_log_rank",
    "estimate_marker_auc",
    "estimate_mean_count",
    "estimate_mean_count_difference",
    "estimate_mean_count_ratio",
    "estimate_negative_binomial",
    "estimate_negative_control",
    "estimate_number_needed_to_treat",
    "estimate_over_gaps",
    "estimate_parametric",
    "estimate_patient_years_to_harm",
    "estimate_piecewise_hazard_ratio",
    "estimate_poisson",
    "estimate_proportional_hazards",
    "estimate_quantiles",
    "estimate_rate_difference",
    "estimate_rate_ratio",
    "estimate_rates",
    "estimate_rates_by_window",
    "estimate_ratio_in_use",
    "estimate_recurrent_ratio",
    "estimate_restricted_mean",
    "estimate_restricted_mean_difference",
    "estimate_restricted_mean_ratio",
    "estimate_risk_difference",
    "estimate_risk_ratio",
    "estimate_share_by_level",
    "estimate_share_in_response",
    "estimate_standardised_rates",
    "estimate_steroids",
    "estimate_subgroups",
    "estimate_time_on_lines",
    "estimate_trade_off",
    "estimate_trajectory",
    "estimate_under_strategies",
    "estimate_visit_rate",
    "estimate_ways",
    "measure_confounding",
    "merge",
    "pool",
    "read_risk_table",
    "risk_table_from_cells",
    "tally",
    "write_risk_table",
]
