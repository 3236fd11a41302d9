"""One arm of a risk table on the grid of its distinct days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.errors import EstimationError
from azaanalysis.estimate.cells import Keys
from azaanalysis.estimate.once import once_each
from azaanalysis.estimate.tally import RiskTable
from azaanalysis.vocab import DAYS_PER_YEAR

Array = np.ndarray


def sum_by_day(day: Array, values: Array, size: int) -> Array:
    """Sum values over the cells of each day; the last axis is that of cells, then of days."""
    if values.ndim == 1:
        sums: Array = np.bincount(day, values, minlength=size)
        return sums
    return np.stack([sum_by_day(day, row, size) for row in values])


def ratio(numerator: Array, denominator: Array) -> Array:
    """Divide; where the denominator is zero nobody is at risk, and the result is zero."""
    out: Array = np.zeros(np.broadcast_shapes(numerator.shape, denominator.shape))
    np.divide(numerator, denominator, out=out, where=denominator != 0)
    return out


@dataclass(frozen=True)
class Grid:
    """The cells of one arm, placed on its distinct days.

    In a batch of resamples ``patients`` and weights have a row for each; sums over days, and all
    that is made of them, have as many rows.

    A patient is at risk after the day of entry and up to and on the day of exit; one who enters
    on day 0 is at risk from the beginning.

    Parameters
    ----------
    days
        Distinct days of entry and exit, from day 0.
    first, last
        For each cell the position of its first and last day at risk on the grid.
    status, patients, weight, weight_squared
        For each cell, as in the risk table.
    rows
        For each cell its row in the risk table.
    togetherness
        Sum of the squared weights of clusters over that of rows: 1 if rows are independent.
    """

    days: Array
    first: Array
    last: Array
    status: Array
    patients: Array
    weight: Array
    weight_squared: Array
    rows: Array
    togetherness: float = 1.0

    @classmethod
    def of(cls, table: RiskTable, arm: str, *, stratum: str | None = None) -> Grid:
        """Place one arm, or one stratum of it, on its days.

        Whoever enters after day 0 and leaves on the day of entry is never at risk, and is not
        in the grid.

        Raises
        ------
        EstimationError
            If the arm has nobody in it, or only patients of weight zero.
        """
        places = _place(table.keys, arm, stratum, table.about.get("horizon_days", 0))
        if not table.counts.weight[..., places.everybody].sum() > 0:
            _refuse_nobody(arm, stratum)
        rows, counts = places.rows, table.counts
        return cls(
            days=places.days,
            first=places.first,
            last=places.last,
            status=places.status,
            patients=counts.patients[..., rows].astype(float),
            weight=counts.weight[..., rows],
            weight_squared=counts.weight_squared[..., rows],
            rows=rows,
            togetherness=table.togetherness(arm),
        )

    def on_exit_day(self, values: Array) -> Array:
        """Sum values of the cells over each day of exit."""
        return sum_by_day(self.last, values, len(self.days))

    def over_those_at_risk(self, values: Array) -> Array:
        """Sum values over the cells at risk on each day."""
        leaving = self.on_exit_day(values)
        at_risk: Array = self._staying(values, leaving) + leaving
        return at_risk

    def over_those_who_stay(self, values: Array) -> Array:
        """Sum values over the cells that are at risk on each day and stay beyond it."""
        return self._staying(values, self.on_exit_day(values))

    def _staying(self, values: Array, leaving: Array) -> Array:
        change = leaving
        if self.first.any():
            change = leaving - sum_by_day(self.first, values, len(self.days))
        # Counted from the end, so that where all leave exactly nothing is left over.
        later: Array = np.zeros_like(change)
        later[..., :-1] = np.cumsum(change[..., :0:-1], axis=-1)[..., ::-1]
        return later

    def patient_years(self) -> Array:
        """Return the patient-years observed by each day, unweighted."""
        at_risk = self.over_those_at_risk(self.patients)
        years: Array = np.cumsum(at_risk * np.diff(self.days, prepend=0.0)) / DAYS_PER_YEAR
        return years


@dataclass(frozen=True, eq=False)
class _Places:
    """Where the cells of an arm lie on its days; ``everybody`` are all, ``rows`` those at risk."""

    everybody: Array
    days: Array
    first: Array
    last: Array
    status: Array
    rows: Array


@once_each
def _place(keys: Keys, arm: str, stratum: str | None, horizon_days: float) -> _Places:
    """Place cells on days, which do not depend on how many patients each has."""
    here = keys.of_arms([arm])
    if stratum is not None:
        here = here & (keys.stratum == keys.strata.index(stratum))
    everybody = np.flatnonzero(here)
    entry, leave = keys.entry_days[everybody], keys.exit_days[everybody]
    status = keys.status[everybody]
    days: Array = np.unique(np.concatenate([[0.0], entry, leave]))
    # A curve that ended because the event happened to everybody is known ever after.
    if (status[leave == days[-1]] > 0).all():
        days = np.union1d(days, float(max(keys.exit_days.max(initial=0), horizon_days)))
    first = np.where(entry == 0, 0, np.searchsorted(days, entry) + 1)
    last = np.searchsorted(days, leave)
    ever = first <= last
    return _Places(everybody, days, first[ever], last[ever], status[ever], everybody[ever])


def _refuse_nobody(arm: str, stratum: str | None) -> None:
    if stratum:
        raise EstimationError(
            f"The arm '{arm}' has nobody in the stratum '{stratum}', so there is nothing to "
            "standardise over. Put strata together, or weigh the arms instead."
        )
    raise EstimationError(
        f"The arm '{arm}' has nobody in it who counts (with a weight above zero), so there is "
        "nothing to estimate. The attrition table shows where its patients left; or take the "
        "arm out of the study file."
    )
