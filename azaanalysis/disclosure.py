"""Small counts stay inside: what may be shown, and what would give it away.

Covered here
    Counts of patients or events from 1 to the threshold less one. Whatever is computed from
    so few: rates, risks, ratios, their limits and standard errors. Steps of a curve: a step is
    shown only once enough events have come together since the last one shown, so that two
    neighbouring rows never differ by a small count. The few who did not have the event when
    nearly all had. One reason among several, when the others and the total would give it away.
    A comparison of two arms when one of them is masked in the same estimate. The complement of
    a single masked cell in a table with a known total.

Not covered
    Differences between *separate* tables or reports (the same cohort with and without one site;
    a curve read at day 90 in one table and at day 91 in another). Totals of both arms printed
    with a ratio, when one arm's count is masked in another table. Differences between numbers at
    risk on neighbouring days, which count those who left for whatever reason. Sums over several
    reasons of differences over time. Counts written into notes by whoever made the estimate.
    A release of real data still needs the eye of the person who is answerable for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.blocking import block
from azaanalysis.result import SMALLEST_COUNT_IF_UNSTATED, Estimate
from azaanalysis.vocab import QUANTITIES

SHOWN, SMALL, LINKED = "", "small", "linked"
_NUMBERS = ["value", "lower", "upper", "std_error"]
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
    few_people = hides_patients & (frame["at_days"].isna().to_numpy() | _is_alone(frame))
    frame.loc[hides_events | few_people, _NUMBERS] = np.nan
    frame.loc[few_people, "patient_years"] = np.nan
    frame.loc[hides_events, "events"] = pd.NA
    frame.loc[hides_patients, "patients"] = pd.NA
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
    patients = np.where(is_small(frame["patients"], k), SMALL, SHOWN).astype(object)
    events = np.where(is_small(frame["events"], k), SMALL, SHOWN).astype(object)
    if k > 1:
        _mark_few_without_event(frame, events, k)
        _mark_shares(frame, events, k)
        _mark_steps(frame, events, k)
        _mark_causes(frame, events, k)
        _mark_contrasts(frame, patients, events)
    return pd.DataFrame({"patients": patients, "events": events}, index=frame.index)


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


def is_small(counts: pd.Series, smallest_count: int) -> np.ndarray:
    """Tell which counts lie from 1 to one less than the threshold."""
    numbers = counts.to_numpy(dtype="float64", na_value=np.nan)
    return (numbers >= 1) & (numbers < smallest_count)


def protect(counts: Any, marks: np.ndarray, smallest_count: int) -> np.ndarray:
    """Mark further cells until no small one can be worked out from the total of all.

    Parameters
    ----------
    counts
        Cells whose total is known.
    marks
        ``""``, ``"small"`` or ``"linked"`` for each cell.
    smallest_count
        Smallest count that may be shown.
    """
    is_array = isinstance(counts, np.ndarray)
    given = counts if is_array else pd.array(counts, dtype="Int64").to_numpy("float64", na_value=0)
    numbers = np.nan_to_num(given.astype("float64"))
    marks = np.array(marks, dtype=object)
    while not is_safe(numbers[marks != SHOWN], marks[marks != SHOWN], smallest_count):
        free = np.flatnonzero((marks == SHOWN) & (numbers > 0))
        if not len(free):
            break
        marks[free[np.argmin(numbers[free])]] = LINKED
    return marks


def is_safe(numbers: np.ndarray, marks: np.ndarray, k: int) -> bool:
    """Tell whether each small cell could still be two things, given the sum of the masked."""
    if not len(numbers):
        return True
    if len(numbers) == 1 or numbers.sum() < k:
        return False
    small = marks == SMALL
    least = np.where(small, 1.0, float(k))
    most = np.where(small, k - 1.0, np.inf)
    lowest = np.maximum(1.0, numbers.sum() - (most.sum() - most[small]))
    highest = np.minimum(k - 1.0, numbers.sum() - (least.sum() - least[small]))
    # With a threshold of 2 a small cell can only be one: there is nothing left to protect.
    return k == 2 or bool((highest > lowest).all())


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
