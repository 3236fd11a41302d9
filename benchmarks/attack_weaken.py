"""Masking with one of its rules taken away: the attacker has to notice each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

from azaanalysis import disclosure, withheld
from azaanalysis.design.beside import Beside
from azaanalysis.display import lines, masking
from azaanalysis.report import rounds, site
from azaanalysis.small_counts import SHOWN, SMALL, is_small

Array = np.ndarray
_HIDES = withheld._hides


def _without_release(estimate: Any) -> tuple[Array, Array, Array]:
    shown = np.full(len(estimate.frame), SHOWN, dtype=object)
    return shown, shown.copy(), np.zeros(len(shown), dtype=bool)


def _only_small(frame: pd.DataFrame, k: int) -> tuple[Array, Array]:
    columns = (frame["patients"], frame["events"])
    marks = [np.where(is_small(c, k), SMALL, SHOWN).astype(object) for c in columns]
    return marks[0], marks[1]


def _nothing_linked(_: Any, marks: Array, __: int) -> Array:
    return np.array(marks, dtype=object)


def _patients_shown(*given: Any) -> tuple[Array, Array]:
    hides_patients, hides_events = _HIDES(*given)
    return np.zeros_like(hides_patients), hides_events


def _any_day(course: Any, reasons: Array, _: str) -> Array:
    total = course.counts[:, reasons].sum(axis=1)
    return (total == 0) | (total >= 5)


def _every_share(marked: pd.DataFrame) -> pd.Series:
    return pd.Series(False, marked.index)


def _left_in(_: Any, estimate: Any, __: Any) -> Any:
    return estimate


# What is taken away, by a name for the table: the module, its attribute, what stands in its place.
WEAKENED: dict[str, list[tuple[Any, str, Any]]] = {
    "all but small cells": [
        (disclosure, "mark_by_release", _without_release),
        (disclosure, "_mark_by_table", _only_small),
        (masking, "protect", _nothing_linked),
    ],
    "moments of release": [(disclosure, "mark_by_release", _without_release)],
    "numbers at risk": [(withheld, "_hides", _patients_shown)],
    "steps of curves": [(withheld, "_free", _any_day)],
    "linked levels and leavers": [(masking, "protect", _nothing_linked)],
    "denominators of percentages": [(masking, "_tell_missing", _every_share)],
    "repeated events": [(withheld, "_counts_repeats", lambda *_: False)],
    "steps between treatments": [(lines, "protect", _nothing_linked)],
    "groups and ways": [(Beside, "_without", _left_in)],
    "two parts of a report": [(rounds, "find_links", lambda *_: [])],
    "two reports": [(site, "refuse_beside", lambda *_, **__: None)],
}


@contextmanager
def weakened(name: str) -> Iterator[None]:
    """Take one rule away for a while; nothing if the name is empty."""
    with ExitStack() as stack:
        for module, attribute, stand_in in WEAKENED[name] if name else ():
            stack.enter_context(mock.patch.object(module, attribute, stand_in))
        yield
