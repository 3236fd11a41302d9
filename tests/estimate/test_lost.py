"""Those lost at another risk: by hand, beside Aalen-Johansen, and by what must hold."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.design import follow_up_from_frame
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import estimate_if_lost_differ, estimate_risk_difference, tally
from azaanalysis.estimate.lost import _risks
from tests.estimate.weighted import confounded, weigh


def made(time, status, arm):
    frame = pd.DataFrame({"time": time, "status": status, "arm": arm})
    return follow_up_from_frame(frame, time="time", status="status", arm="arm", reference="old")


def value(estimate, scenario, arm="new"):
    rows = estimate.frame
    chosen = (rows["endpoint"] == scenario) & (rows["arm"] == arm)
    return rows[chosen & (rows["quantity"] == "risk_difference")].iloc[0]


# New arm: event on day 1, lost on day 2, event on day 3, two stay. Old arm: one of 5, none lost.
# Followed, the hazard of day 3 is 1 / 3, so that the one lost has it with 1 / 3: (2 + 1/3) / 5.
TINY = made(
    [1, 2, 3, 9, 9, 4, 9, 9, 9, 9], [1, 0, 1, 0, 0, 1, 0, 0, 0, 0], ["new"] * 5 + ["old"] * 5
)


@pytest.mark.parametrize(
    ("scenario", "of_those_lost"),
    [
        ("as those followed", 1 / 3),
        # 1 - (1 - 1/3)^2 = 5/9, and with half the hazard 1 - sqrt(2/3).
        ("lost of the arm at 2 times the hazard", 5 / 9),
        ("lost of the arm at 0.5 times the hazard", 1 - (2 / 3) ** 0.5),
        ("all of those lost of the arm, none of the reference", 1.0),
        ("none of those lost of the arm, all of the reference", 0.0),
    ],
)
def test_the_one_who_was_lost_has_the_event_as_worked_by_hand(scenario, of_those_lost):
    found = value(estimate_if_lost_differ(TINY, at_day=5), scenario)
    assert found["value"] == pytest.approx((2 + of_those_lost) / 5 - 1 / 5)


def test_the_share_lost_is_that_before_the_day():
    shares = estimate_if_lost_differ(TINY, at_day=5).only(quantity="share_lost").frame
    assert shares.set_index("arm")["value"].to_dict() == pytest.approx({"new": 0.2, "old": 0.0})


def test_a_patient_with_several_rows_is_counted_once():
    twice = TINY.frame.assign(patient_id=["p", "p", *"qrstuvwx"])
    found = estimate_if_lost_differ(replace(TINY, frame=twice), at_day=5)
    assert found.only(quantity="risk_difference").frame["patients"].unique().tolist() == [9]
    shares = found.only(quantity="share_lost").frame
    assert shares.set_index("arm")["patients"].to_dict() == {"new": 4, "old": 5}


@pytest.mark.parametrize("n_arms", [2, 3])
def test_at_a_ratio_of_one_value_and_error_are_those_of_aalen_and_johansen(n_arms):
    weighted = weigh(confounded(500, seed=8, n_arms=n_arms), ["x1", "x2"])
    followed = replace(weighted, about={**weighted.about, "reference": "arm_0"})
    asked = estimate_if_lost_differ(followed, at_day=20)
    usual = estimate_risk_difference(followed, at_days=[20], variance="stacked").only(cause="one")
    for row in usual.frame.itertuples():
        same = value(asked, "as those followed", row.arm)
        for column in ("value", "lower", "upper", "std_error"):
            assert same[column] == pytest.approx(getattr(row, column), rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_influence_is_the_slope_by_the_weight_of_a_cell(seed):
    followed = confounded(80, seed=seed)
    table = tally(followed)
    ratios = np.array([0.0, 0.5, 1.0, 3.0])
    risk, influence = _risks(table, "arm_1", 15.0, ratios)
    rng = np.random.default_rng(seed)
    cell = rng.choice(np.flatnonzero(table.keys.of_arms(["arm_1"])))
    step = 1e-6
    weight = table.counts.weight.astype(float)
    weight[cell] += step
    heavier = replace(table, counts=replace(table.counts, weight=weight))
    moved, _ = _risks(heavier, "arm_1", 15.0, ratios)
    assert (moved - risk) / step == pytest.approx(influence[cell], abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_higher_hazard_of_those_lost_never_lowers_the_risk(seed):
    ratios = np.array([0.0, 0.1, 0.5, 1.0, 2.0, 10.0, np.inf])
    risk, _ = _risks(tally(confounded(120, seed=seed)), "arm_0", 20.0, ratios)
    assert (np.diff(risk) >= -1e-12).all()


def test_without_anybody_lost_nothing_changes_and_nothing_tips():
    rng = np.random.default_rng(1)
    event = rng.random(400) < np.repeat([0.2, 0.6], 200)
    time = np.where(event, rng.integers(1, 50, 400), 60)
    followed = made(time, event.astype(int), np.repeat(["old", "new"], 200))
    asked = estimate_if_lost_differ(followed, at_day=50)
    gaps = asked.only(quantity="risk_difference").frame["value"]
    assert gaps.to_numpy() == pytest.approx(np.full(len(gaps), gaps.iloc[0]))
    assert asked.only(quantity="tipping_hazard_ratio").frame["value"].isna().all()


def lost_in_new(n=600, seed=4):
    """Half of the new arm is lost early; followed patients of it have the event more often."""
    rng = np.random.default_rng(seed)
    arm = np.repeat(["old", "new"], n)
    event_day = np.ceil(rng.exponential(np.where(arm == "old", 150, 90)))
    lost_day = np.where((arm == "new") & (rng.random(2 * n) < 0.5), rng.integers(1, 30, 2 * n), 100)
    time = np.minimum(np.minimum(event_day, lost_day), 100)
    return made(time, (event_day <= time).astype(int), arm)


def test_at_the_tipping_point_the_limit_is_zero():
    followed = lost_in_new()
    tips = estimate_if_lost_differ(followed, at_day=90).only(quantity="tipping_hazard_ratio").frame
    ratio = tips.set_index("endpoint")["value"]["lost of new"]
    assert 0.02 < ratio < 1
    # Twice as far from 1 on the log scale the interval holds zero, half as far it does not.
    ratios = np.array([1.0, ratio**0.5, ratio**2])
    table = tally(followed)
    (new, by_new), (old, by_old) = (_risks(table, arm, 90.0, ratios) for arm in ("new", "old"))
    influence = by_new - by_old[:, :1]
    error = np.sqrt((np.square(influence) * table.counts.weight_squared[:, None]).sum(axis=0))
    lower = new - old[0] - 1.96 * error
    assert lower[0] > 0
    assert lower[1] > 0
    assert lower[2] < 0


def test_an_interval_that_holds_zero_has_nothing_to_tip_and_says_so():
    asked = estimate_if_lost_differ(TINY, at_day=5)
    assert asked.only(quantity="tipping_hazard_ratio").frame["value"].isna().all()
    assert any("holds zero already" in note for note in asked.about["notes"])


def test_knowing_the_ratio_gives_back_the_truth_that_leaving_hid():
    # Whoever is lost has twice the hazard from then on: the usual estimate misses it, and a ratio
    # of 2 finds it.
    rng = np.random.default_rng(9)
    n = 40_000
    lost = np.where(rng.random(n) < 0.5, rng.integers(1, 40, n), 1000).astype(float)
    before = rng.exponential(100, n)
    after = lost + rng.exponential(50, n)
    event = np.ceil(np.where(before <= lost, before, after))
    true_risk = np.mean(event <= 80)
    seen = np.minimum(np.minimum(event, np.where(before <= lost, 1000, lost)), 80)
    status = ((event <= seen) & (before <= lost)).astype(int)
    frame = pd.DataFrame({"time": seen, "status": status, "arm": "new"})
    followed = follow_up_from_frame(frame, time="time", status="status", arm="arm")
    risk, _ = _risks(tally(followed), "new", 80.0, np.array([1.0, 2.0]))
    assert abs(risk[0] - true_risk) > 0.04
    assert risk[1] == pytest.approx(true_risk, abs=0.015)


def test_late_entry_and_a_single_arm_are_refused():
    late = confounded(60, seed=1, late=True)
    with pytest.raises(EstimationError, match="enter after day 0"):
        estimate_if_lost_differ(late, at_day=10)
    one = follow_up_from_frame(
        pd.DataFrame({"time": [1, 2], "status": [0, 1]}), time="time", status="status"
    )
    with pytest.raises(DesignError, match="at least two arms"):
        estimate_if_lost_differ(one, at_day=1)
