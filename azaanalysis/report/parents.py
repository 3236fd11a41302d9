"""The parent of every printed number: the results behind a page's tables and figures, numbered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from xml.etree import ElementTree

from azaanalysis.display.source import METADATA, Source, as_plain, as_rows, unpack_source
from azaanalysis.display.table import Table
from azaanalysis.report.tables import TABLE_MARK
from azaanalysis.result import COLUMNS

# Two estimates are the same if they agree in all of this, and their rows in everything else.
IDENTITY = (
    "study",
    "base_study",
    "estimand",
    "method",
    "interval",
    "level",
    "weighting",
    "counted",
)
SUMMARY = "summary"
KEY = ("endpoint", "cause", "arm", "versus", "quantity", "unit", "at_days")
_NUMBERS = tuple(name for name in COLUMNS if name not in KEY)


@dataclass(frozen=True)
class Result:
    """One printed result: a row with its number on the page, and what it is about."""

    number: int
    cells: Mapping[str, Any]
    about: Mapping[str, Any]

    def matches(self, cells: Mapping[str, Any], about: Mapping[str, Any]) -> bool:
        """Tell whether a row is this result; a figure leaves some of its numbers out."""
        return (
            all(self.cells[name] == cells[name] for name in KEY)
            and all(cells[name] is None or self.cells[name] == cells[name] for name in _NUMBERS)
            and all(self.about.get(name) == about.get(name) for name in IDENTITY)
        )


@dataclass(frozen=True)
class Shown:
    """A table or figure of a page, and the results that stand behind it.

    Parameters
    ----------
    place
        Its name on the page: ``"table-3"``, ``"figure-1"``; ``"summary"`` for the answer there.
    caption
        What it shows.
    sources
        The estimates behind it; empty if its numbers are no estimates.
    basis
        How its numbers arose, if they are no estimates.
    table
        The table itself; None for a figure.
    words, drawn
        The numbers of a figure in words; the texts that are drawn in it, but for its axes.
    numbers
        For each source the numbers of the results behind its rows; 0 for none.
    """

    place: str
    caption: str
    sources: tuple[Source, ...] = ()
    basis: str = ""
    table: Table | None = None
    words: str = ""
    drawn: tuple[str, ...] = ()
    numbers: tuple[tuple[int, ...], ...] = field(default=())

    @property
    def label(self) -> str:
        """Its name as a reader sees it: ``"Table 3"``."""
        return self.place.replace("-", " ").capitalize()

    @property
    def results(self) -> list[int]:
        """Numbers of the results that it prints, in order, each once."""
        return list(dict.fromkeys(n for of_one in self.numbers for n in of_one if n))


def read_shown(outputs: Sequence[Any], tables: Sequence[Table]) -> list[Shown]:
    """Return the tables and figures among the outputs of a page, in their order.

    Parameters
    ----------
    outputs
        Outputs of the cells, numbered by ``number_tables`` and ``number_figures``.
    tables
        The tables of the page.
    """
    shown = []
    for output in outputs:
        packed = output.get("metadata", {}).get(METADATA, {})
        sources = tuple(unpack_source(one) for one in packed.get("sources", ()))
        basis = str(packed.get("basis", ""))
        if TABLE_MARK in str(output.get("data", {}).get("text/html", "")):
            number = output.metadata["aza_table"]["number"]
            table = tables[number - 1]
            shown.append(Shown(f"table-{number}", table.caption, sources, basis, table))
        elif "aza" in output.get("metadata", {}):
            about = output.metadata["aza"]
            place = f"figure-{about['number']}"
            drawn = () if sources and not basis else _texts_of(output.data.get("image/svg+xml", ""))
            words = about["words"]
            shown.append(Shown(place, about["caption"], sources, basis, words=words, drawn=drawn))
    return shown


def _texts_of(drawing: str) -> tuple[str, ...]:
    """Return the texts of a drawing but for those of its axes."""
    if not drawing:
        return ()

    def read(element: ElementTree.Element) -> Iterator[str]:
        if element.get("class") == "scale":
            return
        if element.tag.endswith("}text") or element.tag == "text":
            yield "".join(element.itertext()).strip()
        for child in element:
            yield from read(child)

    return tuple(text for text in read(ElementTree.fromstring(drawing)) if text)


def number_results(shown: Sequence[Shown]) -> tuple[tuple[Shown, ...], tuple[Result, ...]]:
    """Give each printed result its number; what is printed twice has one.

    Tables come first: a figure prints fewer numbers of the same row.
    """
    results: list[Result] = []
    places: dict[tuple[Any, ...], list[Result]] = {}
    numbered = {}
    for one in sorted(shown, key=lambda one: one.table is None):
        of_each = tuple(tuple(_number(s, results, places)) for s in one.sources)
        numbered[one.place] = replace(one, numbers=of_each)
    return tuple(numbered[one.place] for one in shown), tuple(results)


def _number(
    source: Source, results: list[Result], places: dict[tuple[Any, ...], list[Result]]
) -> Iterator[int]:
    about = as_plain(source.estimate.about)
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in as_rows(source.estimate.frame)]
    for place in source.rows or range(len(rows)):
        if place < 0:
            yield 0
            continue
        cells = rows[place]
        known = places.setdefault(tuple(cells[name] for name in KEY), [])
        found = next((result for result in known if result.matches(cells, about)), None)
        if found is None:
            found = Result(len(results) + 1, cells, about)
            results.append(found)
            known.append(found)
        yield found.number
