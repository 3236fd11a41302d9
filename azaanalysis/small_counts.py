"""Counts below the threshold: which they are, and which others would give them away."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SHOWN, SMALL, LINKED = "", "small", "linked"
# While a report is being made, the name of a file that lists the arms of which nothing may be
# shown, because another part of the report, or an earlier report, would give a small count away.
WITHHELD_VARIABLE = "AZAANALYSIS_WITHHELD"


def withheld_arms(endpoint: str, study: str) -> frozenset[str]:
    """Return the arms of which nothing may be shown for an endpoint under a study."""
    path = os.environ.get(WITHHELD_VARIABLE)
    if not path:
        return frozenset()
    listed = json.loads(Path(path).read_text(encoding="utf-8"))
    return frozenset(
        arm for name, made_under, arm in listed if (name, made_under) == (endpoint, study)
    )


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
