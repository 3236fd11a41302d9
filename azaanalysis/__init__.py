"""Azathioprine against biologics and JAK inhibitors, fairly compared.

What a room offers to analysts stands in its own ``__all__``; here all of it comes together.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from azaanalysis import design, estimate
from azaanalysis.cohort import Cohort
from azaanalysis.design import *  # noqa: F403 - the names are those of the room
from azaanalysis.disclosure import suppress
from azaanalysis.errors import AzaError, DataError, DesignError, EstimationError, StudyError
from azaanalysis.estimate import *  # noqa: F403 - the names are those of the room
from azaanalysis.protocol import describe_estimand, describe_protocol
from azaanalysis.result import Estimate, stack
from azaanalysis.sources import load_cohort
from azaanalysis.study import Study, load_study
from azaanalysis.synthetic import (
    Parameters,
    Reading,
    Truth,
    describe_world,
    load_naive_errors,
    load_parameters,
    make_cohort,
    measure_realism,
    simulate_overlap_truth,
    simulate_truth,
    true_mean_count,
    true_persistence,
    true_rate,
    true_rate_difference,
    true_rate_ratio,
    true_restricted_mean,
    true_risk,
    true_risk_difference,
    true_risk_ratio,
)

if TYPE_CHECKING:
    from azaanalysis.display import *  # noqa: F403
    from azaanalysis.report import *  # noqa: F403

__version__ = "0.4.0"

# Displays and reports bring matplotlib and nbconvert, which take longer to import than all the
# rest: they are loaded when they are first asked for.
_ROOM_OF = dict.fromkeys(
    (
        "draw_attrition",
        "draw_balance",
        "draw_confounding",
        "draw_design",
        "draw_endings",
        "draw_estimands",
        "draw_forest",
        "draw_gaps",
        "draw_incidence",
        "draw_lines",
        "draw_mean_count",
        "draw_incidence_difference",
        "draw_lost",
        "draw_preference",
        "draw_rates",
        "draw_realism",
        "draw_specifications",
        "draw_stacked_incidence",
        "draw_subgroups",
        "draw_support",
        "draw_trade_off",
        "draw_trajectory",
        "draw_weights",
        "state_estimand",
        "state_limits",
        "tabulate_attrition",
        "tabulate_balance",
        "tabulate_baseline",
        "tabulate_beside",
        "tabulate_confounding",
        "tabulate_e_values",
        "tabulate_equipoise",
        "tabulate_estimands",
        "tabulate_estimate",
        "tabulate_frame",
        "tabulate_gaps",
        "tabulate_gate",
        "tabulate_interactions",
        "tabulate_lines",
        "tabulate_loading_report",
        "tabulate_lost",
        "tabulate_naive_errors",
        "tabulate_negative_control",
        "tabulate_protocol",
        "tabulate_realism",
        "tabulate_refusals",
        "tabulate_specifications",
        "tabulate_subgroups",
        "tabulate_support",
        "tabulate_trade_off",
        "tabulate_truth",
        "tabulate_weights",
    ),
    "display",
) | dict.fromkeys(
    (
        "account_for_numbers",
        "compare_results",
        "read_results",
        "verify_report",
        "write_estimates",
        "write_report",
    ),
    "report",
)

__all__ = [
    "AzaError",
    "Cohort",
    "DataError",
    "DesignError",
    "Estimate",
    "EstimationError",
    "Parameters",
    "Reading",
    "Study",
    "StudyError",
    "Truth",
    "describe_estimand",
    "describe_protocol",
    "describe_world",
    "load_cohort",
    "load_naive_errors",
    "load_parameters",
    "load_study",
    "make_cohort",
    "measure_realism",
    "simulate_overlap_truth",
    "simulate_truth",
    "stack",
    "suppress",
    "true_mean_count",
    "true_persistence",
    "true_rate",
    "true_rate_difference",
    "true_rate_ratio",
    "true_restricted_mean",
    "true_risk",
    "true_risk_difference",
    "true_risk_ratio",
]
__all__ += design.__all__
__all__ += estimate.__all__
__all__ += list(_ROOM_OF)


def __getattr__(name: str) -> Any:
    """Load a display or a report when it is first asked for."""
    if name in _ROOM_OF:
        return getattr(import_module(f"azaanalysis.{_ROOM_OF[name]}"), name)
    raise AttributeError(f"module 'azaanalysis' has no attribute '{name}'")
