"""Where each patient stands at the beginning of a week, and what is written down on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from azaanalysis.synthetic.draws import Draws, LineDraws, Week
from azaanalysis.synthetic.parameters import DAYS_PER_WEEK

NEVER = np.inf
OPEN = -1
STOP_REASONS = (
    *("adverse_event", "lack_of_efficacy", "remission", "patient_choice"),
    *("pregnancy", "administrative", "death"),
)
EVENTS = (
    *("infection", "pancreatitis", "adverse_event", "pregnancy"),
    *("surgery", "malignancy", "hospitalisation", "injury", "flare"),
)


@dataclass(eq=False)
class State:
    """What changes from week to week; one entry of every array per patient.

    Days are counted from the index day and may have a fraction; ``until`` is the moment
    observation ends. A clock holds how much cumulative hazard is left before it rings.
    """

    drug: np.ndarray
    line: np.ndarray
    start_day: np.ndarray
    companion: np.ndarray
    next_drug: np.ndarray
    next_start: np.ndarray
    failures: np.ndarray
    dose_fraction: np.ndarray
    level: np.ndarray
    level_alone: np.ndarray
    onset_weeks: np.ndarray
    loss_left: np.ndarray
    has_lost: np.ndarray
    flare_day: np.ndarray
    is_acting: np.ndarray
    effect: np.ndarray
    remission_weeks: np.ndarray
    steroid_mg: np.ndarray
    steroid_weeks: np.ndarray
    suppression: np.ndarray
    next_test: np.ndarray
    is_overdue: np.ndarray
    stop_left: np.ndarray
    companion_left: np.ndarray
    forced_day: np.ndarray
    forced_reason: np.ndarray
    companion_forced_day: np.ndarray
    once_left: dict[str, np.ndarray]
    until: np.ndarray
    death_day: np.ndarray
    lost_day: np.ndarray
    ill_until_week: np.ndarray

    def __len__(self) -> int:
        """Count the patients."""
        return len(self.drug)

    def weeks_on(self, week: int) -> np.ndarray:
        """Return weeks since the leading drug was started."""
        return week - self.start_day / DAYS_PER_WEEK

    def now_level(self) -> np.ndarray:
        """Return the level of response that is possible with what is being taken now."""
        return np.where(self.companion > 0, self.level, self.level_alone)


def initial_state(
    strategy_companion: np.ndarray, last_day: np.ndarray, draws: Draws, n_clocks: tuple[int, int]
) -> State:
    """Return the state on the index day, before the first drug is started."""
    n = len(last_day)
    number, whole, truth = np.zeros(n), np.zeros(n, dtype=np.int8), np.zeros(n, dtype=bool)
    once = draws.once()
    return State(
        drug=whole.copy(),
        line=whole - 1,
        start_day=number.copy(),
        companion=strategy_companion.astype(np.int8),
        next_drug=whole.copy(),
        next_start=np.full(n, NEVER),
        failures=number.copy(),
        dose_fraction=np.ones(n),
        level=whole.copy(),
        level_alone=whole.copy(),
        onset_weeks=number.copy(),
        loss_left=number.copy(),
        has_lost=truth.copy(),
        flare_day=np.full(n, NEVER),
        is_acting=truth.copy(),
        effect=number.copy(),
        remission_weeks=number.copy(),
        steroid_mg=number.copy(),
        steroid_weeks=number.copy(),
        suppression=number.copy(),
        next_test=number.copy(),
        is_overdue=truth.copy(),
        stop_left=np.zeros((n_clocks[0], n)),
        companion_left=np.zeros((n_clocks[1], n)),
        forced_day=np.full(n, NEVER),
        forced_reason=whole.copy(),
        companion_forced_day=np.full(n, NEVER),
        once_left=once,
        until=last_day + 1.0,
        death_day=np.full(n, NEVER),
        lost_day=np.full(n, NEVER),
        ill_until_week=np.full(n, -1.0),
    )


@dataclass(frozen=True, eq=False)
class Courses:
    """Spells on leading drugs, lines by patients; day ``OPEN`` where there is none."""

    drug: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    reason: np.ndarray
    dose_fraction: np.ndarray


def no_courses(lines: int, n: int) -> Courses:
    """Return room for ``lines`` spells of ``n`` patients."""
    return Courses(
        drug=np.zeros((lines, n), dtype=np.int8),
        start=np.full((lines, n), OPEN, dtype=np.int32),
        stop=np.full((lines, n), OPEN, dtype=np.int32),
        reason=np.full((lines, n), OPEN, dtype=np.int8),
        dose_fraction=np.ones((lines, n)),
    )


@dataclass(eq=False)
class Rows:
    """Rows of one kind, gathered week by week: arrays by name, the patient's place first."""

    names: tuple[str, ...]
    parts: list[tuple[np.ndarray, ...]] = field(default_factory=list)

    def add(self, *columns: np.ndarray) -> None:
        """Add rows, if there are any."""
        if len(columns[0]):
            self.parts.append(columns)

    def joined(self) -> dict[str, np.ndarray]:
        """Return all rows as one array per name."""
        if not self.parts:
            return {name: np.array([], dtype=np.int64) for name in self.names}
        columns = zip(*self.parts, strict=True)
        return {name: np.concatenate(c) for name, c in zip(self.names, columns, strict=True)}


