"""What stands behind a printed number: rows of an estimate, or a sentence that says how it arose.

A table or figure carries this beside its text, as metadata of the output, so that a report can lead
from each number to its estimand, denominator and row. Everything here is suppressed already:
it holds what is printed and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.result import COLUMNS, Estimate

METADATA = "azaanalysis"
# What a reader must know of a number; the rest of ``about`` steers how it is drawn.
_KEPT = (
    "endpoint_label",
    "estimand",
    "method",
    "level",
    "interval",
    "weighting",
    "study",
    "base_study",
    "windows",
    "counted",
    "smallest_count",
    "notes",
)


@dataclass(frozen=True, eq=False)
class Source:
    """Rows of an estimate that a table or a figure prints.

    Parameters
    ----------
    estimate
        The rows as they are printed: suppressed, and blank where they are blocked.
    rows
        For each row of the table the row of the estimate behind it; -1 for none. Empty for a
        figure, in which every row of the estimate is drawn.
    columns
        The columns of the table that hold its numbers; the first is that of the value.
    """

    estimate: Estimate
    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()


def pack_sources(sources: Sequence[Source], basis: str = "") -> dict[str, Any]:
    """Return what stands behind a table or figure as plain lists and words, for metadata.

    Parameters
    ----------
    sources
        The estimates it prints.
    basis
        How its numbers arose, if they are no estimates.
    """
    packed = [
        {
            "about": {k: as_plain(v) for k, v in one.estimate.about.items() if k in _KEPT},
            "results": as_rows(one.estimate.frame),
            "rows": list(one.rows),
            "columns": list(one.columns),
        }
        for one in sources
    ]
    return {METADATA: {"sources": packed, "basis": basis}} if packed or basis else {}


def unpack_source(packed: Mapping[str, Any]) -> Source:
    """Return a source from what :func:`pack_sources` made of it."""
    frame = pd.DataFrame(packed["results"], columns=list(COLUMNS))
    estimate = Estimate(frame, packed["about"])
    return Source(estimate, tuple(packed["rows"]), tuple(packed["columns"]))


def as_rows(frame: pd.DataFrame) -> list[list[Any]]:
    """Return the rows of an estimate's frame as lists of plain numbers and words."""
    return [[as_plain(cell) for cell in row] for row in frame.to_numpy(dtype=object)]


def as_plain(entry: Any) -> Any:
    """Return an entry as JSON knows it: seven digits, nothing for what is missing or infinite."""
    if isinstance(entry, Mapping):
        return {str(key): as_plain(value) for key, value in entry.items()}
    if isinstance(entry, (list, tuple)):
        return [as_plain(part) for part in entry]
    if isinstance(entry, (bool, str)) or entry is None:
        return entry
    if pd.isna(entry) or (isinstance(entry, float) and not np.isfinite(entry)):
        return None
    if isinstance(entry, (int, np.integer)):
        return int(entry)
    return float(f"{entry:.7g}") if isinstance(entry, (float, np.floating)) else str(entry)
