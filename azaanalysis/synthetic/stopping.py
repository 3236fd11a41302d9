"""Why and when a drug is stopped: competing clocks, and stops forced by something found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.synthetic.baseline import AGE_CENTRE_YEARS, SMOKING, Patients
from azaanalysis.synthetic.draws import LineDraws
from azaanalysis.synthetic.formulary import Formulary
from azaanalysis.synthetic.parameters import DAYS_PER_WEEK, Parameters
from azaanalysis.synthetic.response import NO_RESPONSE, PARTIAL, REMISSION
from azaanalysis.synthetic.state import (
    EVENTS,
    NEVER,
    OPEN,
    STOP_REASONS,
    Now,
    Record,
    State,
)
from azaanalysis.synthetic.traits import Traits

# Each clock and the reason that is written down when it rings.
CLOCKS = {
    "early_intolerance": "adverse_event",
    "pancreatitis": "adverse_event",
    "late_adverse_event": "adverse_event",
    "lack_of_efficacy": "lack_of_efficacy",
    "stop_in_remission": "remission",
    "patient_choice": "patient_choice",
    "administrative": "administrative",
}
# Clocks whose hazard does not depend on time since the start.
_STEADY = tuple(CLOCKS)[2:]
COMPANION_CLOCKS = ("early_intolerance", "pancreatitis", "late_adverse_event", "patient_choice")
N_CLOCKS = (len(CLOCKS), len(COMPANION_CLOCKS))
_REASON = np.array([STOP_REASONS.index(reason) for reason in CLOCKS.values()])
_COMPANION_REASON = np.array([STOP_REASONS.index(CLOCKS[clock]) for clock in COMPANION_CLOCKS])
_EVENT_OF_CLOCK = {
    "early_intolerance": EVENTS.index("adverse_event"),
    "pancreatitis": EVENTS.index("pancreatitis"),
    "late_adverse_event": EVENTS.index("adverse_event"),
}


@dataclass(frozen=True, eq=False)
class StopSettings:
    """Hazards of stopping by drug code, and each patient's own part in them."""

    early: np.ndarray
    early_share: np.ndarray
    pancreatitis: np.ndarray
    pancreatitis_share: np.ndarray
    per_week: dict[str, np.ndarray]
    adequate_weeks: np.ndarray
    lack_ratio: np.ndarray
    lack_early_ratio: float
    remission_after_weeks: float
    own_early: np.ndarray
    own_pancreatitis: np.ndarray
    own_lack: np.ndarray
    companion_toxicity: float


def prepare_stopping(
    patients: Patients, traits: Traits, formulary: Formulary, parameters: Parameters, weeks: int
) -> StopSettings:
    """Look up everything that stopping needs."""
    ratios = {NO_RESPONSE: 1.0, PARTIAL: parameters["lack_of_efficacy_ratio.partial"], REMISSION: 0}
    lack = parameters["lack_of_efficacy_ratio.severity"] ** patients.severity
    lack = lack * parameters.by("failure_hazard_ratio", patients.diseases)[patients.disease]
    return StopSettings(
        early=_cumulative_hazard(formulary.by_drug(parameters, "early_intolerance")),
        early_share=_early_share(weeks, parameters["early_intolerance_mean_weeks"], np.inf),
        pancreatitis=_cumulative_hazard(formulary.by_drug(parameters, "pancreatitis")),
        pancreatitis_share=_early_share(
            weeks, parameters["pancreatitis_mean_weeks"], parameters["pancreatitis_weeks_most"]
        ),
        per_week={rate: formulary.per_week(parameters, rate) for rate in _STEADY},
        adequate_weeks=formulary.by_drug(parameters, "adequate_trial_weeks"),
        lack_ratio=np.array([ratios[level] for level in sorted(ratios)]),
        lack_early_ratio=parameters["lack_of_efficacy_ratio.early"],
        remission_after_weeks=parameters["stop_in_remission_after_weeks"],
        own_early=_own_early(patients, parameters),
        own_pancreatitis=_own_pancreatitis(patients, parameters),
        own_lack=lack * np.exp(parameters["unmeasured_outcome"] * traits.unmeasured),
        companion_toxicity=parameters["companion_toxicity"],
    )


def _cumulative_hazard(probability: np.ndarray) -> np.ndarray:
    hazard: np.ndarray = -np.log1p(-np.minimum(probability, 1 - 1e-12))
    return hazard


def _early_share(weeks: int, mean_weeks: float, most_weeks: float) -> np.ndarray:
    """Return which share of an early hazard falls into each week since the start."""
    edges = np.minimum(np.arange(weeks + 2, dtype=float), most_weeks)
    reached = 1 - np.exp(-edges / max(mean_weeks, 1e-9))
    total = reached[-1] if np.isfinite(most_weeks) else 1.0
    share: np.ndarray = np.diff(reached) / total
    return share


def _own_early(patients: Patients, parameters: Parameters) -> np.ndarray:
    is_older_woman = patients.is_female & (patients.age_years > AGE_CENTRE_YEARS)
    ratio = parameters["early_intolerance_hazard_ratio.woman_over_40"]
    return np.where(is_older_woman, ratio, 1.0)


def _own_pancreatitis(patients: Patients, parameters: Parameters) -> np.ndarray:
    by_disease = parameters.by("pancreatitis_hazard_ratio", patients.diseases)
    smokes = patients.smoking == SMOKING.index("current")
    ratio = parameters["pancreatitis_hazard_ratio.current_smoker"]
    own: np.ndarray = by_disease[patients.disease] * np.where(smokes, ratio, 1.0)
    return own


