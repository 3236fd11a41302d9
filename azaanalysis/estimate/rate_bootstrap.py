"""Limits of rates and their contrasts from a bootstrap that weighs again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from azaanalysis.errors import EstimationError
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.limits import (
    Interval,
    Numbers,
    spread_of_draws,
    studentised_reach,
)
from azaanalysis.estimate.person_time import PersonTime
from azaanalysis.estimate.resample import Resample, Resampling, bootstrap

Measure = Callable[[PersonTime], Numbers]


def bootstrap_interval_of(
    time: PersonTime, measure: Measure, level: float, resampling: Resampling
) -> Interval:
    """Return limits that are symmetric and studentised, as those of curves are.

    Parameters
    ----------
    time
        Rows of a follow-up.
    measure
        Given rows, returns numbers with robust errors, on the scale on which limits are symmetric.
    level
        Coverage.
    resampling
        Number of resamples, seed, progress.

    Notes
    -----
    In a resample errors take rows as independent and weights as known, and so does the error
    observed that they are compared with; what is left out is left out on both sides.
    """
    if time.follow_up is None:
        raise EstimationError("A bootstrap draws patients, and a risk table has none.")
    alone = replace(time, follow_up=None)
    observed = _both(measure(alone))

    def in_resample(resample: Resample) -> Array:
        weight = resample.copies * resample.weight
        drawn = replace(
            alone,
            patients=resample.copies,
            weight=weight,
            weight_squared=weight * resample.weight,
        )
        return _both(measure(drawn))

    drawn = bootstrap(time.follow_up, in_resample, resampling=resampling)
    reach = studentised_reach(observed, drawn, level) * observed[1]
    reach = np.where(np.isfinite(reach) & (reach > 0), reach, np.nan)
    value = observed[0]
    return Interval(value, spread_of_draws(drawn[:, 0]), value - reach, value + reach)


def _both(numbers: Numbers) -> Array:
    return np.stack([numbers.value, numbers.std_error])


def log_rates(time: PersonTime) -> Numbers:
    """Return the logarithms of the rates of the arms; missing where there is no event."""
    rates = np.where(time.rates() > 0, time.rates(), np.nan)
    return Numbers(np.log(rates), np.sqrt(np.diag(time.covariance("robust"))) / rates)
