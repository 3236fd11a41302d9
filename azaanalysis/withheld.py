"""Which rows of an estimate its follow-up allows to be shown."""

from __future__ import annotations

import numpy as np
import pandas as pd

from azaanalysis.design.release import Course, Release, mark_arm
from azaanalysis.result import Estimate
from azaanalysis.small_counts import LINKED, SHOWN, SMALL

Array = np.ndarray
_GROUP = ["endpoint", "cause", "arm", "versus", "quantity"]
# Quantities that count everybody who left by the end of a day, for whatever reason.
_ENDINGS = ("ended", "followed")
# Quantities whose events are those of a window, not those since the start.
_WITHIN = ("rate_in_window", "hazard_ratio_in_window")


def mark_by_release(estimate: Estimate) -> tuple[Array, Array, Array]:
    """Mark the counts of those rows whose follow-up says what may be shown of it.

    Returns
    -------
    tuple
        Marks of patients, marks of events, and for each row whether it was decided here. A row
        is left to the rules of its table if its counts are not those of a follow-up that the
        estimate knows: events that repeat, for example.
    """
    frame = estimate.frame.reset_index(drop=True)
    patients = np.full(len(frame), SHOWN, dtype=object)
    events = np.full(len(frame), SHOWN, dtype=object)
    decided = np.zeros(len(frame), dtype=bool)
    known: tuple[Release, ...] = tuple(estimate.about.get("releases", ()))
    if not known:
        return patients, events, decided
    windows = [float(day) for day in estimate.about.get("windows", ())]
    for members in frame.groupby(_GROUP, sort=False, dropna=False).groups.values():
        rows = np.asarray(members)
        fitting = [r for r in known if _fits(r, frame.iloc[rows], windows)]
        for release in fitting:
            decided[rows] = True
            _mark(release, frame, rows, (patients, events), windows)
            until = estimate.about.get("until_day")
            events[rows[_rests_on_hidden_end(release, frame.iloc[rows], until)]] = LINKED
    return patients, events, decided


def _rests_on_hidden_end(release: Release, rows: pd.DataFrame, until: float | None) -> Array:
    """Tell which shares of a risk would tell how many events there were by a hidden end."""
    arm, cause = str(rows["arm"].iloc[0]), str(rows["cause"].iloc[0])
    if rows["quantity"].iloc[0] != "early_share" or arm not in release.courses:
        return np.zeros(len(rows), dtype=bool)
    if until is None:
        return np.ones(len(rows), dtype=bool)
    course = release.courses[arm]
    end = course.state(np.array([until]), 1)
    free = _free(release, course, cause, "early_share")[end]
    return np.full(len(rows), not free.all())


def _fits(release: Release, rows: pd.DataFrame, windows: list[float]) -> bool:
    """Tell whether the rows count the patients and events of this follow-up."""
    endpoint, cause, arm, versus, quantity = (str(rows[column].iloc[0]) for column in _GROUP)
    arms = [name for name in (arm, versus) if name] or list(release.sizes)
    if release.endpoint != endpoint or not set(arms) <= set(release.sizes) or not release.is_known:
        return False
    if cause and cause not in (release.reasons if quantity in _ENDINGS else release.causes):
        return False
    if not set(arms) <= set(release.courses):
        return True
    counts = rows["events"].to_numpy("float64", na_value=np.nan)
    expected = sum(_events(release, rows, arm, windows) for arm in arms)
    return bool((np.isnan(counts) | (counts == expected)).all())


def _events(release: Release, rows: pd.DataFrame, arm: str, windows: list[float]) -> Array:
    """Return the events that an arm would have in some rows."""
    course = release.courses[arm]
    states, starts = _states(course, rows, windows)
    quantity, cause = rows["quantity"].iloc[0], rows["cause"].iloc[0]
    if quantity in _ENDINGS:
        by_reason = course.counts.sum(axis=1)
        asked = [i for i, reason in enumerate(release.reasons) if reason == (cause or "horizon")]
        of_reason = course.counts[:, asked].sum(axis=1)
        ended: Array = (of_reason if cause else by_reason - of_reason)[states]
        return ended
    status = release.causes.index(cause) + 1 if cause else 0
    counted: Array = course.events(status, states)
    return counted if starts is None else counted - course.events(status, starts)


