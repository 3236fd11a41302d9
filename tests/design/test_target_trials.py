"""Known truths for designs, in small; the full table is benchmarks/target_trials.csv."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis.design import Grace, clone_censor_weight, follow_up_from_frame
from azaanalysis.estimate import estimate_cox
from benchmarks import target_trials
from tests.r_results import r_result
from tests.real_data import real


@pytest.fixture(scope="module")
def table():
    usual, target_trials.LARGE = target_trials.LARGE, 40_000
    made = target_trials.run(cohorts=16, seed=7).set_index("method")
    target_trials.LARGE = usual
    return made


@pytest.mark.parametrize("method", ["clone-censor-weight", "per protocol"])
def test_a_right_method_finds_the_truth(table, method):
    # Sixteen cohorts: beyond 3.5 Monte-Carlo errors lies one study in five hundred.
    assert abs(table.loc[method, "errors_from_truth"]) < 3.5
    assert table.loc[method, "in_one_large_cohort"] == pytest.approx(
        table.loc[method, "truth"], abs=0.03
    )


@pytest.mark.parametrize(
    ("method", "expected"),
    [("misclassified", 0.846), ("on treatment, no weights", 0.2534), ("as treated", 1.2205)],
)
def test_a_wrong_method_fails_by_the_expected_amount(table, method, expected):
    # Expected: the same method asked of one cohort of 200,000 (benchmarks/target_trials.csv).
    row = table.loc[method]
    assert abs(row["errors_from_truth"]) > 3.5
    assert row["in_one_large_cohort"] == pytest.approx(expected, abs=0.03)


def test_the_full_table_keeps_what_it_promises():
    kept = pd.read_csv(target_trials.HERE / "target_trials.csv", comment="#").set_index("method")
    right = kept.loc[["clone-censor-weight", "per protocol"]]

    assert (kept["cohorts"] >= 500).all()
    assert (right["errors_from_truth"].abs() < 2).all()
    assert right["coverage"].between(0.93, 0.97).all()
    assert kept.loc["misclassified", "mean"] == pytest.approx(0.84, abs=0.01)


def expected(entry):
    """Return the hazard ratio that R gave."""
    return np.exp(r_result(entry)["coef"]["transplant"])


def ratio_of(followed, **choices):
    made = estimate_cox(followed, **choices).frame
    row = made[(made["quantity"] == "hazard_ratio") & (made["versus"] != "")].iloc[0]
    return row["value"], row["lower"], row["upper"]


def test_immortal_time_makes_transplants_save_lives_and_start_stop_rows_do_not():
    jasa = pd.read_csv(real("survival/jasa.csv.gz"))
    jasa["arm"] = pd.Categorical(jasa["transplant"].map({0: "none", 1: "transplant"}))
    columns = {"time": "futime", "status": "fustat", "arm": "arm"}
    with_it = follow_up_from_frame(jasa[["futime", "fustat", "arm"]], **columns)

    heart = pd.read_csv(real("survival/heart.csv.gz"))
    heart["arm"] = pd.Categorical(heart["transplant"].map({0: "none", 1: "transplant"}))
    rows = heart[["start", "stop", "event", "arm", "id"]]
    columns = {"time": "stop", "status": "event", "arm": "arm", "entry": "start", "patient": "id"}
    without = follow_up_from_frame(rows, **columns)

    naive, *_ = ratio_of(with_it)
    assert naive == pytest.approx(expected("jasa_immortal_time_bias"), rel=1e-8)
    right, *_ = ratio_of(without)
    assert right == pytest.approx(expected("heart_start_stop_transplant_only"), rel=1e-8)
    assert (round(naive, 2), round(right, 2)) == (0.27, 1.14)


def test_cloning_takes_the_immortal_time_out_of_the_heart_transplant_data():
    # No truth is known here, but the whole interval must leave the neighbourhood of 0.27, and
    # say with the start-stop rows that no effect is shown.
    jasa = pd.read_csv(real("survival/jasa.csv.gz"))
    made = clone_censor_weight(
        jasa,
        Grace({"none": None, "transplant": "wait.time"}, 60),
        time="futime",
        status="fustat",
        covariates=["age", "surgery"],
        reference="none",
    )
    _, lower, upper = ratio_of(made, variance="robust")
    assert 0.27 < lower < 1 < upper
