"""What became of each patient under one strategy, reduced to a few days and counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from azaanalysis.synthetic.formulary import Formulary
from azaanalysis.synthetic.found import Finding, event_rows, finding_rows
from azaanalysis.synthetic.infection import infection_sites
from azaanalysis.synthetic.mechanism import History
from azaanalysis.synthetic.parameters import Parameters
from azaanalysis.synthetic.state import EVENTS, OPEN, STOP_REASONS

# A day nobody is followed to: stands for "never".
NEVER_DAY = 10**6
INFECTIONS = ("infection", "serious_infection", "opportunistic_infection", "herpes_zoster")
_DEATH = STOP_REASONS.index("death")


Strategy = Literal["on_treatment", "as_started"]


@dataclass(frozen=True)
class Reading:
    """How a history is read: the same conventions as those of a study.

    Parameters
    ----------
    permissible_gap_days
        Longest gap between two drugs of one component that does not end the treatment.
    lag_days
        Days after the last supply on which infections still count.
    episode_gap_days
        Infections of one kind closer than this to the one before are one episode.
    strategy
        ``on_treatment``: responses and infections count while on the first treatment.
        ``as_started``: they count until death, whatever is taken.
    findings
        Results of blood tests to look for: a finding counts for as long as infections do.
    """

    permissible_gap_days: int = 60
    lag_days: int = 0
    episode_gap_days: int = 0
    strategy: Strategy = "on_treatment"
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What became of the patients of one block under one strategy.

    Parameters
    ----------
    days
        One row per patient: days since the index day, ``NEVER_DAY`` for never. ``stop_day`` and
        ``stop_reason`` (code in ``STOP_REASONS``) are of the index treatment; a combination ends
        with the first of its parts, a supply that ends in death is no stop. ``exposed_days`` is
        the last day on which events count. ``exposed_time`` is the time until then, in days: who
        leaves on a day has half of it, who goes on all of it. ``n_...`` counts infections,
        ``..._day`` is the first of a finding or an infection that counts.
    infections
        One row per infection that counts: ``person`` (row of ``days``), ``kind``, ``day``.
    """

    days: pd.DataFrame
    infections: pd.DataFrame


def read_outcomes(
    history: History,
    formulary: Formulary,
    parameters: Parameters,
    reading: Reading,
    horizon_days: int,
) -> Outcomes:
    """Reduce one history to what a study would count."""
    n = len(history.block.patients)
    stop_day, reason = _treatment_end(history, formulary, reading)
    death_day = np.where(np.isfinite(history.state.death_day), history.state.death_day, NEVER_DAY)
    death_day = np.floor(death_day).astype(np.int64)
    last = death_day
    if reading.strategy == "on_treatment":
        last = np.minimum(stop_day + reading.lag_days, _switch_day(history, formulary))
        last = np.minimum(last, death_day)
    time = np.where(last > horizon_days, horizon_days + 1.0, last + 0.5)
    exposed = np.minimum(last, horizon_days)
    until_seen = death_day
    if reading.strategy == "on_treatment":
        until_seen = np.minimum(stop_day, death_day)
    columns = {"stop_day": stop_day, "stop_reason": reason, "death_day": death_day}
    columns |= {"exposed_days": exposed, "exposed_time": time}
    for finding in ("response", "remission"):
        day = _first_visit(history, finding, n)
        columns[f"{finding}_day"] = np.where(day <= until_seen, day, NEVER_DAY)
    seen = {found.name: finding_rows(found, history, parameters) for found in reading.findings}
    for name, (person, day) in {
        **seen,
        "pancreatitis": event_rows("pancreatitis", history),
    }.items():
        counts = day <= exposed[person]
        columns[f"{name}_day"] = _first(person[counts], day[counts], n)
    infections = _infections(history, parameters, exposed, reading.episode_gap_days)
    for kind in INFECTIONS:
        of_kind = infections[infections["kind"] == kind]
        person, day = of_kind["person"].to_numpy(), of_kind["day"].to_numpy()
        columns[f"{kind}_day"] = _first(person, day, n)
        columns[f"n_{kind}"] = np.bincount(person, minlength=n)
    return Outcomes(pd.DataFrame(columns), infections)


