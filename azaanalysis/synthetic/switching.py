"""What comes after a stop: another drug, none, or the companion alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.synthetic.baseline import Patients
from azaanalysis.synthetic.choice import choose_next
from azaanalysis.synthetic.formulary import NO_DRUG, Formulary, next_shares
from azaanalysis.synthetic.parameters import DAYS_PER_WEEK, Parameters
from azaanalysis.synthetic.state import NEVER, STOP_REASONS, Now, Record, State


@dataclass(frozen=True, eq=False)
class SwitchSettings:
    """How often another drug follows, which, and after how long."""

    has_next: np.ndarray
    shares: np.ndarray
    available_day: np.ndarray
    index_day: np.ndarray
    is_thiopurine: np.ndarray
    delay_weeks: float
    companion_follows: float
    lines: int


def prepare_switching(
    patients: Patients, formulary: Formulary, parameters: Parameters
) -> SwitchSettings:
    """Look up everything that switching needs."""
    alive_reasons = STOP_REASONS[:-1]
    return SwitchSettings(
        has_next=parameters.by("next_drug_probability", alive_reasons),
        shares=next_shares(parameters, formulary),
        available_day=formulary.available_day,
        index_day=patients.index_day,
        is_thiopurine=formulary.is_class("thiopurine"),
        delay_weeks=parameters["next_drug_delay_weeks"],
        companion_follows=parameters["companion_stops_too"],
        lines=int(parameters["lines_most"]),
    )


def plan_next(
    now: Now, who: np.ndarray, day: np.ndarray, reason: np.ndarray, settings: SwitchSettings
) -> None:
    """Take stopped patients off their drug, and plan the one that follows."""
    state, lines = now.state, now.lines
    line, last_drug = state.line[who], state.drug[who]
    _stop_with_leading(now, who, day, reason, settings)
    has_failed = reason == STOP_REASONS.index("lack_of_efficacy")
    state.failures[who] += has_failed & ~settings.is_thiopurine[last_drug]
    delay = 1 + np.floor(DAYS_PER_WEEK * settings.delay_weeks * lines.next_delay[line, who])
    start = np.floor(day) + delay
    wants = lines.has_next[line, who] < settings.has_next[reason]
    wants &= line + 1 < settings.lines
    drug = choose_next(
        lines.next_drug[line, who],
        settings.index_day[who] + start,
        last_drug,
        settings.shares,
        settings.available_day,
    )
    drug = np.where(wants, drug, NO_DRUG)
    state.drug[who] = NO_DRUG
    state.next_drug[who] = drug
    state.next_start[who] = np.where(drug > 0, start, NEVER)


def _stop_with_leading(
    now: Now, who: np.ndarray, day: np.ndarray, reason: np.ndarray, settings: SwitchSettings
) -> None:
    """Stop the companion on the same day as the leading drug, in some."""
    state, companion = now.state, now.record.companion
    follows = now.lines.companion_follows[state.line[who], who] < settings.companion_follows
    follows &= state.companion[who] > 0
    companion.stop[0, who[follows]] = np.floor(day[follows])
    companion.reason[0, who[follows]] = reason[follows]
    state.companion[who[follows]] = NO_DRUG


def due_to_start(state: State, week: int) -> np.ndarray:
    """Return who starts the next planned drug in this week, while observed."""
    due = (state.next_start < DAYS_PER_WEEK * (week + 1)) & (state.next_start < state.until)
    return np.flatnonzero(due)


def start_drug(state: State, who: np.ndarray, record: Record) -> None:
    """Begin the planned drug of these patients."""
    state.line[who] += 1
    state.drug[who] = state.next_drug[who]
    state.start_day[who] = state.next_start[who]
    state.next_start[who] = NEVER
    line = state.line[who]
    record.courses.drug[line, who] = state.drug[who]
    record.courses.start[line, who] = state.start_day[who]
