"""Attack on events that repeat: those at risk are leavers, the events a sum of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.attack_grids import Recovered
from benchmarks.attack_kinds import Extra
from benchmarks.attack_reading import Fact
from benchmarks.attack_solver import Solver, pose

Array = np.ndarray
_LAST_DAY = 365.0


def attack_repeats(
    extra: Extra, facts: Sequence[Fact], found: Any, how: tuple[np.random.Generator, int], k: int
) -> Iterator[Recovered]:
    """Work out how many left, and how many events there were, between two days.

    Parameters
    ----------
    extra
        The follow-up behind the report.
    facts
        What was read.
    found
        Counts the small numbers that were tried in its ``secrets``.
    how
        Random numbers, and how many leaks are enough.
    k
        Smallest count that may be shown.
    """
    flares = extra.followed["flare"]
    for arm in flares.arms:
        own = flares.frame[(flares.frame["arm"] == arm).to_numpy()]
        here = [fact for fact in facts if (fact.endpoint, fact.arm) == ("flare", arm)]
        leavers = [fact for fact in here if fact.what in ("at_risk", "size")]
        last = own[(own["end_reason"] == "").to_numpy()]["exit_days"].to_numpy()
        events = [
            f for f in here if f.what in ("events", "own_events") and f.cause in ("", "flare")
        ]
        events = [Fact(f.endpoint, f.arm, "events", "", f.day, f.low, f.high) for f in events]
        days = own.loc[own["n_events"] > 0, "exit_days"].to_numpy()
        for what, read, gone in (("left", leavers, last), ("flares", events, days)):
            for leak, count in _between(what, read, gone, k, found, how):
                yield f"flare, {arm}", leak, count


def _between(
    what: str,
    read: Sequence[Fact],
    gone: Array,
    k: int,
    found: Any,
    how: tuple[np.random.Generator, int],
) -> Iterator[tuple[str, int]]:
    """Try the numbers between any two neighbouring days, and from the start."""
    if not read:
        return
    # Leavers are censored as far as the puzzle goes; flares are events, and nobody leaves.
    is_events = what == "flares"
    puzzle = pose(read, causes=["flare"] if is_events else [], last_day=_LAST_DAY)
    truth = np.zeros(puzzle.size)
    truth[0] = len(gone)
    for day in gone:
        i = int(np.searchsorted(puzzle.days, day))
        is_on = puzzle.days[i] == day
        truth[puzzle.place(i, (1 if is_events else 2) if is_on else 0, 0)] += 1
    values = np.array(puzzle.rows) @ truth
    if ((values < np.array(puzzle.low) - 1e-6) | (values > np.array(puzzle.high) + 1e-6)).any():
        raise AssertionError(f"Misread: {what}, {read}")
    solver, moment = Solver(puzzle), 1 if is_events else 2
    sums = {day: puzzle.by_then(day, moment, [0]) for day in puzzle.days}
    rows = [(f"{what} by day {day:g}", row) for day, row in sums.items()]
    rows += [(f"{what} from day {a:g} to {b:g}", sums[b] - sums[a]) for a, b in pairwise(sums)]
    small = [(name, row) for name, row in rows if 1 <= row @ truth < k]
    found.secrets += len(small)
    if not small:
        return
    moved = solver.moved(np.array([row for _, row in small]), 4, how[0])
    for (name, row), is_free in zip(small, moved, strict=True):
        if not is_free:
            low, high = solver.span(row)
            if low == high:
                yield name, int(row @ truth)
