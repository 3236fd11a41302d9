"""What the results file says of each place of a report, made ready to judge a number by."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from azaanalysis.display.axis import DAYS_PER
from azaanalysis.report.parents import SUMMARY
from azaanalysis.vocab import QUANTITIES

UNACCOUNTED = "not accounted for"
# A word with letters in it (a hash, a file, 99th) is a name and no number.
_NAMED = re.compile(r"[\w.-]*[A-Za-z_][\w.-]*")
_NUMBER = re.compile(r"−?\d[\d,]*(?:\.\d+)?(?:e-\d+)?")
_EXPONENT = re.compile(r"\b\d+(?:\.\d+)?e-\d+\b")
_MEASURED = ("value", "lower", "upper", "std_error")
_COUNTED = ("patients", "events", "patient_years")
# Numbers of the language: a proportion runs from 0 to 1, rates are per 100 years.
_PLAIN = {"0", "1", "100"}
_TOLD = ("notes", "method", "interval", "weighting", "estimand", "level")
_WORDS = ("endpoint", "cause", "arm", "versus", "unit")


def numbers_in(text: str) -> Iterator[str]:
    """Yield the numbers of a text, as they are written."""
    kept = _EXPONENT.sub(lambda found: found.group().replace("e-", "\0"), text)
    kept = _NAMED.sub(lambda found: " ", kept).replace("\0", "e-")
    for number in _NUMBER.findall(kept):
        yield number.rstrip(",")


def as_number(text: str) -> float:
    """Return a number as it is written on a page: thousands set apart, a real minus sign."""
    return float(text.replace(",", "").replace("−", "-"))


@dataclass(frozen=True)
class Row:
    """One printed result: its cells, and every number in the words about it."""

    cells: Mapping[str, Any]
    words: frozenset[float]
    smallest_count: int = 1

    def prints(self, number: str) -> bool:
        """Tell whether a number is one of this result, rounded as it is written."""
        decimals = len(number.partition(".")[2])
        half = 0.5 * 10.0**-decimals
        wanted = as_number(number)
        near = (abs(wanted - v) <= half + 1e-6 * (half + abs(v)) for v in self._values)
        return any(near) or self._is_p_beyond(number) or self._is_masked(number)

    def holds(self, number: str) -> bool:
        """Tell whether a number stands in this row digit by digit."""
        cells = (self.cells[name] for name in (*_MEASURED, *_COUNTED, "at_days"))
        written = {f"{cell:,}" for cell in cells if cell is not None}
        written |= {f"{self.cells['at_days']:g}"} if self.cells["at_days"] is not None else set()
        return number.replace("−", "-") in {text.lstrip("-") for text in written} | written

    @cached_property
    def _values(self) -> list[float]:
        scale = QUANTITIES[self.cells["quantity"]].scale
        times = {"probability": (100,), "mean": (1, 100)}.get(scale, (1,))
        found = [
            float(cell) * factor
            for name in _MEASURED[:3]
            if (cell := self.cells[name]) is not None
            for factor in times
        ]
        found += [float(c) for name in _COUNTED if (c := self.cells[name]) is not None]
        day = self.cells["at_days"]
        return found if day is None else [*found, *(day / per for per in DAYS_PER.values())]

    def _is_masked(self, number: str) -> bool:
        """Tell whether a number is the threshold, printed in place of a count: ``"<5"``."""
        is_blank = None in (self.cells["patients"], self.cells["events"])
        return is_blank and self.smallest_count > 1 and number == str(self.smallest_count)

    def _is_p_beyond(self, number: str) -> bool:
        if QUANTITIES[self.cells["quantity"]].scale != "p_value" or self.cells["value"] is None:
            return False
        return (number == "0.001" and self.cells["value"] < 0.001) or (
            number == "0.999" and self.cells["value"] > 0.999
        )


@dataclass(frozen=True)
class Parents:
    """What stands behind a table or figure.

    Parameters
    ----------
    place
        Its name on the page.
    lines
        The results behind each line of a table; a figure has one line of all.
    words
        Numbers in the words about it.
    cells
        Numbers in each line of a table that prints no estimates; of a figure in its words.
    is_strict
        A cell of numbers: words about it do not account for them.
    """

    place: str
    lines: tuple[tuple[Row, ...], ...]
    words: frozenset[float]
    cells: tuple[frozenset[float], ...] = ()
    is_strict: bool = False

    def narrow(self, above: list[Any], *, is_cell: bool) -> Parents:
        """Return what stands behind one line, if the text stands in one."""
        line = next((tag for tag in above if tag.name == "tr"), None)
        if line is None or line.parent.name != "tbody" or self.place.startswith("figure"):
            return self
        cell = next((tag for tag in above if tag.name in ("td", "th")), line)
        if cell.get("scope") == "rowgroup":
            return self
        number = _number_of_line(line)
        is_strict = is_cell and "number" in cell.get("class", ())
        if self.lines:
            return replace(self, lines=(self.lines[number],), is_strict=is_strict)
        return replace(self, cells=(self.cells[number],), is_strict=is_strict)

    def judge(self, number: str) -> str:
        """Say what kind a number is in this place."""
        if any(row.prints(number) for line in self.lines for row in line):
            return "result"
        if any(as_number(number) in cells for cells in self.cells):
            return "cell"
        if not self.is_strict and self.tells(number):
            return "note"
        return UNACCOUNTED

    def tells(self, number: str) -> bool:
        """Tell whether a number stands in the words about this place."""
        rows = (row.words for line in self.lines for row in line)
        return number in _PLAIN or any(as_number(number) in w for w in (self.words, *rows))


def _number_of_line(line: Any) -> int:
    """Count the lines of a table above one of its lines, headings of groups left out."""
    lines = line.find_parent("table").select("tbody > tr")
    counted = [one for one in lines if one.find("th", scope="rowgroup") is None]
    return next(place for place, one in enumerate(counted) if one is line)


class Grounds:
    """The results of a report by page and place, and the numbers that are no results."""

    def __init__(self, record: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
        self.settings = pool(record["settings"]) | pool(manifest["source"])
        self.frames = pool(manifest) | self.settings
        told = [e["about"] for e in record["estimates"]]
        told += [g.get("about", {}) for page in record["printed"] for g in page["results"]]
        self.notes = pool([[about.get(name, "") for name in _TOLD] for about in told])
        self.tests = [row for entry in record["estimates"] for row in _tests_of(entry, record)]
        self.marks = [mark for about in told for mark in about.get("gate", ())]
        self.masked = _count_masked(record["estimates"])
        self.rows: dict[str, Row] = {}
        self.places: dict[tuple[str, str], Parents] = {}
        self.anchors: dict[str, Parents] = {}
        abouts = {(e["notebook"], e["estimate"]): e["about"] for e in record["estimates"]}
        for page in record["printed"]:
            name = page["notebook"]
            rows = dict(_rows_of(page, abouts, record["columns"]))
            self.rows |= {f"{name}-r{number}": row for number, row in rows.items()}
            for one in page["shown"]:
                is_summary = one["place"] == SUMMARY
                where = ("index", f"answer-{name}") if is_summary else (name, one["place"])
                self.places[where] = _parents_of(one, rows, self.settings)
                self.anchors[f"{name}-{one['place']}"] = self.places[where]

    def frame(self, number: str) -> str:
        """Judge what stands around a page: versions, hashes, the source."""
        return "version" if as_number(number) in self.frames else UNACCOUNTED

    def prose(self, number: str) -> str:
        """Judge prose of a notebook."""
        return "setting" if as_number(number) in self.settings else "prose"

    def words(self, number: str) -> str:
        """Judge text outside of tables and figures."""
        if any(row.prints(number) for row in self.tests):
            return "result"
        is_known = as_number(number) in self.notes | self.masked
        if is_known or self._is_of_gate(number):
            return "note"
        is_setting = number in _PLAIN or as_number(number) in self.settings
        return "setting" if is_setting else UNACCOUNTED

    def _is_of_gate(self, number: str) -> bool:
        """Tell whether a number is a count of comparisons, or a finding of the design gate."""
        pairs = {(arm, versus) for arm, versus, *_ in self.marks}
        found = {f"{value:.2f}" for _, _, _, value, *_ in self.marks if value is not None}
        return number in found or (number.isdigit() and int(number) <= len(pairs))


def _count_masked(entries: Iterable[Mapping[str, Any]]) -> frozenset[float]:
    """Return how many rows of each notebook have a masked number: the summary says it."""
    masked: dict[str, float] = {}
    for entry in entries:
        name = entry["notebook"]
        masked[name] = masked.get(name, 0) + float(entry["about"].get("masked", 0))
    return frozenset(masked.values())


def _tests_of(entry: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows of an estimate that are p values: warnings name them."""
    for cells in entry["rows"]:
        row = dict(zip(record["columns"], cells, strict=True))
        if QUANTITIES[row["quantity"]].scale == "p_value":
            yield Row(row, frozenset())


