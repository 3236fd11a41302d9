"""Follow-up cut into periods, so that something may change from one to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Pieces:
    """Follow-up in pieces, one for each row and each period that the row reaches.

    Pieces stand in the order of the rows and, within a row, of time. A piece is at risk after its
    day of entry and up to and on its day of exit, as everywhere.

    Parameters
    ----------
    row
        Row of the follow-up that a piece was cut from.
    period
        Number of the period, from 0.
    entry, exit
        Days since time zero.
    is_last
        Whether the row ends with this piece.
    """

    row: Array
    period: Array
    entry: Array
    exit: Array
    is_last: Array

    def __len__(self) -> int:
        """Count the pieces."""
        return len(self.row)

    def containing(self, row: Array, day: Array, cuts: Array) -> Array:
        """Return the place of the piece that holds a day of a row."""
        is_first = np.append(True, self.row[1:] != self.row[:-1])[: len(self)]
        begin = np.flatnonzero(is_first)
        place: Array = begin[row] + np.searchsorted(cuts, day) - self.period[begin[row]]
        return place


def cut_follow_up(entry: Array, leave: Array, cuts: Array) -> Pieces:
    """Cut follow-up at the given days; period k goes from after ``cuts[k - 1]`` to ``cuts[k]``.

    Parameters
    ----------
    entry, leave
        Days on which each row comes under observation, and on which it ends.
    cuts
        Increasing days, all positive. What lies beyond the last belongs to one more period.
    """
    first = np.where(entry == 0, 0, np.searchsorted(cuts, entry, side="right"))
    last = np.maximum(np.searchsorted(cuts, leave), first)
    n_pieces = last - first + 1
    row = np.repeat(np.arange(len(entry)), n_pieces)
    begin = np.cumsum(n_pieces) - n_pieces
    period = np.arange(len(row)) - begin[row] + first[row]
    edges = np.concatenate([[0.0], cuts, [np.inf]])
    return Pieces(
        row=row,
        period=period,
        entry=np.maximum(entry[row], edges[period]),
        exit=np.minimum(leave[row], edges[period + 1]),
        is_last=period == last[row],
    )
