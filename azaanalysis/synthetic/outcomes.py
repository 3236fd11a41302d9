"""What became of each patient under one strategy, reduced to a few days and counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.synthetic.formulary import Formulary
from azaanalysis.synthetic.infection import infection_sites
from azaanalysis.synthetic.mechanism import History
from azaanalysis.synthetic.parameters import Parameters
from azaanalysis.synthetic.state import EVENTS, OPEN, STOP_REASONS

# A day nobody is followed to: stands for "never".
NEVER_DAY = 10**6
INFECTIONS = ("infection", "serious_infection", "opportunistic_infection", "herpes_zoster")
_DEATH = STOP_REASONS.index("death")


@dataclass(frozen=True)
class Reading:
    """How a history is read: the same conventions as those of a study.

    Parameters
    ----------
    permissible_gap_days
        Longest gap between two drugs of one class that does not end the treatment.
    lag_days
        Days after the last supply on which infections still count.
    """

    permissible_gap_days: int = 60
    lag_days: int = 0


def read_outcomes(
    history: History,
    formulary: Formulary,
    parameters: Parameters,
    reading: Reading,
    horizon_days: int,
) -> pd.DataFrame:
    """Return one row per patient: days since the index day, ``NEVER_DAY`` for never.

    ``stop_day`` and ``stop_reason`` (code in ``STOP_REASONS``) are of the index treatment; a
    combination ends with the first of its parts, a supply that ends in death is no stop.
    ``exposed_days`` is the last day on treatment or within the lag, before another class is
    started; the counts of infections (``n_...``) are up to it. ``exposed_time`` is the time until
    then, in days: who leaves on a day has half of it, who goes on all of it.
    """
    n = len(history.block.patients)
    stop_day, reason = _treatment_end(history, formulary, reading)
    death_day = np.where(np.isfinite(history.state.death_day), history.state.death_day, NEVER_DAY)
    death_day = np.floor(death_day).astype(np.int64)
    exposed = np.minimum(stop_day + reading.lag_days, _switch_day(history, formulary))
    exposed = np.minimum(exposed, death_day)
    time = np.where(exposed > horizon_days, horizon_days + 1.0, exposed + 0.5)
    exposed = np.minimum(exposed, horizon_days)
    columns = {"stop_day": stop_day, "stop_reason": reason, "death_day": death_day}
    columns |= {"exposed_days": exposed, "exposed_time": time}
    for finding in ("response", "remission"):
        columns[f"{finding}_day"] = _first_visit(history, finding, n)
    for kind, (patient, day) in _infections(history, parameters).items():
        columns[f"{kind}_day"] = _first(patient, day, n)
        counted = day <= exposed[patient]
        columns[f"n_{kind}"] = np.bincount(patient[counted], minlength=n)
    return pd.DataFrame(columns)


def _treatment_end(
    history: History, formulary: Formulary, reading: Reading
) -> tuple[np.ndarray, np.ndarray]:
    """Return the last day of the index treatment and the reason; drugs of one class go on."""
    courses, companion = history.record.courses, history.record.companion
    class_code = np.unique(formulary.classes, return_inverse=True)[1][courses.drug]
    end, why = _days(courses.stop[0]), courses.reason[0].copy()
    goes_on = np.ones(len(end), dtype=bool)
    for line in range(1, len(courses.drug)):
        gap = courses.start[line] - end - 1
        goes_on &= (courses.start[line] != OPEN) & (class_code[line] == class_code[0])
        goes_on &= gap <= reading.permissible_gap_days
        end = np.where(goes_on, _days(courses.stop[line]), end)
        why = np.where(goes_on, courses.reason[line], why)
    other = np.where(companion.start[0] != OPEN, _days(companion.stop[0]), NEVER_DAY)
    why = np.where(other <= end, companion.reason[0], why)
    end = np.minimum(end, other)
    died = why == _DEATH
    return np.where(died, NEVER_DAY, end), np.where(died | (end == NEVER_DAY), OPEN, why)


def _days(stop: np.ndarray) -> np.ndarray:
    return np.where(stop == OPEN, NEVER_DAY, stop).astype(np.int64)


def _switch_day(history: History, formulary: Formulary) -> np.ndarray:
    """Return the first day of a drug of another class that leads a strategy."""
    courses = history.record.courses
    class_code = np.unique(formulary.classes, return_inverse=True)[1]
    leads = np.unique(class_code[formulary.share.any(axis=0)])
    now = class_code[courses.drug]
    is_switch = (courses.start != OPEN) & np.isin(now, leads) & (now != now[0])
    day: np.ndarray = np.where(is_switch, courses.start, NEVER_DAY).min(axis=0)
    return day


def _first_visit(history: History, finding: str, n: int) -> np.ndarray:
    visits = history.visits
    seen = visits[f"has_{finding}"]
    return _first(visits["patient"][seen], visits["day"][seen].astype(np.int64), n)


def _first(patient: np.ndarray, day: np.ndarray, n: int) -> np.ndarray:
    first = np.full(n, NEVER_DAY, dtype=np.int64)
    np.minimum.at(first, patient, day)
    return first


def _infections(
    history: History, parameters: Parameters
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return whose and when, for each kind of infection."""
    events = history.record.events.joined()
    is_infection = events["event"] == EVENTS.index("infection")
    zoster = infection_sites(parameters).index("herpes_zoster")
    kinds = {
        "infection": is_infection,
        "serious_infection": is_infection & (events["is_serious"] == 1),
        "opportunistic_infection": is_infection & (events["is_opportunistic"] == 1),
        "herpes_zoster": is_infection & (events["site"] == zoster),
    }
    day = events["day"].astype(np.int64)
    return {kind: (events["patient"][wanted], day[wanted]) for kind, wanted in kinds.items()}
