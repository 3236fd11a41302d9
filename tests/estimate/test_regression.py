"""Regression of counts: by hand, against R, properties, truth, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.design import follow_up_from_frame, weigh
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import (
    estimate_gee,
    estimate_negative_binomial,
    estimate_poisson,
    estimate_rate_ratio,
)
from tests.builders import follow_up
from tests.estimate.trials import cgd_intervals, cgd_patients
from tests.r_results import r_result
from tests.real_data import real


def counts_of(frame, *, events, years, arm=None, patient=None):
    """Return rows with counts and patient-years; further columns are covariates."""
    rows = frame.assign(days=365.25 * np.asarray(years, dtype=float), none=0)
    made = follow_up_from_frame(
        rows.drop(columns=[events]), time="days", status="none", arm=arm, patient=patient
    )
    made.frame["n_events"] = frame[events].to_numpy()
    return made


def crohn():
    """Return adverse events in a trial of Crohn's disease; nobody knows for how long."""
    trial = pd.read_csv(real("rates/crohn_adverse_events.csv"))
    trial["treat"] = pd.Categorical(trial["treat"], ["placebo", "d1", "d2"])
    trial["male"] = (trial["sex"] == "M").astype(int)
    columns = ["treat", "male", "BMI", "age", "nrAdvE"]
    return counts_of(trial[columns], events="nrAdvE", years=np.ones(len(trial)), arm="treat")


def seizures(*, by_visit):
    """Return seizure counts of the progabide trial, by two-week visit or over eight weeks."""
    rows = pd.read_csv(real("rates/epil.csv.gz")).sort_values(["subject", "period"])
    rows["prog"] = (rows["trt"] == "progabide").astype(int)
    columns = ["subject", "prog", "lbase", "lage"]
    if not by_visit:
        rows = rows.groupby(columns, as_index=False)["y"].sum()
        rows["product"] = rows["lbase"] * rows["prog"]
        columns.append("product")
    years = np.full(len(rows), 2 if by_visit else 8)
    return counts_of(rows[[*columns, "y"]], events="y", years=years, patient="subject")


def with_center_as_patient():
    made = cgd_patients()
    years = made.frame["exit_days"] / 365.25
    frame = made.frame[["arm", "center", "n_events"]].rename(columns={"n_events": "n"})
    return counts_of(frame, events="n", years=years, arm="arm", patient="center")


def agrees(made, known, names, tolerance=1e-6):
    frame = made.frame
    coefficients = [known["coef"][name] for name in names]
    np.testing.assert_allclose(np.log(frame["value"]), coefficients, rtol=tolerance)
    errors = known.get("se", known.get("se_robust"))
    np.testing.assert_allclose(frame["std_error"], [errors[n] for n in names], rtol=tolerance)
    assert made.about["intercept"] == pytest.approx(known["coef"]["(Intercept)"], rel=1e-6)


IFN = ["ifn"]
ADJUSTED = ["ifn", "age", "inheritX-linked"]
CROHN = ["treatd1", "treatd2", "male", "BMI", "age"]
EPIL = ["trtprogabide", "lbase", "lage", "lbase:trtprogabide"]


def test_poisson_regression_of_the_interferon_trial_agrees_with_r():
    made = estimate_poisson(cgd_patients(), variance="model")

    # R takes the weights of the last but one step for its errors: the seventh digit differs.
    agrees(made, r_result("cgd_poisson"), IFN)
    assert made.about["log_likelihood"] == pytest.approx(r_result("cgd_poisson")["loglik"])
    assert made.about["aic"] == pytest.approx(r_result("cgd_poisson")["aic"])


@pytest.mark.parametrize("correction", ["HC0", "HC1", "HC3"])
def test_robust_errors_of_the_interferon_trial_agree_with_r(correction):
    made = estimate_poisson(cgd_patients(), correction=correction)

    agrees(made, r_result(f"cgd_poisson_robust_{correction}"), IFN, 1e-8)


@pytest.mark.parametrize("correction", ["HC0", "HC1"])
def test_errors_by_centre_agree_with_r(correction):
    made = estimate_poisson(with_center_as_patient(), correction=correction)

    agrees(made, r_result(f"cgd_poisson_cluster_center_{correction}"), IFN, 1e-8)


def test_adjusted_poisson_regression_agrees_with_r():
    made = estimate_poisson(cgd_patients(), covariates=["age", "inherit"], variance="model")

    agrees(made, r_result("cgd_poisson_adjusted"), ADJUSTED)


def test_quasi_poisson_errors_are_those_of_poisson_times_the_spread():
    made = estimate_poisson(cgd_patients(), variance="model").frame
    known = r_result("cgd_quasipoisson")

    assert made["std_error"][0] * np.sqrt(known["dispersion"]) == pytest.approx(known["se"]["ifn"])


def test_rows_from_one_infection_to_the_next_have_the_ratio_of_whole_patients():
    made = estimate_poisson(cgd_intervals(), variance="model")
    known = r_result("cgd_person_level_poisson_split")

    assert np.log(made.frame["value"][0]) == pytest.approx(known["coef"]["ifn"], rel=1e-6)
    assert made.frame["std_error"][0] == pytest.approx(known["se"]["ifn"], rel=1e-6)
    # R counted days, we count years.
    shift = made.about["intercept"] - np.log(365.25)
    assert shift == pytest.approx(known["coef"]["(Intercept)"], rel=1e-6)


