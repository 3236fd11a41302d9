"""The drug's effect: whether it can work, when it sets in, and how it is lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.synthetic.baseline import Patients
from azaanalysis.synthetic.draws import LineDraws
from azaanalysis.synthetic.formulary import Formulary
from azaanalysis.synthetic.parameters import DAYS_PER_WEEK, Parameters
from azaanalysis.synthetic.state import NEVER, State
from azaanalysis.synthetic.traits import Traits

NO_RESPONSE, PARTIAL, REMISSION = 0, 1, 2


@dataclass(frozen=True, eq=False)
class ResponseSettings:
    """How each drug (by code) works, and each patient's own part in it."""

    remission_log_odds: np.ndarray
    partial: np.ndarray
    onset_median: np.ndarray
    onset_log_sd: np.ndarray
    loss_per_week: np.ndarray
    effect: np.ndarray
    rise: float
    fall: float
    companion_log_odds: float
    companion_loss_ratio: float
    failure_log_odds: float
    own_log_odds: np.ndarray


def prepare_response(
    patients: Patients, traits: Traits, formulary: Formulary, parameters: Parameters
) -> ResponseSettings:
    """Look up everything the response needs."""
    capable = np.clip(formulary.by_drug(parameters, "remission_capable"), 1e-9, 1 - 1e-9)
    effect = parameters.by("effect", ("none", "response", "remission"))
    return ResponseSettings(
        remission_log_odds=np.log(capable / (1 - capable)),
        partial=formulary.by_drug(parameters, "response_capable"),
        onset_median=formulary.by_drug(parameters, "onset_weeks_median"),
        onset_log_sd=formulary.by_drug(parameters, "onset_log_sd"),
        loss_per_week=formulary.per_week(parameters, "loss_of_response"),
        effect=effect,
        rise=parameters["effect_rise_per_week"],
        fall=parameters["effect_fall_per_week"],
        companion_log_odds=np.log(parameters["companion_remission_odds_ratio"]),
        companion_loss_ratio=parameters["companion_loss_ratio"],
        failure_log_odds=np.log(parameters["remission_odds_ratio.prior_biologics"]),
        own_log_odds=_own_log_odds(patients, traits, parameters),
    )


def _own_log_odds(patients: Patients, traits: Traits, parameters: Parameters) -> np.ndarray:
    by_disease = parameters.by("remission_odds_ratio", patients.diseases)
    own: np.ndarray = np.log(by_disease)[patients.disease]
    own = own + np.log(parameters["remission_odds_ratio.severity"]) * patients.severity
    prior = np.log(parameters["remission_odds_ratio.prior_biologics"])
    own = own + prior * patients.prior_biologics
    return own - parameters["unmeasured_outcome"] * traits.unmeasured


def begin_response(
    state: State, who: np.ndarray, settings: ResponseSettings, luck: LineDraws
) -> None:
    """Decide, at the start of a drug, what it will do for these patients and when."""
    drug, line = state.drug[who], state.line[who]
    uniform = luck.response[line, who]
    log_odds = (
        settings.remission_log_odds[drug]
        + settings.own_log_odds[who]
        + settings.failure_log_odds * state.failures[who]
    )
    partial = settings.partial[drug]
    state.level_alone[who] = _level(uniform, log_odds, partial)
    state.level[who] = _level(uniform, log_odds + settings.companion_log_odds, partial)
    spread = np.exp(settings.onset_log_sd[drug] * luck.onset[line, who])
    state.onset_weeks[who] = settings.onset_median[drug] * spread
    state.loss_left[who] = luck.loss[line, who]
    state.has_lost[who] = False
    state.remission_weeks[who] = 0


def _level(uniform: np.ndarray, log_odds: np.ndarray, partial: np.ndarray) -> np.ndarray:
    """Return the level of response: the same luck does better where the odds are better."""
    remission = 1 / (1 + np.exp(-log_odds))
    any_response = remission + (1 - remission) * partial
    level: np.ndarray = (uniform < any_response).astype(np.int8) + (uniform < remission)
    return level


def _moment_of_loss(state: State, hazard: np.ndarray, week: int, loses: np.ndarray) -> np.ndarray:
    """Return when in this week the response is lost; ``NEVER`` for everybody else."""
    day = np.full(len(state), NEVER)
    share = 1 + state.loss_left[loses] / hazard[loses]
    day[loses] = DAYS_PER_WEEK * (week + share)
    return day


def respond(state: State, week: int, settings: ResponseSettings) -> None:
    """Let the effect grow or fade over one week, and responses be lost."""
    level = state.now_level()
    can_act = (state.drug > 0) & (level > NO_RESPONSE) & (state.weeks_on(week) >= state.onset_weeks)
    hazard = settings.loss_per_week[state.drug]
    hazard = hazard * np.where(state.companion > 0, settings.companion_loss_ratio, 1.0)
    state.loss_left -= hazard * can_act
    loses = can_act & ~state.has_lost & (state.loss_left < 0)
    state.flare_day = _moment_of_loss(state, hazard, week, loses)
    state.has_lost |= loses
    state.is_acting = can_act & ~state.has_lost
    target = settings.effect[level] * state.is_acting
    pace = np.where(target > state.effect, settings.rise, settings.fall)
    state.effect = state.effect + pace * (target - state.effect)
    in_remission = state.is_acting & (level == REMISSION)
    state.remission_weeks = np.where(in_remission, state.remission_weeks + 1, 0)
