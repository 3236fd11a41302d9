"""Numbers read from the curves of all arms, standardised over strata if there are any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.curves import Curve, curves_of
from azaanalysis.estimate.grid import Grid
from azaanalysis.estimate.tally import RiskTable

# Given the days of a grid, one row of factors for each number to be read.
Factors = Callable[[Array], Array]


@dataclass(frozen=True)
class Readings:
    """Numbers read from the curves of each arm, and what each cell does to them.

    Parameters
    ----------
    value
        Shape (arms, readings).
    influence
        What one unit of weight in each cell does, shape (arms, cells, readings).
    """

    value: Array
    influence: Array


@dataclass(frozen=True, eq=False)
class Arms:
    """The curves of every arm (and stratum) of a risk table."""

    table: RiskTable

    @cached_property
    def curves(self) -> list[list[list[Curve]]]:
        """Curves by arm, stratum and cause; the first of each stratum is survival."""
        table = self.table
        strata: Sequence[str | None] = table.strata if self.is_stratified else [None]
        return [
            [curves_of(Grid.of(table, arm, stratum=s), len(table.causes)) for s in strata]
            for arm in table.arms
        ]

    @property
    def is_stratified(self) -> bool:
        """Whether there is more than one stratum."""
        return len(self.table.strata) > 1

    @cached_property
    def shares(self) -> Array:
        """The weighted share of each stratum among the patients of all arms."""
        if not self.is_stratified:
            return np.ones(1)
        keys, weight = self.table.keys, self.table.counts.weight
        sums = np.bincount(keys.stratum, weight, minlength=len(keys.strata))
        shares: Array = sums / sums.sum()
        return shares

    def read(self, cause: int, factors: Factors) -> Readings:
        """Read the same numbers from the curve of every arm.

        Parameters
        ----------
        cause
            0 for survival, k for the risk of the k-th cause.
        factors
            Given the days of a grid, returns one row of factors for each number to be read.

        Notes
        -----
        With strata the number of an arm is the mean of its strata, each with its (weighted) share
        among the patients of all arms: sum_z pi_z X_z. Since the shares are of the same
        patients, a cell in stratum z also moves it by (X_z - X) / W.
        """
        values, influences = [], []
        for strata in self.curves:
            by_stratum = np.array([factors(s[cause].grid.days) @ s[cause].value for s in strata])
            value = self.shares @ by_stratum
            influence = np.zeros((len(self.table.keys), by_stratum.shape[1]))
            for share, curves in zip(self.shares, strata, strict=True):
                curve = curves[cause]
                influence[curve.grid.rows] = share * curve.influence(factors(curve.grid.days))
            if self.is_stratified:
                codes, weight = self.table.keys.stratum, self.table.counts.weight
                influence += (by_stratum - value)[codes] / weight.sum()
            values.append(value)
            influences.append(influence)
        return Readings(np.array(values), np.array(influences))
