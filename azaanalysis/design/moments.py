"""Sums by arm, from which balance is read: one pass over each covariate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.multinomial import one_thread

Array = np.ndarray


@dataclass(frozen=True)
class Line:
    """One number of one covariate: the number itself, a level (0 or 1), or whether it is missing.

    ``entries`` has one per patient, missing where nothing is known.
    """

    covariate: str
    level: str
    kind: str
    entries: Array


def lines_of(covariate: str, column: pd.Series) -> Iterator[Line]:
    """Return one line for each number, level and gap of a covariate."""
    is_missing = column.isna().to_numpy()
    if pd.api.types.is_bool_dtype(column.dtype):
        truths = column.astype("boolean").astype("Float64").to_numpy("float64", na_value=np.nan)
        yield Line(covariate, "", "count", truths)
    elif pd.api.types.is_numeric_dtype(column.dtype):
        yield Line(covariate, "", "mean", column.to_numpy("float64", na_value=np.nan))
    else:
        words = column.astype("category").cat.remove_unused_categories()
        codes = words.cat.codes.to_numpy()
        for code, level in enumerate(words.cat.categories):
            values = np.where(is_missing, np.nan, codes == code)
            yield Line(covariate, str(level), "count", values)
    if is_missing.any():
        yield Line(covariate, "", "missing", is_missing.astype("float64"))


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums of one line in one group of weights: an arm as observed, an arm weighted, a target.

    Parameters
    ----------
    total, total_squared
        Sum of the weights, and of their squares, of those with a value.
    mean, variance
        Weighted; the variance with the divisor total - total_squared / total, which is n - 1
        if all weights are 1.
    """

    total: float
    total_squared: float
    mean: float
    variance: float

    @property
    def effective(self) -> float:
        """Kish's effective number of patients: as many with equal weights would be as precise."""
        return self.total**2 / self.total_squared if self.total_squared > 0 else 0.0


Sums = dict[tuple[str, str], Moments]


@dataclass(frozen=True, eq=False)
class Groups:
    """Weights of every group of patients that means are taken of, as rows of one matrix.

    Parameters
    ----------
    names
        Stage and arm of each group; the arm is empty for the target population.
    weights
        Shape (groups, n).
    """

    names: tuple[tuple[str, str], ...]
    weights: Array

    def moments(self, values: Array) -> Sums:
        """Return the moments of one line in each group."""
        is_known = ~np.isnan(values)
        centre = float(values[is_known].mean()) if is_known.any() else 0.0
        powers = np.empty((3, len(values)))
        powers[0] = is_known
        powers[1] = np.where(is_known, values - centre, 0.0)
        np.square(powers[1], out=powers[2])
        with one_thread():
            total, first, second = (self.weights @ powers.T).T
        squared = np.diag(self._products)
        if not is_known.all():
            squared = np.array([np.square(row[is_known]).sum() for row in self.weights])
        sums = zip(total, squared, first, second, strict=True)
        made = (_moments(*four, centre=centre) for four in sums)
        return dict(zip(self.names, made, strict=True))

    def chance_spread(self, one: tuple[str, str], other: tuple[str, str]) -> float:
        """Return the spread of a standardised difference that has no cause but chance.

        A difference of weighted means is sum(c x) with coefficients c that add up to zero. If the
        values of x fell to patients at random, its variance would be var(x) sum(c^2); for two
        arms this is 1 / n_1 + 1 / n_2 with effective numbers of patients.
        """
        i, j = self.names.index(one), self.names.index(other)
        totals, products = self._totals, self._products
        if min(totals[i], totals[j]) <= 0:
            return float("nan")
        squares = products[i, i] / totals[i] ** 2 + products[j, j] / totals[j] ** 2
        variance = squares - 2 * products[i, j] / (totals[i] * totals[j])
        return float(np.sqrt(max(variance, 0.0)))

    @cached_property
    def _totals(self) -> Array:
        totals: Array = self.weights.sum(axis=1)
        return totals

    @cached_property
    def _products(self) -> Array:
        with one_thread():
            products: Array = self.weights @ self.weights.T
        return products


def _moments(
    total: float, squared: float, first: float, second: float, *, centre: float
) -> Moments:
    if total <= 0:
        return Moments(0.0, 0.0, np.nan, np.nan)
    mean = first / total
    freedom = total - squared / total
    variance = max(second - total * mean**2, 0.0) / freedom if freedom > 1e-12 else np.nan
    return Moments(total, squared, mean + centre, variance)


BEFORE, AFTER = "before weighting", "after weighting"


def groups_of(follow_up: FollowUp, rows: Array | None = None) -> Groups:
    """Return the arms as observed, the arms weighted, and the target population.

    Parameters
    ----------
    follow_up
        One row per patient, weighted or not.
    rows
        Patients to look at, one truth per row; all if not given.
    """
    observed = observed_frame(follow_up)
    inside = np.ones(len(observed)) if rows is None else rows.astype("float64")
    codes = observed["arm"].cat.codes.to_numpy()
    members = (codes == np.arange(len(follow_up.arms))[:, None]) * inside
    names = [*((BEFORE, arm) for arm in follow_up.arms), (BEFORE, "")]
    parts = [members, inside[None, :]]
    if follow_up.is_weighted or follow_up.weighting is not None:
        names += [*((AFTER, arm) for arm in follow_up.arms), (AFTER, "")]
        weight, tilt = _as_observed(follow_up)
        parts += [members * weight, (tilt * inside)[None, :]]
    return Groups(tuple(names), np.concatenate(parts))


def observed_frame(follow_up: FollowUp) -> pd.DataFrame:
    """Return the rows before any were set aside."""
    weighting = follow_up.weighting
    if weighting is None or weighting.observed is None:
        return follow_up.frame
    return weighting.observed


def kept_rows(follow_up: FollowUp) -> Array:
    """Say which of the rows once observed are left."""
    weighting = follow_up.weighting
    if weighting is None or weighting.kept is None:
        return np.ones(len(follow_up.frame), dtype=bool)
    return weighting.kept


def _as_observed(follow_up: FollowUp) -> tuple[Array, Array]:
    """Return the weight, and the part in the target population, of every row once observed."""
    weight: Array = follow_up.frame["weight"].to_numpy()
    weighting = follow_up.weighting
    # If nobody says what the target population is, it is taken to be the weighted patients.
    tilt = weight if weighting is None or weighting.tilt is None else weighting.tilt
    if weighting is None or weighting.kept is None:
        return weight, tilt
    spread = np.zeros((2, len(weighting.kept)))
    spread[:, weighting.kept] = weight, tilt
    return spread[0], spread[1]
