"""Invented cohorts whose truth is known."""

from azaanalysis.synthetic.cohort import keep_cohort, make_cohort
from azaanalysis.synthetic.found import TESTS, Finding
from azaanalysis.synthetic.outcomes import Reading
from azaanalysis.synthetic.overlap_truth import simulate_overlap_truth
from azaanalysis.synthetic.parameters import Parameters, load_parameters
from azaanalysis.synthetic.potential import PotentialCohorts, make_potential_cohorts
from azaanalysis.synthetic.realism import measure_realism
from azaanalysis.synthetic.true_rates import (
    true_mean_count,
    true_rate,
    true_rate_difference,
    true_rate_ratio,
)
from azaanalysis.synthetic.true_values import (
    STOPS,
    true_persistence,
    true_restricted_mean,
    true_risk,
    true_risk_difference,
    true_risk_ratio,
)
from azaanalysis.synthetic.truth import Truth, simulate_truth
from azaanalysis.synthetic.worlds import WORLDS, describe_world, load_naive_errors

__all__ = [
    "STOPS",
    "TESTS",
    "WORLDS",
    "Finding",
    "Parameters",
    "PotentialCohorts",
    "Reading",
    "Truth",
    "describe_world",
    "keep_cohort",
    "load_naive_errors",
    "load_parameters",
    "make_cohort",
    "make_potential_cohorts",
    "measure_realism",
    "simulate_overlap_truth",
    "simulate_truth",
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
