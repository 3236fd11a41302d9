"""Differences of risks: by hand, standardised, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import (
    Resampling,
    estimate_number_needed_to_treat,
    estimate_risk_difference,
    estimate_risk_ratio,
)
from tests.builders import follow_up
from tests.estimate.weighted import confounded, weigh


def arms(a, b, **columns):
    return follow_up(
        days=[day for day, _ in (*a, *b)],
        status=[status for _, status in (*a, *b)],
        arm=["a"] * len(a) + ["b"] * len(b),
        **columns,
    )


def test_two_proportions_have_the_difference_and_the_limits_worked_by_hand():
    # By day 5: 2 of 4 in a, 3 of 4 in b. Difference 1/4;
    # variance (1/2)(1/2)/4 + (3/4)(1/4)/4 = 1/16 + 3/64 = 7/64.
    both = arms([(2, 1), (3, 1), (9, 0), (9, 0)], [(1, 1), (2, 1), (4, 1), (9, 0)])
    (row,) = estimate_risk_difference(both, at_days=[5]).frame.itertuples()

    assert (row.arm, row.versus, row.cause) == ("b", "a", "event")
    assert row.value == pytest.approx(0.25)
    assert row.std_error == pytest.approx(np.sqrt(7) / 8)
    assert row.upper == pytest.approx(0.25 + 1.959963984540054 * np.sqrt(7) / 8)
    assert (row.patients, row.events) == (8, 5)


def test_the_bootstrap_agrees_with_the_stacked_error_in_a_large_cohort():
    weighted = weigh(confounded(3_000, 11), ["x1", "x2"])
    stacked = estimate_risk_difference(weighted, at_days=[20], variance="stacked").frame
    few = Resampling(n_replicates=200)
    drawn = estimate_risk_difference(
        weighted, at_days=[20], variance="bootstrap", resampling=few
    ).frame

    np.testing.assert_allclose(drawn["value"], stacked["value"])
    np.testing.assert_allclose(drawn["std_error"], stacked["std_error"], rtol=0.15)
    np.testing.assert_allclose(drawn["upper"], stacked["upper"], atol=0.01)


def test_the_same_seed_gives_the_same_bootstrap_and_progress_is_told():
    weighted = weigh(confounded(150, 12), ["x1"])
    told = []
    plan = Resampling(20, seed=3, progress=lambda done, total: told.append((done, total)))
    first, second = (
        estimate_risk_difference(weighted, at_days=[9], variance="bootstrap", resampling=plan)
        for _ in range(2)
    )

    assert first.frame.equals(second.frame)
    assert told[:20] == [(done, 20) for done in range(1, 21)]


def test_tiny_arms_and_weights_without_a_score_get_a_bootstrap_all_others_the_stacked_error():
    tiny, usual = (weigh(confounded(n, 4), ["x1"]) for n in (30, 200))
    without = replace(usual, weighting=replace(usual.weighting, score=None))
    chosen = [
        estimate_risk_difference(f, at_days=[9], resampling=Resampling(20)).about["variance"]
        for f in (tiny, without, usual)
    ]
    assert chosen == ["bootstrap", "bootstrap", "stacked"]


def test_a_day_after_the_end_of_an_arm_has_no_value():
    both = arms([(2, 1), (9, 0)], [(1, 1), (30, 0)])
    frame = estimate_risk_difference(both, at_days=[5, 20]).frame

    assert frame["value"].notna().tolist() == [True, False]


def test_one_arm_is_refused_with_a_way_forward():
    with pytest.raises(DesignError, match="Add an arm to the study file"):
        estimate_risk_difference(follow_up(days=[1, 2]), at_days=[1])


@pytest.mark.parametrize("at_days", [[], [-1], 5])
def test_days_that_are_none_are_refused(at_days):
    both = arms([(2, 1)], [(1, 1)])
    with pytest.raises(EstimationError, match="at_days must be days since time zero"):
        estimate_risk_difference(both, at_days=at_days)


def test_risks_are_standardised_over_strata_by_hand():
    # a: u has 1 of 2 by day 5, v 2 of 2; b: u 0 of 2, v 1 of 4. Shares: u 4/10, v 6/10.
    # a = 0.4 * 1/2 + 0.6 * 1 = 0.8; b = 0.4 * 0 + 0.6 * 1/4 = 0.15; b - a = -0.65.
    days = [3, 9, 2, 4, 9, 9, 1, 9, 9, 9]
    status = [1, 0, 1, 1, 0, 0, 1, 0, 0, 0]
    made = follow_up(days=days, status=status, arm=["a"] * 4 + ["b"] * 6)
    strata = ["u", "u", "v", "v", "u", "u", "v", "v", "v", "v"]
    stratified = replace(made, frame=made.frame.assign(z=strata), covariates=("z",))
    frame = estimate_risk_difference(stratified, at_days=[5], stratum="z").frame

    assert frame["value"].item() == pytest.approx(-0.65)


def test_the_ratio_of_two_proportions_has_the_limits_of_katz_worked_by_hand():
    # By day 5: 2 of 4 in a, 3 of 4 in b: ratio 1.5; variance of the log
    # (1 - 1/2)/(4 * 1/2) + (1 - 3/4)/(4 * 3/4) = 1/4 + 1/12 = 1/3.
    both = arms([(2, 1), (3, 1), (9, 0), (9, 0)], [(1, 1), (2, 1), (4, 1), (9, 0)])
    (row,) = estimate_risk_ratio(both, at_days=[5]).frame.itertuples()

    assert row.value == pytest.approx(1.5)
    assert row.std_error == pytest.approx(np.sqrt(1 / 3))
    assert row.upper == pytest.approx(1.5 * np.exp(1.959963984540054 * np.sqrt(1 / 3)))


def test_a_ratio_beside_an_arm_without_event_is_missing_and_says_why():
    both = arms([(2, 1), (9, 0)], [(9, 0), (9, 0)])
    made = estimate_risk_ratio(both, at_days=[5])
    assert made.frame["value"].isna().all()
    assert any("No ratio of event on day 5 for b" in note for note in made.about["notes"])


def test_numbers_needed_are_one_over_the_difference_and_its_limits():
    # 10 of 100 against 40 of 100: difference 0.3, one event more for every 3.33 treated.
    both = arms([(2, 1)] * 10 + [(9, 0)] * 90, [(2, 1)] * 40 + [(9, 0)] * 60)
    gap = estimate_risk_difference(both, at_days=[5]).frame.iloc[0]
    (row,) = estimate_number_needed_to_treat(both, at_days=[5]).frame.itertuples()

    assert row.value == pytest.approx(1 / 0.3)
    assert row.lower == pytest.approx(1 / gap["upper"])
    assert row.upper == pytest.approx(1 / gap["lower"])


def test_numbers_needed_of_a_difference_that_may_be_zero_run_through_infinity_in_words():
    # Both arms alike but for one event: 10 and 11 of 100; limits -0.075 and 0.095.
    both = arms([(2, 1)] * 10 + [(9, 0)] * 90, [(2, 1)] * 11 + [(9, 0)] * 89)
    made = estimate_number_needed_to_treat(both, at_days=[5])

    assert made.frame["value"].item() == pytest.approx(100)
    assert made.frame[["lower", "upper"]].isna().all(axis=None)
    expected = "from 13 patients for one event fewer to infinity and from 11 patients for one event"
    assert any(expected in note for note in made.about["notes"])


def test_rows_of_one_patient_are_one_patient_in_the_counts():
    cut = follow_up(
        days=[5, 9, 9, 9], entry=[0, 5, 0, 0], arm=["a", "a", "b", "b"], status=[0, 1, 1, 0]
    )
    cut.frame["patient_id"] = ["one", "one", "two", "three"]

    assert estimate_risk_difference(cut, at_days=[9]).frame["patients"].tolist() == [3]
