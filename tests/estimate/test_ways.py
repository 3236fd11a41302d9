"""One question asked in several ways: what is varied, what is refused, and that nothing is lost."""

import numpy as np
import pytest

from azaanalysis.design import (
    describe_estimands,
    follow,
    list_estimands,
    list_specifications,
    weigh,
)
from azaanalysis.errors import EstimationError
from azaanalysis.estimate import (
    estimate_negative_control,
    estimate_risk_difference,
    estimate_ways,
)
from azaanalysis.synthetic import make_cohort
from tests import builders

VISITS = {"response": {"kind": "visit"}}
COVARIATES = ("severity_score", "age_years", "prior_biologics")


def study(**changes):
    settings = {
        "comparison": builders.comparison(
            arms={"azathioprine": ["azathioprine"], "anti_tnf": ["anti_tnf"]}
        ),
        "endpoints": VISITS,
        "covariates": COVARIATES,
        "weighting": {"target": "overlap"},
        "gate": {"largest_smd": 5, "smallest_equipoise": 0, "smallest_effective_share": 0},
    }
    return builders.study(**{**settings, **changes})


@pytest.fixture(scope="module")
def cohort():
    return make_cohort(1500, seed=3)


def test_a_wanted_outcome_has_four_handlings_and_three_populations():
    names = [way.name for way in list_estimands(study(), endpoint="response")]
    assert names == [
        "",
        "composite non-response",
        "while on treatment",
        "treatment policy",
        "hypothetical",
        "everybody (ATE)",
        "started azathioprine (ATT)",
        "any arm possible (overlap)",
    ]


def test_an_unwanted_event_may_be_composite_and_a_trial_has_no_other_populations():
    infections = {"infection": {"kind": "event", "event": "infection"}}
    ways = list_estimands(study(endpoints=infections, weighting=None), endpoint="infection")
    assert [way.name for way in ways][1:] == [
        "while on treatment",
        "competing",
        "treatment policy",
        "composite",
        "hypothetical",
    ]
    assert describe_estimands(ways)["What it asks"].str.endswith(("?", ".")).all()


def test_every_combination_is_there_once_and_the_studys_own_comes_first():
    ways = list_specifications(study(), endpoint="response", gaps=(30, 90))
    # Gaps 30, 60 (the study's) and 90, washouts 182, 365 and 730, three populations.
    assert len({way.label for way in ways}) == len(ways) == 27
    assert dict(ways[0].choices) == {
        "Gap (days)": "60",
        "Washout (days)": "365",
        "Target": "overlap",
    }


def test_what_a_randomised_trial_does_not_have_is_not_varied():
    trial = study(
        comparison=builders.comparison(washout_days=0, permissible_gap_days=0), weighting=None
    )
    (only,) = list_specifications(trial, endpoint="response")
    assert only.choices == ()


def test_the_answer_as_the_study_says_is_that_of_the_estimator(cohort):
    ways = list_estimands(study(), endpoint="response")
    made = estimate_ways(cohort, ways, endpoint="response", at_days=[180])
    own = made.frame[made.frame["endpoint"] == "As the study says"].iloc[0]
    balanced = weigh(follow(cohort, study(), endpoint="response"))
    direct = estimate_risk_difference(balanced, at_days=[180]).only(cause="response").frame.iloc[0]
    assert own["value"] == pytest.approx(direct["value"])
    assert own["lower"] == pytest.approx(direct["lower"])
    # Where rows are cut for censoring weights, patients are counted, not rows.
    hypothetical = made.frame[made.frame["endpoint"].str.contains("hypothetical")].iloc[0]
    assert hypothetical["patients"] == own["patients"]


