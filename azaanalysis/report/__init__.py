"""Reports: notebooks executed with a study, written as pages, figures and numbers."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azaanalysis.report.changes import compare_results
    from azaanalysis.report.crawler import account_for_numbers
    from azaanalysis.report.record import read_results
    from azaanalysis.report.results import write_estimates
    from azaanalysis.report.site import write_report
    from azaanalysis.report.store import store_notebooks
    from azaanalysis.report.verify import verify_report

__all__ = [
    "account_for_numbers",
    "compare_results",
    "read_results",
    "store_notebooks",
    "verify_report",
    "write_estimates",
    "write_report",
]

_HOMES = {
    "account_for_numbers": "crawler",
    "compare_results": "changes",
    "read_results": "record",
    "store_notebooks": "store",
    "verify_report": "verify",
    "write_estimates": "results",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for: a notebook that writes its estimates needs no exporter."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'site')}"), name)
