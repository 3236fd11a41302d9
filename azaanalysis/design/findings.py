"""What each visit showed: response or remission, by the source or by the score itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.design.changing import measure_changing
from azaanalysis.design.days import NEVER, days_of, in_order
from azaanalysis.design.entrants import Entrants
from azaanalysis.design.over_time import place_of
from azaanalysis.design.thresholds import load_thresholds
from azaanalysis.errors import DesignError
from azaanalysis.settings import VisitEndpoint

Array = np.ndarray
# An older score says little of how ill somebody was on the day the drug was started.
_OLDEST_START_DAYS = 90


@dataclass(frozen=True)
class Seen:
    """Visits of the starters, in order of starter and day.

    ``rank`` says whose, ``day`` when (since 1970-01-01), ``present`` whether the finding was
    there: 1, 0, or missing where the visit does not say.
    """

    rank: Array
    day: Array
    present: Array


def see_finding(entrants: Entrants, settings: VisitEndpoint) -> Seen:
    """Return what every visit after time zero says of the finding of an endpoint.

    Visits on the index day come before the drug, so they cannot show what it does.

    Raises
    ------
    DesignError
        If the cohort has no visits, or they do not say whether the finding was present; if doses
        of steroids are asked for and there are none.
    """
    entrants.cohort.require("visits", for_what=f"time to {settings.finding}")
    rank, rows = entrants.rows("visits")
    day = days_of(entrants.cohort.tables["visits"]["visit_date"])[rows]
    order = in_order(rank, day)
    rank, rows, day = rank[order], rows[order], day[order]
    judge = _by_measure if settings.judged_by == "measure" else _by_source
    present = judge(entrants, settings, rank, rows, day)
    is_told = (day > entrants.index_day[rank]) & ~np.isnan(present)
    rank, day, present = rank[is_told], day[is_told], present[is_told]
    if settings.steroid_free:
        present = present * is_steroid_free(entrants, settings, rank, day)
    return Seen(rank, day, _held(rank, present, settings.held_for_visits))


def _by_source(
    entrants: Entrants, settings: VisitEndpoint, rank: Array, rows: Array, day: Array
) -> Array:
    """Return the finding as the source recorded it."""
    visits, column = entrants.cohort.tables["visits"], f"has_{settings.finding}"
    if column not in visits or visits[column].isna().all():
        raise DesignError(
            f"Time to {settings.finding} needs the column '{column}' in visits, and it is empty "
            "or absent. Add it, or let the score judge (judged_by: measure), or take the endpoint "
            "out of the study file."
        )
    recorded: Array = visits[column].to_numpy(dtype="float64", na_value=np.nan)[rows]
    return recorded


def _by_measure(
    entrants: Entrants, settings: VisitEndpoint, rank: Array, rows: Array, day: Array
) -> Array:
    """Judge each score by the published threshold of its measure."""
    visits = entrants.cohort.tables["visits"]
    measure = visits["measure"].astype(str).to_numpy(dtype=object)[rows]
    value = visits["value"].to_numpy(dtype="float64", na_value=np.nan)[rows]
    known = {t.measure: t for t in load_thresholds() if t.finding == settings.finding}
    found = set(measure)
    if not found & set(known):
        raise DesignError(
            f"No measure of the visits has a published threshold of {settings.finding} here. The "
            f"visits hold {', '.join(sorted(found)) or 'nothing'}; thresholds are known of "
            f"{', '.join(known)}. Rename the measure, or use judged_by: source."
        )
    present = np.full(len(rank), np.nan)
    for name in sorted(found & set(known)):
        here = measure == name
        start = _at_start(entrants, rank[here], day[here], value[here])
        present[here] = known[name].judge(value[here], start[rank[here]])
    return present


def _at_start(entrants: Entrants, rank: Array, day: Array, value: Array) -> Array:
    """Return the last score of each starter on or before the index day; missing if there is none.

    The rows are in order of day, so that the last to be written stays.
    """
    since = day - entrants.index_day[rank]
    counts = (since <= 0) & (since >= -_OLDEST_START_DAYS) & ~np.isnan(value)
    start = np.full(len(entrants), np.nan)
    start[rank[counts]] = value[counts]
    return start


def is_steroid_free(entrants: Entrants, settings: VisitEndpoint, rank: Array, day: Array) -> Array:
    """Tell whether the dose was low enough on a day and on all days of the window before it."""
    dose = measure_changing(entrants, "prednisolone_mg_per_day")
    following = np.append(dose.day[1:], NEVER)
    goes_on = np.append(dose.row[1:] == dose.row[:-1], False)
    last = np.where(goes_on, following - 1, NEVER)
    is_high = (dose.value > settings.steroid_at_most_mg_per_day) & (last >= dose.day)
    row, begin, end = dose.row[is_high], dose.day[is_high], last[is_high]
    since = (day - entrants.index_day[rank]).astype("float64")
    place = place_of(row, begin, rank, since)
    at = np.maximum(place, 0)
    is_own = (place >= 0) & (np.append(row, -1)[at] == rank)
    # Spells do not overlap: the last that began is the last that ended.
    free: Array = ~(is_own & (np.append(end, -NEVER)[at] >= since - settings.steroid_window_days))
    return free


def _held(rank: Array, present: Array, n_visits: int) -> Array:
    """Return whether the finding is present now and was at the visits just before."""
    held = present.copy()
    for back in range(1, n_visits):
        before = np.zeros(len(present))
        is_own = rank[back:] == rank[:-back]
        before[back:] = present[:-back] * is_own
        held = held * before
    return held
