"""Following new users: time zero, new use, stopping, competing events, attrition."""

import pytest

from azaanalysis.design import follow
from azaanalysis.errors import DesignError
from tests.builders import cohort, comparison, course, patient, study


def followed(patients, courses, *, endpoint="stopping", settings=None, **tables):
    return follow(cohort(patients, courses, **tables), settings or study(), endpoint=endpoint)


def test_stopping_is_counted_from_the_first_supply_to_the_last_day_of_supply():
    # 1 March to 10 March 2012: day 0 is 1 March, so the last day of supply is day 9.
    one = course("a", "azathioprine", "2012-03-01", "2012-03-10", stop_reason="adverse_event")
    row = followed([patient("a")], [one]).frame.iloc[0]

    assert (row["exit_days"], row["status"], row["arm"]) == (9, 1, "azathioprine")


def test_the_index_date_is_day_one_where_the_study_says_so():
    one = course("a", "azathioprine", "2012-03-01", "2012-03-10", stop_reason="adverse_event")
    settings = study(comparison=comparison(first_day=1))

    assert followed([patient("a")], [one], settings=settings).frame["exit_days"].item() == 10


def test_a_gap_as_long_as_permitted_goes_on_and_one_day_more_ends_the_treatment():
    # Supply ends on 30 January; 60 days without supply are 31 January to 30 March 2012.
    first = course("a", "azathioprine", "2012-01-01", "2012-01-30")
    permitted = course("a", "azathioprine", "2012-03-31", "2012-04-29", stop_reason="remission")
    too_late = course("a", "azathioprine", "2012-04-01", "2012-04-29", stop_reason="remission")

    assert followed([patient("a")], [first, permitted]).frame["exit_days"].item() == 119
    assert followed([patient("a")], [first, too_late]).frame["exit_days"].item() == 29


def test_an_end_without_a_reason_counts_only_if_the_whole_gap_was_observed():
    one = course("a", "azathioprine", "2012-01-01", "2012-01-30")
    seen = followed([patient("a", observed_to="2012-03-30")], [one]).frame.iloc[0]
    unseen = followed([patient("a", observed_to="2012-03-29")], [one]).frame.iloc[0]

    assert (seen["status"], seen["exit_days"]) == (1, 29)
    assert (unseen["status"], unseen["exit_days"]) == (0, 88)


def test_use_of_the_class_within_the_washout_makes_a_prevalent_user():
    # Mercaptopurine is a thiopurine too. 2011-03-01 is day -366 of 2012-03-01: a leap year.
    earlier = course("a", "mercaptopurine", "2011-01-01", "2011-03-02")
    start = course("a", "azathioprine", "2012-03-01")
    with pytest.raises(DesignError, match=r"used the class in the 365 days before every start"):
        followed([patient("a")], [earlier, start])

    long_ago = course("a", "mercaptopurine", "2011-01-01", "2011-03-01")
    assert len(followed([patient("a")], [long_ago, start]).frame) == 1


def test_too_short_a_look_back_is_told_from_use_in_the_washout():
    start = course("a", "azathioprine", "2010-06-01")
    with pytest.raises(DesignError, match="observed for fewer than 365 days before every start"):
        followed([patient("a")], [start])


def test_a_later_start_that_satisfies_the_washout_is_taken():
    courses = [
        course("a", "azathioprine", "2010-06-01", "2010-07-01"),
        course("a", "infliximab", "2013-01-01", "2013-02-01", stop_reason="adverse_event"),
    ]
    row = followed([patient("a")], courses).frame.iloc[0]

    assert (row["arm"], row["exit_days"]) == ("anti_tnf", 31)


def test_two_drugs_started_together_are_the_combination_and_end_with_the_first_to_stop():
    arms = {
        "azathioprine": ["azathioprine"],
        "anti_tnf": ["anti_tnf"],
        "azathioprine_with_anti_tnf": ["azathioprine", "anti_tnf"],
    }
    courses = [
        course("a", "azathioprine", "2012-01-01", "2012-02-01", stop_reason="adverse_event"),
        course("a", "infliximab", "2012-01-01", "2012-06-01", stop_reason="lack_of_efficacy"),
    ]
    settings = study(comparison=comparison(arms=arms))
    row = followed([patient("a")], courses, settings=settings).frame.iloc[0]

    assert (row["arm"], row["exit_days"]) == ("azathioprine_with_anti_tnf", 31)


