"""Azathioprine against biologics and JAK inhibitors, fairly compared."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from azaanalysis.cohort import Cohort
from azaanalysis.design import (
    FollowUp,
    follow,
    follow_up_from_frame,
    measure_baseline,
    measure_follow_up,
)
from azaanalysis.disclosure import suppress
from azaanalysis.errors import AzaError, DataError, DesignError, EstimationError, StudyError
from azaanalysis.estimate import (
    RiskTable,
    estimate_hazard_ratio,
    estimate_incidence,
    estimate_log_rank,
    estimate_rates,
    tally,
)
from azaanalysis.protocol import describe_estimand, describe_protocol
from azaanalysis.result import Estimate, stack
from azaanalysis.sources import load_cohort
from azaanalysis.study import Study, load_study
from azaanalysis.synthetic import make_cohort

if TYPE_CHECKING:
    from azaanalysis.display import (
        draw_attrition,
        draw_forest,
        draw_incidence,
        draw_rates,
        draw_stacked_incidence,
        state_estimand,
        state_limits,
        tabulate_attrition,
        tabulate_baseline,
        tabulate_estimate,
        tabulate_frame,
        tabulate_loading_report,
        tabulate_protocol,
    )
    from azaanalysis.report import write_estimates, write_report

__version__ = "0.1.0"

__all__ = [
    "AzaError",
    "Cohort",
    "DataError",
    "DesignError",
    "Estimate",
    "EstimationError",
    "FollowUp",
    "RiskTable",
    "Study",
    "StudyError",
    "describe_estimand",
    "describe_protocol",
    "draw_attrition",
    "draw_forest",
    "draw_incidence",
    "draw_rates",
    "draw_stacked_incidence",
    "estimate_hazard_ratio",
    "estimate_incidence",
    "estimate_log_rank",
    "estimate_rates",
    "follow",
    "follow_up_from_frame",
    "load_cohort",
    "load_study",
    "make_cohort",
    "measure_baseline",
    "measure_follow_up",
    "stack",
    "state_estimand",
    "state_limits",
    "suppress",
    "tabulate_attrition",
    "tabulate_baseline",
    "tabulate_estimate",
    "tabulate_frame",
    "tabulate_loading_report",
    "tabulate_protocol",
    "tally",
    "write_estimates",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Load displays and reports when they are first asked for.

    They bring matplotlib and nbconvert, which take longer to import than all the rest.
    """
    if name in __all__:
        room = "report" if name.startswith("write_") else "display"
        return getattr(import_module(f"azaanalysis.{room}"), name)
    raise AttributeError(f"module 'azaanalysis' has no attribute '{name}'")
