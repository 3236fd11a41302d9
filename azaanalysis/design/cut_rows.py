"""Follow-ups whose patients have several rows each: put together, and cut again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import CONTINUES, FollowUp
from azaanalysis.design.refusals import needs_patients
from azaanalysis.design.weighting import (
    Weighting,
    compose,
    select_weighting,
    spread_weighting,
)
from azaanalysis.errors import DesignError

Array = np.ndarray


def is_cut(follow_up: FollowUp) -> bool:
    """Tell whether the follow-up of anybody goes on in a further row."""
    return bool((follow_up.frame["end_reason"] == CONTINUES).any())


def spells_of(follow_up: FollowUp) -> Array:
    """Return for each row which stretch of follow-up it belongs to, counted from 0."""
    goes_on = (follow_up.frame["end_reason"] == CONTINUES).to_numpy()
    spells: Array = np.cumsum(np.append(True, ~goes_on[:-1])[: len(goes_on)]) - 1
    return spells


def at_time_zero(follow_up: FollowUp) -> FollowUp:
    """Return the first row of everybody: who they were, and counted for, at the start.

    Baseline tables and balance are about these rows; a follow-up that is not cut stays as it is.
    """
    needs_patients(follow_up)
    if not is_cut(follow_up):
        return follow_up
    spell = spells_of(follow_up)
    rows = np.flatnonzero(_is_first(spell))
    weighting = follow_up.weighting
    if weighting is not None:
        again = weighting.reweigh
        weighting = select_weighting(weighting, rows, len(spell))
        if again is not None:
            weighting = replace(weighting, reweigh=lambda times: again(times[spell])[rows])
    frame = follow_up.frame.iloc[rows].reset_index(drop=True)
    last = np.append(rows[1:], len(spell)) - 1
    frame["end_reason"] = follow_up.frame["end_reason"].iloc[last].array
    return replace(follow_up, frame=frame, weighting=weighting)


def put_together(follow_up: FollowUp) -> FollowUp:
    """Return one row for each stretch of follow-up, every row counting as one.

    Raises
    ------
    DesignError
        If patients were cloned: clones are alike in all arms, and their weights are made already.
    """
    if follow_up.about.get("is_cloned"):
        raise DesignError(
            "Each patient was cloned into every arm, so the arms are alike at the start, and the "
            "covariates of clone_censor_weight make those comparable who stay. Do not weigh again."
        )
    spell = spells_of(follow_up)
    first = np.flatnonzero(_is_first(spell))
    last = np.append(first[1:], len(spell)) - 1
    frame = follow_up.frame.iloc[first].reset_index(drop=True)
    for column in ("exit_days", "status", "last_absent_days", "end_reason"):
        frame[column] = follow_up.frame[column].iloc[last].array
    frame["n_events"] = np.bincount(spell, follow_up.frame["n_events"]).astype("int64")
    frame["weight"] = 1.0
    return replace(follow_up, frame=frame, weighting=None)


def cut_again(weighed: FollowUp, follow_up: FollowUp) -> FollowUp:
    """Give the rows of a cut follow-up the weights that their stretches were given.

    Parameters
    ----------
    weighed
        What ``put_together`` returned, weighed; some rows may have been set aside.
    follow_up
        The follow-up that was put together. Weights it has are multiplied.
    """
    if weighed.weighting is None:
        return follow_up
    spell = spells_of(follow_up)
    kept = weighed.weighting.kept
    stays = np.ones(spell[-1] + 1, dtype=bool) if kept is None else kept
    rows = np.flatnonzero(stays[spell])
    row = (np.cumsum(stays) - 1)[spell[rows]]
    frame = follow_up.frame.iloc[rows].reset_index(drop=True)
    own = weighed.frame["weight"].to_numpy()[row]
    before = frame["weight"].to_numpy()
    weighting = spread_weighting(weighed.weighting, row, _is_first(row))
    if follow_up.weighting is not None:
        earlier = select_weighting(follow_up.weighting, rows, len(spell))
        weighting = compose(earlier, weighting, first_weight=before, second_weight=own)
    return _weighted(weighed, frame.assign(weight=before * own), weighting)


def _weighted(weighed: FollowUp, frame: pd.DataFrame, weighting: Weighting) -> FollowUp:
    about = {**weighed.about, "weighting": weighting.method}
    return replace(weighed, frame=frame, weighting=weighting, about=about)


def _is_first(spell: Array) -> Array:
    first: Array = np.append(True, spell[1:] != spell[:-1])[: len(spell)]
    return first
