"""Blood tests: white cells fall, liver enzymes rise, and both are found only when tested."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.synthetic.baseline import Patients
from azaanalysis.synthetic.formulary import Formulary
from azaanalysis.synthetic.parameters import DAYS_PER_WEEK, Parameters
from azaanalysis.synthetic.state import Now, State, force_stop
from azaanalysis.synthetic.traits import Traits

# Steroid effects on white cells are written for 40 mg prednisolone.
STEROID_UNIT_MG = 40
# Weeks on a thiopurine of whoever takes none.
NOT_TAKEN = -1.0


@dataclass(frozen=True, eq=False)
class MonitoringSettings:
    """How each drug (by code) acts on the blood, and how it is watched."""

    traits: Traits
    is_thiopurine: np.ndarray
    suppression: np.ndarray
    hepatotoxicity: np.ndarray
    own_hepatotoxicity: np.ndarray
    weeks_between: np.ndarray
    until_weeks: tuple[float, float]
    weeks_off_drug: float
    adherence: np.ndarray
    catch_up: float
    number: dict[str, float]


_NUMBERS = (
    *("suppression_rise_per_week", "wbc_steroid_rise", "wbc_noise_log_sd", "alt_noise_log_sd"),
    *("lymphocytes_suppression_share", "hepatotoxicity_alt_ratio", "alt_upper_limit"),
    *("wbc_act_below", "wbc_stop_below", "wbc_stop_probability", "alt_act_above_limits"),
    *("alt_stop_probability", "dose_cut_fraction"),
)


def prepare_monitoring(
    patients: Patients, traits: Traits, formulary: Formulary, parameters: Parameters
) -> MonitoringSettings:
    """Look up everything the blood tests need."""
    phases = ("test_weeks_first", "test_weeks_second", "test_weeks_later")
    overdue_weeks = max(parameters["test_overdue_days_median"] / DAYS_PER_WEEK, 1e-9)
    liver = parameters["hepatotoxicity_ratio.liver_disease"]
    return MonitoringSettings(
        traits=traits,
        is_thiopurine=formulary.is_class("thiopurine"),
        suppression=formulary.by_drug(parameters, "suppression"),
        hepatotoxicity=formulary.by_drug(parameters, "hepatotoxicity"),
        own_hepatotoxicity=np.where(patients.has_liver_disease, liver, 1.0),
        weeks_between=np.array([formulary.by_drug(parameters, phase) for phase in phases]),
        until_weeks=(parameters["test_first_until_weeks"], parameters["test_second_until_weeks"]),
        weeks_off_drug=parameters["test_weeks_off_drug"],
        adherence=np.append(
            parameters["test_adherence_off_drug"],
            formulary.by_drug(parameters, "test_adherence")[1:],
        ),
        catch_up=1 - 0.5 ** (1 / overdue_weeks),
        number={name: parameters[name] for name in _NUMBERS},
    )


def starting_dose(patients: Patients, parameters: Parameters) -> np.ndarray:
    """Return the share of the target dose of a thiopurine that each patient is started on."""
    share = np.array(
        [1.0, parameters["dose_fraction.intermediate"], parameters["dose_fraction.deficient"]]
    )
    tpmt = np.where(patients.is_tpmt_tested, share[patients.tpmt], 1.0)
    nudt15 = np.where(patients.is_nudt15_tested, share[patients.nudt15], 1.0)
    return np.minimum(tpmt, nudt15)


def suppress_marrow(state: State, settings: MonitoringSettings) -> np.ndarray:
    """Let white cells follow the dose over one week; return the latent lymphocytes."""
    is_scaled = settings.is_thiopurine[state.drug]
    dose = np.where(is_scaled, state.dose_fraction, 1.0)
    target = settings.suppression[state.drug] * dose
    target = target + settings.suppression[state.companion] * state.dose_fraction
    target = target * settings.traits.suppression
    pace = settings.number["suppression_rise_per_week"]
    state.suppression = state.suppression + pace * (target - state.suppression)
    share = settings.number["lymphocytes_suppression_share"]
    lymphocytes: np.ndarray = settings.traits.lymphocytes * np.exp(-share * state.suppression)
    return lymphocytes


def take_tests(now: Now, settings: MonitoringSettings, lymphocytes: np.ndarray) -> None:
    """Take the blood tests of one week, and act on what they show."""
    watched = _watched(now.state, settings)
    who, day = _tested(now, watched, settings)
    tests = _Tests(who, day, watched[who], _weeks_on(now, who, watched[who]))
    now.state.next_test[who] = now.week + _interval(tests.weeks_on, tests.drug, settings)
    wbc, alt = _measure(now, tests, settings)
    weeks = np.where(settings.is_thiopurine[tests.drug], tests.weeks_on, NOT_TAKEN)
    dose = now.state.dose_fraction[who]
    now.record.tests.add(who, day, wbc, lymphocytes[who], alt, weeks, dose)
    _act(now, tests, wbc, alt, settings)


@dataclass(frozen=True, eq=False)
class _Tests:
    """The tests of one week: whose, when, for which drug, and how long that has been taken."""

    who: np.ndarray
    day: np.ndarray
    drug: np.ndarray
    weeks_on: np.ndarray


def _watched(state: State, settings: MonitoringSettings) -> np.ndarray:
    """Return the drug that the tests are for: the thiopurine if one is taken."""
    companion_first = np.where(state.companion > 0, state.companion, state.drug)
    return np.where(settings.is_thiopurine[state.drug], state.drug, companion_first)


def _tested(
    now: Now, watched: np.ndarray, settings: MonitoringSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Return who comes for a test in this week, and when.

    Whoever misses a test is overdue: there is a chance each week that it is made up for, and
    the full one again when the next is due.
    """
    state, uniform = now.state, now.luck.uniform["test"]
    is_due = state.next_test <= now.week
    chance = np.where(is_due, settings.adherence[watched], settings.catch_up * state.is_overdue)
    comes = uniform < chance
    missed = np.flatnonzero(is_due & ~comes)
    weeks_on = _weeks_on(now, missed, watched[missed])
    state.next_test[missed] = now.week + _interval(weeks_on, watched[missed], settings)
    state.is_overdue |= is_due
    state.is_overdue &= ~comes
    who = np.flatnonzero(comes)
    day = np.floor(DAYS_PER_WEEK * (now.week + uniform[who] / chance[who]))
    is_seen = day < state.until[who]
    return who[is_seen], day[is_seen]


