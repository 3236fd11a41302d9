"""Patients who are left out of the target population, said aloud."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError
from azaanalysis.result import SMALLEST_COUNT_IF_UNSTATED
from azaanalysis.vocab import in_words

Array = np.ndarray


def set_aside(follow_up: FollowUp, kept: Array, *, step: str, reason: str) -> FollowUp:
    """Leave out the patients who are not kept, with a step in the attrition and a note.

    Raises
    ------
    DesignError
        If an arm would have nobody left.
    """
    if kept.all():
        return follow_up
    # Rows keep their numbers until all steps are done, so that weights know whose they are.
    frame = follow_up.frame[kept]
    left = frame["arm"].value_counts()
    if (left == 0).any():
        raise DesignError(
            f"Nobody in {in_words(str(left.idxmin()))} is left once those are set aside of whom "
            f"this holds: {reason}. The arms hardly overlap. Ask for less, or compare other arms."
        )
    aside = _spell(int((~kept).sum()), follow_up)
    note = f"{aside} of {len(kept):,} patients were set aside: {reason}."
    about = {**follow_up.about, "notes": (*follow_up.about.get("notes", ()), note)}
    attrition = _with_step(follow_up, kept, step, reason)
    return replace(follow_up, frame=frame, about=about, attrition=attrition)


def _spell(n: int, follow_up: FollowUp) -> str:
    smallest = int(follow_up.about.get("smallest_count", SMALLEST_COUNT_IF_UNSTATED))
    return f"Fewer than {smallest}" if n < smallest else f"{n:,}"


def _with_step(follow_up: FollowUp, kept: Array, step: str, reason: str) -> pd.DataFrame | None:
    before = follow_up.attrition
    if before is None:
        return None
    arm_of = follow_up.frame["arm"].to_numpy()
    rows = []
    for arm in ("", *follow_up.arms):
        members = np.ones(len(kept), dtype=bool) if arm == "" else arm_of == arm
        counts = {"patients": int((kept & members).sum()), "left": int((~kept & members).sum())}
        rows.append({"step": step, "arm": arm, "reason": reason, **counts})
    added = pd.DataFrame(rows).astype({"patients": "Int64", "left": "Int64"})
    attrition = pd.concat([before, added], ignore_index=True)
    attrition.attrs = dict(before.attrs)
    return attrition


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with its rows numbered from zero, without a copy of what they hold."""
    numbered = frame.copy(deep=False)
    numbered.index = pd.RangeIndex(len(frame))
    return numbered
