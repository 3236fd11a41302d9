"""Coming off steroids, worked by hand on calendars of a few doses."""

import pytest

from azaanalysis.design import follow, follow_off_steroids, weigh
from azaanalysis.errors import DesignError
from azaanalysis.estimate import estimate_incidence, estimate_steroids
from azaanalysis.synthetic import make_cohort
from tests.builders import cohort, comparison, course, patient, study

ASKED = {"response": {"kind": "visit", "judged_by": "measure", "horizon_days": 100}}


def steroid(patient_id, start, stop, mg):
    dates = {"start_date": start, "stop_date": stop}
    return {"patient_id": patient_id, **dates, "prednisolone_mg_per_day": float(mg)}


def followed(*steroids, **death):
    # 2012-03-01 is day 0. Patients a and b start azathioprine; c the other arm, on steroids, too.
    courses = [course(name, "azathioprine", "2012-03-01") for name in "ab"]
    courses += [course("c", "infliximab", "2012-03-01")]
    visits = [{"patient_id": "a", "visit_date": "2012-03-01", "measure": "cdai", "value": 300.0}]
    given = [*steroids, steroid("c", "2012-03-01", "2012-08-01", 20)]
    people = [patient(name, **(death if name == "a" else {})) for name in "abc"]
    made, asked = cohort(people, courses, visits=visits, steroids=given), study(endpoints=ASKED)
    return made, asked, follow(made, asked, endpoint="response")


def end_of(name, *steroids, death=None, **choices):
    made = follow_off_steroids(*followed(*steroids, **(death or {})), **choices)
    row = made.frame[made.frame["patient_id"] == name].iloc[0]
    return row["exit_days"], row["status"]


def test_the_event_is_the_day_on_which_the_window_is_full():
    # 20 mg until day 9 (2012-03-10), then 5 mg: days 10 to 24 are 15 low days, the last of them 24.
    taper = [steroid("a", "2012-03-01", "2012-03-10", 20), steroid("a", "2012-03-11", None, 5)]

    assert end_of("a", *taper) == (24, 1)
    assert end_of("a", *taper, window_days=0) == (10, 1)
    # 5 mg is not low if at most 4 mg is asked for: followed to the horizon without the event.
    assert end_of("a", *taper, low_mg_per_day=4) == (100, 0)


def test_steroids_that_come_back_within_the_window_start_it_anew():
    # Free on days 10 to 20 only (11 days); again on 20 mg on days 21 to 30; free for good from 31.
    again = [
        steroid("a", "2012-03-01", "2012-03-10", 20),
        steroid("a", "2012-03-22", "2012-03-31", 20),
    ]
    assert end_of("a", *again) == (31 + 14, 1)
    assert end_of("a", *again, window_days=10) == (10 + 10, 1)


def test_death_competes_and_those_free_at_the_start_are_set_aside_and_counted():
    on = steroid("a", "2012-03-01", "2012-08-01", 20)
    dead = {"death_date": "2012-04-10", "observed_to": "2012-04-10"}
    assert end_of("a", on, death=dead) == (40, 2)

    made = follow_off_steroids(*followed(on))
    assert set(made.frame["patient_id"]) == {"a", "c"}
    last = made.attrition[made.attrition["arm"] == ""].iloc[-1]
    assert (last["patients"], last["left"]) == (2, 1)
    assert (
        "10 mg" in follow_off_steroids(*followed(on), low_mg_per_day=10).attrition["step"].iloc[-1]
    )


def test_an_arm_without_anybody_on_steroids_is_refused():
    with pytest.raises(DesignError, match="Nobody in azathioprine is left"):
        follow_off_steroids(*followed())


def test_who_comes_off_sooner_has_the_higher_share_free_of_steroids_later():
    made = make_cohort(1500, seed=5)
    asked = study(endpoints={"response": {"kind": "visit"}}, comparison=comparison())
    off = follow_off_steroids(made, asked, follow(made, asked, endpoint="response"))
    risk = estimate_incidence(weigh(off)).only(quantity="risk", cause="off_steroids").at([182])
    # Of the same patients, day by day: who has come off may be on steroids again, or be lost.
    share = estimate_steroids(made, asked, off_as_response(off)).only(quantity="low_dose_share")
    by_arm = share.at([182]).frame.set_index("arm")["value"]

    for row in risk.frame.itertuples():
        assert row.value == pytest.approx(by_arm[row.arm], abs=0.12)


def off_as_response(off):
    return type(off)(off.frame, "response", off.causes, about=off.about)
