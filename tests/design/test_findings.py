"""Response and remission from scores, held over visits, and free of steroids."""

import csv
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azaanalysis import make_cohort
from azaanalysis.design import describe_thresholds, follow
from azaanalysis.design.thresholds import load_thresholds
from azaanalysis.errors import DesignError, StudyError
from azaanalysis.protocol import describe_protocol
from tests.builders import cohort, comparison, course, patient, study

START = course("a", "azathioprine", "2012-03-01")


def scored(*visits, measure="cdai"):
    """Return visits of one patient from pairs of date and score."""
    return [
        {"patient_id": "a", "visit_date": date, "measure": measure, "value": value}
        for date, value in visits
    ]


def responding(visits, *, steroids=None, **settings):
    endpoint = {"kind": "visit", "judged_by": "measure", "competing": [], **settings}
    tables = {"visits": visits} | ({"steroids": steroids} if steroids else {})
    made = follow(
        cohort([patient("a")], [START], **tables),
        study(endpoints={"response": endpoint}),
        endpoint="response",
    )
    row = made.frame.iloc[0]
    return row["status"], row["exit_days"], row["last_absent_days"]


def steroid(start, stop, mg):
    return {
        "patient_id": "a",
        "start_date": start,
        "stop_date": stop,
        "prednisolone_mg_per_day": float(mg),
    }


def test_a_fall_of_a_hundred_points_of_cdai_is_a_response_and_ninety_nine_are_none():
    # 300 at the start. 201 is a fall of 99; 200 one of 100. 2012-03-31 is day 30, 04-30 day 60.
    visits = scored(("2012-03-01", 300), ("2012-03-31", 201), ("2012-04-30", 200))

    assert responding(visits) == (1, 60, 30)


def test_a_score_below_the_threshold_is_a_response_without_a_score_at_the_start():
    # 160 says nothing without a score at the start, so day 0 stays the last day without response.
    visits = scored(("2012-03-31", 160), ("2012-04-30", 149))

    assert responding(visits) == (1, 60, 0)


def test_a_score_from_long_before_the_start_is_none_of_the_start():
    # 91 days before 2012-03-01 is 2011-12-01; 90 days before, 2011-12-02.
    later = ("2012-03-31", 200)

    assert responding(scored(("2011-12-01", 300), later))[0] == 0
    assert responding(scored(("2011-12-02", 300), later)) == (1, 30, 0)


def test_a_mayo_score_has_to_fall_by_three_points_and_by_three_tenths():
    # From 11, a fall of 3 is 27 percent; 30 percent are 3.3 points, so it takes 4.
    visits = scored(("2012-03-01", 11), ("2012-03-31", 8), ("2012-04-30", 7), measure="mayo")

    assert responding(visits) == (1, 60, 30)


def test_a_fall_by_exactly_the_limit_is_none_where_more_is_asked_for():
    # EULAR asks for more than 1.2 of DAS28.
    level = scored(("2012-03-01", 4.6), ("2012-03-31", 3.4), measure="das28_crp")
    beyond = scored(("2012-03-01", 4.6), ("2012-03-31", 3.3), measure="das28_crp")

    assert responding(level)[0] == 0
    assert responding(beyond) == (1, 30, 0)


def test_a_durable_response_is_dated_when_it_has_been_held_and_begins_again_after_a_loss():
    # Response on days 30, lost on 60, there again on 91 and 121: held for two visits on day 121.
    visits = scored(
        ("2012-03-01", 300),
        ("2012-03-31", 180),
        ("2012-04-30", 290),
        ("2012-05-31", 180),
        ("2012-06-30", 180),
    )

    assert responding(visits) == (1, 30, 0)
    assert responding(visits, held_for_visits=2) == (1, 121, 91)
    assert responding(visits, held_for_visits=3)[0] == 0


def test_steroids_within_the_window_before_the_visit_take_the_response_away():
    # 10 mg until 16 March is 15 days before the visit of 31 March; until 17 March, 14 days.
    visits = scored(("2012-03-01", 300), ("2012-03-31", 100), ("2012-04-30", 100))
    free = {"steroid_free": True}

    assert responding(visits, steroids=[steroid("2012-02-01", "2012-03-16", 10)], **free)[1] == 30
    assert responding(visits, steroids=[steroid("2012-02-01", "2012-03-17", 10)], **free)[1] == 60


def test_five_milligrams_are_free_of_steroids_and_two_spells_of_them_at_once_are_not():
    visits = scored(("2012-03-01", 300), ("2012-03-31", 100), ("2012-04-30", 100))
    one = steroid("2012-03-10", "2012-04-10", 5)
    # Both on 1 April: 10 mg, within two weeks before 30 April only if it lasts to 16 April.
    other = steroid("2012-03-20", "2012-04-01", 5)

    assert responding(visits, steroids=[one], steroid_free=True)[1] == 30
    assert responding(visits, steroids=[one, other], steroid_free=True)[1] == 60


