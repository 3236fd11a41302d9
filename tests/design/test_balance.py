"""How alike the arms are: by hand, by what chance alone does, and what must always hold."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.design import follow_up_from_frame, weigh
from azaanalysis.design.balance import TARGET, measure_balance
from azaanalysis.errors import DesignError
from azaanalysis.settings_weighting import Trimming, WeightingSettings


def followed(frame, **more):
    return follow_up_from_frame(
        frame.assign(days=1.0, state=0), time="days", status="state", arm="arm", **more
    )


def drawn(n=600, n_arms=3, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    linear = np.column_stack([np.zeros(n), x @ rng.normal(size=(2, n_arms - 1))])
    arms = (linear + rng.gumbel(size=linear.shape)).argmax(axis=1)
    named = pd.Categorical.from_codes(arms, list("abcd")[:n_arms])
    group = np.where(x[:, 1] + rng.normal(size=n) > 0, "u", "v")
    return followed(pd.DataFrame({"arm": named, "x": x[:, 0], "y": x[:, 1], "group": group}))


def row_of(balance, **fields):
    keep = np.logical_and.reduce([balance[name] == word for name, word in fields.items()])
    (row,) = balance[keep].itertuples()
    return row


def test_a_weighted_difference_is_the_one_worked_by_hand():
    # Arm a: 1, 3 (mean 2, variance 2); arm b: 2, 6 (mean 4, variance 8).
    # Pooled spread sqrt((2 + 8) / 2) = sqrt(5): before (4 - 2) / sqrt(5).
    # Weights 1, 1 and 3, 1: mean of b is 3, after (3 - 2) / sqrt(5), with the same spread.
    frame = pd.DataFrame({"arm": list("aabb"), "x": [1.0, 3, 2, 6], "w": [1.0, 1, 3, 1]})
    balance = measure_balance(followed(frame, weight="w"))

    before = row_of(balance, covariate="x", stage="before weighting")
    after = row_of(balance, covariate="x", stage="after weighting")
    assert before.smd == pytest.approx(2 / np.sqrt(5))
    assert after.smd == pytest.approx(1 / np.sqrt(5))
    # Effective numbers: 2 in arm a, (3 + 1)^2 / (9 + 1) = 1.6 in arm b.
    assert before.chance_spread == pytest.approx(np.sqrt(1 / 2 + 1 / 2))
    assert after.chance_spread == pytest.approx(np.sqrt(1 / 2 + 1 / 1.6))
    # Weighted variance of b: (3 * 1 + 1 * 9) / (4 - 10 / 4) = 8, over 2.
    assert after.variance_ratio == pytest.approx(4)


def test_the_target_of_everybody_is_the_mean_of_all_patients():
    made = drawn()
    balance = measure_balance(weigh(made, target="ate"))
    spread = np.sqrt(made.frame.groupby("arm", observed=True)["x"].var().mean())
    in_b = made.frame.loc[made.frame["arm"] == "b", "x"].mean()

    row = row_of(balance, covariate="x", arm="b", versus=TARGET, stage="before weighting")
    assert row.smd == pytest.approx((in_b - made.frame["x"].mean()) / spread)


def test_the_spread_of_chance_is_what_random_covariates_show():
    rng = np.random.default_rng(7)
    n = 300
    weight = rng.lognormal(sigma=0.8, size=n)
    arm = rng.choice(list("abc"), size=n, p=[0.5, 0.3, 0.2])
    noise = pd.DataFrame(rng.normal(size=(n, 1500))).add_prefix("x")
    frame = pd.concat([pd.DataFrame({"arm": arm, "w": weight}), noise], axis=1)
    balance = measure_balance(followed(frame.sort_values("arm"), weight="w"))

    for _, rows in balance.groupby(["arm", "versus", "stage"]):
        # 1,500 draws: the spread of a spread is 1 / sqrt(2 * 1500), about 1.8 %.
        seen = rows["smd"].std()
        assert seen == pytest.approx(rows["chance_spread"].iloc[0], rel=0.06)


def test_those_set_aside_count_before_weighting_and_not_after():
    made = drawn()
    trim = Trimming(least_chance=0.1)
    trimmed = weigh(made, settings=WeightingSettings(target="ate", trim=trim))
    kept = trimmed.frame
    balance = measure_balance(trimmed)
    expected = measure_balance(made)

    before = {"covariate": "x", "arm": "b", "versus": "a", "stage": "before weighting"}
    assert row_of(balance, **before).smd == pytest.approx(row_of(expected, **before).smd)
    after = row_of(balance, **{**before, "stage": "after weighting"})
    means = [
        np.average(kept["x"][kept["arm"] == arm], weights=kept["weight"][kept["arm"] == arm])
        for arm in "ba"
    ]
    spread = np.sqrt(made.frame.groupby("arm", observed=True)["x"].var()[["a", "b"]].mean())
    assert after.smd == pytest.approx((means[0] - means[1]) / spread)


def test_subgroups_are_balanced_among_their_own_patients():
    made = drawn(n_arms=2)
    inside = made.frame[made.frame["group"] == "u"]
    alone = measure_balance(followed(inside[["arm", "x"]]))
    balance = measure_balance(made, within="group")

    row = row_of(balance, subgroup="group: u", covariate="x")
    assert row.smd == pytest.approx(alone["smd"].iloc[0])
    assert set(balance["subgroup"]) == {"", "group: u", "group: v"}
    with pytest.raises(DesignError, match="'x' has none"):
        measure_balance(made, within="x")


@given(scale=st.floats(0.01, 100), seed=st.integers(0, 50))
@settings(deadline=None, max_examples=15)
def test_a_common_factor_and_the_order_of_patients_change_nothing(scale, seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"arm": list("aabb") * 5, "x": rng.normal(size=20)})
    frame["w"] = rng.random(20) + 0.1
    one = measure_balance(followed(frame, weight="w"))["smd"]
    shuffled = frame.assign(w=frame["w"] * scale).sample(frac=1, random_state=seed)
    shuffled["arm"] = pd.Categorical(shuffled["arm"], ["a", "b"])
    other = measure_balance(followed(shuffled, weight="w"))["smd"]

    assert other.to_numpy() == pytest.approx(one.to_numpy(), abs=1e-10)
