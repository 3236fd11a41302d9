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

# So many resamples are drawn together, of so many patients at a time: enough to use each pass
# well, and no more than a processor has close at hand.
_RESAMPLES_AT_ONCE = 32
_ROWS_AT_ONCE = 8_192
# Steps of the first, coarse draw, and the copies that it tells apart.
_STEPS = 256
_TOLD_APART = 5
# A Poisson sum of mean n - 3 sqrt(n) is above n about once in a thousand draws.
_BELOW = 3.0

Statistic = Callable[[RiskTable], Array]


def bootstrap_tables(
    follow_up: FollowUp,
    statistic: Statistic,
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
    if _are_weights_known(follow_up):
        batches = _draw_batches(follow_up, table, index, resampling)
        each = (_chosen(batch, row) for batch in batches for row in range(len(batch.counts.weight)))
        return attempts(each, statistic, resampling)
    drawn = (
        None if resample is None else resample.table(table, index)
        for resample in draw_resamples(follow_up, resampling)
    )
    return attempts(drawn, statistic, resampling)


def bootstrap_batches(
    follow_up: FollowUp,
    statistic: Statistic,
    table: RiskTable,
    index: CellIndex,
    *,
    resampling: Resampling,
) -> Array:
    """Compute a statistic that takes many resamples at once, where they are drawn at once.

    As ``bootstrap_tables``, but the counts of the table given to the statistic may have a row for
    each of some resamples; it then returns as many rows.
    """
    if not _are_weights_known(follow_up):
        return bootstrap_tables(follow_up, statistic, table, index, resampling=resampling)
    batches = _draw_batches(follow_up, table, index, resampling)
    made = (row for batch in batches for row in _computed(statistic, batch))
    return attempts(made, np.asarray, resampling)


def _are_weights_known(follow_up: FollowUp) -> bool:
    """Tell whether rows are independent and need not be weighed again."""
    weighting = follow_up.weighting
    return follow_up.clusters is None and (weighting is None or weighting.reweigh is None)


def _computed(statistic: Statistic, batch: RiskTable) -> Iterator[Array | None]:
    """Compute a statistic of the resamples in which every arm has somebody who counts."""
    arm = batch.keys.arm
    of_arms = [batch.counts.weight[:, arm == code].sum(axis=1) for code in np.unique(arm)]
    is_whole = np.min(of_arms, axis=0) > 0
    made = iter(statistic(_chosen(batch, is_whole)) if is_whole.any() else ())
    yield from (next(made) if whole else None for whole in is_whole)


def _chosen(batch: RiskTable, rows: Array | int) -> RiskTable:
    """Return the table of one resample of a batch, or of some of them."""
    counts = (of_cells[rows] for of_cells in vars(batch.counts).values())
    return replace(batch, counts=Counts(*counts))


def _draw_batches(
    follow_up: FollowUp, table: RiskTable, index: CellIndex, resampling: Resampling
) -> Iterator[RiskTable]:
    """Draw risk tables of patients drawn again within their arms, a resample in each row."""
    weight = follow_up.frame["weight"].to_numpy(dtype=float)
    arms = _sums_of_arms(weight, table, index)
    bare = replace(table, stacking=None, pairs=None)
    generator = np.random.default_rng(resampling.seed)
    for start in range(0, resampling.n_replicates, _RESAMPLES_AT_ONCE):
        n_drawn = min(_RESAMPLES_AT_ONCE, resampling.n_replicates - start)
        drawn = np.concatenate([sums.draw(n_drawn, generator) for sums in arms])
        yield replace(bare, counts=_counts(np.ascontiguousarray(drawn.transpose(1, 2, 0))))


def _sums_of_arms(weight: Array, table: RiskTable, index: CellIndex) -> list[Sums]:
    """Return what is summed over the cells of each arm; arms come first among their keys."""
    factors = [np.ones(len(weight))]
    if (weight != 1.0).any():
        factors += [weight, weight**2]
        factors += [] if (weight > 0).all() else [(weight > 0).astype(float)]
    n_cells = len(table.keys)
    small = np.uint16 if n_cells <= 65_536 else np.int32  # sorted by counting
    order = np.argsort(index.position.astype(small), kind="stable")
    in_order = np.column_stack(factors)[order]
    ends = np.searchsorted(table.keys.arm, np.arange(len(table.arms) + 1))
    rows = np.append(0, np.cumsum(index.patients))[ends]
    return [
        Sums.of(in_order[rows[arm] : rows[arm + 1]], index.patients[ends[arm] : ends[arm + 1]])
        for arm in range(len(table.arms))
        if rows[arm] < rows[arm + 1]
    ]


def _counts(drawn: Array) -> Counts:
    """Name the sums of cells: patients, weights, their squares, and those that count."""
    if len(drawn) == 1:
        return Counts(*drawn, *drawn, *drawn, *drawn)
    patients, weight, squared, *counting = drawn
    return Counts(patients, weight, squared, counting[0] if counting else patients)


@dataclass(frozen=True, eq=False)
class Piece:
    """Some patients of an arm, in the order of cells, and the sums over their cells.

    ``matrix`` sums all factors over the patients of the first cell, then over those of the next;
    ``cells`` are the cells that the patients are in.
    """

    matrix: sparse.csr_array
    cells: slice

    @classmethod
    def of(cls, factors: Array, cell: Array) -> Piece:
        """Take the factors of some patients, and the cell of each."""
        size, n_factors = factors.shape
        first = int(cell[0])
        patients = np.bincount(cell - first)
        start = (np.cumsum(patients) - patients)[cell - first]
        # Each cell's patients are passed once for each factor while they are close at hand.
        place = np.arange(size) + start * (n_factors - 1)
        places = place[:, None] + patients[cell - first, None] * np.arange(n_factors)
        values, row = np.empty(factors.size), np.empty(factors.size, dtype=np.int32)
        values[places] = factors
        row[places] = np.arange(size)[:, None]
        ends = np.append(0, np.cumsum(np.repeat(patients, n_factors)))
        matrix = sparse.csr_array((values, row, ends), (len(ends) - 1, size))
        return cls(matrix, slice(first, first + len(patients)))


@dataclass(frozen=True, eq=False)
class Sums:
    """What is summed over the patients of each cell of an arm, in any resample of them.

    Parameters
    ----------
    factors
        What is summed: one row per patient, in the order of cells; the first column is one.
    patients
        How many patients each cell has.
    cell
        For each patient the cell.
    pieces
        The same, some thousand patients at a time.
    """

    factors: Array
    patients: Array
    cell: Array
    pieces: tuple[Piece, ...]

    @classmethod
    def of(cls, factors: Array, patients: Array) -> Sums:
        """Make them of the factors of the patients and the number of patients of each cell."""
        cell = np.repeat(np.arange(len(patients)), patients)
        starts = range(0, len(cell), _ROWS_AT_ONCE)
        blocks = [slice(start, start + _ROWS_AT_ONCE) for start in starts]
        pieces = (Piece.of(factors[rows], cell[rows]) for rows in blocks)
        return cls(factors, patients, cell, tuple(pieces))

    def draw(self, n_resamples: int, generator: np.random.Generator) -> Array:
        """Draw resamples of as many patients, and sum over their cells.

        In a resample the copies of the patients are multinomial. Independent Poisson numbers are
        so as well, given their sum; drawn with a sum that hardly ever is too large (then they are
        drawn again), and filled up one by one to the size, they stay multinomial, at a third of
        the cost. Where everybody counts as one, the cells themselves are multinomial.

        Returns
        -------
        array
            Sums, shape (cells, factors, n_resamples); those of the first factor, over all cells,
            are the number of patients.
        """
        size, n_factors = self.factors.shape
        if n_factors == 1:
            drawn = generator.multinomial(size, self.patients / size, n_resamples)
            return drawn.T[:, None].astype(float)
        made = self._of_poisson(n_resamples, generator)
        missing = size - made[:, 0].sum(axis=0)
        while (again := np.flatnonzero(missing < 0)).size:
            made[..., again] = self._of_poisson(len(again), generator)
            missing[again] = size - made[:, 0, again].sum(axis=0)
        self._fill_up(made, missing.astype(int), generator)
        return made

    def _of_poisson(self, n_resamples: int, generator: np.random.Generator) -> Array:
        size, n_factors = self.factors.shape
        mean = max(1.0 - _BELOW / np.sqrt(size), 0.0)
        made = np.zeros((len(self.patients), n_factors, n_resamples))
        for piece in self.pieces:
            copies = draw_poisson(mean, (piece.matrix.shape[1], n_resamples), generator)
            drawn = piece.matrix @ copies.astype(float)
            made[piece.cells] += drawn.reshape(-1, n_factors, n_resamples)
        return made

    def _fill_up(self, made: Array, missing: Array, generator: np.random.Generator) -> None:
        """Add as many patients to the sums of each resample as it lacks."""
        resample = np.repeat(np.arange(len(missing)), missing)
        row = generator.integers(0, len(self.cell), len(resample))
        place = self.cell[row] * len(missing) + resample
        for number in range(made.shape[1]):
            added = np.bincount(place, self.factors[row, number], len(self.patients) * len(missing))
            made[:, number] += added.reshape(-1, len(missing))


def draw_poisson(mean: float, shape: tuple[int, int], generator: np.random.Generator) -> Array:
    """Draw Poisson numbers of a mean of at most one.

    Of each chance as many 256ths as it holds are drawn by comparing 8 random bits; the little
    that is left over by a fine draw. Source: Marsaglia (1963), Commun ACM 6:37-38.
    """
    chance = np.exp(-mean) * np.append(1.0, np.cumprod(mean / np.arange(1, 24)))
    coarse = np.zeros(len(chance))
    coarse[:_TOLD_APART] = np.floor(chance[:_TOLD_APART] * _STEPS) / _STEPS
    ends = np.cumsum(coarse[:_TOLD_APART] * _STEPS).astype(int)
    n = shape[0] * shape[1]
    bits = generator.bit_generator.random_raw(-(-n // 8)).view(np.uint8)[:n]
    drawn: Array = np.zeros(n, dtype=np.uint8)
    is_above = np.zeros(n, dtype=bool)
    # A step that is all there is (the mean is zero) is beyond 8 bits, and never reached.
    for end in ends[ends < _STEPS]:
        drawn += np.greater_equal(bits, np.uint8(end), out=is_above)
    left = np.flatnonzero(is_above)
    if left.size:
        rest = np.cumsum(chance - coarse)
        fine = generator.random(left.size) * rest[-1]
        drawn[left] = np.minimum(np.searchsorted(rest, fine, "right"), len(chance) - 1)
    return drawn.reshape(shape)