def test_a_later_dose_takes_no_earlier_response_away():
    visits = scored(("2012-03-01", 300), ("2012-03-31", 100))

    assert (
        responding(visits, steroids=[steroid("2012-04-01", None, 40)], steroid_free=True)[1] == 30
    )


def test_a_measure_without_a_published_threshold_is_refused_with_those_known():
    with pytest.raises(DesignError, match=r"visits hold hbi; thresholds are known of cdai, mayo"):
        responding(scored(("2012-03-31", 4), measure="hbi"))


def test_steroid_free_response_without_doses_is_refused():
    with pytest.raises(DesignError, match="needs the table 'steroids'"):
        responding(scored(("2012-03-31", 100)), steroid_free=True)


def test_a_response_held_for_no_visit_is_refused():
    with pytest.raises(StudyError, match="held_for_visits"):
        study().changed(endpoints={"stopping": {"kind": "visit", "held_for_visits": 0}})


@pytest.mark.parametrize(
    ("world", "other"),
    [
        ("inflammatory_bowel_disease", "anti_tnf"),
        ("anca_vasculitis", "rituximab"),
        ("rheumatoid_arthritis", "anti_tnf"),
        ("lupus_nephritis", "mycophenolate"),
    ],
)
def test_scores_judged_by_thresholds_agree_with_the_source_of_invented_patients(world, other):
    # The source compares with the first visit, on the day of the first drug: who only ever had
    # one drug started it then.
    made = make_cohort(600, seed=3, world=world)
    n_courses = made.courses["patient_id"].value_counts()
    arms = {"azathioprine": ["azathioprine"], "other": [other]}
    for finding in ("response", "remission"):
        ends = {
            judge: {"kind": "visit", "finding": finding, "judged_by": judge}
            for judge in ("source", "measure")
        }
        settings = study(comparison=comparison(arms=arms), endpoints=ends)
        two = [follow(made, settings, endpoint=judge).frame for judge in ends]
        is_first = two[0]["patient_id"].map(n_courses) == 1
        differ = [
            (two[0].loc[is_first, column] != two[1].loc[is_first, column]).mean()
            for column in ("status", "exit_days", "last_absent_days")
        ]

        assert (two[0]["status"] == 1).sum() > 20
        assert is_first.sum() > 100
        assert max(differ) == 0


def test_tenths_that_are_not_exact_in_binary_do_not_decide():
    by = {(one.measure, one.finding): one for one in load_thresholds()}
    joints, bowel = by["das28_crp", "response"], by["cdai", "response"]

    # 5.0 - 3.8 is 1.2000000000000002 and 3.8 - 2.6 is 1.1999999999999997: both are 1.2.
    start, now = np.array([5.0, 3.8, 5.0, 5.2]), np.array([3.8, 2.6, 3.7, 3.99])
    assert joints.judge(now, start).tolist() == [0, 0, 1, 1]
    # A fall of at least 100 points of CDAI.
    assert bowel.judge(np.array([200.0, 201.0]), np.array([300.0, 300.0])).tolist() == [1, 0]


@given(
    st.sampled_from([t for t in load_thresholds() if t.finding == "response"]),
    st.floats(0, 12),
    st.floats(0, 12),
    st.floats(0, 12),
)
def test_a_lower_score_is_never_further_from_response(threshold, start, value, lower_by):
    higher, lower = threshold.judge(np.array([value, value - lower_by]), np.array([start, start]))

    assert lower >= higher


def test_every_threshold_has_a_source_and_remission_is_a_response():
    known = load_thresholds()

    assert all(one.source and one.in_words for one in known)
    by = {(one.measure, one.finding): one for one in known}
    assert all(
        by[measure, "response"].below == one.below
        for (measure, finding), one in by.items()
        if finding == "remission"
    )


def test_thresholds_in_use_are_described_and_an_unknown_measure_says_so():
    visits = [*scored(("2012-03-31", 4), measure="hbi"), *scored(("2012-03-31", 200))]
    described = describe_thresholds(cohort([patient("a")], [START], visits=visits))

    assert list(described["Measure"]) == ["CDAI", "CDAI", "HBI"]
    assert "at least 100 points" in described["Threshold"].iloc[0]
    assert described["Threshold"].iloc[2] == "no published threshold is known here"


def test_the_protocol_says_who_judges_how_long_it_is_held_and_on_which_dose():
    ends = {
        "durable": {
            "kind": "visit",
            "finding": "remission",
            "judged_by": "measure",
            "held_for_visits": 3,
            "steroid_free": True,
        }
    }
    protocol = describe_protocol(study(endpoints=ends), "durable")
    outcome = protocol.loc[protocol["part"] == "Outcome", "choice"].item()

    assert "seen for the third time in a row" in outcome
    assert "published threshold" in outcome
    assert "at most 5 mg prednisolone a day then and in the 14 days before" in outcome


def test_every_threshold_says_what_of_its_source_has_been_seen():
    text = files("azaanalysis").joinpath("thresholds.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))

    assert len(rows) == len(load_thresholds())
    assert all("seen" in row["checked"] for row in rows)
