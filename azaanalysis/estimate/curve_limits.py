"""Limits of curves: pointwise or simultaneous, symmetric on a scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.bands import covariance_of_readings, on_some_days, simultaneous_reach
from azaanalysis.estimate.cells import Array, index_cells
from azaanalysis.estimate.curves import Curve, curves_of
from azaanalysis.estimate.drawn_tables import bootstrap_batches
from azaanalysis.estimate.grid import Grid, ratio
from azaanalysis.estimate.limits import (
    How,
    Numbers,
    studentised_reach,
    without_pairs,
)
from azaanalysis.estimate.reach import normal_reach, reach_of_table
from azaanalysis.estimate.tally import RiskTable, tally_cells

Transform = Literal["log-log", "log", "plain"]
# Below this a probability is zero but for rounding.
NOTHING = 1e-12


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
        event among those who were seen from day 0 until then; on day 0 it is the value. Where a
        curve has come to its end, zero survival or a risk of one, no limits are defined, and
        they are missing.
        """
        placed = self.on_scale(curve, error)
        one = self._back(placed.value - reach * placed.std_error, curve)
        other = self._back(placed.value + reach * placed.std_error, curve)
        lower, upper = np.minimum(one, other), np.maximum(one, other)
        possible = largest_risk_without_event(curve.grid, self.level)
        # Nothing can have happened before time has passed.
        possible = np.where(curve.grid.days > 0, possible, 0.0)
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


@dataclass(frozen=True)
class Reach:
    """How far the limits of a curve are away, in standard errors, on each day.

    ``spread`` is what the standard error itself is multiplied with: a bootstrap brings its own.
    """

    factor: Array
    spread: Array


def reaches_of(
    follow_up: FollowUp | RiskTable, table: RiskTable, limits: CurveLimits, how: How
) -> list[list[Reach]]:
    """Return the reach of the limits by arm and curve: survival first, then each cause."""
    if how.chosen == "bootstrap" and isinstance(follow_up, FollowUp):
        return _bootstrap_reaches(follow_up, limits, how)
    one = np.array(1.0)
    n_curves = len(table.causes) + 1
    if how.band == "pointwise":
        usual = Reach(np.array(reach_of_table(table, how.chosen, how.level)), one)
        return [[usual] * n_curves for _ in table.arms]
    return [
        [Reach(_simultaneous(table, curve, how), one) for curve in curves]
        for curves in (curves_of(Grid.of(table, arm), n_curves - 1) for arm in table.arms)
    ]


def _simultaneous(table: RiskTable, curve: Curve, how: How) -> Array:
    """Return the reach of a band that holds a curve on all days."""
    influence = curve.influence(on_some_days(curve.grid.days))
    covariance = covariance_of_readings(table, influence, how.chosen, rows=curve.grid.rows)
    wider = reach_of_table(table, how.chosen, how.level) / normal_reach(how.level)
    return np.array(simultaneous_reach(covariance, how.level) * wider)


def _bootstrap_reaches(follow_up: FollowUp, limits: CurveLimits, how: How) -> list[list[Reach]]:
    """Return reaches from a bootstrap, studentised on the scale of the limits.

    Resamples in which a curve has not left 0 or 1 on a day say nothing about that day.
    """
    index = index_cells(follow_up)
    table = without_pairs(tally_cells(follow_up, index))
    observed = _curves(table, limits)

    def in_resample(drawn: RiskTable) -> Array:
        made = _curves(drawn, limits)
        values = np.concatenate([numbers.value for numbers in made], axis=-1)
        errors = np.concatenate([numbers.std_error for numbers in made], axis=-1)
        return np.stack([values, errors], axis=-2)

    drawn = bootstrap_batches(follow_up, in_resample, table, index, resampling=how.resampling)
    ends = np.cumsum([len(numbers.value) for numbers in observed])[:-1]
    made = [
        _reach(numbers, of_curve, how)
        for numbers, of_curve in zip(observed, np.split(drawn, ends, axis=2), strict=True)
    ]
    n_curves = len(table.causes) + 1
    return [made[start : start + n_curves] for start in range(0, len(made), n_curves)]


def _curves(table: RiskTable, limits: CurveLimits) -> list[Numbers]:
    """Return all curves of all arms on the scale of the limits."""
    return [
        limits.on_scale(curve, np.sqrt(curve.variance()))
        for arm in table.arms
        for curve in curves_of(Grid.of(table, arm), len(table.causes))
    ]


def _reach(observed: Numbers, drawn: Array, how: How) -> Reach:
    """Return the reach of one curve; where too few resamples know, the normal one."""
    both = np.stack([observed.value, observed.std_error])
    factor = studentised_reach(both, drawn, how.level, how.band)
    values = np.where(np.isfinite(drawn[:, 0]), drawn[:, 0], np.nan)
    known = np.isfinite(factor) & (np.isfinite(values).sum(axis=0) > 1)
    spread = np.ones(len(factor))
    spread[known] = np.nanstd(values[:, known], axis=0, ddof=1) / observed.std_error[known]
    return Reach(np.where(known, factor, normal_reach(how.level)), spread)


def refuse_band(band: str) -> None:
    """Refuse a word that is no kind of band."""
    if band not in ("pointwise", "simultaneous"):
        raise EstimationError(
            f"band is 'pointwise' (one day by itself) or 'simultaneous' (all days); got '{band}'."
        )
