"""Wishes that no weighting can fulfil are refused in words."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from azaanalysis.design import (
    follow_up_from_frame,
    measure_preference,
    weigh,
    weigh_by_matching,
    weigh_by_strata,
)
from azaanalysis.errors import DesignError
from azaanalysis.settings_weighting import Truncation


def two_arms():
    draw = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "days": draw.integers(1, 90, 200),
            "status": draw.integers(0, 2, 200),
            "drug": draw.choice(["a", "b"], 200),
            "age": draw.normal(50, 10, 200),
        }
    )
    return follow_up_from_frame(frame, time="days", status="status", arm="drug")


def test_a_target_nobody_knows_is_refused():
    with pytest.raises(DesignError, match="No target 'everyone'; known are: ate, att, overlap"):
        weigh(two_arms(), target="everyone")


def test_partners_are_not_chosen_by_an_arm_that_is_not_there():
    with pytest.raises(DesignError, match="There is no arm 'placebo'"):
        weigh_by_matching(two_arms(), of_arm="placebo")


@pytest.mark.parametrize("n_strata", [0, 1, -5])
def test_one_stratum_or_none_is_refused(n_strata):
    with pytest.raises(DesignError, match=f"at least two; got {n_strata}"):
        weigh_by_strata(two_arms(), n_strata=n_strata)


def test_no_bin_is_refused():
    with pytest.raises(DesignError, match="got n_bins=0"):
        measure_preference(weigh(two_arms()), n_bins=0)


def test_quantiles_that_leave_no_weight_standing_are_refused():
    with pytest.raises(ValidationError, match="no weight would stand"):
        Truncation(lower_quantile=0.9, upper_quantile=0.1)
