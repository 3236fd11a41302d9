"""Small counts stay inside: what may be shown, and what would give it away.

Covered here
    What a follow-up tells of its course: events, causes, reasons why follow-up ended, those at
    risk. ``design/release.py`` chooses the moments on which they may be shown, once for all tables
    and figures of the follow-up, so that no two numbers of it differ by a small count
    (``withheld.py`` reads it). Rows that count something else (events that repeat, states) follow
    the rules of their own table, below: counts from 1 to the threshold less one, whatever is
    computed from so few, steps of a curve, the few without the event, one reason among several,
    comparisons with a masked arm, the complement of a masked cell in a table with a known total.
    Numbers of real patients have four digits, because a long decimal tells its fraction.

Not covered here
    Differences between the tables of *several* follow-ups, and between two reports:
    ``report/linked.py`` looks for those once the report is written. Counts written into notes by
    whoever made the estimate. A release of real data still needs the eye of the person who is
    answerable for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.blocking import block
from azaanalysis.result import SMALLEST_COUNT_IF_UNSTATED, Estimate
from azaanalysis.small_counts import LINKED, SHOWN, SMALL, is_safe, is_small, protect
from azaanalysis.vocab import QUANTITIES
from azaanalysis.withheld import mark_by_release

_NUMBERS = ["value", "lower", "upper", "std_error"]
_DIGITS = 4
# Numbers that stand for themselves on each day, with patients of their own: no curve of one arm.
_ALONE = ("schedule_kept", "mean_level")
_CURVE = ["endpoint", "cause", "arm", "versus", "quantity"]


def suppress(estimate: Estimate) -> Estimate:
    """Blank small counts in an estimate, and the numbers from which they could be worked out.

    The threshold is ``about["smallest_count"]``: counts from 1 to one less become missing, zero
    may be shown, 1 shows everything. Suppressing twice is the same as suppressing once.
    Comparisons that did not pass the gate are blanked as well, so that no exit can forget them.

    Parameters
    ----------
    estimate
        Any estimate. If it does not say its threshold, 5 is taken.

    Returns
    -------
    Estimate
        The same rows. ``about["masked"]`` counts the rows in which something was blanked.

    Notes
    -----
    Convention: "<5" as in DARWIN EU and HADES; the steps of curves follow the idea of
    OpenSAFELY, that an interval between two steps holds no small count. What is not covered
    is listed at the head of this module.
    """
    estimate = block(estimate)
    before = int(estimate.about.get("masked", 0))
    marks = find_masked(estimate)
    frame = estimate.frame.copy()
    hides_events = (marks["events"] != SHOWN).to_numpy()
    hides_patients = (marks["patients"] != SHOWN).to_numpy()
    is_point = frame["at_days"].isna().to_numpy()
    few_people = hides_patients & (is_point | _is_alone(frame))
    frame.loc[hides_events | few_people, _NUMBERS] = np.nan
    # Time observed by a day tells how many were there on each day before.
    frame.loc[few_people | ((hides_patients | hides_events) & ~is_point), "patient_years"] = np.nan
    frame.loc[hides_events, "events"] = pd.NA
    frame.loc[hides_patients, "patients"] = pd.NA
    if smallest_count_of(estimate) > 1:
        frame[[*_NUMBERS, "patient_years"]] = _shorten(frame[[*_NUMBERS, "patient_years"]])
    n_masked = int((hides_events | hides_patients).sum())
    return Estimate(frame, {**estimate.about, "masked": before + n_masked})


def find_masked(estimate: Estimate) -> pd.DataFrame:
    """Mark each count of an estimate: shown, small, or linked to a small one.

    Returns
    -------
    DataFrame
        Columns ``patients`` and ``events``, one row per row of the estimate; each cell is
        ``""`` (may be shown), ``"small"`` or ``"linked"``.
    """
    frame, k = estimate.frame, smallest_count_of(estimate)
    if k == 1:
        return pd.DataFrame(SHOWN, index=frame.index, columns=["patients", "events"], dtype=object)
    patients, events, is_decided = mark_by_release(estimate)
    rest = frame[~is_decided].reset_index(drop=True)
    patients[~is_decided], events[~is_decided] = _mark_by_table(rest, k)
    return pd.DataFrame({"patients": patients, "events": events}, index=frame.index)


def _mark_by_table(frame: pd.DataFrame, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Mark rows by what stands in the same table."""
    patients = np.where(is_small(frame["patients"], k), SMALL, SHOWN).astype(object)
    events = np.where(is_small(frame["events"], k), SMALL, SHOWN).astype(object)
    _mark_few_without_event(frame, events, k)
    _mark_shares(frame, events, k)
    _mark_steps(frame, events, k)
    _mark_causes(frame, events, k)
    _mark_contrasts(frame, patients, events)
    return patients, events


def _shorten(frame: pd.DataFrame) -> pd.DataFrame:
    """Round numbers to four significant digits."""
    numbers = frame.to_numpy("float64")
    size = np.floor(np.log10(np.abs(numbers), where=numbers != 0, out=np.zeros_like(numbers)))
    unit = 10.0 ** (np.nan_to_num(size, posinf=0.0, neginf=0.0) - _DIGITS + 1)
    with np.errstate(invalid="ignore"):
        return pd.DataFrame(np.round(numbers / unit) * unit, frame.index, frame.columns)


def smallest_count_of(estimate: Estimate) -> int:
    """Return the threshold of an estimate; 5 if it does not say."""
    return int(estimate.about.get("smallest_count", SMALLEST_COUNT_IF_UNSTATED))


