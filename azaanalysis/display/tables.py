"""Tables of estimates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from azaanalysis.blocking import block, find_blocked
from azaanalysis.disclosure import find_masked, smallest_count_of, suppress
from azaanalysis.display.numbers import (
    BLOCKED,
    HIDDEN,
    NOT_KNOWN,
    NOT_REACHED,
    name_quantity,
    spell,
    spell_count,
    spell_endpoint,
    spell_fixed,
    spell_interval,
    spell_level,
    spell_threshold,
    spell_value,
)
from azaanalysis.display.source import Source
from azaanalysis.display.summaries import masked_footnotes
from azaanalysis.display.table import Column, Table
from azaanalysis.result import Estimate
from azaanalysis.small_counts import LINKED, SMALL
from azaanalysis.vocab import QUANTITIES, in_words, lower_first, sentence_case


@dataclass(frozen=True)
class _Shown:
    """An estimate made ready: suppressed numbers, marks of what was blanked, decimals."""

    frame: pd.DataFrame
    marks: pd.DataFrame
    estimate: Estimate
    digits: int

    @property
    def quantities(self) -> list[str]:
        """Quantities of the estimate, in order of appearance."""
        return list(self.frame["quantity"].unique())

    @property
    def k(self) -> int:
        """Smallest count that may be shown."""
        return smallest_count_of(self.estimate)

    @property
    def has_limits(self) -> bool:
        """Tell whether any number had an interval before it was masked."""
        return bool(self.estimate.frame[["lower", "upper"]].notna().any(axis=None))


def tabulate_estimate(estimate: Estimate, *, digits: int = 1, caption: str = "") -> Table:
    """Tabulate an estimate, small counts suppressed first.

    Parameters
    ----------
    estimate
        Any estimate; a curve is best read at a few days first: ``risk.at([84, 182, 365])``.
    digits
        Decimals of percentages and rates. Ratios always have two, p values three.
    caption
        Words above the table, in place of the usual ones.

    Returns
    -------
    Table
        One row per number. Day, reason and comparator are columns only if any row has one;
        several quantities become groups of rows. A note says what the limits contain
        (``about["interval"]``). NR is a time that is not reached.
    """
    shown = _make_ready(estimate, digits)
    columns = list(_columns(shown))
    rows = tuple(
        tuple(spell_cell(row) for _, spell_cell in columns)
        for row in shown.frame.assign(**_mark_columns(shown)).itertuples(index=False)
    )
    headings = tuple(column for column, _ in columns)
    notes = tuple(_footnotes(shown, rows))
    source = Source(
        Estimate(shown.frame, estimate.about),
        tuple(range(len(rows))),
        _result_columns(shown, headings),
    )
    words = caption or _caption(shown)
    return Table(words, headings, rows, _groups(shown), notes, sources=(source,))


def _result_columns(shown: _Shown, headings: tuple[Column, ...]) -> tuple[int, ...]:
    """Return the columns of numbers, that of the value first."""
    value = len(headings) - (2 if shown.has_limits else 1)
    numbers = (i for i, column in enumerate(headings) if column.is_number and i != value)
    return (value, *numbers)


def _make_ready(estimate: Estimate, digits: int) -> _Shown:
    """Suppress, and bring the rows of each quantity together."""
    estimate = block(estimate)
    shown = _Shown(suppress(estimate).frame, find_masked(estimate), estimate, digits)
    place = {quantity: i for i, quantity in enumerate(shown.quantities)}
    order = shown.frame["quantity"].map(place).sort_values(kind="stable").index
    ordered = Estimate(estimate.frame.loc[order], estimate.about)
    marks = shown.marks.loc[order].reset_index(drop=True)
    return _Shown(shown.frame.loc[order].reset_index(drop=True), marks, ordered, digits)


def _has_arm_groups(shown: _Shown) -> bool:
    """Tell whether each arm is a group of rows: several arms with several reasons each."""
    frame = shown.frame
    return (
        len(shown.quantities) == 1
        and len(frame["arm"].unique()) > 1
        and len(frame["cause"].unique()) > 1
        and not (frame["versus"] != "").any()
        and len(frame["endpoint"].unique()) == 1
    )


def _groups(shown: _Shown) -> tuple[str, ...]:
    if len(shown.quantities) > 1:
        return tuple(_quantity_heading(shown, quantity) for quantity in shown.frame["quantity"])
    if _has_arm_groups(shown):
        return tuple(sentence_case(arm) or "All" for arm in shown.frame["arm"])
    return ()


def _columns(shown: _Shown) -> Iterator[tuple[Column, Callable[[Any], str]]]:
    """Yield each column with the function that spells its cell from a row."""
    frame = shown.frame
    if not _has_arm_groups(shown):
        heading = str(shown.estimate.about.get("arm_heading", "Arm"))
        yield Column(heading, is_number=False), lambda row: sentence_case(row.arm) or "All"
    if (frame["versus"] != "").any():
        yield Column("Compared with", is_number=False), lambda row: in_words(row.versus)
    if len(frame["endpoint"].unique()) > 1:
        yield Column("Endpoint", is_number=False), lambda row: sentence_case(row.endpoint)
    if (frame["cause"] != "").any():
        heading = str(shown.estimate.about.get("cause_heading", "Reason"))
        yield Column(heading, is_number=False), lambda row: sentence_case(row.cause) or "Any"
    if frame["at_days"].notna().any():
        yield Column("Day"), lambda row: spell_fixed(row.at_days, 0)
    yield from _count_columns(shown)
    yield from _number_columns(shown)


def _count_columns(shown: _Shown) -> Iterator[tuple[Column, Callable[[Any], str]]]:
    frame, given, k = shown.frame, shown.estimate.frame, shown.k
    is_curve = frame["at_days"].notna().any() and {*shown.quantities} & {"risk", "survival"}
    if given["patients"].notna().any():
        header = "At risk" if is_curve else "Patients"
        yield Column(header), lambda row: _count(row.patients, row.patients_mark, k)
    if given["events"].notna().any():
        header = "Events by then" if is_curve else "Events"
        yield Column(header), lambda row: _count(row.events, row.events_mark, k)
    if given["patient_years"].notna().any():
        yield Column("Patient-years"), lambda row: spell_fixed(row.patient_years, 0)


def _number_columns(shown: _Shown) -> Iterator[tuple[Column, Callable[[Any], str]]]:
    digits, quantities = shown.digits, shown.quantities
    limits = Column(_interval_heading(shown))
    if len(quantities) > 1:
        yield Column("Estimate"), lambda row: _value(row, digits, with_percent=True)
    else:
        heading = _quantity_heading(shown, quantities[0]) if quantities else "Estimate"
        yield Column(heading), lambda row: _value(row, digits, with_percent=False)
    if shown.has_limits:
        yield limits, lambda row: _interval(row, digits)


def _mark_columns(shown: _Shown) -> dict[str, pd.Series]:
    return {
        "patients_mark": shown.marks["patients"],
        "events_mark": shown.marks["events"],
        "is_blocked": pd.Series(find_blocked(shown.estimate), index=shown.frame.index),
        "is_blanked": shown.frame["value"].isna() & shown.estimate.frame["value"].notna(),
        "had_limits": shown.estimate.frame[["lower", "upper"]].notna().any(axis=1),
    }


def _count(count: Any, mark: str, k: int) -> str:
    if mark == SMALL:
        return spell_threshold(k)
    return HIDDEN if mark == LINKED else spell_count(count)


def _value(row: Any, digits: int, *, with_percent: bool) -> str:
    if row.is_blocked:
        return BLOCKED
    if row.is_blanked:
        return HIDDEN
    if with_percent:
        return spell_value(row, digits=digits)
    return spell(row.value, scale=QUANTITIES[row.quantity].scale, digits=digits)


def _interval(row: Any, digits: int) -> str:
    if row.is_blocked:
        return BLOCKED
    if row.is_blanked:
        return HIDDEN if row.had_limits else NOT_KNOWN
    return spell_interval(row, digits=digits)


def _quantity_heading(shown: _Shown, quantity: str) -> str:
    """Name a quantity with its unit."""
    scale, label = QUANTITIES[quantity].scale, QUANTITIES[quantity].label
    units = shown.frame.loc[shown.frame["quantity"] == quantity, "unit"].unique()
    if scale == "probability":
        return f"{label} (%)"
    if scale == "days":
        return f"{label} (days)"
    unit = str(units[0]) if len(units) == 1 else ""
    if not unit or unit in label.lower():
        return label
    return f"{label} {unit}" if unit.startswith(("per ", "(")) else f"{label} ({unit})"


def _interval_heading(shown: _Shown) -> str:
    level = spell_level(shown.estimate.about)
    return level[:1].upper() + level[1:]


def _caption(shown: _Shown) -> str:
    endpoints = [name for name in shown.frame["endpoint"].unique() if name]
    if len(shown.quantities) == 1 and len(endpoints) == 1:
        return name_quantity(shown.estimate, shown.quantities[0], endpoints[0])
    labels = [QUANTITIES[quantity].label for quantity in shown.quantities]
    later = [lower_first(label) for label in labels[1:]]
    label = ", ".join([*labels[:1], *later]) or "No estimate"
    names = ", ".join(spell_endpoint(shown.estimate, name) for name in endpoints)
    return f"{label}: {names}" if names else label


def _footnotes(shown: _Shown, rows: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    about = shown.estimate.about
    cells = [cell for row in rows for cell in row]
    if method := about.get("method"):
        yield f"Method: {method}."
    if shown.has_limits and (contains := about.get("interval")):
        yield f"{_interval_heading(shown)}: {contains}."
    if any(NOT_REACHED in cell.split() for cell in cells):
        yield f"{NOT_REACHED}: not reached within the follow-up."
    if NOT_KNOWN in cells:
        yield f"{NOT_KNOWN}: nobody was in follow-up, or it could not be estimated."
    yield from masked_footnotes(
        shown.marks["patients"], shown.marks["events"], cells, smallest_count=shown.k
    )
    yield from about.get("notes", ())