def _treatment_end(
    history: History, formulary: Formulary, reading: Reading
) -> tuple[np.ndarray, np.ndarray]:
    """Return the last day of the index treatment and the reason; drugs of one component go on."""
    courses, companion = history.record.courses, history.record.companion
    component = _components(formulary)[courses.drug]
    end, why = _days(courses.stop[0]), courses.reason[0].copy()
    goes_on = np.ones(len(end), dtype=bool)
    for line in range(1, len(courses.drug)):
        gap = courses.start[line] - end - 1
        goes_on &= (courses.start[line] != OPEN) & (component[line] == component[0])
        goes_on &= gap <= reading.permissible_gap_days
        end = np.where(goes_on, _days(courses.stop[line]), end)
        why = np.where(goes_on, courses.reason[line], why)
    other = np.where(companion.start[0] != OPEN, _days(companion.stop[0]), NEVER_DAY)
    why = np.where(other <= end, companion.reason[0], why)
    end = np.minimum(end, other)
    died = why == _DEATH
    return np.where(died, NEVER_DAY, end), np.where(died | (end == NEVER_DAY), OPEN, why)


def _components(formulary: Formulary) -> np.ndarray:
    """Return, by drug code, the strategy that the drug leads without a companion; -1 if none.

    Drugs that lead the same strategy are one component of a study: one may follow the other.
    """
    alone = (formulary.share > 0) & (formulary.companion == 0)[:, None]
    component: np.ndarray = np.where(alone.any(axis=0), alone.argmax(axis=0), -1)
    return component


def _days(stop: np.ndarray) -> np.ndarray:
    return np.where(stop == OPEN, NEVER_DAY, stop).astype(np.int64)


def _switch_day(history: History, formulary: Formulary) -> np.ndarray:
    """Return the first day of a drug that leads another strategy."""
    courses = history.record.courses
    now = _components(formulary)[courses.drug]
    is_switch = (courses.start != OPEN) & (now >= 0) & (now != now[0])
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
    history: History, parameters: Parameters, last_day: np.ndarray, gap_days: int
) -> pd.DataFrame:
    """Return the infections that count, by kind; one infection may be of several kinds."""
    events = history.record.events.joined()
    is_infection = events["event"] == EVENTS.index("infection")
    is_infection &= events["day"] <= last_day[events["patient"].astype(np.int64)]
    zoster = infection_sites(parameters).index("herpes_zoster")
    is_kind = {
        "infection": is_infection,
        "serious_infection": is_infection & (events["is_serious"] == 1),
        "opportunistic_infection": is_infection & (events["is_opportunistic"] == 1),
        "herpes_zoster": is_infection & (events["site"] == zoster),
    }
    parts = []
    for code, kind in enumerate(INFECTIONS):
        rows = np.column_stack([events["patient"][is_kind[kind]], events["day"][is_kind[kind]]])
        rows = _episodes(np.unique(rows.astype(np.int64), axis=0), gap_days)
        codes = np.full(len(rows), code, dtype=np.int8)
        kinds = pd.Categorical.from_codes(codes, categories=pd.Index(INFECTIONS, dtype=object))
        parts.append(pd.DataFrame({"person": rows[:, 0], "kind": kinds, "day": rows[:, 1]}))
    return pd.concat(parts, ignore_index=True)


def _episodes(rows: np.ndarray, gap_days: int) -> np.ndarray:
    """Keep the first infection of each episode, in rows of patient and day in order."""
    if not gap_days or not len(rows):
        return rows
    apart = np.diff(rows, axis=0)
    is_new = np.append(True, (apart[:, 0] != 0) | (apart[:, 1] > gap_days))
    kept: np.ndarray = rows[is_new]
    return kept
