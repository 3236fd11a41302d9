"""Limits for Poisson counts: of one rate, and of the ratio of two."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.special import bdtr, betaincinv, gammaincinv, ndtri

NO_LIMITS = (float("nan"), float("nan"))
# Odds beyond e^40 stand for infinity when a root is looked for.
_FAR = 40.0
# A variance below this, relative to the rate squared, is zero but for rounding.
_NOTHING = 1e-20


def gamma_limits(
    rate: float, variance: float, one_more: tuple[float, float], level: float
) -> tuple[float, float]:
    """Return the limits of a weighted sum of counts, by gamma distributions.

    Parameters
    ----------
    rate
        The sum of w(i) * count(i).
    variance
        Its variance.
    one_more
        What one event more would add to the rate, and to its variance.
    level
        Coverage of the interval.

    Notes
    -----
    With all w(i) equal to 1/time and the variance of Poisson counts, these are the exact limits
    of Garwood (1936), Biometrika 28:437-442. With unequal w(i), if one event more adds the
    largest of them they are those of Fay and Feuer (1997), Stat Med 16:791-801; if it adds their
    mean, and the mean of their squares, those of Tiwari, Clegg and Zou (2006), Stat Methods Med
    Res 15:547-569, which are less conservative.
    """
    # Where every patient has the same rate nothing is known of the spread.
    if rate > 0 and not variance > _NOTHING * rate**2:
        return NO_LIMITS
    tail = (1 - level) / 2
    lower = _gamma_quantile(rate, variance, tail) if rate > 0 else 0.0
    upper = _gamma_quantile(rate + one_more[0], variance + one_more[1], 1 - tail)
    return lower, upper


def _gamma_quantile(mean: float, variance: float, share: float) -> float:
    return float(gammaincinv(mean**2 / variance, share)) * variance / mean


def byar_limits(events: float, years: float, level: float) -> tuple[float, float]:
    """Return Byar's approximate limits of a rate (Rothman and Boice 1979)."""
    raised = events + 0.5
    reach = float(ndtri((1 + level) / 2)) / 3 / np.sqrt(raised)
    low, high = (raised * (1 - 1 / (9 * raised) + side * reach) ** 3 for side in (-1, 1))
    return low / years, high / years


def exact_odds_limits(events: int, others: int, level: float) -> tuple[float, float]:
    """Return exact limits of the odds that an event is one of the first group (Clopper-Pearson).

    An open end is missing: below nothing, or above everything, there is no limit.
    """
    tail = (1 - level) / 2
    low = float(betaincinv(events, others + 1, tail)) if events else 0.0
    high = float(betaincinv(events + 1, others, 1 - tail)) if others else 1.0
    return _odds(low), _odds(high)


def mid_p_odds_limits(events: int, others: int, level: float) -> tuple[float, float]:
    """Return the limits of the same odds at which half the chance of the observed count is spent.

    Source: Berry and Armitage (1995), Statistician 44:417-423. Less conservative than the exact
    limits: on average over counts they cover about as often as they say.
    """
    tail, total = (1 - level) / 2, events + others

    def at_most(chance: float) -> float:
        """Return P(X < events) + P(X = events) / 2."""
        below = float(bdtr(events - 1, total, chance)) if events else 0.0
        return (below + float(bdtr(events, total, chance))) / 2

    low = _odds_at(lambda chance: 1 - at_most(chance) - tail) if events else 0.0
    high = _odds_at(lambda chance: tail - at_most(chance)) if others else float("nan")
    return low, high


def _odds_at(rises: Callable[[float], float]) -> float:
    root: float = brentq(lambda x: rises(1 / (1 + np.exp(-x))), -_FAR, _FAR, xtol=1e-13)
    return float(np.exp(root))


def _odds(chance: float) -> float:
    return chance / (1 - chance) if chance < 1 else float("nan")
