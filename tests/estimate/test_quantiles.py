"""Quantiles: by hand, their limits, and what is refused."""

import numpy as np
import pytest

from azaanalysis.errors import EstimationError
from azaanalysis.estimate import estimate_quantiles
from tests.builders import follow_up


def test_the_median_is_the_first_day_on_which_half_had_the_event():
    # 1/5, 2/5, 3/5 have had it by days 2, 4 and 7: the median is day 7, the first fifth day 2.
    made = follow_up(days=[2, 4, 7, 9, 9], status=[1, 1, 1, 0, 0])
    frame = estimate_quantiles(made, shares=[0.5, 0.3]).only(cause="").frame

    assert frame["value"].tolist() == [7, 4]
    assert frame["quantity"].tolist() == ["median_days", "quantile_days"]
    assert frame["unit"].tolist() == ["", "days until 30%"]


def test_a_curve_that_rests_on_one_half_has_its_median_in_the_middle():
    made = follow_up(days=[2, 4, 8, 9], status=[1, 1, 1, 1])
    assert estimate_quantiles(made).only(cause="").frame["value"].item() == 6


def test_a_share_that_was_not_reached_is_missing_and_so_is_its_upper_limit():
    made = follow_up(days=[2, 9, 9, 9], status=[1, 0, 0, 0])
    row = estimate_quantiles(made).only(cause="").frame.iloc[0]
    assert np.isnan(row["value"])
    assert np.isnan(row["upper"])
    assert row["lower"] == 2


@pytest.mark.parametrize("shares", [[], [0], [50]])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(EstimationError, match=r"shares must lie between 0 and 1"):
        estimate_quantiles(follow_up(days=[1]), shares=shares)
