"""How far a comparison depends on those lost faring as those who were followed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.compare import count_persons, observed_until, refuse_one_arm
from azaanalysis.estimate.grid import Grid, ratio
from azaanalysis.estimate.reach import reach_of_table
from azaanalysis.estimate.refusals import refuse_level, sound_days
from azaanalysis.estimate.tally import RiskTable, tally
from azaanalysis.estimate.variance import (
    Chosen,
    choose_variance,
    covariance_of_arms,
    describe_variance,
)
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words

SHOWN = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
# Hazard ratios among which the tipping point is looked for.
_LOOKED_AT = np.geomspace(1 / 50, 50, 161)


@dataclass(frozen=True)
class Scenario:
    """How those lost of the arm, and those of the reference, fare against those followed.

    ``of_arm`` and ``of_reference`` are hazard ratios: 1 as the rest of their arm, 0 the event never
    happens, infinity it happens at once.
    """

    name: str
    of_arm: float
    of_reference: float


def estimate_if_lost_differ(
    follow_up: FollowUp | RiskTable, *, at_day: float, level: float = 0.95
) -> Estimate:
    """Estimate the risk difference if those lost to follow-up were at another risk.

    Everybody whose observation ended before the day without an event is given, from then on, the
    hazard of those who were still followed in the same arm, multiplied by a number.

    Parameters
    ----------
    follow_up
        One row per patient or its risk table, at least two arms, nobody entering late.
    at_day
        Day since time zero.
    level
        Coverage of each interval, between 0 and 1.

    Returns
    -------
    Estimate
        Of the endpoint's first own cause, for each arm but the reference: ``risk_difference`` in
        each of ``about["scenarios"]`` (``endpoint`` holds its name); ``tipping_hazard_ratio`` of
        those lost of the arm and of the reference, at which the limit nearest to zero reaches it
        (missing if no hazard ratio between 1/50 and 50 does it, or, with a note, if the interval
        holds zero as it is); and ``share_lost`` of each arm, weighted.

    Raises
    ------
    EstimationError
        If ``level`` is no proportion, the day is negative, or patients enter late.
    DesignError
        If there is only one arm.

    Notes
    -----
    With a hazard ratio of 1 this is the Aalen-Johansen estimate: its assumption that leaving tells
    nothing about the risk. Others are sensitivity analyses by pattern mixture: Little and Yau
    (1996), Biometrics 52:1324-1333; Jackson et al. (2014), Stat Med 33:4681-4694; tipping points:
    Yan, Lee and Li (2009), J Biopharm Stat 19:1085-1098. The own hazard l of a day becomes
    1 - (1 - l)^ratio, hazards of competing events stay. Intervals hold what
    those of risks hold; the hazard ratio itself is taken as known.
    """
    refuse_level(level)
    sound_days([at_day])
    table = tally(follow_up)
    refuse_one_arm(table.arms)
    if table.keys.entry_days.any():
        raise EstimationError(
            "Some patients enter after day 0. What those lost would have done can be worked out "
            "where everybody is followed from the beginning."
        )
    chosen = choose_variance(follow_up, table, "auto")
    if chosen == "bootstrap":
        chosen = "stacked" if table.stacking is not None else "robust"
    world = _World.of(table, at_day, chosen, level)
    rows = [row for arm in table.arms if arm != table.reference for row in world.rows_of(arm)]
    described = describe_variance(table, chosen)
    notes = [note for row in rows if (note := row.pop("note", ""))]
    return Estimate.from_rows(
        count_persons([*rows, *world.shares()], follow_up),
        about={
            **table.about,
            **described,
            "level": level,
            "at_day": at_day,
            "scenarios": SCENARIOS,
            "method": "difference of risks, those lost at a hazard multiplied by a stated ratio",
            "notes": (*described["notes"], *notes),
        },
    )


def _scenarios() -> Iterator[Scenario]:
    yield Scenario("as those followed", 1.0, 1.0)
    for r in SHOWN:
        if r != 1:
            yield Scenario(f"lost of the arm at {r:g} times the hazard", r, 1.0)
    for r in SHOWN:
        if r != 1:
            yield Scenario(f"lost of the reference at {r:g} times the hazard", 1.0, r)
    yield Scenario("none of those lost of the arm, all of the reference", 0.0, np.inf)
    yield Scenario("all of those lost of the arm, none of the reference", np.inf, 0.0)


SCENARIOS = tuple(_scenarios())


@dataclass(frozen=True, eq=False)
class _World:
    """The arms with risks under every hazard ratio that is asked of."""

    table: RiskTable
    at_day: float
    chosen: Chosen
    level: float
    ratios: Array
    value: dict[str, Array]
    influence: dict[str, Array]

    @classmethod
    def of(cls, table: RiskTable, at_day: float, chosen: Chosen, level: float) -> _World:
        """Work out the risk of each arm under each ratio."""
        ratios = np.unique([*_LOOKED_AT, *SHOWN, 0.0, np.inf])
        made = {arm: _risks(table, arm, at_day, ratios) for arm in table.arms}
        value = {arm: risks for arm, (risks, _) in made.items()}
        influence = {arm: of_cells for arm, (_, of_cells) in made.items()}
        return cls(table, at_day, chosen, level, ratios, value, influence)

    def rows_of(self, arm: str) -> Iterator[dict[str, Any]]:
        """Yield the scenarios and tipping points of one arm against the reference."""
        reference, cause = self.table.reference, self.table.causes[0]
        common = {"cause": cause, "arm": arm, "versus": reference, "at_days": self.at_day}
        common |= observed_until(self.table, [arm, reference], 1, self.at_day)
        own = self._places([scenario.of_arm for scenario in SCENARIOS])
        other = self._places([scenario.of_reference for scenario in SCENARIOS])
        numbers = self._gap(arm, own, other)
        for i, scenario in enumerate(SCENARIOS):
            value, error, reach = (float(column[i]) for column in numbers)
            yield {
                **common,
                "endpoint": scenario.name,
                "quantity": "risk_difference",
                "value": value,
                "lower": max(value - reach, -1.0),
                "upper": min(value + reach, 1.0),
                "std_error": error,
            }
        for side in (arm, reference):
            yield {**common, "quantity": "tipping_hazard_ratio", **self._tipping(arm, side)}

    def _gap(self, arm: str, own: Array, other: Array) -> tuple[Array, Array, Array]:
        """Return difference, standard error and reach for pairs of ratios."""
        value = self.value[arm][own] - self.value[self.table.reference][other]
        influence = self.influence[arm][:, own] - self.influence[self.table.reference][:, other]
        variance = covariance_of_arms(self.table, influence[None], self.chosen)[0, 0]
        error = np.where(np.isnan(value), np.nan, np.sqrt(np.maximum(variance, 0.0)))
        return value, error, reach_of_table(self.table, self.chosen, self.level) * error

    def _places(self, ratios: Sequence[float] | Array) -> Array:
        places: Array = np.searchsorted(self.ratios, ratios)
        return places

    def _tipping(self, arm: str, side: str) -> dict[str, Any]:
        """Return the ratio of those lost of one side at which the nearest limit is zero."""
        place = self._places(_LOOKED_AT)
        rest = np.full(len(place), self._places([1.0])[0])
        value, _, reach = self._gap(arm, *((place, rest) if side == arm else (rest, place)))
        named = {"endpoint": f"lost of {side}", "value": np.nan}
        middle = int(np.searchsorted(_LOOKED_AT, 1.0))
        sign = np.sign(value[middle])
        # Above zero while the conclusion stands.
        clear = sign * value - reach
        pair = f"{in_words(arm)} v {in_words(self.table.reference)}"
        if not clear[middle] > 0:
            if side == arm:
                named["note"] = (
                    f"{pair}: the interval holds zero already, so nothing is there to be tipped."
                )
            return named
        falls = np.flatnonzero((clear[:-1] > 0) != (clear[1:] > 0))
        if not len(falls):
            return named
        logs = np.log(_LOOKED_AT)
        nearest = min(falls, key=lambda i: abs(logs[i] + logs[i + 1]))
        part = clear[nearest] / (clear[nearest] - clear[nearest + 1])
        named["value"] = float(np.exp(logs[nearest] + part * (logs[nearest + 1] - logs[nearest])))
        return named

    def shares(self) -> Iterator[dict[str, Any]]:
        """Yield the weighted share of each arm that was lost before the day."""
        keys, weight = self.table.keys, self.table.counts.weight
        for arm in self.table.arms:
            here = keys.of_arms([arm])
            lost = here & (keys.status == 0) & (keys.exit_days < self.at_day)
            yield {
                "endpoint": "lost",
                "arm": arm,
                "quantity": "share_lost",
                "at_days": self.at_day,
                "value": float(weight[lost].sum() / weight[here].sum()),
                "patients": int(self.table.counts.patients[here].sum()),
                "events": int(self.table.counts.patients[lost].sum()),
            }


def _risks(table: RiskTable, arm: str, at_day: float, ratios: Array) -> tuple[Array, Array]:
    """Return the risk of one arm under each ratio, and what each cell of the table does to it.

    With l1, l2 the hazards of the own and all competing causes on a day, g = 1 - (1 - l1)^ratio
    and V the chance of the event after a day for one who was lost on it, counted from the end:
    V(before) = g + (1 - g - l2) V. Whoever had the event counts 1, whoever was lost V, the others
    0; the risk is their weighted mean. R is the weight of those lost before a day who have had
    nothing yet, so that dV-sums by l1 and l2 are R g' (1 - V) and -R V.
    """
    grid = Grid.of(table, arm)
    if at_day > grid.days[-1]:
        return np.full(len(ratios), np.nan), np.zeros((len(table.keys), len(ratios)))
    n_days = int(np.searchsorted(grid.days, at_day, side="right"))
    at_risk = grid.over_those_at_risk(grid.weight)
    own = ratio(grid.on_exit_day(grid.weight * (grid.status == 1)), at_risk)
    rest = ratio(grid.on_exit_day(grid.weight * (grid.status > 1)), at_risk)
    raised, slope = _raised(own[:n_days], rest[:n_days], ratios)
    stays = 1 - raised - rest[:n_days, None]
    later = _chance_after(raised, stays, ratios)
    lost = grid.on_exit_day(grid.weight * (grid.status == 0))[:n_days]
    waiting = _still_waiting(lost, stays)
    counted = np.zeros((len(grid.status), len(ratios)))
    in_time = grid.last < n_days
    counted[in_time & (grid.status == 1)] = 1.0
    is_lost = in_time & (grid.status == 0)
    counted[is_lost] = later[grid.last[is_lost]]
    total = grid.weight.sum()
    risk = grid.weight @ counted / total
    pull_own = ratio(waiting * slope * (1 - later), at_risk[:n_days, None]) / total
    pull_rest = ratio(-waiting * later, at_risk[:n_days, None]) / total
    drag = np.cumsum(pull_own * own[:n_days, None] + pull_rest * rest[:n_days, None], axis=0)
    influence = (counted - risk) / total - drag[np.minimum(grid.last, n_days - 1)]
    for status, pull in ((grid.status == 1, pull_own), (grid.status > 1, pull_rest)):
        influence[in_time & status] += pull[grid.last[in_time & status]]
    of_cells = np.zeros((len(table.keys), len(ratios)))
    of_cells[grid.rows] = influence
    return risk, of_cells


def _raised(own: Array, rest: Array, ratios: Array) -> tuple[Array, Array]:
    """Return the own hazards of those lost, and their slope by the hazards of those followed."""
    finite = np.where(np.isinf(ratios), 0.0, ratios)
    free = np.maximum(1 - own, 0.0)[:, None]
    raised = np.minimum(1 - free**finite, 1 - rest[:, None])
    with np.errstate(divide="ignore"):
        slope = finite * np.where(free > 0, free, 1.0) ** (finite - 1)
    return raised, slope


def _chance_after(raised: Array, stays: Array, ratios: Array) -> Array:
    """Return, for who was lost on each day, the chance of the event later; shape (days, ratios)."""
    later = np.zeros_like(raised)
    for day in range(len(raised) - 1, 0, -1):
        later[day - 1] = raised[day] + stays[day] * later[day]
    later[:-1, np.isinf(ratios)] = 1.0
    return later


def _still_waiting(lost: Array, stays: Array) -> Array:
    """Return the weight of those lost before each day who have had nothing yet."""
    waiting = np.zeros_like(stays)
    for day in range(1, len(stays)):
        waiting[day] = waiting[day - 1] * stays[day - 1] + lost[day - 1]
    return waiting
