"""Infections: recurrent, of four kinds, with a frailty that stays with the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.synthetic.baseline import Patients, pick
from azaanalysis.synthetic.formulary import Formulary
from azaanalysis.synthetic.parameters import Parameters
from azaanalysis.synthetic.state import EVENTS, Now, State, force_stop, last_moment, strike
from azaanalysis.synthetic.traits import Traits

KINDS = ("serious_infection", "mild_infection", "zoster", "opportunistic_infection")
# Effects of steroids are written for 20 mg prednisolone.
STEROID_UNIT_MG = 20


@dataclass(frozen=True, eq=False)
class InfectionSettings:
    """Rates of each kind (rows) by drug code, and each patient's own part in them."""

    per_week: np.ndarray
    highest: np.ndarray
    companion_ratio: np.ndarray
    own: np.ndarray
    steroid_log_ratio_per_mg: float
    low_lymphocytes: float
    low_ratio: np.ndarray
    is_serious: np.ndarray
    days_mean: np.ndarray
    site_shares: tuple[np.ndarray, ...]
    site_codes: tuple[np.ndarray, ...]
    death_weeks: float
    stops: np.ndarray


def infection_sites(parameters: Parameters) -> tuple[str, ...]:
    """Return the sites of infection, in the order of their codes."""
    keys = parameters.keys("site_share")
    return tuple(dict.fromkeys(key.split(".")[1] for key in keys))


def prepare_infection(
    patients: Patients, traits: Traits, formulary: Formulary, parameters: Parameters
) -> InfectionSettings:
    """Look up everything the infections need."""
    steroid = np.log(parameters["infection_hazard_ratio.steroid_20mg"]) / STEROID_UNIT_MG
    low = parameters["infection_hazard_ratio.low_lymphocytes"]
    sites = infection_sites(parameters)
    rates, companion = _rates(formulary, parameters), parameters.by("companion_hazard_ratio", KINDS)
    low_ratio = np.array([1.0, 1.0, low, low])
    highest = rates.max(axis=1) * np.maximum(companion, 1) * np.maximum(low_ratio, 1)
    of_kind = [parameters.keys(f"site_share.{kind}") for kind in KINDS]
    return InfectionSettings(
        per_week=rates,
        highest=highest,
        companion_ratio=companion,
        own=_own_part(patients, traits, parameters),
        steroid_log_ratio_per_mg=steroid,
        low_lymphocytes=parameters["lymphocytes_low"],
        low_ratio=low_ratio,
        is_serious=parameters.by("is_serious", KINDS),
        days_mean=parameters.by("infection_days_mean", KINDS),
        site_shares=tuple(
            parameters.by(f"site_share.{kind}", keys)
            for kind, keys in zip(KINDS, of_kind, strict=True)
        ),
        site_codes=tuple(np.array([sites.index(key) for key in keys]) for keys in of_kind),
        death_weeks=parameters["death_after_infection_weeks"],
        stops=formulary.by_drug(parameters, "stops_if_serious_infection"),
    )


def _rates(formulary: Formulary, parameters: Parameters) -> np.ndarray:
    """Return infections per patient-week by kind and drug, for an average patient of forty."""
    rows = []
    for kind in KINDS:
        ratio = formulary.by_drug(parameters, f"{kind}_hazard_ratio")
        ratio[0] = parameters[f"off_drug_hazard_ratio.{kind}"]
        rows.append(parameters.per_week(kind) * ratio)
    return np.array(rows)


def _own_part(patients: Patients, traits: Traits, parameters: Parameters) -> np.ndarray:
    """Return what multiplies every infection rate of a patient, for good."""
    log_ratio = (
        np.log(parameters["infection_hazard_ratio.age_decade"]) * patients.age_decades
        + np.log(parameters["infection_hazard_ratio.comorbidity"]) * patients.comorbidity
        + np.log(parameters["infection_hazard_ratio.severity"]) * patients.severity
        + parameters["unmeasured_outcome"] * traits.unmeasured
    )
    ratio: np.ndarray = traits.frailty * np.exp(log_ratio)
    return ratio


def infect(now: Now, settings: InfectionSettings, lymphocytes: np.ndarray) -> None:
    """Let infections happen in one week, and write them down."""
    state, uniform = now.state, now.luck.uniform
    own = settings.own * np.exp(settings.steroid_log_ratio_per_mg * state.steroid_mg)
    for code, kind in enumerate(KINDS):
        # Most weeks of most patients are ruled out by the highest hazard there could be.
        maybe = np.flatnonzero(uniform[kind] < own * settings.highest[code])
        hazard = own[maybe] * _rate(state, maybe, code, settings, lymphocytes)
        place, day = strike(uniform[kind][maybe], hazard, now.week)
        who = maybe[place]
        is_seen = day < state.until[who]
        if is_seen.any():
            _write(now, code, who[is_seen], day[is_seen], settings)


def _rate(
    state: State,
    who: np.ndarray,
    code: int,
    settings: InfectionSettings,
    lymphocytes: np.ndarray,
) -> np.ndarray:
    """Return the rate of one kind of infection under what each patient takes."""
    drug, companion = state.drug[who], state.companion[who]
    both = (drug > 0) & (companion > 0)
    is_low = lymphocytes[who] < settings.low_lymphocytes
    rate: np.ndarray = settings.per_week[code, np.where(drug > 0, drug, companion)]
    rate = rate * np.where(both, settings.companion_ratio[code], 1.0)
    return rate * np.where(is_low, settings.low_ratio[code], 1.0)


def _write(
    now: Now, code: int, who: np.ndarray, day: np.ndarray, settings: InfectionSettings
) -> None:
    """Write infections down with their site and length; a serious one may stop the drug."""
    state, uniform = now.state, now.luck.uniform
    serious, left = _split(uniform["duration"][who], settings.is_serious[code])
    length = -np.log1p(-left) * settings.days_mean[code]
    site = settings.site_codes[code][pick(uniform["detail"][who], settings.site_shares[code])]
    is_opportunistic = np.full(len(who), KINDS[code] == "opportunistic_infection")
    # Zoster that needs admission is disseminated, and then opportunistic.
    is_opportunistic |= serious & (KINDS[code] == "zoster")
    end = np.floor(np.minimum(day + length, last_moment(state, who)))
    event = np.full(len(who), EVENTS.index("infection"))
    now.record.events.add(who, np.floor(day), event, serious, is_opportunistic, site, end)
    state.ill_until_week[who[serious]] = now.week + settings.death_weeks
    stops = serious & (uniform["reaction"][who] < settings.stops[state.drug[who]])
    force_stop(state, who[stops], day[stops], "adverse_event")


def _split(uniform: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return whether each number lies below the share, and a fresh uniform made of the rest."""
    below = uniform < share
    left = np.where(below, uniform / max(share, 1e-9), (uniform - share) / max(1 - share, 1e-9))
    return below, np.clip(left, 0, 1 - 1e-9)
