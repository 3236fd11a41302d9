"""What follows from what was read: which hidden counts can be one number only.

For each arm of an endpoint the unknowns are how many left for each reason between two neighbouring
moments. Everything read is a linear bound on them; a hidden count is recovered if the smallest and
the largest value that agree with all bounds are the same (integer programming, HiGHS).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from benchmarks.attack_reading import Fact

Array = np.ndarray
_SLACK = 1e-6
_MOST_PATIENTS = 1000.0


@dataclass
class Puzzle:
    """The unknown counts of one arm and the bounds on them.

    Parameters
    ----------
    days
        Days that something is known about, in order.
    reasons
        Causes, then the reasons of the censored.
    n_causes
        How many of the reasons are causes.
    rows, low, high
        Linear bounds: one coefficient for each unknown. Unknowns are the size of the arm, then
        the steps of each reason: before each day, on it (causes), on it (censored).
    """

    days: list[float]
    reasons: list[str]
    n_causes: int
    rows: list[Array]
    low: list[float]
    high: list[float]
    read: list[Fact] = field(default_factory=list)

    def about(self, which: Array) -> list[Fact]:
        """Return what some of the bounds were read from."""
        return [self.read[place] for place in np.flatnonzero(which)]

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return 1 + 3 * len(self.days) * len(self.reasons)

    def place(self, day: int, moment: int, reason: int) -> int:
        """Return which unknown is the step of a reason up to a moment of a day."""
        return 1 + (3 * day + moment) * len(self.reasons) + reason

    def by_then(self, day: float, moment: int, reasons: Sequence[int]) -> Array:
        """Return the coefficients of the count up to a moment of a day."""
        row = np.zeros(self.size)
        last = len(self.days) - 1 if np.isinf(day) else self.days.index(day)
        moment = 2 if np.isinf(day) else moment
        for i in range(last + 1):
            for m in range(3 if i < last else moment + 1):
                row[[self.place(i, m, reason) for reason in reasons]] = 1.0
        return row

    def add(self, row: Array, low: float, high: float) -> None:
        """Add one bound."""
        self.rows.append(row)
        self.low.append(low)
        self.high.append(high)

    @property
    def causes(self) -> list[int]:
        """Places of the causes among the reasons."""
        return list(range(self.n_causes))

    @property
    def censored(self) -> list[int]:
        """Places of the other reasons."""
        return list(range(self.n_causes, len(self.reasons)))


def pose(facts: Sequence[Fact], *, causes: Sequence[str], last_day: float) -> Puzzle:
    """Turn what was read of one arm into bounds on its unknown counts."""
    named = dict.fromkeys(f.cause for f in facts if f.what in ("ended", "exact_share") and f.cause)
    others = [reason for reason in named if reason not in causes] or ["censored"]
    days = {0.0, last_day, *(f.day for f in facts if np.isfinite(f.day) and f.day <= last_day)}
    puzzle = Puzzle(sorted(days), [*causes, *others], len(causes), [], [], [])
    everybody = puzzle.by_then(np.inf, 2, range(len(puzzle.reasons)))
    everybody[0] = -1.0
    puzzle.add(everybody, 0.0, 0.0)
    puzzle.read += list(facts[:1])
    for fact in facts:
        if not (np.isfinite(fact.day) and fact.day > last_day):
            _add(puzzle, fact)
            puzzle.read += [fact] * (len(puzzle.rows) - len(puzzle.read))
    return puzzle


def _add(puzzle: Puzzle, fact: Fact) -> None:
    chosen = [i for i, reason in enumerate(puzzle.reasons) if reason == fact.cause]
    own = chosen or puzzle.causes
    if fact.what == "size":
        row = np.zeros(puzzle.size)
        row[0] = 1.0
        puzzle.add(row, fact.low, fact.high)
    elif fact.what == "at_risk":
        row = -puzzle.by_then(fact.day, 0, range(len(puzzle.reasons)))
        row[0] = 1.0
        puzzle.add(row, fact.low, fact.high)
    elif fact.what in ("events", "own_events"):
        wanted = [0] if fact.what == "own_events" else own
        puzzle.add(puzzle.by_then(fact.day, 1, wanted), fact.low, fact.high)
    elif fact.what == "ended":
        everything = range(len(puzzle.reasons))
        puzzle.add(puzzle.by_then(fact.day, 2, chosen or everything), fact.low, fact.high)
    elif fact.what in ("share", "exact_share"):
        _add_share(puzzle, fact, own)
    elif fact.what == "rate":
        low, high = fact.low * fact.aside[0] / 100, fact.high * fact.aside[1] / 100
        puzzle.add(puzzle.by_then(np.inf, 2, own), low, high)
    elif fact.what == "years":
        _add_years(puzzle, fact)


def _add_share(puzzle: Puzzle, fact: Fact, own: Sequence[int]) -> None:
    """Bound events by a share of the arm.

    An event counts for 1/N until somebody is censored, and for more afterwards. All events together
    count for no more than E/(N - C); of a single cause that comes late nothing is said then.
    """
    moment = 1 if fact.what == "share" else 2
    at_most = puzzle.by_then(fact.day, moment, own)
    at_most[0] -= fact.high
    puzzle.add(at_most, -np.inf, 0.0)
    at_least = puzzle.by_then(fact.day, moment, own)
    if fact.what == "share":
        is_all = len(own) == len(puzzle.causes)
        factor = fact.low if is_all else _MOST_PATIENTS
        at_least += factor * puzzle.by_then(fact.day, 1, puzzle.censored)
    at_least[0] -= fact.low
    puzzle.add(at_least, 0.0, np.inf)


def _add_years(puzzle: Puzzle, fact: Fact) -> None:
    """Bound the time observed by a day: each who left did so between two days."""
    last = len(puzzle.days) - 1 if np.isinf(fact.day) else puzzle.days.index(fact.day)
    end = puzzle.days[last]
    soonest, latest = np.zeros(puzzle.size), np.zeros(puzzle.size)
    soonest[0] = latest[0] = end
    for i in range(last + 1):
        before = puzzle.days[i - 1] if i else 0.0
        for reason in range(len(puzzle.reasons)):
            soonest[puzzle.place(i, 0, reason)] -= end - before
            latest[puzzle.place(i, 0, reason)] -= end - puzzle.days[i]
            for moment in (1, 2):
                place = puzzle.place(i, moment, reason)
                soonest[place] -= end - puzzle.days[i]
                latest[place] -= end - puzzle.days[i]
    puzzle.add(soonest, -np.inf, fact.high)
    puzzle.add(latest, fact.low, np.inf)


class Solver:
    """Smallest and largest value of any sum of the unknowns."""

    def __init__(self, puzzle: Puzzle) -> None:
        rows = np.array(puzzle.rows)
        low, high = np.array(puzzle.low), np.array(puzzle.high)
        top = np.full(puzzle.size, np.inf)
        # Events come before the censored on a day, and the two steps hold nobody else.
        for i in range(len(puzzle.days)):
            top[[puzzle.place(i, 1, reason) for reason in puzzle.censored]] = 0.0
            top[[puzzle.place(i, 2, reason) for reason in puzzle.causes]] = 0.0
        self.take(rows, low, high, puzzle.size)
        self._bounds = Bounds(np.zeros(puzzle.size), np.minimum(top, 1e5))

    def take(self, rows: Array, low: Array, high: Array, n: int) -> None:
        """Take bounds on so many unknowns."""
        self._rules = LinearConstraint(rows, low - _SLACK, high + _SLACK)
        self._bounds = Bounds(np.zeros(n), np.full(n, 1e5))
        self._n = n

    def extreme(self, row: Array, sign: int) -> Array | None:
        """Return counts that make a sum as small (1) or large (-1) as can be; None if none do."""
        found = milp(
            sign * row,
            constraints=self._rules,
            bounds=self._bounds,
            integrality=np.ones(self._n),
            options={"time_limit": 20.0},
        )
        return None if found.x is None else np.round(found.x)

    def span(self, row: Array) -> tuple[float, float]:
        """Return the smallest and largest value of a sum."""
        ends = [self.extreme(row, sign) for sign in (1, -1)]
        if any(end is None for end in ends):
            return -np.inf, np.inf
        low, high = (float(row @ end) for end in ends if end is not None)
        return low, high

    def moved(self, rows: Array, times: int, rng: np.random.Generator) -> Array:
        """Tell which sums differ between some solutions: those are surely not known."""
        seen = []
        for _ in range(times):
            weight = rng.normal(size=len(rows))
            found = self.extreme(weight @ rows, 1)
            if found is not None:
                seen.append(rows @ found)
        if len(seen) < 2:
            return np.zeros(len(rows), dtype=bool)
        spread: Array = np.ptp(np.array(seen), axis=0) > 0
        return spread
