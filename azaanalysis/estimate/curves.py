"""Curves of one arm, and what each cell of the risk table does to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.grid import Grid, ratio


@dataclass(frozen=True)
class Pull:
    """What a patient does to a curve: ``drift`` summed while at risk, ``jump`` on leaving.

    ``drift`` has one value a day, ``jump`` one value a cell.
    """

    drift: Array
    jump: Array


@dataclass(frozen=True)
class Curve:
    """A curve X over the days of a grid, and what one unit of weight does to it.

    The influence on X(t) of a patient who leaves on day T with status d is u + X(t) v, both
    summed over the days s at risk up to min(t, T); with dL and dL_k the hazards of all
    causes and of this one, a(s) = S(s-)/Y(s), h(s) = 1/(Y(s)(1 - dL(s))) ::

        u (push) =  a(T) [d = k] + X(T) h(T) [d > 0]  -  sum a(s) dL_k(s) + X(s) h(s) dL(s)
        v (pull) = -h(T) [d > 0]                      +  sum h(s) dL(s)

    For survival u is zero. Source of the form: Andersen et al. (1993), Statistical Models Based
    on Counting Processes, section IV.4; as a derivative it is exact for any weights.

    Parameters
    ----------
    grid
        The arm on its days.
    cause
        0 for survival, k for the risk of the k-th cause.
    value
        X on each day.
    push, pull
        u and v.
    gain, leaving, hazard, of_cause
        a, h, dL and dL_k on each day.
    """

    grid: Grid
    cause: int
    value: Array
    push: Pull
    pull: Pull
    gain: Array
    leaving: Array
    hazard: Array
    of_cause: Array

    def slope(self, direction: Array) -> Array:
        """Return the derivative of the curve if cells gain weight in a direction.

        ``direction`` has one row per cell of the table and one column per direction; the result
        one row per day. With dM(s) = dN(s) - Y(s) dL(s), taken in that direction, it is ::

            sum_{s<=t} a dM_k + X(s) h dM  -  X(t) sum_{s<=t} h dM
        """
        grid = self.grid
        turned = direction[grid.rows].T
        staying = grid.over_those_at_risk(turned)
        events = grid.on_exit_day(turned * (grid.status > 0))
        surplus = self.leaving * (events - staying * self.hazard)
        pulled = _summed(surplus)
        if self.cause == 0:
            return np.asarray((-self.value * pulled).T)
        events = grid.on_exit_day(turned * (grid.status == self.cause))
        own = self.gain * (events - staying * self.of_cause)
        pushed = _summed(own + self.value * surplus)
        return np.asarray((pushed - self.value * pulled).T)

    def influence(self, reading: Array) -> Array:
        """Return what one unit of weight in each cell does to sums of the curve over its days.

        Each row of ``reading`` gives the days their factors: a one on a single day reads the curve
        there, the lengths of the steps up to a horizon read the area under it. While a patient
        stays the influence follows ``drift``; from the day of leaving on it stands still.
        Returns one row per cell and one column per reading.
        """
        grid = self.grid
        total = np.zeros((len(grid.last), len(reading)))
        for part, factor in ((self.push, reading), (self.pull, reading * self.value)):
            size, so_far = _running(factor), _running(factor * part.drift)
            start = before_entry(grid, part.drift)[:, None]
            at_end = part.drift[grid.last, None] - start + part.jump[:, None]
            total += so_far[grid.last] - so_far[grid.first]
            total -= start * (size[grid.last] - size[grid.first])
            total += at_end * (size[-1] - size[grid.last])
        return total

    def variance(self) -> Array:
        """Return the sum of squared influences on each day, patients independent.

        Since u and v stop changing when a patient leaves, running totals do: one over those who
        have left, one over those who are still there.
        """
        grid, value, push, pull = self.grid, self.value, self.push, self.pull
        start_u, start_v = before_entry(grid, push.drift), before_entry(grid, pull.drift)
        u = push.drift[..., grid.last] - start_u + push.jump
        v = pull.drift[..., grid.last] - start_v + pull.jump

        def left(values: Array) -> Array:
            return _summed(grid.on_exit_day(grid.weight_squared * values))

        def stay(values: Array) -> Array:
            return grid.over_those_who_stay(grid.weight_squared * values)

        gone = value**2 * left(v**2)
        if self.cause:
            gone += left(u**2) + 2 * value * left(u * v)
        # Of those still there each contributes (now - start)^2, multiplied out.
        now = push.drift + value * pull.drift
        there = now**2 * grid.over_those_who_stay(grid.weight_squared)
        if grid.first.any():
            there -= 2 * now * (stay(start_u) + value * stay(start_v))
            there += stay(start_u**2) + 2 * value * stay(start_u * start_v)
            there += value**2 * stay(start_v**2)
        # Nothing has moved a curve that still is where it began; what is left is rounding.
        began = value == (self.cause == 0)
        return np.where(began, 0.0, np.maximum(gone + there, 0.0))


def curves_of(grid: Grid, n_causes: int) -> list[Curve]:
    """Return survival and the risk of each cause, in this order.

    S(t) = prod (1 - dL(s)); F_k(t) = sum S(s-) dL_k(s), over the days s up to t.
    """
    at_risk = grid.over_those_at_risk(grid.weight)
    hazard = ratio(grid.on_exit_day(grid.weight * (grid.status > 0)), at_risk)
    survival = np.cumprod(1 - hazard, axis=-1)
    before = np.ones_like(survival)
    before[..., 1:] = survival[..., :-1]
    gain, leaving = ratio(before, at_risk), ratio(np.ones_like(hazard), at_risk * (1 - hazard))
    nothing = np.zeros_like(hazard)
    still = Pull(nothing, np.zeros(len(grid.last)))
    pull = Pull(_summed(leaving * hazard), -leaving[..., grid.last] * (grid.status > 0))
    curves = [Curve(grid, 0, survival, still, pull, gain, leaving, hazard, hazard)]
    for cause in range(1, n_causes + 1):
        is_cause = grid.status == cause
        of_cause = ratio(grid.on_exit_day(grid.weight * is_cause), at_risk)
        risk = _summed(before * of_cause)
        push = Pull(
            drift=-_summed(gain * of_cause + risk * leaving * hazard),
            jump=gain[..., grid.last] * is_cause - risk[..., grid.last] * pull.jump,
        )
        curves.append(Curve(grid, cause, risk, push, pull, gain, leaving, hazard, of_cause))
    return curves


def before_entry(grid: Grid, drift: Array) -> Array:
    """Return, for each cell, what had been summed before it came under observation."""
    if not grid.first.any():
        return np.zeros(len(grid.first))
    place = np.maximum(grid.first - 1, 0)
    return np.asarray(np.where(grid.first > 0, drift[..., place], 0.0))


def _summed(steps: Array) -> Array:
    """Return the sum of steps up to and on each day."""
    so_far: Array = np.cumsum(steps, axis=-1)
    return so_far


def _running(factors: Array) -> Array:
    """Return, for each reading in a column, the sum of its factors before each day."""
    return np.vstack([np.zeros(len(factors)), np.cumsum(factors, axis=1).T])
