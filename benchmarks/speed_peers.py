"""The peers' side of the speed benchmark: each does a task as its own manual would have it done.

Every function takes columns and returns the work to be timed. What a peer needs its data to look
like (types, frames) is prepared outside of the timing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.speed_data import COVARIATES, N_CAUSES, Columns

Work = Callable[[], object]
Prepare = Callable[[Columns], Work]

# The module that has to be there for a peer to take part.
MODULES = {
    "lifelines": "lifelines",
    "scikit_survival": "sksurv",
    "survival": "survival",
    "statsmodels": "statsmodels",
    "comprisk": "comprisk",
    "glum": "glum",
    "scikit_learn": "sklearn",
}
# By task, then by peer.
PEERS: dict[str, dict[str, Prepare]] = defaultdict(dict)


def _does(task: str, peer: str) -> Callable[[Prepare], Prepare]:
    """Say which task of which peer the function below prepares."""

    def note(prepare: Prepare) -> Prepare:
        PEERS[task][peer] = prepare
        return prepare

    return note


def _floats(columns: Columns, *names: str) -> list[np.ndarray]:
    return [columns[name].astype(float) for name in names]


def _matrix(columns: Columns) -> np.ndarray:
    return np.column_stack([columns[name] for name in COVARIATES])


def _frame(columns: Columns, *others: str) -> pd.DataFrame:
    frame = pd.DataFrame({name: columns[name] for name in (*COVARIATES, *others)})
    return frame.assign(
        is_event=columns["status"] == 1, exit_days=columns["exit_days"].astype(float)
    )


# Kaplan-Meier


@_does("km", "lifelines")
def _km_lifelines(columns: Columns) -> Work:
    from lifelines import KaplanMeierFitter

    days, is_event = columns["exit_days"], columns["status"] > 0
    return lambda: KaplanMeierFitter().fit(days, is_event)


@_does("km", "scikit_survival")
def _km_scikit_survival(columns: Columns) -> Work:
    from sksurv.nonparametric import kaplan_meier_estimator

    is_event, (days,) = columns["status"] > 0, _floats(columns, "exit_days")
    return lambda: kaplan_meier_estimator(is_event, days, conf_type="log-log")


@_does("km", "survival")
def _km_survival(columns: Columns) -> Work:
    from survival._survival import survfitkm

    (days,), is_event = _floats(columns, "exit_days"), (columns["status"] > 0).astype(float)
    return lambda: survfitkm(days, is_event)


@_does("km", "statsmodels")
def _km_statsmodels(columns: Columns) -> Work:
    from statsmodels.duration.survfunc import SurvfuncRight

    (days,), is_event = _floats(columns, "exit_days"), (columns["status"] > 0).astype(float)
    return lambda: SurvfuncRight(days, is_event)


# Weighted Kaplan-Meier, interval that knows the weights


@_does("weighted_km", "lifelines")
def _weighted_km_lifelines(columns: Columns) -> Work:
    """Time lifelines, whose interval takes the weights as counts and is wrong."""
    from lifelines import KaplanMeierFitter

    days, is_event, weight = columns["exit_days"], columns["status"] > 0, columns["weight"]
    return lambda: KaplanMeierFitter().fit(days, is_event, weights=weight)


@_does("weighted_km", "survival")
def _weighted_km_survival(columns: Columns) -> Work:
    from survival._survival import survfitkm

    (days,), is_event = _floats(columns, "exit_days"), (columns["status"] > 0).astype(float)
    return lambda: survfitkm(days, is_event, weights=columns["weight"], robust=True)


# Aalen-Johansen, three causes with variance


@_does("aj", "lifelines")
def _aj_lifelines(columns: Columns) -> Work:
    """Time lifelines, which breaks ties at random."""
    from lifelines import AalenJohansenFitter

    days, status = columns["exit_days"].astype(float), columns["status"].astype(int)

    def work() -> object:
        return [
            AalenJohansenFitter(seed=1).fit(days, status, event_of_interest=cause)
            for cause in range(1, N_CAUSES + 1)
        ]

    return work


@_does("aj", "scikit_survival")
def _aj_scikit_survival(columns: Columns) -> Work:
    from sksurv.nonparametric import cumulative_incidence_competing_risks

    status, (days,) = columns["status"].astype(int), _floats(columns, "exit_days")
    return lambda: cumulative_incidence_competing_risks(status, days, conf_type="log-log")


@_does("aj", "survival")
def _aj_survival(columns: Columns) -> Work:
    from survival._survival import survfitaj

    (days,), state = _floats(columns, "exit_days"), columns["status"].astype(np.int64)
    states = [str(cause) for cause in range(1, N_CAUSES + 1)]
    return lambda: survfitaj(days, state, states)


@_does("aj", "comprisk")
def _aj_comprisk(columns: Columns) -> Work:
    from comprisk import CumulativeIncidence

    (days,), status = _floats(columns, "exit_days"), columns["status"].astype(np.int64)
    return lambda: CumulativeIncidence().fit(days, status)


@_does("aj", "statsmodels")
def _aj_statsmodels(columns: Columns) -> Work:
    from statsmodels.duration.survfunc import CumIncidenceRight

    (days,), status = _floats(columns, "exit_days"), columns["status"].astype(np.int64)
    return lambda: CumIncidenceRight(days, status)


# Log-rank test of three arms


@_does("log_rank", "lifelines")
def _log_rank_lifelines(columns: Columns) -> Work:
    from lifelines.statistics import multivariate_logrank_test

    days, arm, is_event = columns["exit_days"], columns["arm"], columns["status"] > 0
    return lambda: multivariate_logrank_test(days, arm, is_event)


@_does("log_rank", "scikit_survival")
def _log_rank_scikit_survival(columns: Columns) -> Work:
    from sksurv.compare import compare_survival

    arm, outcome = columns["arm"].astype(int), _outcome(columns, columns["status"] > 0)
    return lambda: compare_survival(outcome, arm)


@_does("log_rank", "survival")
def _log_rank_survival(columns: Columns) -> Work:
    from survival._survival import survdiff

    (days,), is_event = _floats(columns, "exit_days"), (columns["status"] > 0).astype(np.int64)
    arm = columns["arm"].astype(np.int64)
    return lambda: survdiff(days, is_event, arm)


@_does("log_rank", "statsmodels")
def _log_rank_statsmodels(columns: Columns) -> Work:
    from statsmodels.duration.survfunc import survdiff

    (days,), is_event = _floats(columns, "exit_days"), (columns["status"] > 0).astype(float)
    return lambda: survdiff(days, is_event, columns["arm"])


def _outcome(columns: Columns, is_event: np.ndarray) -> Any:
    from sksurv.util import Surv

    return Surv.from_arrays(is_event, columns["exit_days"].astype(float))


# Cox regression, ten covariates, Efron


@_does("cox", "lifelines")
def _cox_lifelines(columns: Columns) -> Work:
    from lifelines import CoxPHFitter

    frame = _frame(columns)
    return lambda: CoxPHFitter().fit(frame, "exit_days", "is_event")


@_does("cox", "scikit_survival")
def _cox_scikit_survival(columns: Columns) -> Work:
    from sksurv.linear_model import CoxPHSurvivalAnalysis

    outcome, matrix = _outcome(columns, columns["status"] == 1), _matrix(columns)
    return lambda: CoxPHSurvivalAnalysis(ties="efron").fit(matrix, outcome)


@_does("cox", "survival")
def _cox_survival(columns: Columns) -> Work:
    return _cox_of_survival(columns)


@_does("cox", "statsmodels")
def _cox_statsmodels(columns: Columns) -> Work:
    from statsmodels.duration.hazard_regression import PHReg

    (days,), is_event = _floats(columns, "exit_days"), (columns["status"] == 1).astype(int)
    matrix = _matrix(columns)
    return lambda: PHReg(days, matrix, status=is_event, ties="efron").fit()


@_does("weighted_cox", "lifelines")
def _weighted_cox_lifelines(columns: Columns) -> Work:
    from lifelines import CoxPHFitter

    frame = _frame(columns, "weight")
    return lambda: CoxPHFitter().fit(
        frame, "exit_days", "is_event", weights_col="weight", robust=True
    )


@_does("weighted_cox", "survival")
def _weighted_cox_survival(columns: Columns) -> Work:
    return _cox_of_survival(columns, weights=columns["weight"], robust=True)


@_does("start_stop_cox", "survival")
def _start_stop_cox_survival(columns: Columns) -> Work:
    return _cox_of_survival(
        columns,
        entry=columns["entry_days"].astype(float),
        cluster=columns["person"].astype(np.int64),
    )


@_does("start_stop_cox", "lifelines")
def _start_stop_cox_lifelines(columns: Columns) -> Work:
    """Time lifelines, which has no errors for clusters in this model."""
    from lifelines import CoxTimeVaryingFitter

    frame = _frame(columns, "person", "entry_days")
    return lambda: CoxTimeVaryingFitter().fit(
        frame, "is_event", start_col="entry_days", stop_col="exit_days", id_col="person"
    )


def _cox_of_survival(columns: Columns, **others: Any) -> Work:
    from survival._survival import coxph_fit

    (days,), is_event = _floats(columns, "exit_days"), (columns["status"] == 1).astype(np.int64)
    matrix = _matrix(columns)
    return lambda: coxph_fit(days, is_event, matrix, **others)


# Fine-Gray, ten covariates


@_does("fine_gray", "comprisk")
def _fine_gray_comprisk(columns: Columns) -> Work:
    from comprisk import FineGrayRegression

    (days,), status = _floats(columns, "exit_days"), columns["status"].astype(np.int64)
    matrix = _matrix(columns)
    return lambda: FineGrayRegression(cause=1).fit(matrix, time=days, event=status)


@_does("fine_gray", "survival")
def _fine_gray_survival(columns: Columns) -> Work:
    from survival._survival import finegray_regression

    days, status = columns["exit_days"].astype(float).tolist(), columns["status"].tolist()
    rows = _matrix(columns).tolist()
    return lambda: finegray_regression(days, status, rows, 1)


# 200 bootstrap replicates of a weighted curve: the peer's fit, called again and again


@_does("bootstrap_curve", "survival")
def _bootstrap_curve_survival(columns: Columns) -> Work:
    from survival._survival import survfitkm

    (days,), is_event = _floats(columns, "exit_days"), (columns["status"] > 0).astype(float)
    weight = columns["weight"]
    return lambda: [
        survfitkm(days, is_event, weights=weight * copies, se_fit=False)
        for copies in _draws(len(days), 200)
    ]


@_does("bootstrap_curve", "lifelines")
def _bootstrap_curve_lifelines(columns: Columns) -> Work:
    from lifelines import KaplanMeierFitter

    days, is_event, weight = columns["exit_days"], columns["status"] > 0, columns["weight"]
    return lambda: [
        KaplanMeierFitter().fit(days, is_event, weights=weight * copies)
        for copies in _draws(len(days), 200)
    ]


def _draws(n: int, times: int) -> Any:
    rng = np.random.default_rng(1)
    for _ in range(times):
        # A patient drawn zero times keeps a speck of weight: some peers refuse zero.
        yield np.maximum(np.bincount(rng.integers(0, n, n), minlength=n), 1e-9)


# The propensity model alone, three arms


@_does("propensity", "scikit_learn")
def _propensity_scikit_learn(columns: Columns) -> Work:
    from sklearn.linear_model import LogisticRegression

    matrix, arm = _matrix(columns), columns["arm"].astype(int)
    return lambda: LogisticRegression(C=np.inf, tol=1e-8, max_iter=200).fit(matrix, arm)


@_does("propensity", "statsmodels")
def _propensity_statsmodels(columns: Columns) -> Work:
    from statsmodels.discrete.discrete_model import MNLogit
    from statsmodels.tools import add_constant

    matrix, arm = add_constant(_matrix(columns)), columns["arm"].astype(int)
    return lambda: MNLogit(arm, matrix).fit(disp=False)


# The same with two arms, where more peers can do it


@_does("two_arm_propensity", "glum")
def _two_arm_propensity_glum(columns: Columns) -> Work:
    from glum import GeneralizedLinearRegressor

    matrix, is_second = _matrix(columns), (columns["arm"] > 0).astype(float)
    return lambda: GeneralizedLinearRegressor(family="binomial", alpha=0).fit(matrix, is_second)


@_does("two_arm_propensity", "scikit_learn")
def _two_arm_propensity_scikit_learn(columns: Columns) -> Work:
    return _propensity_scikit_learn(columns | {"arm": columns["arm"] > 0})


@_does("two_arm_propensity", "statsmodels")
def _two_arm_propensity_statsmodels(columns: Columns) -> Work:
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.tools import add_constant

    matrix, is_second = add_constant(_matrix(columns)), (columns["arm"] > 0).astype(float)
    return lambda: Logit(is_second, matrix).fit(disp=False)


# 1,000 replicates with the propensity model fitted again: by hand from two peers


@_does("refit_bootstrap", "glum")
def _refit_bootstrap_glum(columns: Columns) -> Work:
    """Fit two arms by glum and draw curves by the Rust survival package, replicate by replicate."""
    from glum import GeneralizedLinearRegressor
    from survival._survival import survfitkm

    matrix, is_second = _matrix(columns), (columns["arm"] > 0).astype(float)
    (days,), is_event = _floats(columns, "exit_days"), (columns["status"] > 0).astype(float)

    def replicate(copies: np.ndarray) -> None:
        model = GeneralizedLinearRegressor(family="binomial", alpha=0)
        chance = model.fit(matrix, is_second, sample_weight=copies).predict(matrix)
        weight = copies / np.where(is_second, chance, 1 - chance)
        for chosen in (is_second == 0, is_second == 1):
            survfitkm(days[chosen], is_event[chosen], weights=weight[chosen], se_fit=False)

    return lambda: [replicate(copies) for copies in _draws(len(days), 1_000)]
