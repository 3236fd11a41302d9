"""One arm of a risk table on the grid of its distinct days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from azaanalysis.errors import EstimationError
from azaanalysis.estimate.tally import RiskTable
from azaanalysis.vocab import DAYS_PER_YEAR

Array = np.ndarray


def sum_by_day(day: Array, values: Array, size: int) -> Array:
    """Sum values (one or more columns) over the cells of each day."""
    if values.ndim == 1:
        sums: Array = np.bincount(day, values, minlength=size)
        return sums
    ones, columns = np.ones(len(day)), np.arange(len(day) + 1)
    indicator = sparse.csc_array((ones, day, columns), shape=(size, len(day)))
    return np.asarray(indicator @ values)


def ratio(numerator: Array, denominator: Array) -> Array:
    """Divide; where the denominator is zero nobody is at risk, and the result is zero."""
    out: Array = np.zeros(np.broadcast_shapes(numerator.shape, denominator.shape))
    np.divide(numerator, denominator, out=out, where=denominator != 0)
    return out


@dataclass(frozen=True)
class Grid:
    """The cells of one arm, placed on its distinct days.

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
    def of(
        cls, table: RiskTable, arm: str, *, days: Array | None = None, stratum: str | None = None
    ) -> Grid:
        """Place one arm, or one stratum of it, on its days, or on given days that contain them.

        Whoever enters after day 0 and leaves on the day of entry is never at risk, and is not
        in the grid.

        Raises
        ------
        EstimationError
            If the arm has nobody in it, or only patients of weight zero.
        """
        here = table.cells["arm"] == arm
        if stratum is not None:
            here &= table.cells["stratum"] == stratum
        cells = table.cells[here]
        if not cells["weight"].sum() > 0:
            _refuse_nobody(arm, stratum)
        entry, leave = (cells[c].to_numpy(dtype=float) for c in ("entry_days", "exit_days"))
        if days is None:
            days = _own_days(table, cells, entry, leave)
        first = np.where(entry == 0, 0, np.searchsorted(days, entry) + 1)
        last = np.searchsorted(days, leave)
        ever = first <= last
        sums = ("patients", "weight", "weight_squared")
        counted = {column: cells[column].to_numpy(dtype=float)[ever] for column in sums}
        return cls(
            days=days,
            first=first[ever],
            last=last[ever],
            status=cells["status"].to_numpy()[ever],
            **counted,
            rows=np.flatnonzero(here.to_numpy())[ever],
            togetherness=table.togetherness(arm),
        )

    def on_exit_day(self, values: Array) -> Array:
        """Sum values of the cells over each day of exit."""
        return sum_by_day(self.last, values, len(self.days))

    def over_those_at_risk(self, values: Array) -> Array:
        """Sum values over the cells at risk on each day."""
        at_risk: Array = self.over_those_who_stay(values) + self.on_exit_day(values)
        return at_risk

    def over_those_who_stay(self, values: Array) -> Array:
        """Sum values over the cells that are at risk on each day and stay beyond it."""
        # Counted from the end, so that where all leave exactly nothing is left over.
        size = len(self.days) + 1
        entering = sum_by_day(self.first, values, size)
        leaving = sum_by_day(self.last, values, size)
        later: Array = np.cumsum((leaving - entering)[::-1], axis=0)[::-1]
        return later[1:]

    def patient_years(self) -> Array:
        """Return the patient-years observed by each day, unweighted."""
        at_risk = self.over_those_at_risk(self.patients)
        years: Array = np.cumsum(at_risk * np.diff(self.days, prepend=0.0)) / DAYS_PER_YEAR
        return years


def _own_days(table: RiskTable, cells: pd.DataFrame, entry: Array, leave: Array) -> Array:
    """Return the distinct days of an arm, from day 0."""
    days: Array = np.unique(np.concatenate([[0.0], entry, leave]))
    # A curve that ended because the event happened to everybody is known ever after.
    if (cells["status"][leave == days[-1]] > 0).all():
        end = max(table.cells["exit_days"].max(), table.about.get("horizon_days", 0))
        days = np.union1d(days, float(end))
    return days


def _refuse_nobody(arm: str, stratum: str | None) -> None:
    if stratum:
        raise EstimationError(
            f"The arm '{arm}' has nobody in the stratum '{stratum}', so there is nothing to "
            "standardise over. Put strata together, or weigh the arms instead."
        )
    raise EstimationError(
        f"The arm '{arm}' has nobody in it, so there is nothing to estimate. The attrition "
        "table shows where its patients left; or take the arm out of the study file."
    )
