"""What a report holds, element by element: where it is, or why it is not there.

An element is found in the report itself: in the pages as they are written, in the results, in the
manifest. What a checklist links to is therefore there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from azaanalysis.report.manifest import source_in_words
from azaanalysis.report.page import Page
from azaanalysis.report.record import as_frame
from azaanalysis.report.tables import TABLE_MARK
from azaanalysis.study import Study
from azaanalysis.vocab import QUANTITIES

# Where something is answered: the page and its anchor, and the words of the link.
Place = tuple[str, str]
_ANCHOR = re.compile(r'\bid="([\w-]+)"')


@dataclass(frozen=True)
class Evidence:
    """What a report holds: study, notebooks, other chapters as HTML, every estimate, manifest."""

    study: Study
    pages: tuple[Page, ...]
    chapters: Mapping[str, str]
    record: Any
    manifest: Any

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Every number of the report."""
        return as_frame(self.record)

    @cached_property
    def anchors(self) -> frozenset[str]:
        """Every place of the chapters that can be linked to, as page and anchor."""
        return frozenset(
            f"{name}.html#{anchor}"
            for name, html in self.chapters.items()
            for anchor in _ANCHOR.findall(html)
        )

    @cached_property
    def method_rows(self) -> dict[str, list[str]]:
        """Sections of the methods by the heading of each row of their tables."""
        from bs4 import BeautifulSoup

        found: dict[str, list[str]] = {}
        page = BeautifulSoup(self.chapters.get("methods", ""), "html.parser")
        for section in page.find_all("section"):
            for heading in section.select("tbody th[scope=row]"):
                found.setdefault(heading.get_text(), []).append(str(section.get("id")))
        return found


@dataclass(frozen=True)
class Element:
    """Something a report may hold: how to find it, and why it is missing if it is."""

    find: Callable[[Evidence], Place | None]
    reason: str


def _row(start: str, words: str, *, of: str = "section") -> Callable[[Evidence], Place | None]:
    """Find the first row of the methods that begins so, in a section whose name begins so."""

    def find(evidence: Evidence) -> Place | None:
        for heading, sections in evidence.method_rows.items():
            own = [section for section in sections if section.startswith(of)]
            if heading.startswith(start) and own:
                return f"methods.html#{own[0]}", f"Methods: {words}"
        return None

    return find


def _anchor(place: str, words: str) -> Callable[[Evidence], Place | None]:
    return lambda evidence: (place, words) if place in evidence.anchors else None


def _table(is_wanted: Callable[[Any], bool]) -> Callable[[Evidence], Place | None]:
    def find(evidence: Evidence) -> Place | None:
        for page in evidence.pages:
            for number, table in enumerate(page.tables, 1):
                if is_wanted(table):
                    return f"{page.name}.html#table-{number}", f"{page.title} Table {number}"
        return None

    return find


def _in_pages(mark: str, words: str, anchor: str = "") -> Callable[[Evidence], Place | None]:
    """Find the first notebook whose page holds a mark."""

    def find(evidence: Evidence) -> Place | None:
        page = next((page for page in evidence.pages if mark in page.body), None)
        return (f"{page.name}.html{anchor}", f"{page.title}: {words}") if page else None

    return find


def _numbers(is_wanted: Callable[[pd.DataFrame], Any]) -> Callable[[Evidence], Place | None]:
    """Find the notebook of the first number that is wanted."""

    def find(evidence: Evidence) -> Place | None:
        found = evidence.rows[is_wanted(evidence.rows)]
        return None if found.empty else _page_of(evidence, str(found["notebook"].iloc[0]))

    return find


def _estimate(is_wanted: Callable[[Any], bool]) -> Callable[[Evidence], Place | None]:
    """Find the notebook of the first estimate that is wanted."""

    def find(evidence: Evidence) -> Place | None:
        for entry in evidence.record["estimates"]:
            if is_wanted(entry["about"]):
                return _page_of(evidence, entry["notebook"])
        return None

    return find


def _page_of(evidence: Evidence, name: str) -> Place:
    title = next((page.title for page in evidence.pages if page.name == name), name)
    return f"{name}.html", title


def _scale(*scales: str) -> Callable[[pd.DataFrame], Any]:
    return lambda rows: (
        rows["quantity"].map(lambda quantity: QUANTITIES[quantity].scale).isin(scales)
        & rows["value"].notna()
        & ~_is_difference(rows)
    )


def _is_difference(rows: pd.DataFrame) -> Any:
    return rows["quantity"].str.contains("difference")


def _source(evidence: Evidence) -> Place | None:
    is_named = evidence.study.is_synthetic or evidence.study.source.name
    return ("index.html", f"Summary: {source_in_words(evidence.study)}") if is_named else None


def _answers(evidence: Evidence) -> Place | None:
    return ("index.html", "Summary") if TABLE_MARK in evidence.chapters["index"] else None


def _in_manifest(*keys: str, words: str) -> Callable[[Evidence], Place | None]:
    def find(evidence: Evidence) -> Place | None:
        is_there = all(evidence.manifest.get(key) for key in keys)
        return ("manifest.html", f"Manifest: {words}") if is_there else None

    return find


