"""Where the rows of a table came from, so that a fault can name the place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.errors import Fault

Flags = np.ndarray[Any, np.dtype[np.bool_]]

_ROWS_KEPT = 1000
_FIRST_ROW = 2  # the header is row 1


@dataclass(frozen=True)
class Origin:
    """The file behind a table, or behind some consecutive rows of it.

    Parameters
    ----------
    file
        Name of the file (and sheet).
    n_rows
        How many rows of the table came from it.
    columns
        Name in the file of each column of the table, where it differs.
    rows
        Row number in the file of each row; None if they simply follow the header.
    unreadable
        Per column, flags of the rows whose value could not be read: a fault already says so.
    """

    file: str
    n_rows: int
    columns: Mapping[str, str] = field(default_factory=dict)
    rows: np.ndarray | None = None
    unreadable: Mapping[str, Flags] = field(default_factory=dict)

    def numbers(self, positions: np.ndarray) -> np.ndarray:
        """Return row numbers as the analyst sees them; the header is row 1."""
        return positions + _FIRST_ROW if self.rows is None else self.rows[positions]

    def readable(self, column: str) -> Flags:
        """Flag the rows whose value could be read."""
        return ~self.unreadable.get(column, np.zeros(self.n_rows, dtype=bool))


Origins = Mapping[str, Sequence[Origin]]


def place(
    fault: Fault, flags: Flags, origins: Sequence[Origin], frame: pd.DataFrame
) -> list[Fault]:
    """Copy a fault to each file in which rows are flagged, with the row numbers there.

    ``fault.column`` is the cohort's name of the column; each copy has the file's own.
    ``fault.found`` may name columns in braces: the first flagged row fills them in.
    """
    placed, first = [], 0
    for origin in origins:
        positions = np.flatnonzero(flags[first : first + origin.n_rows])
        if positions.size:
            shown = _ShownRow(frame, first + int(positions[0]))
            placed.append(
                replace(
                    fault,
                    file=origin.file,
                    column=origin.columns.get(fault.column, fault.column),
                    rows=tuple(origin.numbers(positions[:_ROWS_KEPT]).tolist()),
                    n_rows=int(positions.size),
                    found=fault.found.format_map(shown),
                )
            )
        first += origin.n_rows
    return placed


class _ShownRow(dict[str, str]):
    """Values of one row as text, for an example in a message; never the patient."""

    def __init__(self, frame: pd.DataFrame, position: int) -> None:
        self._frame, self._position = frame, position

    def __missing__(self, column: str) -> str:
        if column == "patient_id":
            raise KeyError("A message never shows a patient.")
        return as_shown(self._frame[column].iloc[self._position])


def as_shown(value: Any) -> str:
    """Write one value as an analyst would read it."""
    if pd.isna(value):
        return "empty"
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    return f"{value:g}" if isinstance(value, int | float) else str(value)
