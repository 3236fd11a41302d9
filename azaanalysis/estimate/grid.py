"""One arm of a risk table on the grid of its distinct days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.errors import EstimationError
from azaanalysis.estimate.tally import RiskTable
from azaanalysis.vocab import DAYS_PER_YEAR

Array = np.ndarray


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
    """

    days: Array
    first: Array
    last: Array
    status: Array
    patients: Array
    weight: Array
    weight_squared: Array

    @classmethod
    def of(cls, table: RiskTable, arm: str, *, days: Array | None = None) -> Grid:
        """Place one arm on its days, or on given days that contain them.

        Raises
        ------
        EstimationError
            If the arm has nobody in it, or only patients of weight zero.
        """
        cells = table.cells[table.cells["arm"] == arm]
        if not cells["weight"].sum() > 0:
            raise EstimationError(
                f"The arm '{arm}' has nobody in it, so there is nothing to estimate. The attrition "
                "table shows where its patients left; or take the arm out of the study file."
            )
        entry, leave = (cells[c].to_numpy(dtype=float) for c in ("entry_days", "exit_days"))
        status = cells["status"].to_numpy()
        if days is None:
            days = np.unique(np.concatenate([[0.0], entry, leave]))
            # A curve that ended because the event happened to everybody is known ever after.
            if (status[leave == days[-1]] > 0).all():
                end = max(table.cells["exit_days"].max(), table.about.get("horizon_days", 0))
                days = np.union1d(days, float(end))
        position = np.searchsorted(days, entry)
        return cls(
            days=days,
            first=np.where(entry == 0, 0, position + 1),
            last=np.searchsorted(days, leave),
            status=status,
            patients=cells["patients"].to_numpy(dtype=float),
            weight=cells["weight"].to_numpy(),
            weight_squared=cells["weight_squared"].to_numpy(),
        )

    def on_exit_day(self, values: Array) -> Array:
        """Sum values of the cells over each day of exit."""
        sums: Array = np.bincount(self.last, values, minlength=len(self.days))
        return sums

    def over_those_at_risk(self, values: Array) -> Array:
        """Sum values over the cells at risk on each day."""
        at_risk: Array = self.over_those_who_stay(values) + self.on_exit_day(values)
        return at_risk

    def over_those_who_stay(self, values: Array) -> Array:
        """Sum values over the cells that are at risk on each day and stay beyond it."""
        # Counted from the end, so that where all leave exactly nothing is left over.
        size = len(self.days) + 1
        entering: Array = np.bincount(self.first, values, minlength=size)
        leaving: Array = np.bincount(self.last, values, minlength=size)
        later: Array = np.cumsum((leaving - entering)[::-1])[::-1]
        return later[1:]

    def patient_years(self) -> Array:
        """Return the patient-years observed by each day, unweighted."""
        at_risk = self.over_those_at_risk(self.patients)
        years: Array = np.cumsum(at_risk * np.diff(self.days, prepend=0.0)) / DAYS_PER_YEAR
        return years
