"""Rate ratios and differences: by hand, against R, properties, and refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from azaanalysis.design import follow_up_from_frame, weigh
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import (
    estimate_patient_years_to_harm,
    estimate_rate_difference,
    estimate_rate_ratio,
    estimate_rates,
    tally,
)
from azaanalysis.estimate.count_limits import mid_p_odds_limits
from azaanalysis.estimate.resample import Resampling
from tests.builders import follow_up
from tests.estimate.trials import cgd_patients
from tests.r_results import r_result

LIMITS = ["value", "lower", "upper"]


def two_arms(events, years):
    """Return one patient an arm; the first arm is the reference."""
    return follow_up(days=[365.25 * y for y in years], n_events=events, arm=["old", "new"])


def ratio_of(made):
    return made.only(quantity="rate_ratio").frame.iloc[0]


def p_of(made):
    return made.only(quantity="rate_ratio_p").frame["value"].iloc[0]


def test_three_against_one_in_equal_time_has_the_ratio_worked_by_hand():
    # Given 4 events in all, the 3 are binomial with chance 1/2 under equal rates:
    # exact two-sided p = 2 * (4 + 1) / 16 = 0.625, mid-P p = 2 * (4/2 + 1) / 16 = 0.375.
    made = two_arms([1, 3], [1, 1])

    assert ratio_of(estimate_rate_ratio(made)).value == pytest.approx(3)
    assert p_of(estimate_rate_ratio(made, limits="exact")) == pytest.approx(0.625)
    assert p_of(estimate_rate_ratio(made)) == pytest.approx(0.375)


def test_the_wald_limits_are_those_of_the_textbook():
    # Log ratio log 3 with standard error sqrt(1/3 + 1/1).
    row = ratio_of(estimate_rate_ratio(two_arms([1, 3], [1, 1]), limits="wald"))

    assert row.std_error == pytest.approx(np.sqrt(4 / 3))
    assert row.upper == pytest.approx(3 * np.exp(1.959964 * np.sqrt(4 / 3)), rel=1e-6)


@pytest.mark.parametrize("number", range(3))
def test_exact_rate_ratios_agree_with_r(number):
    known = r_result("rate_ratio_exact_table")[number]
    made = two_arms([known["events0"], known["events1"]], [known["py0"], known["py1"]])
    ratio = estimate_rate_ratio(made, limits="exact")

    found = [*ratio_of(ratio)[LIMITS], p_of(ratio)]
    assert found == pytest.approx([known[k] for k in ("rr", "lower", "upper", "p")], rel=1e-8)


def test_the_exact_ratio_of_the_interferon_trial_agrees_with_r():
    ratio = estimate_rate_ratio(cgd_patients(), variance="exact", limits="exact")
    known = r_result("cgd_rate_ratio_exact")

    found = [*ratio_of(ratio)[LIMITS], p_of(ratio)]
    assert found == pytest.approx(
        [known[k] for k in ("rate_ratio", "lower", "upper", "p")], rel=1e-8
    )


def test_the_wald_ratio_of_the_interferon_trial_agrees_with_r():
    # epitools calls "p_wald" a chi-square test of the difference; it is not the test of the ratio.
    ratio = estimate_rate_ratio(cgd_patients(), variance="exact", limits="wald")
    known = r_result("cgd_rate_ratio_wald_midp")

    assert list(ratio_of(ratio)[LIMITS]) == pytest.approx(
        [known[k] for k in ("rr", "lower", "upper")], rel=1e-8
    )


def test_the_mid_p_ratio_of_the_interferon_trial_agrees_with_r():
    # epitools looks for the limits with a tolerance of 1e-4, so only four digits are known.
    ratio = estimate_rate_ratio(cgd_patients(), variance="exact", limits="mid_p")
    known = r_result("cgd_rate_ratio_midp")

    assert p_of(ratio) == pytest.approx(known["p_midp"], rel=1e-8)
    assert list(ratio_of(ratio)[["lower", "upper"]]) == pytest.approx(
        [known["lower"], known["upper"]], rel=1e-4
    )


def test_the_robust_ratio_of_the_interferon_trial_has_the_error_of_the_sandwich():
    # A Poisson model with only the arm has the same influence functions (R: vcovHC, HC0).
    row = ratio_of(estimate_rate_ratio(cgd_patients(), variance="robust"))
    known = r_result("cgd_poisson_robust_HC0")

    assert np.log(row.value) == pytest.approx(known["coef"]["ifn"], rel=1e-8)
    assert row.std_error == pytest.approx(known["se"]["ifn"], rel=1e-8)


def test_repeated_infections_make_the_automatic_interval_robust():
    made = estimate_rate_ratio(cgd_patients())

    assert made.about["variance"] == "robust"
    assert "whatever the spread" in made.about["interval"]


def test_the_difference_of_the_interferon_trial_agrees_with_r():
    row = estimate_rate_difference(cgd_patients(), per_years=1, variance="exact").frame.iloc[0]
    known = r_result("cgd_rate_difference")

    assert row["value"] == pytest.approx(known["difference"], rel=1e-8)
    assert row["std_error"] == pytest.approx(known["se"], rel=1e-8)
    # R's limits are value -/+ 1.96 errors; ours lean with the limits of the rates.
    assert [row["lower"], row["upper"]] == pytest.approx([known["lower"], known["upper"]], rel=0.06)


def test_the_limits_of_a_difference_are_put_together_from_those_of_the_rates():
    # Nothing in one year each: rates 0 (0 to 3.6889), so the difference is 0 -/+ 3.6889.
    row = estimate_rate_difference(two_arms([0, 0], [1, 1]), per_years=1).frame.iloc[0]

    assert list(row[LIMITS]) == pytest.approx([0, np.log(0.025), -np.log(0.025)])


def test_no_event_in_an_arm_has_the_ratio_zero_with_an_exact_upper_limit():
    row = ratio_of(estimate_rate_ratio(two_arms([7, 0], [60, 50]), limits="exact"))

    assert (row.value, row.lower) == (0, 0)
    # The chance of no event among 7 is (1 - p)^7 = 0.025; odds by 60/50.
    chance = 1 - 0.025 ** (1 / 7)
    assert row.upper == pytest.approx(chance / (1 - chance) * 60 / 50)


def test_no_event_in_the_reference_has_no_ratio_but_a_lower_limit():
    made = estimate_rate_ratio(two_arms([0, 7], [60, 50]))

    assert np.isnan(ratio_of(made).value)
    assert ratio_of(made).lower > 0
    assert np.isnan(ratio_of(made).upper)
    assert "old had no event" in made.about["notes"][0]


def test_no_event_at_all_has_no_ratio():
    made = estimate_rate_ratio(two_arms([0, 0], [60, 50]))

    assert ratio_of(made)[LIMITS].isna().all()
    assert np.isnan(p_of(made))
    assert made.about["notes"]


def test_no_time_in_an_arm_has_no_ratio_and_no_difference():
    made = estimate_rate_ratio(two_arms([2, 0], [1, 0]))
    difference = estimate_rate_difference(two_arms([2, 0], [1, 0]))

    assert ratio_of(made)[LIMITS].isna().all()
    assert "not followed for any time" in made.about["notes"][0]
    assert difference.frame[LIMITS].isna().all(axis=None)


def test_one_event_more_in_ten_patient_years():
    # Rates 0.2 and 0.1 a year, differing by 0.1; with many events the interval excludes zero.
    made = estimate_patient_years_to_harm(two_arms([100, 200], [1000, 1000]))
    (row,) = made.frame.itertuples()

    assert row.value == pytest.approx(10)
    assert 5 < row.lower < 10 < row.upper < 20


def test_an_interval_through_infinity_is_said_in_a_note():
    made = estimate_patient_years_to_harm(two_arms([10, 12], [100, 100]))

    assert made.frame["value"].iloc[0] == pytest.approx(50)
    assert made.frame[["lower", "upper"]].isna().all(axis=None)
    assert "runs through infinity" in made.about["notes"][0]


counts = st.lists(
    st.tuples(st.integers(1, 900), st.integers(0, 4), st.sampled_from("ab"), st.floats(0.2, 4)),
    min_size=4,
    max_size=12,
).filter(lambda rows: {row[2] for row in rows} == {"a", "b"})


@given(counts, st.floats(0.01, 100), st.sampled_from(["robust", "exact"]))
@example([(1, 1, "a", 1.0)] * 3 + [(1, 1, "b", 1.0)], 1.0, "robust")
@settings(max_examples=30, deadline=None)
def test_swapping_the_arms_turns_the_ratio_and_the_difference_round(rows, factor, variance):
    days, events, arm, weight = zip(*rows, strict=True)
    weight = None if variance == "exact" else [w * factor for w in weight]
    one = follow_up(days=days, n_events=events, arm=arm, weight=weight)
    other = follow_up(days=days, n_events=events, arm=arm, weight=weight)
    other.frame["arm"] = other.frame["arm"].cat.reorder_categories(one.arms[::-1])

    there = ratio_of(estimate_rate_ratio(one, variance=variance))
    back = ratio_of(estimate_rate_ratio(other, variance=variance))
    if there.value > 0 and back.value > 0:
        inverse = [1 / back.value, 1 / back.upper, 1 / back.lower]
        np.testing.assert_allclose(there[LIMITS].astype(float), inverse, rtol=1e-7)
    gap = estimate_rate_difference(one, variance=variance).frame.iloc[0]
    turned = -estimate_rate_difference(other, variance=variance).frame.iloc[0][LIMITS]
    np.testing.assert_allclose(
        gap[LIMITS].astype(float), turned[["value", "upper", "lower"]].astype(float), rtol=1e-7
    )


@given(counts)
@settings(max_examples=30, deadline=None)
def test_the_difference_is_that_of_the_rates(rows):
    days, events, arm, weight = zip(*rows, strict=True)
    made = follow_up(days=days, n_events=events, arm=arm, weight=weight)
    rates = estimate_rates(made, variance="robust").frame["value"]
    gap = estimate_rate_difference(made, variance="robust").frame["value"]

    assert gap.iloc[0] == pytest.approx(rates[1] - rates[0])


def test_the_mid_p_interval_covers_as_often_as_it_says():
    # Summed over the outcomes of two Poisson counts with means 6 and 4, ratio 1.5.
    covered = 0.0
    for own in range(22):
        for other in range(18):
            low, high = mid_p_odds_limits(own, other, 0.95) if own + other else (0.0, np.nan)
            hit = low <= 1.5 and not high < 1.5
            covered += hit * poisson.pmf(own, 6) * poisson.pmf(other, 4)
    assert 0.94 < covered < 0.97


def test_one_arm_is_no_comparison():
    with pytest.raises(DesignError, match="at least two arms"):
        estimate_rate_ratio(follow_up(days=[1]))


def test_limits_of_another_name_are_refused():
    with pytest.raises(EstimationError, match="known are: mid_p, exact, wald"):
        estimate_rate_ratio(two_arms([1, 1], [1, 1]), limits="score")


def confounded(generator, n):
    """Return counts with rate ratio 1.5 and a covariate that drives arm and rate, weighed."""
    age = generator.normal(size=n)
    is_new = generator.random(n) < 1 / (1 + np.exp(0.8 - age))
    days = generator.uniform(100, 700, n)
    mean = 0.002 * days * np.where(is_new, 1.5, 1.0) * np.exp(0.7 * age)
    frame = pd.DataFrame({"t": days, "s": 0, "age": age, "arm": np.where(is_new, "new", "old")})
    frame["arm"] = pd.Categorical(frame["arm"], ["old", "new"])
    made = follow_up_from_frame(frame, time="t", status="s", arm="arm")
    made.frame["n_events"] = generator.poisson(mean)
    return weigh(made, target="ate")


def test_the_stacked_variance_is_the_one_of_a_slight_change_of_each_patient():
    # Leave each patient out, weigh again, and sum the squared changes: the jackknife.
    made = confounded(np.random.default_rng(2), 300)
    log = np.log(ratio_of(estimate_rate_ratio(made, variance="stacked")).value)
    error = ratio_of(estimate_rate_ratio(made, variance="stacked")).std_error
    changes = []
    for row in range(300):
        copies = np.ones(300)
        copies[row] = 0
        weight = made.weighting.reweigh(copies) * copies
        frame = made.frame
        rates = [
            (weight * frame["n_events"])[frame["arm"] == arm].sum()
            / (weight * frame["exit_days"])[frame["arm"] == arm].sum()
            for arm in made.arms
        ]
        changes.append(np.log(rates[1] / rates[0]) - log)

    assert error == pytest.approx(np.sqrt(np.sum(np.square(changes))), rel=0.05)


def test_small_arms_with_estimated_weights_are_drawn_again():
    made = confounded(np.random.default_rng(3), 200)
    quick = Resampling(n_replicates=60)
    ratio = estimate_rate_ratio(made, resampling=quick)
    rates = estimate_rates(made, resampling=quick)
    gap = estimate_rate_difference(made, resampling=quick)

    for found in (ratio, rates, gap):
        assert found.about["variance"] == "bootstrap"
        row = found.frame.iloc[0]
        assert row["lower"] < row["value"] < row["upper"]
    stacked = ratio_of(estimate_rate_ratio(made, variance="stacked"))
    assert ratio_of(ratio).std_error == pytest.approx(stacked.std_error, rel=0.35)


@pytest.mark.parametrize("variance", ["robust", "stacked"])
def test_a_risk_table_contains_the_weights_as_its_follow_up_does(variance):
    made = confounded(np.random.default_rng(4), 300)
    made.frame["status"] = (made.frame["n_events"] > 0).astype(int)
    made.frame["n_events"] = made.frame["status"]
    made.frame["exit_days"] = np.ceil(made.frame["exit_days"])
    from_rows = estimate_rate_ratio(made, variance=variance).frame
    from_table = estimate_rate_ratio(tally(made), variance=variance).frame

    pd.testing.assert_frame_equal(from_table, from_rows, rtol=1e-9)


def test_a_bootstrap_of_a_risk_table_is_refused():
    with pytest.raises(EstimationError, match="draws patients"):
        estimate_rate_ratio(tally(two_arms([1, 1], [1, 1])), variance="bootstrap")


def test_too_small_an_effective_size_is_said():
    made = estimate_rate_ratio(confounded(np.random.default_rng(5), 60), variance="stacked")

    assert any("effective sample size" in note for note in made.about["notes"])