def pool(entry: Any) -> frozenset[float]:
    """Return every number in an entry of a JSON file; a share also as a percentage."""
    text = entry if isinstance(entry, str) else json.dumps(entry, ensure_ascii=False)
    found = {as_number(number) for number in numbers_in(text.replace("_", " "))}
    return frozenset(found | {round(100 * one, 6) for one in found if 0 < one < 1})


def _rows_of(
    page: Mapping[str, Any], abouts: Mapping[Any, Any], columns: list[str]
) -> Iterator[tuple[int, Row]]:
    for group in page["results"]:
        about = group.get("about") or abouts[page["notebook"], group["estimate"]]
        told = pool([entry for key, entry in about.items() if key != "smallest_count"])
        starts = frozenset(float(day) + 1 for day in about.get("windows", ()))
        smallest = int(about.get("smallest_count", 1))
        # "<5: from 1 to 4, not shown"
        told |= {float(smallest), float(smallest - 1)} if smallest > 1 else set()
        for number, *cells in group["rows"]:
            row = dict(zip(columns, cells, strict=True))
            label = QUANTITIES[row["quantity"]].label
            words = pool(" ".join([label, *(str(row[name]) for name in _WORDS)]))
            yield number, Row(row, told | words | starts, smallest)


def _parents_of(
    one: Mapping[str, Any], rows: Mapping[int, Row], settings: frozenset[float]
) -> Parents:
    told = pool([one["caption"], *one.get("columns", ()), *one.get("notes", ())])
    words = told | settings | pool(one.get("basis", ""))
    drawn = [one.get("words", ""), one["caption"], *one.get("drawn", ())]
    if "results" in one:
        lines = tuple(tuple(rows[number] for number in line) for line in one["results"])
        beside = (pool(" ".join(drawn)),) if "words" in one else ()
        return Parents(one["place"], lines, words, beside)
    lines_of_text = one.get("cells") or [drawn]
    return Parents(one["place"], (), words, tuple(pool(" ".join(line)) for line in lines_of_text))
