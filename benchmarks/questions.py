"""What is asked of each simulated cohort, and of whom: of this package, and of its peers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from azaanalysis.result import Estimate
from benchmarks.infections import follow_infections
from benchmarks.world_truth import AT_DAY, MEAN_COUNT_DAY
from benchmarks.worlds import CAUSES, HORIZON_DAYS, Drawn

FIRST, SECOND = CAUSES


@dataclass(frozen=True)
class Answer:
    """An estimate with its interval, and which variance it came from."""

    value: float
    lower: float
    upper: float
    chosen: str


@dataclass(frozen=True)
class Question:
    """One quantity of the second arm, alone or against the first.

    Parameters
    ----------
    title
        What is asked, in words.
    truth
        Name of the true value in ``world_truth.truths``.
    ask
        Takes a weighed cohort and the variance asked for, and answers.
    is_contrast
        Whether the truth of a world without effect is "no difference".
    """

    title: str
    truth: str
    ask: Callable[[Drawn, str], Answer]
    is_contrast: bool = False


def _row(estimate: Estimate, **wanted: Any) -> Any:
    """Return the one row of arm ``b`` that holds the values wanted."""
    frame = estimate.frame
    keep = (frame["arm"] == "b").to_numpy()
    for column, value in wanted.items():
        keep = keep & (frame[column] == value).to_numpy()
    (position,) = np.flatnonzero(keep)
    return frame.iloc[position]


def _answer(estimate: Estimate, *, log: bool = False, **wanted: Any) -> Answer:
    row = _row(estimate, **wanted)
    limits = np.array([row["value"], row["lower"], row["upper"]], dtype=float)
    if log:
        with np.errstate(divide="ignore"):
            limits = np.log(limits)
    return Answer(*limits, chosen=_variance_of(estimate))


def _variance_of(estimate: Estimate) -> str:
    return str(estimate.about.get("variance", estimate.about["interval"]))


@lru_cache(maxsize=1)
def _curves(drawn: Drawn, variance: str) -> Estimate:
    """Estimate the curves of a cohort; two questions read them."""
    from azaanalysis.estimate import estimate_incidence

    return estimate_incidence(drawn.follow_up, variance=variance)


def _risk(drawn: Drawn, variance: str) -> Answer:
    curve = _curves(drawn, variance)
    found = _answer(curve.only(quantity="survival", arm="b").at([AT_DAY]))
    return Answer(1 - found.value, 1 - found.upper, 1 - found.lower, found.chosen)


def _risk_of_cause(drawn: Drawn, variance: str) -> Answer:
    curve = _curves(drawn, variance)
    return _answer(curve.only(quantity="risk", arm="b", cause=SECOND).at([AT_DAY]))


def _risk_difference(drawn: Drawn, variance: str) -> Answer:
    from azaanalysis.estimate import estimate_risk_difference

    found = estimate_risk_difference(drawn.follow_up, at_days=[AT_DAY], variance=variance)
    return _answer(found, cause=FIRST, quantity="risk_difference", at_days=AT_DAY)


def _restricted_mean_difference(drawn: Drawn, variance: str) -> Answer:
    from azaanalysis.estimate import estimate_restricted_mean_difference

    found = estimate_restricted_mean_difference(
        drawn.follow_up, horizon_days=HORIZON_DAYS, variance=variance
    )
    return _answer(found, quantity="restricted_mean_difference")


def _hazard_ratio(drawn: Drawn, variance: str) -> Answer:
    from azaanalysis.estimate import estimate_hazard_ratio

    found = estimate_hazard_ratio(drawn.follow_up, variance=variance)
    return _answer(found, log=True, cause=FIRST, quantity="hazard_ratio")


def _rate_ratio(drawn: Drawn, variance: str) -> Answer:
    from azaanalysis.estimate import estimate_rate_ratio

    found = estimate_rate_ratio(drawn.follow_up, variance=variance)
    return _answer(found, log=True, quantity="rate_ratio")


def _mean_count(drawn: Drawn, variance: str) -> Answer:
    from azaanalysis.estimate import estimate_mean_count

    rows = follow_infections(drawn)
    return _answer(estimate_mean_count(rows, at_days=[MEAN_COUNT_DAY], variance=variance))


def _lifelines_kaplan_meier(drawn: Drawn, variance: str) -> Answer:
    """Ask lifelines for a weighted Kaplan-Meier curve, whose interval takes weights as counts."""
    from lifelines import KaplanMeierFitter

    frame = drawn.follow_up.frame
    b = frame[frame["arm"] == "b"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = KaplanMeierFitter().fit(b["exit_days"], b["status"] > 0, weights=b["weight"])
    at = fitted.survival_function_.index.searchsorted(AT_DAY, side="right") - 1
    lower, upper = fitted.confidence_interval_.iloc[at]
    value = float(fitted.survival_function_.iloc[at, 0])
    return Answer(1 - value, 1 - upper, 1 - lower, "weights as counts")


def _naive_weighted_cox(drawn: Drawn, variance: str) -> Answer:
    """Ask lifelines for a weighted Cox model with errors that take weights as counts."""
    from lifelines import CoxPHFitter

    frame = drawn.follow_up.frame
    design = frame[["exit_days", "weight"]].assign(is_event=frame["status"] == 1)
    for arm in drawn.follow_up.arms[1:]:
        design[arm] = (frame["arm"] == arm).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = CoxPHFitter().fit(design, "exit_days", "is_event", weights_col="weight")
    lower, upper = fitted.confidence_intervals_.loc["b"]
    return Answer(fitted.params_["b"], lower, upper, "weights as counts")


QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {
        "risk": Question(f"Risk of any event by day {AT_DAY}", "risk", _risk),
        "risk_of_cause": Question(
            f"Cumulative incidence of one reason by day {AT_DAY}", "risk_of_cause", _risk_of_cause
        ),
        "risk_difference": Question(
            f"Risk difference by day {AT_DAY}", "risk_difference", _risk_difference, True
        ),
        "restricted_mean_difference": Question(
            f"Restricted mean difference to day {HORIZON_DAYS}",
            "restricted_mean_difference",
            _restricted_mean_difference,
            True,
        ),
        "hazard_ratio": Question("Hazard ratio (log)", "hazard_ratio", _hazard_ratio, True),
        "rate_ratio": Question("Rate ratio (log)", "rate_ratio", _rate_ratio, True),
        "mean_count": Question(f"Mean count by day {MEAN_COUNT_DAY}", "mean_count", _mean_count),
    }
)

PEERS: Mapping[str, Question] = MappingProxyType(
    {
        "lifelines_kaplan_meier": Question(
            "Risk, weighted Kaplan-Meier of lifelines", "risk", _lifelines_kaplan_meier
        ),
        "naive_weighted_cox": Question(
            "Hazard ratio, weighted Cox of lifelines, not robust",
            "hazard_ratio",
            _naive_weighted_cox,
            True,
        ),
    }
)
