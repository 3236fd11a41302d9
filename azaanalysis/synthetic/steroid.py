"""Steroids: a bridge at the start, a taper that stalls without response, new courses in flares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.synthetic.baseline import Patients
from azaanalysis.synthetic.draws import Draws
from azaanalysis.synthetic.formulary import Formulary
from azaanalysis.synthetic.parameters import DAYS_PER_WEEK, Parameters
from azaanalysis.synthetic.state import Now, Record, State


@dataclass(frozen=True, eq=False)
class SteroidSettings:
    """Doses and rules of the taper."""

    bridge_log_odds: np.ndarray
    thiopurine_log_odds: float
    is_thiopurine: np.ndarray
    start_mg: float
    step_mg: float
    last_step_mg: float
    stall_mg: float
    hold_weeks: float
    give_up: float
    burst_active: float
    burst_quiet: float
    before_days: float


def prepare_steroids(
    patients: Patients, formulary: Formulary, parameters: Parameters
) -> SteroidSettings:
    """Look up everything the steroids need."""
    share = np.clip(parameters["steroid_share"], 1e-9, 1 - 1e-9)
    severity = np.log(parameters["steroid_odds_ratio.severity"])
    return SteroidSettings(
        bridge_log_odds=np.log(share / (1 - share)) + severity * patients.severity,
        thiopurine_log_odds=np.log(parameters["steroid_odds_ratio.thiopurine"]),
        is_thiopurine=formulary.is_class("thiopurine"),
        start_mg=parameters["steroid_start_mg"],
        step_mg=parameters["steroid_step_mg"],
        last_step_mg=parameters["steroid_last_step_mg"],
        stall_mg=parameters["steroid_stall_mg"],
        hold_weeks=parameters["steroid_hold_weeks"],
        give_up=parameters["steroid_give_up"],
        burst_active=parameters.per_week("steroid_burst.active"),
        burst_quiet=parameters.per_week("steroid_burst.quiet"),
        before_days=parameters["steroid_before_days"],
    )


def bridge(state: State, draws: Draws, settings: SteroidSettings, record: Record) -> None:
    """Put patients on a steroid around the index day; a slow drug is bridged more often."""
    stream = draws.stream("choice")
    stream.random((2, len(state)))
    uniform, before = stream.random(len(state)), stream.standard_exponential(len(state))
    log_odds = settings.bridge_log_odds
    log_odds = log_odds + settings.thiopurine_log_odds * settings.is_thiopurine[state.drug]
    is_bridged = uniform < 1 / (1 + np.exp(-log_odds))
    state.steroid_mg = np.where(is_bridged, settings.start_mg, 0.0)
    who = np.flatnonzero(is_bridged)
    since = -np.floor(settings.before_days * before[who])
    record.steroids.add(who, since, state.steroid_mg[who])


def adjust_steroids(now: Now, settings: SteroidSettings) -> None:
    """Decide at the end of a week what dose is taken in the next."""
    state, uniform, mg = now.state, now.luck.uniform["steroid"], now.state.steroid_mg
    state.steroid_weeks = np.where(mg > 0, state.steroid_weeks + 1, 0)
    may_go_on = state.is_acting | (mg > settings.stall_mg) | (uniform < settings.give_up)
    tapers = (mg > 0) & (state.steroid_weeks >= settings.hold_weeks) & may_go_on
    burst_hazard = np.where(state.is_acting, settings.burst_quiet, settings.burst_active)
    bursts = (mg == 0) & (uniform < -np.expm1(-burst_hazard))
    dose = np.where(tapers, _step_down(mg, settings), mg)
    dose = np.where(bursts, settings.start_mg, dose)
    day = DAYS_PER_WEEK * (now.week + 1)
    who = np.flatnonzero((dose != mg) & (day < state.until))
    now.record.steroids.add(who, np.full(len(who), float(day)), dose[who])
    state.steroid_mg = dose


def _step_down(mg: np.ndarray, settings: SteroidSettings) -> np.ndarray:
    lower = np.where(mg > settings.step_mg, mg - settings.step_mg, settings.last_step_mg)
    return np.where(mg <= settings.last_step_mg, 0.0, lower)