@pytest.mark.parametrize("correction", ["none", "HC0"])
def test_adverse_events_of_the_crohn_trial_agree_with_r(correction):
    is_robust = correction != "none"
    made = estimate_poisson(
        crohn(), covariates=["male", "BMI", "age"], variance="robust" if is_robust else "model"
    )

    agrees(made, r_result("crohn_adverse_events_poisson" + "_HC0" * is_robust), CROHN)


def test_the_crohn_trial_has_the_counts_of_r():
    known = r_result("crohn_adverse_events_means")
    by_arm = crohn().frame.groupby("arm", observed=True)["n_events"]

    assert by_arm.size().to_dict() == known["n"]
    assert by_arm.sum().to_dict() == known["events"]
    assert by_arm.mean().to_dict() == pytest.approx(known["mean"], rel=1e-8)
    assert by_arm.var().to_dict() == pytest.approx(known["variance"], rel=1e-8)


def test_seizures_over_eight_weeks_agree_with_r():
    covariates = ["prog", "lbase", "lage", "product"]
    made = estimate_poisson(seizures(by_visit=False), covariates=covariates, variance="model")

    agrees(made, r_result("epil_poisson_total"), EPIL)


@pytest.mark.parametrize(
    ("entry", "trial", "covariates", "names"),
    [
        ("cgd_negative_binomial", cgd_patients, [], IFN),
        ("cgd_negative_binomial_adjusted", cgd_patients, ["age", "inherit"], ADJUSTED),
        ("crohn_adverse_events_negative_binomial", crohn, ["male", "BMI", "age"], CROHN),
        (
            "epil_negative_binomial_total",
            lambda: seizures(by_visit=False),
            ["prog", "lbase", "lage", "product"],
            EPIL,
        ),
    ],
)
def test_negative_binomial_regression_agrees_with_mass(entry, trial, covariates, names):
    made = estimate_negative_binomial(trial(), covariates=covariates)
    known = r_result(entry)

    # MASS alternates between coefficients and theta and stops at a change of 1e-8 in theta's
    # deviance; our root is tighter.
    agrees(made, known, names, 2e-6)
    assert made.about["spread"] == pytest.approx(known["alpha"], rel=1e-5)
    assert made.about["log_likelihood"] == pytest.approx(known["loglik"], rel=1e-8)


@pytest.mark.parametrize("correlation", ["independence", "exchangeable"])
@pytest.mark.parametrize("response", ["count", "any"])
def test_estimating_equations_of_the_seizure_trial_agree_with_r(response, correlation):
    made = seizures(by_visit=True)
    if response == "any":
        made.frame["n_events"] = (made.frame["n_events"] >= 5).astype(int)
    name = {"count": "poisson", "any": "logistic"}[response]
    found = estimate_gee(
        made, response=response, correlation=correlation, covariates=["prog", "lbase", "lage"]
    )

    agrees(found, r_result(f"epil_gee_{name}_{correlation}"), ["prog", "lbase", "lage"])


def test_estimating_equations_by_centre_agree_with_r():
    made = estimate_gee(with_center_as_patient(), correlation="independence")

    agrees(made, r_result("cgd_gee_poisson_center"), IFN)


def test_two_arms_have_the_ratio_and_the_error_worked_by_hand():
    # 4 events in 2 years against 2 in 4: ratio 4; Poisson error sqrt(1/4 + 1/2).
    made = follow_up(
        days=[365.25, 365.25, 730.5, 730.5], n_events=[1, 3, 2, 0], arm=["b", "b", "a", "a"]
    )
    made.frame["arm"] = made.frame["arm"].cat.reorder_categories(["a", "b"])
    row = estimate_poisson(made, variance="model").frame.iloc[0]

    assert row["value"] == pytest.approx(4)
    assert row["std_error"] == pytest.approx(np.sqrt(3 / 4))
    assert (row["patients"], row["events"], row["patient_years"]) == (4, 6, 6)


rows = st.lists(
    st.tuples(st.integers(1, 900), st.integers(0, 4), st.sampled_from("ab"), st.floats(0.2, 4)),
    min_size=6,
    max_size=15,
).filter(
    lambda rows: (
        all(sum(r[1] for r in rows if r[2] == a) > 0 for a in "ab")
        and all(len([r for r in rows if r[2] == a]) > 1 for a in "ab")
    )
)


@given(rows, st.floats(0.1, 10))
@settings(max_examples=20, deadline=None)
def test_a_model_of_the_arm_alone_is_the_rate_ratio_with_its_robust_error(rows, factor):
    days, events, arm, weight = zip(*rows, strict=True)
    made = follow_up(days=days, n_events=events, arm=arm, weight=[w * factor for w in weight])
    model = estimate_poisson(made, variance="robust").frame.iloc[0]
    ratio = estimate_rate_ratio(made, variance="robust").frame.iloc[0]

    np.testing.assert_allclose(model["value"], ratio["value"], rtol=1e-6)
    np.testing.assert_allclose(model["std_error"], ratio["std_error"], rtol=1e-6, atol=1e-9)


