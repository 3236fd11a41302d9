"""What else happens in a life: death, loss to follow-up, pregnancy, surgery, cancer, injury."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.synthetic.baseline import Patients
from azaanalysis.synthetic.formulary import Formulary
from azaanalysis.synthetic.parameters import WEEKS_PER_YEAR, Parameters
from azaanalysis.synthetic.state import (
    EVENTS,
    NEVER,
    OPEN,
    Now,
    force_stop,
    last_moment,
    run_clock,
    strike,
)


@dataclass(frozen=True, eq=False)
class LifeSettings:
    """Hazards per patient-week, each patient's own part included."""

    death: np.ndarray
    death_ratio_when_ill: float
    lost: np.ndarray
    lost_ratio_active: float
    lost_ratio_off_drug: float
    pregnancy: np.ndarray
    is_female: np.ndarray
    age_years: np.ndarray
    pregnancy_ages: tuple[float, float]
    stops_if_pregnant: np.ndarray
    surgery: tuple[float, float]
    hospitalisation: tuple[float, float]
    hospital_days: float
    malignancy: np.ndarray
    malignancy_ratio_without: float
    is_thiopurine: np.ndarray
    injury: np.ndarray
    flare_is_serious: float


def prepare_life(
    patients: Patients, strategy: np.ndarray, formulary: Formulary, parameters: Parameters
) -> LifeSettings:
    """Look up everything that life needs."""
    decades, points = patients.age_decades, patients.comorbidity
    lost = parameters.by("lost_hazard_ratio", formulary.strategies)[strategy]
    return LifeSettings(
        death=parameters.per_week("death") * _power(parameters, "death", decades, points),
        death_ratio_when_ill=parameters["death_hazard_ratio.serious_infection"],
        lost=parameters.per_week("lost_to_follow_up") * lost,
        lost_ratio_active=parameters["lost_hazard_ratio.active"],
        lost_ratio_off_drug=parameters["lost_hazard_ratio.off_drug"],
        pregnancy=np.full(len(patients), parameters.per_week("pregnancy")),
        is_female=patients.is_female,
        age_years=patients.age_years,
        pregnancy_ages=(parameters["pregnancy_age_least"], parameters["pregnancy_age_most"]),
        stops_if_pregnant=formulary.by_drug(parameters, "stops_if_pregnant"),
        surgery=_two_rates(parameters, "surgery"),
        hospitalisation=_two_rates(parameters, "hospitalisation"),
        hospital_days=parameters["hospitalisation_days_mean"],
        malignancy=parameters.per_week("malignancy")
        * parameters["malignancy_hazard_ratio.age_decade"] ** decades,
        malignancy_ratio_without=parameters["malignancy_hazard_ratio.not_thiopurine"],
        is_thiopurine=formulary.is_class("thiopurine"),
        injury=parameters.per_week("injury") * _power(parameters, "injury", decades, points),
        flare_is_serious=parameters["flare_is_serious"],
    )


def _power(
    parameters: Parameters, what: str, decades: np.ndarray, points: np.ndarray
) -> np.ndarray:
    by_age = np.log(parameters[f"{what}_hazard_ratio.age_decade"]) * decades
    by_comorbidity = np.log(parameters[f"{what}_hazard_ratio.comorbidity"]) * points
    ratio: np.ndarray = np.exp(by_age + by_comorbidity)
    return ratio


def _two_rates(parameters: Parameters, what: str) -> tuple[float, float]:
    """Return rates per patient-week while the disease is quiet and while it is active."""
    return parameters.per_week(f"{what}.quiet"), parameters.per_week(f"{what}.active")


def end_observation(now: Now, settings: LifeSettings) -> None:
    """Let patients die or be lost in this week; nothing happens to them afterwards."""
    state, week = now.state, now.week
    is_ill = week < state.ill_until_week
    death = settings.death * np.where(is_ill, settings.death_ratio_when_ill, 1.0)
    lost = settings.lost * np.where(state.is_acting, 1.0, settings.lost_ratio_active)
    lost = lost * np.where(state.drug > 0, 1.0, settings.lost_ratio_off_drug)
    for clock, hazard, moment in (
        ("death", death, state.death_day),
        ("lost", lost, state.lost_day),
    ):
        who, day = run_clock(state.once_left[clock], hazard, week)
        is_first = day < state.until[who]
        moment[who[is_first]] = day[is_first]
        state.until[who[is_first]] = day[is_first]
    # Whoever dies and is lost in one week is counted for what came first.
    state.lost_day[state.lost_day > state.until] = NEVER
    state.death_day[state.death_day > state.until] = NEVER


def live(now: Now, settings: LifeSettings) -> None:
    """Let everything else happen in one week, and write it down."""
    state, uniform, left = now.state, now.luck.uniform, now.state.once_left
    active = (~state.is_acting).astype(np.int8)
    surgery = run_clock(left["surgery"], np.array(settings.surgery)[active], now.week)
    _write(now, surgery, "surgery", is_serious=True)
    on_thiopurine = settings.is_thiopurine[state.drug] | settings.is_thiopurine[state.companion]
    ratio = np.where(on_thiopurine, 1.0, settings.malignancy_ratio_without)
    malignancy = run_clock(left["malignancy"], settings.malignancy * ratio, now.week)
    _write(now, malignancy, "malignancy", is_serious=True)
    _conceive(now, settings)
    rate = np.array(settings.hospitalisation)[active]
    admitted = strike(uniform["hospitalisation"], rate, now.week)
    stay = -np.log1p(-uniform["duration"][admitted[0]]) * settings.hospital_days
    _write(now, admitted, "hospitalisation", is_serious=True, stay=stay)
    hurt = strike(uniform["injury"], settings.injury, now.week)
    _write(now, hurt, "injury", is_serious=False)
    _flare(now, settings)


def _flare(now: Now, settings: LifeSettings) -> None:
    """Write down the losses of response of this week; some lead to admission."""
    state = now.state
    who = np.flatnonzero(np.isfinite(state.flare_day))
    is_serious = now.luck.uniform["detail"][who] < settings.flare_is_serious
    for flag in (False, True):
        chosen = who[is_serious == flag]
        _write(now, (chosen, state.flare_day[chosen]), "flare", is_serious=flag)


def _conceive(now: Now, settings: LifeSettings) -> None:
    """Let women of child-bearing age conceive; some then stop their drug."""
    state = now.state
    age = settings.age_years + now.week / WEEKS_PER_YEAR
    youngest, oldest = settings.pregnancy_ages
    can = settings.is_female & (age >= youngest) & (age <= oldest)
    conceived = run_clock(state.once_left["pregnancy"], settings.pregnancy * can, now.week)
    who, day = _write(now, conceived, "pregnancy", is_serious=False)
    stops = now.luck.uniform["reaction"][who] < settings.stops_if_pregnant[state.drug[who]]
    force_stop(state, who[stops], day[stops], "pregnancy")


def _write(
    now: Now,
    moments: tuple[np.ndarray, np.ndarray],
    event: str,
    *,
    is_serious: bool,
    stay: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Write down an event of those still observed; return who they are, and when."""
    is_seen = moments[1] < now.state.until[moments[0]]
    who, day = moments[0][is_seen], moments[1][is_seen]
    n = len(who)
    leaves = day if stay is None else np.minimum(day + stay[is_seen], last_moment(now.state, who))
    flag, no = np.full(n, is_serious), np.zeros(n, dtype=bool)
    code, nowhere = np.full(n, EVENTS.index(event)), np.full(n, OPEN)
    now.record.events.add(who, np.floor(day), code, flag, no, nowhere, np.floor(leaves))
    return who, day
