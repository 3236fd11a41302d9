"""Baseline covariates as the columns of a model: levels, curves, gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.design.multinomial import one_thread
from azaanalysis.errors import DesignError

Array = np.ndarray

# Quantiles at which a natural spline has its knots, by their number.
# Source: Harrell, Regression Modeling Strategies, 2nd ed. (2015), table 2.3.
_KNOTS = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
    6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
    7: (0.025, 0.1833, 0.3417, 0.50, 0.6583, 0.8167, 0.975),
}
# Share of a column's spread that the columns before it leave unexplained; below it the column
# says nothing new.
_NOTHING_NEW = 1e-9


@dataclass(frozen=True, eq=False)
class ModelColumns:
    """A model matrix, and what its columns are called.

    Parameters
    ----------
    matrix
        Shape (n, q), Fortran order: first ones, then columns of mean 0 and spread 1.
    names
        Of each column, for messages.
    notes
        Which columns were left out because others determine them.
    """

    matrix: Array
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def make_model_columns(
    covariates: pd.DataFrame, *, splines: Mapping[str, int] | None = None, missing: str
) -> ModelColumns:
    """Turn covariates into the columns of a model.

    Parameters
    ----------
    covariates
        One row per patient.
    splines
        Covariates whose effect is a natural cubic curve, with the number of knots (3 to 7).
    missing
        ``"indicator"``: a number without a value takes the mean and a column of its own says
        so, a word without a value is a level of its own. ``"refuse"``: an error.

    Raises
    ------
    DesignError
        If a value is missing and may not be, a number is infinite, or a curve is asked of words.
    """
    if missing == "refuse":
        _refuse_gaps(covariates)
    knots = dict(splines or {})
    _refuse_curves(knots, covariates)
    parts = [
        part
        for name, column in covariates.items()
        for part in _columns(str(name), column, knots.get(str(name), 0))
    ]
    values = np.empty((len(covariates), 1 + len(parts)), order="F")
    values[:, 0] = 1.0
    for place, (_, column) in enumerate(parts, 1):
        values[:, place] = _standardise(column)
    names = ("(ones)", *(name for name, _ in parts))
    return ModelColumns(values, names)


def drop_determined(columns: ModelColumns) -> ModelColumns:
    """Leave out the columns that those before them determine.

    The fitted chances are the same whichever of them stays.
    """
    matrix = columns.matrix
    with one_thread():
        gram = matrix.T @ matrix / max(len(matrix), 1)
    stays = _independent(gram)
    if stays.all():
        return columns
    left_out = ", ".join(name for name, stay in zip(columns.names, stays, strict=True) if not stay)
    note = (
        f"Left out of the propensity model because the other covariates determine it: {left_out}."
    )
    names = tuple(name for name, stay in zip(columns.names, stays, strict=True) if stay)
    matrix = np.asfortranarray(columns.matrix[:, stays])
    return ModelColumns(matrix, names, (*columns.notes, note))


def _standardise(column: Array) -> Array:
    """Return a column of mean 0 and spread 1; of zeros, if it is constant."""
    centre, spread = column.mean(), column.std()
    is_constant = spread <= 1e-12 * abs(centre)
    standardised: Array = np.zeros(len(column)) if is_constant else (column - centre) / spread
    return standardised


def _columns(name: str, column: pd.Series, n_knots: int) -> Iterator[tuple[str, Array]]:
    """Return the columns of one covariate with their names."""
    if not pd.api.types.is_numeric_dtype(column.dtype):
        words = column.astype("category").cat.remove_unused_categories()
        codes = words.cat.codes.to_numpy()
        levels = [(code, str(level)) for code, level in enumerate(words.cat.categories)]
        for code, level in [*levels[1:], *([(-1, "missing")] if (codes < 0).any() else [])]:
            yield f"{name} ({level})", (codes == code).astype("float64")
        return
    numbers = column.to_numpy("float64", na_value=np.nan)
    if np.isinf(numbers).any():
        raise DesignError(
            f"The covariate '{name}' is infinite in {np.isinf(numbers).sum():,} of "
            f"{len(numbers):,} rows. Mend the values, or leave them empty."
        )
    is_missing = np.isnan(numbers)
    if is_missing.all():
        return
    if is_missing.any():
        numbers = np.where(is_missing, numbers[~is_missing].mean(), numbers)
    yield name, numbers
    if n_knots:
        yield from _curve(name, numbers, n_knots)
    if is_missing.any():
        yield f"{name} (missing)", is_missing.astype("float64")


def _curve(name: str, numbers: Array, n_knots: int) -> Iterator[tuple[str, Array]]:
    """Return what a natural cubic spline adds to a straight line.

    Cubic between the knots, straight beyond the outer ones. Source: Stone and Koo (1985).
    """
    knots = np.unique(np.quantile(numbers, _KNOTS[n_knots]))
    if len(knots) < 3:
        return
    last, before_last, width = knots[-1], knots[-2], knots[-1] - knots[0]
    cubes = [np.clip((numbers - knot) / width, 0, None) ** 3 for knot in knots]
    for place, knot in enumerate(knots[:-2]):
        toward_last = (before_last - knot) / (last - before_last)
        toward_before = (last - knot) / (last - before_last)
        curve = cubes[place] - cubes[-2] * toward_before + cubes[-1] * toward_last
        yield f"{name} (curve {place + 1})", curve


def _independent(gram: Array) -> Array:
    """Say of each column whether those before it leave some of it unexplained."""
    q = len(gram)
    factor, stays = np.zeros((q, 0)), np.zeros(q, dtype=bool)
    for place in range(q):
        explained = factor[place]
        left = gram[place, place] - explained @ explained
        if left <= _NOTHING_NEW * max(gram[place, place], 1e-12):
            continue
        stays[place] = True
        column = (gram[:, place] - factor @ explained) / np.sqrt(left)
        factor = np.column_stack([factor, column])
    return stays


def _refuse_gaps(covariates: pd.DataFrame) -> None:
    gaps = [str(name) for name, column in covariates.items() if column.isna().any()]
    if gaps:
        raise DesignError(
            f"Values are missing in {', '.join(gaps)}, and the study says to refuse them. Say "
            "'missing: indicator', or fill the gaps with impute() and pool the results."
        )


def _refuse_curves(knots: Mapping[str, int], covariates: pd.DataFrame) -> None:
    for name, n_knots in knots.items():
        if name not in covariates:
            raise DesignError(
                f"A curve is asked of '{name}', which is not among the covariates of the "
                f"weights: {', '.join(map(str, covariates))}."
            )
        if not pd.api.types.is_numeric_dtype(covariates[name].dtype):
            raise DesignError(
                f"A curve is asked of '{name}', which holds words. Take it out of 'splines'."
            )
        if n_knots not in _KNOTS:
            raise DesignError(f"'{name}' may have 3 to 7 knots, not {n_knots}.")
