"""On which days the number of repeated events may be shown, so that no two differ by a few.

A patient who has an event stays, so that events are no leavers (``design/release.py``). The same
idea holds of them: days are chosen so that from one to the next nothing happens, or enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.design.release import Release, choose_states

Array = np.ndarray
_SHOWN_DAY, _END = 100.0, 1000.0


@dataclass(frozen=True, eq=False)
class Repeats:
    """The events of one arm, added up.

    Parameters
    ----------
    days
        Distinct days on which events happened.
    counts
        Events so far: before the first day, and after each.
    is_free
        For each of them whether it may be shown.
    """

    days: Array
    counts: Array
    is_free: Array

    def by_day(self, days: Array) -> Array:
        """Return how many had happened by the end of some days."""
        by_then: Array = self.counts[np.searchsorted(self.days, days, side="right")]
        return by_then

    def may_show(self, days: Array) -> Array:
        """Tell on which days the events so far may be shown."""
        shown: Array = self.is_free[np.searchsorted(self.days, days, side="right")]
        return shown


def repeats_of(release: Release, arm: str) -> Repeats:
    """Add up the events of one arm, and choose the days on which they may be shown."""
    frame, k = release.frame, release.smallest_count
    own = frame[(frame["arm"] == arm).to_numpy() & (frame["n_events"] > 0).to_numpy()]
    days, place = np.unique(own["exit_days"].to_numpy("float64"), return_inverse=True)
    steps = np.bincount(place, own["n_events"].to_numpy("float64"), minlength=len(days))
    counts = np.append(0.0, np.cumsum(steps))
    weight = np.ones(len(counts))
    for day in release.shown_days:
        weight[np.searchsorted(days, day, side="right")] += _SHOWN_DAY
    weight[-1] += _END
    everywhere = np.ones(len(counts), dtype=bool)
    return Repeats(days, counts, choose_states(counts[:, None], weight, everywhere, k))
