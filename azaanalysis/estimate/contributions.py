"""What each patient contributes to estimates: the parts whose squares add up to variances."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from azaanalysis.design.follow_up import FollowUp

Array = np.ndarray
# Numbers that are held in memory at once.
_AT_ONCE = 8_000_000


@dataclass(frozen=True, eq=False)
class Contributions:
    """Turns what each row does to an estimate into what each patient contributes.

    Parameters
    ----------
    follow_up
        Gives the weights, the groups of rows that are not independent, and where the weights
        come from.
    is_stacked
        Whether the estimation of the weights is contained: row i then contributes
        w(i) phi(i) + s(i)' H^-1 G with G = sum dw(i) phi(i).
    together
        Adds up the rows of a group, shape (groups, n); None if rows are independent.
    """

    follow_up: FollowUp
    is_stacked: bool
    together: sparse.csr_array | None

    @classmethod
    def of(cls, follow_up: FollowUp, *, is_stacked: bool = False) -> Contributions:
        """Find out which rows belong together."""
        if follow_up.clusters is None:
            return cls(follow_up, is_stacked, None)
        groups, code = np.unique(np.asarray(follow_up.clusters), return_inverse=True)
        ones, row = np.ones(len(code)), np.arange(len(code))
        together = sparse.csr_array((ones, (code, row)), shape=(len(groups), len(code)))
        return cls(follow_up, is_stacked, together)

    def from_influence(self, influence: Array) -> Array:
        """Return the contributions to k estimates.

        Parameters
        ----------
        influence
            Influence phi of each row on each estimate, per unit of weight; shape (n, k).

        Returns
        -------
        array
            Shape (groups, k).
        """
        moved: Array = self.follow_up.frame["weight"].to_numpy()[:, None] * influence
        if self.is_stacked:
            moved = moved + self._through_weights(influence)
        if self.together is not None:
            moved = self.together @ moved
        return moved

    def covariance(self, influence: Array) -> Array:
        """Return the covariance of k estimates, shape (k, k)."""
        given = self.from_influence(influence)
        covariance: Array = given.T @ given
        return covariance

    def variances(self, influence_at: Callable[[Array], Array], positions: Array) -> Array:
        """Return the variance of a curve at some positions, a few at a time."""
        parts = [
            np.square(self.from_influence(influence_at(at))).sum(axis=0)
            for at in _blocks(positions, len(self.follow_up.frame))
        ]
        return np.concatenate(parts)

    def _through_weights(self, influence: Array) -> Array:
        """Return what each row does to the estimates through the model of the weights."""
        weighting = self.follow_up.weighting
        assert weighting is not None
        assert weighting.score is not None
        parts = weighting.score
        # Coefficients run class by class, so (class, column) lies flat as in ``information``.
        classes = range(parts.slope.shape[1])
        gradient = np.concatenate(
            [parts.design.T @ (parts.slope[:, [c]] * influence) for c in classes]
        )
        pull = np.split(np.linalg.solve(parts.information, gradient), len(classes))
        moved: Array = sum(parts.residual[:, [c]] * (parts.design @ pull[c]) for c in classes)
        return moved


def _blocks(positions: Array, n_rows: int) -> Iterator[Array]:
    size = max(1, _AT_ONCE // max(1, n_rows))
    for start in range(0, len(positions), size):
        yield positions[start : start + size]
