"""Limits of intervals: from a standard error, or from a bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.estimate.cells import Array, index_cells
from azaanalysis.estimate.curves import Curve, curves_of
from azaanalysis.estimate.grid import Grid, ratio
from azaanalysis.estimate.resample import USUAL, Resample, Resampling, bootstrap
from azaanalysis.estimate.tally import RiskTable, tally_cells
from azaanalysis.estimate.variance import Chosen

Transform = Literal["log-log", "log", "plain"]
# Below this a probability is zero but for rounding.
NOTHING = 1e-12


def normal_reach(level: float) -> float:
    """Return how many standard errors an interval reaches to each side."""
    return float(ndtri((1 + level) / 2))


@dataclass(frozen=True)
class Numbers:
    """Numbers with their standard errors, on the scale on which their intervals are symmetric."""

    value: Array
    std_error: Array


@dataclass(frozen=True)
class Interval:
    """Numbers with standard errors and limits, on one scale."""

    value: Array
    std_error: Array
    lower: Array
    upper: Array


Statistic = Callable[[RiskTable, Chosen], Numbers]


def symmetric_interval(numbers: Numbers, level: float) -> Interval:
    """Return normal limits; a number without spread has none."""
    error = np.where(numbers.std_error > 0, numbers.std_error, np.nan)
    reach = normal_reach(level) * error
    return Interval(numbers.value, numbers.std_error, numbers.value - reach, numbers.value + reach)


def bootstrap_interval(
    follow_up: FollowUp,
    statistic: Statistic,
    level: float,
    *,
    stratum: str | None = None,
    resampling: Resampling = USUAL,
) -> Interval:
    """Return limits from a bootstrap, symmetric and studentised.

    In each resample the distance of the number from the one observed is divided by its own
    standard error (weights taken as known there); the reach is the quantile of these
    distances, in standard errors of the number observed. This holds where the error of a resample
    goes with its value, as in small arms with large weights. ``std_error`` is the spread of
    the numbers over the resamples.

    Notes
    -----
    Source: Hall (1988), Ann Stat 16:927-953. That the error leaves out the weights does not
    matter, because it does so on both sides.
    """
    index = index_cells(follow_up, stratum)
    table = tally_cells(follow_up, index)
    observed = statistic(table, "robust")

    def in_resample(resample: Resample) -> Array:
        made = statistic(resample.table(table, index), "robust")
        return np.stack([made.value, made.std_error])

    drawn = bootstrap(follow_up, in_resample, resampling=resampling)
    both = np.stack([observed.value, observed.std_error])
    reach = studentised_reach(both, drawn, level) * observed.std_error
    reach = np.where(np.isfinite(reach) & (reach > 0), reach, np.nan)
    spread = np.nanstd(drawn[:, 0], axis=0, ddof=1)
    return Interval(observed.value, spread, observed.value - reach, observed.value + reach)


@dataclass(frozen=True)
class How:
    """How an interval is made."""

    level: float
    chosen: Chosen
    stratum: str | None = None
    resampling: Resampling = USUAL


def interval_of(
    follow_up: FollowUp | RiskTable, table: RiskTable, statistic: Statistic, how: How
) -> Interval:
    """Return a statistic of a table with limits, by the variance that was chosen."""
    if how.chosen == "bootstrap" and isinstance(follow_up, FollowUp):
        return bootstrap_interval(
            follow_up, statistic, how.level, stratum=how.stratum, resampling=how.resampling
        )
    return symmetric_interval(statistic(table, how.chosen), how.level)


@dataclass(frozen=True)
class CurveLimits:
    """Pointwise intervals of probabilities, symmetric on a scale.

    ``log-log`` is log(-log) of survival, or of one minus the risk; ``log`` that of the curve
    itself.
    """

    level: float
    transform: Transform

    def on_scale(self, curve: Curve, error: Array) -> Numbers:
        """Put a curve on the scale; where it is 0 or 1 it has no place there."""
        inside = (curve.value > NOTHING) & (curve.value < 1 - NOTHING)
        value = np.where(inside, curve.value, np.nan)
        if self.transform == "plain":
            return Numbers(value, error)
        if self.transform == "log":
            return Numbers(np.log(value), error / value)
        free = 1 - value if curve.cause else value
        return Numbers(np.log(-np.log(free)), -error / (free * np.log(free)))

    def _back(self, numbers: Array, curve: Curve) -> Array:
        if self.transform == "log":
            numbers = np.exp(numbers)
        elif self.transform == "log-log":
            free = np.exp(-np.exp(numbers))
            numbers = 1 - free if curve.cause else free
        return np.asarray(np.clip(numbers, 0, 1))

    def around(self, curve: Curve, error: Array, reach: Array) -> tuple[Array, Array]:
        """Return the lower and upper limits of a curve, ``reach`` standard errors away.

        Until the first event there is no spread: the limit on the far side is exact, that of no
        event among those who were seen from day 0 until then. Where a curve has come to its
        end, zero survival or a risk of one, no limits are defined, and they are missing.
        """
        placed = self.on_scale(curve, error)
        one = self._back(placed.value - reach * placed.std_error, curve)
        other = self._back(placed.value + reach * placed.std_error, curve)
        lower, upper = np.minimum(one, other), np.maximum(one, other)
        possible = largest_risk_without_event(curve.grid, self.level)
        if curve.cause:
            before = curve.value < NOTHING
            return np.where(before, 0.0, lower), np.where(before, possible, upper)
        before = curve.value > 1 - NOTHING
        return np.where(before, 1 - possible, lower), np.where(before, 1.0, upper)


def largest_risk_without_event(grid: Grid, level: float) -> Array:
    """Return, for each day, the largest risk that agrees with no event until then.

    If n patients were seen to the day without event, a risk p is held against (1 - p)^n; with
    weights n is the effective number, (sum w)^2 / sum w^2. Missing if nobody was seen from day 0
    until then. Source: Clopper and Pearson (1934), Biometrika 26:404-413.
    """
    from_zero = grid.first == 0
    weight = grid.over_those_at_risk(grid.weight * from_zero)
    squared = grid.over_those_at_risk(grid.weight_squared * from_zero)
    n = ratio(weight**2, squared * grid.togetherness)
    tail = (1 - level) / 2
    return np.where(n > 0, 1 - tail ** (1 / np.maximum(n, NOTHING)), np.nan)


def bootstrap_reaches(
    follow_up: FollowUp, limits: CurveLimits, resampling: Resampling
) -> list[list[Array]]:
    """Return how many standard errors an interval reaches, by arm, curve and day.

    As in ``bootstrap_interval``, on the scale of the limits. Resamples in which a curve has not
    left 0 or 1 on a day say nothing about that day.
    """
    index = index_cells(follow_up)
    table = tally_cells(follow_up, index)

    def curves(counted: RiskTable) -> Array:
        """Return values and errors, shape (2, days of all curves one after the other)."""
        parts = [
            limits.on_scale(curve, np.sqrt(curve.variance()))
            for arm in counted.arms
            for curve in curves_of(Grid.of(counted, arm), len(counted.causes))
        ]
        return np.hstack([np.stack([part.value, part.std_error]) for part in parts])

    observed = curves(table)
    drawn = bootstrap(follow_up, lambda r: curves(r.table(table, index)), resampling=resampling)
    reach = studentised_reach(observed, drawn, limits.level)
    reach = np.where(np.isfinite(reach), reach, normal_reach(limits.level))
    sizes = [len(Grid.of(table, arm).days) for arm in table.arms]
    n_curves = len(table.causes) + 1
    ends = np.cumsum([size for size in sizes for _ in range(n_curves)])
    by_curve = iter(np.split(reach, ends[:-1]))
    return [[next(by_curve) for _ in range(n_curves)] for _ in table.arms]


def studentised_reach(observed: Array, drawn: Array, level: float) -> Array:
    """Return the quantile of distances in standard errors of their own resample.

    ``observed`` is (2, numbers): values and errors; ``drawn`` (replicates, 2, numbers).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.abs(drawn[:, 0] - observed[0]) / drawn[:, 1]
    seen = ~np.isnan(distance).all(axis=0)
    reach = np.full(observed[0].shape, np.nan)
    reach[seen] = np.nanquantile(distance[:, seen], level, axis=0)
    return reach
