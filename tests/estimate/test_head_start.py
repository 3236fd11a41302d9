"""Strategies side by side, the day on which a head start is gone, and the truth beside it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azaanalysis import load_cohort
from azaanalysis.design import describe_strategies, follow, weigh
from azaanalysis.display import draw_incidence_difference, tabulate_truth
from azaanalysis.errors import EstimationError
from azaanalysis.estimate import (
    compare_with_truth,
    estimate_head_start,
    estimate_incidence,
    estimate_incidence_difference,
    estimate_risk_difference,
    estimate_under_strategies,
)
from azaanalysis.result import Estimate, stack
from tests.builders import cohort, comparison, course, follow_up, patient, study

BAND = {"interval": "sampling of patients, simultaneous", "smallest_count": 1}


def curve(days, value, half_width):
    value, half = np.asarray(value, dtype=float), np.asarray(half_width, dtype=float)
    named = {"endpoint": "response", "cause": "response", "arm": "b", "versus": "a"}
    limits = {"at_days": days, "value": value, "lower": value - half, "upper": value + half}
    frame = pd.DataFrame({**limits, **named, "quantity": "risk_difference"})
    return Estimate(frame, BAND)


def head_start(*args):
    (row,) = estimate_head_start(curve(*args)).frame.itertuples()
    return row.value, row.lower, row.upper


def test_the_head_start_is_gone_after_the_last_day_above_zero_with_limits_from_the_band():
    # Above zero on days 10 to 30; the band (0.1 wide on each side) on day 20 alone; the band
    # is below zero from day 50 on.
    found = head_start([10, 20, 30, 40, 50], [0.05, 0.3, 0.05, -0.05, -0.2], [0.1] * 5)

    assert found == (30, 20, 50)


def test_a_head_start_that_lasts_to_the_end_is_not_reached():
    value, lower, upper = head_start([10, 20, 30], [0.3, 0.3, 0.05], [0.1] * 3)

    assert lower == 20
    assert np.isnan(value)
    assert np.isnan(upper)


def test_an_arm_that_was_never_ahead_has_a_head_start_of_no_days():
    assert head_start([10, 20], [-0.3, -0.3], [0.1] * 2) == (0, 0, 10)


def test_days_below_zero_in_between_do_not_end_a_head_start_that_comes_back():
    assert head_start([10, 20, 30, 40], [0.3, -0.3, 0.3, -0.3], [0.1] * 4) == (30, 30, 40)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20), st.floats(0.01, 0.5))
def test_limits_of_a_head_start_stand_on_both_sides_of_it(values, half_width):
    days = np.arange(len(values)) + 1.0
    value, lower, upper = head_start(days, values, [half_width] * len(values))

    assert lower <= (days[-1] if np.isnan(value) else value)
    assert np.isnan(upper) or upper > value


def test_a_band_of_single_days_is_refused():
    pointwise = curve([1, 2], [0.1, 0.1], [0.1, 0.1]).with_about(interval="pointwise")

    with pytest.raises(EstimationError, match='band="simultaneous"'):
        estimate_head_start(pointwise)
    with pytest.raises(EstimationError, match="no curve of differences"):
        estimate_head_start(Estimate.from_rows([{"quantity": "risk", "value": 1.0}], about=BAND))


def test_the_figure_of_differences_reads_its_own_numbers_and_names_the_band():
    made = follow_up(
        days=list(range(1, 41)), status=[1] * 40, arm=["a", "b"] * 20, causes=("response",)
    )
    differences = estimate_incidence_difference(made)
    figure = draw_incidence_difference(differences, time_unit="days")

    at_end = differences.frame["value"].iloc[-1]
    assert "simultaneous" in figure.caption
    assert f"{100 * at_end:.1f}%".replace("-", "−") in figure.alt


RESPONSE = {"response": {"kind": "visit", "judged_by": "measure"}}


def seen(patient_id, date, value):
    visit = {"patient_id": patient_id, "visit_date": date, "measure": "cdai"}
    return {**visit, "value": float(value)}


def test_strategies_differ_in_a_response_that_comes_after_stopping():
    # Four start azathioprine; b and d stop on day 30. Everybody but c responds on day 60.
    # Composite: a alone of four. While on treatment: b and d are censored on day 30, so that one
    # of two. Treatment policy: three of four. Nobody on anti-TNF responds.
    who = list("abcd") + list("efgh")
    drugs = ["azathioprine"] * 4 + ["anti_tnf"] * 4
    stop = {"b": "2012-03-31", "d": "2012-03-31"}
    courses = [
        course(name, "infliximab" if drug == "anti_tnf" else drug, "2012-03-01", stop.get(name),
               stop_reason="adverse_event" if name in stop else None)
        for name, drug in zip(who, drugs, strict=True)
    ]  # fmt: skip
    visits = [seen(name, "2012-03-01", 300) for name in who]
    visits += [seen(n, "2012-04-30", 100 if n in "abd" else 300) for n in who]
    made = estimate_under_strategies(
        cohort([patient(name) for name in who], courses, visits=visits),
        study(endpoints=RESPONSE),
        endpoint="response",
        at_days=[90],
    )
    risk = made.only(quantity="risk", arm="azathioprine").frame.set_index("endpoint")["value"]
    gap = made.only(quantity="risk_difference").frame.set_index("endpoint")["value"]

    assert risk.to_dict() == {
        "composite non-response": pytest.approx(1 / 4),
        "while on treatment": pytest.approx(1 / 2),
        "treatment policy": pytest.approx(3 / 4),
    }
    assert gap["treatment policy"] == pytest.approx(-3 / 4)


def test_each_strategy_is_described_and_stopping_as_outcome_has_only_its_own():
    asked = describe_strategies(study(endpoints=RESPONSE), endpoint="response")
    stopping = describe_strategies(study(), endpoint="stopping")

    assert list(asked["Strategy"])[-1] == "Treatment policy"
    assert asked["What it asks"].is_unique
    assert list(stopping["Strategy"]) == ["As the study says"]


def two_arms(**changes):
    # By lot: what the estimate could miss here is its own mistake, not that of a model of choice.
    settings = {
        "source": {"synthetic": {"patients": 3000, "seed": 11, "world": "randomised"}},
        "comparison": comparison(),
        "endpoints": {"response": {"kind": "visit"}},
        "covariates": ["severity_score", "age_years"],
        "weighting": {"target": "overlap"},
    }
    return study(**{**settings, **changes})


def test_the_truth_of_an_invented_cohort_lies_near_the_estimates():
    asked = two_arms()
    balanced = weigh(follow(load_cohort(asked.source), asked, endpoint="response"))
    risk = estimate_incidence(balanced).only(cause="response", quantity="risk").at([84, 365])
    gap = estimate_risk_difference(balanced, at_days=[84, 365]).only(cause="response")
    beside = compare_with_truth(stack(risk, gap), asked, endpoint="response", n_patients=4000)

    assert len(beside) == 6
    # Twice as far as the interval reaches, about four standard errors, is not chance.
    reach = (beside["upper"] - beside["lower"]) / 2
    assert ((beside["value"] - beside["truth"]).abs() < 2 * reach).all()
    is_within = beside["truth"].between(beside["lower"], beside["upper"])
    assert (beside["is_within"] == is_within).all()
    # Known by heart: the true difference is that of the true risks.
    truth = beside.set_index(["quantity", "arm", "at_days"])["truth"]
    of_risk = truth["risk", "anti_tnf", 84.0] - truth["risk", "azathioprine", 84.0]
    assert truth["risk_difference", "anti_tnf", 84.0] == pytest.approx(of_risk)
    assert f"in {int(beside['is_within'].sum())} of 6 rows" in repr(tabulate_truth(beside))


CAUSES = {"harm": ["adverse_event"], "own_wish": ["patient_choice", "pregnancy"]}


def of_stopping(**changes):
    settings = {"kind": "discontinuation", "causes": CAUSES, **changes}
    # By lot and of constant hazards, as worked by hand in the tests of the truth itself.
    source = {"synthetic": {"patients": 3000, "seed": 11, "world": "constant_hazard"}}
    return two_arms(endpoints={"stopping": settings}, source=source)


def test_the_truth_of_stopping_is_known_by_reason_and_for_persistence():
    asked = of_stopping()
    balanced = weigh(follow(load_cohort(asked.source), asked, endpoint="stopping"))
    stops = estimate_incidence(balanced).at([90, 365])
    beside = compare_with_truth(stops, asked, endpoint="stopping", n_patients=20_000)

    # Two arms, two days, two causes and persistence; death competes and is no cause of its own.
    assert len(beside) == 2 * 2 * 3
    keys = ["quantity", "cause", "arm", "at_days"]
    truth = beside.set_index(keys)["truth"]
    # Hazards per year under azathioprine: harm 0.30, choice 0.10, death 0.02, and nobody becomes
    # pregnant. F(t) = own / total * (1 - exp(-total t)), S(t) = exp(-total t), a day is over
    # after it: t = 91 / 365.25.
    gone = -np.expm1(-0.42 * 91 / 365.25)
    error = 4 * beside["truth_error"].max()
    harm, wish = (truth["risk", name, "azathioprine", 90.0] for name in ("harm", "own_wish"))
    assert harm == pytest.approx(0.30 / 0.42 * gone, abs=error)
    assert wish == pytest.approx(0.10 / 0.42 * gone, abs=error)
    assert truth["survival", "", "azathioprine", 90.0] == pytest.approx(1 - gone, abs=error)
    reach = (beside["upper"] - beside["lower"]) / 2
    assert ((beside["value"] - beside["truth"]).abs() < 2 * reach).all()
    assert "Any" in repr(tabulate_truth(beside))


def test_a_reason_that_only_stops_the_counting_leaves_no_known_truth():
    nothing = Estimate.from_rows([{"quantity": "risk", "value": 0.5}], about=BAND)
    asked = of_stopping(causes={"harm": ["adverse_event"]}, censor=["patient_choice"])
    beside = compare_with_truth(nothing, asked, endpoint="stopping")

    assert "competing events only" in beside.attrs["reason"]


def test_a_wrong_estimate_is_said_to_miss_the_truth():
    rows = [{"quantity": "risk", "cause": "response", "arm": "anti_tnf", "at_days": 84.0,
             "value": 0.99, "lower": 0.98, "upper": 1.0}]  # fmt: skip
    wrong = Estimate.from_rows(rows, about=BAND)
    beside = compare_with_truth(wrong, two_arms(), endpoint="response", n_patients=500)

    assert not beside["is_within"].item()


def test_real_patients_and_other_questions_have_no_truth_and_say_why():
    nothing = Estimate.from_rows([{"quantity": "risk", "value": 0.5}], about=BAND)
    real = study(source={"folder": "nowhere"})
    held = two_arms(endpoints={"response": {"kind": "visit", "held_for_visits": 2}})
    policy = two_arms(endpoints={"response": {"kind": "visit", "strategy": "as_started",
                                              "intercurrent": {"discontinuation":
                                                               "treatment_policy"}}})  # fmt: skip
    reasons = [
        tabulate_truth(compare_with_truth(nothing, asked, endpoint=name)).sentences[0]
        for asked, name in (
            (real, "stopping"),
            (held, "response"),
            (policy, "response"),
            (two_arms(weighting=None), "response"),
        )
    ]

    assert reasons[0] == "These patients are real: nobody knows the true answer."
    assert "No truth is simulated" in reasons[1]
    assert "competing events only" in reasons[2]
    assert "different patients" in reasons[3]
