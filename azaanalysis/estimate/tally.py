"""A follow-up reduced to counts: all that the curve estimators need to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.multinomial import one_thread
from azaanalysis.design.weighting import ScoreParts
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.cells import Array, CellIndex, Counts, Keys, frame_of, index_cells
from azaanalysis.estimate.once import once_each
from azaanalysis.estimate.refusals import needs_follow_up

_ROWS_AT_ONCE = 16_384


@dataclass(frozen=True, eq=False)
class Stacking:
    """What a table has to know of the model of the weights, for intervals that contain it.

    With s_i the score of row i and dw_i the derivative of its weight by the p coefficients, as in
    ``ScoreParts``; rows of one cluster are taken together.

    Parameters
    ----------
    weight_score
        For each cell the sum of w_i s_i, shape (cells, p).
    slope
        For each cell the sum of dw_i, shape (cells, p).
    score_square
        Sum of s_i s_i' over everybody, shape (p, p).
    information
        Minus the second derivative of the log likelihood, shape (p, p).
    widening_coefficients
        As in ``Weighting``: how many coefficients a small-sample interval allows for.
    """

    weight_score: Array
    slope: Array
    score_square: Array
    information: Array
    widening_coefficients: int = 0

    @cached_property
    def inverse_information(self) -> Array:
        """The inverse of the information; columns that others determine do no harm."""
        inverse: Array = np.linalg.pinv(self.information, hermitian=True)
        return inverse


@dataclass(frozen=True, eq=False)
class RiskTable:
    """Patients counted by arm, stratum, day of entry, day of exit and status.

    However many patients there are, the table has no more rows than there are distinct days;
    it is sufficient for curves, their robust variances, log-rank tests and crude rates.

    Parameters
    ----------
    keys
        Arm, stratum, day of entry, day of exit and status of each cell.
    counts
        Patients of each cell, and the sums of their weights and squared weights.
    endpoint, causes, n_own, about
        As in the follow-up it was made from.
    stacking
        Sums for intervals that contain the uncertainty of estimated weights; None if weights
        are known, or do not come from a model with a score.
    pairs
        Where rows belong together in clusters: the sum, over clusters, of the products of the
        weights in each two cells, shape (cells, cells), sparse. None if rows are independent.
    is_clustered
        Whether rows belong together. A clustered table without ``pairs`` has no variance.
    is_weight_estimated
        Whether the weights were estimated from the same patients.
    """

    keys: Keys
    counts: Counts
    endpoint: str
    causes: tuple[str, ...]
    n_own: int
    about: Mapping[str, Any]
    stacking: Stacking | None = None
    pairs: sparse.csr_array | None = None
    is_clustered: bool = False
    is_weight_estimated: bool = False

    def __post_init__(self) -> None:
        """Freeze ``about``."""
        object.__setattr__(self, "about", MappingProxyType(dict(self.about)))

    @cached_property
    def cells(self) -> pd.DataFrame:
        """The table as a frame.

        Columns: ``arm`` (categorical, in the order of the study), ``stratum`` (categorical; one
        empty word if there are none), ``entry_days``, ``exit_days``, ``status``; ``patients``;
        ``weight`` and ``weight_squared`` (sums over the patients of the cell); ``counting``
        (patients whose weight is above zero).
        """
        return frame_of(self.keys, self.counts)

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms, in the order of the study."""
        return self.keys.arms

    @property
    def strata(self) -> tuple[str, ...]:
        """The strata; one empty word if there are none."""
        return self.keys.strata

    @property
    def reference(self) -> str:
        """The arm that the others are compared with."""
        return str(self.about.get("reference", self.arms[0]))

    @property
    def is_weighted(self) -> bool:
        """Whether any patient counts for more or less than one."""
        counts = self.counts
        sums = (counts.weight, counts.weight_squared)
        return not all(np.array_equal(counts.patients, of_cells) for of_cells in sums)

    def togetherness(self, arm: str) -> float:
        """Return the sum of squared weights of clusters over that of rows, in one arm."""
        if self.pairs is None:
            return 1.0
        here = self.keys.of_arms([arm])
        squares = float(self.counts.weight_squared[here].sum())
        return float(here @ self.pairs @ here) / squares if squares > 0 else 1.0

    def effective_sizes(self) -> dict[str, float]:
        """Return the effective sample size of each arm: (sum w)^2 / sum w^2, over clusters."""
        of_cells = (self.counts.weight, self.counts.weight_squared)
        sums = [np.bincount(self.keys.arm, c, minlength=len(self.arms)) for c in of_cells]
        sizes = {}
        for arm, weight, squared in zip(self.arms, *sums, strict=True):
            together = squared * self.togetherness(arm)
            sizes[str(arm)] = float(weight**2 / together) if together > 0 else 0.0
        return sizes


