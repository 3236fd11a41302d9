"""Months in response, infections and stops: by hand, against other estimators, and jointly."""

from dataclasses import replace

import numpy as np
import pytest

from azaanalysis import load_parameters, make_cohort, suppress
from azaanalysis.design import follow, follow_recurrent, weigh
from azaanalysis.errors import DesignError
from azaanalysis.estimate import (
    Resampling,
    estimate_mean_count,
    estimate_risk_difference,
    estimate_trade_off,
)
from azaanalysis.estimate.course import Asked, measure_course
from azaanalysis.estimate.tally import tally
from azaanalysis.vocab import DAYS_PER_MONTH
from tests.builders import cohort, comparison, course, patient, study

ENDPOINTS = {
    "response": {"kind": "visit", "judged_by": "measure", "horizon_days": 120},
    "infection": {"kind": "event", "event": "infection", "count": "all", "lag_days": 30},
    "discontinuation": {"kind": "discontinuation", "causes": "any"},
}


def visit(patient_id, date, value):
    return {"patient_id": patient_id, "visit_date": date, "measure": "cdai", "value": float(value)}


def infection(patient_id, date):
    return {"patient_id": patient_id, "event": "infection", "event_date": date}


@pytest.fixture(scope="module")
def four():
    """Two on each drug, seen to day 120 and beyond; 2012-03-01 is day 0."""
    courses = [
        course("a", "azathioprine", "2012-03-01"),
        course("b", "azathioprine", "2012-03-01", "2012-05-15", stop_reason="adverse_event"),
        course("c", "infliximab", "2012-03-01"),
        course("d", "infliximab", "2012-03-01"),
    ]
    # Days 30, 60 and 90. A score of 100 is a response.
    scores = {
        "a": (100, 300, 100),
        "b": (100, 100, 100),
        "c": (300, 300, 300),
        "d": (300, 300, 100),
    }
    dates = ("2012-03-31", "2012-04-30", "2012-05-30")
    visits = [visit(n, "2012-03-01", 300) for n in scores]
    visits += [visit(n, d, v) for n, v3 in scores.items() for d, v in zip(dates, v3, strict=True)]
    # 20 mg until day 40: the response of a on day 30 is not free of steroids.
    steroids = [
        {
            "patient_id": "a",
            "start_date": "2012-03-01",
            "stop_date": "2012-04-10",
            "prednisolone_mg_per_day": 20.0,
        }
    ]
    # b has one infection on the drug and one long after it, on days 50 and 115; c one on day 121.
    events = [infection("b", "2012-04-20"), infection("b", "2012-06-24")]
    events += [infection("c", "2012-06-30")]
    tables = {"visits": visits, "steroids": steroids, "events": events}
    return cohort([patient(name) for name in "abcd"], courses, **tables), study(endpoints=ENDPOINTS)


def read(estimate, endpoint, arm):
    frame = estimate.only(endpoint=endpoint, arm=arm, versus="").frame
    return frame["value"].item()


def test_months_infections_and_stops_are_those_counted_by_hand(four):
    found = estimate_trade_off(*four)

    # a responds without steroids from day 90 to 120: 31 days. b from day 30 to the stop on day 75:
    # 46 days. The mean is 38.5 days. d responds from day 90 on, c never: 15.5 days.
    months = read(found, "steroid-free_response", "azathioprine")
    assert months == pytest.approx(38.5 / DAYS_PER_MONTH, rel=1e-6)
    months = read(found, "steroid-free_response", "anti_tnf")
    assert months == pytest.approx(15.5 / DAYS_PER_MONTH, rel=1e-6)
    # Both infections of b count, the one long after the stop as well; that of c comes too late.
    assert read(found, "infection", "azathioprine") == pytest.approx(100)
    assert read(found, "infection", "anti_tnf") == 0
    assert read(found, "discontinuation", "azathioprine") == pytest.approx(50)


def test_a_finding_that_is_none_is_refused(four):
    data, asked = four
    with pytest.raises(DesignError, match="needs a finding at visits"):
        estimate_trade_off(data, asked, endpoint="infection")


@pytest.fixture(scope="module")
def invented():
    numbers = load_parameters("inflammatory_bowel_disease")
    data = make_cohort(3000, seed=8, parameters=numbers)
    asked = study(
        source={"synthetic": {"seed": 8, "patients": 3000}},
        comparison=comparison(horizon_days=365),
        endpoints={**ENDPOINTS, "response": {"kind": "visit", "horizon_days": 365}},
        covariates=["severity_score", "age_years", "prior_biologics"],
        weighting={"target": "overlap"},
    )
    return data, asked


@pytest.fixture(scope="module")
def parts(invented):
    data, asked = invented
    followed = weigh(follow(data, asked, endpoint="discontinuation"))
    horizon = Asked("response", "infection", "discontinuation", 365.0)
    return followed, measure_course(data, asked, followed, horizon)


