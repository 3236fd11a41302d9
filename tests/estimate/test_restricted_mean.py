"""Restricted means: by hand, their horizon, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import (
    estimate_restricted_mean,
    estimate_restricted_mean_difference,
    estimate_restricted_mean_ratio,
)
from tests.builders import follow_up


def four():
    return follow_up(days=[2, 4, 10, 10], status=[1, 2, 0, 0], causes=["one", "two"])


def test_the_times_of_four_patients_are_their_means_worked_by_hand():
    # Until day 8 the four are free for 2, 4, 8 and 8 days: mean 22/4 = 5.5. Lost to cause one:
    # 6/4 = 1.5; to cause two: 4/4 = 1. Spread of the first: sd of (2, 4, 8, 8) over sqrt(4),
    # with divisor 4: sqrt((12.25 + 2.25 + 6.25 + 6.25) / 4) / 2 = 1.2990.
    frame = estimate_restricted_mean(four(), horizon_days=8).frame

    assert frame["value"].tolist() == pytest.approx([5.5, 1.5, 1.0])
    assert frame["std_error"][0] == pytest.approx(1.2990, abs=1e-4)
    assert frame["quantity"].tolist()[1:] == ["restricted_mean_days_lost"] * 2


def test_without_a_horizon_time_runs_to_the_last_day_on_which_every_arm_was_seen():
    both = follow_up(days=[5, 9, 3, 20], status=[1, 0, 1, 0], arm=["a", "a", "b", "b"])
    made = estimate_restricted_mean(both)
    assert set(made.frame["at_days"]) == {9}
    assert not any("Mean times run" in note for note in made.about["notes"])

    planned = replace(both, about={**both.about, "horizon_days": 15})
    notes = estimate_restricted_mean_difference(planned).about["notes"]
    assert any("until day 9, the last on which every arm was observed" in note for note in notes)


@pytest.mark.parametrize("horizon", [0, -3, 11])
def test_a_horizon_beyond_the_last_day_of_an_arm_is_refused_with_the_longest(horizon):
    with pytest.raises(EstimationError, match="above 0 and up to 10"):
        estimate_restricted_mean(four(), horizon_days=horizon)


def test_an_arm_that_lost_no_time_has_no_ratio():
    both = follow_up(days=[5, 9, 9, 9], status=[1, 0, 0, 0], arm=["a", "a", "b", "b"])
    frame = estimate_restricted_mean_ratio(both).frame.set_index("quantity")
    assert np.isnan(frame.loc["restricted_mean_lost_ratio", "value"])
    assert frame.loc["restricted_mean_ratio", "value"] == pytest.approx(9 / 7)


def test_one_arm_has_no_difference():
    with pytest.raises(DesignError, match="Add an arm to the study file"):
        estimate_restricted_mean_difference(four())
