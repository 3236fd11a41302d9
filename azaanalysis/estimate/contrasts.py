"""Risks of the arms at given days, compared: difference, ratio, number needed to treat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.compare import (
    Plan,
    Question,
    Reading,
    answer,
    differences,
    on_days,
    refuse_one_arm,
)
from azaanalysis.estimate.resample import USUAL, Resampling
from azaanalysis.estimate.tally import RiskTable, tally
from azaanalysis.estimate.variance import Variance, refuse_level
from azaanalysis.result import Estimate


def estimate_risk_difference(
    follow_up: FollowUp | RiskTable,
    *,
    at_days: Sequence[float],
    level: float = 0.95,
    variance: Variance = "auto",
    stratum: str | None = None,
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate the difference in cumulative incidence between each arm and the reference.

    The difference of two Aalen-Johansen risks on one day: how many more (or fewer) of a hundred
    have had the event by then. Positive means more events than in the reference.

    Parameters
    ----------
    follow_up
        One row per patient, or its risk table; at least two arms.
    at_days
        Days since time zero.
    level
        Coverage of each interval, between 0 and 1.
    variance
        ``robust`` takes weights as known, ``stacked`` contains that they were estimated,
        ``bootstrap`` draws patients and estimates the weights again, ``auto`` chooses.
    stratum
        A categorical covariate: risks are then standardised to its distribution over all arms.
    resampling
        How a bootstrap is done: resamples, seed, progress.

    Returns
    -------
    Estimate
        For each cause, each arm but the reference (``versus``) and each day one row
        ``risk_difference``, between -1 and 1. ``patients``, ``events`` (of the cause, by the
        day) and ``patient_years`` (by the day) are of both arms together, before weighting. A
        day on which an arm was no longer observed has no value, and two arms without any event
        no limits.

    Raises
    ------
    EstimationError
        If ``level`` is not a proportion, a day is negative, an arm has nobody in it, or the
        variance cannot be had.
    DesignError
        If there is only one arm.

    Notes
    -----
    The interval is symmetric on the scale of the difference. Source: influence functions of
    the Aalen-Johansen estimator; with estimated weights stacked estimating equations, Stefanski
    and Boos (2002), Am Stat 56:29-38. A difference is an effect only if the weights have
    removed all confounding and leaving observation tells nothing about the risk.
    """
    table = _counted(follow_up, at_days, level, stratum)
    readings = _of_each_cause(table, at_days)
    question = Question(readings, differences, ["risk_difference"] * len(readings))
    made = answer(follow_up, table, [question], Plan(level, variance, stratum, resampling))
    return made.with_about(method="difference of Aalen-Johansen risks")


def _counted(
    follow_up: FollowUp | RiskTable, at_days: Sequence[float], level: float, stratum: str | None
) -> RiskTable:
    refuse_level(level)
    days = np.asarray(at_days, dtype=float)
    if days.ndim != 1 or not len(days) or not (days >= 0).all():
        raise EstimationError(
            f"at_days must be days since time zero, for example [84, 182, 365]; got {at_days}."
        )
    table = tally(follow_up, stratum=stratum)
    refuse_one_arm(table.arms)
    return table


def _of_each_cause(table: RiskTable, at_days: Sequence[float]) -> list[Reading]:
    days = on_days(at_days)
    return [Reading(cause, at_days, days) for cause in range(1, len(table.causes) + 1)]
