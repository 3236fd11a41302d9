"""Kinds of infection counted in the same patients, and a competing event done without."""

import pytest

from azaanalysis.design import follow, follow_kinds, follow_without, weigh
from azaanalysis.errors import DesignError
from azaanalysis.estimate import estimate_each, estimate_incidence, estimate_rates
from azaanalysis.synthetic import make_cohort
from tests.builders import cohort, comparison, course, follow_up, patient, study


def infection(date, **columns):
    return {"patient_id": "a", "event_date": date, "event": "infection", **columns}


def question(**changes):
    settings = {"kind": "event", "event": "infection", "count": "all", **changes}
    return study(endpoints={"infection": settings})


def one_patient(*events):
    return cohort([patient("a")], [course("a", "azathioprine", "2012-01-01")], events=events)


def test_an_infection_counts_for_every_kind_it_is_of():
    # Three infections: one serious, one zoster that is opportunistic, one neither; one too late.
    events = [
        infection("2012-02-01", is_serious=True, is_opportunistic=False, site_of_infection="other"),
        infection("2012-03-01", is_serious=False, is_opportunistic=True,
                  site_of_infection="herpes_zoster"),
        infection("2012-04-01", is_serious=False, is_opportunistic=False,
                  site_of_infection="other"),
        infection("2014-01-01", is_serious=True, is_opportunistic=True, site_of_infection="other"),
    ]  # fmt: skip

    kinds = follow_kinds(one_patient(*events), question(), endpoint="infection")

    counts = {kind: int(each.frame["n_events"].sum()) for kind, each in kinds.items()}
    assert counts == {
        "any_infection": 3,
        "serious_infection": 1,
        "opportunistic_infection": 1,
        "herpes_zoster": 1,
    }


def test_a_kind_without_its_column_is_left_out_and_named():
    kinds = follow_kinds(one_patient(infection("2012-02-01")), question(), endpoint="infection")

    assert list(kinds) == ["any_infection"]
    notes = kinds["any_infection"].about["notes"]
    assert "The events table does not say which infections are: herpes zoster." in notes


def test_first_events_are_no_kinds():
    made = one_patient(infection("2012-02-01"))

    with pytest.raises(DesignError, match="count: all"):
        follow_kinds(made, question(count="first"), endpoint="infection")


def test_the_weighted_rate_of_the_studys_own_kind_is_that_of_the_study():
    made = make_cohort(n_patients=1500, seed=7)
    arms = {"azathioprine": ["azathioprine"], "anti_tnf": ["anti_tnf"]}
    settings = {"kind": "event", "event": "infection", "count": "all", "lag_days": 30}
    asked = study(
        endpoints={"infection": {**settings, "where": {"is_serious": True}}},
        comparison=comparison(arms=arms),
        covariates=["age_years", "severity_score"],
        weighting={"target": "overlap"},
    )
    balanced = weigh(follow(made, asked, endpoint="infection"))

    kinds = follow_kinds(made, asked, endpoint="infection", weighted=balanced)
    rates = estimate_each(kinds, estimate_rates, variance="stacked").frame

    own = rates[rates["cause"] == "serious_infection"]["value"].to_numpy()
    assert own == pytest.approx(estimate_rates(balanced, variance="stacked").frame["value"])
    assert rates["cause"].nunique() == 4


def test_each_needs_a_follow_up():
    with pytest.raises(Exception, match="give at least one"):
        estimate_each({}, estimate_rates)


def test_without_stopping_the_risk_is_that_of_kaplan_and_meier():
    # Infection on day 10 (4 at risk), stop on 20 (3), infection on 30 (2), stop on 40.
    # With stopping: 1/4 + 3/4 * 2/3 * 1/2 = 1/2. Without: 1 - 3/4 * 1/2 = 5/8.
    followed = follow_up(
        days=[10, 20, 30, 40], status=[1, 2, 1, 2], causes=("infection", "discontinuation")
    )

    without = follow_without(followed, cause="discontinuation")

    risks = [estimate_incidence(each).only(quantity="risk") for each in (followed, without)]
    at_end = [risk.only(cause=risk.frame["cause"].iloc[0]).at([35]).frame for risk in risks]
    assert [frame["value"].iloc[0] for frame in at_end] == pytest.approx([1 / 2, 5 / 8])
    assert without.causes == ("infection_without_discontinuation",)


def test_death_moves_up_when_stopping_is_done_without():
    causes = ("infection", "discontinuation", "death")
    followed = follow_up(days=[10, 20, 30], status=[1, 2, 3], causes=causes)

    without = follow_without(followed, cause="discontinuation")

    assert without.frame["status"].tolist() == [1, 0, 2]
    assert without.causes == ("infection_without_discontinuation", "death")


def test_a_cause_that_does_not_compete_is_refused():
    followed = follow_up(days=[10], status=[1], causes=("infection", "death"))

    with pytest.raises(DesignError, match="does not compete with event; known are: death"):
        follow_without(followed, cause="stopping")
