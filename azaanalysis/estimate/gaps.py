"""The difference of two curves over time, with a band that holds all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.estimate.bands import covariance_of_readings, on_some_days, simultaneous_reach
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.compare import on_days, refuse_one_arm
from azaanalysis.estimate.curve_limits import refuse_band
from azaanalysis.estimate.curves import Curve, curves_of
from azaanalysis.estimate.grid import Grid
from azaanalysis.estimate.limits import (
    Band,
    How,
    Interval,
    Numbers,
    bootstrap_interval,
    symmetric_interval,
)
from azaanalysis.estimate.reach import normal_reach, reach_of_table
from azaanalysis.estimate.refusals import refuse_level
from azaanalysis.estimate.resample import USUAL, Resampling
from azaanalysis.estimate.tally import RiskTable, tally
from azaanalysis.estimate.variance import (
    Chosen,
    Variance,
    choose_variance,
    describe_variance,
    pull_of_weights,
)
from azaanalysis.result import Estimate
from azaanalysis.vocab import DAYS_PER_YEAR

_AT_ONCE = 64


def estimate_incidence_difference(
    follow_up: FollowUp | RiskTable,
    *,
    level: float = 0.95,
    variance: Variance = "auto",
    band: Band = "simultaneous",
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate how the difference in cumulative incidence to the reference goes over time.

    A drug that works late shows a difference that opens late, which no single ratio tells.

    Parameters
    ----------
    follow_up
        One row per patient, or its risk table; at least two arms.
    level
        Coverage of the band (all days at once) or of each interval (one day), between 0 and 1.
    variance
        ``robust`` takes weights as known, ``stacked`` contains that they were estimated,
        ``bootstrap`` draws patients and estimates the weights again, ``auto`` chooses.
    band
        ``simultaneous``: with the stated probability the band holds the whole difference, so that
        a day may be picked after looking. ``pointwise``: an interval for each day.
    resampling
        How a bootstrap is done: resamples, seed, progress.

    Returns
    -------
    Estimate
        For each cause and each arm but the reference (``versus``) one row ``risk_difference`` for
        each distinct day until all arms are observed. Counts are of both arms together: at risk
        on the day, events and patient-years by the day. Until the first event in one of the
        two arms there are no limits.

    Raises
    ------
    EstimationError, DesignError
        As in ``estimate_risk_difference``.

    Notes
    -----
    Equal-precision band with the reach found by resampling influence functions: Lin, Fleming
    and Wei (1994), Biometrika 81:73-81.
    """
    refuse_level(level)
    refuse_band(band)
    table = tally(follow_up)
    refuse_one_arm(table.arms)
    how = How(level, choose_variance(follow_up, table, variance), None, resampling, band)
    parts = [
        part
        for arm in table.arms
        if arm != table.reference
        for part in _gaps_of_arm(follow_up, table, arm, how)
    ]
    about = {
        **table.about,
        **describe_variance(table, how.chosen, extent=band),
        "method": "difference of Aalen-Johansen risks",
        "level": level,
    }
    return Estimate(pd.concat(parts, ignore_index=True), about)


def _gaps_of_arm(
    follow_up: FollowUp | RiskTable, table: RiskTable, arm: str, how: How
) -> Iterator[pd.DataFrame]:
    """Return the difference curve of each cause, for one arm against the reference."""
    own, reference = (Grid.of(table, one) for one in (arm, table.reference))
    days = np.union1d(own.days, reference.days)
    days = days[days <= min(own.days[-1], reference.days[-1])]
    for cause, name in enumerate(table.causes, 1):
        gap = _Gap(arm, cause, days)
        interval = gap.interval(follow_up, table, how)
        yield pd.DataFrame(
            {
                "endpoint": table.endpoint,
                "cause": name,
                "arm": arm,
                "versus": table.reference,
                "quantity": "risk_difference",
                "at_days": days,
                "value": interval.value,
                "lower": np.clip(interval.lower, -1, 1),
                "upper": np.clip(interval.upper, -1, 1),
                "std_error": interval.std_error,
                **_counts((own, reference), cause, days),
            }
        )


