"""The ways in which follow-up can end, and which of them comes first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from azaanalysis.design.days import NEVER, days_of, earliest
from azaanalysis.design.entrants import Entrants
from azaanalysis.settings import (
    ENDED_NOT_STOPPED,
    DiscontinuationEndpoint,
    Handling,
    Intercurrent,
)
from azaanalysis.study import Study

# The order decides what counts if two fall on one day; death first, it cannot be undone.
_ORDER: tuple[Intercurrent, ...] = ("death", "discontinuation", "switch", "add_on", "pregnancy")
STOPPED, PLANNED = "treatment stopped", "treatment ended as planned or lost"
_WORDS: dict[Intercurrent, str] = {
    "discontinuation": STOPPED,
    "switch": "another study drug",
    "add_on": "another study drug added",
}


@dataclass(frozen=True)
class Ending:
    """One way in which follow-up can end.

    Parameters
    ----------
    name
        What it is called in tables.
    status
        0 if it only stops the counting, else the number of the cause.
    day
        Day for each start (since 1970-01-01), ``NEVER`` where it did not happen.
    deviates
        Whether it is a departure from the protocol, for which weights are needed.
    """

    name: str
    status: int
    day: np.ndarray
    deviates: bool = False


@dataclass(frozen=True)
class End:
    """How the follow-up of each start ended: its day, status, reason; and if it deviated."""

    day: np.ndarray
    status: np.ndarray
    reason: np.ndarray
    deviates: np.ndarray


def first_of(endings: Sequence[Ending]) -> End:
    """Return what came first; on one day the earlier in the list."""
    days = np.stack([ending.day for ending in endings])
    which = days.argmin(axis=0)
    status = np.array([ending.status for ending in endings])[which]
    names = np.array([ending.name for ending in endings], dtype=object)[which]
    deviates = np.array([ending.deviates for ending in endings])[which]
    return End(days.min(axis=0), status, names, deviates)


def intercurrent_endings(
    entrants: Entrants, study: Study, endpoint: str, n_own: int
) -> tuple[list[Ending], tuple[str, ...]]:
    """Return what intercurrent events end, as the study handles them, and the competing causes.

    Composite and competing events come first, then those that only stop the counting.
    """
    days = _days(entrants, study, endpoint)
    handled = study.handling_of(endpoint)
    composite = [e for e in days if handled[e] == "composite"]
    competing = [e for e in days if handled[e] == "competing"]
    endings = [Ending(event, 1, days[event]) for event in composite]
    endings += [Ending(e, n_own + k, days[e]) for k, e in enumerate(competing, 1)]
    endings.append(Ending("death", 0, entrants.death_day))
    ends: tuple[Handling, ...] = ("while_on_treatment", "hypothetical")
    for event in (e for e in days if handled[e] in ends):
        name, deviates = _WORDS.get(event, event), handled[event] == "hypothetical"
        endings.append(Ending(name, 0, days[event], deviates))
    return [*endings, *_planned_ends(entrants, study, endpoint)], tuple(competing)


def _days(entrants: Entrants, study: Study, endpoint: str) -> dict[Intercurrent, np.ndarray]:
    """Return the day of each intercurrent event that the endpoint can meet."""
    settings, handled = study.endpoint(endpoint), study.handling_of(endpoint)
    treatment = entrants.treatment
    days = {"death": entrants.death_day, "switch": treatment.switch_day}
    if handled["add_on"] == handled["switch"]:
        days["switch"] = np.minimum(treatment.switch_day, treatment.add_on_day)
    else:
        days["add_on"] = treatment.add_on_day
    if not isinstance(settings, DiscontinuationEndpoint):
        counts = ~np.isin(treatment.reason, ENDED_NOT_STOPPED)
        if handled["discontinuation"] == "hypothetical":
            counts &= ~np.isin(treatment.reason, study.comparison.adherence.may_stop_for)
        days["discontinuation"] = np.where(counts, lagged_stop(entrants, settings), NEVER)
    if "pregnancy" in handled:
        days["pregnancy"] = _first_event(entrants, "pregnancy")
    return {event: days[event] for event in _ORDER if event in days}


def _planned_ends(entrants: Entrants, study: Study, endpoint: str) -> Iterator[Ending]:
    """Return the end of treatments that were not given up; none if stopping is ignored.

    Who completed a planned course or was lost did not give up the drug: that neither competes
    nor deviates, but on treatment it ends the follow-up.
    """
    settings, treatment = study.endpoint(endpoint), entrants.treatment
    if isinstance(settings, DiscontinuationEndpoint):
        is_end = np.isin(treatment.reason, settings.censor)
        # A death without a date is known only as the end of supply.
        is_end |= (treatment.reason == "death") & (entrants.death_day == NEVER)
        yield Ending(PLANNED, 0, np.where(is_end, treatment.stop_day, NEVER))
        return
    strategy = study.strategy_of(endpoint)
    if strategy == "as_started" or study.handling_of(endpoint)["discontinuation"] in (
        "treatment_policy",
    ):
        return
    is_planned = np.isin(treatment.reason, ENDED_NOT_STOPPED)
    name = PLANNED if strategy == "per_protocol" else STOPPED
    yield Ending(name, 0, np.where(is_planned, lagged_stop(entrants, settings), NEVER))


def lagged_stop(entrants: Entrants, settings: object) -> np.ndarray:
    """Return the day on which events stop counting after the last supply."""
    stop = entrants.treatment.stop_day
    return np.where(stop < NEVER, stop + getattr(settings, "lag_days", 0), NEVER)


def _first_event(entrants: Entrants, event: str) -> np.ndarray:
    """Return the first such event from time zero on."""
    events = entrants.cohort.require("events", for_what=f"intercurrent event '{event}'")
    rank, rows = entrants.rows("events")
    day = days_of(events["event_date"])[rows]
    wanted = (events["event"] == event).to_numpy()[rows] & (day >= entrants.index_day[rank])
    return earliest(len(entrants), rank[wanted], day[wanted])
