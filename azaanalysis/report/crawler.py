"""Every number of a finished report accounted for: what kind it is, and where it comes from.

The crawler reads the pages as a reader sees them and ``results.json`` as a program does, and knows
nothing of how either was made. Numbers of tables and figures must be found among the results or
cells that the file names for that very table or figure. What is no result is one of a few declared
kinds. A number that is none of these is not accounted for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from azaanalysis.report.grounds import UNACCOUNTED, Grounds, Parents, Row, as_number, numbers_in
from azaanalysis.report.links import RESULTS_PAGE
from azaanalysis.report.record import JSON_NAME
from azaanalysis.report.verify import read_manifest

KINDS = {
    "result": "a value, limit, count, time or day of a printed result, or words about it",
    "cell": "a cell of a table, or a word of a figure, that prints no estimates",
    "note": "said about an estimate: method, interval, weighting, notes",
    "setting": "a setting of the study file, or a sentence made of it",
    "scale": "a tick of an axis",
    "title": "a number of a table, figure or result",
    "version": "a version, hash or seed of the manifest",
    "code": "code of the notebook",
    "prose": "prose of the notebook; no result is typed there",
    "document": "a page about the package or the statements, not about this study",
}
Rule = Callable[[str], str]
_SKIPPED = {"style", "script", "title", "desc"}
_DOCUMENTS = ("conventions", "checklist")


class Found(NamedTuple):
    """A number on a page: where it stands, as it is written, and what kind it is."""

    page: str
    place: str
    number: str
    kind: str


def account_for_numbers(folder: str | Path) -> pd.DataFrame:
    """Find every number on the pages of a report, and say what kind each one is.

    Parameters
    ----------
    folder
        Folder of the report.

    Returns
    -------
    DataFrame
        One row for each number: ``page``, ``place`` (``table-3``, ``figure-1``, or the kind of
        text), ``number`` as written, and ``kind``: a word of ``KINDS``, or "not accounted for".

    Raises
    ------
    ReportError
        If the folder holds no report.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    grounds = Grounds(json.loads((folder / JSON_NAME).read_text(encoding="utf-8")), manifest)
    found = [one for path in sorted(folder.glob("*.html")) for one in _crawl(path, grounds)]
    return pd.DataFrame(found, columns=list(Found._fields))


def _crawl(path: Path, grounds: Grounds) -> Iterator[Found]:
    from bs4 import BeautifulSoup
    from bs4.element import PreformattedString

    page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    for text in page.find_all(string=re.compile(r"\d")):
        above = [tag for tag in text.parents if tag.name != "[document]"]
        if isinstance(text, PreformattedString) or {tag.name for tag in above} & _SKIPPED:
            continue
        yield from _account(path.stem, str(text), above, grounds)
    for tag in page.find_all(["svg", "img"]):
        words = str(tag.get("aria-label") or tag.get("alt") or "")
        yield from _account(path.stem, words, [tag, *tag.parents], grounds, is_cell=False)
    for tag in page.select("[title]"):
        words, _, _ = str(tag["title"]).rpartition("Result ")
        yield from _account(path.stem, words, [tag, *tag.parents], grounds, is_cell=False)


def _account(
    page: str, text: str, above: list[Any], grounds: Grounds, *, is_cell: bool = True
) -> Iterator[Found]:
    """Say of each number in a text what kind it is, by where the text stands."""
    place, kind_of = _rule(page, above, grounds, is_cell=is_cell)
    for number in numbers_in(text):
        yield Found(page, place, number, kind_of(number))


def _rule(page: str, above: list[Any], grounds: Grounds, *, is_cell: bool) -> tuple[str, Rule]:
    """Return the place of a text, and the rule by which its numbers are judged."""
    parents = _parents(page, above, grounds)
    classes = {css for tag in above for css in tag.get("class", ())}
    if parents is not None and not classes & {"source", "scale"}:
        if _is_number_of_figure(above):
            return parents.place, _always("title")
        return parents.place, parents.narrow(above, is_cell=is_cell).judge
    if page == RESULTS_PAGE and "main" in {tag.name for tag in above}:
        return _rule_of_results(above, grounds)
    return _rule_of_text(page, {tag.name for tag in above}, classes, grounds)


def _rule_of_text(
    page: str, names: set[str], classes: set[str], grounds: Grounds
) -> tuple[str, Rule]:
    """Return the rule for text that belongs to no table or figure of a notebook."""
    rules: dict[str, tuple[bool, Rule]] = {
        "frame": (bool(names & {"header", "footer", "nav"}), grounds.frame),
        "manifest": (page == "manifest", _always("version")),
        "document": (page in _DOCUMENTS, _always("document")),
        "axis": ("scale" in classes, _always("scale")),
        "link": ("source" in classes, _always("title")),
        "methods": (page == "methods", _always("setting")),
        "code": ("pre" in names or "code" in classes, _always("code")),
        "prose": ("prose" in classes and "estimand" not in classes, grounds.prose),
    }
    return next(
        ((place, rule) for place, (is_here, rule) in rules.items() if is_here),
        ("text", grounds.words),
    )


def _always(kind: str) -> Rule:
    return lambda _: kind


def _is_number_of_figure(above: list[Any]) -> bool:
    return [tag.name for tag in above[:2]] == ["b", "figcaption"]


def _parents(page: str, above: list[Any], grounds: Grounds) -> Parents | None:
    """Return what the results say of the table or figure that a text stands in."""
    for tag in above:
        found = grounds.places.get((page, tag.get("id", "")))
        if found is not None:
            return found
    return None


def _rule_of_results(above: list[Any], grounds: Grounds) -> tuple[str, Rule]:
    """Judge the page of results: every cell must stand in the file digit by digit."""
    for tag in above:
        row = grounds.rows.get(tag.get("id", ""))
        if row is not None:
            return "row", _always("title") if above[0].name == "th" else _exactly(row)
        place = grounds.anchors.get(tag.get("id", ""))
        if place is not None:
            return "text", _always("title") if above[0].name == "a" else place.judge
    return "text", grounds.words


def _exactly(row: Row) -> Rule:
    """Judge a cell of the page of results."""

    def judge(number: str) -> str:
        if row.holds(number):
            return "result"
        return "note" if as_number(number) in row.words else UNACCOUNTED

    return judge