def _states(course: Course, rows: pd.DataFrame, windows: list[float]) -> tuple[Array, Array | None]:
    """Return the state at the end of what each row counts, and at its beginning if in a window."""
    quantity, days = rows["quantity"].iloc[0], rows["at_days"].to_numpy()
    ends = course.state(np.where(np.isnan(days), np.inf, days), 2 if quantity in _ENDINGS else 1)
    if quantity not in _WITHIN or not windows:
        return ends, None
    first = np.array([windows[max(int(np.searchsorted(windows, day)) - 1, 0)] for day in days])
    begins = np.where(first == windows[0], 0, course.state(first, 1))
    return ends, begins


def _mark(
    release: Release,
    frame: pd.DataFrame,
    rows: Array,
    marks: tuple[Array, Array],
    windows: list[float],
) -> None:
    """Mark the rows of one group as far as one follow-up is concerned."""
    patients, events = marks
    part = frame.iloc[rows]
    arms = [name for name in (part["arm"].iloc[0], part["versus"].iloc[0]) if name]
    for arm in arms or list(release.sizes):
        for_arm = mark_arm(release, arm)
        if arm not in release.courses:
            patients[rows], events[rows] = for_arm or LINKED, for_arm or LINKED
            continue
        hides_patients, hides_events = _hides(release, part, arm, windows)
        patients[rows[hides_patients & (patients[rows] == SHOWN)]] = LINKED
        is_open = events[rows] == SHOWN
        word = np.where(_may_be_called_small(release, part), SMALL, LINKED)
        events[rows[hides_events & is_open]] = word[hides_events & is_open]


def _may_be_called_small(release: Release, rows: pd.DataFrame) -> Array:
    """Tell where "<5" may be said: not of one among several causes, and of no single day.

    Which of several hidden counts are small would narrow down the others.
    """
    counts = rows["events"].to_numpy("float64", na_value=np.nan)
    is_small = (counts >= 1) & (counts < release.smallest_count)
    is_whole = (rows["cause"] == "").to_numpy() | (len(release.causes) == 1)
    alone = (rows["versus"] == "").to_numpy() & rows["at_days"].isna().to_numpy()
    called: Array = is_small & is_whole & alone & (rows["arm"] != "").to_numpy()
    return called


def _hides(
    release: Release, rows: pd.DataFrame, arm: str, windows: list[float]
) -> tuple[Array, Array]:
    """Tell of which rows the patients, and of which the events, must not be shown."""
    course = release.courses[arm]
    days, cause = rows["at_days"].to_numpy(), str(rows["cause"].iloc[0])
    at_risk = course.state(np.where(np.isnan(days), -1.0, days), 0)
    of_window = rows["quantity"].iloc[0] in _WITHIN
    hides_patients = ~np.isnan(days) & (of_window | ~course.is_free[at_risk])
    hides_events = np.zeros(len(rows), dtype=bool)
    for states in _states(course, rows, windows):
        if states is not None:
            hides_events |= ~_free(release, course, cause, str(rows["quantity"].iloc[0]))[states]
    return hides_patients, hides_events


def _free(release: Release, course: Course, cause: str, quantity: str) -> Array:
    """Return for each state whether the events of a cause may be shown."""
    hidden = dict(zip(release.reasons, course.hidden, strict=True))
    if quantity in _ENDINGS:
        return course.is_free_by_reason & (not hidden.get(cause or "horizon", False))
    free = course.is_free if not cause else course.is_free_by_cause & (not hidden[cause])
    # Where no event has happened since, or will until then, a curve stands where it stood.
    total = course.events(0, np.arange(len(free)))
    stands: Array = np.isin(total, total[free])
    if not free[-1]:
        stands[np.flatnonzero(free)[-1:].max(initial=-1) + 1 :] = False
    return stands
