"""Turnbull's estimator: how probability is shared out when times are known up to an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

Array = np.ndarray
# At the maximum no interval gains more than this per patient from one unit of mass more.
_CONVERGED = 1e-10
_MOST_STEPS = 500
# Steps of expectation and maximisation that lead near enough for Newton's.
_STEPS_BEFORE = 20
_FEWEST_HALVINGS = 1e-8


@dataclass(frozen=True, eq=False)
class Masses:
    """The intervals that can hold probability, and how much each holds.

    Parameters
    ----------
    left, right
        The mass lies after ``left`` and up to and on ``right`` (at ``right`` itself if the two
        are the same); ``right`` may be infinite.
    mass
        Probabilities; they add up to one.
    log_likelihood
        At these masses.
    """

    left: Array
    right: Array
    mass: Array
    log_likelihood: float


def share_out(left: Array, right: Array, weight: Array) -> Masses:
    """Find the masses under which what was seen is likeliest.

    Parameters
    ----------
    left, right
        Each time lies after ``left``, up to and on ``right``; infinite if it was never seen; at
        the time itself if both are the same.
    weight
        How often each pair was seen.

    Notes
    -----
    Innermost intervals: Turnbull (1976), J R Stat Soc B 38:290-295. The maximum is found by
    constrained Newton steps, each a least-squares problem with masses of zero or more: Wang
    (2008), Comput Stat Data Anal 52:2388-2402. A step at which nothing gains is the maximum,
    because the likelihood is concave.
    """
    opens, closes = _keys(left, right)
    inner_left, inner_right = _innermost(opens, closes)
    pairs, of_pair = np.unique(np.stack([opens, closes]), axis=1, return_inverse=True)
    seen = np.bincount(of_pair, weight)
    covers = (pairs[0][:, None] <= inner_left) & (inner_right <= pairs[1][:, None])
    matrix = covers[seen > 0].astype(float)
    mass = _maximise(matrix, seen[seen > 0] / seen.sum())
    values = np.unique(np.concatenate([left, right]))
    log_likelihood = float(seen[seen > 0] @ np.log(matrix @ mass))
    return Masses(values[inner_left // 3], values[inner_right // 3], mass, log_likelihood)


def _keys(left: Array, right: Array) -> tuple[Array, Array]:
    """Return numbers in the order in which intervals open and close.

    On one day a known time begins (0), then intervals close (1), then others open (2).
    """
    values = np.unique(np.concatenate([left, right]))
    at_left, at_right = np.searchsorted(values, left), np.searchsorted(values, right)
    return 3 * at_left + np.where(left == right, 0, 2), 3 * at_right + 1


def _innermost(opens: Array, closes: Array) -> tuple[Array, Array]:
    """Return the intervals from an opening to the next closing with no opening in between."""
    keys = np.unique(np.concatenate([opens, closes]))
    is_closing = keys % 3 == 1
    first = np.flatnonzero(~is_closing[:-1] & is_closing[1:])
    return keys[first], keys[first + 1]


def _maximise(matrix: Array, share: Array) -> Array:
    """Maximise sum share log(matrix @ mass) over masses that add up to one."""
    mass = np.full(matrix.shape[1], 1 / matrix.shape[1])
    for _ in range(_STEPS_BEFORE):
        mass = mass * ((share / (matrix @ mass)) @ matrix)
    for _ in range(_MOST_STEPS):
        chance = matrix @ mass
        gain = (share / chance) @ matrix
        if gain.max() - 1 < _CONVERGED:
            break
        # Only intervals that hold something, or would gain by it, take part in the step.
        part = np.flatnonzero((mass > 0) | (gain > 1))
        goal = np.zeros_like(mass)
        goal[part] = _newton(matrix[:, part] / chance[:, None], share)
        mass = _towards(goal, mass, matrix, share)
    return mass


def _newton(slopes: Array, share: Array) -> Array:
    """Maximise the quadratic that touches the likelihood: |sqrt(share) (slopes mass - 2)|^2."""
    root = np.sqrt(share)[:, None]
    triangle: Array = np.asarray(np.linalg.qr(np.hstack([root * slopes, 2 * root]), mode="r"))
    # The masses add up to one: a further row, heavy enough to be obeyed, then made exact.
    heavy = 1e4 * np.abs(triangle).max()
    rows = np.vstack([triangle[:, :-1], np.full(slopes.shape[1], heavy)])
    best, _ = nnls(rows, np.append(triangle[:, -1], heavy))
    masses: Array = best / best.sum()
    return masses


def _towards(goal: Array, mass: Array, matrix: Array, share: Array) -> Array:
    """Go as far towards a goal as the likelihood rises."""
    here, step = share @ np.log(matrix @ mass), 1.0
    while step > _FEWEST_HALVINGS:
        there = mass + step * (goal - mass)
        chance = matrix @ there
        if (chance > 0).all() and share @ np.log(chance) >= here:
            return np.asarray(there)
        step /= 2
    return mass
