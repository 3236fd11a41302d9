"""How long patients were followed, and why no longer."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.design import (
    Grace,
    clone_censor_weight,
    follow,
    follow_up_from_frame,
    measure_endings,
    measure_follow_up,
    measure_potential_follow_up,
)
from azaanalysis.design.follow_up import CONTINUES
from azaanalysis.display import draw_endings
from azaanalysis.errors import EstimationError
from tests.builders import cohort, comparison, course, patient, study


def simple(rows):
    frame = pd.DataFrame(rows, columns=["days", "status"])
    return follow_up_from_frame(frame, time="days", status="status", causes=["event", "death"])


def value(estimate, **fields):
    return estimate.only(**fields).frame["value"].tolist()


def test_potential_follow_up_is_read_from_the_curve_of_censoring():
    # Censored on days 10, 20, 40; events on 20 and 30. Still to be followed: 4/5 after day 10;
    # on day 20 four are there, one has the event, one of three is censored: 4/5 * 2/3 = 0.533;
    # on day 40 the last one: 0. So three quarters reach day 20, half and a quarter day 40.
    made = measure_potential_follow_up(simple([(10, 0), (20, 0), (20, 1), (30, 1), (40, 0)]))
    assert value(made) == [20, 40, 40]


def test_without_events_potential_follow_up_is_what_was_observed():
    made = measure_potential_follow_up(simple([(day, 0) for day in (10, 20, 30, 40)]))
    assert value(made) == [10, 20, 30]


def test_potential_follow_up_is_missing_when_nobody_is_censored():
    assert np.isnan(value(measure_potential_follow_up(simple([(10, 1), (20, 1)])))).all()


def test_reasons_are_counted_by_day_and_the_rest_is_still_followed():
    made = measure_endings(simple([(10, 0), (20, 1), (20, 0), (30, 2)])).at([10, 20, 25, 30])
    assert value(made, quantity="followed") == [0.75, 0.25, 0.25, 0.0]
    assert value(made, cause="event") == [0, 0.25, 0.25, 0.25]
    assert value(made, cause="death") == [0, 0, 0, 0.25]
    assert value(made, cause="censored") == [0.25, 0.5, 0.5, 0.5]
    assert made.only(cause="censored").frame["patients"].tolist() == [4, 3, 1, 1]


def test_who_is_followed_to_the_horizon_has_not_ended():
    courses = [course("a", "azathioprine", "2012-01-01"), course("b", "infliximab", "2012-01-01")]
    courses.append(course("b", "azathioprine", "2012-02-01"))
    settings = study(comparison=comparison(strategy="on_treatment"))
    followed = follow(cohort([patient("a"), patient("b")], courses), settings, endpoint="stopping")
    made = measure_endings(followed).at([365])

    assert value(made, quantity="followed", arm="azathioprine") == [1.0]
    assert value(made, cause="another study drug") == [0.0, 1.0]


def test_rows_of_one_patient_count_as_one():
    frame = pd.DataFrame({"days": [20, 30.0], "status": [1, 0], "start": [5, np.nan]})
    grace = Grace({"starts": "start", "waits": None}, 10)
    cloned = clone_censor_weight(frame, grace, time="days", status="status")
    counted = measure_follow_up(cloned).frame

    assert len(cloned.frame) > 4
    assert counted["patients"].tolist() == [2, 2]
    assert counted["events"].tolist() == [1, 0]
    # Starts: 20 and 10 days; waits: 5 and 30.
    assert counted["value"].tolist() == [15, 17.5]


rows = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 2)), min_size=1, max_size=60)


@settings(max_examples=80, deadline=None)
@given(rows)
def test_reasons_and_those_still_followed_add_up_to_one_on_every_day(rows):
    made = measure_endings(simple(rows)).frame
    assert made.groupby("at_days")["value"].sum().to_numpy() == pytest.approx(1)
    assert (made.sort_values("at_days").groupby("cause")["events"].diff().fillna(0) >= 0).all()


def test_the_drawing_shows_every_reason_and_hides_small_numbers():
    followed = simple([(10, 0)] * 30 + [(20, 1)] * 8 + [(25, 2)] * 3 + [(30, 0)] * 20)
    drawn = draw_endings(measure_endings(followed))
    assert "Why follow-up ended" in drawn.caption
    assert all(word in drawn.alt for word in ("event", "death", "censored"))

    masked = draw_endings(measure_endings(followed).with_about(smallest_count=5))
    assert "4.9%" in drawn.alt
    assert "4.9%" not in masked.alt


def test_only_endings_can_be_drawn_as_endings():
    with pytest.raises(EstimationError, match="0 endpoints and 0 causes"):
        draw_endings(measure_follow_up(simple([(10, 0)])))


def test_who_spends_time_in_several_arms_is_counted_in_each_with_that_time():
    # p: 10 days in a, 20 in b, 5 in a again, then the event. q: 40 days in b, then lost.
    rows = [
        ("p", "a", 0, 10, 0),
        ("p", "b", 10, 30, 0),
        ("p", "a", 30, 35, 1),
        ("q", "b", 0, 40, 0),
    ]
    frame = pd.DataFrame(rows, columns=["who", "arm", "from", "to", "status"])
    made = follow_up_from_frame(
        frame, time="to", status="status", entry="from", arm="arm", patient="who"
    )
    reasons = pd.Categorical([CONTINUES, CONTINUES, "", "lost"])
    made = replace(made, frame=made.frame.assign(end_reason=reasons))
    counted = measure_follow_up(made).frame.set_index("arm")

    assert counted["patients"].to_dict() == {"a": 1, "b": 2}
    assert counted["events"].to_dict() == {"a": 1, "b": 0}
    assert counted["value"].to_dict() == {"a": 15, "b": 30}
    assert (counted["patient_years"] * 365.25).to_dict() == pytest.approx({"a": 15, "b": 60})
    ended = measure_endings(made).at([40]).only(arm="b", quantity="ended").frame
    assert ended.set_index("cause")["value"].loc[["lost", "in another arm"]].tolist() == [0.5, 0.5]