def test_infections_and_stops_equal_the_estimators_of_each_alone(invented, parts):
    data, asked = invented
    followed, course_ = parts
    made = estimate_trade_off(data, asked).frame
    started = asked.changed(endpoints={"infection": {"strategy": "as_started"}})
    counted = weigh(follow(data, started, endpoint="infection"))
    counts = estimate_mean_count(
        follow_recurrent(data, started, endpoint="infection", weighted=counted), at_days=[365]
    ).frame
    of_infections = made[(made["endpoint"] == "infection") & (made["versus"] == "")]
    of_infections = of_infections[of_infections["quantity"] == "events_per_100"]
    np.testing.assert_allclose(of_infections["value"], 100 * counts["value"], rtol=1e-9)

    gap = estimate_risk_difference(followed, at_days=[365]).only(cause="discontinuation").frame
    own = made[
        (made["endpoint"] == "discontinuation") & made["quantity"].str.endswith("difference")
    ]
    np.testing.assert_allclose(own["value"], 100 * gap["value"], rtol=1e-9)
    np.testing.assert_allclose(own["std_error"], 100 * gap["std_error"], rtol=0.01)
    assert set(tally(followed).arms) == set(course_.arms)


def test_influence_is_the_slope_of_the_numbers_by_each_weight(parts):
    followed, course_ = parts
    weight = followed.frame["weight"].to_numpy()
    before, influence = course_.numbers(weight), course_.influence(weight)

    for row in (0, 17, 400, 901):
        moved = weight.copy()
        moved[row] += 1e-3
        slope = (course_.numbers(moved) - before) / 1e-3
        np.testing.assert_allclose(slope[:, 1:], influence[row][:, 1:], rtol=0.02, atol=1e-3)
        np.testing.assert_allclose(slope[:, 0], influence[row][:, 0], rtol=0.1, atol=3e-3)


def test_weights_times_influence_add_up_to_nothing(parts):
    # All three are ratios of weighted sums: all weights doubled, nothing moves.
    followed, course_ = parts
    weight = followed.frame["weight"].to_numpy()
    moved = np.einsum("i,iar->ar", weight, course_.influence(weight))
    np.testing.assert_allclose(moved, 0, atol=1e-3)


def test_stacked_and_bootstrap_errors_agree_and_so_do_the_shares(invented):
    data, asked = invented
    stacked = estimate_trade_off(data, asked, variance="stacked")
    again = estimate_trade_off(
        data, asked, variance="bootstrap", resampling=Resampling(n_replicates=80)
    )

    kept = stacked.frame["std_error"].notna()
    ratio = stacked.frame.loc[kept, "std_error"] / again.frame.loc[kept, "std_error"]
    # The error of a standard deviation from 80 resamples is 8 in 100.
    assert ratio.between(0.72, 1.4).all()
    shares = stacked.only(quantity="draws_in_favour").frame["value"]
    assert np.abs(shares - again.only(quantity="draws_in_favour").frame["value"]).max() < 0.15


def test_shares_of_draws_are_coherent_with_the_differences(invented):
    found = estimate_trade_off(*invented)
    shares = found.only(quantity="draws_in_favour").frame.set_index("endpoint")["value"]
    gaps = found.frame[found.frame["quantity"].str.endswith("_difference")].set_index("endpoint")

    singles = [shares[respect] for respect in gaps.index]
    assert shares["all_three"] <= min(singles)
    assert shares["none_of_them"] <= 1 - max(singles)
    signs = {"steroid-free_response": 1, "infection": -1, "discontinuation": -1}
    for respect, sign in signs.items():
        assert (shares[respect] > 0.5) == (sign * gaps.loc[respect, "value"] > 0)
    covariance = np.array(found.about["joint"]["anti_tnf"])
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), gaps["std_error"], rtol=0.05)


def test_few_infections_hide_their_numbers_and_nothing_else(invented):
    data, asked = invented
    found = estimate_trade_off(data, asked)
    smallest = int(found.only(endpoint="infection", versus="").frame["events"].min()) + 1
    hidden = suppress(found.with_about(smallest_count=smallest)).frame

    of_infections = hidden["endpoint"] == "infection"
    assert hidden.loc[of_infections & (hidden["versus"] != ""), "value"].isna().all()
    kept = hidden["quantity"].str.startswith("months")
    assert hidden.loc[kept, "value"].notna().all()


def test_real_patients_have_no_truth(invented):
    from azaanalysis import compare_course_with_truth

    data, asked = invented
    real = replace(data, is_synthetic=False)
    found = compare_course_with_truth(
        estimate_trade_off(real, asked),
        study(source={"folder": "tables"}, endpoints=ENDPOINTS),
    )
    assert found.empty
    assert "real" in found.attrs["reason"]
