"""Log-rank tests with weights on days, strata and weighted patients: R, properties, truth."""

import numpy as np
import pandas as pd
import pytest
from lifelines.statistics import multivariate_logrank_test

from azaanalysis.errors import EstimationError
from azaanalysis.estimate import estimate_log_rank, tally
from tests.builders import follow_up
from tests.estimate import public_trials as trials
from tests.estimate.weighted_world import small_world, weighted
from tests.r_results import r_result

LUNG = ("lung", {"time": "time", "status": "event"})
# entry: data, arm, columns of the follow-up, choices
CASES = {
    "lung_logrank_sex": (*LUNG, "sex", {}),
    "lung_peto_sex": (*LUNG, "sex", {"rho": 1}),
    "lung_logrank_ph_ecog": (*LUNG, "ph.ecog", {}),
    "lung_logrank_stratified": (*LUNG, "sex", {"stratum": "ph.ecog"}),
    "lung_peto_stratified": (*LUNG, "sex", {"stratum": "ph.ecog", "rho": 1}),
    "veteran_logrank_celltype": (
        "veteran",
        {"time": "time", "status": "status"},
        "celltype",
        {},
    ),
    "ovarian_logrank_rx": ("ovarian", {"time": "futime", "status": "fustat"}, "rx", {}),
    "epileptic_logrank": ("epileptic", {"time": "with.time", "status": "with.status"}, "treat", {}),
}
FLEMING_HARRINGTON = {
    "1": (0, 0),
    "FH_p=0_q=1": (0, 1),
    "FH_p=1_q=0": (1, 0),
    "FH_p=1_q=1": (1, 1),
    "FH_p=0.5_q=0.5": (0.5, 0.5),
}


def followed(name, columns, arm, choices):
    frame = getattr(trials, name, lambda: trials.table(name))()
    stratum = choices.get("stratum")
    frame = frame.dropna(subset=[c for c in (arm, stratum) if c])
    covariates = []
    if stratum:
        frame = frame.assign(**{stratum: frame[stratum].astype(int).astype(str)})
        covariates = [stratum]
    return trials.followed(frame, covariates, arm=arm, **columns)


@pytest.mark.parametrize("entry", CASES)
def test_the_log_rank_test_agrees_with_r(entry):
    made = followed(*CASES[entry])
    choices = CASES[entry][-1]
    known = r_result(entry)
    statistic, p = estimate_log_rank(made, **choices).frame["value"]

    assert statistic == pytest.approx(known["chisq"], rel=1e-8)
    assert p == pytest.approx(known["p"], rel=1e-6)
    assert estimate_log_rank(made, **choices).frame["unit"].iloc[0] == f"{known['df']} df"


@pytest.mark.parametrize("weight", FLEMING_HARRINGTON)
@pytest.mark.parametrize(
    ("entry", "name", "columns", "arm"),
    [
        ("lung_weighted_logrank_sex", *LUNG, "sex"),
        (
            "veteran_weighted_logrank_trt",
            "veteran",
            {"time": "time", "status": "status"},
            "trt",
        ),
    ],
)
def test_fleming_harrington_tests_agree_with_r(entry, name, columns, arm, weight):
    known = r_result(entry)
    rho, gamma = FLEMING_HARRINGTON[weight]
    made = followed(name, columns, arm, {})
    statistic = estimate_log_rank(made, rho=rho, gamma=gamma).frame["value"].iloc[0]

    # survMisc takes another variance: its log-rank statistic is 0.1 % from that of survdiff.
    assert statistic == pytest.approx(known["chiSq"][known["W"].index(weight)], rel=1e-2)
    frame = made.frame
    theirs = multivariate_logrank_test(
        frame["exit_days"],
        frame["arm"],
        frame["status"],
        weightings="fleming-harrington",
        p=rho,
        q=gamma,
    )
    assert statistic == pytest.approx(theirs.test_statistic, rel=1e-8)


