"""Reports: notebooks executed with a study, written as pages, figures and numbers."""

from azaanalysis.report.results import write_estimates
from azaanalysis.report.site import write_index, write_report

__all__ = ["write_estimates", "write_index", "write_report"]