def _hazards(state: State, week: int, settings: StopSettings) -> np.ndarray:
    """Return the hazard of each clock (rows) in one week on the leading drug."""
    drug, weeks_on = state.drug, state.weeks_on(week)
    since = np.maximum(weeks_on, 0).astype(np.int64)
    rate = settings.per_week
    lack = settings.lack_ratio[np.where(state.is_acting, state.now_level(), NO_RESPONSE)]
    lack = lack * np.where(
        weeks_on < settings.adequate_weeks[drug], settings.lack_early_ratio, settings.own_lack
    )
    is_long_quiet = state.remission_weeks > settings.remission_after_weeks
    return np.stack(
        [
            settings.early[drug] * settings.own_early * settings.early_share[since],
            settings.pancreatitis[drug]
            * settings.own_pancreatitis
            * settings.pancreatitis_share[since],
            rate["late_adverse_event"][drug],
            rate["lack_of_efficacy"][drug] * lack,
            rate["stop_in_remission"][drug] * is_long_quiet,
            rate["patient_choice"][drug],
            rate["administrative"][drug],
        ]
    )


def _companion_hazards(
    state: State, who: np.ndarray, week: int, settings: StopSettings
) -> np.ndarray:
    """Return the hazard of each clock of these patients' companions in one week."""
    drug = state.companion[who]
    early = settings.early[drug] * settings.own_early[who]
    pancreatitis = settings.pancreatitis[drug] * settings.own_pancreatitis[who]
    return settings.companion_toxicity * np.stack(
        [
            early * settings.early_share[week],
            pancreatitis * settings.pancreatitis_share[week],
            settings.per_week["late_adverse_event"][drug],
            settings.per_week["patient_choice"][drug],
        ]
    )


def _first_ring(left: np.ndarray, hazards: np.ndarray, week: int) -> tuple[np.ndarray, np.ndarray]:
    """Run competing clocks (rows) for one week; return the first day of a ring, and whose."""
    left -= hazards
    day, clock = np.full(left.shape[1], NEVER), np.zeros(left.shape[1], dtype=np.int8)
    rings = np.flatnonzero((left < 0).any(axis=0))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        moments = np.where(left[:, rings] < 0, left[:, rings] / hazards[:, rings], NEVER)
    clock[rings] = moments.argmin(axis=0)
    day[rings] = DAYS_PER_WEEK * (week + 1 + moments.min(axis=0))
    left[:, rings] = NEVER
    return day, clock


def stop_companions(now: Now, settings: StopSettings) -> None:
    """Stop companions whose clock rings, or in whom something was found."""
    state, week, record = now.state, now.week, now.record
    who = np.flatnonzero(state.companion > 0)
    left = state.companion_left[:, who]
    first, clock = _first_ring(left, _companion_hazards(state, who, week, settings), week)
    state.companion_left[:, who] = left
    forced = state.companion_forced_day[who]
    day = np.minimum(first, forced)
    stops = (day < DAYS_PER_WEEK * (week + 1)) & (day < state.until[who])
    who, day, clock = who[stops], day[stops], clock[stops]
    by_clock = first[stops] <= forced[stops]
    reason = np.where(by_clock, _COMPANION_REASON[clock], STOP_REASONS.index("adverse_event"))
    record.companion.stop[0, who] = np.floor(day)
    record.companion.reason[0, who] = reason
    for code, name in enumerate(COMPANION_CLOCKS):
        rang = by_clock & (clock == code)
        _note_event(record, name, who[rang], day[rang])
    state.companion[who] = 0
    state.companion_forced_day[:] = NEVER


def stop_leading(now: Now, settings: StopSettings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stop leading drugs at the first ring or forced stop; return who, when and why."""
    state, week, record = now.state, now.week, now.record
    first, clock = _first_ring(state.stop_left, _hazards(state, week, settings), week)
    day = np.minimum(first, state.forced_day)
    stops = (state.drug > 0) & (day < DAYS_PER_WEEK * (week + 1)) & (day < state.until)
    who = np.flatnonzero(stops)
    day, clock = day[who], clock[who]
    by_clock = first[who] <= state.forced_day[who]
    reason = np.where(by_clock, _REASON[clock], state.forced_reason[who])
    record.courses.stop[state.line[who], who] = np.floor(day)
    record.courses.reason[state.line[who], who] = reason
    for code, name in enumerate(CLOCKS):
        rang = by_clock & (clock == code)
        _note_event(record, name, who[rang], day[rang])
    state.forced_day[:] = NEVER
    return who, day, reason


def _note_event(record: Record, clock: str, who: np.ndarray, day: np.ndarray) -> None:
    """Write down the event behind a stop; pancreatitis leads to admission."""
    if clock not in _EVENT_OF_CLOCK or not len(who):
        return
    n, at = len(who), np.floor(day)
    event = np.full(n, _EVENT_OF_CLOCK[clock])
    is_serious = np.full(n, clock == "pancreatitis")
    no, nowhere = np.zeros(n, dtype=bool), np.full(n, OPEN)
    record.events.add(who, at, event, is_serious, no, nowhere, at)


def begin_clocks(state: State, who: np.ndarray, lines: LineDraws) -> None:
    """Wind the clocks of a new line of treatment."""
    state.stop_left[:, who] = lines.clocks[state.line[who], :, who].T
