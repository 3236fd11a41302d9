"""Small counts: never shown, never to be worked out, and nothing hidden without need."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.disclosure import find_masked, suppress, suppress_counts
from azaanalysis.display.masking import mark_attrition
from azaanalysis.result import Estimate, stack
from azaanalysis.small_counts import is_safe, protect
from tests.display import builders

NUMBERS = ["value", "lower", "upper", "std_error"]


def _rate(arm, events, patients=400, **more):
    return {
        "arm": arm,
        "quantity": "rate",
        "value": events / 3.5,
        "lower": 0.1,
        "upper": 9.0,
        "std_error": 0.2,
        "patients": patients,
        "events": events,
        "patient_years": 350.0,
        **more,
    }


def _estimate(*rows, k=5):
    return Estimate.from_rows(rows, about={"smallest_count": k})


def test_a_rate_on_four_events_is_blank_and_one_on_five_is_not():
    shown = suppress(_estimate(_rate("a", 4), _rate("b", 5), _rate("c", 0))).frame

    assert shown["events"].isna().tolist() == [True, False, False]
    assert shown[NUMBERS].isna().all(axis=1).tolist() == [True, False, False]
    assert shown["patients"].tolist() == [400, 400, 400]


def test_four_patients_take_everything_of_their_row_with_them():
    shown = suppress(_estimate(_rate("a", 9, patients=4))).frame

    assert shown[[*NUMBERS, "patients", "patient_years"]].isna().all(axis=None)


def test_a_threshold_of_one_shows_everything():
    estimate = _estimate(_rate("a", 1, patients=1), k=1)

    pd.testing.assert_frame_equal(suppress(estimate).frame, estimate.frame)
    assert suppress(estimate).about["masked"] == 0


def test_an_estimate_that_states_no_threshold_is_taken_for_real_patients():
    bare = Estimate.from_rows([_rate("a", 4)])

    assert suppress(bare).frame["events"].isna().all()
    assert stack(bare, bare).about["smallest_count"] == 5


def test_masked_rows_are_counted_and_suppressing_twice_changes_nothing():
    once = suppress(builders.curves(causes=builders.CAUSES, patients=80, smallest_count=5))
    twice = suppress(once)

    assert once.about["masked"] > 0
    assert twice.about["masked"] == once.about["masked"]
    pd.testing.assert_frame_equal(twice.frame, once.frame)


def test_the_few_without_the_event_are_not_given_away():
    # 28 of 30 had it: two did not.
    row = _rate("a", 28, patients=30, quantity="risk", value=28 / 30)

    assert suppress(_estimate(row)).frame["value"].isna().all()


def test_a_single_masked_reason_is_not_the_total_less_the_others():
    # 30 = 17 + 10 + 3: with 3 masked, 10 must go too.
    rows = [
        {"arm": "a", "quantity": "risk", "cause": cause, "events": events, "patients": 200,
         "value": events / 200, "at_days": 90}
        for cause, events in (("x", 17), ("y", 10), ("z", 3))
    ]  # fmt: skip
    total = {"arm": "a", "quantity": "survival", "events": 30, "patients": 200, "value": 0.85}
    shown = suppress(_estimate(*rows, total | {"at_days": 90})).frame

    assert shown["events"].isna().tolist() == [False, True, True, False]


def test_a_comparison_does_not_give_away_a_masked_arm():
    ratio = _rate("a", 34, patients=800, versus="b")

    shown = suppress(_estimate(_rate("a", 3), _rate("b", 31), ratio)).frame

    assert shown["events"].isna().tolist() == [True, False, True]
    assert np.isnan(shown["value"][2])


def test_neighbouring_steps_never_differ_by_a_small_count():
    shown = suppress(builders.curves(patients=150, smallest_count=5)).frame

    for _, curve in shown.groupby(["arm", "quantity"]):
        steps = curve["events"].dropna().astype(int).diff().dropna()
        assert steps[steps > 0].min() >= 5


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=8),
    k=st.integers(1, 11),
)
def test_no_count_below_the_threshold_is_ever_shown(counts, k):
    rows = [_rate(str(i), events, patients) for i, (events, patients) in enumerate(counts)]

    shown = suppress(_estimate(*rows, k=k)).frame

    for column in ("events", "patients"):
        left = shown[column].dropna()
        assert not ((left >= 1) & (left < k)).any()
    hidden = shown["events"].isna()
    assert shown.loc[hidden, NUMBERS].isna().all(axis=None)


@settings(max_examples=40, deadline=None)
@given(
    increments=st.lists(st.tuples(*[st.integers(0, 7)] * 3), min_size=2, max_size=20),
    k=st.integers(2, 10),
)
def test_no_curve_of_any_reason_shows_a_small_step(increments, k):
    events = np.cumsum(np.array([(0, 0, 0), *increments]), axis=0)
    rows = [
        {"arm": "a", "quantity": "risk", "cause": cause, "at_days": day, "patients": 500,
         "events": int(events[day, place]), "value": events[day, place] / 500}
        for place, cause in enumerate("xyz")
        for day in range(len(events))
    ]  # fmt: skip

    shown = suppress(_estimate(*rows, k=k)).frame

    for _, curve in shown.groupby("cause"):
        steps = np.diff(curve["events"].dropna().to_numpy(dtype=int), prepend=0)
        assert not ((steps > 0) & (steps < k)).any()
    for _, same_day in shown.groupby("at_days"):
        assert same_day["events"].isna().sum() != 1 or same_day["events"].fillna(0).eq(0).all()


@settings(max_examples=200, deadline=None)
@given(counts=st.lists(st.integers(0, 40), min_size=2, max_size=7), k=st.integers(3, 10))
def test_no_small_cell_follows_from_the_total(counts, k):
    frame = pd.DataFrame({"n": pd.array(counts, dtype="Int64")})

    masked = suppress_counts(frame, columns=["n"], smallest_count=k)["n"]

    hidden = [n for n, m in zip(counts, masked, strict=True) if pd.isna(m)]
    assert not any(1 <= n < k for n in masked.dropna())
    everything_hidden = len(hidden) == sum(n > 0 for n in counts)
    assert not hidden or everything_hidden or (len(hidden) >= 2 and sum(hidden) >= k)


def test_groups_with_their_own_totals_are_protected_one_by_one():
    frame = pd.DataFrame({"sex": ["f", "f", "m", "m"], "n": [3, 40, 50, 60]})

    masked = suppress_counts(frame, columns=["n"], smallest_count=5, within=["sex"])

    assert masked["n"].isna().tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("numbers", "marks", "is_open"),
    [
        ([3, 20], ["small", "linked"], True),
        ([3], ["small"], False),
        ([1, 5], ["small", "linked"], False),  # 6 less at least 5 leaves exactly 1
        ([4, 4], ["small", "small"], False),  # only 4 + 4 makes 8
        ([2, 4], ["small", "small"], True),
    ],
)
def test_a_masked_cell_is_safe_only_while_it_could_be_two_things(numbers, marks, is_open):
    assert is_safe(np.array(numbers, float), np.array(marks, object), 5) is is_open


def test_protect_takes_the_smallest_cell_that_helps():
    marks = protect([3, 40, 12, 0], np.array(["small", "", "", ""], object), 5)

    assert marks.tolist() == ["small", "", "linked", ""]


def test_leavers_are_not_the_number_before_less_the_number_after():
    steps = [("all", 100, "", 0), ("b", 97, "too young", 3), ("c", 60, "too old", 37)]
    frame = pd.DataFrame(
        [{"step": s, "arm": "", "patients": n, "reason": r, "left": x} for s, n, r, x in steps]
    ).astype({"patients": "Int64", "left": "Int64"})

    marked = mark_attrition(frame, smallest_count=5)

    assert marked["left_mark"].tolist() == ["", "small", "linked"]
    assert marked["patients_mark"].tolist() == ["", "linked", ""]


def test_marks_say_which_cells_are_small_and_which_are_only_linked():
    marks = find_masked(_estimate(_rate("a", 3), _rate("b", 31), _rate("a", 34, versus="b")))

    assert marks["events"].tolist() == ["small", "", "linked"]


def test_those_who_remain_in_all_are_not_the_larger_arm_and_the_few_of_the_other():
    # 161 in all less the 158 at the head of the baseline table would be the 3 of the small arm.
    path = pd.DataFrame(
        {
            "step": ["In the data", "Entered an arm", "Entered an arm", "Entered an arm"],
            "arm": ["", "", "azathioprine", "anti_tnf"],
            "reason": ["", "not on a study drug", "", ""],
            "patients": [200, 161, 3, 158],
            "left": [0, 39, 0, 0],
        }
    )

    marked = mark_attrition(path, smallest_count=5)

    assert (marked["patients_mark"][marked["step"] == "Entered an arm"] != "").all()