def test_a_combination_begins_on_the_day_it_is_complete():
    arms = {"azathioprine": ["azathioprine"], "both": ["azathioprine", "anti_tnf"]}
    courses = [
        course("a", "azathioprine", "2012-01-01", "2013-01-10", stop_reason="remission"),
        course("a", "infliximab", "2012-01-11"),
    ]
    settings = study(comparison=comparison(arms=arms, together_within_days=14, horizon_days=1000))
    row = followed([patient("a")], courses, settings=settings).frame.iloc[0]

    assert (row["arm"], row["exit_days"]) == ("both", 365)


def test_two_arms_started_on_one_day_without_a_combination_arm_are_left_out_and_counted():
    courses = [course("a", "azathioprine", "2012-01-01"), course("a", "infliximab", "2012-01-01")]
    courses.append(course("b", "infliximab", "2012-01-01"))
    made = followed([patient("a"), patient("b")], courses)
    step = made.attrition.set_index(["step", "arm"]).loc[("One arm", "")]

    assert (len(made.frame), step["left"]) == (1, 1)
    assert step["reason"] == "started two arms on the same day"


def test_another_study_drug_in_use_at_the_start_keeps_a_patient_out():
    courses = [
        course("a", "azathioprine", "2010-06-01", "2014-01-01"),
        course("a", "infliximab", "2012-01-01"),
    ]
    with pytest.raises(DesignError, match="another study drug was in use"):
        followed([patient("a")], courses)


def test_attrition_adds_up_at_every_step():
    people = [patient("a"), patient("b", disease="rheumatoid_arthritis"), patient("c")]
    courses = [course("a", "azathioprine", "2012-01-01"), course("b", "infliximab", "2012-01-01")]
    settings = study(population={"diseases": ["crohns_disease"]})
    attrition = followed(people, courses, settings=settings).attrition
    everybody = attrition[attrition["arm"] == ""]

    assert everybody["patients"].iloc[0] == 3
    remain = everybody["patients"].shift(1) - everybody["left"]
    assert (remain.iloc[1:] == everybody["patients"].iloc[1:]).all()
    assert everybody["patients"].iloc[-1] == 1


def response(patient_id, date, has_response):
    return {
        "patient_id": patient_id,
        "visit_date": date,
        "measure": "cdai",
        "value": 100.0,
        "has_response": has_response,
    }


RESPONSE = {"response": {"kind": "visit", "finding": "response"}}


def test_response_is_the_first_visit_with_it_and_last_absence_the_visit_before():
    visits = [
        response("a", "2012-01-01", True),
        response("a", "2012-02-01", False),
        response("a", "2012-03-01", True),
        response("a", "2012-04-01", True),
    ]
    start = course("a", "azathioprine", "2012-01-01")
    settings = study(endpoints=RESPONSE)
    made = followed([patient("a")], [start], endpoint="response", settings=settings, visits=visits)
    row = made.frame.iloc[0]

    # The visit of the index day comes before the drug. 2012 is a leap year: 31 + 29 days.
    assert (row["exit_days"], row["status"], row["last_absent_days"]) == (60, 1, 31)


def test_stopping_before_response_is_a_competing_event():
    visits = [response("a", "2012-03-01", True)]
    one = course("a", "azathioprine", "2012-01-01", "2012-02-01", stop_reason="adverse_event")
    settings = study(endpoints=RESPONSE)
    made = followed([patient("a")], [one], endpoint="response", settings=settings, visits=visits)

    assert made.causes == ("response", "death", "discontinuation")
    assert made.frame["status"].item() == 3


def infection(patient_id, date, **columns):
    return {"patient_id": patient_id, "event_date": date, "event": "infection", **columns}


def infections(count, **changes):
    return {"infection": {"kind": "event", "event": "infection", "count": count, **changes}}


def test_all_infections_count_until_treatment_stops_and_a_lag_has_passed():
    events = [
        infection("a", "2012-01-01"),
        infection("a", "2012-02-05"),
        infection("a", "2012-02-20"),
    ]
    one = course("a", "azathioprine", "2012-01-01", "2012-02-01", stop_reason="adverse_event")
    for lag, expected, days in [(0, 1, 31), (4, 2, 35), (30, 3, 61)]:
        settings = study(endpoints=infections("all", lag_days=lag))
        made = followed(
            [patient("a")], [one], endpoint="infection", settings=settings, events=events
        )
        row = made.frame.iloc[0]
        assert (row["n_events"], row["exit_days"], row["status"]) == (expected, days, 0)


def test_infections_closer_than_the_episode_gap_are_one():
    dates = ["2012-01-10", "2012-01-30", "2012-02-20", "2012-04-01"]
    events = [infection("a", date) for date in dates]
    settings = study(endpoints=infections("all", episode_gap_days=30))
    made = followed(
        [patient("a")],
        [course("a", "azathioprine", "2012-01-01")],
        endpoint="infection",
        settings=settings,
        events=events,
    )
    # Each of the first three follows the one before within 30 days; the fourth comes 41 days on.
    assert made.frame["n_events"].item() == 2


