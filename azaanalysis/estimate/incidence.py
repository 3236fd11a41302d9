"""Cumulative incidence and survival: step curves with intervals, from one risk table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import ndtri

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.grid import Array, Grid, ratio
from azaanalysis.estimate.tally import RiskTable, tally
from azaanalysis.result import Estimate

Transform = Literal["log-log", "log", "plain"]
# Below this a probability is zero but for rounding.
_NOTHING = 1e-12


def estimate_incidence(
    follow_up: FollowUp | RiskTable, *, level: float = 0.95, transform: Transform = "log-log"
) -> Estimate:
    """Estimate the cumulative incidence of each cause, and survival free of all of them.

    The risk of a cause by day t is the probability that it happens by then, in a world in which
    the other causes can happen first (Aalen-Johansen). Survival is the probability that none has
    happened (Kaplan-Meier). Events of one day are tied exactly: all who are at risk on that
    day form the denominator of each.

    Parameters
    ----------
    follow_up
        One row per patient, or its risk table. Uses ``arm``, ``entry_days``, ``exit_days``
        (days since time zero), ``status`` and ``weight``.
    level
        Coverage of each pointwise interval, between 0 and 1.
    transform
        Scale on which the interval is symmetric. ``log-log``: log(-log) of survival, or of one
        minus the risk, as in most reports. ``log``: R's default. ``plain``: neither.

    Returns
    -------
    Estimate
        Curves: for each arm one row per distinct day, from day 0, of ``survival`` (``cause``
        empty) and of ``risk`` for each cause. ``patients`` are at risk on that day, ``events``
        have happened by then, ``patient_years`` have been observed by then; all three
        before weighting.

    Raises
    ------
    EstimationError
        If ``level`` is not a proportion, or an arm has nobody in it.

    Notes
    -----
    Source: Aalen and Johansen (1978), Scand J Stat 5:141-150. The standard error is the
    infinitesimal jackknife (each patient's influence, squared and summed); without weights it
    equals Greenwood's for survival. Weights are taken as known. Assumes that whoever is censored
    has the same future as those who stay.
    """
    if not 0 < level < 1:
        raise EstimationError(f"level must lie between 0 and 1, for example 0.95; got {level}.")
    table = tally(follow_up)
    limits = _Limits(float(ndtri((1 + level) / 2)), transform)
    curves = [_arm_curves(table, arm, limits) for arm in table.arms]
    about = {
        **table.about,
        "method": "Aalen-Johansen",
        "level": level,
        "interval": "sampling of patients, pointwise",
        "transform": transform,
        "causes": table.causes,
    }
    return Estimate(pd.concat(curves, ignore_index=True), about)


def _arm_curves(table: RiskTable, arm: str, limits: _Limits) -> pd.DataFrame:
    """Return the survival curve of an arm, and the risk curve of each cause."""
    grid = Grid.of(table, arm)
    at_risk = grid.over_those_at_risk(grid.weight)
    hazard = ratio(grid.on_exit_day(grid.weight * (grid.status > 0)), at_risk)
    survival = np.cumprod(1 - hazard)
    before = np.append(1.0, survival[:-1])
    # h(s) of the formulas in _Influence: what one more patient at risk does to log survival.
    leaving = ratio(np.ones_like(hazard), at_risk * (1 - hazard))
    pull = _Pull(drift=np.cumsum(leaving * hazard), jump=-leaving[grid.last] * (grid.status > 0))
    variance = _variance(grid, _Influence(survival, _still(grid), pull))
    curves = [_curve(grid, "", survival, limits.around(survival, variance), grid.status > 0)]
    for number, cause in enumerate(table.causes, 1):
        is_cause = grid.status == number
        of_cause = ratio(grid.on_exit_day(grid.weight * is_cause), at_risk)
        risk = np.cumsum(before * of_cause)
        gain = ratio(before, at_risk)
        push = _Pull(
            drift=-np.cumsum(gain * of_cause + risk * leaving * hazard),
            jump=gain[grid.last] * is_cause - risk[grid.last] * pull.jump,
        )
        variance = _variance(grid, _Influence(risk, push, pull))
        bounds = limits.around(risk, variance, is_risk=True)
        curves.append(_curve(grid, cause, risk, bounds, is_cause))
    return pd.concat(curves, ignore_index=True).assign(endpoint=table.endpoint, arm=arm)


@dataclass(frozen=True)
class _Pull:
    """What a patient does to a curve: ``drift`` summed while at risk, ``jump`` on leaving.

    ``drift`` has one value a day, ``jump`` one value a cell.
    """

    drift: Array
    jump: Array


@dataclass(frozen=True)
class _Influence:
    """What one unit of weight, leaving on day T with status d, does to a curve X at day t.

    It is u + X(t) v, both summed over the days s at risk up to min(t, T); with dL and dL_k the
    hazards of all causes and of this one, a(s) = S(s-)/Y(s), h(s) = 1/(Y(s)(1 - dL(s))) ::

        u (push) =  a(T) [d = k] + X(T) h(T) [d > 0]  -  sum a(s) dL_k(s) + X(s) h(s) dL(s)
        v (pull) = -h(T) [d > 0]                      +  sum h(s) dL(s)

    For survival u is zero.
    """

    curve: Array
    push: _Pull
    pull: _Pull


def _still(grid: Grid) -> _Pull:
    return _Pull(np.zeros(len(grid.days)), np.zeros(len(grid.last)))


def _variance(grid: Grid, influence: _Influence) -> Array:
    """Return the sum of squared influences on each day.

    Since u and v stop changing when a patient leaves, running totals do: one over those who
    have left, one over those who are still there.
    """
    curve, push, pull = influence.curve, influence.push, influence.pull
    start_u, start_v = _before_entry(grid, push.drift), _before_entry(grid, pull.drift)
    u = push.drift[grid.last] - start_u + push.jump
    v = pull.drift[grid.last] - start_v + pull.jump

    def left(values: Array) -> Array:
        so_far: Array = np.cumsum(grid.on_exit_day(grid.weight_squared * values))
        return so_far

    def stay(values: Array) -> Array:
        return grid.over_those_who_stay(grid.weight_squared * values)

    gone = left(u**2) + 2 * curve * left(u * v) + curve**2 * left(v**2)
    # Of those still there each contributes (now - start)^2, multiplied out.
    now = push.drift + curve * pull.drift
    there = now**2 * stay(np.ones_like(u)) - 2 * now * (stay(start_u) + curve * stay(start_v))
    there += stay(start_u**2) + 2 * curve * stay(start_u * start_v) + curve**2 * stay(start_v**2)
    variance: Array = np.maximum(gone + there, 0.0)
    return variance


def _before_entry(grid: Grid, drift: Array) -> Array:
    """Return, for each cell, what had been summed before it came under observation."""
    summed: Array = np.append(0.0, drift)[grid.first]
    return summed


@dataclass(frozen=True)
class _Limits:
    """Pointwise intervals, symmetric on a scale."""

    z: float
    transform: Transform

    def around(
        self, curve: Array, variance: Array, *, is_risk: bool = False
    ) -> tuple[Array, Array, Array]:
        """Return the standard error and the lower and upper limits of a curve.

        While nothing has happened there is no spread and the limits are the value itself; where
        the curve has come to its end no limits are defined, and they are missing.
        """
        error = np.sqrt(variance)
        if self.transform == "plain":
            lower, upper = curve - self.z * error, curve + self.z * error
        elif self.transform == "log":
            factor = np.exp(self.z * ratio(error, curve))
            lower, upper = curve / factor, curve * factor
        else:
            free = 1 - curve if is_risk else curve
            lower, upper = self._log_log(free, error)
            if is_risk:
                lower, upper = 1 - upper, 1 - lower
        over = curve > 1 - _NOTHING if is_risk else curve < _NOTHING
        limits = (np.where(over, np.nan, np.clip(x, 0, 1)) for x in (lower, upper))
        return error, *limits

    def _log_log(self, free: Array, error: Array) -> tuple[Array, Array]:
        inside = (free > _NOTHING) & (free < 1)
        safe = np.where(inside, free, 0.5)
        reach = np.exp(np.where(inside, self.z * error / (safe * np.abs(np.log(safe))), 0.0))
        return np.where(inside, safe**reach, free), np.where(inside, safe ** (1 / reach), free)


def _curve(
    grid: Grid, cause: str, curve: Array, bounds: tuple[Array, Array, Array], counted: Array
) -> pd.DataFrame:
    """Return a curve as rows of an estimate."""
    error, lower, upper = bounds
    return pd.DataFrame(
        {
            "cause": cause,
            "quantity": "risk" if cause else "survival",
            "at_days": grid.days,
            "value": curve,
            "lower": lower,
            "upper": upper,
            "std_error": error,
            "patients": grid.over_those_at_risk(grid.patients).round(),
            "events": np.cumsum(grid.on_exit_day(grid.patients * counted)).round(),
            "patient_years": grid.patient_years(),
        }
    )
