"""Rows of a file as they stand there, before anything is read into them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from azaanalysis.errors import DataError, Fault
from azaanalysis.load.cells import nearest
from azaanalysis.schema import TABLES

_TITLE_ROWS = 30


@dataclass(frozen=True, eq=False)
class Sheet:
    """One file, or one sheet of a workbook.

    Parameters
    ----------
    file
        Name of the file and sheet.
    cells
        Columns by name; every cell text, or typed if the file itself holds types.
    rows
        Row number of each row in the file; None if the rows simply follow the header.
    n_blank
        Rows without any value, left out.
    """

    file: str
    cells: pa.Table
    rows: np.ndarray | None = None
    n_blank: int = 0

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self.cells.column_names)

    def only(self, keep: np.ndarray) -> Sheet:
        """Keep some rows, with their numbers."""
        rows = np.arange(self.cells.num_rows) + 2 if self.rows is None else self.rows
        return Sheet(self.file, self.cells.filter(pa.array(keep)), rows[keep], self.n_blank)


def refuse(
    file: str, found: str, expected: str, remedy: str, *, rows: Sequence[int] = ()
) -> DataError:
    """Return the error that a file as a whole cannot be read."""
    return DataError([Fault("", file, "", tuple(rows), found, expected, remedy)])


def header_faults(file: str, header: Sequence[str], *, table: str) -> list[Fault]:
    """Find columns that have the same name."""
    counts = Counter(name for name in header if name)
    return [
        Fault(
            *(table, file, name, (), f"the same column name {count} times", "each name once"),
            "rename or remove all but one of them",
        )
        for name, count in counts.items()
        if count > 1
    ]


def known_names(header: Sequence[str], table: str) -> int:
    """Count the cells of a row that are, or nearly are, names of the table's columns."""
    names = TABLES[table].names if table in TABLES else ()
    return sum(bool(cell) and nearest(cell, names) is not None for cell in header)


def titles_above(lines: Sequence[Sequence[str]], table: str) -> int:
    """Count the rows above the row that looks like the header; 0 if the first row does."""
    scores = [known_names(line, table) for line in lines[:_TITLE_ROWS]]
    best = max(range(len(scores)), key=lambda row: scores[row], default=0)
    if scores and scores[best] >= 2:
        return best if scores[0] < 2 else 0
    return _lonely_cells_above(lines[:_TITLE_ROWS])


def _lonely_cells_above(lines: Sequence[Sequence[str]]) -> int:
    """Count the rows above the first well-filled one, if the first row has one cell at most."""
    filled = [sum(bool(cell.strip()) for cell in line) for line in lines]
    if not filled or filled[0] > 1 or max(filled) < 3:
        return 0
    return next(row for row, n_cells in enumerate(filled) if n_cells > max(filled) / 2)
