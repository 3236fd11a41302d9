"""Covariates of a follow-up as the terms of a model: numbers as they are, words level by level."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import NEEDED, FollowUp
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.refusals import needs_rows

# Share of a covariate's spread that those before it leave unexplained; less is rounding.
_NOTHING_NEW = 1e-10


@dataclass(frozen=True)
class Coefficient:
    """One line of a model matrix.

    Parameters
    ----------
    term
        The column it comes from.
    name
        How it is called: the column, or the arm, or column and level.
    versus
        The level compared with; empty for a number.
    unit
        What one step is, for a number.
    """

    term: str
    name: str
    versus: str = ""
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Terms:
    """A model matrix on a scale that suits Newton's method.

    Parameters
    ----------
    coefficients
        What each line means.
    design
        Shape (p, n): each line with mean 0 and spread 1.
    spread, mean
        By what each line was divided, after this was taken away.
    """

    coefficients: tuple[Coefficient, ...]
    design: Array
    spread: Array
    mean: Array

    def positions(self) -> dict[str, Array]:
        """Return the lines of each term."""
        names = [coefficient.term for coefficient in self.coefficients]
        return {
            term: np.flatnonzero([name == term for name in names]) for term in dict.fromkeys(names)
        }


def model_columns(
    follow_up: FollowUp, covariates: Sequence[str], strata: Sequence[str]
) -> list[str]:
    """Return the columns of a model: the arm, unless there is one or it is a stratum, and others.

    Raises
    ------
    DesignError
        If a column is absent, or there is nothing to estimate.
    """
    needs_rows(follow_up)
    known = {"arm", *follow_up.covariates, *(set(follow_up.frame) - set(NEEDED))}
    absent = [c for c in [*covariates, *strata] if c not in known]
    if absent:
        raise DesignError(
            f"The follow-up has no covariate {', '.join(map(repr, absent))}. It has: "
            f"{', '.join(follow_up.covariates) or 'none'}. What is known only after time zero, "
            "or says how a patient counts, is no covariate."
        )
    arm = ["arm"] if len(follow_up.arms) > 1 and "arm" not in strata else []
    columns = list(dict.fromkeys([*arm, *covariates]))
    if not columns:
        raise DesignError(
            "There is one arm and no covariate, so there is no ratio to estimate. Name covariates."
        )
    return columns


def complete_rows(follow_up: FollowUp, columns: Sequence[str]) -> tuple[Array, tuple[str, ...]]:
    """Return whether each row has all values, and a note on those that have not."""
    missing = {column: follow_up.frame[column].isna().to_numpy() for column in columns}
    gaps = [column for column, is_missing in missing.items() if is_missing.any()]
    complete = ~np.any(np.stack(list(missing.values())), axis=0)
    if not gaps:
        return complete, ()
    note = (
        f"{(~complete).sum():,} of {len(complete):,} rows are left out because "
        f"{', '.join(gaps)} is missing."
    )
    return complete, (note,)


def make_terms(follow_up: FollowUp, columns: Sequence[str], rows: Array) -> Terms:
    """Return the model matrix of some columns, in the order of ``rows`` (positions).

    Raises
    ------
    EstimationError
        If a value is infinite, or a column says nothing that those before it do not say.
    """
    if "arm" in columns:
        _refuse_empty_arms(follow_up, rows)
    lines = [
        (coefficient, line)
        for column in columns
        for coefficient, line in _lines(follow_up, column, rows)
    ]
    design = np.empty((len(lines), len(rows)))
    mean, spread = np.zeros(len(lines)), np.ones(len(lines))
    for place, (_, made) in enumerate(lines):
        line = made()
        mean[place] = line.mean()
        np.subtract(line, mean[place], out=design[place])
        spread[place] = np.sqrt(np.mean(np.square(design[place])))
        design[place] /= spread[place] if spread[place] > 0 else 1.0
    coefficients = tuple(coefficient for coefficient, _ in lines)
    _refuse_collinear(coefficients, design)
    return Terms(coefficients, design, spread, mean)


def _refuse_empty_arms(follow_up: FollowUp, rows: Array) -> None:
    codes = follow_up.frame["arm"].cat.codes.to_numpy()[rows]
    empty = [arm for place, arm in enumerate(follow_up.arms) if not (codes == place).any()]
    if empty:
        raise EstimationError(
            f"In the arm '{empty[0]}' nobody has a value in every covariate and a weight above "
            "zero, so it cannot be compared. Take the arm out, or mend the covariates or weights."
        )


def _lines(
    follow_up: FollowUp, column: str, rows: Array
) -> Iterator[tuple[Coefficient, Callable[[], Array]]]:
    """Return each line of a column, to be made when its turn comes: all at once are many."""
    values = follow_up.frame[column]
    if pd.api.types.is_numeric_dtype(values.dtype):
        named = Coefficient(column, column, unit=f"per 1 {column}")
        yield named, partial(_numbers, values, rows)
        return
    words = values.astype("category").cat
    codes = words.codes.to_numpy()[rows]
    present = [code for code in range(len(words.categories)) if (codes == code).any()]
    levels = {code: str(words.categories[code]) for code in present}
    reference = follow_up.reference if column == "arm" else levels[present[0]]
    for code, level in levels.items():
        if level != reference:
            name = level if column == "arm" else f"{column}: {level}"
            yield Coefficient(column, name, versus=reference), partial(_is_level, codes, code)


def _numbers(values: pd.Series, rows: Array) -> Array:
    numbers: Array = values.to_numpy(dtype=float, na_value=np.nan)[rows]
    if np.isinf(numbers).any():
        raise EstimationError(
            f"{values.name} is infinite in {np.isinf(numbers).sum():,} row(s). Mend these values."
        )
    return numbers


def _is_level(codes: Array, code: int) -> Array:
    is_level: Array = (codes == code).astype(float)
    return is_level


def _refuse_collinear(coefficients: Sequence[Coefficient], design: Array) -> None:
    """Refuse lines that are constant, or a combination of the lines before them."""
    gram = design @ design.T / design.shape[1]
    factor = np.zeros_like(gram)
    useless = []
    for place, coefficient in enumerate(coefficients):
        left = gram[place, place] - factor[place] @ factor[place]
        if left <= _NOTHING_NEW:
            useless.append(coefficient.name)
            continue
        factor[:, place] = (gram[:, place] - factor @ factor[place]) / np.sqrt(left)
    if useless:
        raise EstimationError(
            f"{', '.join(useless)}: constant, or determined by the covariates named before. No "
            "coefficient can be told from the others. Leave it out."
        )
