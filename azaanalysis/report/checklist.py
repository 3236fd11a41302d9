"""What reviewers expect, item by item, and where this report answers it or why it does not.

Items are those of STROBE, RECORD-PE and TARGET, with their numbers and in our own, shorter words;
the statements themselves say more and should be read. Each item rests on one element of the report.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from azaanalysis.report.evidence import ELEMENTS, Evidence, Place
from azaanalysis.report.statements import STATEMENTS, Item


@dataclass(frozen=True)
class Answer:
    """An item with the place that answers it; without a place, ``reason`` says why."""

    statement: str
    item: Item
    place: Place | None
    reason: str


def fill_checklist(evidence: Evidence) -> list[Answer]:
    """Return every item of each statement with the place that answers it, or the reason."""
    places = {name: element.find(evidence) for name, element in ELEMENTS.items()}
    return [
        Answer(
            statement,
            item,
            places.get(item.element),
            ELEMENTS[item.element].reason if item.element else item.reason,
        )
        for statement, items in STATEMENTS.items()
        for item in items
    ]


def count_answers(answers: Sequence[Answer]) -> Iterator[tuple[str, int, int]]:
    """Return for each statement how many of its items are answered, and how many there are."""
    for statement in STATEMENTS:
        own = [answer for answer in answers if answer.statement == statement]
        yield statement, sum(answer.place is not None for answer in own), len(own)