def _weeks_on(now: Now, who: np.ndarray, watched: np.ndarray) -> np.ndarray:
    """Return weeks on the watched drug; a companion was started on the index day."""
    is_leading = watched == now.state.drug[who]
    return np.where(is_leading, now.state.weeks_on(now.week)[who], float(now.week))


def _interval(
    weeks_on: np.ndarray, watched: np.ndarray, settings: MonitoringSettings
) -> np.ndarray:
    """Return weeks to the next test: often at first, then less, rarely without a drug."""
    first, second = settings.until_weeks
    phase = (weeks_on >= first).astype(np.int8) + (weeks_on >= second)
    between = settings.weeks_between[phase, watched]
    return np.where(watched > 0, between, settings.weeks_off_drug)


def _measure(
    now: Now, tests: _Tests, settings: MonitoringSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Return white cells and ALT as the laboratory finds them."""
    number, traits, who, state = settings.number, settings.traits, tests.who, now.state
    steroid = number["wbc_steroid_rise"] * state.steroid_mg[who] / STEROID_UNIT_MG
    noise = number["wbc_noise_log_sd"] * now.luck.normal["wbc"][who]
    wbc = traits.wbc[who] * np.exp(steroid - state.suppression[who] + noise)
    risk = settings.hepatotoxicity[tests.drug] * settings.own_hepatotoxicity[who]
    is_toxic = traits.hepatotoxicity[who] < risk
    is_toxic &= tests.weeks_on >= traits.hepatotoxicity_weeks[who]
    rise = np.where(is_toxic, number["hepatotoxicity_alt_ratio"], 1.0)
    noise = number["alt_noise_log_sd"] * now.luck.normal["alt"][who]
    return wbc, traits.alt[who] * rise * np.exp(noise)


def _act(
    now: Now, tests: _Tests, wbc: np.ndarray, alt: np.ndarray, settings: MonitoringSettings
) -> None:
    """Stop the drug or cut its dose where a test result asks for it."""
    number, state, who = settings.number, now.state, tests.who
    reaction = now.luck.uniform["reaction"][who]
    marrow = (settings.suppression[tests.drug] > 0) & (wbc < number["wbc_act_below"])
    liver = alt > number["alt_act_above_limits"] * number["alt_upper_limit"]
    liver &= tests.drug > 0
    stops = marrow & (wbc < number["wbc_stop_below"])
    stops |= marrow & (reaction < number["wbc_stop_probability"])
    stops |= liver & (reaction < number["alt_stop_probability"])
    cuts = (marrow | liver) & ~stops
    state.dose_fraction[who[cuts]] *= number["dose_cut_fraction"]
    leads = tests.drug == state.drug[who]
    force_stop(state, who[stops & leads], tests.day[stops & leads], "adverse_event")
    state.companion_forced_day[who[stops & ~leads]] = tests.day[stops & ~leads]
