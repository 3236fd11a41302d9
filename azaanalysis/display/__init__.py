"""Tables and figures. They take an estimate or a small summary frame, and never see patients."""

from azaanalysis.display.balance import draw_balance, tabulate_balance
from azaanalysis.display.baseline import tabulate_baseline
from azaanalysis.display.beside import tabulate_beside
from azaanalysis.display.confounding import draw_confounding
from azaanalysis.display.difference import draw_incidence_difference
from azaanalysis.display.e_values import tabulate_confounding, tabulate_e_values
from azaanalysis.display.figure import Figure
from azaanalysis.display.flow import draw_attrition
from azaanalysis.display.forest import draw_forest, draw_rates
from azaanalysis.display.gaps import draw_gaps, tabulate_gaps
from azaanalysis.display.gate import tabulate_gate
from azaanalysis.display.incidence import draw_incidence, draw_mean_count
from azaanalysis.display.line_flow import draw_lines
from azaanalysis.display.lines import tabulate_lines
from azaanalysis.display.lost import draw_lost, tabulate_lost
from azaanalysis.display.negative_control import tabulate_negative_control
from azaanalysis.display.overlap import (
    draw_preference,
    draw_weights,
    tabulate_equipoise,
    tabulate_weights,
)
from azaanalysis.display.realism import draw_realism, tabulate_naive_errors, tabulate_realism
from azaanalysis.display.specifications import draw_specifications
from azaanalysis.display.stacked import draw_endings, draw_stacked_incidence
from azaanalysis.display.statement import Statement, state_estimand, state_limits
from azaanalysis.display.subgroup_forest import draw_estimands, draw_subgroups
from azaanalysis.display.subgroups import tabulate_interactions, tabulate_subgroups
from azaanalysis.display.summaries import (
    tabulate_attrition,
    tabulate_frame,
    tabulate_loading_report,
    tabulate_protocol,
)
from azaanalysis.display.support import draw_support, tabulate_support
from azaanalysis.display.table import Table
from azaanalysis.display.tables import tabulate_estimate
from azaanalysis.display.timeline import draw_design
from azaanalysis.display.trade_off import tabulate_trade_off
from azaanalysis.display.trade_off_plane import draw_trade_off
from azaanalysis.display.trajectory import draw_trajectory
from azaanalysis.display.truth import tabulate_truth
from azaanalysis.display.ways import (
    tabulate_estimands,
    tabulate_refusals,
    tabulate_specifications,
)

__all__ = [
    "Figure",
    "Statement",
    "Table",
    "draw_attrition",
    "draw_balance",
    "draw_confounding",
    "draw_design",
    "draw_endings",
    "draw_estimands",
    "draw_forest",
    "draw_gaps",
    "draw_incidence",
    "draw_incidence_difference",
    "draw_lines",
    "draw_lost",
    "draw_mean_count",
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
]
