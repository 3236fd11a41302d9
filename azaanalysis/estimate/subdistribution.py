"""Risk sets in which whoever had a competing event stays, weighted by the chance of being seen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.grid import ratio
from azaanalysis.estimate.partial_likelihood import Moment
from azaanalysis.estimate.risk_sets import RiskSets, distinct_days, in_one_piece

Convention = Literal["crr", "finegray"]


@dataclass(frozen=True, eq=False)
class Censoring:
    """The chance of not yet being censored, G, estimated within groups.

    Parameters
    ----------
    days
        Distinct days of exit.
    position
        For each row the position of its day of exit.
    group
        Code of the group of each row.
    is_censored
        Whether the row ends censored.
    at_risk
        Weight at risk of being censored, shape (groups, days).
    hazard
        Share of it that is censored, shape (groups, days).
    free_before
        G just before each day, shape (groups, days).
    """

    days: Array
    position: Array
    group: Array
    is_censored: Array
    at_risk: Array
    hazard: Array
    free_before: Array

    @classmethod
    def of(
        cls, leave: Array, status: Array, weight: Array, group: Array, convention: Convention
    ) -> Censoring:
        """Estimate G by Kaplan-Meier, the other way round: to be censored is the event.

        ``crr``: whoever has an event on a day is still at risk of being censored on it;
        ``finegray``: events come first.
        """
        days, position = distinct_days(leave)
        is_censored = status == 0
        size = (int(group.max(initial=0)) + 1, len(days))

        cell = group * np.intp(size[1]) + position

        def by_day(values: Array) -> Array:
            sums = np.bincount(cell, values, minlength=size[0] * size[1])
            return sums.reshape(size)

        at_risk = np.cumsum(by_day(weight)[:, ::-1], axis=1)[:, ::-1]
        if convention == "finegray":
            at_risk = at_risk - by_day(weight * ~is_censored)
        hazard = ratio(by_day(weight * is_censored), at_risk)
        free = np.cumprod(1 - hazard, axis=1)
        before = np.column_stack([np.ones(size[0]), free[:, :-1]])
        position = position.astype(np.int32, copy=False)
        return cls(days, position, group, is_censored, at_risk, hazard, before)


@dataclass(frozen=True, eq=False)
class SubdistributionSets:
    """Risk sets of the subdistribution of one cause.

    A row that ends in another cause stays, from the next day on with weight G(t-) / G(T-), T
    being its day: those who were not censored stand for those who were.

    Parameters
    ----------
    plain
        The rows until they leave.
    staying
        Positions of the rows that end in another cause.
    group
        Group of censoring of each of these.
    inverse
        1 / G(T-) of each of these.
    free
        G(t-) on each day with an event, shape (groups, slots).
    """

    plain: RiskSets
    staying: Array | slice
    group: Array
    inverse: Array
    free: Array

    @classmethod
    def of(cls, plain: RiskSets, is_other: Array, censoring: Censoring) -> SubdistributionSets:
        """Let those with another cause stay."""
        staying = in_one_piece(np.flatnonzero(is_other))
        group = censoring.group[staying]
        free = censoring.free_before[group, censoring.position[staying]]
        on_days = censoring.free_before[:, np.searchsorted(censoring.days, plain.days)]
        return cls(plain, staying, group, ratio(np.ones_like(free), free), on_days)

    @cached_property
    def _beyond(self) -> Array:
        beyond: Array = self.plain.beyond[self.staying]
        return beyond

    @cached_property
    def _joining(self) -> Array:
        joining: Array = self.group * np.intp(self.free.shape[1] + 1) + self._beyond
        return joining

    @property
    def days(self) -> Array:
        """Day of each slot."""
        return self.plain.days

    def own(self, rows: Array | slice) -> Array:
        """For some rows the slot of the last day before leaving."""
        return self.plain.own(rows)

    def over_those_at_risk(self, values: Array) -> Array:
        """Sum values of the rows at risk, for each slot."""
        groups, size = self.free.shape
        stood_for = values[self.staying] * self.inverse
        joining = np.bincount(self._joining, stood_for, groups * (size + 1))
        stayed = np.cumsum(joining.reshape(groups, size + 1), axis=1)[:, :size]
        total: Array = self.plain.over_those_at_risk(values) + (stayed * self.free).sum(axis=0)
        return total

    def while_at_risk(self, steps: Array) -> Array:
        """Sum the steps of the slots at which a row is at risk, for each row."""
        total = self.plain.while_at_risk(steps)
        total[self.staying] += self.inverse * self._after(steps, self._beyond)
        return total

    def _after(self, steps: Array, slots: Array) -> Array:
        """Sum G(t-) times the steps from a slot on, for each of those who stay."""
        later: Array = self._from_slot_on(steps)[self.group, slots]
        return later

    def _from_slot_on(self, steps: Array) -> Array:
        later = np.cumsum((self.free * steps)[:, ::-1], axis=1)[:, ::-1]
        with_end: Array = np.column_stack([later, np.zeros(len(later))])
        return with_end

    def add_score_of_censoring(self, scores: Array, moment: Moment, censoring: Censoring) -> None:
        """Add to scores, shape (p, rows), what each row gives to the score by having moved G.

        With Q(u) = sum of w r (x P(u) - PX(u)) / G(T-) over those of the group who had another
        cause before day u, P and PX the sums of G(t-) dH(t) and of G(t-) xbar(t) dH(t) over the
        days t from u on, and h(u) = Q(u) / Y(u), L and Y the hazard of being censored and those
        at risk of it, it is h(T) if the row is censored, less the sum of h dL while it is there.
        Where censorings and events fall on the same days this is R's choice, not the only one.
        """
        share = (moment.hazards.weight * moment.relative)[self.staying] * self.inverse
        slot = np.searchsorted(self.days, censoring.days, side="left")
        pull = moment.s1 * moment.bend - moment.e1 * moment.bend_cross
        rises = self._from_slot_on(moment.rise)[:, slot]
        by_group, place = self._joined(share, censoring), (censoring.group, censoring.position)
        lost = np.flatnonzero(censoring.is_censored)
        place_lost = censoring.group[lost], censoring.position[lost]
        for line, x in enumerate(moment.hazards.design):
            slope = self._joined(share * x[self.staying], censoring) * rises
            slope -= by_group * self._from_slot_on(pull[line])[:, slot]
            moved = ratio(slope, censoring.at_risk)
            drift = np.cumsum(moved * censoring.hazard, axis=1)
            scores[line, lost] += moved[place_lost]
            scores[line] -= drift[place]

    def _joined(self, values: Array, censoring: Censoring) -> Array:
        """Sum values of those who stay and have left before each day, shape (groups, days)."""
        groups, size = censoring.at_risk.shape
        place = self.group * np.intp(size) + censoring.position[self.staying]
        sums = np.bincount(place, values, minlength=groups * size).reshape(groups, size)
        joined: Array = np.cumsum(sums, axis=1) - sums
        return joined
