"""What each row gives to the score of a partial likelihood, line by line or all at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np

from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.grid import ratio
from azaanalysis.estimate.partial_likelihood import Moment


@dataclass(frozen=True, eq=False)
class RowScores:
    """What one unit of weight of each row gives to the score; shape (p, n) as an array.

    It is the derivative of the score by the weight of the row. Many rows fill the memory: whoever
    can do with one coefficient at a time goes through the lines; ``np.asarray`` gives all.

    Parameters
    ----------
    moment
        The partial likelihood.
    by_day
        A factor for each day.
    explained
        Shape (p, p); times the scores without the factor it is taken away. None takes nothing.
    """

    moment: Moment
    by_day: Array
    explained: Array | None

    @classmethod
    def of(
        cls, moment: Moment, factor: Array | float = 1.0, *, explained: Array | None = None
    ) -> RowScores:
        """Take the rows of a partial likelihood, each day multiplied by a factor."""
        return cls(moment, np.broadcast_to(factor, moment.rise.shape), explained)

    def __iter__(self) -> Iterator[Array]:
        """Give the scores of one coefficient after the other, shape (n,).

        Each is written over the one before it, so use it or copy it before asking for the next.
        """
        n_lines, n_rows = self.moment.hazards.design.shape
        return self._written(repeat(np.empty(n_rows), n_lines))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """Return all scores as one array of numbers."""
        given = np.empty(self.moment.hazards.design.shape)
        # Line by line and in place, because a second array of this size may not fit.
        for _ in self._written(iter(given)):
            pass
        return given

    def _written(self, into: Iterator[Array]) -> Iterator[Array]:
        """Write each line into an array that is there for it."""
        hazards, by_day = self.moment.hazards, self.by_day
        events, slots = hazards.events, hazards.slots
        pull, pull_tied, mean = self._of_days()
        exposure = self.moment.exposure(by_day)
        usual = None if self.explained is None else self.moment.exposure(np.ones_like(by_day))
        for line, (x, drift) in enumerate(zip(hazards.design, into, strict=True)):
            np.multiply(x, exposure, out=drift)
            np.subtract(hazards.sets.while_at_risk(pull[line]), drift, out=drift)
            own = by_day[slots] * x[events] - mean[line, slots]
            if self.explained is not None:
                known = self.explained[line] @ hazards.design
                own -= known[events]
                known *= usual
                drift += known
                del known
            drift[events] -= pull_tied[line, slots]
            drift *= self.moment.relative
            drift[events] += own
            yield drift

    def _of_days(self) -> tuple[Array, Array, Array]:
        """Return what days do to those at risk, to tied events, and the mean of their events."""
        moment = self.moment
        expected = moment.s1 * moment.rise - moment.e1 * moment.rise_tied
        pull, pull_tied, mean = (
            self.by_day * of_day
            if self.explained is None
            else self.by_day * of_day - self.explained @ of_day
            for of_day in (
                moment.s1 * moment.bend - moment.e1 * moment.bend_cross,
                moment.s1 * moment.bend_cross - moment.e1 * moment.bend_tied,
                ratio(expected, moment.hazards.weighted_events),
            )
        )
        return pull, pull_tied, mean
