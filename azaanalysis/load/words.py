"""A column as its different words, so that each is read once however often it occurs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from azaanalysis.schema.origins import Flags


@dataclass(frozen=True, eq=False)
class Words:
    """The different words of a column, and which of them stands in each row (-1: empty)."""

    words: Sequence[str]
    places: np.ndarray

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> Words:
        """Take a column of any type apart; blanks around a word are not part of it."""
        text = as_text(column).combine_chunks().dictionary_encode()
        places = text.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return cls([word.strip() for word in text.dictionary.to_pylist()], places)

    @classmethod
    def constant(cls, word: str, n_rows: int) -> Words:
        """Repeat one word."""
        return cls([word], np.zeros(n_rows, dtype="int32"))

    def without(self, missing: Sequence[str]) -> Words:
        """Empty the rows whose word stands for a missing value."""
        stand_ins = {word.lower() for word in missing}
        return self.only(np.array([word.lower() not in stand_ins for word in self.words], bool))

    def only(self, keep: Flags) -> Words:
        """Empty the rows whose word is not kept."""
        kept = np.flatnonzero(keep)
        renumbered = np.full(len(self.words) + 1, -1)
        renumbered[kept] = np.arange(len(kept))
        return Words([self.words[place] for place in kept.tolist()], renumbered[self.places])

    def within(self, rows: Flags) -> Words:
        """Empty the rows that are not flagged."""
        return Words(self.words, np.where(rows, self.places, -1))

    def rewritten(self, rewrite: Callable[[str], str]) -> Words:
        """Rewrite every word."""
        return Words([rewrite(word) for word in self.words], self.places)

    def coded(self, codes: Mapping[str, str], otherwise: str | None) -> Words:
        """Replace words by their codes; others by ``otherwise``, or left as they are."""
        return self.rewritten(
            lambda word: codes.get(word, word if otherwise is None else otherwise)
        )

    def flags(self, wanted: Sequence[bool]) -> Flags:
        """Flag the rows whose word is wanted; an empty row is not."""
        by_place = np.append(np.asarray(wanted, dtype=bool), False)
        return np.asarray(by_place[self.places])

    def spread(self, values: Sequence[Any], dtype: str, empty: Any) -> np.ndarray:
        """Put what each word means into its rows."""
        meant = np.array([empty if value is None else value for value in values], dtype=dtype)
        return np.asarray(np.append(meant, np.array([empty], dtype=dtype))[self.places])

    def category(self, values: Sequence[str | None]) -> pd.Series:
        """Put the code that each word means into its rows, as a category with sorted words."""
        kept = pd.Index(sorted({value for value in values if value}), dtype=object)
        meant = np.append(kept.get_indexer(pd.Index(values, dtype=object)), -1).astype("int64")
        codes = pd.Categorical.from_codes(meant[self.places], dtype=pd.CategoricalDtype(kept))
        return pd.Series(codes)

    def counts(self) -> np.ndarray:
        """Count the rows of each word."""
        present = self.places[self.places >= 0]
        return np.bincount(present, minlength=len(self.words))

    @property
    def is_empty(self) -> Flags:
        """Flag the rows without a word."""
        return np.asarray(self.places < 0)


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write a column of any type as text; whole numbers without a decimal point."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_floating(column.type):
        column = _whole_if_possible(column)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.date32(), safe=False)
    return column.cast(pa.large_string())


def _whole_if_possible(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Turn 701.0 into 701: a package that knows no missing whole number wrote it so."""
    numbers = pc.if_else(pc.is_nan(column), None, column)
    is_whole = pc.all(pc.and_(pc.is_finite(numbers), pc.equal(numbers, pc.floor(numbers)))).as_py()
    return numbers.cast(pa.int64()) if is_whole else numbers
