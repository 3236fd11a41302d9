"""Rate ratios between what is in use, adjusted for who the patients are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError
from azaanalysis.estimate.refusals import needs_rows
from azaanalysis.estimate.regression import estimate_poisson
from azaanalysis.handling import listed
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words


def estimate_ratio_in_use(
    follow_up: FollowUp, *, covariates: Sequence[str] = (), level: float = 0.95
) -> Estimate:
    """Estimate rate ratios between what is in use, with or without covariates.

    Poisson regression of the events and days of each patient under each drug, added up.

    Parameters
    ----------
    follow_up
        The result of ``follow_by_drug`` or ``follow_by_level``: several rows per patient.
    covariates
        Baseline columns to adjust for. Levels in which nobody had the event are put together with
        the most frequent level, with a note; a column that is empty or of one level is left out.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        One row ``rate_ratio`` for each drug in use but the reference; one without any event has
        none, with a note. Rows of a patient are taken together in ``std_error``, which is that of
        the log ratio.

    Raises
    ------
    DesignError
        If the reference has no event, so that there is nothing to compare with.
    EstimationError
        As ``estimate_poisson``.

    Notes
    -----
    Covariates of the index day make patients comparable, not the reasons for which they came to
    the drug in use. Source: Zou (2004), Am J Epidemiol 159:702-706 (robust errors).
    """
    needs_rows(follow_up)
    total, notes = _with_events(_added_up(follow_up))
    frame = total.frame
    used = [column for column in covariates if len(frame[column].dropna().unique()) > 1]
    for column in used:
        frame, found = _put_together(frame, column)
        notes += found
    about = {**total.about, "notes": (*total.about.get("notes", ()), *notes)}
    ready = replace(total, frame=frame, about=about)
    made = estimate_poisson(ready, covariates=used, level=level)
    others = [arm for arm in ready.arms if arm != ready.reference]
    return made.only(arm=others, quantity="rate_ratio")


def _added_up(follow_up: FollowUp) -> FollowUp:
    """Add up the rows of each patient in each arm, so that events have time even on day 0."""
    frame = follow_up.frame
    days = frame["exit_days"] - frame["entry_days"]
    rows = frame.assign(entry_days=0.0, exit_days=days)
    keys = ["patient_id", "arm"]
    how = dict.fromkeys(rows.columns.difference(keys), "first")
    made = rows.groupby(keys, observed=True, sort=False, as_index=False).agg(
        {**how, "exit_days": "sum", "n_events": "sum"}
    )
    return replace(follow_up, frame=made.assign(status=0)[frame.columns], weighting=None)


def _with_events(follow_up: FollowUp) -> tuple[FollowUp, tuple[str, ...]]:
    """Leave out arms without events, and say which."""
    frame = follow_up.frame
    events = frame.groupby("arm", observed=False)["n_events"].sum()
    if not events[follow_up.reference] > 0:
        raise DesignError(
            f"Nobody had the event under {in_words(follow_up.reference)}, with which the others "
            "are compared. Compare the rates instead."
        )
    empty = [arm for arm in follow_up.arms if not events[arm] > 0]
    kept = frame[~frame["arm"].isin(empty)].reset_index(drop=True)
    kept = kept.assign(arm=kept["arm"].cat.remove_unused_categories())
    if not empty:
        return follow_up, ()
    named = listed([in_words(arm) for arm in empty], last="and")
    return replace(follow_up, frame=kept), (f"No ratio for {named}: nobody had the event.",)


def _put_together(frame: pd.DataFrame, column: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Put levels of words in which nobody had the event together with the most frequent one."""
    is_flag = pd.api.types.is_bool_dtype(frame[column])
    if pd.api.types.is_numeric_dtype(frame[column]) and not is_flag:
        return frame, ()
    levels = frame[column].astype(object)
    events = frame["n_events"].groupby(levels).sum()
    usual = levels.value_counts().index[0]
    empty = [level for level in events.index if not events[level] > 0 and level != usual]
    if not empty:
        return frame, ()
    words = listed([in_words(str(level)) for level in empty], last="and")
    made = frame.assign(**{column: np.where(levels.isin(empty), usual, levels)})
    note = f"{in_words(column)}: nobody {words} had the event, put with {in_words(str(usual))}."
    return made, (note,)
