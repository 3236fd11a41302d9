"""The average hazard up to a horizon: a rate that does not depend on who was censored when."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.compare import (
    Plan,
    Question,
    Reading,
    answer,
    differences,
    numbers_of_arms,
    on_days,
    refuse_one_arm,
    until_days,
)
from azaanalysis.estimate.curve_limits import NOTHING
from azaanalysis.estimate.rates import check_rate_settings
from azaanalysis.estimate.readings import Arms, Readings
from azaanalysis.estimate.refusals import refuse_level
from azaanalysis.estimate.resample import USUAL, Resampling
from azaanalysis.estimate.restricted_mean import horizon_of
from azaanalysis.estimate.tally import RiskTable, tally
from azaanalysis.estimate.variance import Variance
from azaanalysis.result import Estimate
from azaanalysis.vocab import DAYS_PER_YEAR, per_patient_years

_METHOD = "cumulative incidence over restricted mean time (average hazard with survival weight)"


def estimate_average_hazard(
    follow_up: FollowUp | RiskTable,
    *,
    horizon_days: float | None = None,
    per_years: float = 100,
    level: float = 0.95,
    variance: Variance = "auto",
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate the average hazard of each cause up to a horizon.

    The cumulative incidence by the horizon, divided by the mean time free of the event until then.
    A crude rate weighs each day by those who happen to be observed on it, so that it changes with
    the length of follow-up wherever the hazard changes; this one weighs it by those who would be
    free of the event if nobody were censored. If nobody is censored the two are the same.

    Parameters
    ----------
    follow_up
        One row per patient, or its risk table.
    horizon_days
        Days since time zero. If not given: the horizon of the study, or the last day on which every
        arm was observed if that comes first.
    per_years
        Patient-years in the denominator: 100 gives "per 100 patient-years".
    level
        Coverage of each interval, between 0 and 1.
    variance
        As in ``estimate_restricted_mean``.
    resampling
        How a bootstrap is done: resamples, seed, progress.

    Returns
    -------
    Estimate
        For each arm one row ``average_hazard`` for each of the endpoint's own causes, in the
        stated ``unit``; ``std_error`` is that of the log. Missing where nothing has happened.

    Raises
    ------
    EstimationError
        If an arm was not observed until the horizon, ``per_years`` is not above zero, ``level`` is
        not a proportion, or the variance cannot be had.

    Notes
    -----
    Source: Uno and Horiguchi (2023), Stat Med 42:2922-2934, here by cause and for weighted
    patients; variance from influence functions. Intervals are symmetric on the log scale.
    """
    check_rate_settings(level, per_years)
    table = tally(follow_up)

    def back(logs: Array) -> Array:
        shown: Array = np.exp(logs) * DAYS_PER_YEAR * per_years
        return shown

    question = _ask(table, horizon_days, "average_hazard", back)
    made = answer(follow_up, table, [question], Plan(level, variance, None, resampling))
    return Estimate(made.frame.assign(unit=per_patient_years(per_years)), made.about).with_about(
        method=_METHOD
    )


def estimate_average_hazard_ratio(
    follow_up: FollowUp | RiskTable,
    *,
    horizon_days: float | None = None,
    level: float = 0.95,
    variance: Variance = "auto",
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate the ratio of the average hazard of each arm to that of the reference.

    Unlike a hazard ratio it means something when hazards are not proportional, and unlike a rate
    ratio it does not depend on who was censored when.

    Parameters
    ----------
    follow_up, horizon_days, level, variance, resampling
        As in ``estimate_average_hazard``.

    Returns
    -------
    Estimate
        For each arm but the reference one row ``average_hazard_ratio`` for each of the endpoint's
        own causes; ``std_error`` is that of the log.

    Raises
    ------
    EstimationError, DesignError
        As in ``estimate_average_hazard``; also if there is only one arm.

    Notes
    -----
    It depends on the horizon: choose it beforehand.
    """
    refuse_level(level)
    table = tally(follow_up)
    refuse_one_arm(table.arms)
    question = _ask(table, horizon_days, "average_hazard_ratio", np.exp)
    made = answer(follow_up, table, [question], Plan(level, variance, None, resampling))
    return made.with_about(method=_METHOD)


def _ask(
    table: RiskTable, horizon_days: float | None, quantity: str, back: Callable[[Array], Array]
) -> Question:
    """Ask for the average hazard of each of the endpoint's own causes, on the log scale."""
    day = [horizon_of(table, horizon_days)]
    if day[0] <= 0:
        raise EstimationError(
            "An arm was observed on day 0 only, so there is no time over which a hazard could be "
            "averaged. Take the arm out, or see why nobody in it was followed for a day."
        )
    readings = [_LogAverageHazard(cause, day, on_days(day)) for cause in range(1, table.n_own + 1)]
    is_ratio = quantity == "average_hazard_ratio"
    measure = differences if is_ratio else numbers_of_arms
    return Question(readings, measure, [quantity] * table.n_own, is_ratio, back)


class _LogAverageHazard(Reading):
    """The log of risk over mean time; its influence is the difference of the relative ones."""

    def of(self, arms: Arms) -> Readings:
        """Read it from the curves of every arm, per day."""
        risk = arms.read(self.cause, self.factors)
        time = arms.read(0, until_days(self.at_days))
        seen = np.where(risk.value > NOTHING, risk.value, np.nan)
        influence = risk.influence / seen[:, None] - time.influence / time.value[:, None]
        return Readings(np.log(seen) - np.log(time.value), influence)
