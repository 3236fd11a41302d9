"""Parametric times: by hand, against R and lifelines, properties, truth, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import LogLogisticAFTFitter, WeibullAFTFitter

from azaanalysis.design import follow_up_from_frame
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import estimate_incidence, estimate_parametric
from azaanalysis.estimate.location_scale import LocationScale, Times
from tests.builders import follow_up
from tests.estimate.test_interval import at_visits, cosmesis
from tests.r_results import r_result
from tests.real_data import real

DISTRIBUTIONS = ["weibull", "exponential", "lognormal", "loglogistic"]
MODELS = {
    "lung": ("time", "status", ["age", "sex", "ph.ecog"]),
    "ovarian": ("futime", "fustat", ["ecog.ps", "rx"]),
    "veteran": ("time", "status", ["trt", "karno"]),
    "epileptic": ("with.time", "with.status", ["ltg", "age"]),
}


def trial(name):
    time, status, covariates = MODELS[name]
    rows = pd.read_csv(real(f"survival/{name}.csv.gz"))
    rows = rows[rows[time] > 0].assign(
        ltg=lambda d: (d["treat"] == "LTG").astype(int) if "treat" in d else 0
    )
    rows[status] -= name == "lung"
    if name == "veteran":
        rows["trt"] = pd.Categorical(rows["trt"].astype(str))
    return follow_up_from_frame(rows[[time, status, *covariates]], time=time, status=status)


def agrees_with_survreg(made, known):
    names = [name for name in known["coef"] if name != "(Intercept)"]
    ratios = made.only(quantity="time_ratio").frame
    np.testing.assert_allclose(
        np.log(ratios["value"]), [known["coef"][n] for n in names], rtol=1e-6
    )
    np.testing.assert_allclose(ratios["std_error"], [known["se"][n] for n in names], rtol=1e-6)
    for ours, theirs in [("scale", "scale"), ("log_likelihood", "loglik"), ("aic", "aic")]:
        assert made.about[ours] == pytest.approx(known[theirs], rel=1e-8)
    assert made.about["intercept"] == pytest.approx(known["coef"]["(Intercept)"], rel=1e-6)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("name", MODELS)
def test_models_of_four_trials_agree_with_r(name, distribution):
    made = estimate_parametric(trial(name), distribution=distribution, covariates=MODELS[name][2])

    agrees_with_survreg(made, r_result(f"{name}_{distribution}"))


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_models_of_times_seen_at_visits_agree_with_r(distribution):
    made = estimate_parametric(cosmesis(), distribution=distribution, seen_at_visits=True)

    agrees_with_survreg(made, r_result(f"bcos_survreg_{distribution}"))


def test_the_published_model_of_the_ovarian_trial_is_met():
    # Help page of survreg: intercept 6.897, ecog.ps -0.385, rx 0.529, scale 0.812.
    made = estimate_parametric(trial("ovarian"), covariates=["ecog.ps", "rx"])
    ratios = np.log(made.only(quantity="time_ratio").frame["value"])

    assert made.about["intercept"] == pytest.approx(6.897, abs=5e-4)
    assert ratios.tolist() == pytest.approx([-0.385, 0.529], abs=5e-4)


def test_the_hazard_ratio_of_a_weibull_model_agrees_with_r():
    made = estimate_parametric(cosmesis(), seen_at_visits=True).only(quantity="hazard_ratio")
    known = r_result("bcos_weibull_ph")

    assert np.log(made.frame["value"][0]) == pytest.approx(known["log_hr"], rel=1e-6)
    assert made.frame["std_error"][0] == pytest.approx(known["se"], rel=1e-6)
    assert 1 / made.about["scale"] == pytest.approx(known["shape"], rel=1e-8)


def test_quantiles_of_a_weibull_model_agree_with_r():
    rows = pd.read_csv(real("survival/lung.csv.gz"))
    days = rows["time"].to_numpy(dtype=float)
    right = np.where(rows["status"] == 2, days, np.inf)
    design = np.column_stack([np.ones(len(rows)), rows["age"], rows["sex"]])
    fit = LocationScale(
        Times(np.zeros(len(rows)), days, right), design, np.ones(len(rows)), "weibull"
    ).fit()
    known = r_result("lung_weibull_quantiles")
    for place, sex in enumerate([1, 2]):
        found, errors = fit.quantile([0.1, 0.5, 0.9], np.array([1, 60, sex]), fit.model_covariance)
        np.testing.assert_allclose(
            found, known["quantile_rows_sex_1_2_cols_p10_p50_p90"][place], rtol=1e-6
        )
        np.testing.assert_allclose(errors, known["se"][place], rtol=1e-6)


def test_exponential_times_have_the_mean_worked_by_hand():
    # Two events in 1 + 3 + 4 = 8 days: the mean is 4 days; error of its logarithm 1/sqrt(2).
    made = estimate_parametric(
        follow_up(days=[1, 3, 4], status=[1, 1, 0]), distribution="exponential", at_days=[4]
    )

    assert np.exp(made.about["intercept"]) == pytest.approx(4)
    (row,) = made.frame.itertuples()
    assert row.value == pytest.approx(1 - np.exp(-1))
    # log(-log S) = log(t / mean) has the error 1/sqrt(2).
    assert np.log(-np.log(1 - row.upper)) == pytest.approx(1.959964 / np.sqrt(2), rel=1e-6)


def test_two_arms_of_exponential_times_have_the_ratio_of_their_means():
    made = estimate_parametric(
        follow_up(days=[1, 3, 4, 10], status=[1, 1, 0, 1], arm=["a", "a", "a", "b"]),
        distribution="exponential",
    )
    ratio = made.only(quantity="time_ratio").frame.iloc[0]

    assert (ratio["arm"], ratio["versus"]) == ("b", "a")
    assert ratio["value"] == pytest.approx(10 / 4)
    assert ratio["std_error"] == pytest.approx(np.sqrt(1 / 2 + 1))


@pytest.mark.parametrize(
    ("distribution", "fitter", "column"),
    [("weibull", WeibullAFTFitter, "lambda_"), ("loglogistic", LogLogisticAFTFitter, "alpha_")],
)
def test_lifelines_gives_the_same_where_ends_are_closed(distribution, fitter, column):
    # The chance of a single day is nothing, so for a smooth time closed and open ends agree.
    generator = np.random.default_rng(3)
    time = np.exp(generator.normal(5, 0.6, 200))
    left = np.floor(time / 28) * 28
    frame = pd.DataFrame({"left": left, "right": left + 28})
    theirs = fitter().fit_interval_censoring(frame, "left", "right")
    made = estimate_parametric(
        at_visits(left, left + 28), distribution=distribution, seen_at_visits=True
    )

    assert made.about["intercept"] == pytest.approx(theirs.params_[column].iloc[0], rel=1e-4)


positive = st.lists(
    st.tuples(st.floats(1, 500), st.booleans(), st.floats(0.2, 4)), min_size=6, max_size=20
).filter(
    lambda rows: sum(r[1] for r in rows) >= 3 and len({round(r[0]) for r in rows if r[1]}) >= 3
)


@given(positive, st.sampled_from(DISTRIBUTIONS), st.floats(0.1, 10))
@settings(max_examples=25, deadline=None)
def test_other_units_of_time_only_shift_the_intercept(rows, distribution, factor):
    days, seen, _ = map(np.array, zip(*rows, strict=True))
    one, other = (
        estimate_parametric(
            follow_up(days=list(days * f), status=list(seen.astype(int))), distribution=distribution
        ).about
        for f in (1, factor)
    )

    assert other["intercept"] - one["intercept"] == pytest.approx(np.log(factor), abs=1e-6)
    assert other["scale"] == pytest.approx(one["scale"], rel=1e-6)


@given(positive, st.sampled_from(DISTRIBUTIONS), st.floats(0.1, 10), st.randoms())
@settings(max_examples=25, deadline=None)
def test_order_and_a_common_factor_of_the_weights_change_nothing(
    rows, distribution, factor, random
):
    def fit(rows, factor):
        days, seen, weight = zip(*rows, strict=True)
        made = follow_up(
            days=days, status=[int(s) for s in seen], weight=[w * factor for w in weight]
        )
        return estimate_parametric(made, distribution=distribution, at_days=[100]).frame

    one = fit(rows, 1)
    random.shuffle(rows)
    other = fit(rows, factor)

    np.testing.assert_allclose(other["value"], one["value"], rtol=1e-6)
    np.testing.assert_allclose(other["std_error"], one["std_error"], rtol=1e-5)


@given(positive, st.integers(5, 95))
@settings(max_examples=25, deadline=None)
def test_a_follow_up_cut_in_two_rows_has_the_same_likelihood(rows, share):
    days, seen, _ = map(np.array, zip(*rows, strict=True))
    frame = pd.DataFrame({"t": days, "s": seen.astype(int), "e": 0.0, "p": range(len(days))})
    cut = days * share / 100
    both = pd.concat([frame.assign(t=cut, s=0), frame.assign(e=cut)], ignore_index=True)
    one, other = (
        estimate_parametric(
            follow_up_from_frame(f, time="t", status="s", entry="e", patient="p")
        ).about
        for f in (frame, both)
    )

    assert other["log_likelihood"] == pytest.approx(one["log_likelihood"], rel=1e-6)
    assert other["scale"] == pytest.approx(one["scale"], rel=1e-5)


def test_risks_of_the_model_are_near_the_curve_when_the_shape_is_right():
    generator = np.random.default_rng(8)
    time = 200 * generator.weibull(1.4, 3000)
    made = follow_up(
        days=list(np.minimum(np.ceil(time), 365)),
        status=list((time < 365).astype(int)),
    )
    row = estimate_parametric(made, at_days=[182]).only(quantity="risk").frame.iloc[0]
    curve = estimate_incidence(made).only(quantity="risk").at([182]).frame.iloc[0]

    assert row["value"] == pytest.approx(curve["value"], abs=0.02)
    assert row["lower"] < 1 - np.exp(-((182 / 200) ** 1.4)) < row["upper"]
    # A shape assumed is information: its interval is no wider than that of the curve.
    assert row["upper"] - row["lower"] < curve["upper"] - curve["lower"]


def test_a_row_counts_those_whom_it_is_about():
    # Arm a: three patients, two events; b: two patients, one event; c: one patient, one event.
    days, status = [10, 20, 30, 5, 15, 8], [1, 1, 0, 1, 0, 1]
    three = follow_up(days=days, status=status, arm=["a", "a", "a", "b", "b", "c"])
    frame = estimate_parametric(three, distribution="exponential", at_days=[10]).frame
    risks = frame[frame["quantity"] == "risk"].set_index("arm")
    ratios = frame[frame["quantity"] == "time_ratio"].set_index("arm")

    assert risks[["patients", "events"]].to_numpy().tolist() == [[3, 2], [2, 1], [1, 1]]
    assert ratios[["patients", "events"]].to_numpy().tolist() == [[5, 3], [4, 3]]


def test_an_event_on_day_zero_is_refused():
    with pytest.raises(EstimationError, match="1 events happened on day 0"):
        estimate_parametric(follow_up(days=[0, 5], status=[1, 1]))


def test_no_event_is_refused():
    with pytest.raises(EstimationError, match="no event"):
        estimate_parametric(follow_up(days=[3, 5]))


def test_an_arm_without_event_is_refused_with_the_reason():
    made = follow_up(days=[3, 5, 6, 8, 9, 9], status=[1, 1, 1, 0, 0, 0], arm=list("aaabbb"))

    with pytest.raises(EstimationError, match="grows for ever with the ratio of b"):
        estimate_parametric(made, distribution="exponential")


def test_weights_are_not_taken_for_counts():
    made = follow_up(days=[3, 5, 9], status=[1, 1, 1], weight=[2, 1, 1])

    with pytest.raises(EstimationError, match="take weights for counts"):
        estimate_parametric(made, variance="model")
    assert "weights taken as known" in estimate_parametric(made).about["interval"]


def test_an_absent_covariate_is_refused():
    with pytest.raises(DesignError, match="no covariate 'height'"):
        estimate_parametric(follow_up(days=[3, 5], status=[1, 1]), covariates=["height"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"distribution": "gompertz"}, "known are: weibull"),
        ({"at_days": [0]}, "above 0"),
        ({"level": 95}, "between 0 and 1"),
        ({"variance": "naive"}, "known are: auto"),
        ({"variance": "stacked"}, "needs the score"),
    ],
)
def test_settings_that_mean_nothing_are_refused(changes, message):
    with pytest.raises(EstimationError, match=message):
        estimate_parametric(follow_up(days=[3, 5], status=[1, 1]), **changes)
