"""Truth: worked by hand where hazards are constant, null where nothing differs, and met."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from azaanalysis.design import follow
from azaanalysis.errors import ParameterError
from azaanalysis.estimate import estimate_incidence, estimate_rates
from azaanalysis.result import Estimate
from azaanalysis.study import load_study
from azaanalysis.synthetic import (
    Reading,
    make_cohort,
    simulate_truth,
    true_mean_count,
    true_persistence,
    true_rate,
    true_restricted_mean,
    true_risk,
    true_risk_difference,
    true_risk_ratio,
)
from azaanalysis.synthetic.outcomes import _episodes

STUDY = Path(__file__).parents[2] / "notebooks" / "study.yml"
# Hazards per year in the world of constant hazards: adverse event, choice, death; and what
# multiplies ten serious infections per 100 patient-years.
CONSTANT = {
    "azathioprine": (0.30, 0.10, 0.02, 1.0),
    "azathioprine_with_anti_tnf": (0.15, 0.20, 0.02, 1.5),
    "anti_tnf": (0.15, 0.20, 0.02, 1.5),
    "jak_inhibitor": (0.20, 0.25, 0.02, 2.0),
}


pytestmark = pytest.mark.usefixtures("own_shelf")


@pytest.fixture(scope="module")
def constant(own_shelf):
    return simulate_truth("constant_hazard", n_patients=8000, seed=3, horizon_days=370)


@pytest.fixture(scope="module")
def base(own_shelf):
    return simulate_truth(n_patients=3000, seed=8, horizon_days=370)


def risk_by_hand(strategy, cause, day):
    adverse_event, choice, death, _ = CONSTANT[strategy]
    total = adverse_event + choice + death
    own = {"adverse_event": adverse_event, "patient_choice": choice}[cause]
    # F(t) = own / total * (1 - exp(-total * t)); day d is over after d + 1 days.
    return own / total * -np.expm1(-total * (day + 1) / 365.25)


def test_risks_under_constant_hazards_are_those_worked_by_hand(constant):
    risks = true_risk(constant, "discontinuation", at_days=[90, 365])
    rows = risks.only(cause=["adverse_event", "patient_choice"]).frame

    assert len(rows) == 16
    for row in rows.itertuples():
        by_hand = risk_by_hand(row.arm, row.cause, row.at_days)
        assert abs(row.value - by_hand) < 4 * row.std_error


def test_persistence_under_constant_hazards_is_an_exponential(constant):
    for row in true_persistence(constant, at_days=[180]).frame.itertuples():
        by_hand = np.exp(-sum(CONSTANT[row.arm][:3]) * 181 / 365.25)
        assert abs(row.value - by_hand) < 4 * row.std_error


def test_the_restricted_mean_under_constant_hazards_is_that_worked_by_hand(constant):
    truth = true_restricted_mean(constant, "discontinuation", until_day=365)

    for row in truth.frame.itertuples():
        total = sum(CONSTANT[row.arm][:3]) / 365.25
        # Whole days survived up to day 365: the sum over d = 1..365 of exp(-total * d).
        by_hand = np.exp(-total * np.arange(1, 366)).sum()
        assert abs(row.value - by_hand) < 4 * row.std_error


def test_rates_of_serious_infection_under_constant_hazards_are_those_put_in(constant):
    for row in true_rate(constant, "serious_infection").frame.itertuples():
        assert row.unit == "per 100 patient-years"
        assert abs(row.value - 10 * CONSTANT[row.arm][3]) < 4 * row.std_error


def test_in_the_null_world_everybody_has_the_same_first_treatment_under_every_strategy():
    truth = simulate_truth("null_effect", n_patients=1500, seed=2, horizon_days=370)

    reference = truth.outcomes["azathioprine"]
    columns = ["stop_day", "stop_reason", "death_day", "exposed_days", "n_infection"]
    for strategy in truth.strategies[1:]:
        pd.testing.assert_frame_equal(truth.outcomes[strategy][columns], reference[columns])
        for endpoint in ("response", "serious_infection"):
            difference = true_risk_difference(
                truth, endpoint, arm=strategy, versus="azathioprine", at_days=[182]
            )
            assert (difference.frame["value"] == 0).all()


def test_common_luck_makes_a_difference_more_precise_than_two_separate_risks(base):
    arms = ("anti_tnf", "azathioprine_with_anti_tnf")
    two = base.among(strategies=arms)
    difference = true_risk_difference(two, "response", arm=arms[1], versus=arms[0], at_days=[182])
    risks = true_risk(two, "response", at_days=[182])

    assert difference.frame["std_error"].item() < 0.8 * np.hypot(*risks.frame["std_error"])


def test_risks_by_reason_add_up_to_the_risk_of_stopping(base):
    rows = true_risk(base, "discontinuation", at_days=[182]).frame
    is_any = rows["cause"] == "discontinuation"
    total = rows[is_any].set_index("arm")["value"]

    by_reason = rows[~is_any].groupby("arm")["value"].sum()
    assert by_reason.to_dict() == pytest.approx(total.to_dict())


def test_overlap_weights_leave_out_whoever_cannot_get_a_strategy(base):
    weight = base.among("overlap", strategies=("azathioprine", "jak_inhibitor")).weight

    assert (weight[base.people["index_year"] < 2018] == 0).all()
    assert (weight[base.people["index_year"] >= 2018] > 0).all()


def test_overlap_weights_of_two_strategies_are_the_product_of_their_chances(base):
    # Li and Li (2019): for two groups 1 / (1/e + 1/(1-e)) = e (1 - e).
    weight = base.among("overlap", strategies=("azathioprine", "anti_tnf")).weight
    chance = base.people[["chance_azathioprine", "chance_anti_tnf"]].to_numpy()
    total = chance.sum(axis=1)

    assert weight == pytest.approx(total * (chance[:, 0] / total) * (chance[:, 1] / total))


def test_those_who_get_the_stronger_drug_are_iller_so_their_risk_differs(base):
    two = base.among(strategies=("azathioprine", "anti_tnf"))
    everybody = true_risk(two, "remission", at_days=[365]).frame["value"]
    of_treated = two.among("att", treated="anti_tnf")
    treated = true_risk(of_treated, "remission", at_days=[365]).frame["value"]

    assert (treated < everybody).all()


def test_a_population_is_cut_out_by_a_condition(base):
    adults = base.where("age_years >= 18 and not has_cancer_history")

    assert 0 < len(adults.people) < len(base.people)
    assert all(len(found) == len(adults.people) for found in adults.outcomes.values())
    with pytest.raises(ParameterError, match="Nobody in this world meets 'age_years > 200'"):
        base.where("age_years > 200")


def test_the_truth_is_taken_from_the_shelf_the_second_time(monkeypatch):
    first = simulate_truth(n_patients=200, seed=1, horizon_days=60)

    def refuse(*_):
        raise AssertionError("simulated again")

    monkeypatch.setattr("azaanalysis.synthetic.truth._potential_outcomes", refuse)
    again = simulate_truth(n_patients=200, seed=1, horizon_days=60)

    assert again.strategies == first.strategies
    for strategy in first.strategies:
        pd.testing.assert_frame_equal(again.outcomes[strategy], first.outcomes[strategy])
    with pytest.raises(AssertionError, match="simulated again"):
        simulate_truth(n_patients=200, seed=1, horizon_days=60, reading=Reading(lag_days=30))


def test_what_does_not_exist_is_refused_in_words(base):
    with pytest.raises(ParameterError, match="did you mean 'discontinuation'"):
        true_risk(base, "discontinuatoin", at_days=[90])
    with pytest.raises(ParameterError, match="beyond the horizon of this truth, 370 days"):
        true_risk(base, "response", at_days=[400])
    with pytest.raises(ParameterError, match="'placebo' is not a strategy of this world"):
        base.among(strategies=["placebo"])
    with pytest.raises(ParameterError, match="needs treated="):
        base.among("att")
    with pytest.raises(ParameterError, match="must be 'ate', 'att' or 'overlap'; got 'all'"):
        base.among("all")
    with pytest.raises(ParameterError, match="no true rate or mean count of 'response'"):
        true_rate(base, "response")


def test_the_mean_count_under_constant_hazards_is_that_worked_by_hand(constant):
    counts = true_mean_count(constant, "serious_infection", at_days=[180, 365])

    for row in counts.frame.itertuples():
        total = sum(CONSTANT[row.arm][:3])
        rate = 0.1 * CONSTANT[row.arm][3]
        # Infections come at a constant rate while nothing has ended the treatment:
        # the integral of rate * exp(-total * t).
        by_hand = rate / total * -np.expm1(-total * (row.at_days + 1) / 365.25)
        assert abs(row.value - by_hand) < 4 * row.std_error


def test_a_ratio_of_risks_is_that_of_the_two_risks(base):
    risks = true_risk(base, "response", at_days=[182]).frame.set_index("arm")["value"]
    ratio = true_risk_ratio(base, "response", arm="anti_tnf", versus="azathioprine", at_days=[182])

    row = ratio.frame.iloc[0]
    assert row["value"] == pytest.approx(risks["anti_tnf"] / risks["azathioprine"])
    assert 0 < row["std_error"] < 0.3


def test_counts_of_all_infections_reach_those_of_the_outcomes(base):
    counts = true_mean_count(base, "infection", at_days=[370]).frame.set_index("arm")["value"]

    for strategy, found in base.outcomes.items():
        by_person = np.average(found["n_infection"], weights=base.weight)
        assert counts[strategy] == pytest.approx(by_person)


def test_infections_stay_with_their_people_when_a_population_is_cut_out(base):
    women = base.where("is_female")

    for strategy in women.strategies:
        rows = women.infections[strategy].query("kind == 'infection'")
        counted = np.bincount(rows["person"], minlength=len(women.people))
        assert (counted == women.outcomes[strategy]["n_infection"].to_numpy()).all()


def test_infections_of_one_episode_count_once():
    # Days 10 and 25 are 15 apart, 25 and 60 are 35 apart: two episodes at a gap of 30 days.
    # The second patient starts anew.
    rows = np.array([[0, 10], [0, 25], [0, 60], [1, 61]])

    assert _episodes(rows, 30).tolist() == [[0, 10], [0, 60], [1, 61]]
    assert _episodes(rows, 0).tolist() == rows.tolist()


def test_as_started_more_infections_count_than_on_treatment(base):
    options = {"n_patients": 1000, "seed": 8, "horizon_days": 370}
    started = simulate_truth(**options, reading=Reading(strategy="as_started"))
    treated = simulate_truth(**options)

    for strategy in started.strategies:
        more, fewer = started.outcomes[strategy], treated.outcomes[strategy]
        assert (more["n_infection"] >= fewer["n_infection"]).all()
        assert (more["response_day"] <= fewer["response_day"]).all()
        assert more["n_infection"].sum() > fewer["n_infection"].sum()


# What a study estimates from a cohort in which treatment is by lot is the truth: the same
# definitions on both sides, from the visit that shows a response to the lag after a stop.
@pytest.fixture(scope="module")
def by_lot(own_shelf):
    study = load_study(STUDY).changed(
        population={"diseases": (), "without": ()}, endpoints={"response": {"horizon_days": 400}}
    )
    reading = Reading(permissible_gap_days=60, lag_days=30, episode_gap_days=30)
    truth = simulate_truth("randomised", n_patients=8000, seed=5, horizon_days=400, reading=reading)
    seen = truth.where("age_years >= 18 and lookback_days >= 365")
    return make_cohort(20_000, seed=6, world="randomised"), study, seen


def farthest(estimate, true):
    """Return how many standard errors an estimate lies from the truth, where it is farthest."""
    keys = ["arm", "cause", "at_days"] if true.frame["at_days"].notna().all() else ["arm"]
    both = estimate.frame.merge(true.frame, on=keys, suffixes=("", "_true"))
    assert len(both) == len(true.frame)
    distance = (both["value"] - both["value_true"]).abs()
    error = np.hypot(both["std_error"], both["std_error_true"])
    return (distance / error).max()


@pytest.mark.parametrize(
    ("endpoint", "true_endpoint", "cause"),
    [
        ("response", "response", "response"),
        ("first_infection", "serious_infection", "infection"),
        ("discontinuation", "discontinuation", "adverse_event"),
        ("discontinuation", "discontinuation", "lack_of_efficacy"),
    ],
)
def test_a_randomised_cohort_meets_the_true_risks(by_lot, endpoint, true_endpoint, cause):
    cohort, study, truth = by_lot
    followed = follow(cohort, study, endpoint=endpoint)
    estimate = estimate_incidence(followed).only(cause=cause, quantity="risk").at([182, 365])
    true = true_risk(truth, true_endpoint, at_days=[182, 365])
    of_cause = true.only(cause=cause if endpoint == "discontinuation" else true_endpoint)
    renamed = Estimate(of_cause.frame.assign(cause=cause), of_cause.about)

    # Eight comparisons: four errors are beyond chance.
    assert farthest(estimate, renamed) < 4


def test_a_randomised_cohort_meets_the_true_rate(by_lot):
    cohort, study, truth = by_lot
    short = study.changed(comparison={"horizon_days": 400})
    frame = estimate_rates(follow(cohort, short, endpoint="infection")).frame
    # The interval is exact for counts; as an error, the root of the count will do here.
    error = frame["value"] / frame["events"].astype(float) ** 0.5
    estimate = Estimate(frame.assign(std_error=error), {})

    # Frailty makes counts of a person alike: the root of the count is up to a fifth too small.
    assert farthest(estimate, true_rate(truth, "serious_infection")) < 4.5
