"""True rates and mean counts: by hand, as the estimators find them in everybody, and precise."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from azaanalysis.design import follow, follow_kinds, follow_recurrent
from azaanalysis.errors import ParameterError
from azaanalysis.estimate import estimate_mean_count, estimate_rates
from azaanalysis.study import load_study
from azaanalysis.synthetic import (
    Reading,
    make_potential_cohorts,
    simulate_overlap_truth,
    simulate_truth,
    true_mean_count,
    true_rate,
    true_rate_difference,
    true_rate_ratio,
    true_risk,
)
from azaanalysis.synthetic.truth import Truth

STUDY = Path(__file__).parents[2] / "notebooks" / "study.yml"
YEAR = 365.25
SERIOUS = "serious_infection"


pytestmark = pytest.mark.usefixtures("own_shelf")


def truth_of(leave, death, infections, horizon_days=4):
    """Return a truth of one strategy, from last days at risk, days of death and infections."""
    outcomes = pd.DataFrame({"exposed_days": leave, "death_day": death})
    person, day = zip(*infections, strict=True)
    rows = pd.DataFrame({"person": person, "kind": SERIOUS, "day": day})
    people = pd.DataFrame(index=range(len(leave)))
    weight = np.ones(len(leave))
    return Truth(people, {"drug": outcomes}, {"drug": rows}, weight, horizon_days, {})


# Four people: A stops on day 1, B dies on day 2, C and D go on to day 4. Infections: B on day 2,
# C on day 1 and day 4.
FOUR = truth_of([1, 2, 4, 4], [9, 2, 9, 9], [(1, 2), (2, 1), (2, 4)])


def test_a_rate_is_that_of_each_day_in_the_time_watched_by_hand():
    # At risk on days 0 to 4: 4, 4, 3, 2, 2; rates 0, 1/4, 1/3, 0, 1/2. A study that watched 10
    # people on day 1 and 6 on day 2: (10/4 + 6/3) / 16 days.
    watched = {"drug": np.array([10.0, 10.0, 6.0])}
    made = true_rate(FOUR, SERIOUS, per_years=1, watched=watched).frame["value"].item()

    assert made == pytest.approx((10 / 4 + 6 / 3) / 16 * YEAR)


def test_a_mean_count_with_stopping_censored_is_that_worked_by_hand():
    # Alive before days 0 to 4: 1, 1, 1, 2/3, 2/3 (B dies on day 2, 1 of 3 at risk).
    # Sum of alive x rate: 1/4 by day 1, + 1/3 by day 2, + 2/3 x 1/2 by day 4.
    made = true_mean_count(FOUR, SERIOUS, at_days=[1, 2, 4], stopping="censored")
    plain = true_mean_count(FOUR, SERIOUS, at_days=[1, 2, 4])

    assert made.frame["value"].tolist() == pytest.approx([1 / 4, 7 / 12, 11 / 12])
    assert plain.frame["value"].tolist() == pytest.approx([1 / 4, 2 / 4, 3 / 4])


def test_people_watched_to_their_own_end_have_the_plain_rate():
    # Days at risk after day 0: 4 + 3 + 2 + 2.
    watched = {"drug": np.array([4.0, 4.0, 3.0, 2.0, 2.0])}
    made = true_rate(FOUR, SERIOUS, per_years=1, watched=watched).frame["value"].item()

    assert made == pytest.approx(3 / 11 * YEAR)


def test_a_study_that_watched_for_longer_than_the_truth_is_refused():
    with pytest.raises(ParameterError, match="watched for 6 days, and this truth ends on day 4"):
        true_rate(FOUR, SERIOUS, watched={"drug": np.ones(7)})
    with pytest.raises(ParameterError, match="no true rate or mean count of 'response'"):
        true_mean_count(FOUR, "response", at_days=[1])


# The same invented people, once as days and counts of the truth, once as tables that the study
# reads: nobody is lost, so the estimators must find the truth, and its error.
@pytest.fixture(scope="module")
def both(own_shelf):
    study = load_study(STUDY).changed(
        population={"diseases": (), "without": ()}, comparison={"horizon_days": 370}
    )
    reading = Reading(permissible_gap_days=60, lag_days=30, episode_gap_days=30)
    asked = {"n_patients": 3000, "seed": 11, "horizon_days": 370}
    tables = make_potential_cohorts("inflammatory_bowel_disease", **asked)
    return study, tables.cohorts, simulate_truth(**asked, reading=reading)


ARMS = ("azathioprine", "azathioprine_with_anti_tnf", "jak_inhibitor")


def entered(study, cohort, arm):
    """Return the follow-up of those who enter with the drug that all of them started."""
    followed = follow(cohort, study, endpoint="infection")
    frame = followed.frame[followed.frame["arm"] == arm]
    weight = np.where(np.arange(len(frame)) % 3 == 0, 2.0, 1.0)
    frame = frame.assign(weight=weight, arm=frame["arm"].cat.remove_unused_categories())
    return type(followed)(frame.reset_index(drop=True), "infection", followed.causes)


def same_people(truth, cohort, followed, arm):
    """Return the truth of those who entered, with their weights."""
    place = pd.Index(cohort.patients["patient_id"]).get_indexer(followed.frame["patient_id"])
    person = np.full(len(cohort.patients), -1)
    person[place] = np.arange(len(place))
    infections = truth.infections[arm]
    infections = infections.assign(person=person[infections["person"]])
    outcomes = truth.outcomes[arm].iloc[place].reset_index(drop=True)
    weight = followed.frame["weight"].to_numpy()
    kept = infections[infections["person"] >= 0]
    return Truth(outcomes, {arm: outcomes}, {arm: kept}, weight, truth.horizon_days, truth.about)


@pytest.mark.parametrize("arm", ARMS)
def test_true_mean_counts_are_those_estimated_from_everybody(both, arm):
    study, cohorts, truth = both
    followed = entered(study, cohorts[arm], arm)
    recurrent = follow_recurrent(cohorts[arm], study, endpoint="infection", weighted=followed)
    found = estimate_mean_count(recurrent, variance="robust", at_days=[100, 200, 370]).frame
    true = same_people(truth, cohorts[arm], followed, arm)
    made = true_mean_count(true, SERIOUS, at_days=[100, 200, 370], stopping="censored").frame

    assert found["events"].iloc[-1] >= 15
    assert made["value"].tolist() == pytest.approx(found["value"].tolist(), rel=1e-9)
    assert made["std_error"].tolist() == pytest.approx(found["std_error"].tolist(), rel=1e-3)


@pytest.mark.parametrize("kind", ["any_infection", "serious_infection", "herpes_zoster"])
@pytest.mark.parametrize("arm", ARMS)
def test_true_rates_are_those_estimated_from_everybody(both, arm, kind):
    study, cohorts, truth = both
    followed = entered(study, cohorts[arm], arm)
    kinds = follow_kinds(cohorts[arm], study, endpoint="infection", weighted=followed)
    found = estimate_rates(kinds[kind], variance="robust").frame.iloc[0]
    true = same_people(truth, cohorts[arm], followed, arm)
    rows = followed.frame
    watched = [(rows["weight"] * (rows["exit_days"] >= day)).sum() for day in range(371)]
    name = "infection" if kind == "any_infection" else kind
    made = true_rate(true, name, watched={arm: np.array(watched)}).frame.iloc[0]

    assert made["value"] == pytest.approx(found["value"], rel=1e-9)
    # That of the estimate is of a rate over all days at once.
    assert made["std_error"] == pytest.approx(found["std_error"], rel=0.02)


def test_under_a_constant_hazard_it_does_not_matter_how_long_people_are_watched():
    truth = simulate_truth("constant_hazard", n_patients=8000, seed=3, horizon_days=370)
    early = {name: np.array([1.0] * 60) for name in truth.strategies}
    late = {name: np.linspace(0, 1, 300) for name in truth.strategies}
    for watched in (early, late):
        for row in true_rate(truth, SERIOUS, watched=watched).frame.itertuples():
            put_in = {"azathioprine": 10, "jak_inhibitor": 20}.get(row.arm, 15)
            assert abs(row.value - put_in) < 4 * row.std_error


def test_comparisons_of_rates_are_those_of_the_two_rates_and_more_precise(both):
    truth = both[2]
    watched = {name: np.ones(371) for name in truth.strategies}
    arms = {"arm": "jak_inhibitor", "versus": "azathioprine"}
    rates = true_rate(truth, "infection", watched=watched).frame.set_index("arm")
    one, two = rates.loc["jak_inhibitor"], rates.loc["azathioprine"]
    gap = true_rate_difference(truth, "infection", **arms, watched=watched).frame.iloc[0]
    ratio = true_rate_ratio(truth, "infection", **arms, watched=watched).frame.iloc[0]

    assert gap["value"] == pytest.approx(one["value"] - two["value"])
    assert ratio["value"] == pytest.approx(one["value"] / two["value"])
    assert gap["std_error"] < np.hypot(one["std_error"], two["std_error"])


STRATEGIES = ("azathioprine", "azathioprine_with_anti_tnf", "jak_inhibitor")


def test_people_drawn_for_the_overlap_have_its_truth():
    drawn = simulate_overlap_truth(
        "inflammatory_bowel_disease", STRATEGIES, n_patients=12_000, seed=2, horizon_days=200
    )
    everybody = simulate_truth(n_patients=12_000, seed=4, horizon_days=200)
    overlap = everybody.among("overlap", strategies=STRATEGIES)

    assert drawn.strategies == STRATEGIES
    assert len(drawn.people) < 6000
    assert np.ptp(drawn.weight) < 1e-9
    for endpoint in ("response", "discontinuation"):
        made, full = (true_risk(truth, endpoint, at_days=[182]).frame for truth in (drawn, overlap))
        error = np.hypot(made["std_error"], full["std_error"])
        assert ((made["value"] - full["value"]).abs() < 4 * error + 1e-9).all()


def test_people_drawn_for_the_overlap_stand_for_those_who_are_not_followed():
    # Those who get a JAK inhibitor are iller and had more biologics before, in both alike.
    treated = {"strategies": STRATEGIES, "treated": "jak_inhibitor"}
    drawn = simulate_overlap_truth(
        "inflammatory_bowel_disease", STRATEGIES, n_patients=12_000, seed=2, horizon_days=200
    ).among("att", **treated)
    everybody = simulate_truth(n_patients=12_000, seed=4, horizon_days=200).among("att", **treated)

    for trait in ("severity_score", "prior_biologics", "age_years"):
        (one, its_error), (two, error) = (mean_of(t, trait) for t in (drawn, everybody))
        assert abs(one - two) < 4 * np.hypot(its_error, error)


def mean_of(truth, trait):
    """Return the mean of a trait of the people of a truth, and its standard error."""
    values = truth.people[trait].to_numpy(dtype=float)
    mean = np.average(values, weights=truth.weight)
    return mean, np.sqrt(((truth.weight * (values - mean)) ** 2).sum()) / truth.weight.sum()


def test_a_strategy_that_the_world_does_not_have_is_refused():
    with pytest.raises(ParameterError, match="'placebo' is not a strategy of this world"):
        simulate_overlap_truth("inflammatory_bowel_disease", ("azathioprine", "placebo"))
