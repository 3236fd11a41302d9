"""Truth: worked by hand where hazards are constant, null where nothing differs, and met."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis.errors import ParameterError
from azaanalysis.synthetic import (
    Reading,
    load_parameters,
    make_cohort,
    shelf,
    simulate_truth,
    true_persistence,
    true_rate,
    true_restricted_mean,
    true_risk,
    true_risk_difference,
)
from azaanalysis.synthetic.truth import target_weights

# Hazards per year in the world of constant hazards: adverse event, choice, death; and what
# multiplies ten serious infections per 100 patient-years.
CONSTANT = {
    "azathioprine": (0.30, 0.10, 0.02, 1.0),
    "combination": (0.15, 0.20, 0.02, 1.5),
    "anti_tnf": (0.15, 0.20, 0.02, 1.5),
    "jak_inhibitor": (0.20, 0.25, 0.02, 2.0),
}


@pytest.fixture(autouse=True, scope="module")
def _own_shelf(tmp_path_factory):
    usual, shelf.SHELF = shelf.SHELF, tmp_path_factory.mktemp("shelf")
    yield
    shelf.SHELF = usual


@pytest.fixture(scope="module")
def constant(_own_shelf):
    return simulate_truth("constant_hazard", n_patients=8000, seed=3, horizon_days=370)


@pytest.fixture(scope="module")
def base(_own_shelf):
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
    arms = ("anti_tnf", "combination")
    difference = true_risk_difference(base, "response", arm=arms[1], versus=arms[0], at_days=[182])
    risks = true_risk(base, "response", strategies=arms, at_days=[182])

    assert difference.frame["std_error"].item() < 0.8 * np.hypot(*risks.frame["std_error"])


def test_risks_by_reason_add_up_to_the_risk_of_stopping(base):
    rows = true_risk(base, "discontinuation", at_days=[182]).frame
    is_any = rows["cause"] == "discontinuation"
    total = rows[is_any].set_index("arm")["value"]

    by_reason = rows[~is_any].groupby("arm")["value"].sum()
    assert by_reason.to_dict() == pytest.approx(total.to_dict())


def test_overlap_weights_leave_out_whoever_cannot_get_a_strategy(base):
    weight = target_weights(base, target="overlap", strategies=("azathioprine", "jak_inhibitor"))

    assert (weight[base.people["index_year"] < 2018] == 0).all()
    assert (weight[base.people["index_year"] >= 2018] > 0).all()


def test_overlap_weights_of_two_strategies_are_the_product_of_their_chances(base):
    # Li and Li (2019): for two groups 1 / (1/e + 1/(1-e)) = e (1 - e).
    weight = target_weights(base, target="overlap", strategies=("azathioprine", "anti_tnf"))
    chance = base.people[["chance_azathioprine", "chance_anti_tnf"]].to_numpy()
    total = chance.sum(axis=1)

    assert weight == pytest.approx(total * (chance[:, 0] / total) * (chance[:, 1] / total))


def test_those_who_get_the_stronger_drug_are_iller_so_their_risk_differs(base):
    args = {"at_days": [365], "strategies": ("azathioprine", "anti_tnf")}
    everybody = true_risk(base, "remission", **args).frame["value"]
    treated = true_risk(base, "remission", target="att", treated="anti_tnf", **args).frame["value"]

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
        true_risk(base, "response", at_days=[90], strategies=["placebo"])
    with pytest.raises(ParameterError, match="needs treated="):
        true_risk(base, "response", at_days=[90], target="att")
    with pytest.raises(ParameterError, match="must be 'ate', 'att' or 'overlap'; got 'all'"):
        true_risk(base, "response", at_days=[90], target="all")
    with pytest.raises(ParameterError, match="no true rate of 'response'"):
        true_rate(base, "response")


def test_a_randomised_cohort_meets_the_truth_in_every_arm():
    # Nobody is lost and choice is by lot, so plain proportions estimate the truth.
    parameters = load_parameters("randomised").changed(
        {"lost_to_follow_up": 0, "index_year_first": 2012, "index_margin_days": 250}
        | {f"administrative.{drug}": 0 for drug in load_parameters().keys("available_from")}
    )
    truth = simulate_truth(n_patients=6000, seed=1, horizon_days=190, parameters=parameters)
    cohort = make_cohort(6000, seed=2, parameters=parameters.changed({"follow_up_weeks_most": 30}))
    index = cohort.tables["visits"].groupby("patient_id")["visit_date"].min()
    courses = cohort.courses.assign(index=cohort.courses["patient_id"].map(index))
    first = courses[(courses["start_date"] == courses["index"])]
    arm = first.groupby("patient_id")["drug"].agg(lambda drugs: " ".join(sorted(drugs)))
    on_azathioprine = first[first["patient_id"].map(arm) == "azathioprine"]
    stopped = on_azathioprine["stop_date"] - on_azathioprine["index"] <= pd.Timedelta(days=182)
    stopped &= on_azathioprine["stop_reason"] != "death"

    true = true_risk(truth, "discontinuation", at_days=[182]).only(
        arm="azathioprine", cause="discontinuation"
    )
    value, error = true.frame["value"].item(), true.frame["std_error"].item()
    own_error = np.sqrt(value * (1 - value) / len(stopped))
    assert abs(stopped.mean() - value) < 4 * np.hypot(error, own_error)