def _has_heading(words: str) -> Callable[[Any], bool]:
    return lambda table: any(column.header.startswith(words) for column in table.columns)


def _is_called(words: str) -> Callable[[Any], bool]:
    return lambda table: table.caption.startswith(words)


def _tells_missing(table: Any) -> bool:
    headings: Iterable[str] = (row[0] for row in table.rows)
    return any("issing" in one for one in headings)


_NO_PROTOCOL = "the methods do not say it"
_NO_NOTEBOOK = "no notebook of this report shows it"

ELEMENTS: Mapping[str, Element] = {
    "source": Element(_source, "the study file gives the source no name"),
    "design": Element(_anchor("index.html#design", "Summary: design"), "the summary names none"),
    "answers": Element(_answers, "no notebook of this report answers its question with a number"),
    "question": Element(_row("Question", "the protocol"), "the study file states no question"),
    "eligibility": Element(_row("Eligibility", "the protocol"), _NO_PROTOCOL),
    "reference": Element(_row("Reference", "the protocol"), _NO_PROTOCOL),
    "new users": Element(_row("New users", "the protocol"), _NO_PROTOCOL),
    "switching": Element(_row("When another", "the protocol"), _NO_PROTOCOL),
    "covariates": Element(_row("Covariates", "the protocol"), _NO_PROTOCOL),
    "adjustment": Element(_row("Adjustment", "the protocol"), _NO_PROTOCOL),
    "outcome": Element(_row("Outcome", "each endpoint"), _NO_PROTOCOL),
    "follow-up": Element(_row("Follow-up", "each endpoint"), _NO_PROTOCOL),
    "stopping": Element(_row("When treatment stops", "each endpoint"), _NO_PROTOCOL),
    "definition": Element(_row("Setting kind", "each endpoint"), _NO_PROTOCOL),
    "arms": Element(_anchor("methods.html#arms", "Methods: the arms"), _NO_PROTOCOL),
    "drawing": Element(
        _anchor("methods.html#design-1", "Methods: drawing of the design"), "none is drawn"
    ),
    "target trial": Element(
        _anchor("methods.html#trial", "Methods: the trial that is emulated"), "none is described"
    ),
    **{
        f"emulated {part}": Element(
            _row(part.capitalize(), "the trial that is emulated", of="emulation"), _NO_PROTOCOL
        )
        for part in (
            *("eligibility", "strategies", "assignment", "follow-up", "outcomes", "contrast"),
            *("assumptions", "analysis"),
        )
    },
    "conventions": Element(
        lambda e: ("conventions.html", "Conventions") if "conventions" in e.chapters else None,
        "the conventions of the estimators are not part of this report",
    ),
    "loading": Element(_table(_is_called("How the data were read")), _NO_NOTEBOOK),
    "flow": Element(_table(_has_heading("Left because")), _NO_NOTEBOOK),
    "flow diagram": Element(
        _in_pages("From the data to the comparison", "flow diagram"), _NO_NOTEBOOK
    ),
    "baseline": Element(_table(_has_heading("Characteristic")), _NO_NOTEBOOK),
    "missing values": Element(
        _table(_tells_missing), "no table of this report has a line of missing values"
    ),
    "endings": Element(_table(_is_called("Follow-up ended")), _NO_NOTEBOOK),
    "gate": Element(
        _table(_is_called("Whether each comparison is fair")),
        "no comparison of this report was held against pass marks",
    ),
    "weights": Element(
        _estimate(lambda about: about.get("weighting", "none") != "none"),
        "every estimate of this report compares the arms as observed",
    ),
    "absolute": Element(
        _numbers(_scale("probability", "rate")), "no risk or rate is estimated in this report"
    ),
    "relative": Element(_numbers(_scale("ratio")), "no ratio is estimated in this report"),
    "differences": Element(
        _numbers(lambda rows: _is_difference(rows) & rows["value"].notna()),
        "no difference between arms is estimated in this report",
    ),
    "events": Element(
        _numbers(lambda rows: rows["events"].notna()), "no estimate of this report counts events"
    ),
    "time at risk": Element(
        _numbers(lambda rows: rows["patient_years"].notna()), "no estimate of this report states it"
    ),
    "intervals": Element(
        _estimate(lambda about: about.get("interval", "none") != "none"),
        "no estimate of this report has an interval",
    ),
    "sensitivity": Element(
        _estimate(lambda about: about.get("study") != about.get("base_study")),
        "no notebook of this report changes a setting of the study",
    ),
    "subgroups": Element(
        _estimate(lambda about: bool(about.get("groups"))),
        "no notebook of this report compares the arms within groups",
    ),
    "reading": Element(
        _in_pages('class="answer"', "reading", "#section-1"), "no notebook ends with a reading"
    ),
    "limits": Element(
        _anchor("index.html#limits", "Summary: limits"), "the study file names no limits"
    ),
    "dates": Element(
        _in_manifest("data_from", "data_to", words="first and last day of the data"),
        "no estimate of this report says which days the data cover",
    ),
    "origin": Element(
        _in_manifest("cohort_fingerprint", "versions", words="study, data and versions"),
        "no estimate of this report names its cohort",
    ),
}
