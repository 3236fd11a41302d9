"""What a reviewer expects, and where this report answers it or why it does not.

The expectations are this project's own wording of what the STROBE, RECORD-PE and TARGET statements
ask of a comparative study; the statements themselves are longer and should be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from azaanalysis.report.manifest import source_in_words
from azaanalysis.report.page import Page
from azaanalysis.report.record import as_frame
from azaanalysis.study import Study
from azaanalysis.vocab import QUANTITIES

_ALL = ("STROBE", "RECORD-PE", "TARGET")


@dataclass(frozen=True)
class Evidence:
    """What a report holds: the study, its pages, and every estimate as rows and as words."""

    study: Study
    pages: tuple[Page, ...]
    record: Any
    manifest: Any

    @property
    def rows(self) -> pd.DataFrame:
        """Every number of the report."""
        return as_frame(self.record)


# Where something is answered: the page and its anchor, and the words of the link.
Place = tuple[str, str]


@dataclass(frozen=True)
class Item:
    """One expectation: who asks, where it is answered, and why it is not if it is not."""

    expects: str
    asked_by: tuple[str, ...]
    find: Callable[[Evidence], Place | None]
    reason: str


@dataclass(frozen=True)
class Answer:
    """An item with the place that answers it; without a place, ``reason`` says why."""

    item: Item
    place: Place | None


def fill_checklist(evidence: Evidence) -> list[Answer]:
    """Return every item of the checklist with the place that answers it."""
    return [Answer(item, item.find(evidence)) for item in ITEMS]


def _in_methods(anchor: str, words: str, is_there: Callable[[Study], Any]) -> Any:
    def find(evidence: Evidence) -> Place | None:
        return (f"methods.html#{anchor}", words) if is_there(evidence.study) else None

    return find


def _table(is_wanted: Callable[[Any], bool]) -> Callable[[Evidence], Place | None]:
    def find(evidence: Evidence) -> Place | None:
        for page in evidence.pages:
            for number, table in enumerate(page.tables, 1):
                if is_wanted(table):
                    return f"{page.name}.html#table-{number}", f"{page.title} Table {number}"
        return None

    return find


def _numbers(is_wanted: Callable[[pd.DataFrame], Any]) -> Callable[[Evidence], Place | None]:
    """Find the notebook of the first number that is wanted."""

    def find(evidence: Evidence) -> Place | None:
        rows = evidence.rows
        found = rows[is_wanted(rows)]
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


def _has_scale(*scales: str) -> Callable[[pd.DataFrame], Any]:
    return lambda rows: (
        rows["quantity"].map(lambda quantity: QUANTITIES[quantity].scale).isin(scales)
        & rows["value"].notna()
    )


def _is_source_named(evidence: Evidence) -> Place | None:
    is_named = evidence.study.is_synthetic or evidence.study.source.name
    return ("index.html", f"Summary: {source_in_words(evidence.study)}") if is_named else None


def _stated_limits(evidence: Evidence) -> Place | None:
    return ("index.html#limits", "Summary: Limits") if evidence.study.limits else None


def _masking(evidence: Evidence) -> Place | None:
    k = int(evidence.manifest["smallest_count_shown"])
    return ("manifest.html", f"Manifest: no count below {k}") if k > 1 else None


def _made_from(evidence: Evidence) -> Place | None:
    is_there = evidence.manifest["cohort_fingerprint"] and evidence.manifest["versions"]
    return ("manifest.html", "Manifest") if is_there else None


def _never(evidence: Evidence) -> Place | None:
    return None


def _is_flow(table: Any) -> bool:
    return any(column.header == "Left because" for column in table.columns)


def _is_baseline(table: Any) -> bool:
    return any(column.header.startswith("Characteristic") for column in table.columns)


def _asked(*standards: str) -> tuple[str, ...]:
    return standards or _ALL


ITEMS: Sequence[Item] = (
    Item(
        "The source of the data is named",
        _asked("STROBE", "RECORD-PE"),
        _is_source_named,
        "the study file gives the source no name",
    ),
    Item(
        "The question is stated beforehand: who, which treatments, which outcome",
        _asked("STROBE", "TARGET"),
        _in_methods("section-1", "Methods: The protocol", lambda study: study.question),
        "the study file states no question",
    ),
    Item(
        "Eligibility is defined",
        _asked(),
        _in_methods(
            "section-1",
            "Methods: The protocol",
            lambda s: s.population.described_as or s.population.diseases,
        ),
        "the study file describes no population",
    ),
    Item(
        "New users are separated from those already treated",
        _asked("RECORD-PE", "TARGET"),
        _in_methods(
            "section-1", "Methods: The protocol", lambda study: study.comparison.washout_days
        ),
        "the study file asks for no washout",
    ),
    Item(
        "Time zero, washout and follow-up are drawn",
        _asked("RECORD-PE", "TARGET"),
        _in_methods("design-1", "Methods: drawing of the design", lambda study: study.endpoints),
        "the study has no endpoint",
    ),
    Item(
        "What comes between time zero and the outcome is named, with how it is handled",
        _asked("TARGET"),
        _in_methods("section-2", "Methods: each endpoint", lambda study: study.endpoints),
        "the study has no endpoint",
    ),
    Item(
        "The numbers at each stage of selection are shown, by arm",
        _asked(),
        _table(_is_flow),
        "no notebook of this report shows who was left out",
    ),
    Item(
        "Patients at time zero are described, by arm",
        _asked(),
        _table(_is_baseline),
        "no notebook of this report shows them",
    ),
    Item(
        "Confounding is addressed in the estimate",
        _asked(),
        _estimate(lambda about: about.get("weighting", "none") != "none"),
        "every estimate of this report compares the arms as observed",
    ),
    Item(
        "Absolute results are given: risks or rates in each arm",
        _asked(),
        _numbers(_has_scale("probability", "rate")),
        "no notebook of this report estimates a risk or a rate",
    ),
    Item(
        "Relative results are given",
        _asked("STROBE", "RECORD-PE"),
        _numbers(_has_scale("ratio")),
        "no notebook of this report estimates a ratio",
    ),
    Item(
        "Time at risk stands beside the events",
        _asked("STROBE", "RECORD-PE"),
        _numbers(lambda rows: rows["patient_years"].notna()),
        "no estimate of this report states it",
    ),
    Item(
        "Each interval says which uncertainty it contains",
        _asked("STROBE", "TARGET"),
        _estimate(lambda about: about.get("interval", "none") != "none"),
        "no estimate of this report has an interval",
    ),
    Item(
        "Assumptions are changed to see what depends on them",
        _asked(),
        _estimate(lambda about: about.get("study") != about.get("base_study")),
        "no notebook of this report changes a setting of the study",
    ),
    Item(
        "Limits are stated beside the results",
        _asked(),
        _stated_limits,
        "the study file names no limits",
    ),
    Item(
        "Small counts are protected",
        _asked("RECORD-PE"),
        _masking,
        "every count may be shown: the patients are invented, or the data owner said so",
    ),
    Item(
        "Code, versions and data can be identified again",
        _asked("RECORD-PE", "TARGET"),
        _made_from,
        "no estimate of this report names its cohort",
    ),
    Item(
        "Funding, ethics and registration are stated",
        _asked(),
        _never,
        "neither data nor study file know them; whoever publishes adds them",
    ),
)


def count_answers(answers: Sequence[Answer]) -> Iterator[tuple[str, int, int]]:
    """Return for each standard how many of its items are answered, and how many there are."""
    for standard in _ALL:
        own = [answer for answer in answers if standard in answer.item.asked_by]
        yield standard, sum(answer.place is not None for answer in own), len(own)
