"""How long the first treatment lasted, why it ended, and what came in between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.days import NEVER, days_of, earliest, in_order, latest_so_far, starts_group
from azaanalysis.design.rows import rows_of
from azaanalysis.design.starts import components_of, drugs_of
from azaanalysis.settings import Comparison

UNKNOWN_REASON = "unknown"
# A supply at home may overlap with the drug that replaces it; beyond this the two are combined.
OVERLAP_DAYS = 30


@dataclass(frozen=True)
class Treatment:
    """The first treatment of each patient, in the order of the starts.

    Parameters
    ----------
    stop_day
        Last day of supply (days since 1970-01-01); ``NEVER`` if it went on.
    reason
        Recorded reason of the course that ended it; ``unknown`` if none was recorded.
    switch_day
        First start of a drug of another arm after time zero that took the place of the first
        treatment; ``NEVER`` if none.
    add_on_day
        First start of such a drug while the first treatment went on for at least
        ``OVERLAP_DAYS`` more; ``NEVER`` if none.
    """

    stop_day: np.ndarray
    reason: np.ndarray
    switch_day: np.ndarray
    add_on_day: np.ndarray


def follow_treatment(cohort: Cohort, starts: pd.DataFrame, comparison: Comparison) -> Treatment:
    """Follow each patient's first treatment over gaps up to the permissible one.

    Courses of the same component belong to one treatment as long as no more than
    ``permissible_gap_days`` without supply lie between them. A combination ends with the first
    of its parts. The treatment ends on the last day of supply, not at the end of the gap. An end
    without a recorded reason counts only if the whole permissible gap was observed after it;
    otherwise the next supply may just not have been seen.
    """
    n = len(starts)
    courses = _courses_of_starters(cohort, starts)
    stop, reason = np.full(n, NEVER), np.full(n, "", dtype=object)
    others = []
    classes = {**{d: d for d in courses["drug"].cat.categories}, **cohort.drug_classes}
    for part in components_of(comparison):
        drugs = drugs_of(part, classes)
        of_part = courses[courses["drug"].isin(drugs)]
        arms_with = [arm for arm, parts in comparison.arms.items() if part in parts]
        is_own = starts["arm"].isin(arms_with).to_numpy()[of_part["rank"]]
        ended, why = _first_episode(of_part[is_own], n, comparison.permissible_gap_days)
        reason = np.where(ended < stop, why, reason)
        stop = np.minimum(stop, ended)
        others.append(of_part.loc[~is_own, ["rank", "start"]])
    observed_to = days_of(cohort.patients["observed_to"])[starts["position"].to_numpy()]
    unseen = (reason == UNKNOWN_REASON) & (stop + comparison.permissible_gap_days > observed_to)
    stop, reason = np.where(unseen, NEVER, stop), np.where(unseen, "", reason)
    return Treatment(stop, reason, *_other_starts(pd.concat(others), stop))


def _other_starts(others: pd.DataFrame, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first day on which another arm's drug replaced the treatment, or came on top."""
    rank, start = others["rank"].to_numpy(), others["start"].to_numpy()
    is_on_top = stop[rank] - start >= OVERLAP_DAYS
    switch = earliest(len(stop), rank[~is_on_top], start[~is_on_top])
    return switch, earliest(len(stop), rank[is_on_top], start[is_on_top])


def _courses_of_starters(cohort: Cohort, starts: pd.DataFrame) -> pd.DataFrame:
    """Return the courses that starters began on time zero or later, sorted by patient and start.

    A part of a combination that began within the days allowed before time zero is found through
    its own start: it is cut at time zero.
    """
    courses = cohort.courses
    rank, rows = rows_of(cohort, starts, "courses")
    stop = days_of(courses["stop_date"])[rows]
    index_day = starts["index_day"].to_numpy()[rank]
    wanted = stop >= index_day
    rank, rows, stop, index_day = (values[wanted] for values in (rank, rows, stop, index_day))
    kept = pd.DataFrame(
        {
            "rank": rank,
            "drug": courses["drug"].array[rows],
            "start": np.maximum(days_of(courses["start_date"])[rows], index_day),
            "stop": stop,
            "reason": _reasons(courses)[rows],
        }
    )
    # Of two courses that begin on one day, which comes first makes no difference to the gaps.
    return kept.iloc[in_order(kept["rank"], kept["start"])]


def _reasons(courses: pd.DataFrame) -> np.ndarray:
    if "stop_reason" not in courses:
        return np.full(len(courses), UNKNOWN_REASON, dtype=object)
    reasons = courses["stop_reason"].astype("category").cat.add_categories([UNKNOWN_REASON])
    return reasons.fillna(UNKNOWN_REASON).to_numpy(dtype=object)


def _first_episode(courses: pd.DataFrame, n: int, gap_days: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the last day and the reason of each patient's first unbroken episode."""
    stop, reason = np.full(n, NEVER), np.full(n, "", dtype=object)
    if courses.empty:
        return stop, reason
    rank, start, end = (courses[c].to_numpy() for c in ("rank", "start", "stop"))
    latest = latest_so_far(rank, end)
    is_first = starts_group(rank)
    without_supply = start - np.append(0, latest[:-1]) - 1
    is_break = ~is_first & (without_supply > gap_days)
    breaks = np.cumsum(is_break)
    breaks_before = np.maximum.accumulate(np.where(is_first, breaks, 0))
    in_first = courses[breaks == breaks_before]
    by_end = in_first.iloc[in_order(in_first["rank"], in_first["stop"])]
    last = by_end.drop_duplicates("rank", keep="last")
    has_stopped = last[last["stop"] < NEVER]
    stop[has_stopped["rank"]] = has_stopped["stop"]
    reason[has_stopped["rank"]] = has_stopped["reason"]
    return stop, reason
