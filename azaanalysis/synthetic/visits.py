"""Visits: the disease is seen only when somebody looks, and with a measuring error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.synthetic.baseline import Patients
from azaanalysis.synthetic.draws import Draws
from azaanalysis.synthetic.parameters import DAYS_PER_WEEK, Parameters
from azaanalysis.synthetic.traits import Traits

# The measure that each disease is followed with.
MEASURE_OF = {
    "crohns_disease": "cdai",
    "ulcerative_colitis": "mayo",
    "rheumatoid_arthritis": "das28_crp",
    "lupus_nephritis": "proteinuria_g_per_day",
    "anca_vasculitis": "bvas",
}
# Steroid effects on activity are written for 40 mg prednisolone.
STEROID_UNIT_MG = 40


@dataclass(frozen=True, eq=False)
class Course:
    """How the disease ran: effect and steroid dose, weeks by patients, and when it ended."""

    effect: np.ndarray
    steroid_mg: np.ndarray
    until: np.ndarray


def activity(
    patient: np.ndarray,
    day: np.ndarray,
    course: Course,
    patients: Patients,
    traits: Traits,
    parameters: Parameters,
) -> np.ndarray:
    """Return disease activity on given days; 1 is an average starter without treatment."""
    week = np.clip(day // DAYS_PER_WEEK, 0, len(course.effect) - 1).astype(np.int64)
    effect = course.effect[week, patient]
    relief = parameters["steroid_relief_most"] * np.minimum(
        course.steroid_mg[week, patient] / STEROID_UNIT_MG, 1.0
    )
    start = 1 + parameters["activity_per_severity"] * patients.severity[patient]
    drift = parameters["activity_drift_sd"] * traits.drift[patient]
    now: np.ndarray = np.maximum(start * (1 - effect) + drift, 0) * (1 - relief)
    return now


def hold_visits(
    draws: Draws, course: Course, patients: Patients, traits: Traits, parameters: Parameters
) -> dict[str, np.ndarray]:
    """Return the visits of one block: patient, day, value, has_response, has_remission.

    The first visit is on the index day, before the drug.
    """
    stream = draws.stream("visits")
    day = _visit_days(stream, draws.n, len(course.effect), parameters)
    noise = stream.standard_normal(day.shape)
    patient, place = np.nonzero(day < course.until[:, None])
    day_seen = day[patient, place]
    now = activity(patient, day_seen, course, patients, traits, parameters)
    at_start = 1 + parameters["activity_per_severity"] * patients.severity
    at_start = at_start + parameters["activity_drift_sd"] * traits.drift
    now = np.where(place == 0, at_start[patient], now)
    value = _score(now, noise[patient, place], patients.disease[patient], patients, parameters)
    value = _active_at_start(value, place == 0, patients.disease[patient], patients, parameters)
    first = value[np.searchsorted(patient, patient)]
    response, remission = _judge(value, first, patients.disease[patient], patients, parameters)
    later = place > 0
    return {
        "patient": patient,
        "day": day_seen,
        "disease": patients.disease[patient],
        "value": value,
        "has_response": response & later,
        "has_remission": remission & later,
    }


def _visit_days(
    stream: np.random.Generator, n: int, weeks: int, parameters: Parameters
) -> np.ndarray:
    """Return days of the visits (columns) that each patient comes to; far away if missed."""
    shortest, longest = parameters["visit_weeks_shortest"], parameters["visit_weeks_longest"]
    most = int(weeks / max(shortest, 1)) + 1
    shape = (n, most)
    interval = stream.uniform(shortest, longest, shape)
    is_late = stream.random(shape) < parameters["visit_late"]
    lateness = stream.exponential(max(parameters["visit_late_weeks_mean"], 1e-9), shape)
    due = np.cumsum(interval, axis=1) * DAYS_PER_WEEK
    day = np.floor(due + np.where(is_late, lateness * DAYS_PER_WEEK, 0))
    # A visit so late that the next is due is that next visit.
    day[:, :-1] = np.where(day[:, :-1] < np.floor(due[:, 1:]), day[:, :-1], np.inf)
    day = np.where(stream.random(shape) < parameters["visit_missed"], np.inf, day)
    return np.column_stack([np.zeros(n), day])


def _by_disease(
    quantity: str, disease: np.ndarray, patients: Patients, parameters: Parameters
) -> np.ndarray:
    measures = [MEASURE_OF[name] for name in patients.diseases]
    of_row: np.ndarray = parameters.by(quantity, measures)[disease]
    return of_row


def _score(
    activity_now: np.ndarray,
    noise: np.ndarray,
    disease: np.ndarray,
    patients: Patients,
    parameters: Parameters,
) -> np.ndarray:
    """Turn activity into the score of the patient's disease, with its measuring error."""

    def of(quantity: str) -> np.ndarray:
        return _by_disease(quantity, disease, patients, parameters)

    raw = of("score_floor") + of("score_range") * activity_now + of("score_noise") * noise
    step = of("score_step")
    # Tenths have no exact binary form: 34 steps of 0.1 are 3.4000000000000004.
    stepped = np.round(np.round(raw / step) * step, 6)
    score: np.ndarray = np.clip(stepped, of("score_least"), of("score_most"))
    return score


def _active_at_start(
    value: np.ndarray,
    is_start: np.ndarray,
    disease: np.ndarray,
    patients: Patients,
    parameters: Parameters,
) -> np.ndarray:
    """Lift the first score to active disease: nobody is started on a drug in remission."""
    least = _by_disease("score_start_least", disease, patients, parameters)
    return np.where(is_start, np.maximum(value, least), value)


def _judge(
    value: np.ndarray,
    first: np.ndarray,
    disease: np.ndarray,
    patients: Patients,
    parameters: Parameters,
) -> tuple[np.ndarray, np.ndarray]:
    """Return response and remission by the published thresholds of the measure."""
    remission = value < _by_disease("remission_below", disease, patients, parameters)
    # Scores come in steps of 0.1 at the finest; 3.8 less 2.6 is 1.1999999999999997.
    fall = first - value + 1e-9
    enough = fall >= _by_disease("response_fall", disease, patients, parameters)
    share = _by_disease("response_fall_share", disease, patients, parameters)
    return (enough & (fall >= share * first)) | remission, remission
