"""What must hold of curves whatever the data, and what is said of data that cannot be."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.design import follow_up_from_frame
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import (
    estimate_incidence,
    estimate_quantiles,
    estimate_restricted_mean,
    estimate_risk_difference,
)
from tests.builders import follow_up

NUMBERS = ["value", "lower", "upper", "std_error"]
rows = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.integers(0, 2),
        st.sampled_from("ab"),
        st.floats(0.2, 3),
        st.integers(0, 3),
    ),
    min_size=2,
    max_size=40,
)
ESTIMATORS = [
    estimate_incidence,
    lambda made: estimate_risk_difference(made, at_days=[3, 8]),
    estimate_restricted_mean,
    estimate_quantiles,
]


def made_of(listed, **changes):
    # One patient of each arm is there from the beginning, so that no curve starts in the middle.
    listed = [*listed, (12, 0, "a", 1.0, 0), (12, 0, "b", 1.0, 0)]
    stay, status, arm, weight, entry = map(list, zip(*listed, strict=True))
    columns = {"status": status, "arm": arm, "weight": weight, "entry": entry}
    columns["days"] = [late + day for late, day in zip(entry, stay, strict=True)]
    columns["causes"] = ["one", "two"]
    return follow_up(**(columns | changes))


def numbers(made, estimator):
    frame = estimator(made).frame.sort_values(["arm", "cause", "quantity", "at_days"])
    return frame[NUMBERS].to_numpy()


@pytest.mark.parametrize("estimator", ESTIMATORS)
@settings(max_examples=15, deadline=None)
@given(listed=rows, order=st.randoms(use_true_random=False))
def test_the_order_of_patients_changes_nothing(estimator, listed, order):
    made = made_of(listed)
    shuffled = list(range(len(made.frame)))
    order.shuffle(shuffled)
    other = replace(made, frame=made.frame.iloc[shuffled].reset_index(drop=True))
    np.testing.assert_allclose(
        numbers(other, estimator), numbers(made, estimator), rtol=1e-6, atol=1e-7
    )


@pytest.mark.parametrize("estimator", ESTIMATORS)
@settings(max_examples=15, deadline=None)
@given(listed=rows)
def test_a_common_factor_of_all_weights_changes_nothing(estimator, listed):
    made = made_of(listed)
    scaled = replace(made, frame=made.frame.assign(weight=made.frame["weight"] * 7.3))
    np.testing.assert_allclose(
        numbers(scaled, estimator), numbers(made, estimator), rtol=1e-6, atol=1e-7
    )


@settings(max_examples=25, deadline=None)
@given(rows)
def test_causes_that_change_names_change_curves(listed):
    made = made_of(listed)
    swapped = made.frame.assign(status=made.frame["status"].map({0: 0, 1: 2, 2: 1}))
    other = replace(made, frame=swapped, causes=("two", "one"))
    for cause in ("", "one", "two"):
        np.testing.assert_allclose(
            estimate_incidence(other).only(cause=cause).frame[NUMBERS],
            estimate_incidence(made).only(cause=cause).frame[NUMBERS],
            atol=1e-9,
        )


@settings(max_examples=15, deadline=None)
@given(rows, st.data())
def test_a_follow_up_cut_in_two_rows_is_the_same_follow_up(listed, data):
    made = made_of(listed)
    frame = made.frame
    lengths = (frame["exit_days"] - frame["entry_days"]).astype(int)
    cut = frame["entry_days"] + [data.draw(st.integers(0, length)) for length in lengths]
    halves = (cut > frame["entry_days"]) & (cut < frame["exit_days"])
    first = frame[halves].assign(exit_days=cut[halves], status=0)
    second = frame.assign(entry_days=np.where(halves, cut, frame["entry_days"]))
    pieces = replace(made, frame=pd.concat([first, second], ignore_index=True))

    columns = ["value", "std_error"]
    ask = {"at_days": [3, 8]}
    whole = estimate_risk_difference(made, **ask).frame[columns].to_numpy()
    cut_up = estimate_risk_difference(pieces, **ask).frame[columns].to_numpy()
    np.testing.assert_allclose(cut_up, whole, atol=1e-9)
    days = [0, 3, 8, 12]
    np.testing.assert_allclose(
        estimate_incidence(pieces).at(days).frame[columns].to_numpy(),
        estimate_incidence(made).at(days).frame[columns].to_numpy(),
        atol=1e-7,
    )


@settings(max_examples=25, deadline=None)
@given(rows)
def test_incidences_and_survival_sum_to_one_and_times_to_the_horizon(listed):
    made = made_of(listed)
    sums = estimate_incidence(made).frame.groupby(["arm", "at_days"], observed=True)["value"].sum()
    np.testing.assert_allclose(sums, 1)
    means = estimate_restricted_mean(made, horizon_days=10).frame.groupby("arm")["value"].sum()
    np.testing.assert_allclose(means, 10)


@settings(max_examples=25, deadline=None)
@given(rows)
def test_days_that_are_not_whole_give_the_curves_of_whole_ones(listed):
    made = made_of(listed)
    shifted = made.frame.assign(
        entry_days=made.frame["entry_days"] / 7, exit_days=made.frame["exit_days"] / 7
    )
    np.testing.assert_allclose(
        numbers(replace(made, frame=shifted), estimate_incidence),
        numbers(made, estimate_incidence),
        atol=1e-9,
    )


def test_an_arm_without_event_has_a_risk_of_zero_and_an_exact_limit():
    # 20 seen to day 9 without event: 1 - 0.025^(1/20) = 0.1684.
    made = estimate_incidence(follow_up(days=[9] * 20)).only(cause="event").at([9]).frame
    assert made["value"].item() == 0
    assert made["lower"].item() == 0
    assert made["upper"].item() == pytest.approx(0.1684, abs=1e-4)


def test_beside_an_arm_without_event_the_difference_is_widened_by_its_exact_limit():
    # b: none of 20, a: 5 of 20 by day 9. a reaches 1.96 sqrt(1/4 * 3/4 / 20) = 0.18977;
    # upper = -1/4 + sqrt(0.18977^2 + 0.16843^2) = 0.00373; lower = -1/4 - 0.18977.
    made = follow_up(days=[9] * 40, status=[1] * 5 + [0] * 35, arm=["a"] * 20 + ["b"] * 20)
    (row,) = estimate_risk_difference(made, at_days=[9]).frame.itertuples()
    assert row.value == pytest.approx(-0.25)
    assert row.lower == pytest.approx(-0.25 - 0.18977, abs=1e-4)
    assert row.upper == pytest.approx(0.00373, abs=1e-4)


def test_two_arms_without_event_differ_by_no_more_than_their_exact_limits():
    made = follow_up(days=[9] * 30, arm=["a"] * 10 + ["b"] * 20)
    (row,) = estimate_risk_difference(made, at_days=[9]).frame.itertuples()
    assert row.value == 0
    assert row.lower == pytest.approx(-(1 - 0.025 ** (1 / 10)))
    assert row.upper == pytest.approx(1 - 0.025 ** (1 / 20))


def test_one_patient_has_a_curve_and_a_warning():
    made = estimate_incidence(follow_up(days=[5], status=[1]))
    assert made.only(cause="").frame["value"].tolist() == [1, 0]
    assert "effective sample size of a is 1, below 40" in made.about["notes"][0]


def test_an_arm_that_nobody_is_in_is_refused_by_name():
    made = follow_up(days=[5, 6], arm=["a", "b"])
    alone = replace(made, frame=made.frame[:1])
    with pytest.raises(EstimationError, match="The arm 'b' has nobody in it"):
        estimate_risk_difference(alone, at_days=[5])


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"days": [-1]}, "exit_days is missing or negative in 1 of 1 rows"),
        ({"days": [np.nan]}, "exit_days is missing or negative"),
        ({"days": [np.inf]}, "exit_days is infinite"),
        ({"days": [5], "status": [2]}, r"status is not one of 0 \(censored\) to 1"),
        ({"days": [5], "status": [-1]}, "status is not one of"),
        ({"days": [5], "weight": [np.nan]}, "weight is missing, negative or infinite"),
        ({"days": [5], "weight": [-1]}, "weight is missing, negative or infinite"),
        ({"days": [5], "entry": [6]}, "entry_days is missing, negative or after exit_days"),
        ({"days": [5], "entry": [np.nan]}, "entry_days is missing"),
    ],
)
def test_data_that_cannot_be_are_refused_with_their_rows(columns, fault):
    with pytest.raises(DesignError, match=fault):
        estimate_incidence(follow_up(**columns))


def test_patients_who_enter_on_the_day_they_leave_are_never_at_risk():
    with_them = follow_up(days=[5, 3, 3], status=[0, 1, 1], entry=[0, 0, 3])
    without = follow_up(days=[5, 3], status=[0, 1])
    np.testing.assert_allclose(
        estimate_incidence(with_them).frame[NUMBERS], estimate_incidence(without).frame[NUMBERS]
    )


def test_a_table_of_ages_to_the_last_digit_ties_what_is_the_same_day():
    frame = pd.DataFrame({"start": [60.0, 63.0], "stop": [63.00000000000001, 64.0], "d": [1, 0]})
    made = follow_up_from_frame(frame, time="stop", status="d", entry="start")
    at_63 = estimate_incidence(made).only(cause="").at([63]).frame
    assert at_63["patients"].item() == 1
