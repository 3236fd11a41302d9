"""Time told apart by whether a blood test is overdue, and what the tests of either time show."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis import estimate_found_share, estimate_rates, follow_by_testing, follow_recurrent
from azaanalysis.errors import DesignError, EstimationError
from tests.builders import cohort, comparison, course, patient, study

START = pd.Timestamp("2015-01-01")
TESTS = {"kind": "laboratory", "test": "wbc", "count": "all"}
LOW = {**TESTS, "below": 3.0, "unit": "10^9/L"}
INFECTION = {"kind": "event", "event": "infection", "count": "all"}
WEEKLY = {"guideline": "weekly, for a test", "schedule": [{"every_days": 7}]}


def question():
    return study(
        endpoints={"test": TESTS, "low": LOW, "infection": INFECTION},
        comparison=comparison(horizon_days=21, washout_days=0),
        monitoring=WEEKLY,
    )


def day(number):
    return str((START + pd.Timedelta(days=number)).date())


def watched(tests, infections=((),)):
    """Patients on azathioprine, each with (day, white cells) and days of infections."""
    names = [f"P{i}" for i in range(len(tests))]
    labs = [
        {"patient_id": name, "test_date": day(d), "test": "wbc", "value": v, "unit": "10^9/L"}
        for name, of_patient in zip(names, tests, strict=True)
        for d, v in of_patient
    ]
    events = [
        {"patient_id": name, "event_date": day(d), "event": "infection"}
        for name, days in zip(names, infections, strict=False)
        for d in days
    ]
    # Another arm, so that no table is empty.
    events.append({"patient_id": "other", "event_date": day(2), "event": "infection"})
    patients = [patient(name) for name in [*names, "other"]]
    courses = [course(name, "azathioprine", day(0)) for name in names]
    courses.append(course("other", "infliximab", day(0)))
    return cohort(patients, courses, labs=labs, events=events)


def spells(data, endpoint="infection"):
    frame = follow_by_testing(data, question(), endpoint=endpoint, tests="test").frame
    columns = ["arm", "entry_days", "exit_days", "n_events"]
    return [tuple(row) for row in frame[columns].itertuples(index=False)]


def test_a_test_is_overdue_from_the_end_of_an_empty_window_until_the_next_test():
    # Windows (0, 7], (7, 14], (14, 21]. Tested on day 5 (the first window is kept) and day 17: the
    # second window is empty, so the patient is overdue from day 14 until day 17.
    # The infection of day 15 happens while overdue.
    made = spells(watched([[(5, 6.0), (17, 6.0)]], [[15]]))

    assert made == [
        ("no_test_due_yet", 0, 5, 0),
        ("tested_on_time", 5, 14, 0),
        ("test_overdue", 14, 15, 1),
        ("test_overdue", 15, 17, 0),
        ("tested_on_time", 17, 21, 0),
    ]


def test_a_test_on_the_last_day_of_a_window_keeps_it():
    arms = [row[0] for row in spells(watched([[(7, 6.0), (14, 6.0)]]))]

    assert "test_overdue" not in arms


def test_the_test_that_ends_being_overdue_counts_as_a_late_one():
    # Tests on days 5, 10, 20 and, of another patient, 9 and 13; low on days 20 and 9. The first
    # patient is on time on days 5 (before the first window ended: not due yet) and 10, in time in
    # window 3 too (day 20 lies in it). The second had none in window 1: overdue from 7 to 9.
    # So: not due yet 1 test (none low), on time days 10, 20, 13 (day 20 low), overdue day 9 (low).
    data = watched([[(5, 6.0), (10, 6.0), (20, 2.0)], [(9, 2.5), (13, 6.0)]])
    low, tests = (
        follow_by_testing(data, question(), endpoint=name, tests="test") for name in ("low", "test")
    )
    made = estimate_found_share(low, tests=tests).frame.set_index("arm")

    assert made["value"].to_dict() == pytest.approx(
        {"tested_on_time": 1 / 3, "test_overdue": 1.0, "no_test_due_yet": 0.0}
    )
    assert made["events"].tolist() == [1, 1, 0]
    # Clopper and Pearson for 1 of 1 begin at 0.025; for 0 of 1 they end at 0.975.
    assert made.loc["test_overdue", "lower"] == pytest.approx(0.025)
    assert made.loc["no_test_due_yet", "upper"] == pytest.approx(0.975)
    # By hand: patient 1 has 1 low of 2 tests, patient 2 0 of 1. Residuals 1 - 2/3 and 0 - 1/3, so
    # the error is sqrt(2 / 9) / 3.
    assert made.loc["tested_on_time", "std_error"] == pytest.approx(np.sqrt(2) / 9)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 21), unique=True, max_size=6), st.sets(st.integers(1, 21)))
def test_telling_time_apart_loses_no_day_and_no_event(days, infections):
    data = watched([[(d, 6.0) for d in days] or [(1, 6.0)]], [sorted(infections)])
    apart = follow_by_testing(data, question(), endpoint="infection", tests="test").frame
    whole = follow_recurrent(data, question(), endpoint="infection").frame
    whole = whole[whole["arm"] == "azathioprine"]

    for frame in (apart, whole):
        frame["days"] = frame["exit_days"] - frame["entry_days"]
    assert apart["days"].sum() == whole["days"].sum()
    assert apart["n_events"].sum() == whole["n_events"].sum() == len(infections)


def test_missing_tests_by_chance_alone_leaves_the_rate_alone():
    # Truth: two infections per 100 days in everybody; each window is missed with chance 0.4.
    rng = np.random.default_rng(4)
    tests = [[(d, 6.0) for d in (5, 10, 15, 20) if rng.random() > 0.4] for _ in range(1500)]
    infections = [np.flatnonzero(rng.random(21) < 0.02) + 1 for _ in range(1500)]
    data = watched([t or [(21, 6.0)] for t in tests], infections)
    made = follow_by_testing(data, question(), endpoint="infection", tests="test")
    rates = estimate_rates(made, per_years=1, variance="robust").frame.set_index("arm")

    assert (
        rates.loc["test_overdue", "lower"] < 2 / 100 * 365.25 < rates.loc["test_overdue", "upper"]
    )
    assert abs(np.log(rates["value"]["test_overdue"] / rates["value"]["tested_on_time"])) < 0.25


def test_an_endpoint_that_is_no_test_is_refused():
    with pytest.raises(DesignError, match="of kind 'laboratory', and 'infection' is none"):
        follow_by_testing(
            watched([[(5, 6.0)]]), question(), endpoint="infection", tests="infection"
        )


def test_an_unknown_arm_is_refused_by_name():
    with pytest.raises(DesignError, match="'azathioprin' is no arm of the study"):
        follow_by_testing(
            watched([[(5, 6.0)]]), question(), endpoint="low", tests="test", arm="azathioprin"
        )


def test_findings_and_tests_of_other_arms_are_refused():
    data = watched([[(5, 6.0)]])
    tests = follow_recurrent(data, question(), endpoint="test")
    low = follow_by_testing(data, question(), endpoint="low", tests="test")
    with pytest.raises(EstimationError, match="Follow both in the same way"):
        estimate_found_share(low, tests=tests)


def test_more_findings_than_tests_are_refused():
    data = watched([[(5, 2.0), (6, 2.0), (7, 4.0)]])
    low, tests = (follow_recurrent(data, question(), endpoint=name) for name in ("low", "test"))
    with pytest.raises(EstimationError, match="3 findings among 2 tests"):
        estimate_found_share(tests, tests=low)
