"""Intercurrent events: one time line, handled in every way that ICH E9(R1) names."""

import numpy as np
import pytest
from pydantic import ValidationError

from azaanalysis import make_cohort
from azaanalysis.design import follow
from azaanalysis.protocol import describe_estimand, describe_protocol
from tests.builders import cohort, comparison, course, patient, study

# Days of 2012 since 1 January:
#
#   azathioprine  0 ================= 152 (stopped: adverse event)
#   infliximab              60 ============================ ...   added on day 60
#   tofacitinib                                     200 ===== ... another switch
#   pregnancy                    91
#   infection                                 170
ARMS = {"azathioprine": ["azathioprine"], "anti_tnf": ["anti_tnf"], "jak": ["jak_inhibitor"]}
COURSES = [
    course("a", "azathioprine", "2012-01-01", "2012-06-01", stop_reason="adverse_event"),
    course("a", "infliximab", "2012-03-01"),
    course("a", "tofacitinib", "2012-07-19"),
]
EVENTS = [
    {"patient_id": "a", "event_date": "2012-04-01", "event": "pregnancy"},
    {"patient_id": "a", "event_date": "2012-06-19", "event": "infection"},
]


def followed(strategy="as_started", **intercurrent):
    endpoint = {"kind": "event", "event": "infection", "intercurrent": intercurrent}
    settings = study(
        comparison=comparison(arms=ARMS, strategy=strategy), endpoints={"infection": endpoint}
    )
    made = cohort([patient("a")], COURSES, events=EVENTS)
    return follow(made, settings, endpoint="infection"), settings


@pytest.mark.parametrize(
    ("intercurrent", "day", "status", "reason"),
    [
        ({}, 170, 1, "infection"),
        ({"add_on": "while_on_treatment"}, 60, 0, "another study drug added"),
        ({"add_on": "competing"}, 60, 3, "add_on"),
        ({"add_on": "composite"}, 60, 1, "add_on"),
        ({"pregnancy": "while_on_treatment"}, 91, 0, "pregnancy"),
        ({"pregnancy": "composite"}, 91, 1, "pregnancy"),
        ({"discontinuation": "while_on_treatment"}, 152, 0, "treatment stopped"),
        ({"discontinuation": "composite"}, 152, 1, "discontinuation"),
        ({"switch": "while_on_treatment", "add_on": "treatment_policy"}, 170, 1, "infection"),
        ({"switch": "while_on_treatment"}, 60, 0, "another study drug"),
    ],
)
def test_each_event_is_handled_as_stated(intercurrent, day, status, reason):
    row = followed(**intercurrent)[0].frame.iloc[0]
    assert (row["exit_days"], row["status"], row["end_reason"]) == (day, status, reason)


def test_what_the_endpoint_says_counts_before_the_comparison_and_that_before_the_strategy():
    settings = study(
        comparison=comparison(strategy="on_treatment", intercurrent={"switch": "competing"}),
        endpoints={
            "plain": {"kind": "discontinuation"},
            "own": {"kind": "discontinuation", "intercurrent": {"switch": "treatment_policy"}},
        },
    )
    assert settings.handling_of("plain")["switch"] == "competing"
    assert settings.handling_of("plain")["death"] == "competing"
    assert settings.handling_of("own")["switch"] == "treatment_policy"
    assert settings.handling_of("own")["discontinuation"] == "while_on_treatment"


def test_protocol_and_estimand_name_the_handling():
    _, settings = followed(
        pregnancy="composite", add_on="hypothetical", discontinuation="while_on_treatment"
    )
    choices = describe_protocol(settings, "infection").set_index("part")["choice"]
    assert choices["When the patient becomes pregnant"].startswith("Composite")
    assert choices["When another study drug is added"].startswith("Hypothetical")
    assert choices["When treatment stops"].startswith("While on treatment")
    assert choices["When another study drug starts"].startswith("Treatment policy")
    sentence = describe_estimand(settings, "infection")
    assert "pregnancy counting as the outcome" in sentence
    assert "were it not for adding another study drug" in sentence


