"""Repeated events: one row for each interval at risk, cut at the days of the events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.days import in_order, starts_group
from azaanalysis.design.endpoints import dated_events
from azaanalysis.design.entrants import find_entrants
from azaanalysis.design.follow import follow
from azaanalysis.design.follow_up import CONTINUES, FollowUp
from azaanalysis.design.laboratory import laboratory_tests
from azaanalysis.design.weighting import spread_weighting
from azaanalysis.errors import DesignError
from azaanalysis.settings import EventEndpoint, LaboratoryEndpoint
from azaanalysis.study import Study


def follow_recurrent(
    cohort: Cohort, study: Study, *, endpoint: str, weighted: FollowUp | None = None
) -> FollowUp:
    """Follow the new users of every arm through all their events.

    Parameters
    ----------
    cohort, study
        As in ``follow``.
    endpoint
        Name of an endpoint of kind ``event`` or ``laboratory`` with ``count: all``. Events closer
        than its ``episode_gap_days`` are one, and so are tests of one day.
    weighted
        The follow-up of the same endpoint as ``follow`` and ``weigh`` made it: its patients and
        weights are taken over. Without it, everybody counts as one.

    Returns
    -------
    FollowUp
        Rows from one event (or day 0) to the next, all with the same ``patient_id``: ``status`` is
        1 where an event ends the row (``n_events`` of them on that day), in the last row 0 or
        the number of what ended follow-up for good.

    Raises
    ------
    DesignError
        If the endpoint does not count all events, or patients have several rows already.

    Notes
    -----
    A patient stays at risk during an episode, and a death on the day of an event ends the history
    on that day.
    """
    settings = study.endpoint(endpoint)
    if not (isinstance(settings, EventEndpoint | LaboratoryEndpoint) and settings.counts_all):
        raise DesignError(
            "Repeated events need an endpoint of kind 'event' or 'laboratory' with 'count: all', "
            f"and '{endpoint}' is none. Add one to the study file."
        )
    followed = follow(cohort, study, endpoint=endpoint) if weighted is None else weighted
    if followed.endpoint != endpoint or followed.frame["patient_id"].duplicated().any():
        raise DesignError(
            f"Repeated events of '{endpoint}' need the follow-up of this endpoint with one row per "
            "patient: not one of several starts, clones or periods."
        )
    entrants = find_entrants(cohort, study)
    if isinstance(settings, LaboratoryEndpoint):
        found, _ = laboratory_tests(entrants, settings)
    else:
        found = dated_events(entrants, settings)
    zero = entrants.index_day - study.comparison.first_day
    row_of = pd.Series(np.arange(len(followed.frame)), index=followed.frame["patient_id"])
    row = row_of.reindex(entrants.patients["patient_id"]).fillna(-1).to_numpy(dtype=np.int64)
    return split_at_events(followed, row[found.rank], (found.day - zero[found.rank]).astype(float))


def split_at_events(follow_up: FollowUp, row: np.ndarray, days: np.ndarray) -> FollowUp:
    """Cut the rows of a follow-up at the days of events.

    Parameters
    ----------
    follow_up
        One row per patient; its ``status`` says how follow-up ended, not that an event happened.
    row, days
        Of each event the row it belongs to (-1: none) and its day since time zero; those after
        the end of follow-up are left out.
    """
    frame = follow_up.frame.reset_index(drop=True)
    leave = frame["exit_days"].to_numpy()
    counts = _count_by_day(row, days, leave)
    ends = pd.DataFrame(
        {"row": np.arange(len(frame)), "exit_days": leave, "status": frame["status"], "n_events": 0}
    )
    happened = counts.assign(status=1)
    both = pd.concat([happened, ends], ignore_index=True)
    both = both.iloc[in_order(both["row"], both["exit_days"])].reset_index(drop=True)
    is_first = starts_group(both["row"].to_numpy())
    before = both["exit_days"].shift(fill_value=0.0).where(~is_first)
    entry = before.fillna(frame["entry_days"].iloc[both["row"]].reset_index(drop=True))
    # Nobody is at risk for no time, but an end for good on the day of an event is kept.
    kept = np.asarray(is_first | (entry < both["exit_days"]) | (both["status"] > 0))
    rows = both["row"].to_numpy()[kept]
    cut = frame.iloc[rows].reset_index(drop=True)
    for column in ("exit_days", "status", "n_events"):
        cut[column] = both[column].to_numpy()[kept]
    cut["entry_days"] = entry.to_numpy()[kept]
    is_event = (cut["status"] == 1) & (cut["n_events"] > 0)
    cut["last_absent_days"] = cut["exit_days"].where(~is_event, cut["entry_days"])
    cut["end_reason"] = _reasons(cut["end_reason"], rows)
    weighting = follow_up.weighting
    if weighting is not None:
        weighting = spread_weighting(weighting, rows, is_first[kept])
    # Several events of one row all happened on its last day.
    about = {**follow_up.about, "events_end_rows": True}
    return replace(follow_up, frame=cut, weighting=weighting, about=about)


def _count_by_day(row: np.ndarray, days: np.ndarray, leave: np.ndarray) -> pd.DataFrame:
    """Count the events of each row by day, up to the end of its follow-up."""
    in_time = (row >= 0) & (days <= leave[row])
    events = pd.DataFrame({"row": row[in_time], "exit_days": days[in_time]})
    return events.groupby(["row", "exit_days"]).size().rename("n_events").reset_index()


def _reasons(reasons: pd.Series, rows: np.ndarray) -> pd.Series:
    """Keep the reason why follow-up ended for the last row of each patient."""
    is_last = np.append(rows[1:] != rows[:-1], True)[: len(rows)]
    return reasons.astype("category").cat.add_categories([CONTINUES]).where(is_last, CONTINUES)
