"""Logistic regression by Newton's method, for rows that count with weights."""

from __future__ import annotations

import numpy as np

Array = np.ndarray

_STEPS, _CLOSE = 60, 1e-10
# Added to the diagonal of the information, per unit of weight: nothing where the data speak, and
# enough to keep a coefficient finite that they would send to infinity.
_RIDGE = 1e-9


def fit_logistic(design: Array, outcome: Array, *, times: Array | None = None) -> Array:
    """Return the coefficients that make the outcome most likely.

    Parameters
    ----------
    design
        Model matrix, shape (n, q), its first column ones.
    outcome
        0 or 1, shape (n,).
    times
        How often each row counts, whole numbers or not; once if not given.

    Notes
    -----
    The well-kept libraries fit the same model, but this one is fitted again in each resample of a
    bootstrap, with weights of zero and periods in which next to nobody leaves. It is held
    against statsmodels.
    """
    weight = np.ones(len(outcome)) if times is None else times
    ridge = _RIDGE * max(weight.sum(), 1.0) * np.eye(design.shape[1])
    coefficients = np.zeros(design.shape[1])
    share = np.clip(np.average(outcome, weights=weight) if weight.sum() else 0.5, 1e-6, 1 - 1e-6)
    coefficients[0] = np.log(share / (1 - share))
    for _ in range(_STEPS):
        chance = predict_logistic(design, coefficients)
        gradient = design.T @ (weight * (outcome - chance)) - ridge @ coefficients
        information = design.T @ (design * (weight * chance * (1 - chance))[:, None]) + ridge
        step = np.linalg.solve(information, gradient)
        # Far steps overshoot where the data nearly separate; a cap keeps them in reach.
        step *= min(1.0, 5.0 / max(np.abs(step).max(), 1e-300))
        coefficients += step
        if np.abs(step).max() < _CLOSE:
            break
    return coefficients


def predict_logistic(design: Array, coefficients: Array) -> Array:
    """Return the fitted chance of each row."""
    chance: Array = 1 / (1 + np.exp(-np.clip(design @ coefficients, -35, 35)))
    return chance
