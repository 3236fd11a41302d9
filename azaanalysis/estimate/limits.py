"""Limits of intervals: from a standard error, or from a bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.estimate.cells import Array, index_cells
from azaanalysis.estimate.drawn_tables import bootstrap_tables
from azaanalysis.estimate.reach import normal_reach, reach_of_table
from azaanalysis.estimate.resample import USUAL, Resampling
from azaanalysis.estimate.tally import RiskTable, tally_cells
from azaanalysis.estimate.variance import Chosen

# A distance without bound, as of a resample without spread.
_ENDLESS = 1e12
Band = Literal["pointwise", "simultaneous"]


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


@dataclass(frozen=True)
class How:
    """How an interval is made."""

    level: float
    chosen: Chosen
    stratum: str | None = None
    resampling: Resampling = USUAL
    band: Band = "pointwise"


Statistic = Callable[[RiskTable, Chosen], Numbers]


def symmetric_interval(
    numbers: Numbers, level: float, *, steps: Array | float | None = None
) -> Interval:
    """Return normal limits, or those so many standard errors away; none without spread."""
    error = np.where(numbers.std_error > 0, numbers.std_error, np.nan)
    reach = (normal_reach(level) if steps is None else steps) * error
    return Interval(numbers.value, numbers.std_error, numbers.value - reach, numbers.value + reach)


def bootstrap_interval(follow_up: FollowUp, statistic: Statistic, how: How) -> Interval:
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
    index = index_cells(follow_up, how.stratum)
    table = without_pairs(tally_cells(follow_up, index))
    observed = statistic(table, "robust")

    def in_resample(drawn: RiskTable) -> Array:
        made = statistic(drawn, "robust")
        return np.stack([made.value, made.std_error])

    drawn = bootstrap_tables(follow_up, in_resample, table, index, resampling=how.resampling)
    both = np.stack([observed.value, observed.std_error])
    reach = studentised_reach(both, drawn, how.level, how.band) * observed.std_error
    reach = np.where(np.isfinite(reach) & (reach > 0), reach, np.nan)
    spread = spread_of_draws(drawn[:, 0])
    return Interval(observed.value, spread, observed.value - reach, observed.value + reach)


def interval_of(
    follow_up: FollowUp | RiskTable, table: RiskTable, statistic: Statistic, how: How
) -> Interval:
    """Return a statistic of a table with limits, by the variance that was chosen."""
    if how.chosen == "bootstrap" and isinstance(follow_up, FollowUp):
        return bootstrap_interval(follow_up, statistic, how)
    steps = reach_of_table(table, how.chosen, how.level)
    return symmetric_interval(statistic(table, how.chosen), how.level, steps=steps)


def spread_of_draws(drawn: Array) -> Array:
    """Return the standard deviation over the first axis; missing where fewer than two are seen."""
    seen = (~np.isnan(drawn)).sum(axis=0) > 1
    spread = np.full(drawn.shape[1:], np.nan)
    spread[seen] = np.nanstd(drawn[:, seen], axis=0, ddof=1)
    return spread


def studentised_reach(
    observed: Array, drawn: Array, level: float, band: Band = "pointwise"
) -> Array:
    """Return the quantile of distances in standard errors of their own resample.

    ``observed`` has shape (2, ...): values and errors; ``drawn`` (replicates, 2, ...). For a
    simultaneous band the last axis is that of days, and the largest distance over the days
    counts; days of which most resamples know nothing are left out.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.minimum(np.abs(drawn[:, 0] - observed[0]) / drawn[:, 1], _ENDLESS)
    known = distance < _ENDLESS
    seen = known.mean(axis=0) > 0.5
    if band == "simultaneous":
        within = np.where(seen & known, distance, 0.0)
        distance = np.broadcast_to(within.max(axis=-1, keepdims=True), distance.shape)
    reach = np.full(observed[0].shape, np.nan)
    reach[seen] = quantile_of_known(distance[:, seen], level)
    return np.where(reach < _ENDLESS / 10, reach, np.nan)


def quantile_of_known(numbers: Array, level: float) -> Array:
    """Return the quantile over the first axis, of what is not missing; all columns at once.

    It is numpy's ``nanquantile``, which takes columns one by one and ten times as long.
    """
    ordered = np.sort(numbers, axis=0)
    place = level * np.maximum((~np.isnan(numbers)).sum(axis=0) - 1, 0)
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, len(numbers) - 1)
    one, other = (np.take_along_axis(ordered, at[None], axis=0)[0] for at in (below, above))
    part = place - below
    return np.asarray(np.where(part > 0, one + (other - one) * part, one))


def without_pairs(table: RiskTable) -> RiskTable:
    """Return a table whose variances take rows as independent, as those of resamples do."""
    return replace(table, pairs=None, stacking=None)
