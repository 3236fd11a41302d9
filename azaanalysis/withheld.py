"""Which rows of an estimate its follow-up allows to be shown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from azaanalysis.design.release import Course, Release, mark_arm
from azaanalysis.design.repeats import repeats_of
from azaanalysis.result import ASKED, Estimate
from azaanalysis.small_counts import LINKED, SHOWN, SMALL, withheld_arms

Array = np.ndarray
_GROUP = ["endpoint", "cause", "arm", "versus", "quantity"]
# Quantities that count everybody who left by the end of a day, for whatever reason.
_ENDINGS = ("ended", "followed")
# Quantities whose events are those of a window, not those since the start.
_WITHIN = ("rate_in_window", "hazard_ratio_in_window")
# Quantities that count every event of a patient, where a follow-up has more than one of them.
_REPEATED = (
    *("mean_count", "mean_count_difference", "mean_count_ratio"),
    *("rate", "rate_difference", "rate_ratio", "rate_in_window"),
)
# Marks of patients, marks of events, and which rows of the estimate they are about.
Marks = tuple[Array, Array, Array]


def mark_by_release(estimate: Estimate) -> tuple[Array, Array, Array]:
    """Mark the counts of those rows whose follow-up says what may be shown of it.

    Returns
    -------
    tuple
        Marks of patients, marks of events, and for each row whether it was decided here. A row
        is left to the rules of its table if its counts are not those of a follow-up that the
        estimate knows: states, for example.
    """
    frame = estimate.frame.reset_index(drop=True)
    patients = np.full(len(frame), SHOWN, dtype=object)
    events = np.full(len(frame), SHOWN, dtype=object)
    decided = np.zeros(len(frame), dtype=bool)
    known: tuple[Release, ...] = tuple(estimate.about.get("releases", ()))
    whole = _find_withheld(estimate)
    patients[whole] = events[whole] = LINKED
    decided |= whole
    windows = [float(day) for day in estimate.about.get("windows", ())]
    for members in frame.groupby(_GROUP, sort=False, dropna=False).groups.values():
        rows = np.asarray(members)
        for release in known:
            if _counts_repeats(release, frame.iloc[rows]):
                _mark_repeats(release, frame.iloc[rows], (patients, events, rows), windows)
                decided[rows] = True
                continue
            for counted in _counted(release, frame.iloc[rows], windows):
                decided[rows] = True
                _mark(release, frame.iloc[rows], (patients, events, rows), (counted, windows))
                until = estimate.about.get("until_day")
                if _rests_on_hidden_end(release, frame.iloc[rows], counted, until):
                    events[rows] = LINKED
    return patients, events, decided


def _find_withheld(estimate: Estimate) -> Array:
    """Tell which rows are about an arm of which nothing may be shown."""
    frame, base = estimate.frame, str(estimate.about.get("base_study", ""))
    study = str(estimate.about.get("study", base))
    # A group or a way shows no more than the endpoint that was asked for.
    of_asked = withheld_arms(str(estimate.about.get(ASKED, "")), base)
    found = np.zeros(len(frame), dtype=bool)
    for endpoint in frame["endpoint"].unique():
        arms = withheld_arms(str(endpoint), study) | of_asked
        if arms:
            about = frame["arm"].isin(arms) | frame["versus"].isin(arms) | (frame["arm"] == "")
            found |= (about & (frame["endpoint"] == endpoint)).to_numpy()
    return found


def _rests_on_hidden_end(
    release: Release, rows: pd.DataFrame, reasons: Array, until: float | None
) -> bool:
    """Tell whether shares of a risk would tell how many events there were by a hidden end."""
    arm = str(rows["arm"].iloc[0])
    if rows["quantity"].iloc[0] != "early_share" or arm not in release.courses:
        return False
    if until is None:
        return True
    course = release.courses[arm]
    end = course.state(np.array([until]), 1)
    return not _free(course, reasons, "early_share")[end].all()


def _counted(release: Release, rows: pd.DataFrame, windows: list[float]) -> Iterator[Array]:
    """Yield which reasons the events of the rows may be counts of; nothing if of none."""
    endpoint, arm, versus = (str(rows[name].iloc[0]) for name in ("endpoint", "arm", "versus"))
    arms = [name for name in (arm, versus) if name] or list(release.sizes)
    if release.endpoint != endpoint or not set(arms) <= set(release.sizes) or not release.is_known:
        return
    counts = rows["events"].to_numpy("float64", na_value=np.nan)
    for reasons in _possible(release, str(rows["quantity"].iloc[0]), str(rows["cause"].iloc[0])):
        if not set(arms) <= set(release.courses):
            yield reasons
            continue
        parts = [_events(release.courses[name], rows, reasons, windows) for name in arms]
        if (np.isnan(counts) | (counts == sum(parts))).all():
            yield reasons


def _possible(release: Release, quantity: str, cause: str) -> Iterator[Array]:
    """Yield the sets of reasons that the rows of a quantity may count together."""
    names, status = np.array(release.reasons, dtype=object), release.status_of_reasons
    if quantity in _ENDINGS:
        yield names == cause if cause else names != "horizon"
    elif quantity.startswith("potential_follow_up"):
        yield status == 0
    elif cause:
        if cause in release.causes:
            yield status == release.causes.index(cause) + 1
    else:
        yield status > 0
        if release.n_own < len(release.causes):
            yield (status > 0) & (status <= release.n_own)


def _events(course: Course, rows: pd.DataFrame, reasons: Array, windows: list[float]) -> Array:
    """Return the events that an arm would have in some rows."""
    states, starts = _states(course, rows, windows)
    by_then = course.counts[:, reasons].sum(axis=1)
    counted: Array = by_then[states]
    return counted if starts is None else np.subtract(counted, by_then[starts])


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
    part: pd.DataFrame,
    marks: tuple[Array, Array, Array],
    counted: tuple[Array, list[float]],
) -> None:
    """Mark the rows of one group as far as one follow-up is concerned."""
    patients, events, rows = marks
    arms = [name for name in (part["arm"].iloc[0], part["versus"].iloc[0]) if name]
    for arm in arms or list(release.sizes):
        if arm not in release.courses:
            # Of so few patients even a number of events from 0 on would be said by "<5".
            patients[rows], events[rows] = mark_arm(release, arm) or LINKED, LINKED
            continue
        hides_patients, hides_events = _hides(release.courses[arm], part, *counted)
        # Some rows count everybody on any day: the arms of an area under a curve.
        sizes = sum(release.sizes[name] for name in arms or release.sizes)
        hides_patients &= part["patients"].to_numpy("float64", na_value=np.nan) != sizes
        patients[rows[hides_patients & (patients[rows] == SHOWN)]] = LINKED
        is_open = events[rows] == SHOWN
        word = np.where(_may_be_called_small(release, part), SMALL, LINKED)
        events[rows[hides_events & is_open]] = word[hides_events & is_open]


def _counts_repeats(release: Release, rows: pd.DataFrame) -> bool:
    """Tell whether rows count all events of patients who may have several."""
    first = rows.iloc[0]
    if release.endpoint != first["endpoint"] or not release.has_repeats or not release.is_known:
        return False
    is_own = first["cause"] in ("", *release.causes[: release.n_own])
    arms = {name for name in (first["arm"], first["versus"]) if name}
    return is_own and arms <= set(release.sizes) and first["quantity"] in _REPEATED


def _mark_repeats(release: Release, part: pd.DataFrame, marks: Marks, windows: list[float]) -> None:
    """Mark the rows of one group, whose events repeat, as far as one follow-up is concerned."""
    patients, events, rows = marks
    days = part["at_days"].to_numpy("float64")
    ends = np.where(np.isnan(days), np.inf, days)
    named = [name for name in (part["arm"].iloc[0], part["versus"].iloc[0]) if name]
    for arm in named or list(release.sizes):
        if arm not in release.courses:
            patients[rows], events[rows] = mark_arm(release, arm) or LINKED, LINKED
            continue
        repeats, course = repeats_of(release, arm), release.courses[arm]
        hides = ~repeats.may_show(ends)
        if part["quantity"].iloc[0] in _WITHIN and windows:
            place = np.maximum(np.searchsorted(windows, days) - 1, 0)
            hides |= ~repeats.may_show(np.array(windows)[place]) & (place > 0)
        at_risk = course.state(np.where(np.isnan(days), -1.0, days), 0)
        hides_patients = ~np.isnan(days) & ~course.is_free[at_risk]
        patients[rows[hides_patients & (patients[rows] == SHOWN)]] = LINKED
        events[rows[hides & (events[rows] == SHOWN)]] = LINKED


def _may_be_called_small(release: Release, rows: pd.DataFrame) -> Array:
    """Tell where "<5" may be said: not of one among several causes, and of no single day.

    Which of several hidden counts are small would narrow down the others.
    """
    counts = rows["events"].to_numpy("float64", na_value=np.nan)
    is_small = (counts >= 1) & (counts < release.smallest_count)
    alone = (rows["versus"] == "").to_numpy() & rows["at_days"].isna().to_numpy()
    called: Array = is_small & alone & (rows["arm"] != "").to_numpy()
    return called if len(release.causes) == 1 else np.zeros_like(called)


def _hides(
    course: Course, rows: pd.DataFrame, reasons: Array, windows: list[float]
) -> tuple[Array, Array]:
    """Tell of which rows the patients, and of which the events, must not be shown."""
    days, quantity = rows["at_days"].to_numpy(), str(rows["quantity"].iloc[0])
    at_risk = course.state(np.where(np.isnan(days), -1.0, days), 0)
    of_window = np.full(len(rows), quantity in _WITHIN)
    hides_patients = ~np.isnan(days) & (of_window | ~course.is_free[at_risk])
    hides_events = np.zeros(len(rows), dtype=bool)
    for states in _states(course, rows, windows):
        if states is not None:
            hides_events |= ~_free(course, reasons, quantity)[states]
    return hides_patients, hides_events


def _free(course: Course, reasons: Array, quantity: str) -> Array:
    """Return for each state whether the sum over some reasons may be shown."""
    nowhere = np.zeros(len(course.is_free), dtype=bool)
    for group in (course.status > 0, course.status == 0):
        hidden = course.hidden & group
        # Those hidden are shown together or not at all.
        if (hidden & reasons).any() and (hidden & ~reasons).any():
            return nowhere
    if quantity in _ENDINGS:
        return course.is_free_by_reason
    is_all = bool((reasons == (course.status > 0)).all())
    free = (
        course.is_free
        if is_all or not (course.status[reasons] > 0).any()
        else (course.is_free_by_cause)
    )
    # Where no event has happened since, or will until then, a curve stands where it stood.
    total = course.counts[:, course.status > 0].sum(axis=1)
    stands: Array = np.isin(total, total[free])
    if not free[-1]:
        stands[np.flatnonzero(free)[-1:].max(initial=-1) + 1 :] = False
    return stands