def test_late_differences_show_with_weight_on_late_days():
    rng = np.random.default_rng(12)
    early = rng.exponential(100, 800)
    late = 60 + rng.exponential(np.repeat([100, 40], 400))
    days = list(np.ceil(np.where(early <= 60, early, late)))
    made = follow_up(days=days, status=[1] * 800, arm=["a"] * 400 + ["b"] * 400)
    on_early, on_late = (
        estimate_log_rank(made, rho=rho, gamma=gamma).frame["value"].iloc[0]
        for rho, gamma in [(1, 0), (0, 1)]
    )

    assert on_late > 2 * on_early


def test_weights_of_one_give_nearly_the_hypergeometric_test():
    rng = np.random.default_rng(2)
    made = follow_up(
        days=list(rng.integers(1, 400, 3000)),
        status=list(rng.integers(0, 2, 3000)),
        arm=list(rng.choice(["a", "b", "c"], 3000)),
    )
    plain, robust = (
        estimate_log_rank(made, variance=variance).frame["value"].iloc[0]
        for variance in ("auto", "robust")
    )

    assert robust == pytest.approx(plain, rel=0.03)


def test_the_scale_of_weights_and_the_table_change_nothing():
    rng = np.random.default_rng(3)
    days, status = list(rng.integers(1, 40, 200)), list(rng.integers(0, 2, 200))
    arm, weight = list(rng.choice(["a", "b"], 200)), rng.uniform(0.5, 3, 200)
    one = follow_up(days=days, status=status, arm=arm, weight=weight)
    ten = follow_up(days=days, status=status, arm=arm, weight=10 * weight)
    values = [estimate_log_rank(x).frame["value"].tolist() for x in (one, ten, tally(one))]

    assert values[1] == pytest.approx(values[0], rel=1e-9)
    assert values[2] == pytest.approx(values[0], rel=1e-9)


def test_with_estimated_weights_the_variance_contains_them():
    made = weighted(*small_world(patients=200), time="days", status="status", arm="arm")
    robust, stacked = (
        estimate_log_rank(made, variance=variance).frame["value"].iloc[0]
        for variance in ("robust", "stacked")
    )

    # The weights were fitted to the arms, which takes spread away.
    assert stacked > robust


@pytest.mark.parametrize("weights", [None, "random"])
def test_a_true_null_is_rejected_one_time_in_twenty(weights):
    rng = np.random.default_rng(20)
    rejected = 0
    for _ in range(200):
        days = np.ceil(rng.exponential(50, 160))
        censored = np.ceil(rng.exponential(80, 160))
        made = follow_up(
            days=list(np.minimum(days, censored)),
            status=list((days <= censored).astype(int)),
            arm=["a", "b"] * 80,
            weight=None if weights is None else rng.uniform(0.5, 2, 160),
        )
        rejected += estimate_log_rank(made).frame["value"].iloc[1] < 0.05

    # 10 of 200 are expected, with a standard deviation of 3.
    assert 1 <= rejected <= 19


def test_an_arm_that_nobody_could_have_the_event_in_takes_no_part():
    made = follow_up(
        days=[1, 2, 3, 4, 1], status=[1, 1, 1, 0, 0], arm=["a", "b", "a", "b", "c"], entry=None
    )
    made.frame.loc[4, "exit_days"] = 0.0
    rows = estimate_log_rank(made).frame

    assert rows["unit"].iloc[0] == "1 df"


def test_a_stacked_test_of_known_weights_is_refused():
    given = follow_up(days=[1, 2], status=[1, 1], arm=["a", "b"], weight=[1, 2])
    with pytest.raises(EstimationError, match="needs the score of the model"):
        estimate_log_rank(given, variance="stacked")


def test_no_event_at_all_gives_no_test():
    rows = estimate_log_rank(follow_up(days=[1, 2], status=[0, 0], arm=["a", "b"])).frame

    assert rows["value"].isna().all()
    pd.testing.assert_series_equal(rows["unit"], pd.Series(["0 df"] * 2, name="unit"))
