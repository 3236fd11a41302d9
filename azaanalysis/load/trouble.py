"""What can be wrong with a cell, and the result of reading the different words of a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Trouble:
    """One way in which a cell cannot be read; ``{word}`` in ``found`` is the cell."""

    found: str
    expected: str
    remedy: str


@dataclass(frozen=True)
class Reading:
    """The different words of a column, read.

    Parameters
    ----------
    meanings
        What each word means; None if it means nothing or cannot be read.
    troubles
        Why a word cannot be read; None if it can.
    read_as
        What a word was resolved to, where that is not obvious from the word itself.
    """

    meanings: Sequence[Any]
    troubles: Sequence[Trouble | None]
    read_as: dict[str, str] = field(default_factory=dict)
