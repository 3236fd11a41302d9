"""Who is eligible: earlier lines, past events, the calendar, diagnosis; once or at each start."""

import pytest

from azaanalysis.design import follow
from azaanalysis.errors import DesignError
from azaanalysis.protocol import describe_protocol
from tests.builders import cohort, comparison, course, patient, study


def entered(population, patients=None, courses=None, **tables):
    """Return who enters: four patients who start azathioprine at the beginning of 2012."""
    people = patients or [patient(name) for name in "abcd"]
    spells = courses or [course(p["patient_id"], "azathioprine", "2012-01-01") for p in people]
    settings = study(population=population)
    followed = follow(cohort(people, spells, **tables), settings, endpoint="stopping")
    return followed.frame["patient_id"].tolist()


def test_earlier_biologics_are_those_recorded_and_those_begun_while_observed():
    # a none; b two before observation; c one before time zero, twice; d one after time zero.
    people = [patient(name, prior_biologics=2 if name == "b" else 0) for name in "abcd"]
    spells = [course(name, "azathioprine", "2012-06-01") for name in "abcd"]
    spells += [
        course("c", "ustekinumab", "2010-02-01", "2010-03-01"),
        course("c", "ustekinumab", "2010-04-01", "2010-05-01"),
        course("d", "ustekinumab", "2013-01-01"),
    ]
    for span, expected in [
        ({"at_most": 0}, ["a", "d"]),
        ({"at_least": 1, "at_most": 1}, ["c"]),
        ({"at_least": 1}, ["b", "c"]),
    ]:
        assert entered({"prior_biologics": span}, people, spells) == expected


def test_any_column_of_numbers_may_set_limits_and_an_unknown_number_keeps_out():
    scores = [0.0, 2.0, 5.0, None]
    people = [
        patient(name, comorbidity_score=score) for name, score in zip("abcd", scores, strict=True)
    ]
    assert entered({"numbers": {"comorbidity_score": {"at_most": 2}}}, people) == ["a", "b"]


def test_an_earlier_event_keeps_out_and_a_later_one_does_not():
    events = [
        {"patient_id": "a", "event_date": "2011-12-31", "event": "malignancy"},
        {"patient_id": "b", "event_date": "2012-01-01", "event": "malignancy"},
    ]
    kept = entered({"without_earlier": ["malignancy"]}, events=events)
    assert kept == ["b", "c", "d"]


def test_the_calendar_span_holds_both_its_ends():
    days = ["2011-12-31", "2012-01-01", "2012-12-31", "2013-01-01"]
    spells = [course(n, "azathioprine", day) for n, day in zip("abcd", days, strict=True)]
    span = {"started": {"at_least": "2012-01-01", "at_most": "2012-12-31"}}
    assert entered(span, None, spells) == ["b", "c"]


def test_only_those_diagnosed_by_time_zero_belong_to_the_indication():
    dates = ["2011-06-01", "2012-01-01", "2012-01-02", None]
    people = [patient(n, diagnosis_date=day) for n, day in zip("abcd", dates, strict=True)]
    assert entered({"is_diagnosed": True}, people) == ["a", "b"]


def test_every_unknown_word_of_the_population_is_named_at_once():
    population = {
        "diseases": ["crohn_disease"],
        "without": ["has_cancer"],
        "numbers": {"comorbidity": {"at_most": 1}},
        "without_earlier": ["malignancy"],
    }
    with pytest.raises(DesignError) as refused:
        entered(population, [patient("a", comorbidity_score=1.0, has_cancer_history=False)])
    words = ["crohns_disease", "has_cancer_history", "comorbidity_score", "earlier 'malignancy'"]
    assert all(word in str(refused.value) for word in words)


# Two starts of azathioprine, three years apart, and infliximab two years after the second.
RETURNING = [
    course("a", "azathioprine", "2012-01-01", "2012-02-01", stop_reason="remission"),
    course("a", "azathioprine", "2015-01-01", "2015-03-02", stop_reason="adverse_event"),
    course("a", "infliximab", "2017-01-01", "2017-01-11", stop_reason="adverse_event"),
    course("b", "azathioprine", "2012-01-01", "2012-01-21", stop_reason="adverse_event"),
]


def returning(**changes):
    settings = study(comparison=comparison(entry="every", **changes))
    made = cohort([patient("a"), patient("b")], RETURNING)
    return follow(made, settings, endpoint="stopping")


def test_each_eligible_start_enters_with_its_own_time_zero_and_arm():
    rows = returning().frame[["patient_id", "arm", "exit_days"]].to_numpy().tolist()
    assert rows == [
        ["a", "azathioprine", 31],
        ["a", "azathioprine", 60],
        ["a", "anti_tnf", 10],
        ["b", "azathioprine", 20],
    ]


def test_starts_of_one_patient_form_a_cluster_and_are_counted_as_one_patient():
    made = returning()
    assert made.clusters.tolist() == [0, 0, 0, 1]
    last = made.attrition.groupby("arm", sort=False)["patients"].last()
    assert last.to_dict() == {"": 2, "azathioprine": 2, "anti_tnf": 1}


def test_the_protocol_says_that_a_patient_may_enter_more_than_once():
    settings = study(comparison=comparison(entry="every"))
    choices = describe_protocol(settings, "stopping").set_index("part")["choice"]
    assert "enters at every start that satisfies this" in choices["New users"]


def test_entrants_are_found_once_for_all_endpoints_of_a_study():
    two = {"stopping": {"kind": "discontinuation"}, "again": {"kind": "discontinuation"}}
    settings = study(endpoints=two)
    made = cohort([patient("b")], RETURNING[3:])
    follow(made, settings, endpoint="stopping")
    known = made.remembered["entrants"]
    follow(made, settings, endpoint="again")
    assert made.remembered["entrants"] is known
    follow(made, study(comparison=comparison(washout_days=30)), endpoint="stopping")
    assert made.remembered["entrants"] is not known
