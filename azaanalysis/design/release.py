"""On which days the counts of a follow-up may be shown, so that no two differ by a few.

Everything that a report shows of the course of one follow-up is a sum of atoms: those who left for
one reason between two neighbouring moments of release. Moments are chosen so that every atom is
nought or as large as the threshold. Whatever is added or subtracted, a small count cannot come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.result import SMALLEST_COUNT_IF_UNSTATED
from azaanalysis.small_counts import LINKED, SHOWN, SMALL, protect

Array = np.ndarray
# What the moments of a day that the study shows weigh against any other: values, then those at
# risk; the end of follow-up outweighs both, because rates and ratios tell of it.
_SHOWN_DAY, _SHOWN_AT_RISK, _END = 100.0, 30.0, 1000.0
_MOST_MOMENTS = 2_500
# The word is that of ``follow_up.CONTINUES``, which stands above this module.
_CONTINUES = "goes on in the next row"


@dataclass(frozen=True, eq=False)
class Course:
    """How one arm emptied: counts at every moment, and the moments that may be shown.

    A day has three moments: before its events, after them, and after those who were censored.

    Parameters
    ----------
    days
        Distinct days on which somebody entered late or left.
    moment
        For each day the state before it, after its events, after all; shape (days, 3).
    counts
        For each state those who had left by then for each reason; shape (states, reasons).
    status
        For each reason the status it belongs to; 0 are the censored.
    is_free
        For each state whether the total of events and the number at risk may be shown.
    is_free_by_cause, is_free_by_reason
        The same for the single causes, and for the single reasons why follow-up ended.
    hidden
        Reasons that are never shown by themselves.
    """

    days: Array
    moment: Array
    counts: Array
    status: Array
    is_free: Array
    is_free_by_cause: Array
    is_free_by_reason: Array
    hidden: Array

    def state(self, day: Array, moment: int) -> Array:
        """Return the state at a moment (0 before, 1 after events, 2 after all) of each day."""
        place = np.searchsorted(self.days, day, side="right") - 1
        is_on = np.isin(day, self.days)
        known = self.moment[np.maximum(place, 0), np.where(is_on, moment, 2)]
        states: Array = np.where(place < 0, 0, known)
        return states


@dataclass(frozen=True, eq=False)
class Release:
    """What may be shown of one follow-up; worked out when it is first asked.

    Parameters
    ----------
    endpoint, causes, n_own
        As in the follow-up.
    frame
        Its rows.
    smallest_count
        Smallest count that may be shown, 2 or more.
    shown_days
        Days that the study shows; moments on them are preferred.
    """

    endpoint: str
    causes: tuple[str, ...]
    n_own: int
    frame: pd.DataFrame
    smallest_count: int
    shown_days: tuple[float, ...] = ()

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Patients of each arm."""
        spells = self._spells
        return {str(arm): int((spells["arm"] == arm).sum()) for arm in spells["arm"].cat.categories}

    @cached_property
    def shown_arms(self) -> frozenset[str]:
        """Arms whose size may be shown; the total of all is known to the reader."""
        sizes, k = np.array(list(self.sizes.values()), dtype=float), self.smallest_count
        marks = np.where((sizes >= 1) & (sizes < k), SMALL, SHOWN).astype(object)
        marks = protect(sizes, marks, k)
        return frozenset(arm for arm, mark in zip(self.sizes, marks, strict=True) if mark == SHOWN)

    @cached_property
    def is_known(self) -> bool:
        """Whether every patient counts once in an arm; if not, nothing is said here."""
        return not self._spells.duplicated(["patient_id", "arm"]).any()

    @cached_property
    def has_repeats(self) -> bool:
        """Whether patients may have an event and stay."""
        n_events = self.frame["n_events"].to_numpy()
        goes_on = (self.frame["end_reason"] == _CONTINUES).to_numpy()
        return bool((n_events[goes_on] > 0).any() or (n_events > 1).any())

    @cached_property
    def courses(self) -> dict[str, Course]:
        """The course of each arm whose size may be shown."""
        shown = [arm for arm in self.sizes if arm in self.shown_arms and self.sizes[arm]]
        return {arm: self._course(self._spells[self._spells["arm"] == arm]) for arm in shown}

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """Why follow-up ended: the causes, then the other reasons."""
        named = [str(reason) for reason in self._spells["reason"].unique()]
        return (*self.causes, *sorted(set(named) - set(self.causes)))

    @cached_property
    def _spells(self) -> pd.DataFrame:
        """One row per patient and arm, however many rows the follow-up was cut into."""
        frame = self.frame
        is_last = (frame["end_reason"] != _CONTINUES).to_numpy()
        first = np.append(0, np.flatnonzero(is_last)[:-1] + 1)
        last = frame[is_last].reset_index(drop=True)
        status = last["status"].to_numpy()
        named = np.array(["censored", *self.causes], dtype=object)[status]
        reason = last["end_reason"].astype(object).to_numpy()
        is_own = (status > 0) | (reason == "") | pd.isna(reason)
        made = last[["patient_id", "arm", "exit_days", "status"]]
        entry = frame["entry_days"].to_numpy()[first]
        return made.assign(entry_days=entry, reason=np.where(is_own, named, reason))

    def _course(self, spells: pd.DataFrame) -> Course:
        k, status = self.smallest_count, self.status_of_reasons
        days, moment, counts, entered = _count_moments(spells, self.reasons)
        weight = self._weigh(days, moment, len(counts))
        late = entered[:, None]
        totals = np.column_stack(
            [counts[:, status > 0].sum(1), counts[:, status == 0].sum(1), late]
        )
        at_risk = len(spells) - late[-1] + entered - counts.sum(axis=1)
        is_free = choose_states(totals, weight, (at_risk == 0) | (at_risk >= k), k)
        hidden = _hide_reasons(counts[-1], status, k)
        by_cause = choose_states(_columns(counts, status, hidden, True), weight, is_free, k)
        by_reason = choose_states(_columns(counts, status, hidden, False), weight, by_cause, k)
        return Course(days, moment, counts, status, is_free, by_cause, by_reason, hidden)

    @property
    def status_of_reasons(self) -> Array:
        """The status of each reason; 0 for those that are no cause."""
        n = len(self.causes)
        own: Array = np.array([i + 1 if i < n else 0 for i in range(len(self.reasons))])
        return own

    def _weigh(self, days: Array, moment: Array, n_states: int) -> Array:
        """Return how much it is worth to show each state."""
        weight = np.ones(n_states)
        for day in self.shown_days:
            place = int(np.searchsorted(days, day, side="right")) - 1
            if place >= 0:
                is_on = days[place] == day
                weight[moment[place, 1 if is_on else 2]] += _SHOWN_DAY
                weight[moment[place, 0 if is_on else 2]] += _SHOWN_AT_RISK
        weight[-1] += _END
        return weight


