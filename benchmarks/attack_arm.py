"""Attack on one arm of a follow-up: every small count of its course is tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.attack_reading import Fact
from benchmarks.attack_reports import HORIZON, SHOWN_DAYS
from benchmarks.attack_solver import Puzzle, Solver, pose

Array = np.ndarray


@dataclass(frozen=True)
class Leak:
    """One count that was recovered."""

    where: str
    what: str
    count: int

    @property
    def in_words(self) -> str:
        """Where, what and how many."""
        return f"{self.where}: {self.what} = {self.count}"


@dataclass
class ArmAttack:
    """One arm of one follow-up of a report, with the patients behind it."""

    report: str
    endpoint: str
    arm: str
    causes: Sequence[str]
    patients: pd.DataFrame
    k: int

    def run(
        self, facts: list[Fact], found: Any, rng: np.random.Generator, enough: int
    ) -> dict[tuple[str, ...], tuple[int, int]]:
        """Try every small count of one arm; return the sums that are known."""
        facts = _as_meant(facts, len(self.patients), self.k)
        puzzle = pose(facts, causes=list(self.causes), last_day=HORIZON)
        truth = self._true_counts(puzzle)
        self._refuse_wrong_reading(puzzle, truth)
        solver = Solver(puzzle)
        targets = list(self._targets(puzzle))
        small = [(n, r) for n, r in targets if 1 <= r @ truth < self.k]
        found.secrets += len(small)
        where = f"{self.report}: {self.endpoint}, {self.arm}"
        recovered = _recovered(solver, small, rng, enough)
        for what in recovered:
            count = int(dict(small)[what] @ truth)
            found.leaks.append(Leak(where, what, count))
        if enough and recovered:
            return {}
        sums = [(n, r) for n, r in self._sums(puzzle) if (r @ truth) >= 0]
        known = {}
        for what in _recovered(solver, sums, rng, 0):
            key = (self.endpoint, self.arm, what)
            known[key] = (int(dict(sums)[what] @ truth), int(dict(sums)[what] @ truth))
        return known

    def _true_counts(self, puzzle: Puzzle) -> Array:
        """Return the unknowns as they are."""
        counts = np.zeros(puzzle.size)
        counts[0] = len(self.patients)
        days = np.array(puzzle.days)
        for exit_day, status in self.patients[["exit_days", "status"]].to_numpy():
            i = int(np.searchsorted(days, exit_day))
            is_on = days[i] == exit_day
            reason = int(status) - 1 if status else len(self.causes)
            moment = (1 if status else 2) if is_on else 0
            counts[puzzle.place(i, moment, reason)] += 1
        return counts

    def _refuse_wrong_reading(self, puzzle: Puzzle, truth: Array) -> None:
        values = np.array(puzzle.rows) @ truth
        wrong = (values < np.array(puzzle.low) - 1e-6) | (values > np.array(puzzle.high) + 1e-6)
        if wrong.any():
            raise AssertionError(f"Misread: {self.endpoint}, {self.arm}, {puzzle.about(wrong)}")

    def _targets(self, puzzle: Puzzle) -> Iterator[tuple[str, Array]]:
        """Yield the sums that may not be known where they are small."""
        yield from self._sums(puzzle)
        n = len(puzzle.reasons)
        for i, day in enumerate(puzzle.days):
            for moment in range(3):
                groups = {"events": puzzle.causes, "censored": puzzle.censored}
                groups |= {puzzle.reasons[r]: [r] for r in range(n)}
                for name, reasons in groups.items():
                    row = np.zeros(puzzle.size)
                    row[[puzzle.place(i, moment, reason) for reason in reasons]] = 1.0
                    when = ("before", "on", "on")[moment]
                    yield f"{name} {when} day {day:g} (moment {moment})", row
        for first, last in combinations((0.0, *SHOWN_DAYS), 2):
            if {first, last} <= set(puzzle.days):
                for name, reasons in (("events", puzzle.causes), ("censored", puzzle.censored)):
                    row = puzzle.by_then(last, 1, reasons) - puzzle.by_then(first, 1, reasons)
                    yield f"{name} from day {first:g} to {last:g}", row

    def _sums(self, puzzle: Puzzle) -> Iterator[tuple[str, Array]]:
        """Yield the counts from the start that reports are compared by."""
        everything = list(range(len(puzzle.reasons)))
        yield "size", puzzle.by_then(np.inf, 2, everything)
        groups = {"events": puzzle.causes} | {c: [i] for i, c in enumerate(self.causes)}
        for name, reasons in groups.items():
            yield f"{name} in all", puzzle.by_then(np.inf, 2, reasons)
            for day in puzzle.days:
                yield f"{name} by day {day:g}", puzzle.by_then(day, 1, reasons)
        yield "censored in all", puzzle.by_then(np.inf, 2, puzzle.censored)


def _as_meant(facts: list[Fact], size: int, k: int) -> list[Fact]:
    """Let "few at risk" include nobody in an arm that is small as a whole.

    Such an arm shows its size at the start alone, and on later days the same words again.
    """
    if size >= k:
        return facts
    return [replace(f, low=0.0) if _is_few_later(f, k) else f for f in facts]


def _is_few_later(fact: Fact, k: int) -> bool:
    return fact.what == "at_risk" and fact.day > 0 and fact.low == 1 and fact.high == k - 1


def _recovered(
    solver: Solver, targets: list[tuple[str, Array]], rng: np.random.Generator, enough: int
) -> list[str]:
    """Return the sums that can be one number only."""
    if not targets:
        return []
    moved = solver.moved(np.array([row for _, row in targets]), 4, rng)
    names = []
    for (what, row), is_free in zip(targets, moved, strict=True):
        if not is_free:
            low, high = solver.span(row)
            if low == high:
                names.append(what)
        if enough and len(names) >= enough:
            break
    return names