def test_only_events_that_satisfy_where_are_counted():
    events = [
        infection("a", "2012-01-10", is_serious=False),
        infection("a", "2012-02-10", is_serious=True),
    ]
    settings = study(endpoints=infections("first", where={"is_serious": True}))
    made = followed(
        [patient("a")],
        [course("a", "azathioprine", "2012-01-01")],
        endpoint="infection",
        settings=settings,
        events=events,
    )
    assert made.frame["exit_days"].item() == 40


def test_a_switch_censors_on_treatment_and_is_ignored_as_started():
    courses = [course("a", "azathioprine", "2012-01-01"), course("a", "infliximab", "2012-03-01")]
    events = [infection("a", "2012-05-01")]
    for strategy, status, days in [("on_treatment", 0, 60), ("as_started", 1, 121)]:
        settings = study(endpoints=infections("first", strategy=strategy))
        made = followed(
            [patient("a")], courses, endpoint="infection", settings=settings, events=events
        )
        row = made.frame.iloc[0]
        assert (row["status"], row["exit_days"]) == (status, days)


def test_death_competes_and_an_event_on_the_day_of_death_comes_first():
    events = [infection("a", "2012-03-01")]
    dead = patient("a", death_date="2012-03-01", observed_to="2012-03-01")
    settings = study(endpoints=infections("first"))
    start = course("a", "azathioprine", "2012-01-01")
    made = followed([dead], [start], endpoint="infection", settings=settings, events=events)
    assert made.frame["status"].item() == 1

    elsewhere = [infection("b", "2012-03-01")]
    people = [dead, patient("b")]
    starts = [start, course("b", "azathioprine", "2012-01-01")]
    made = followed(people, starts, endpoint="infection", settings=settings, events=elsewhere)
    assert made.frame["status"].tolist() == [2, 1]


def test_the_horizon_counts_its_own_day_and_nothing_after():
    start = course("a", "azathioprine", "2012-01-01")
    for date, status in [("2012-12-31", 1), ("2013-01-01", 0)]:
        settings = study(endpoints=infections("first"))
        made = followed(
            [patient("a")],
            [start],
            endpoint="infection",
            settings=settings,
            events=[infection("a", date)],
        )
        row = made.frame.iloc[0]
        assert (row["status"], row["exit_days"]) == (status, 365)


def test_reasons_become_causes_and_the_rest_is_other():
    people = [patient(name) for name in "abcd"]
    reasons = ["adverse_event", "lack_of_efficacy", "pregnancy", "completed"]
    courses = [
        course(name, "azathioprine", "2012-01-01", "2012-02-01", stop_reason=reason)
        for name, reason in zip("abcd", reasons, strict=True)
    ]
    causes = {"harm": ["adverse_event"], "no_effect": ["lack_of_efficacy"]}
    settings = study(endpoints={"stopping": {"kind": "discontinuation", "causes": causes}})
    made = followed(people, courses, settings=settings)

    assert made.causes == ("harm", "no_effect", "other_reason", "death")
    assert made.frame["status"].tolist() == [1, 2, 3, 0]
    assert made.frame["end_reason"].iloc[3] == "treatment ended as planned or lost"


def recorded(patient_id, days, cause, start="2012-01-01"):
    return {
        "patient_id": patient_id,
        "endpoint": "ttde",
        "start_date": start,
        "time_days": days,
        "cause": cause,
    }


RECORDED = {"rash": {"kind": "recorded", "parameter": "ttde"}}


def test_recorded_times_are_taken_as_the_source_derived_them():
    times = [recorded("a", 12.0, "rash"), recorded("b", 400.0, "rash"), recorded("c", 30.0, None)]
    courses = [course(name, "azathioprine", "2012-01-01") for name in "abc"]
    people = [patient(name) for name in "abc"]
    settings = study(endpoints=RECORDED)
    made = followed(people, courses, endpoint="rash", settings=settings, times=times)

    assert made.frame["exit_days"].tolist() == [12, 365, 30]
    assert made.frame["status"].tolist() == [1, 0, 0]


