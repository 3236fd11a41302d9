"""Cox regression: by hand, against the Rust package, what must hold, and what is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import survival
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.design import follow_up_from_frame
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import (
    estimate_cox,
    estimate_hazard_ratio,
    estimate_proportional_hazards,
)
from azaanalysis.estimate.cox_model import CoxModel
from azaanalysis.estimate.resample import Resampling
from azaanalysis.estimate.row_scores import RowScores
from tests.builders import follow_up
from tests.estimate import public_trials as trials
from tests.estimate.weighted_world import ate_weights, small_world, weighted
from tests.r_results import r_result

ROWS = {"time": "stop", "status": "event", "entry": "start", "patient": "id", "weight": "w"}


def ratios(estimate):
    return estimate.only(quantity="hazard_ratio").frame


def some_rows(seed, patients=40):
    """Return start-stop rows of patients with two rows each, weighted and in two strata."""
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 4, patients).astype(float)
    middle = start + rng.integers(1, 6, patients)
    stop = middle + rng.integers(1, 6, patients)
    x, z = rng.normal(size=(2, patients))
    site, weight = rng.choice(["north", "south"], patients), rng.uniform(0.5, 2, patients)
    first = pd.DataFrame({"start": start, "stop": middle, "event": 0})
    second = pd.DataFrame({"start": middle, "stop": stop, "event": rng.integers(0, 2, patients)})
    both = [
        part.assign(id=np.arange(patients), x=x, z=z + later, site=site, w=weight)
        for later, part in enumerate((first, second))
    ]
    return pd.concat(both, ignore_index=True)


def numbers(rows, **choices):
    found = ratios(estimate_cox(follow_up_from_frame(rows, **ROWS), **choices))
    return np.log(found["value"].to_numpy()), found["std_error"].to_numpy()


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.filterwarnings("ignore:For numerical accuracy")
def test_weighted_start_stop_rows_in_strata_and_clusters_agree_with_the_rust_package(seed, ties):
    rows = some_rows(seed)
    value, error = numbers(rows, covariates=["x", "z"], strata=["site"], ties=ties)
    theirs = survival.coxph(
        "Surv(start, stop, event) ~ x + z + strata(site)",
        data=rows,
        weights="w",
        cluster="id",
        ties=ties,
        eps=1e-12,
    )

    assert value.tolist() == pytest.approx(list(theirs.coefficients), rel=1e-6)
    assert error.tolist() == pytest.approx(np.sqrt(np.diag(theirs.var)).tolist(), rel=1e-6)


def test_a_number_and_an_arm_are_named_by_what_they_compare():
    made = follow_up(days=[4, 2, 3, 1], status=[1, 1, 1, 1], arm=["a", "b", "a", "b"])
    made.frame["age"] = [30, 45, 61, 50]
    made.frame["sex"] = ["male", "female", "female", "male"]
    made = replace(made, covariates=("age", "sex"))
    estimate = estimate_cox(made, covariates=["age", "sex"], ties="breslow")
    named = ratios(estimate)[["arm", "versus", "unit"]].to_numpy().tolist()
    tests = estimate.only(quantity="proportional_hazards_p").frame["arm"].tolist()

    assert named == [["b", "a", ""], ["age", "", "per 1 age"], ["sex: male", "female", ""]]
    assert set(tests) <= {"arm", "age", "sex", "all terms"}


def test_a_number_of_three_patients_is_worked_by_hand():
    # x = 0, 1, 2 leave on days 2, 1, 3, all with the event. With r = exp(beta): day 1 takes x = 1
    # of 0, 1, 2, day 2 takes 0 of 0, 2. Score: 1 - (r + 2 r^2)/(1 + r + r^2) - 2 r^2/(1 + r^2)
    # = 0, multiplied out (1 - r^2)(1 + r^2) = 2 r^2 (1 + r + r^2), so 3 r^4 + 2 r^3 + 2 r^2 = 1.
    three = follow_up(days=[2, 1, 3], status=[1, 1, 1])
    three.frame["x"] = [0, 1, 2]
    r = max(np.roots([3, 2, 2, 0, -1]).real)

    assert ratios(estimate_cox(three, covariates=["x"]))["value"].item() == pytest.approx(r)


def test_the_arm_alone_has_the_ratio_of_the_risk_table():
    made = trials.followed(trials.colon(), [], time="time", status="status", arm="rx")
    same = ["arm", "versus", "value", "lower", "upper", "std_error"]
    cox, table = ratios(estimate_cox(made))[same], ratios(estimate_hazard_ratio(made))[same]

    pd.testing.assert_frame_equal(cox, table, rtol=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_order_scale_of_weights_and_splits_change_nothing(seed, shuffler):
    rows = some_rows(seed, 25)
    order = list(range(len(rows)))
    shuffler.shuffle(order)
    long = rows["stop"] - rows["start"] > 1
    cut = rows["start"] + 1
    early = rows[long].assign(stop=cut[long], event=0)
    late = rows[long].assign(start=cut[long])
    split = pd.concat([rows[~long], early, late], ignore_index=True)
    plain = numbers(rows, covariates=["x", "z"])

    for other in (rows.iloc[order], rows.assign(w=rows["w"] * 1000), split):
        again = numbers(other, covariates=["x", "z"])
        np.testing.assert_allclose(again, plain, rtol=1e-6)


def test_another_unit_of_a_number_changes_only_the_unit():
    rows = some_rows(1)
    (value, other), (error, _) = numbers(rows, covariates=["x", "z"])
    in_tenths = rows.assign(x=rows["x"] * 10)
    (its_value, same), (its_error, _) = numbers(in_tenths, covariates=["x", "z"])

    assert its_value == pytest.approx(value / 10, rel=1e-8)
    assert its_error == pytest.approx(error / 10, rel=1e-8)
    assert same == pytest.approx(other, rel=1e-8)


def test_the_stacked_error_is_the_jackknife_of_weights_and_coefficients():
    frame, design, treated = small_world(patients=70)
    frame["z"] = np.random.default_rng(1).normal(size=70)
    columns = {"time": "days", "status": "status", "arm": "arm"}

    def logs(i, by):
        frequency = np.ones(70)
        frequency[i] += by
        weight = frequency * ate_weights(design, treated, frequency)
        made = follow_up_from_frame(frame.assign(w=weight), weight="w", **columns)
        return np.log(ratios(estimate_cox(made, covariates=["z"], variance="robust"))["value"])

    slopes = np.array([(logs(i, 1e-4) - logs(i, -1e-4)) / 2e-4 for i in range(70)])
    made = weighted(frame, design, treated, **columns)
    rows = ratios(estimate_cox(made, covariates=["z"], variance="stacked"))

    expected = np.sqrt((slopes**2).sum(axis=0)).tolist()
    assert rows["std_error"].tolist() == pytest.approx(expected, rel=1e-5)


def test_small_weighted_arms_are_resampled_and_the_interval_says_so():
    frame, design, treated = small_world()
    made = weighted(frame, design, treated, time="days", status="status", arm="arm")
    few = Resampling(n_replicates=60)
    cox, table = estimate_cox(made, resampling=few), estimate_hazard_ratio(made, resampling=few)
    same = ["value", "lower", "upper", "std_error"]

    assert cox.about["variance"] == "bootstrap"
    assert "estimation of the weights, bootstrap" in cox.about["interval"]
    np.testing.assert_allclose(ratios(cox)[same], ratios(table)[same], rtol=1e-6)
    stacked = ratios(estimate_cox(made, variance="stacked"))["std_error"].item()
    assert ratios(cox)["std_error"].item() == pytest.approx(stacked, rel=0.4)


def test_baseline_hazard_martingale_residuals_and_dfbeta_agree_with_r():
    covariates = ["age", "sex", "ph.ecog"]
    made = trials.followed(trials.lung(), covariates, time="time", status="event")
    model = CoxModel.of(made, covariates, [])
    fit = model.fit(1)
    moment, known = fit.moment, r_result("lung_residual_sums")
    order = np.argsort(model.rows)
    hazards = moment.hazards
    expected = hazards.sets.while_at_risk(moment.rise)
    expected[hazards.events] -= moment.rise_tied[hazards.slots]
    martingale = (hazards.is_event - moment.relative * expected)[order]
    scores = np.asarray(RowScores.of(moment))
    dfbeta = np.linalg.inv(moment.information()) @ scores / model.terms.spread[:, None]
    x = made.frame[covariates].to_numpy()[model.rows[0]]
    at_zero = moment.relative[0] * np.exp(-x @ fit.log_ratios) * np.cumsum(moment.rise)
    days = r_result("lung_basehaz_centered_false")["all"]
    read = at_zero[np.searchsorted(hazards.sets.days, days["time"], side="right") - 1]

    assert martingale[:5].tolist() == pytest.approx(known["martingale_first5"], rel=1e-6)
    assert dfbeta[:, order[0]].tolist() == pytest.approx(known["dfbeta_first_row"], rel=1e-6)
    assert read.tolist() == pytest.approx(days["cumhaz"], rel=1e-6)


def test_a_known_ratio_is_found_where_the_arms_differ_in_age():
    # Hazard exp(0.7 arm + 0.5 age); older patients are more often in arm b.
    rng = np.random.default_rng(9)
    age = rng.normal(size=6000)
    arm = rng.random(6000) < 1 / (1 + np.exp(-age))
    days = np.ceil(rng.exponential(100 * np.exp(-0.7 * arm - 0.5 * age)))
    frame = pd.DataFrame({"days": np.minimum(days, 200), "status": (days <= 200) * 1, "age": age})
    frame["arm"] = pd.Categorical.from_codes(arm.astype(int), ["a", "b"])
    made = follow_up_from_frame(frame, time="days", status="status", arm="arm")
    crude, adjusted = ratios(estimate_cox(made)), ratios(estimate_cox(made, covariates=["age"]))

    assert np.log(crude["value"].iloc[0]) > 0.8
    for row, truth in zip(adjusted.itertuples(), (0.7, 0.5), strict=True):
        assert abs(np.log(row.value) - truth) < 3 * row.std_error


def test_rows_without_a_covariate_are_left_out_and_counted():
    made = trials.followed(trials.lung(), ["ph.ecog"], time="time", status="event")
    estimate = estimate_cox(made, covariates=["ph.ecog"])

    assert estimate.about["notes"][0].startswith("1 of 228 rows are left out because ph.ecog is")
    assert ratios(estimate)["patients"].item() == 227


def test_a_coefficient_that_runs_away_is_missing_with_a_note_and_the_others_stay():
    rng = np.random.default_rng(4)
    made = follow_up(
        days=list(rng.integers(1, 50, 90)),
        status=list((rng.random(90) < 0.6) & (np.arange(90) % 3 != 2)),
        arm=["a", "b", "c"] * 30,
    )
    made.frame["age"] = rng.normal(size=90)
    estimate = estimate_cox(made, covariates=["age"])
    rows = ratios(estimate).set_index("arm")
    without = made.frame[made.frame["arm"] != "c"]
    two = replace(made, frame=without.assign(arm=without["arm"].cat.remove_unused_categories()))
    known = ratios(estimate_cox(two, covariates=["age"])).set_index("arm")

    assert rows.loc["c", ["value", "lower", "upper", "std_error"]].isna().all()
    assert rows.loc["b", "value"] == pytest.approx(known.loc["b", "value"], rel=1e-6)
    assert "No hazard ratio for event with c against a" in estimate.about["notes"][0]


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"x": [1, 2, 3, 5], "y": [2, 4, 6, 10]}, "y"),
        ({"x": [1, 2, 3, 5], "y": [7, 7, 7, 7]}, "y"),
    ],
)
def test_covariates_that_cannot_be_told_apart_are_refused_by_name(columns, named):
    made = follow_up(days=[1, 2, 3, 4], status=[1, 1, 1, 1])
    made.frame[list(columns)] = pd.DataFrame(columns)
    with pytest.raises(EstimationError, match=f"^{named}: constant, or determined by"):
        estimate_cox(made, covariates=list(columns))


def test_what_cannot_be_estimated_is_refused_with_a_way_forward():
    made = follow_up(days=[1, 2, 3], status=[1, 0, 1])
    made.frame["x"] = [1.0, np.inf, 2.0]
    made.frame["gap"] = [np.nan] * 3
    with pytest.raises(DesignError, match="one arm and no covariate"):
        estimate_cox(made)
    with pytest.raises(DesignError, match="no covariate 'bmi'"):
        estimate_cox(made, covariates=["bmi"])
    with pytest.raises(EstimationError, match="x is infinite in 1 row"):
        estimate_cox(made, covariates=["x"])
    with pytest.raises(EstimationError, match="No row has a value in every covariate"):
        estimate_cox(made, covariates=["gap"])
    with pytest.raises(EstimationError, match="between 0 and 1"):
        estimate_cox(made, covariates=["x"], level=95)
    made.frame["ill"] = [0.0, 1.0, 0.0]
    with pytest.raises(EstimationError, match="No variance 'exact'"):
        estimate_cox(made, covariates=["ill"], variance="exact")


def test_without_any_event_every_ratio_is_missing():
    made = follow_up(days=[1, 2, 3, 4], status=[0] * 4, arm=["a", "b", "a", "b"])
    estimate = estimate_cox(made)

    assert ratios(estimate)["value"].isna().all()
    assert len(estimate.about["notes"]) == 1


def test_the_test_of_proportional_hazards_is_robust_where_patients_are_weighted():
    # Whole weights: the model takes them for patients and rejects too easily.
    rng = np.random.default_rng(30)
    rejected = []
    for _ in range(150):
        days = np.ceil(rng.exponential(60, 120))
        made = follow_up(
            days=list(days),
            status=[1] * 120,
            arm=["a", "b"] * 60,
            weight=rng.choice([0.2, 3.0], 120),
        )
        tests = estimate_proportional_hazards(made).only(quantity="proportional_hazards_p")
        rejected.append(tests.frame["value"].iloc[0] < 0.05)

    # 7.5 of 150 are expected, with a standard deviation of 2.7.
    assert sum(rejected) <= 16
