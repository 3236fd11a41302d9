"""What may be shown of a follow-up: by hand, and whatever the patients."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis import estimate_incidence, estimate_rates, estimate_risk_difference
from azaanalysis.design import follow_up_from_frame
from azaanalysis.design.release import mark_arm
from azaanalysis.disclosure import find_masked, suppress

CAUSES = ["x", "y", "z"]


def _followed(days, status, arm=None, causes=CAUSES, k=5):
    frame = pd.DataFrame({"days": days, "status": status, "arm": arm or ["a"] * len(days)})
    return follow_up_from_frame(
        frame, time="days", status="status", arm="arm", causes=causes, smallest_count=k
    )


def _release(followed):
    (release,) = followed.about["releases"]
    return release


def test_a_moment_waits_until_five_have_left_for_each_reason():
    # Days 1 to 3: three, one and one events: five by day 3. Two are censored on day 2 and three
    # more on day 4, so by day 3 the censored are two: day 3 waits for day 4. The rest stay to 9.
    days = [1] * 3 + [2] + [3] + [2] * 2 + [4] * 3 + [9] * 10
    status = [1] * 5 + [0] * 15
    course = _release(_followed(days, status, causes=["x"])).courses["a"]

    free = course.is_free[course.state(np.array([0, 1, 2, 3, 4, 9]), 2)]

    assert free.tolist() == [True, False, False, False, True, True]


def test_a_rare_cause_is_hidden_with_the_next_rarest_and_their_total_is_shown():
    followed = _followed(list(range(1, 41)), [1] * 20 + [2] * 8 + [3] * 2 + [0] * 10)

    shown = suppress(estimate_incidence(followed)).frame.query("at_days == 40")

    by_cause = shown.set_index("cause")["events"]
    assert by_cause[""] == 30
    assert by_cause["x"] == 20
    assert by_cause[["y", "z"]].isna().all()


def test_a_day_that_the_table_asks_for_shows_no_more_than_the_curve():
    rng = np.random.default_rng(3)
    days = rng.integers(1, 300, 150).tolist()
    risk = estimate_incidence(_followed(days, rng.integers(0, 4, 150).tolist()))
    curve = suppress(risk).frame

    read = suppress(risk.at(range(1, 300))).frame.dropna(subset=["events"])

    for row in read.itertuples():
        same = curve[(curve["cause"] == row.cause) & (curve["quantity"] == row.quantity)]
        assert row.events in set(same["events"].dropna())


def test_no_arm_is_the_total_less_the_others():
    followed = _followed([9] * 40, [1] * 40, arm=["a"] * 3 + ["b"] * 30 + ["c"] * 7)

    marks = [mark_arm(_release(followed), arm) for arm in "abc"]

    assert marks == ["small", "", "linked"]


def test_a_comparison_on_a_day_needs_both_arms_on_that_day():
    # Arm b has had four events by day 50, so that neither it nor the comparison may be shown.
    days = [10] * 20 + [400] * 30 + [40] * 4 + [300] * 6 + [400] * 40
    status = [1] * 20 + [0] * 30 + [1] * 10 + [0] * 40
    followed = _followed(days, status, arm=["a"] * 50 + ["b"] * 50, causes=["x"])

    gap = suppress(estimate_risk_difference(followed, at_days=[50, 300])).frame

    assert gap["value"].isna().tolist() == [True, False]


def test_rates_of_nearly_everybody_do_not_count_the_few_without():
    followed = _followed([9] * 30, [1] * 28 + [0] * 2, causes=["x"])

    assert suppress(estimate_rates(followed)).frame["events"].isna().all()


def test_everything_of_invented_patients_is_shown():
    followed = _followed([1, 2, 3], [1, 0, 2], k=1)

    assert "releases" not in followed.about
    assert (find_masked(estimate_incidence(followed)) == "").all(axis=None)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 120),
    last=st.integers(2, 60),
    k=st.integers(2, 10),
)
def test_what_is_shown_of_a_course_never_differs_by_a_small_count(seed, n, last, k):
    rng = np.random.default_rng(seed)
    days, status = rng.integers(1, last, n).tolist(), rng.integers(0, 4, n).tolist()
    risk = estimate_incidence(_followed(days, status, k=k))

    shown = suppress(risk).frame

    for _, curve in shown.groupby("cause"):
        for column in ("events", "patients"):
            steps = np.abs(np.diff(np.sort(curve[column].dropna().to_numpy(dtype=int))))
            assert not ((steps > 0) & (steps < k)).any()
    for _, same_day in shown[shown["events"].notna()].groupby("at_days"):
        by_cause = same_day.set_index("cause")["events"].astype(int)
        named = by_cause.drop("", errors="ignore")
        if "" in by_cause and len(named) == len(CAUSES) - 1:
            assert not 0 < by_cause[""] - named.sum() < k
