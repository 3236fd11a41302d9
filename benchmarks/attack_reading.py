"""What a stranger can read out of the folder of a report: counts, shares and times, as bounds."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.report.record import read_results
from benchmarks.attack_files import Sheet, Text, list_files

DAYS_PER_YEAR, DAYS_PER_WEEK = 365.25, 7.0
# Whether a number was read off a drawing: there a step waits until enough have come together.
_DRAWN = "is_drawn"
ARMS = ("azathioprine", "anti_tnf", "jak_inhibitor")
_COUNT = re.compile(r"^\d[\d,]*$")
_CELL = re.compile(r"^([\d,]+|hidden|<\d+|–)(?: \(([\d,]+|hidden|<\d+|–)\))?$")


@dataclass(frozen=True)
class Fact:
    """One thing that was read: a number lies between two bounds.

    Parameters
    ----------
    endpoint, arm
        Whom it is about.
    what
        ``at_risk``, ``events``, ``ended``, ``size``, ``share`` (events over size, allowing for
        the censored), ``exact_share`` (events over size), ``rate``, ``years``, ``day_in_order``.
    cause
        A cause or a reason; empty for all events.
    day
        Day it holds for; infinite at the end of follow-up.
    low, high
        Bounds, from rounding or from a label.
    aside
        Bounds of a second number it needs: the patient-years of a rate.
    """

    endpoint: str
    arm: str
    what: str
    cause: str
    day: float
    low: float
    high: float
    aside: tuple[float, float] = (np.nan, np.nan)


def read_report(folder: Path, sheets: Sequence[Sheet], texts: Sequence[Text]) -> list[Fact]:
    """Read what the data files, tables, figures, tooltips and alt texts of a report tell.

    Parameters
    ----------
    folder
        Of the report.
    sheets, texts
        What ``read_files`` found in it.
    """
    rows = read_rows(folder)
    facts = [fact for row in rows for fact in _facts_of_row(row)]
    facts += list(_differences(facts, rows))
    for sheet in sheets:
        facts += _read_sheet(sheet)
    facts += [fact for place, found in _drawings(texts).items() for fact in _read_svg(place, found)]
    return list(dict.fromkeys(facts))


def read_rows(folder: Path) -> list[Any]:
    """Return the rows of every file of data: Parquet, CSV, and JSON both written and printed."""
    record = json.loads((folder / "results.json").read_text("utf-8"))
    columns = record["columns"]
    parts = [pd.DataFrame(e["rows"], columns=columns) for e in record["estimates"] if e["rows"]]
    printed = [g["rows"] for page in record["printed"] for g in page["results"] if g["rows"]]
    parts += [pd.DataFrame(rows, columns=[_DRAWN, *columns]) for rows in printed]
    parts.append(read_results(folder / "results.parquet")[columns])
    parts += [
        pd.read_csv(io.BytesIO(content))
        for name, content in list_files(folder)
        if name.endswith(".csv") and "table_" not in name
    ]
    every = pd.concat([part.astype(object) for part in parts])
    every = every.reindex(columns=[_DRAWN, *columns])
    every[_DRAWN] = every[_DRAWN].notna() & every["at_days"].notna()
    every = every.drop_duplicates()
    texts = ["endpoint", "cause", "arm", "versus", "quantity", "unit"]
    every[texts] = every[texts].fillna("")
    numbers = [column for column in columns if column not in texts]
    every[numbers] = every[numbers].astype("float64")
    return list(every.itertuples(index=False))


def rounded(value: float, digits: int = 4) -> tuple[float, float]:
    """Return the bounds of a number that was rounded to so many significant digits."""
    if not np.isfinite(value) or value == 0:
        return value, value
    half = 0.5 * 10.0 ** (np.floor(np.log10(abs(value))) - digits + 1)
    return value - half, value + half


def _facts_of_row(row: Any) -> Iterator[Fact]:  # noqa: C901 - one branch for each number
    day = np.inf if pd.isna(row.at_days) else float(row.at_days)
    if row.versus or not row.arm:
        return
    is_window = row.quantity.endswith("_in_window")
    is_area = row.quantity.startswith("restricted_mean")

    def fact(what: str, low: float, high: float, **more: Any) -> Fact:
        return Fact(row.endpoint, row.arm, what, row.cause, day, low, high, **more)

    if pd.notna(row.patients) and not is_window and not row.is_drawn:
        what = "size" if is_area or np.isinf(day) else "at_risk"
        yield Fact(row.endpoint, row.arm, what, "", day, row.patients, row.patients)
    if pd.notna(row.events):
        what = "ended" if row.quantity in ("ended", "followed") else "events"
        cause = row.cause
        if what == "events" and row.quantity == "median_follow_up_days":
            what = "own_events"
        most = np.inf if row.is_drawn else row.events
        yield Fact(row.endpoint, row.arm, what, cause, day, row.events, most)
    if row.is_drawn:
        return
    if pd.notna(row.patient_years) and not (is_window or is_area):
        low, high = (DAYS_PER_YEAR * bound for bound in rounded(row.patient_years))
        yield Fact(row.endpoint, row.arm, "years", "", day, low, high)
    if pd.isna(row.value):
        return
    low, high = rounded(row.value)
    if row.quantity in ("risk", "survival"):
        bounds = (low, high) if row.quantity == "risk" else (1 - high, 1 - low)
        yield fact("share", max(bounds[0], 0.0), min(bounds[1], 1.0))
    if row.quantity == "ended":
        yield fact("exact_share", low, high)
    if row.quantity == "rate" and pd.notna(row.patient_years):
        yield fact("rate", low, high, aside=rounded(row.patient_years))


def _differences(facts: list[Fact], rows: list[Any]) -> Iterator[Fact]:
    """Read the share of an arm from a difference and the share of the arm compared with."""
    known = {(f.endpoint, f.arm, f.cause, f.day): f for f in facts if f.what == "share"}
    for row in rows:
        if row.quantity != "risk_difference" or pd.isna(row.value) or row.is_drawn:
            continue
        low, high = rounded(row.value)
        for arm, other, sign in ((row.arm, row.versus, 1), (row.versus, row.arm, -1)):
            if beside := known.get((row.endpoint, other, row.cause, float(row.at_days))):
                ends = sorted((sign * low, sign * high))
                bounds = beside.low + ends[0], beside.high + ends[1]
                day = float(row.at_days)
                yield Fact(row.endpoint, arm, "share", row.cause, day, *bounds)


def as_code(words: str) -> str:
    """Return the code behind the words of a table."""
    return words.strip().lower().replace("-", "_").replace(" ", "_")


def bounds_of(cell: str, *, linked_from: float = 0.0) -> tuple[float, float] | None:
    """Return the bounds that a cell with a count gives: a number, or a label."""
    cell = cell.strip()
    if _COUNT.match(cell):
        number = float(cell.replace(",", ""))
        return number, number
    if cell.startswith("<"):
        return 1.0, float(cell[1:]) - 1
    return (linked_from, np.inf) if cell == "hidden" else None


def endpoint_of(notebook: str) -> str:
    """Return the endpoint that a notebook is about: its name without the number."""
    return re.sub(r"^\d+_", "", notebook)


def _read_sheet(sheet: Sheet) -> Iterator[Fact]:
    """Read a table of an estimate; others read those of attrition, baseline and comparisons."""
    heading = list(sheet.rows[0]) if sheet.rows else []
    if "Arm" not in heading and "Group" not in heading:
        return
    if {"Characteristic", "Compared with", "Step", "What came next"} & set(heading):
        return
    for row in sheet.rows:
        yield from _facts_of_cells(endpoint_of(sheet.notebook), row)


def _facts_of_cells(endpoint: str, row: dict[str, str]) -> Iterator[Fact]:
    arm = as_code(row.get("Arm") or row.get("Group", ""))
    group = row.get("Group", "")
    day = float(row["Day"].replace(",", "")) if row.get("Day") else np.inf
    reason = as_code(row.get("Reason", ""))
    cause = "" if reason == "any" else reason
    is_ending = "ollow" in group and "Arm" in row
    for column, what in (("At risk", "at_risk"), ("Patients", "at_risk")):
        if (found := bounds_of(row.get(column, ""))) and found[1] < np.inf:
            kind = what if np.isfinite(day) else "size"
            yield Fact(endpoint, arm, kind, "", day, *found)
    for column in ("Events by then", "Events"):
        if (found := bounds_of(row.get(column, ""))) and found[1] < np.inf:
            what = "ended" if is_ending else "events" if "Day" in row or cause else "own_events"
            if "Median time (days)" in row:
                what = "events"
            yield Fact(endpoint, arm, what, cause, day, *found)
    if "Cumulative incidence (%)" in row:
        yield from _percent(endpoint, arm, cause, day, row["Cumulative incidence (%)"])
    if is_ending and cause:
        yield from _percent(endpoint, arm, cause, day, row.get("Estimate", ""), "exact_share")


def _percent(
    endpoint: str, arm: str, cause: str, day: float, cell: str, what: str = "share"
) -> Iterator[Fact]:
    """Return the bounds that a percentage with one decimal gives."""
    try:
        share = float(cell.strip().rstrip("%")) / 100
    except ValueError:
        return
    yield Fact(endpoint, arm, what, cause, day, max(share - 6e-4, 0.0), min(share + 6e-4, 1.0))


def _drawings(texts: Sequence[Text]) -> dict[str, list[tuple[float, float, str]]]:
    """Return the texts of each drawing with their places on it."""
    found: dict[str, list[tuple[float, float, str]]] = {}
    for text in texts:
        if text.kind.endswith("text") and text.at is not None:
            found.setdefault(text.place, []).append((*text.at, text.words))
    return found


def _read_svg(place: str, texts: list[tuple[float, float, str]]) -> Iterator[Fact]:
    """Read the numbers at risk beneath the axes of a figure: by place, not by name."""
    endpoint = endpoint_of(re.split(r"[/.]", place)[0])
    weeks = {round(x): float(t) for x, y, t in texts if t.isdigit() and _is_axis(y, texts)}
    names = {t: as_code(t) for _, _, t in texts if as_code(t) in ARMS}
    for x, y, text in texts:
        found = _CELL.match(text)
        if not found or round(x) not in weeks or _is_axis(y, texts):
            continue
        arm = next((names[t] for _, y2, t in texts if abs(y2 - y) < 1 and t in names), "")
        bounds = bounds_of(found[1])
        if arm and bounds and bounds[1] < np.inf:
            day = weeks[round(x)] * DAYS_PER_WEEK
            yield Fact(endpoint, arm, "at_risk", "", day, *bounds)


def _is_axis(y: float, texts: list[tuple[float, float, str]]) -> bool:
    """Tell whether a line of text is the numbers of a time axis: 13, 26, 39 among them."""
    line = [t for _, y2, t in texts if abs(y2 - y) < 0.5]
    return "0" in line and sum(t.isdigit() for t in line) == len(line) and len(line) > 1


def read_grid(folder: Path, name: str, first: str) -> list[dict[str, str]]:
    """Read the table of a report whose first column has a given heading."""
    for path in sorted((folder / name).glob("table_*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            headings = list(reader.fieldnames or ())
            is_sized = any("(n" in heading for heading in headings)
            if first in headings[:2] and (first == "Step" or is_sized):
                return list(reader)
    return []
