"""What is known of a patient on a day of follow-up: the last value of something that changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.design.days import NEVER

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Changing:
    """Dated values of one characteristic, in days since time zero.

    Parameters
    ----------
    name
        What it is called.
    row
        Row of the follow-up that each value belongs to.
    day
        Day since time zero on which it became known; may be negative.
    value
        The value from that day on; missing where it is no longer known.
    """

    name: str
    row: Array
    day: Array
    value: Array

    def on(self, row: Array, day: Array) -> Array:
        """Return the last value known on a day, that day included; missing if there is none."""
        order = np.lexsort((self.day, self.row))
        place = place_of(self.row[order], self.day[order], row, day)
        at = np.maximum(place, 0)
        values = np.append(self.value[order], np.nan)
        owner = np.append(self.row[order], -1)
        known: Array = np.where((place >= 0) & (owner[at] == row), values[at], np.nan)
        return known


def place_of(rows: Array, days: Array, row: Array, day: Array) -> Array:
    """Return the place of the last of some dated rows, in order, that is not after a row's day.

    It may belong to an earlier row, and is -1 if there is none at all.
    """
    place: Array = np.searchsorted(_key(rows, days), _key(row, day), side="right") - 1
    return place


def _key(row: Array, day: Array) -> Array:
    """Return one number that sorts by row and then by day, however early the day."""
    key: Array = row * (4.0 * NEVER) + day
    return key
