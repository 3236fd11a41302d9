"""Simultaneous bands: limits that hold a whole curve, not one day of it."""

from __future__ import annotations

import numpy as np

from azaanalysis.design.multinomial import one_thread
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.tally import RiskTable
from azaanalysis.estimate.variance import Chosen

_DRAWS = 4000
_SEED = 11_111_967
# The largest distance over the days hardly depends on how finely they are looked at.
_MOST_DAYS = 200


def covariance_of_readings(
    table: RiskTable, influence: Array, chosen: Chosen, *, rows: Array
) -> Array:
    """Return the covariance of readings with each other, shape (readings, readings).

    ``influence`` is what one unit of weight in each cell of ``rows`` does to each reading, shape
    (rows, readings); as in ``covariance_of_arms``.
    """
    if table.pairs is None:
        squares = table.counts.weight_squared[rows]
        made = influence.T @ (influence * squares[:, None])
    else:
        made = influence.T @ (table.pairs[rows][:, rows] @ influence)
    if chosen == "stacked" and table.stacking is not None:
        stacking = table.stacking
        pulled = stacking.inverse_information @ (stacking.slope[rows].T @ influence)
        cross = pulled.T @ (stacking.weight_score[rows].T @ influence)
        made = made + cross + cross.T + pulled.T @ stacking.score_square @ pulled
    return np.asarray(made)


def simultaneous_reach(covariance: Array, level: float) -> float:
    """Return how many standard errors a band reaches that holds all readings at once.

    The largest of correlated normal distances is drawn from their covariance, with a fixed
    seed; readings without spread do not count.

    Notes
    -----
    This is the equal-precision band of Nair (1984), Technometrics 26:265-275, with the
    distribution found by resampling as in Lin, Fleming and Wei (1994), Biometrika 81:73-81. The
    reach is the same on every scale, as is the distance in standard errors.
    """
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    # What is left by rounding on a day before the first event is no spread.
    moving = spread > 1e-9 * spread.max(initial=0.0)
    if not moving.any():
        return float("nan")
    correlation = covariance[np.ix_(moving, moving)] / np.outer(spread[moving], spread[moving])
    with one_thread():
        values, vectors = np.linalg.eigh(correlation)
        large = values > 1e-10 * values.max()
        root = vectors[:, large] * np.sqrt(values[large])
        draws = np.random.default_rng(_SEED).standard_normal((_DRAWS, root.shape[1])) @ root.T
    return float(np.quantile(np.abs(draws).max(axis=1), level))


def on_some_days(days: Array) -> Array:
    """Return factors that read a curve on each of its days, or on some hundred of them."""
    places = np.arange(len(days))
    if len(days) > _MOST_DAYS:
        places = np.linspace(0, len(days) - 1, _MOST_DAYS).round().astype(int)
    factors = np.zeros((len(places), len(days)))
    factors[np.arange(len(places)), places] = 1.0
    return factors