def test_what_cannot_be_answered_is_there_with_its_reason(cohort):
    strict = study(gate={"smallest_equipoise": 1.0})
    ways = list_specifications(strict, endpoint="response", gaps=(), washouts=())
    made = estimate_ways(cohort, ways, endpoint="response", at_days=[90, 180])
    assert len(made.frame) == 3 * 2
    assert made.frame["value"].isna().all()
    assert [way for way, *_ in made.about["refused"]] == [way.label for way in ways]
    assert "not alike enough" in made.about["refused"][0][2]


def test_a_way_that_the_data_do_not_carry_is_refused_beside_those_they_carry(cohort):
    sound = list_specifications(study(), endpoint="response", gaps=(), washouts=())
    lame = list_specifications(
        study(covariates=("tpmt_activity",)), endpoint="response", gaps=(), washouts=()
    )
    made = estimate_ways(cohort, [*sound[:1], *lame[1:2]], endpoint="response", at_days=[90])
    assert len(made.frame) == 1
    ((label, arm, reason),) = made.about["refused"]
    assert (label, arm) == (lame[1].label, "")
    assert "tpmt_activity" in reason


def test_an_interruption_keeps_what_was_done_and_refuses_the_rest(cohort):
    def stop_after_two(done, total):
        assert total == 3
        if done == 2:
            raise KeyboardInterrupt

    ways = list_specifications(study(), endpoint="response", gaps=(), washouts=())
    made = estimate_ways(cohort, ways, endpoint="response", at_days=[90], progress=stop_after_two)
    assert made.frame["endpoint"].tolist() == [way.label for way in ways[:2]]
    refused = [(way, reason) for way, _, reason in made.about["refused"]]
    assert refused == [(ways[2].label, "it was interrupted before this one")]


def test_days_beyond_the_horizon_are_left_out_and_no_way_at_all_is_refused(cohort):
    ways = list_estimands(study(), endpoint="response")[:1]
    made = estimate_ways(cohort, ways, endpoint="response", at_days=[180, 4000])
    assert made.frame["at_days"].tolist() == [180]
    with pytest.raises(EstimationError, match="no way to ask"):
        estimate_ways(cohort, [], endpoint="response")


def test_a_negative_control_is_shown_as_observed_and_as_weighted(cohort):
    asked = study(
        endpoints={
            **VISITS,
            "negative_control": {"kind": "event", "event": "injury", "strategy": "as_started"},
        }
    )
    made = estimate_negative_control(cohort, asked).frame
    assert made["endpoint"].tolist() == ["as observed", "as weighted"]
    # Injuries are made without regard to any drug.
    assert (made["lower"] < 1).all()
    assert (made["upper"] > 1).all()


def test_without_a_negative_control_the_reader_is_told_how_to_have_one(cohort):
    made = estimate_negative_control(cohort, study())
    assert len(made) == 0
    assert "'negative_control'" in made.about["reason"]


def test_a_confounded_outcome_gives_itself_away_where_no_drug_acts():
    # Severe patients are given the new drug and hurt themselves more; no drug hurts anybody.
    rng = np.random.default_rng(7)
    n = 1200
    severe = rng.random(n) < 0.5
    new = rng.random(n) < np.where(severe, 0.8, 0.2)
    hurt = rng.random(n) < np.where(severe, 0.4, 0.1)
    people = [builders.patient(f"p{i}", severity_score=float(severe[i])) for i in range(n)]
    courses = [
        builders.course(f"p{i}", "infliximab" if new[i] else "azathioprine", "2015-01-01")
        for i in range(n)
    ]
    events = [
        {"patient_id": f"p{i}", "event": "injury", "event_date": "2015-03-01"}
        for i in np.flatnonzero(hurt)
    ]
    control = {"kind": "event", "event": "injury", "strategy": "as_started"}
    asked = study(endpoints={"negative_control": control}, covariates=("severity_score",))
    made = estimate_negative_control(builders.cohort(people, courses, events=events), asked).frame
    observed, weighted = made["lower"].iloc[0], made.iloc[1]
    assert observed > 1.3
    assert weighted["lower"] < 1 < weighted["upper"]