def test_estimated_weights_are_in_the_stacked_error_as_in_the_rate_ratio():
    generator = np.random.default_rng(4)
    age = generator.normal(size=400)
    frame = pd.DataFrame(
        {
            "t": generator.uniform(100, 700, 400),
            "s": 0,
            "age": age,
            "arm": np.where(generator.random(400) < 1 / (1 + np.exp(-age)), "b", "a"),
        }
    )
    made = follow_up_from_frame(frame, time="t", status="s", arm="arm")
    made.frame["n_events"] = generator.poisson(0.003 * frame["t"] * np.exp(0.5 * age))
    weighted = weigh(made, target="ate")
    model = estimate_poisson(weighted).frame.iloc[0]
    ratio = estimate_rate_ratio(weighted, variance="stacked").frame.iloc[0]

    assert estimate_poisson(weighted).about["variance"] == "stacked"
    assert model["std_error"] == pytest.approx(ratio["std_error"], rel=1e-6)


def frail(generator, n):
    """Return counts with gamma frailty of variance 0.8 and a rate ratio of 2."""
    arm = np.repeat([0, 1], n // 2)
    years = generator.uniform(0.5, 2, n)
    mean = generator.gamma(1 / 0.8, 0.8, n) * np.where(arm, 2.0, 1.0) * years
    made = follow_up(days=list(365.25 * years), arm=list(np.where(arm, "new", "old")))
    made.frame["arm"] = made.frame["arm"].cat.reorder_categories(["old", "new"])
    made.frame["n_events"] = generator.poisson(mean)
    return made


def test_frail_counts_give_back_ratio_and_spread():
    made = estimate_negative_binomial(frail(np.random.default_rng(7), 6000))
    row = made.frame.iloc[0]

    assert row["lower"] < 2 < row["upper"]
    assert row["upper"] / row["lower"] < 1.2
    assert made.about["spread"] == pytest.approx(0.8, abs=0.1)


def test_errors_of_the_spread_and_robust_ones_cover_where_those_of_poisson_do_not():
    generator = np.random.default_rng(1)
    hits = {"poisson": 0, "robust": 0, "negative binomial": 0}
    for _ in range(60):
        made = frail(generator, 200)
        for name, found in {
            "poisson": estimate_poisson(made, variance="model"),
            "robust": estimate_poisson(made),
            "negative binomial": estimate_negative_binomial(made),
        }.items():
            row = found.frame.iloc[0]
            hits[name] += row["lower"] <= 2 <= row["upper"]

    # 57 of 60 are expected; 52 is three standard errors below.
    assert hits["robust"] >= 52
    assert hits["negative binomial"] >= 52
    assert hits["poisson"] < 52


def test_counts_that_vary_less_than_poisson_have_no_spread():
    made = follow_up(days=[365] * 6, n_events=[2] * 6, arm=list("aaabbb"))

    assert estimate_negative_binomial(made).about["spread"] == 0


def test_events_in_no_time_are_refused():
    made = follow_up(days=[0, 5, 5], n_events=[1, 1, 1], arm=list("aab"))

    with pytest.raises(EstimationError, match="1 rows have events but no time"):
        estimate_poisson(made)


def test_an_arm_without_events_is_refused_by_name():
    made = follow_up(days=[5, 5, 5], n_events=[1, 1, 0], arm=list("aab"))

    with pytest.raises(EstimationError, match="'b' or what it is compared with has no event"):
        estimate_poisson(made)


def test_no_event_at_all_is_refused():
    with pytest.raises(EstimationError, match="no event"):
        estimate_negative_binomial(follow_up(days=[5, 5], arm=list("ab")))


def test_an_absent_covariate_is_refused():
    with pytest.raises(DesignError, match="no covariate 'height'"):
        estimate_poisson(cgd_patients(), covariates=["height"])


def test_weights_are_not_taken_for_counts():
    made = follow_up(days=[5, 5], n_events=[1, 1], arm=list("ab"), weight=[1, 2])

    with pytest.raises(EstimationError, match="take weights for counts"):
        estimate_poisson(made, variance="model")
    with pytest.raises(EstimationError, match="Use estimate_poisson"):
        estimate_gee(made)


@pytest.mark.parametrize(
    ("estimate", "changes", "message"),
    [
        (estimate_poisson, {"correction": "HC5"}, "known are: HC0"),
        (estimate_poisson, {"variance": "naive"}, "known are: auto"),
        (estimate_negative_binomial, {"level": 95}, "between 0 and 1"),
        (estimate_gee, {"correlation": "ar1"}, "known are: independence"),
        (estimate_gee, {"response": "time"}, "known are: count"),
    ],
)
def test_settings_that_mean_nothing_are_refused(estimate, changes, message):
    made = follow_up(days=[5, 5], n_events=[1, 1], arm=list("ab"))

    with pytest.raises(EstimationError, match=message):
        estimate(made, **changes)
