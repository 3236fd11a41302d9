"""Standardised rates and the spread of counts: by hand, against R, properties, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.design import follow_up_from_frame
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import (
    estimate_dispersion,
    estimate_rates,
    estimate_standardised_rates,
    tally,
)
from tests.builders import follow_up
from tests.estimate.trials import cgd_intervals, cgd_patients
from tests.r_results import r_result

LIMITS = ["value", "lower", "upper"]


def in_strata(rows):
    """Return rows of (arm, stratum, events, years, weight)."""
    frame = pd.DataFrame(rows, columns=["arm", "age", "n", "years", "w"])
    frame["days"], frame["none"] = frame["years"] * 365.25, 0
    made = follow_up_from_frame(
        frame[["arm", "age", "days", "none", "w"]],
        time="days",
        status="none",
        arm="arm",
        weight="w",
    )
    made.frame["n_events"] = frame["n"]
    return made


FOUR = [("a", "young", 1, 10, 1), ("a", "old", 4, 10, 1)]
FOUR += [("b", "young", 2, 10, 1), ("b", "old", 2, 5, 1)]


def test_two_strata_are_averaged_with_the_time_of_both_arms():
    # Young 20 of 35 years, old 15 of 35: a 0.1 * 4/7 + 0.4 * 3/7 = 1.6/7, b (0.2*4 + 0.4*3)/7.
    made = estimate_standardised_rates(in_strata(FOUR), by="age", per_years=1)

    assert made.frame["value"].tolist() == pytest.approx([1.6 / 7, 2 / 7])
    assert made.about["standard"] == pytest.approx({"young": 4 / 7, "old": 3 / 7})
    # Variance of the first: sum of (share / years)^2 * events.
    assert made.frame["std_error"][0] == pytest.approx(
        np.sqrt((4 / 70) ** 2 * 1 + (3 / 70) ** 2 * 4)
    )


def test_a_table_of_four_ages_has_the_limits_of_r():
    events, years = [2, 6, 11, 8], [510, 1040, 880, 300]
    rows = [("all", str(k), n, y, 1) for k, (n, y) in enumerate(zip(events, years, strict=True))]
    standard = {"0": 30000, "1": 40000, "2": 22000, "3": 8000}
    made = estimate_standardised_rates(in_strata(rows), by="age", standard=standard, per_years=1)
    known = r_result("ageadjust_direct")

    assert list(made.frame.loc[0, LIMITS]) == pytest.approx(
        [known[k] for k in ("adj.rate", "lci", "uci")], rel=1e-8
    )
    crude = estimate_rates(in_strata(rows), per_years=1).frame["value"][0]
    assert crude == pytest.approx(known["crude.rate"], rel=1e-8)


strata = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.sampled_from(["x", "y"]),
        st.integers(0, 3),
        st.floats(0.1, 5),
        st.floats(0.2, 4),
    ),
    min_size=4,
    max_size=15,
).filter(lambda rows: len({row[:2] for row in rows}) == 4)


@given(strata, st.floats(0.01, 100), st.randoms())
@settings(max_examples=30, deadline=None)
def test_order_and_a_common_factor_change_nothing(rows, factor, random):
    one = estimate_standardised_rates(in_strata(rows), by="age", variance="robust").frame
    scaled = [(*row[:4], row[4] * factor) for row in rows]
    random.shuffle(scaled)
    made = in_strata(scaled)
    made.frame["arm"] = made.frame["arm"].cat.reorder_categories(in_strata(rows).arms)
    other = estimate_standardised_rates(made, by="age", variance="robust").frame

    np.testing.assert_allclose(other["value"], one["value"], rtol=1e-9)
    np.testing.assert_allclose(other["std_error"], one["std_error"], rtol=1e-6, atol=1e-9)


@given(strata)
@settings(max_examples=30, deadline=None)
def test_a_single_stratum_gives_the_rates_themselves(rows):
    alike = in_strata([(row[0], "all", *row[2:]) for row in rows])
    one = estimate_standardised_rates(alike, by="age", variance="robust").frame
    rates = estimate_rates(alike, variance="robust").frame

    columns = [*LIMITS, "std_error"]
    np.testing.assert_allclose(one[columns], rates[columns], rtol=1e-9)


def test_a_stratum_without_time_leaves_no_rate_but_a_note():
    made = estimate_standardised_rates(in_strata(FOUR[:3]), by="age")

    assert np.isnan(made.frame["value"][1])
    assert "No standardised rate for b" in made.about["notes"][0]


def test_an_absent_column_is_refused_by_name():
    with pytest.raises(DesignError, match="no covariate 'sex' to standardise by"):
        estimate_standardised_rates(in_strata(FOUR), by="sex")


def test_empty_cells_of_a_stratum_are_refused():
    made = in_strata(FOUR)
    made.frame.loc[0, "age"] = None

    with pytest.raises(DesignError, match="1 of 4 rows have no age"):
        estimate_standardised_rates(made, by="age")


@pytest.mark.parametrize(
    ("standard", "message"),
    [
        ({"young": 1}, "the strata are old, young"),
        ({"young": -1, "old": 2}, "zero or more"),
        ({"young": 0, "old": 0}, "not all zero"),
    ],
)
def test_a_standard_that_does_not_fit_is_refused(standard, message):
    with pytest.raises(EstimationError, match=message):
        estimate_standardised_rates(in_strata(FOUR), by="age", standard=standard)


def test_the_spread_of_three_counts_is_worked_by_hand():
    # Counts 0, 0 and 3 in a year each: expected 1 each, chi-square 1 + 1 + 4 = 6 on 2 degrees.
    made = estimate_dispersion(follow_up(days=[365.25] * 3, n_events=[0, 0, 3]))

    assert made.frame["value"].tolist() == pytest.approx([3, 3])


@pytest.mark.parametrize("trial", [cgd_patients, cgd_intervals])
def test_the_spread_in_the_interferon_trial_agrees_with_r(trial):
    # R takes the weights of the last but one step of its iteration: 7e-8 away from Pearson's.
    made = estimate_dispersion(trial()).only(arm="").frame["value"][0]

    assert made == pytest.approx(r_result("cgd_quasipoisson")["dispersion"], rel=1e-6)


def test_a_risk_table_gives_the_spread_of_its_follow_up():
    made = follow_up(days=[5, 5, 9, 30, 7], status=[1, 1, 0, 1, 0], arm=list("aabab"))

    pd.testing.assert_frame_equal(
        estimate_dispersion(tally(made)).frame, estimate_dispersion(made).frame
    )


def test_no_event_or_one_patient_has_no_spread():
    none = estimate_dispersion(follow_up(days=[5, 5, 0], status=[0, 0, 1], arm=["a", "a", "b"]))

    assert none.frame["value"].isna().all()