def _count_moments(
    spells: pd.DataFrame, reasons: Sequence[str]
) -> tuple[Array, Array, Array, Array]:
    """Return days, the states of each day, and who had left or come late by each state."""
    exits, entry = spells["exit_days"].to_numpy(), spells["entry_days"].to_numpy()
    reason = pd.Categorical(spells["reason"], categories=list(reasons)).codes
    days = np.unique(np.concatenate([exits, entry[entry > 0]]))
    leave = np.searchsorted(days, exits)
    is_event = spells["status"].to_numpy() > 0
    n, m = len(days), len(reasons)
    steps = np.zeros((2 * n + 1, m + 1))
    np.add.at(steps, (2 * leave + np.where(is_event, 1, 2), reason), 1)
    late = 2 * np.searchsorted(days, entry[entry > 0]) + 2
    np.add.at(steps, (late, np.full(len(late), m)), 1)
    moves: Array = steps.sum(axis=1) > 0
    moves[0] = False
    state = np.cumsum(moves)
    moment = np.column_stack([state[:-1:2], state[1::2], state[2::2]])
    counts = np.cumsum(steps, axis=0)[np.append(0, np.flatnonzero(moves))]
    return days, moment, counts[:, :m], counts[:, m]


def _hide_reasons(totals: Array, status: Array, k: int) -> Array:
    """Tell which reasons are too rare, or would give a rare one away.

    The total of the events and the number of the censored are known to the reader; so is each
    cause that is not hidden.
    """
    hidden = np.zeros(len(totals), dtype=bool)
    for group in (status > 0, status == 0):
        small = (totals[group] >= 1) & (totals[group] < k)
        marks = np.where(small, SMALL, SHOWN).astype(object)
        hidden[group] = protect(totals[group], marks, k) != SHOWN
    return hidden


def _columns(counts: Array, status: Array, hidden: Array, by_cause: bool) -> Array:
    """Return what is shown column by column; those that are hidden go together."""
    parts = []
    for group in (status > 0, status == 0):
        shown = group & ~hidden
        if not by_cause or status[group].any():
            parts += [counts[:, shown], counts[:, group & hidden].sum(axis=1, keepdims=True)]
    return np.hstack(parts) if parts else np.zeros((len(counts), 1))


def choose_states(columns: Array, weight: Array, may_be: Array, k: int) -> Array:
    """Choose the states to show: the heaviest chain whose steps are all nought or large.

    From the start each state is reached from the best of those before it from which every column
    has grown by nothing or by at least the threshold.
    """
    places = _candidates(weight, may_be)
    grown, n = columns[places], len(places)
    best, before = np.full(n, -np.inf), np.full(n, -1)
    best[0] = 0.0
    for j in range(1, n):
        step = grown[j] - grown[:j]
        can = ((step == 0) | (step >= k)).all(axis=1) & np.isfinite(best[:j])
        if can.any():
            reached = np.where(can, best[:j], -np.inf)
            before[j] = int(np.argmax(reached))
            best[j] = reached[before[j]] + weight[places[j]]
    chosen, place = np.zeros(len(weight), dtype=bool), int(np.argmax(best))
    while place >= 0:
        chosen[places[place]] = True
        place = int(before[place])
    return chosen


def _candidates(weight: Array, may_be: Array) -> Array:
    """Return the states that may be shown, thinned where they are very many."""
    may_be = may_be.copy()
    may_be[0] = True
    places = np.flatnonzero(may_be)
    if len(places) <= _MOST_MOMENTS:
        return places
    light = places[weight[places] == 1]
    kept = light[:: -(-len(light) // _MOST_MOMENTS)]
    return np.union1d(kept, places[weight[places] > 1])


def release_of(follow_up: Any) -> dict[str, Any]:
    """Return what ``about`` says of a follow-up's release; nothing if everything may be shown."""
    smallest = int(follow_up.about.get("smallest_count", SMALLEST_COUNT_IF_UNSTATED))
    if smallest == 1:
        return {}
    days = tuple(float(day) for day in follow_up.about.get("shown_days", ()))
    named = (follow_up.endpoint, follow_up.causes, follow_up.n_own)
    return {"releases": (Release(*named, follow_up.frame, smallest, days),)}


def mark_arm(release: Release, arm: str) -> str:
    """Say whether the size of an arm may be shown."""
    size = release.sizes.get(arm, 0)
    if arm in release.shown_arms:
        return SHOWN
    return SMALL if size < release.smallest_count else LINKED
