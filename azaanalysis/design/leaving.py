"""The chance of staying in the protocol, period by period, and the weights that come of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.logistic import fit_logistic, predict_logistic
from azaanalysis.design.over_time import Changing
from azaanalysis.design.periods import Pieces

Array = np.ndarray
# With more periods than this, time enters as a curve with four knots; else each by itself.
_MOST_PERIODS = 6
_LEAST_CHANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Departures:
    """Who departed from the protocol, and what may have decided about it.

    Parameters
    ----------
    deviates
        For each row of the follow-up, whether it was censored on its day of exit because of a
        departure.
    cuts
        Days at which one period ends and the next begins.
    covariates
        Baseline columns that may decide about departing.
    changing
        Characteristics that change after time zero and may decide about it.
    settled
        For each row the day from which it can no longer depart; None if it always can.
    lag_days
        How long before a departure takes effect it is decided: what changes is read so many
        days before each period.
    is_stabilised
        Whether weights are multiplied by the chance of staying in the arm as a whole. Curves and
        hazard ratios do not depend on it, but they vary less; rates over time without
        stabilising stand for a population in which nobody departs.
    """

    deviates: Array
    cuts: Array
    covariates: tuple[str, ...] = ()
    changing: tuple[Changing, ...] = ()
    settled: Array | None = None
    lag_days: float = 0.0
    is_stabilised: bool = True


@dataclass(frozen=True, eq=False)
class _ArmModel:
    """The person-periods of one arm in which anybody left: where they stand, and their design."""

    places: Array
    design: Array
    left: Array
    at_risk: Array

    def stay(self, times: Array | None) -> Array:
        """Return the fitted chance of staying in each person-period."""
        of_arm = self.at_risk if times is None else self.at_risk * times[self.places]
        coefficients = fit_logistic(self.design, self.left, times=of_arm)
        chance = 1 - predict_logistic(self.design, coefficients)
        stay: Array = np.maximum(chance, _LEAST_CHANCE)
        return stay


@dataclass(frozen=True, eq=False)
class Leaving:
    """Person-periods, who left in each, and how the chance of staying is modelled.

    Parameters
    ----------
    row
        Row of the follow-up each piece belongs to.
    cell
        Code of arm and period.
    left
        Whether the piece ends with a departure.
    at_risk
        Whether the row was still followed at the mean moment of departing in its cell, as in an
        actuarial table; who had ended before says nothing about staying.
    share
        Part of the period, from its end, in which the weight of the period is needed.
    models
        One for each arm in which anybody left.
    is_stabilised
        Whether weights are multiplied by the chance of the whole arm.
    """

    row: Array
    cell: Array
    left: Array
    at_risk: Array
    share: Array
    models: tuple[_ArmModel, ...]
    is_stabilised: bool

    @property
    def in_model(self) -> Array:
        """Pieces of a cell in which somebody left; in all others everybody stays."""
        is_in = np.zeros(len(self.row), dtype=bool)
        for model in self.models:
            is_in[model.places] = True
        return is_in

    @property
    def changes_before(self) -> Array:
        """Pieces at whose beginning the weight changes because of their own period."""
        return self.in_model & (self.share > 0)

    @property
    def changes_after(self) -> Array:
        """Pieces at whose end the weight changes because of their own period."""
        return self.in_model & (self.share < 1)

    def weights(self, times: Array | None = None) -> Array:
        """Return the weight of each piece, each counted so many times in the models."""
        log_factor = np.zeros(len(self.row))
        for model in self.models:
            log_factor[model.places] = -np.log(model.stay(times))
        if self.is_stabilised:
            log_factor += self._log_stay_of_cells(times)
        total = np.cumsum(log_factor)
        before = total - log_factor
        is_first = np.append(True, self.row[1:] != self.row[:-1])
        start = before[np.flatnonzero(is_first)][np.cumsum(is_first) - 1]
        weight: Array = np.exp(before - start + self.share * log_factor)
        return weight

    def _log_stay_of_cells(self, times: Array | None) -> Array:
        """Return the log of the share of each arm and period that stays."""
        counts = self.at_risk if times is None else self.at_risk * times
        n = np.bincount(self.cell, counts)
        stay = n - np.bincount(self.cell, counts * self.left)
        share = np.divide(stay, n, out=np.ones_like(n), where=n > 0)
        log_stay: Array = np.log(np.maximum(share, _LEAST_CHANCE))[self.cell]
        return log_stay


def prepare_leaving(follow_up: FollowUp, pieces: Pieces, departures: Departures) -> Leaving:
    """Lay out the person-periods for the models of staying, one for each arm."""
    arm = follow_up.frame["arm"].cat.codes.to_numpy()[pieces.row].astype(np.int64)
    n_periods = len(departures.cuts) + 1
    cell = arm * n_periods + pieces.period
    left = pieces.is_last & departures.deviates[pieces.row]
    is_in = (np.bincount(cell, left) > 0)[cell]
    if departures.settled is not None:
        is_in &= pieces.entry < departures.settled[pieces.row]
    baseline = _encode(follow_up.frame[list(departures.covariates)])
    share, at_risk = _moments(pieces, cell, left, departures.cuts)
    models = []
    for code in np.unique(arm[is_in]):
        places = np.flatnonzero(is_in & (arm == code))
        design = _design(pieces, places, baseline, departures)
        of_arm = (left[places].astype("float64"), at_risk[places])
        models.append(_ArmModel(places, design, *of_arm))
    stabilised = departures.is_stabilised
    return Leaving(pieces.row, cell, left, at_risk, share, tuple(models), stabilised)


def _moments(pieces: Pieces, cell: Array, left: Array, cuts: Array) -> tuple[Array, Array]:
    """Return which part of its period lies after the mean departure, and who was there then."""
    edges = np.concatenate([[0.0], cuts, [max(float(pieces.exit.max(initial=0.0)), 1.0)]])
    begin, end = edges[pieces.period], edges[pieces.period + 1]
    after = np.clip((end - pieces.exit) / np.maximum(end - begin, 1e-12), 0.0, 1.0)
    n_left = np.bincount(cell, left)
    summed = np.bincount(cell, np.where(left, after, 0.0))
    share: Array = np.divide(summed, n_left, out=np.zeros_like(summed), where=n_left > 0)[cell]
    at_risk: Array = (left | (after <= share + 1e-12)).astype("float64")
    return share, at_risk


def _design(pieces: Pieces, places: Array, baseline: Array, departures: Departures) -> Array:
    """Return the model matrix of some person-periods: ones, time, baseline, what changes."""
    row, period = pieces.row[places], pieces.period[places]
    known_on = pieces.entry[places] - departures.lag_days
    columns = [np.ones((len(places), 1)), _time_terms(period), baseline[row]]
    for one in departures.changing:
        value = pd.Series(one.on(row, known_on), name=one.name)
        columns.append(_encode(value.to_frame()))
    return np.hstack(columns)


def _time_terms(period: Array) -> Array:
    """Return an indicator for each period but the first, or a natural curve if there are many."""
    seen = np.unique(period)
    if len(seen) <= _MOST_PERIODS:
        indicators: Array = (period[:, None] == seen[1:]).astype("float64")
        return indicators
    knots = np.quantile(period, [0.05, 0.35, 0.65, 0.95])
    if len(np.unique(knots)) < 4:
        knots = np.quantile(seen, [0.05, 0.35, 0.65, 0.95])
    return _natural_curve(period / knots[-1], knots / knots[-1])


def _natural_curve(x: Array, knots: Array) -> Array:
    """Return the columns of a cubic curve that is straight beyond its outer knots.

    Source: Harrell, Regression Modeling Strategies, 2nd ed. (2015), section 2.4.5.
    """

    def bend(at: float) -> Array:
        return np.maximum(x - at, 0.0) ** 3

    before, last = knots[-2], knots[-1]
    columns = [x]
    for knot in knots[:-2]:
        out = bend(before) * (last - knot) - bend(last) * (before - knot)
        columns.append(bend(knot) - out / (last - before))
    return np.stack(columns, axis=1)


def _encode(frame: pd.DataFrame) -> Array:
    """Return covariates as numbers of mean 0 and spread 1; a gap is the mean and a sign of it."""
    encoded = []
    for column in (frame[name] for name in frame):
        if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
            numbers = column.to_numpy("float64", na_value=np.nan)
            encoded.append(np.nan_to_num(numbers, nan=_mean(numbers)))
            encoded.append(np.isnan(numbers).astype("float64"))
        else:
            codes = column.astype("category").cat.codes.to_numpy()
            encoded += [(codes == code).astype("float64") for code in np.unique(codes)[1:]]
    scaled = [(x - x.mean()) / x.std() for x in encoded if len(x) and x.std() > 0]
    return np.stack(scaled, axis=1) if scaled else np.empty((len(frame), 0))


def _mean(numbers: Array) -> float:
    known = numbers[~np.isnan(numbers)]
    return float(known.mean()) if len(known) else 0.0
