"""Mean time up to a horizon: free of the event, and lost to each cause."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.compare import (
    Measure,
    Plan,
    Question,
    Reading,
    answer,
    differences,
    log_ratios,
    numbers_of_arms,
    refuse_one_arm,
    until_days,
)
from azaanalysis.estimate.grid import Grid
from azaanalysis.estimate.refusals import refuse_level
from azaanalysis.estimate.resample import USUAL, Resampling
from azaanalysis.estimate.tally import RiskTable, tally
from azaanalysis.estimate.variance import Variance
from azaanalysis.result import Estimate


def estimate_restricted_mean(
    follow_up: FollowUp | RiskTable,
    *,
    horizon_days: float | None = None,
    level: float = 0.95,
    variance: Variance = "auto",
    stratum: str | None = None,
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate the mean time free of the event up to a horizon, and the time lost to each cause.

    The area under the survival curve, and under the cumulative incidence of each cause; together
    they are the horizon.

    Parameters
    ----------
    follow_up
        One row per patient, or its risk table.
    horizon_days
        Days since time zero. If not given: the horizon of the study, or the last day on which every
        arm was observed if that comes first.
    level
        Coverage of each interval, between 0 and 1.
    variance
        ``robust`` takes weights as known, ``stacked`` contains that they were estimated,
        ``bootstrap`` draws patients and estimates the weights again, ``auto`` chooses.
    stratum
        A categorical covariate: curves are then standardised to its distribution over all arms.
    resampling
        How a bootstrap is done: resamples, seed, progress.

    Returns
    -------
    Estimate
        For each arm one row ``restricted_mean_days`` (``cause`` empty) and one row
        ``restricted_mean_days_lost`` for each cause. ``at_days`` is the horizon; ``patients``,
        ``events`` and ``patient_years`` are those until then, before weighting.

    Raises
    ------
    EstimationError
        If an arm was not observed until the horizon, ``level`` is not a proportion, or the
        variance cannot be had.

    Notes
    -----
    Source: Royston and Parmar (2013), BMC Med Res Methodol 13:152; with competing causes Andersen
    (2013), Stat Med 32:5278-5285. Variance from influence functions.
    """
    table = _counted(follow_up, level, stratum)
    plan = Plan(level, variance, stratum, resampling)
    names = ("restricted_mean_days", "restricted_mean_days_lost")
    questions = [_ask(table, horizon_days, numbers_of_arms, names)]
    return _told(answer(follow_up, table, questions, plan), table, horizon_days)


def estimate_restricted_mean_difference(
    follow_up: FollowUp | RiskTable,
    *,
    horizon_days: float | None = None,
    level: float = 0.95,
    variance: Variance = "auto",
    stratum: str | None = None,
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate how much longer each arm stays free of the event than the reference, on average.

    Parameters
    ----------
    follow_up, horizon_days, level, variance, stratum, resampling
        As in ``estimate_restricted_mean``.

    Returns
    -------
    Estimate
        For each arm but the reference one row ``restricted_mean_difference`` (days) and one row
        ``restricted_mean_lost_difference`` for each cause.

    Raises
    ------
    EstimationError, DesignError
        As in ``estimate_restricted_mean``; also if there is only one arm.

    Notes
    -----
    It needs no proportional hazards, but it depends on the horizon: choose it beforehand.
    """
    table = _counted(follow_up, level, stratum)
    refuse_one_arm(table.arms)
    plan = Plan(level, variance, stratum, resampling)
    names = ("restricted_mean_difference", "restricted_mean_lost_difference")
    questions = [_ask(table, horizon_days, differences, names)]
    return _told(answer(follow_up, table, questions, plan), table, horizon_days)


def estimate_restricted_mean_ratio(
    follow_up: FollowUp | RiskTable,
    *,
    horizon_days: float | None = None,
    level: float = 0.95,
    variance: Variance = "auto",
    stratum: str | None = None,
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate the ratio of the mean times of each arm to those of the reference.

    Parameters
    ----------
    follow_up, horizon_days, level, variance, stratum, resampling
        As in ``estimate_restricted_mean``.

    Returns
    -------
    Estimate
        For each arm but the reference one row ``restricted_mean_ratio`` and one row
        ``restricted_mean_lost_ratio`` for each cause; ``std_error`` is that of the log.
        Missing where an arm has had no event.

    Raises
    ------
    EstimationError, DesignError
        As in ``estimate_restricted_mean``; also if there is only one arm.

    Notes
    -----
    Intervals are symmetric on the log scale.
    """
    table = _counted(follow_up, level, stratum)
    refuse_one_arm(table.arms)
    plan = Plan(level, variance, stratum, resampling)
    names = ("restricted_mean_ratio", "restricted_mean_lost_ratio")
    questions = [_ask(table, horizon_days, log_ratios, names, back=np.exp)]
    return _told(answer(follow_up, table, questions, plan), table, horizon_days)


_METHOD = "area under Kaplan-Meier and Aalen-Johansen curves"


def _told(made: Estimate, table: RiskTable, horizon_days: float | None) -> Estimate:
    """Name the method; say so if the horizon of the study could not be kept."""
    used, wanted = horizon_of(table, horizon_days), table.about.get("horizon_days", 0)
    notes = made.about["notes"]
    if horizon_days is None and used < wanted:
        notes += (
            f"Mean times run until day {used:,.0f}, the last on which every arm was observed, and "
            f"not until the horizon of the study, day {wanted:,.0f}.",
        )
    return made.with_about(method=_METHOD, notes=notes)


def _counted(follow_up: FollowUp | RiskTable, level: float, stratum: str | None) -> RiskTable:
    refuse_level(level)
    return tally(follow_up, stratum=stratum)


def _ask(
    table: RiskTable,
    horizon_days: float | None,
    measure: Measure,
    names: tuple[str, str],
    back: Callable[[Array], Array] = np.asarray,
) -> Question:
    """Ask for the area under survival, and under the risk of each cause."""
    horizon = [horizon_of(table, horizon_days)]
    causes = range(len(table.causes) + 1)
    readings = [Reading(cause, horizon, until_days(horizon)) for cause in causes]
    quantities = [names[0], *[names[1]] * len(table.causes)]
    return Question(readings, measure, quantities, names[0] != "restricted_mean_days", back)


def horizon_of(table: RiskTable, horizon_days: float | None) -> float:
    """Return the horizon; refuse one that an arm was not observed until."""
    grids = [
        Grid.of(table, arm, stratum=stratum if len(table.strata) > 1 else None)
        for arm in table.arms
        for stratum in table.strata
    ]
    last = min(float(grid.days[-1]) for grid in grids)
    if horizon_days is None:
        return min(float(table.about.get("horizon_days", last)), last)
    if not 0 < float(horizon_days) <= last:
        raise EstimationError(
            f"Mean times until day {horizon_days} need every arm (and stratum) to be observed "
            f"until then; give horizon_days above 0 and up to {last:g}."
        )
    return float(horizon_days)
