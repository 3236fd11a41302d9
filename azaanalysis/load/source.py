"""One file on its way into one table, and how a fault in its cells is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from azaanalysis.errors import Fault
from azaanalysis.load.mapping import MISSING, Cells, Condition, Part, Where
from azaanalysis.load.notes import Note
from azaanalysis.load.sheet import Sheet
from azaanalysis.load.trouble import Reading, Trouble
from azaanalysis.load.words import Words, as_text
from azaanalysis.schema.origins import Flags
from azaanalysis.vocab import Drug

_ROWS_KEPT = 1000
_LONGEST_EXAMPLE = 40


@dataclass(frozen=True, eq=False)
class Source:
    """Rows of one file, what the mapping says about them, and what they are to become."""

    table: str
    sheet: Sheet
    part: Part
    drugs: Mapping[str, Drug]
    id_column: str | None = None
    find_sheet: Callable[[str], Sheet | None] = lambda _: None
    ids_aside: frozenset[str] = frozenset()

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.sheet.cells.num_rows)

    def words(self, column: str, cells: Cells | None = None) -> Words:
        """Return a column as words; those that stand for a missing value are empty."""
        stated = (cells and cells.missing) or self.part.missing or MISSING
        return Words.of(self.sheet.cells[column]).without(("", *stated))

    def ids(self) -> pd.Series:
        """Return the identifier of each row's patient."""
        return identifiers(as_text(self.sheet.cells[self.id_column]))

    @property
    def has_ids(self) -> bool:
        """Whether the file has the column that names the patient."""
        return bool(self.id_column) and self.id_column in self.sheet.names

    def setting(self, name: str, cells: Cells) -> str | None:
        """Return how cells are written: as said for the column, else for the file."""
        own: str | None = getattr(cells, name)
        return own if own is not None else getattr(self.part, name)

    def faults(self, column: str, words: Words, reading: Reading) -> list[Fault]:
        """Return one fault for each way in which cells of a column cannot be read."""
        kinds = dict.fromkeys(trouble for trouble in reading.troubles if trouble is not None)
        return [self._fault(column, words, reading, trouble) for trouble in kinds]

    def _fault(self, column: str, words: Words, reading: Reading, trouble: Trouble) -> Fault:
        positions = np.flatnonzero(words.flags([found is trouble for found in reading.troubles]))
        example = words.words[words.places[positions[0]]] if positions.size else ""
        return Fault(
            *(self.table, self.sheet.file, column, self.row_numbers(positions)),
            trouble.found.replace("{word}", self._shown(example)),
            *(trouble.expected, trouble.remedy),
            n_rows=len(positions),
        )

    def row_numbers(self, positions: np.ndarray) -> tuple[int, ...]:
        """Return the row numbers in the file of some rows."""
        first = positions[:_ROWS_KEPT]
        rows = first + 2 if self.sheet.rows is None else self.sheet.rows[first]
        return tuple(rows.tolist())

    def _shown(self, word: str) -> str:
        """Return a cell as an example, unless it is somebody's identifier."""
        if self.has_ids and word in set(self.ids()):
            return "(an identifier)"
        return word if len(word) <= _LONGEST_EXAMPLE else word[:_LONGEST_EXAMPLE] + "..."

    def note(self, column: str, found: str, read_as: str, rows: int, *, reason: str) -> Note:
        """Return an entry of the loading report about how cells were read."""
        place = (self.sheet.file, self.table, column)
        return Note(*place, "resolved", found, read_as, rows, reason)

    def meets(self, where: Where) -> Flags:
        """Flag the rows that meet every condition."""
        flags = np.ones(self.n_rows, dtype=bool)
        for column, condition in where.items():
            flags &= self._meets(column, condition)
        return flags

    def _meets(self, column: str, condition: Condition) -> Flags:
        words = self.words(column)
        flags = np.ones(self.n_rows, dtype=bool)
        if condition.one_of is not None:
            flags &= words.flags([word in condition.one_of for word in words.words])
        if condition.not_ is not None:
            flags &= ~words.flags([word in condition.not_ for word in words.words])
        if condition.like is not None:
            flags &= words.flags([_is_like(word, condition.like) for word in words.words])
        if condition.not_like is not None:
            flags &= ~words.flags([_is_like(word, condition.not_like) for word in words.words])
        if condition.is_ is not None:
            flags &= words.is_empty == (condition.is_ == "empty")
        return flags


def _is_like(word: str, pattern: str) -> bool:
    from fnmatch import fnmatchcase

    return fnmatchcase(word, pattern)


@dataclass(frozen=True, eq=False)
class Made:
    """One column of a table, made from a file."""

    cells: pd.Series
    unreadable: Flags
    faults: list[Fault] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def identifiers(cells: pa.ChunkedArray) -> pd.Series:
    """Return identifiers as text without blanks around them; empty ones are missing."""
    text = cells.cast(pa.large_string()) if pa.types.is_string(cells.type) else cells
    trimmed = pc.utf8_trim_whitespace(text)
    filled = pc.if_else(pc.equal(trimmed, ""), None, trimmed)
    return pd.Series(
        filled.to_pandas(types_mapper={pa.large_string(): pd.StringDtype("pyarrow")}.get)
    )
