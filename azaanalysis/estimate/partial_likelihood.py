"""The partial likelihood of proportional hazards, on the grid of days with events."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.grid import ratio
from azaanalysis.estimate.risk_sets import Sums, in_one_piece

Ties = Literal["efron", "breslow"]
# Newton's step is quadratic: a step of 1e-7 standard errors leaves an error of about 1e-14.
_SMALL_STEP = 1e-14
_MOST_STEPS = 60
# Sums of a million terms differ by this much when nothing has changed.
_ROUNDING = 1e-10
# A coefficient beyond 15, a ratio of over three million, is one that ran away: the likelihood
# grows for ever, for instance because some arm has no event while patients of another are at risk.
RUN_AWAY = 15.0
# Information for each event of a line of spread 1; less is rounding.
NOTHING_TOLD = 1e-11
# Rows are multiplied in blocks that stay in the cache of a processor.
BLOCK = 16_384


@dataclass(frozen=True, eq=False)
class Hazards:
    """What the partial likelihood is a function of.

    Parameters
    ----------
    design
        Covariates, one line each: shape (p, n).
    weight
        Weight of each row (for a cell of a risk table the sum of its patients' weights).
    is_event
        Whether a row ends in the event.
    sets
        Who is at risk when.
    counts
        How many patients a row stands for; only tied events ask for it. None means one.
    ties
        How events of one day are taken. ``breslow``: each is drawn from all who are at risk.
        ``efron``: as if the day's events came one after the other, in any order.
    """

    design: Array
    weight: Array
    is_event: Array
    sets: Sums
    counts: Array | None = None
    ties: Ties = "efron"

    @cached_property
    def events(self) -> Array | slice:
        """Positions of the rows that end in the event."""
        return in_one_piece(np.flatnonzero(self.is_event))

    @cached_property
    def slots(self) -> Array:
        """Slot of each event."""
        slots: Array = self.sets.own(self.events)
        return slots

    def on_day(self, values: Array) -> Array:
        """Sum values of the events on each slot."""
        summed: Array = np.bincount(self.slots, values, minlength=len(self.sets.days))
        return summed

    @cached_property
    def weighted_events(self) -> Array:
        """Sum of the weights of the events on each slot."""
        return self.on_day(self.weight[self.events])

    @cached_property
    def observed(self) -> Array:
        """Sum of the weighted covariates of the events on each slot; shape (p, slots)."""
        weight = self.weight[self.events]
        return np.stack([self.on_day(weight * line[self.events]) for line in self.design])

    @cached_property
    def turns(self) -> tuple[Array, Array]:
        """The slot of each term of the sum over tied events, and the share that has left by then.

        Efron: with m events on a day the terms are l = 0, ..., m - 1, and l/m of the weight of
        the day's events is no longer at risk. Breslow: one term, nobody has left.
        """
        if self.ties == "breslow":
            return np.arange(len(self.sets.days)), np.zeros(len(self.sets.days))
        counts = None if self.counts is None else self.counts[self.events]
        by_day = np.bincount(self.slots, counts, minlength=len(self.sets.days))
        tied = np.rint(by_day).astype(np.intp)
        slot = np.repeat(np.arange(len(tied)), tied)
        turn = np.arange(len(slot)) - np.repeat(np.cumsum(tied) - tied, tied)
        return slot, turn / tied[slot]


@dataclass(frozen=True, eq=False)
class Moment:
    """The partial likelihood at one value of its coefficients.

    With S0, S1 the sums of w r and w r x over those at risk on a day (r = exp(x' beta)), E0, E1
    the same over the day's events, d the weight of the events, m their number, and for the
    turns l = 0, ..., m - 1 of tied events f = l/m and D = S0 - f E0 ::

        rise  = d/m sum 1/D      rise_tied  = d/m sum f/D
        bend  = d/m sum 1/D^2    bend_cross = d/m sum f/D^2    bend_tied = d/m sum f^2/D^2

    ``rise`` is the step of the cumulative hazard. No matrix per day is ever needed, because the
    second moments of all days together are one Gram matrix of the rows.
    """

    hazards: Hazards
    coefficients: Array
    relative: Array
    s1: Array
    e1: Array
    rise: Array
    rise_tied: Array
    bend: Array
    bend_cross: Array
    bend_tied: Array
    log_likelihood: float

    def score(self, factor: Array | float = 1.0) -> Array:
        """Return the first derivative, each day multiplied by a factor; shape (p,)."""
        by_day = np.broadcast_to(factor, self.rise.shape)
        expected = self.s1 @ (by_day * self.rise) - self.e1 @ (by_day * self.rise_tied)
        score: Array = self.hazards.observed @ by_day - expected
        return score

    def information(self, factor: Array | float = 1.0) -> Array:
        """Return minus the second derivative, each day multiplied by a factor; shape (p, p)."""
        by_day = np.broadcast_to(factor, self.rise.shape)
        exposure = self.exposure(by_day)
        exposure *= self.relative
        exposure *= self.hazards.weight
        moments = _gram(self.hazards.design, exposure)
        cross = (self.s1 * (by_day * self.bend_cross)) @ self.e1.T
        means = (self.s1 * (by_day * self.bend)) @ self.s1.T - cross - cross.T
        tied: Array = (self.e1 * (by_day * self.bend_tied)) @ self.e1.T
        information: Array = moments - means - tied
        return information

    @cached_property
    def says_something(self) -> Array:
        """Whether the rows say anything on each coefficient; shape (p,).

        They do not if no two of those ever at risk together differ, as when the arms are alone
        in their strata.
        """
        events = float(self.hazards.weighted_events.sum())
        told: Array = np.diag(self.information()) > NOTHING_TOLD * events
        return told

    def exposure(self, by_day: Array) -> Array:
        """Return the hazard that each row was exposed to, tied events at their share."""
        exposure = self.hazards.sets.while_at_risk(by_day * self.rise)
        exposure[self.hazards.events] -= (by_day * self.rise_tied)[self.hazards.slots]
        return exposure


def moment(hazards: Hazards, coefficients: Array) -> Moment:
    """Return the partial likelihood and what its derivatives are made of."""
    linear = coefficients @ hazards.design
    # Only ratios of hazards matter, so that a common factor keeps the numbers in range.
    counts = hazards.weight > 0
    top = float(linear.max(initial=-np.inf, where=counts)) if counts.any() else 0.0
    relative = np.exp(np.minimum(linear - top, 0.0))
    at_risk, events = hazards.weight * relative, hazards.events
    s0, e0 = hazards.sets.over_those_at_risk(at_risk), hazards.on_day(at_risk[events])
    s1, e1 = np.empty((2, len(hazards.design), len(s0)))
    share = np.empty_like(at_risk)
    for line, x in enumerate(hazards.design):
        np.multiply(at_risk, x, out=share)
        s1[line] = hazards.sets.over_those_at_risk(share)
        e1[line] = hazards.on_day(share[events])
    slot, left = hazards.turns
    size = len(s0)
    mean_weight = ratio(hazards.weighted_events, np.bincount(slot, minlength=size).astype(float))
    remaining = s0[slot] - left * e0[slot]
    inverse = mean_weight[slot] / remaining
    squared = inverse / remaining

    # Every slot has an event, and turns are in the order of slots.
    turns_of_slot = np.searchsorted(slot, np.arange(size))

    def by_slot(terms: Array) -> Array:
        summed: Array = np.add.reduceat(terms, turns_of_slot) if size else terms
        return summed

    seen = float(coefficients @ hazards.observed.sum(axis=1) - top * hazards.weighted_events.sum())
    return Moment(
        hazards,
        coefficients,
        relative,
        s1,
        e1,
        rise=by_slot(inverse),
        rise_tied=by_slot(inverse * left),
        bend=by_slot(squared),
        bend_cross=by_slot(squared * left),
        bend_tied=by_slot(squared * left**2),
        log_likelihood=seen - float(mean_weight[slot] @ np.log(remaining)),
    )


def maximise(hazards: Hazards, *, start: Array | None = None) -> Moment:
    """Climb the partial likelihood by Newton's method, halving steps that lead down.

    A coefficient that grows for ever is followed until the likelihood no longer changes; the
    caller finds it by ``RUN_AWAY``.
    """
    here = moment(hazards, np.zeros(len(hazards.design)) if start is None else start)
    for _ in range(_MOST_STEPS):
        slope = here.score()
        step = np.linalg.lstsq(here.information(), slope, rcond=1e-13)[0]
        gain = float(slope @ step)
        there = moment(hazards, here.coefficients + step)
        while there.log_likelihood < here.log_likelihood - _ROUNDING * abs(here.log_likelihood):
            step = step / 2
            there = moment(hazards, here.coefficients + step)
        here = there
        if gain < _SMALL_STEP:
            break
    return here


def _gram(lines: Array, weight: Array) -> Array:
    """Return the sum over rows of weight x x'; no weight is negative."""
    total = np.zeros((len(lines), len(lines)))
    for start in range(0, lines.shape[1], BLOCK):
        part = slice(start, start + BLOCK)
        block = lines[:, part] * np.sqrt(np.maximum(weight[part], 0.0))
        total += block @ block.T
    return total
