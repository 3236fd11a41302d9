"""One cause at a time, and what goes wrong early: stopping for harm, and pancreatitis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azaanalysis.design import follow, follow_cause, follow_harms, weigh
from azaanalysis.errors import DesignError
from azaanalysis.estimate import estimate_hazard_ratio, estimate_incidence
from azaanalysis.synthetic import make_cohort
from tests.builders import cohort, comparison, course, follow_up, patient, study

CAUSES = {"harm": ["adverse_event"], "failure": ["lack_of_efficacy"]}
STOPPING = {"stopping": {"kind": "discontinuation", "causes": CAUSES}}


def pancreatitis(patient_id, date):
    return {"patient_id": patient_id, "event_date": date, "event": "pancreatitis"}


def five(events):
    """Four start azathioprine and one an anti-TNF on 2012-03-01; two stop on day 30."""
    stops = {"a": "adverse_event", "b": "lack_of_efficacy"}
    drugs = dict.fromkeys("abcd", "azathioprine") | {"e": "infliximab"}
    courses = [
        course(name, drug, "2012-03-01", "2012-03-31" if name in stops else None,
               stop_reason=stops.get(name))
        for name, drug in drugs.items()
    ]  # fmt: skip
    return cohort([patient(name) for name in drugs], courses, events=events)


def test_stopping_for_harm_and_pancreatitis_are_followed_in_the_same_patients():
    # a stops for harm on day 30; b for failure. Pancreatitis: a on day 40, within 30 days after
    # stopping; b on day 80, too late; c on day 10. Stopping competes 30 days after it.
    events = [
        *(pancreatitis("a", "2012-04-10"), pancreatitis("b", "2012-05-20")),
        pancreatitis("c", "2012-03-11"),
    ]
    harms = follow_harms(five(events), study(endpoints=STOPPING), endpoint="stopping")

    assert list(harms) == ["stopped_for_harm", "pancreatitis"]
    stopped, inflamed = harms.values()
    assert stopped.causes == ("stopped_for_harm", "failure", "death")
    assert stopped.n_own == inflamed.n_own == 1
    assert stopped.frame["status"].tolist() == [1, 2, 0, 0, 0]
    assert inflamed.causes == ("pancreatitis", "death", "discontinuation")
    assert inflamed.frame["status"].tolist() == [1, 3, 1, 0, 0]
    assert inflamed.frame["exit_days"].tolist()[:3] == [40, 60, 10]
    assert {one.endpoint for one in harms.values()} == {"harm"}


def test_the_studys_own_rule_for_an_event_counts():
    own = {"kind": "event", "event": "pancreatitis", "lag_days": 0, "competing": ["death"]}
    asked = study(endpoints={**STOPPING, "inflamed_pancreas": own})
    events = [pancreatitis("a", "2012-04-10")]
    made = follow_harms(five(events), asked, endpoint="stopping")["pancreatitis"]

    # On day 40 treatment had ended, and without a lag nothing after it counts.
    assert made.frame["status"].tolist() == [0, 0, 0, 0, 0]
    assert made.frame["exit_days"].tolist()[0] == 30


def test_an_event_without_any_record_is_left_out_and_named():
    for events in ([], [{**pancreatitis("a", "2012-04-10"), "event": "flare"}]):
        tables = {"events": events} if events else {}
        made = cohort([patient("a")], [course("a", "azathioprine", "2012-03-01")], **tables)
        harms = follow_harms(made, study(endpoints=STOPPING), endpoint="stopping")

        assert list(harms) == ["stopped_for_harm"]
        notes = harms["stopped_for_harm"].about["notes"]
        assert "The data have no record of any pancreatitis, so that it is left out." in notes


def test_without_reasons_every_stop_is_counted_and_a_note_says_so():
    asked = study(endpoints={"stopping": {"kind": "discontinuation"}})
    harms = follow_harms(five([]), asked, endpoint="stopping", events=[])

    assert harms["stopped"].frame["status"].tolist() == [1, 1, 0, 0, 0]
    assert "all stops are counted" in harms["stopped"].about["notes"][-1]


def test_harms_of_another_endpoint_are_refused():
    other = {"infection": {"kind": "event", "event": "infection"}}
    asked = study(endpoints={**STOPPING, "again": STOPPING["stopping"], **other})
    made = five([])

    with pytest.raises(DesignError, match="kind 'discontinuation', and 'infection' is none"):
        follow_harms(made, asked, endpoint="infection")
    weighted = follow(made, asked, endpoint="again")
    with pytest.raises(DesignError, match="is that of 'again', not of 'stopping'"):
        follow_harms(made, asked, endpoint="stopping", weighted=weighted)


def test_harms_carry_the_weights_of_the_comparison():
    asked = study(
        endpoints=STOPPING,
        comparison=comparison(horizon_days=120),
        covariates=["severity_score", "age_years"],
        weighting={"target": "overlap"},
    )
    made = make_cohort(1200, seed=5)
    balanced = weigh(follow(made, asked, endpoint="stopping"))
    harms = follow_harms(made, asked, endpoint="stopping", weighted=balanced)

    for followed in harms.values():
        assert followed.frame["weight"].tolist() == balanced.frame["weight"].tolist()
        assert followed.weighting is not None


def test_a_cause_that_does_not_exist_is_refused_with_its_neighbour():
    made = follow_up(days=[1, 2], status=[1, 2], causes=("harm", "failure"))

    with pytest.raises(
        DesignError, match="'harn' does not end this follow-up; did you mean 'harm'"
    ):
        follow_cause(made, cause="harn")


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 3)), min_size=6, max_size=40),
    st.sampled_from(["one", "two", "three"]),
)
def test_risk_and_hazard_of_a_cause_are_the_same_followed_alone(rows, cause):
    days, status = zip(*rows, strict=True)
    arms = ["a" if place % 2 else "b" for place in range(len(rows))]
    made = follow_up(days=days, status=list(status), arm=arms, causes=("one", "two", "three"))
    alone = follow_cause(made, cause=cause)

    # Hazard ratios are given for own causes only, and of the three the first is.
    for estimator in (estimate_incidence, estimate_hazard_ratio)[: 2 if cause == "one" else 1]:
        both = [estimator(each).only(cause=cause).frame for each in (made, alone)]
        columns = ["value", "lower", "upper", "events"]
        ours, theirs = (each[columns].to_numpy(dtype=float) for each in both)
        assert ours == pytest.approx(theirs, nan_ok=True)
    assert alone.frame["n_events"].sum() == (alone.frame["status"] == 1).sum()
