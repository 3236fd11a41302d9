"""Cumulative hazards: by hand, beside curves, and what is refused."""

import numpy as np
import pytest

from azaanalysis.errors import EstimationError
from azaanalysis.estimate import estimate_cumulative_hazard, estimate_incidence
from tests.builders import follow_up


def hazard(made, **options):
    estimate = estimate_cumulative_hazard(made, **options)
    return estimate.only(cause="", quantity="cumulative_hazard").frame.set_index("at_days")


def test_two_events_of_one_day_among_four_add_a_half_or_a_quarter_and_a_third():
    four = follow_up(days=[2, 2, 5, 5], status=[1, 1, 0, 1])
    together, one_by_one = hazard(four), hazard(four, ties="one_by_one")

    assert together.loc[2, "value"] == pytest.approx(2 / 4)
    assert together.loc[2, "std_error"] == pytest.approx(np.sqrt(2) / 4)
    assert one_by_one.loc[2, "value"] == pytest.approx(1 / 4 + 1 / 3)
    assert together.loc[5, "value"] == pytest.approx(2 / 4 + 1 / 2)


def test_hazards_of_the_causes_sum_to_that_of_any_event():
    made = follow_up(days=[1, 2, 3, 4, 5], status=[1, 2, 0, 2, 1], causes=["one", "two"])
    frame = estimate_cumulative_hazard(made).only(quantity="cumulative_hazard").frame
    by_cause = frame.pivot_table(index="at_days", columns="cause", values="value", sort=False)
    np.testing.assert_allclose(by_cause["one"] + by_cause["two"], by_cause[""])


def test_survival_from_the_hazard_lies_above_kaplan_meier():
    made = follow_up(days=[1, 2, 3, 4], status=[1, 1, 1, 0])
    ours = estimate_cumulative_hazard(made).only(quantity="survival_from_hazard").frame["value"]
    curve = estimate_incidence(made).only(quantity="survival").frame["value"]
    assert (ours[1:] > curve[1:]).all()


def test_weights_and_unknown_ties_are_refused_with_a_way_forward():
    with pytest.raises(EstimationError, match="Use estimate_incidence"):
        estimate_cumulative_hazard(follow_up(days=[1, 2], weight=[1, 2]))
    with pytest.raises(EstimationError, match="known are: together, one_by_one"):
        estimate_cumulative_hazard(follow_up(days=[1]), ties="efron")
