"""Invented cohorts whose truth is known."""

from azaanalysis.synthetic.cohort import make_cohort
from azaanalysis.synthetic.parameters import Parameters, load_parameters

__all__ = ["Parameters", "load_parameters", "make_cohort"]
