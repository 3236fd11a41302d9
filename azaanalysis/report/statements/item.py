"""One item of a reporting statement."""

from __future__ import annotations

from dataclasses import dataclass

BY_THE_AUTHORS = "neither data nor study file know it; the authors add it"


@dataclass(frozen=True)
class Item:
    """What is asked for: the number in the statement, our words, and the element that answers it.

    Without an element no report of this package can answer it, and ``reason`` says why.
    """

    number: str
    asks: str
    element: str = ""
    reason: str = BY_THE_AUTHORS