def test_recorded_times_from_another_day_are_refused():
    times = [recorded("a", 12.0, "rash", start="2012-01-05")]
    settings = study(endpoints=RECORDED)
    with pytest.raises(DesignError, match="counts from another day than the first supply"):
        followed(
            [patient("a")],
            [course("a", "azathioprine", "2012-01-01")],
            endpoint="rash",
            settings=settings,
            times=times,
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {
                "comparison": comparison(
                    arms={"x": ["azathioprin"], "y": ["anti_tnf"]}, reference="x"
                )
            },
            "did you mean 'azathioprine'",
        ),
        ({"population": {"diseases": ["crohn_disease"]}}, "did you mean 'crohns_disease'"),
        ({"population": {"without": ["has_cancer"]}}, "did you mean 'has_cancer_history'"),
        ({"covariates": ["age"]}, "did you mean 'age_years'"),
        ({"covariates": ["patient_id"]}, "has a name that follow-up itself uses"),
        ({"covariates": ["observed_from"]}, "'observed_from' is a date"),
    ],
)
def test_a_misspelt_word_of_the_study_is_answered_with_its_neighbour(changes, message):
    with pytest.raises(DesignError, match=message):
        followed(
            [patient("a")], [course("a", "azathioprine", "2012-01-01")], settings=study(**changes)
        )


def test_a_question_without_its_table_is_refused_in_plain_words():
    with pytest.raises(DesignError, match="needs the table 'visits'"):
        followed(
            [patient("a")],
            [course("a", "azathioprine", "2012-01-01")],
            endpoint="response",
            settings=study(endpoints=RESPONSE),
        )


def test_no_patient_is_named_when_nobody_is_left():
    with pytest.raises(DesignError) as refused:
        followed(
            [patient("secret-17", age_years=20.0)],
            [course("secret-17", "azathioprine", "2010-06-01")],
        )
    assert "secret-17" not in str(refused.value)


def test_recorded_causes_can_be_given_names_and_none_is_taken_for_censored():
    times = [recorded("a", 12.0, "rash"), recorded("b", 20.0, "itch")]
    courses = [course(name, "azathioprine", "2012-01-01") for name in "ab"]
    people = [patient(name) for name in "ab"]
    named = {"skin_event": ["rash", "itch"]}
    settings = study(endpoints={"rash": {**RECORDED["rash"], "causes": named}})
    made = followed(people, courses, endpoint="rash", settings=settings, times=times)
    assert (made.causes, made.frame["status"].tolist()) == (("skin_event",), [1, 1])

    settings = study(endpoints={"rash": {**RECORDED["rash"], "causes": {"skin_event": ["rash"]}}})
    with pytest.raises(DesignError, match="recorded with the cause 'itch'"):
        followed(people, courses, endpoint="rash", settings=settings, times=times)


def test_a_covariate_of_free_text_is_refused_with_the_number_of_its_words():
    people = [patient(f"p{number}", note=f"note {number}") for number in range(60)]
    courses = [course(f"p{number}", "azathioprine", "2012-01-01") for number in range(60)]
    with pytest.raises(DesignError, match="'note' has 60 different words, more than 50"):
        followed(people, courses, settings=study(covariates=["note"]))


def test_a_lag_lets_an_event_come_before_stopping_competes():
    one = course("a", "azathioprine", "2012-01-01", "2012-02-01", stop_reason="adverse_event")
    for lag, status, days in [(0, 2, 31), (30, 1, 36)]:
        competing = ["discontinuation"]
        settings = study(endpoints=infections("first", lag_days=lag, competing=competing))
        made = followed(
            [patient("a")],
            [one],
            endpoint="infection",
            settings=settings,
            events=[infection("a", "2012-02-06")],
        )
        row = made.frame.iloc[0]
        assert (row["status"], row["exit_days"]) == (status, days)


def test_a_completed_course_ends_follow_up_and_is_no_competing_discontinuation():
    one = course("a", "azathioprine", "2012-01-01", "2012-02-01", stop_reason="completed")
    settings = study(endpoints=infections("first", competing=["discontinuation"]))
    events = [infection("a", "2012-06-01")]
    made = followed([patient("a")], [one], endpoint="infection", settings=settings, events=events)

    row = made.frame.iloc[0]
    assert (row["status"], row["exit_days"]) == (0, 31)


def test_a_death_without_a_date_ends_follow_up_with_the_supply():
    one = course("a", "azathioprine", "2012-01-01", "2012-02-01", stop_reason="death")
    row = followed([patient("a")], [one]).frame.iloc[0]

    assert (row["status"], row["exit_days"]) == (0, 31)


def test_text_asked_of_a_truth_is_refused():
    settings = study(endpoints=infections("first", where={"is_serious": "yes"}))
    with pytest.raises(DesignError, match="Write true or false, without quotation marks"):
        followed(
            [patient("a")],
            [course("a", "azathioprine", "2012-01-01")],
            endpoint="infection",
            settings=settings,
            events=[infection("a", "2012-01-10", is_serious=True)],
        )
