"""Checks that speak up before any estimate."""

from azaanalysis.design.checks.check import check_design
from azaanalysis.design.checks.finding import Finding, findings_to_frame
from azaanalysis.design.checks.table import check_table

__all__ = ["Finding", "check_design", "check_table", "findings_to_frame"]
