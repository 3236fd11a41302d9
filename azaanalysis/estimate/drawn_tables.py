"""Risk tables of resamples, many at once: what a bootstrap costs where weights are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.estimate.cells import Array, CellIndex, Counts
from azaanalysis.estimate.resample import Resampling, attempts, draw_resamples
from azaanalysis.estimate.tally import RiskTable

# So many draws are made together: enough to use each pass over the rows well, and no more than
# fits in some tens of megabytes.
_MOST_AT_ONCE = 32
_DRAWS_AT_ONCE = 4_000_000
# Steps of the first, coarse draw, and the copies that it tells apart.
_STEPS = 65_536
_TOLD_APART = 5
# A Poisson sum of mean n - 3 sqrt(n) is above n about once in a thousand draws.
_BELOW = 3.0


def bootstrap_tables(
    follow_up: FollowUp,
    statistic: Callable[[RiskTable], Array],
    table: RiskTable,
    index: CellIndex,
    *,
    resampling: Resampling,
) -> Array:
    """Compute a statistic of the risk table in resamples of the patients of a follow-up.

    As ``bootstrap``, for a statistic that needs nothing but the table. Where rows are independent
    and weights known, whole batches of resamples are drawn and counted at once.

    Parameters
    ----------
    follow_up
        One row per patient, or rows in clusters.
    statistic
        Given a risk table with the cells of ``table`` returns numbers, always in one shape.
    table, index
        The follow-up counted in cells, and the cells of its rows.
    resampling
        Number of resamples, seed and a callback for progress.

    Returns
    -------
    array
        One row per replicate; missing values where the statistic could not be computed.
    """
    weighting = follow_up.weighting
    if follow_up.clusters is None and (weighting is None or weighting.reweigh is None):
        return attempts(_draw_tables(follow_up, table, index, resampling), statistic, resampling)
    drawn = (
        None if resample is None else resample.table(table, index)
        for resample in draw_resamples(follow_up, resampling)
    )
    return attempts(drawn, statistic, resampling)


def _draw_tables(
    follow_up: FollowUp, table: RiskTable, index: CellIndex, resampling: Resampling
) -> Iterator[RiskTable]:
    """Draw risk tables of patients drawn again within their arms, a batch at a time."""
    weight = follow_up.frame["weight"].to_numpy(dtype=float)
    # Arms come first among the keys of cells, so rows in the order of cells are in that of arms.
    order = np.argsort(index.position, kind="stable")
    sums = _Sums.of(weight[order], index.patients)
    arm_sizes = np.bincount(table.keys.arm, index.patients).astype(int)
    bare = replace(table, stacking=None, pairs=None)
    generator = np.random.default_rng(resampling.seed)
    at_once = int(np.clip(_DRAWS_AT_ONCE // max(len(weight), 1), 1, _MOST_AT_ONCE))
    for start in range(0, resampling.n_replicates, at_once):
        n_drawn = min(at_once, resampling.n_replicates - start)
        copies = np.concatenate([draw_copies(n, n_drawn, generator) for n in arm_sizes if n > 0])
        for counts in sums.over(copies):
            yield replace(bare, counts=counts)


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums over the rows of each cell, in one matrix; rows in the order of their cells."""

    matrix: sparse.csr_array
    n_cells: int
    is_weighted: bool

    @classmethod
    def of(cls, weight: Array, patients: Array) -> _Sums:
        """Make them of the weights of the rows and the number of rows of each cell."""
        is_weighted = bool((weight != 1.0).any())
        factors = [weight]
        if is_weighted:
            factors = [np.ones(len(weight)), weight, weight**2]
            factors += [] if (weight > 0).all() else [(weight > 0).astype(float)]
        ends = np.cumsum(np.tile(patients, len(factors)))
        rows = np.tile(np.arange(len(weight), dtype=np.int32), len(factors))
        shape = (len(ends), len(weight))
        matrix = sparse.csr_array((np.concatenate(factors), rows, np.append(0, ends)), shape=shape)
        return cls(matrix, len(patients), is_weighted)

    def over(self, copies: Array) -> Iterator[Counts]:
        """Count the cells in each resample, given how often each row was drawn in it."""
        for made in np.ascontiguousarray((self.matrix @ copies.astype(float)).T):
            if self.is_weighted:
                patients, weight, squared, *counting = made.reshape(-1, self.n_cells)
                yield Counts(patients, weight, squared, counting[0] if counting else patients)
            else:
                yield Counts(made, made, made, made)


def draw_copies(size: int, n_resamples: int, generator: np.random.Generator) -> Array:
    """Draw how often each of some patients is in resamples of as many.

    In a resample the copies are multinomial. Independent Poisson numbers are so as well, given
    their sum; drawn with a sum that hardly ever is too large (then they are drawn again), and
    filled up one by one to the size, they stay multinomial, at a third of the cost.

    Returns
    -------
    array
        Small whole numbers, shape (size, n_resamples); each column sums to the size.
    """
    mean = max(1.0 - _BELOW / np.sqrt(size), 0.0)
    copies = _draw_poisson(mean, (size, n_resamples), generator)
    missing = size - copies.sum(axis=0, dtype=np.int64)
    while (again := np.flatnonzero(missing < 0)).size:
        copies[:, again] = _draw_poisson(mean, (size, len(again)), generator)
        missing[again] = size - copies[:, again].sum(axis=0, dtype=np.int64)
    column = np.repeat(np.arange(n_resamples), missing)
    row = generator.integers(0, size, len(column))
    np.add.at(copies, (row, column), 1)
    return copies


def _draw_poisson(mean: float, shape: tuple[int, int], generator: np.random.Generator) -> Array:
    """Draw Poisson numbers of a mean of at most one.

    Of each chance as many 65,536ths as it holds are drawn by comparing 16 random bits; the
    little that is left over by a fine draw. Source: Marsaglia (1963), Commun ACM 6:37-38.
    """
    chance = np.exp(-mean) * np.append(1.0, np.cumprod(mean / np.arange(1, 24)))
    coarse = np.zeros(len(chance))
    coarse[:_TOLD_APART] = np.floor(chance[:_TOLD_APART] * _STEPS) / _STEPS
    ends = np.cumsum(coarse[:_TOLD_APART] * _STEPS).astype(int)
    bits = generator.integers(0, _STEPS, shape, dtype=np.uint16)
    drawn: Array = np.zeros(shape, dtype=np.uint8)
    # A step that is all there is (the mean is zero) is beyond 16 bits, and never reached.
    for end in ends[ends < _STEPS]:
        drawn += bits >= np.uint16(end)
    left = np.flatnonzero(drawn.ravel() == _TOLD_APART)
    if left.size:
        rest = np.cumsum(chance - coarse)
        fine = generator.random(left.size) * rest[-1]
        drawn.ravel()[left] = np.minimum(np.searchsorted(rest, fine, "right"), len(chance) - 1)
    return drawn