def tally(follow_up: FollowUp | RiskTable, *, stratum: str | None = None) -> RiskTable:
    """Count a follow-up by arm, stratum, entry, exit and status.

    Parameters
    ----------
    follow_up
        One row per patient; a risk table is returned as it is.
    stratum
        A categorical baseline covariate; None for no strata.

    Raises
    ------
    EstimationError
        If the stratum is not a covariate, or missing for some rows.
    """
    needs_follow_up(follow_up)
    if isinstance(follow_up, RiskTable):
        _refuse_lost_strata(follow_up, stratum)
        return follow_up
    return _tally_once(follow_up, stratum)


@once_each
def _tally_once(follow_up: FollowUp, stratum: str | None) -> RiskTable:
    return tally_cells(follow_up, index_cells(follow_up, stratum))


def _refuse_lost_strata(table: RiskTable, stratum: str | None) -> None:
    if stratum is not None and table.strata == ("",):
        raise EstimationError(
            f"This risk table was counted without strata, so '{stratum}' is lost. Count again: "
            f"tally(follow_up, stratum='{stratum}')."
        )


def tally_cells(follow_up: FollowUp, index: CellIndex) -> RiskTable:
    """Count a follow-up into cells that are known already."""
    weighting = follow_up.weighting
    weight = follow_up.frame["weight"].to_numpy(dtype=float)
    table = RiskTable(
        index.keys,
        _counts(index, weight),
        follow_up.endpoint,
        follow_up.causes,
        follow_up.n_own,
        follow_up.about,
        is_weight_estimated=weighting is not None
        and not (weighting.score is None and weighting.reweigh is None),
    )
    clusters = follow_up.clusters
    if clusters is not None:
        table = replace(table, pairs=_pairs(index, weight, clusters), is_clustered=True)
    if weighting is not None and weighting.score is not None:
        stacking = _stack(index, weight, weighting.score, clusters)
        allowed = weighting.widening_coefficients
        table = replace(table, stacking=replace(stacking, widening_coefficients=allowed))
    return table


def _counts(index: CellIndex, weight: Array) -> Counts:
    """Return the cells' counts and sums of weights."""
    patients = index.patients
    if (weight == 1.0).all():
        return Counts(patients, patients.astype(float), patients.astype(float), patients)
    counting = patients if (weight > 0).all() else index.total(weight > 0)
    return Counts(patients, index.total(weight), index.total(np.square(weight)), counting)


def _pairs(index: CellIndex, weight: Array, clusters: Array) -> sparse.csr_array:
    """Sum, over clusters, the products of the weights in each two cells."""
    place = (clusters, index.position)
    shape = (int(clusters.max(initial=-1)) + 1, len(index.keys))
    by_cluster = sparse.coo_array((weight, place), shape=shape).tocsr()
    return sparse.csr_array(by_cluster.T @ by_cluster)


def _stack(index: CellIndex, weight: Array, score: ScoreParts, clusters: Array | None) -> Stacking:
    """Sum scores and slopes over cells."""
    cells, n_rows = len(index.keys), len(weight)
    size = score.design.shape[1] * score.residual.shape[1]
    weight_score, slope = np.zeros((cells, size)), np.zeros((cells, size))
    square = np.zeros((size, size))
    # Some thousand rows at once, so that their scores need not be kept; many cells, many rows.
    at_once = max(_ROWS_AT_ONCE, 4 * cells)
    with one_thread():
        for start in range(0, n_rows, at_once):
            rows = slice(start, start + at_once)
            design, position = score.design[rows], index.position[rows]
            scores = by_class(score.residual[rows], design)
            slope += _over(position, np.ones(len(scores)), cells) @ by_class(
                score.slope[rows], design
            )
            if clusters is None:
                weight_score += _over(position, weight[rows], cells) @ scores
                square += scores.T @ scores
    if clusters is not None:
        weight_score, square = _stack_clusters(index, weight, score, clusters)
    return Stacking(weight_score, slope, square, score.information)


def by_class(factors: Array, design: Array) -> Array:
    """Return kron(factors, design) row by row."""
    return np.hstack([factor[:, None] * design for factor in factors.T])


def _over(groups: Array, values: Array, size: int) -> sparse.csc_array:
    """Return the matrix that sums rows, times values, over their groups."""
    return sparse.csc_array((values, groups, np.arange(len(groups) + 1)), (size, len(groups)))


def _stack_clusters(
    index: CellIndex, weight: Array, score: ScoreParts, clusters: Array
) -> tuple[Array, Array]:
    """Sum, over clusters, the weight in each cell times the score of the cluster."""
    n_clusters = int(clusters.max(initial=-1)) + 1
    together = _over(clusters, np.ones(len(clusters)), n_clusters) @ by_class(
        score.residual, score.design
    )
    place = (index.position, clusters)
    weights = sparse.coo_array((weight, place), (len(index.keys), n_clusters)).tocsr()
    return weights @ together, together.T @ together