@dataclass(eq=False)
class Record:
    """What is written down while patients are followed."""

    courses: Courses
    companion: Courses
    events: Rows
    tests: Rows
    steroids: Rows
    effect: list[np.ndarray] = field(default_factory=list)
    steroid_mg: list[np.ndarray] = field(default_factory=list)


def blank_record(lines: int, n: int) -> Record:
    """Return a record with nothing in it."""
    return Record(
        courses=no_courses(lines, n),
        companion=no_courses(1, n),
        events=Rows(("patient", "day", "event", "is_serious", "is_opportunistic", "site", "end")),
        tests=Rows(
            ("patient", "day", "wbc", "lymphocytes", "alt", "thiopurine_weeks", "dose_fraction")
        ),
        steroids=Rows(("patient", "day", "mg")),
    )


@dataclass(frozen=True, eq=False)
class Now:
    """One week: where everybody stands, the luck of the week and of each line, the record."""

    week: int
    state: State
    luck: Week
    lines: LineDraws
    record: Record


def run_clock(left: np.ndarray, hazard: np.ndarray, week: int) -> tuple[np.ndarray, np.ndarray]:
    """Run a clock for one week; return who hears it ring, and on what day (with a fraction).

    The hazard is constant within the week, so the moment is exact, not a further draw. A clock
    rings once.
    """
    left -= hazard
    who = np.flatnonzero((left < 0) & (left >= -hazard))
    return who, DAYS_PER_WEEK * (week + 1 + left[who] / hazard[who])


def strike(uniform: np.ndarray, hazard: np.ndarray, week: int) -> tuple[np.ndarray, np.ndarray]:
    """Return who has an event in this week, and on what day: one number decides both."""
    who = np.flatnonzero(uniform < hazard)
    share = -np.log1p(-uniform[who]) / hazard[who]
    happens = share < 1
    return who[happens], DAYS_PER_WEEK * (week + share[happens])


def force_stop(state: State, who: np.ndarray, day: np.ndarray, reason: str) -> None:
    """Have the leading drug of these patients stopped on a day, unless it stops before."""
    is_first = day < state.forced_day[who]
    state.forced_day[who[is_first]] = day[is_first]
    state.forced_reason[who[is_first]] = STOP_REASONS.index(reason)


def last_moment(state: State, who: np.ndarray) -> np.ndarray:
    """Return a moment on the last day of observation."""
    instant_days = 1e-6
    moment: np.ndarray = state.until[who] - instant_days
    return moment
