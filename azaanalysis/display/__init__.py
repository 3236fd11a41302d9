"""Tables and figures. They take an estimate or a small summary frame, and never see patients."""

from azaanalysis.display.baseline import tabulate_baseline
from azaanalysis.display.summaries import (
    tabulate_attrition,
    tabulate_frame,
    tabulate_loading_report,
    tabulate_protocol,
)
from azaanalysis.display.table import Table
from azaanalysis.display.tables import tabulate_estimate

__all__ = [
    "Table",
    "tabulate_attrition",
    "tabulate_baseline",
    "tabulate_estimate",
    "tabulate_frame",
    "tabulate_loading_report",
    "tabulate_protocol",
]
