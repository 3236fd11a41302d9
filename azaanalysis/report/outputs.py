"""The outputs of executed cells, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def outputs_of(cells: Iterable[Any]) -> Iterator[Any]:
    """Yield the outputs of cells; cells of words have none."""
    for cell in cells:
        yield from cell.get("outputs", ())
