"""Variance of a mean count on all days at once, by running totals over rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.estimate.contributions import Contributions
from azaanalysis.estimate.event_history import MeanCount
from azaanalysis.estimate.grid import sum_by_day
from azaanalysis.estimate.tally import by_class

Array = np.ndarray
_ROUNDING = 1e-13


def variance_on_all_days(made: MeanCount, given: Contributions) -> Array:
    """Return the variance of a mean count on each day of its grid.

    What a patient contributes moves along a common path while at risk, jumps on leaving and then
    stands still; so sums over patients of squares are running totals, and cost one pass over
    the rows. Where rows of one cluster are at risk on the same days (matched sets) each day is
    summed by itself.
    """
    history = made.history
    code = np.arange(len(history.rows))
    if given.follow_up.clusters is not None:
        code = np.unique(np.asarray(given.follow_up.clusters)[history.rows], return_inverse=True)[1]
    order = np.lexsort([history.last, history.first, code])
    stretches = _Stretches.of(made, order, code[order])
    if stretches is None:
        return _day_by_day(made, given)
    variance = stretches.squares(made)
    if given.is_stacked:
        variance = variance + _through_weights(made, given)
    return np.asarray(np.maximum(variance, 0.0))


def _day_by_day(made: MeanCount, given: Contributions) -> Array:
    n_rows = len(given.follow_up.frame)
    return given.variances(lambda at: made.influence_of_all(n_rows, at), np.arange(len(made.mean)))


@dataclass(frozen=True, eq=False)
class _Stretches:
    """Stretches of days over which what a patient contributes follows one formula.

    On day t it is gain - mu(t) loss - w D(t), with D(t) what a unit of weight at risk has lost
    along the common path.

    Parameters
    ----------
    start, end
        First position on the grid, and the one after the last.
    gain, loss, weight
        Of each stretch; the weight is zero where the patient is not at risk.
    """

    start: Array
    end: Array
    gain: Array
    loss: Array
    weight: Array

    @classmethod
    def of(cls, made: MeanCount, order: Array, code: Array) -> _Stretches | None:
        """Cut the rows (in the order of patients and days); None if some overlap."""
        history = made.history
        first, last, weight = history.first[order], history.last[order], history.weight[order]
        start = np.minimum(first, last)
        is_next = np.append(False, code[1:] == code[:-1])
        if (is_next[1:] & (start[1:] < last[:-1])).any():
            return None
        events, died = history.events[order], history.is_terminal[order]
        before, total = [], []
        for path, jump in (
            (made.drift, made.gain[last] * events + died * made.mean[last] * made.loss[last]),
            (made.lost, died * made.loss[last]),
        ):
            summed = np.append(0.0, path)
            begun, ended = summed[first], np.where(first <= last, summed[last + 1], summed[first])
            moved = weight * (jump - (ended - begun))
            so_far = _within(moved, is_next)
            before.append(so_far - moved + weight * begun)
            total.append(so_far)
        until = np.where(np.append(is_next[1:], False), np.append(start[1:], 0), len(history.days))
        return cls(
            start=np.concatenate([start, last]),
            end=np.concatenate([last, until]),
            gain=np.concatenate([before[0], total[0]]),
            loss=np.concatenate([before[1], total[1]]),
            weight=np.concatenate([weight, np.zeros_like(weight)]),
        )

    def squares(self, made: MeanCount) -> Array:
        """Sum the squares of what patients contribute, on each day, multiplied out."""
        mean, size = made.mean, len(made.mean)
        path = made.drift - mean * made.lost

        def total(values: Array) -> Array:
            change = np.bincount(self.start, values, minlength=size + 1)
            change -= np.bincount(self.end, values, minlength=size + 1)
            return np.asarray(np.cumsum(change)[:size])

        gain, loss, weight = self.gain, self.loss, self.weight
        totals = np.stack([total(gain**2), total(loss**2), total(weight**2)])
        factors = np.stack([np.ones(size), mean**2, path**2])
        cross = path * (total(weight * gain) - mean * total(weight * loss))
        squares = (factors * totals).sum(axis=0) - 2 * mean * total(gain * loss) - 2 * cross
        # What is left of larger numbers that cancel, or have come and gone, is rounding.
        largest = (factors * np.maximum.accumulate(totals, axis=1)).sum(axis=0)
        return np.where(squares > _ROUNDING * largest, squares, 0.0)


def _within(values: Array, is_next: Array) -> Array:
    """Return running totals that begin anew with each patient."""
    so_far = np.cumsum(values)
    first = np.flatnonzero(~is_next)
    earlier = np.append(0.0, so_far)[first]
    summed: Array = so_far - np.repeat(earlier, np.diff(np.append(first, len(values))))
    return summed


def _through_weights(made: MeanCount, given: Contributions) -> Array:
    """Return what the estimation of the weights adds: 2 G' H^-1 sum(w phi s) + G' H^-1 J H^-1 G.

    G is the sum of the influences phi times the slopes of the weights, s is the score of the
    patient of a row, and J the sum of s s' over patients.
    """
    weighting, rows = given.follow_up.weighting, made.history.rows
    assert weighting is not None
    assert weighting.score is not None
    parts = weighting.score
    score = by_class(parts.residual, parts.design)
    square = score.T @ score
    if given.together is not None:
        of_patients = given.together @ score
        score, square = given.together.T @ of_patients, of_patients.T @ of_patients
    gathered = _slope(made, by_class(parts.slope[rows], parts.design[rows]))
    shared = _slope(made, made.history.weight[:, None] * score[rows])
    pulled = np.linalg.solve(parts.information, gathered.T).T
    return np.asarray((2 * pulled * shared + (pulled @ square) * pulled).sum(axis=1))


def _slope(made: MeanCount, direction: Array) -> Array:
    """Return how the mean moves on each day if rows gain weight in some directions.

    It is the sum over rows of their influence times the direction, shape (days, directions).
    """
    history, size, turned = made.history, len(made.mean), direction.T
    leaving = sum_by_day(history.last + 1, turned, size + 1)
    change = leaving - sum_by_day(history.first, turned, size + 1)
    at_risk = np.cumsum(change[:, ::-1], axis=1)[:, ::-1][:, 1:]
    events = sum_by_day(history.last, turned * history.events, size)
    ends = sum_by_day(history.last, turned * history.is_terminal, size)
    drift, lost = (np.diff(path, prepend=0.0) for path in (made.drift, made.lost))
    gained = made.gain * events + made.mean * made.loss * ends - at_risk * drift
    lost = made.loss * ends - at_risk * lost
    slope = np.cumsum(gained, axis=1) - made.mean * np.cumsum(lost, axis=1)
    return np.asarray(slope.T)