@dataclass(frozen=True)
class _Gap:
    """The difference of one cause between one arm and the reference, on some days."""

    arm: str
    cause: int
    days: Array

    def interval(self, follow_up: FollowUp | RiskTable, table: RiskTable, how: How) -> Interval:
        """Return the difference with its limits on each day."""
        if how.chosen == "bootstrap" and isinstance(follow_up, FollowUp):
            return bootstrap_interval(follow_up, self.numbers, how)
        numbers = self.numbers(table, how.chosen)
        steps = reach_of_table(table, how.chosen, how.level)
        if how.band == "simultaneous":
            steps *= self._steps(table, how) / normal_reach(how.level)
        return symmetric_interval(numbers, how.level, steps=steps)

    def _pair(self, table: RiskTable) -> tuple[Curve, Curve]:
        own, reference = (
            curves_of(Grid.of(table, arm), self.cause)[self.cause]
            for arm in (self.arm, table.reference)
        )
        return own, reference

    def numbers(self, table: RiskTable, chosen: Chosen) -> Numbers:
        """Return the difference and its standard error on each day."""
        own, reference = self._pair(table)
        here = np.searchsorted(own.grid.days, self.days, side="right") - 1
        there = np.searchsorted(reference.grid.days, self.days, side="right") - 1
        if table.pairs is None:
            variance = own.variance()[here] + reference.variance()[there]
        else:
            variance = self._clustered_variance(table)
        if chosen == "stacked" and table.stacking is not None:
            both = [pull_of_weights(table.stacking, curve) for curve in (own, reference)]
            pulled, shared = (x[here] - y[there] for x, y in zip(*both, strict=True))
            variance = variance + 2 * (pulled * shared).sum(axis=1)
            variance += ((pulled @ table.stacking.score_square) * pulled).sum(axis=1)
        value = own.value[here] - reference.value[there]
        return Numbers(value, np.sqrt(np.maximum(variance, 0.0)))

    def _influence(self, table: RiskTable, days: Array) -> tuple[Array, Array]:
        """Return the influence of the cells of both arms on the difference, and their rows."""
        own, reference = self._pair(table)
        read = on_days(days)
        influence = [own.influence(read(own.grid.days))]
        influence.append(-reference.influence(read(reference.grid.days)))
        return np.vstack(influence), np.concatenate([own.grid.rows, reference.grid.rows])

    def _clustered_variance(self, table: RiskTable) -> Array:
        """Return the variance on each day where rows belong together, a few days at once."""
        parts = []
        for start in range(0, len(self.days), _AT_ONCE):
            influence, rows = self._influence(table, self.days[start : start + _AT_ONCE])
            parts.append(np.diag(covariance_of_readings(table, influence, "robust", rows=rows)))
        return np.concatenate(parts)

    def _steps(self, table: RiskTable, how: How) -> float:
        """Return how many standard errors the simultaneous band reaches."""
        looked_at = on_some_days(self.days) @ self.days
        influence, rows = self._influence(table, looked_at)
        covariance = covariance_of_readings(table, influence, how.chosen, rows=rows)
        return simultaneous_reach(covariance, how.level)


def _counts(grids: tuple[Grid, Grid], cause: int, days: Array) -> dict[str, Array]:
    """Return, for both arms together, those at risk, their events and years on each day."""
    at_risk, events, years = (np.zeros(len(days)) for _ in range(3))
    for grid in grids:
        staying = np.append(grid.over_those_at_risk(grid.patients), 0.0)
        at_risk += staying[np.searchsorted(grid.days, days)]
        so_far = np.searchsorted(grid.days, days, side="right") - 1
        events += np.cumsum(grid.on_exit_day(grid.patients * (grid.status == cause)))[so_far]
        since = (days - grid.days[so_far]) / DAYS_PER_YEAR
        years += grid.patient_years()[so_far] + since * staying[np.searchsorted(grid.days, days)]
    return {"patients": at_risk.round(), "events": events.round(), "patient_years": years}