def many(n=60, **adherence):
    """Follow n patients on azathioprine: every third stops for an adverse event on day 40."""
    courses = [
        course(f"p{i:02}", "azathioprine", "2012-01-01", "2012-02-10", stop_reason="adverse_event")
        if i % 3 == 0
        else course(f"p{i:02}", "azathioprine", "2012-01-01")
        for i in range(n)
    ]
    events = [
        {"patient_id": f"p{i:02}", "event_date": "2012-06-19", "event": "infection"}
        for i in range(0, n, 5)
    ]
    settings = study(
        comparison=comparison(strategy="per_protocol", adherence=adherence),
        endpoints={"infection": {"kind": "event", "event": "infection", "competing": []}},
    )
    people = [patient(f"p{i:02}") for i in range(n)]
    return follow(cohort(people, courses, events=events), settings, endpoint="infection")


def test_those_who_go_on_stand_for_those_who_stop():
    # A third leaves on day 40, in the period from 30 to 60: unstabilised the rest would count for
    # 1.5 from day 60 on. Stabilised by the share of the arm that stays they count for one.
    made = many()
    frame = made.frame
    assert frame.groupby("patient_id")["exit_days"].max().value_counts().to_dict() == {
        365: 32,
        40: 20,
        170: 8,
    }
    assert frame["weight"].to_numpy() == pytest.approx(np.ones(len(frame)))
    assert len(np.unique(made.clusters)) == 60
    assert "inverse-probability-of-censoring" in made.about["weighting"]


def test_a_stop_that_the_strategy_allows_ends_nothing():
    made = many(may_stop_for=["adverse_event"])
    assert made.frame["exit_days"].value_counts().to_dict() == {365: 48, 170: 12}
    assert not made.is_weighted


def test_the_protocol_says_how_departures_are_made_up_for():
    settings = study(
        comparison=comparison(strategy="per_protocol", adherence={"over_time": ["crp"]}),
        endpoints={"infection": {"kind": "event", "event": "infection"}},
    )
    choices = describe_protocol(settings, "infection").set_index("part")["choice"]
    assert (
        "periods of 30 days, from the baseline covariates and CRP" in choices["Censoring weights"]
    )


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ({"kind": "visit", "intercurrent": {"death": "treatment_policy"}}, "after death"),
        (
            {
                "kind": "event",
                "event": "infection",
                "count": "all",
                "intercurrent": {"switch": "composite"},
            },
            "needs count: first",
        ),
        (
            {"kind": "discontinuation", "intercurrent": {"discontinuation": "competing"}},
            "stopping is the outcome .* out of 'intercurrent'",
        ),
        (
            {"kind": "discontinuation", "competing": ["discontinuation", "death"]},
            "stopping is the outcome .* out of 'competing'",
        ),
        (
            {"kind": "recorded", "parameter": "x", "intercurrent": {"switch": "competing"}},
            "the source handled",
        ),
    ],
)
def test_a_handling_that_cannot_be_is_refused(endpoint, message):
    with pytest.raises(ValidationError, match=message):
        study(endpoints={"one": endpoint})


@pytest.mark.parametrize("count", ["first", "all"])
def test_weights_change_neither_time_at_risk_nor_events(count):
    # Per protocol and on treatment follow the same patients as long; only the weights differ.
    made = make_cohort(400, seed=4, world="informative_switching")
    endpoint = {"kind": "event", "event": "infection", "count": count, "lag_days": 20}
    arms = {"azathioprine": ["azathioprine"], "anti_tnf": ["anti_tnf"]}
    totals = []
    for strategy in ("on_treatment", "per_protocol"):
        settings = study(
            comparison=comparison(arms=arms, strategy=strategy),
            endpoints={"infection": endpoint},
            covariates=["age_years"],
        )
        frame = follow(made, settings, endpoint="infection").frame
        days = frame["exit_days"] - frame["entry_days"]
        totals.append((days.sum(), frame["n_events"].sum(), (frame["status"] > 0).sum()))
    assert totals[0] == totals[1]
    assert totals[0][1] > 0
