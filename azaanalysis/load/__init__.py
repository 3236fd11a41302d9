"""Ways in: every one ends in a checked cohort, or in a list of every fault."""

from azaanalysis.load.load import load_cohort

__all__ = ["load_cohort"]
