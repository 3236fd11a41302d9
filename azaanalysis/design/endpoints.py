"""When each endpoint happened, in days since 1970-01-01."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.design.days import NEVER, days_of, earliest, in_order, starts_group
from azaanalysis.design.entrants import Entrants
from azaanalysis.design.findings import see_finding
from azaanalysis.errors import DesignError
from azaanalysis.settings import EventEndpoint, VisitEndpoint
from azaanalysis.wording import nearest


@dataclass(frozen=True)
class Dated:
    """Rows of a table that belong to the starters: whose (``rank``) and when (``day``)."""

    rank: np.ndarray
    day: np.ndarray


def response_visits(entrants: Entrants, settings: VisitEndpoint) -> tuple[Dated, Dated]:
    """Return the visits after time zero with the finding, and those without it.

    Raises
    ------
    DesignError
        As :func:`see_finding`.
    """
    seen = see_finding(entrants, settings)
    is_found = seen.present == 1
    return _dated(seen.rank, seen.day, is_found), _dated(seen.rank, seen.day, ~is_found)


def dated_events(entrants: Entrants, settings: EventEndpoint) -> Dated:
    """Return the events of the endpoint from time zero on, one per episode.

    An event within ``episode_gap_days`` of the one before belongs to its episode.

    Raises
    ------
    DesignError
        If the cohort has no events, no event of that name, or no column that ``where`` names.
    """
    events = entrants.cohort.require("events", for_what=f"endpoint '{settings.event}'")
    known = list(events["event"].cat.categories)
    if settings.event not in known:
        raise DesignError(
            f"The study counts the event '{settings.event}', which the events table does not "
            f"hold; {nearest(settings.event, known)}"
        )
    wanted = (events["event"] == settings.event).to_numpy()
    for column, word in settings.where.items():
        wanted &= _holds(events, column, word)
    rank, rows = entrants.rows("events")
    day = days_of(events["event_date"])[rows]
    found = _dated(rank, day, wanted[rows] & (day >= entrants.index_day[rank]))
    return _episodes(found, settings.episode_gap_days)


def first_days(n: int, found: Dated) -> np.ndarray:
    """Return the first day of each starter, ``NEVER`` where there is none."""
    return earliest(n, found.rank, found.day)


def last_days_before(found: Dated, limit: np.ndarray, *, otherwise: np.ndarray) -> np.ndarray:
    """Return the last day of each starter that lies before a limit, or else another day."""
    early = found.day < limit[found.rank]
    last = otherwise.copy()
    np.maximum.at(last, found.rank[early], found.day[early])
    return last


def _dated(rank: np.ndarray, day: np.ndarray, wanted: np.ndarray) -> Dated:
    return Dated(rank[wanted], day[wanted])


def _holds(events: pd.DataFrame, column: str, word: bool | str) -> np.ndarray:
    if column not in events:
        raise DesignError(
            f"The study asks for '{column}' of events, but the table has no such column; "
            f"{nearest(column, [str(c) for c in events])}"
        )
    if pd.api.types.is_bool_dtype(events[column].dtype) and not isinstance(word, bool):
        raise DesignError(
            f"The study asks for '{column}: {word}', but {column} is true or false. "
            "Write true or false, without quotation marks."
        )
    return (events[column] == word).fillna(False).to_numpy(dtype=bool)


def _episodes(found: Dated, gap_days: int) -> Dated:
    """Keep the first event of each episode."""
    order = in_order(found.rank, found.day)
    rank, day = found.rank[order], found.day[order]
    if not gap_days or not len(day):
        return Dated(rank, day)
    apart = day - np.append(-NEVER, day[:-1])
    is_new = starts_group(rank) | (apart > gap_days)
    return Dated(rank[is_new], day[is_new])
