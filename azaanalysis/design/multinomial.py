"""Chances of each arm: multinomial logistic regression by maximum likelihood."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

Array = np.ndarray

# Rows that are worked on at once: their part of the model matrix stays in the processor's cache.
_BLOCK = 8192
# Above twice this many rows the first guess comes from a sample of about this size.
_SAMPLE = 30_000
_MOST_STEPS = 30
# Of the largest move of a coefficient (columns have spread 1): below it, the next step, which
# is quadratically smaller, is beyond the precision of a number.
_CLOSE_ENOUGH = 1e-8
# Where all patients of a group have one arm, as in many resamples with a rare group, its
# coefficient grows for ever: each step is as large as the last and gains a third of it. Once a
# large step gains less log likelihood than this, the chances of the patients stay where they are.
_LARGE_STEP, _NO_GAIN = 1e-2, 1e-6


@dataclass(frozen=True, eq=False)
class Multinomial:
    """A fitted model of k classes with q columns.

    Parameters
    ----------
    coefficients
        Shape (k - 1, q); the first class is the one that the others are compared with.
    information
        Minus the second derivative of the log likelihood, shape (p, p) with p = q (k - 1), class
        by class.
    log_likelihood
        Of the data at the coefficients.
    has_converged
        False if some coefficients run to infinity: an arm is separated by the covariates.
    """

    coefficients: Array
    information: Array
    log_likelihood: float
    has_converged: bool


@dataclass(frozen=True, eq=False)
class _Data:
    """Rows as they are worked on: columns first, each in one piece."""

    columns: Array  # (q, n)
    observed: Array  # (k - 1, n), 0 or 1
    times: Array | None  # (n,)

    def blocks(self) -> list[slice]:
        """Return the rows in pieces that stay in the cache."""
        n = self.columns.shape[1]
        return [slice(start, start + _BLOCK) for start in range(0, n, _BLOCK)]

    def every(self, step: int) -> _Data:
        """Return every so many rows; a guess needs no more."""
        times = None if self.times is None else self.times[::step]
        columns = np.ascontiguousarray(self.columns[:, ::step])
        return _Data(columns, np.ascontiguousarray(self.observed[:, ::step]), times)


def one_thread() -> AbstractContextManager[Any]:
    """Keep linear algebra on one processor.

    Blocks this small gain nothing from a second one, and on a busy machine threads that wait for
    each other make a fit twenty times slower.
    """
    limited: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limited


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def fit_multinomial(
    design: Array,
    classes: Array,
    n_classes: int,
    *,
    times: Array | None = None,
    start: Array | None = None,
) -> Multinomial:
    """Fit the chance of each class by maximum likelihood.

    Parameters
    ----------
    design
        Model matrix with its column of ones, shape (n, q); best with columns of about mean 0 and
        spread 1, in Fortran order.
    classes, n_classes
        Class of each row, from 0 on; how many classes there are.
    times
        How often each row counts; once if not given.
    start
        First guess of the coefficients, shape (k - 1, q).

    Notes
    -----
    Newton's method with the observed information, halving steps that lead downhill. Columns that
    others determine do no harm (their coefficients stay where they were) and separated
    classes end in chances of nearly 0 or 1, with ``has_converged`` false.
    """
    observed = (classes == np.arange(1, n_classes)[:, None]).astype("float64")
    data = _Data(np.ascontiguousarray(design.T), observed, times)
    with one_thread():
        if start is None:
            start = np.zeros((n_classes - 1, design.shape[1]))
            if len(design) > 2 * _SAMPLE:
                guess = _climb(data.every(len(design) // _SAMPLE), start)
                start = guess.coefficients if guess.has_converged else start
        return _climb(data, start)


def predict_chances(design: Array, coefficients: Array) -> Array:
    """Return the chance of each class, shape (n, k)."""
    columns, k = design.T, len(coefficients) + 1
    chances = np.empty((k, columns.shape[1]))
    with one_thread():
        for start in range(0, columns.shape[1], _BLOCK):
            part = slice(start, start + _BLOCK)
            chances[1:, part], chances[0, part], _ = _softmax(coefficients @ columns[:, part])
    return chances.T


def _climb(data: _Data, coefficients: Array) -> Multinomial:
    """Go uphill by Newton's steps until the next would be too small to matter, or runs away."""
    best, gradient, information = _evaluate(data, coefficients)
    for _ in range(_MOST_STEPS):
        step = _solve(information, gradient).reshape(coefficients.shape)
        if (gradient * step).sum() < _NO_GAIN and np.abs(step).max() > _LARGE_STEP:
            break
        reached, gradient, information = _evaluate(data, coefficients + step)
        while reached < best - 1e-9 * abs(best) and np.abs(step).max() > _CLOSE_ENOUGH:
            step = step / 2
            reached, gradient, information = _evaluate(data, coefficients + step)
        coefficients, best = coefficients + step, reached
        if np.abs(step).max() < _CLOSE_ENOUGH:
            return Multinomial(coefficients, information, best, has_converged=True)
    return Multinomial(coefficients, information, best, has_converged=False)


def _solve(information: Array, gradient: Array) -> Array:
    """Return the step; a trace of a ridge keeps undetermined directions still.

    It changes the path and not the summit, where the gradient is zero.
    """
    ridge = 1e-10 * np.trace(information) / len(information) + 1e-300
    step: Array = np.linalg.solve(
        information + ridge * np.eye(len(information)), gradient.reshape(-1)
    )
    return step


def _evaluate(data: _Data, coefficients: Array) -> tuple[float, Array, Array]:
    """Return the log likelihood, its gradient (k - 1, q) and its information (p, p)."""
    classes, q = coefficients.shape
    likelihood, gradient = 0.0, np.zeros((classes, q))
    information = np.zeros((classes, q, classes, q))
    for part in data.blocks():
        columns, observed = data.columns[:, part], data.observed[:, part]
        linear = coefficients @ columns
        chances, _, log_total = _softmax(linear)
        residual, rows = observed - chances, (observed * linear).sum(axis=0) - log_total
        if data.times is not None:
            times = data.times[part]
            residual, rows = residual * times, rows * times
        likelihood += float(rows.sum())
        gradient += residual @ columns.T
        for a in range(classes):
            for b in range(a, classes):
                spread = chances[a] * ((a == b) - chances[b])
                if data.times is not None:
                    spread = spread * times
                information[a, :, b] += (columns * spread) @ columns.T
    for a in range(classes):
        for b in range(a):
            information[a, :, b] = information[b, :, a].T
    return likelihood, gradient, information.reshape(classes * q, classes * q)


def _softmax(linear: Array) -> tuple[Array, Array, Array]:
    """Return chances of all classes but the first, of the first, and the log of their sum."""
    top = np.maximum(linear.max(axis=0), 0.0)
    raised, first = np.exp(linear - top), np.exp(-top)
    total = first + raised.sum(axis=0)
    return raised / total, first / total, top + np.log(total)
