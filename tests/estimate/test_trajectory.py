"""Mean levels over time: by hand, against statsmodels, by properties, against known truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis import estimate_trajectory, suppress
from azaanalysis.design.levels import Levels
from azaanalysis.errors import EstimationError
from tests.builders import follow_up


def levels(row, days, value, *, weight=None, arm=None):
    n = max(row) + 1
    made = follow_up(days=[400] * n, weight=weight, arm=arm)
    parts = (np.asarray(part) for part in (row, days, value))
    return Levels(made, *parts, "wbc", "10^9/L")


def invented(n, seed, *, spread=1.5):
    """Results of patients at days of their own; mean 8 at day 0, 6 at day 100, 7 at day 200."""
    rng = np.random.default_rng(seed)
    row = np.repeat(np.arange(n), rng.integers(1, 9, n))
    days = rng.uniform(0, 200, len(row))
    mean = np.interp(days, [0, 100, 200], [8, 6, 7])
    value = mean + spread * rng.normal(size=n)[row] + 0.8 * rng.normal(size=len(row))
    return row, days, value


def test_with_everybody_tested_on_the_same_days_the_means_are_plain_means():
    # Day 0: 4, 8 -> 6. Day 10: 3, 5 -> 4.
    made = estimate_trajectory(levels([0, 0, 1, 1], [0, 10, 0, 10], [4, 3, 8, 5]), at_days=[0, 10])
    assert made.frame["value"].tolist() == pytest.approx([6, 4])
    assert made.frame["patients"].tolist() == [2, 2]
    # Robust error of a mean of two, of day 0: sqrt(2^2 + 2^2) / 2.
    assert made.frame["std_error"].iloc[0] == pytest.approx(np.sqrt(8) / 2)


def test_a_patient_tested_often_does_not_decide_the_mean():
    # One patient at 2.0 tested 50 times, nine at 8.0 +- 0.1 twice each: the rows' mean is 3.6.
    rng = np.random.default_rng(1)
    row = [0] * 50 + [i for i in range(1, 10) for _ in range(2)]
    value = [2.0] * 50 + [8.0] * 18 + rng.normal(0, 0.1, 68)[:0].tolist()
    value = np.array(value) + rng.normal(0, 0.1, 68)
    days = rng.uniform(0, 10, 68)
    made = estimate_trajectory(levels(row, days, value), at_days=[0, 10])
    assert made.frame["value"].mean() == pytest.approx(7.4, abs=0.1)


def test_means_are_those_of_statsmodels():
    import pandas as pd
    from statsmodels.regression.mixed_linear_model import MixedLM

    row, days, value = invented(120, seed=2)
    knots = [0, 100, 200]
    design = np.stack([np.interp(days, knots, unit) for unit in np.eye(3)], axis=1)
    theirs = MixedLM(value, design, groups=pd.Series(row)).fit(reml=False)
    ours = estimate_trajectory(levels(row, days, value), at_days=knots).frame
    assert ours["value"].tolist() == pytest.approx(np.asarray(theirs.fe_params), rel=1e-5)
    # Their errors are from the model, ours from the spread; the model is right here.
    assert ours["std_error"].tolist() == pytest.approx(np.asarray(theirs.bse_fe), rel=0.15)


@settings(max_examples=10, deadline=None)
@given(scale=st.floats(0.1, 10), seed=st.integers(0, 100))
def test_order_of_patients_and_scale_of_weights_change_nothing(scale, seed):
    row, days, value = invented(30, seed=3)
    weight = np.random.default_rng(seed).uniform(0.2, 2, 30)
    one = estimate_trajectory(levels(row, days, value, weight=weight), at_days=[0, 200]).frame
    turned = levels(29 - row[::-1], days[::-1], value[::-1], weight=scale * weight[::-1])
    two = estimate_trajectory(turned, at_days=[0, 200]).frame
    numbers = ["value", "lower", "upper", "std_error"]
    assert two[numbers].to_numpy() == pytest.approx(one[numbers].to_numpy(), rel=1e-4)


def test_a_patient_of_weight_two_is_two_patients():
    row, days, value = invented(40, seed=4)
    twice = (np.append(row, row + 40), np.append(days, days), np.append(value, value))
    weighted = estimate_trajectory(levels(row, days, value, weight=[2.0] * 40), at_days=[0, 200])
    doubled = estimate_trajectory(levels(*twice), at_days=[0, 200])
    assert weighted.frame["value"].tolist() == pytest.approx(doubled.frame["value"].tolist())


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    truth, inside = np.array([8, 6, 7]), []
    for seed in range(200):
        made = estimate_trajectory(levels(*invented(80, seed)), at_days=[0, 100, 200]).frame
        inside.append((made["lower"] < truth) & (truth < made["upper"]))
    assert 0.91 <= np.mean(inside) <= 0.98


def test_a_day_near_which_nobody_was_tested_is_refused():
    with pytest.raises(EstimationError, match="fewer than two patients have a result near"):
        estimate_trajectory(levels([0, 1], [0, 0], [5, 6]), at_days=[0, 100, 200])


def test_days_that_do_not_ascend_are_refused():
    with pytest.raises(EstimationError, match="two or more ascending days"):
        estimate_trajectory(levels([0, 1], [0, 0], [5, 6]), at_days=[100, 0])


def test_the_mean_of_few_patients_is_hidden():
    made = estimate_trajectory(levels([0, 0, 1, 1], [0, 10, 0, 10], [4, 3, 8, 5]), at_days=[0, 10])
    hidden = suppress(made.with_about(smallest_count=5)).frame
    assert hidden[["value", "lower", "upper"]].isna().all(axis=None)


def test_arms_of_too_few_patients_are_left_out_by_name_if_asked():
    made = levels([0, 0, 1, 1, 2], [0, 10, 0, 10, 0], [4, 3, 8, 5, 6], arm=["a", "a", "few"])
    kept = estimate_trajectory(made, at_days=[0, 10], least_patients=2)

    assert set(kept.frame["arm"]) == {"a"}
    assert "too few patients near one of the days: few" in kept.about["notes"][-1]
    with pytest.raises(EstimationError, match="No arm has 3 patients near each of the days"):
        estimate_trajectory(made, at_days=[0, 10], least_patients=3)