def suppress_counts(
    frame: pd.DataFrame,
    *,
    columns: Sequence[str],
    smallest_count: int,
    within: Sequence[str] = (),
) -> pd.DataFrame:
    """Blank small counts in a summary frame, and the cells that would give them away.

    Parameters
    ----------
    frame
        A frame of counts.
    columns
        Columns that hold counts. Each is protected by itself.
    smallest_count
        Smallest count that may be shown.
    within
        Columns that name groups of rows whose total is known to the reader; all rows form
        one such group if empty.

    Returns
    -------
    DataFrame
        The same rows with missing cells. If the masked cells of a group could be worked out
        from its total, the smallest further cell is masked with them.
    """
    masked = frame.copy()
    groups = frame.groupby(list(within), sort=False).indices.values() if within else ()
    for column in columns:
        marks = np.where(is_small(frame[column], smallest_count), SMALL, SHOWN).astype(object)
        for rows in groups or (np.arange(len(frame)),):
            marks[rows] = protect(frame[column].iloc[rows], marks[rows], smallest_count)
        masked[column] = frame[column].astype("Int64").mask(marks != SHOWN)
    return masked


def _mark_few_without_event(frame: pd.DataFrame, events: np.ndarray, k: int) -> None:
    """Hide the events of nearly everybody: the few others could be counted."""
    for rows in _curves(frame).values():
        first = frame.iloc[rows[0]]
        if QUANTITIES[first["quantity"]].scale == "mean":
            continue  # events repeat, so that they do not count those without
        if pd.isna(first["patients"]) or not (pd.isna(first["at_days"]) or first["events"] == 0):
            continue  # not read from its beginning, so the size of the arm is not in it
        others = first["patients"] - frame["events"].iloc[rows]
        hidden = rows[is_small(others, k) & (events[rows] == SHOWN)]
        events[hidden] = LINKED


def _mark_shares(frame: pd.DataFrame, events: np.ndarray, k: int) -> None:
    """Hide shares of which few are left over; each row counts its own patients."""
    left_over = is_small(frame["patients"] - frame["events"], k)
    events[_is_alone(frame) & left_over & (events == SHOWN)] = LINKED


def _mark_steps(frame: pd.DataFrame, events: np.ndarray, k: int) -> None:
    """Hold back a step until enough events have come together since the last one shown."""
    counts = frame["events"].to_numpy(dtype="float64", na_value=np.nan)
    for rows in _curves(frame).values():
        last_shown = 0.0
        for row in rows[~frame["at_days"].iloc[rows].isna().to_numpy()]:
            if events[row] == SHOWN and 0 < counts[row] - last_shown < k:
                events[row] = LINKED
            elif events[row] == SHOWN and counts[row] > last_shown:
                last_shown = counts[row]


def _mark_causes(frame: pd.DataFrame, events: np.ndarray, k: int) -> None:
    """Keep one reason from being worked out as the total less the other reasons."""
    is_share = _is_probability(frame) & (frame["versus"] == "").to_numpy()
    places = np.flatnonzero(is_share)
    names = frame["cause"].to_numpy()
    counts = np.nan_to_num(frame["events"].to_numpy("float64", na_value=np.nan))
    same_day = frame[is_share].groupby(["endpoint", "arm", "at_days"], sort=False, dropna=False)
    for positions in same_day.indices.values():
        rows = places[positions]
        causes, total = rows[names[rows] != ""], rows[names[rows] == ""]
        if len(causes) < 2 or (events[causes] == SHOWN).all():
            continue
        events[causes] = protect(counts[causes], events[causes], k)
        hidden = causes[events[causes] != SHOWN]
        if not is_safe(counts[hidden], events[hidden], k):
            events[total] = np.where(events[total] == SHOWN, LINKED, events[total])


def _mark_contrasts(frame: pd.DataFrame, patients: np.ndarray, events: np.ndarray) -> None:
    """Hide a comparison when one of its arms is masked: the other arm would give it away."""
    hidden = (events != SHOWN) | ((patients != SHOWN) & frame["at_days"].isna().to_numpy())
    keys = ["endpoint", "cause", "at_days"]
    alone = frame[hidden & (frame["versus"] == "").to_numpy()]
    masked = {(*key, arm) for *key, arm in alone[[*keys, "arm"]].fillna(-1).to_numpy().tolist()}
    if not masked:
        return
    compared = frame[(frame["versus"] != "").to_numpy()].fillna({"at_days": -1})
    columns = compared[[*keys, "arm", "versus"]].to_numpy().tolist()
    for row, (*place, arm, versus) in zip(compared.index.to_numpy(), columns, strict=True):
        if {(*place, arm), (*place, versus)} & masked and events[row] == SHOWN:
            events[row] = LINKED


def _curves(frame: pd.DataFrame) -> dict[Any, np.ndarray]:
    """Return the rows of each curve, proportion or mean count, in order of days."""
    is_curve = _has_scale(frame, "probability", "mean") & ~_is_alone(frame)
    shares = frame[is_curve].sort_values("at_days", kind="stable")
    groups = shares.groupby(_CURVE, sort=False, dropna=False).groups
    return {key: np.asarray(rows) for key, rows in groups.items()}


def _is_alone(frame: pd.DataFrame) -> np.ndarray:
    return frame["quantity"].isin(_ALONE).to_numpy()


def _is_probability(frame: pd.DataFrame) -> np.ndarray:
    return _has_scale(frame, "probability")


def _has_scale(frame: pd.DataFrame, *scales: str) -> np.ndarray:
    found = frame["quantity"].map(lambda quantity: QUANTITIES[quantity].scale)
    return found.isin(scales).to_numpy()
