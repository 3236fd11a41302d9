"""Who is at risk on each day with an event: the sums that every hazard model needs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from azaanalysis.estimate.cells import Array

# Up to this many times the number of rows a table of all days is cheaper than a search.
_TABLE_PER_ROW = 8


class Sums(Protocol):
    """What a partial likelihood asks of its risk sets."""

    @property
    def days(self) -> Array:
        """Day of each slot."""

    def own(self, rows: Array | slice) -> Array:
        """For some rows, with an event, the slot of the last day at risk."""

    def over_those_at_risk(self, values: Array) -> Array:
        """Sum values of the rows at risk, for each slot."""

    def while_at_risk(self, steps: Array) -> Array:
        """Sum the steps of the slots at which a row is at risk, for each row."""


@dataclass(frozen=True, eq=False)
class RiskSets:
    """Rows placed on the days with events; each stratum has days of its own, one after the other.

    A row is at risk after the day of entry and up to and on the day of exit; one that enters on
    day 0 is at risk from the beginning. A slot is one day of one stratum.

    Parameters
    ----------
    first, beyond
        For each row the first slot at risk, and the slot after the last one.
    days
        Day of each slot.
    """

    first: Array
    beyond: Array
    days: Array

    @classmethod
    def of(
        cls, entry: Array, leave: Array, is_event: Array, stratum: Array | None = None
    ) -> RiskSets:
        """Place rows by days of entry and exit, whether they end in an event, and stratum."""
        days = np.unique(leave[is_event])
        beyond = _count_up_to(days, leave)
        first = np.where(entry == 0, 0, _count_up_to(days, entry)) if entry.any() else None
        if stratum is None:
            # Zeros that nobody writes to take no memory.
            nobody_late = np.zeros(len(beyond), dtype=np.intp)
            return cls(nobody_late if first is None else first, beyond, days)
        width = len(days) + 1
        keys = np.unique((stratum * width + beyond)[is_event])
        start = stratum * width if first is None else stratum * width + first
        return cls(
            first=_count_up_to(keys, start),
            beyond=_count_up_to(keys, stratum * width + beyond),
            days=days[keys % width - 1],
        )

    def own(self, rows: Array | slice) -> Array:
        """For some rows the slot of the last day at risk."""
        own: Array = np.maximum(self.beyond[rows] - 1, 0)
        return own

    @cached_property
    def _is_entered_late(self) -> bool:
        return bool(self.first.any())

    def over_those_at_risk(self, values: Array) -> Array:
        """Sum values (one for each row) of the rows at risk, for each slot."""
        # Counted from the end, so that where all leave exactly nothing is left over.
        size = len(self.days) + 1
        change: Array = np.bincount(self.beyond, values, minlength=size)
        if self._is_entered_late:
            change = change - np.bincount(self.first, values, minlength=size)
        summed: Array = np.cumsum(change[:0:-1])[::-1]
        return summed

    def while_at_risk(self, steps: Array) -> Array:
        """Sum the steps of the slots at which a row is at risk; shape (..., rows)."""
        zero = np.zeros((*steps.shape[:-1], 1))
        so_far = np.concatenate([zero, np.cumsum(steps, axis=-1)], axis=-1)
        total: Array = np.take(so_far, self.beyond, axis=-1)
        if self._is_entered_late:
            total -= np.take(so_far, self.first, axis=-1)
        return total


def in_one_piece(positions: Array) -> Array | slice:
    """Return positions (ascending) as a slice, which copies nothing, if none is left out."""
    if len(positions) == 0 or positions[-1] - positions[0] >= len(positions):
        return positions
    return slice(int(positions[0]), int(positions[-1]) + 1)


def distinct_days(leave: Array) -> tuple[Array, Array]:
    """Return the distinct days, ascending, and for each row the position of its own."""
    top = leave.max(initial=0)
    if top > _TABLE_PER_ROW * len(leave) + 10_000 or not _whole(leave):
        days, position = np.unique(leave, return_inverse=True)
        return days, position
    whole = leave.astype(np.intp)
    is_there = np.zeros(int(top) + 1, dtype=np.intp)
    is_there[whole] = 1
    return np.flatnonzero(is_there).astype(float), (np.cumsum(is_there) - 1)[whole]


def _count_up_to(marks: Array, values: Array) -> Array:
    """Count the marks (distinct, ascending) that do not exceed each value.

    Whole numbers in a range that is not too wide are looked up, which takes a tenth of the time.
    """
    if len(marks) == 0:
        return np.zeros(len(values), dtype=np.intp)
    top = min(max(marks[-1], values.max(initial=0)), np.iinfo(np.intp).max // 2)
    if top > _TABLE_PER_ROW * len(values) + 10_000 or not (_whole(marks) and _whole(values)):
        return np.searchsorted(marks, values, side="right")
    table = np.zeros(int(top) + 1, dtype=np.intp)
    table[marks.astype(np.intp)] = 1
    counted: Array = np.cumsum(table)[values.astype(np.intp)]
    return counted


def _whole(values: Array) -> bool:
    return values.dtype.kind in "iu" or bool((values == np.floor(values)).all())
