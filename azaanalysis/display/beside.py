"""Several estimates of the same quantities side by side: one row each, one pair of columns each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import pandas as pd

from azaanalysis.blocking import block, find_blocked
from azaanalysis.disclosure import find_masked, smallest_count_of, suppress
from azaanalysis.display.numbers import (
    BLOCKED,
    HIDDEN,
    NOT_KNOWN,
    name_quantity,
    spell_fixed,
    spell_interval,
    spell_level,
    spell_value,
)
from azaanalysis.display.source import Source
from azaanalysis.display.summaries import masked_footnotes
from azaanalysis.display.table import Column, Table
from azaanalysis.errors import EstimationError
from azaanalysis.result import Estimate
from azaanalysis.vocab import QUANTITIES, in_words, sentence_case

_ROW = ["endpoint", "cause", "quantity", "arm", "versus", "at_days"]
Key = tuple[Any, ...]
Cells = dict[Key, tuple[str, str]]
T = TypeVar("T")


def tabulate_beside(
    estimates: Mapping[str, Estimate], *, digits: int = 1, caption: str = ""
) -> Table:
    """Tabulate several estimates side by side, small counts suppressed first.

    Parameters
    ----------
    estimates
        What each is called (``"As observed"``, ``"Weighted"``), and the estimate. Rows meet where
        endpoint, cause, quantity, arm, comparator and day are the same; a row that one of
        them lacks is a dash there. If each holds one endpoint, or one quantity of the same scale,
        these may differ: two kinds of hazard ratio stand side by side.
    digits
        Decimals of percentages and rates.
    caption
        Words above the table, in place of the usual ones.

    Raises
    ------
    EstimationError
        If there is no estimate, or one has two rows for one place.
    """
    if not estimates:
        raise EstimationError("There is nothing to set side by side; give at least one estimate.")
    cells = _aligned({name: _cells(name, made, digits) for name, made in estimates.items()})
    keys = list(dict.fromkeys(key for of_one in cells.values() for key in of_one))
    order = {quantity: i for i, quantity in enumerate(dict.fromkeys(key[2] for key in keys))}
    keys.sort(key=lambda key: order[key[2]])
    first = next(iter(estimates.values()))
    headings = list(_headings(keys, first))
    rows = tuple(
        (*(spell(key) for _, spell in headings), *_numbers(key, cells.values())) for key in keys
    )
    columns = [heading for heading, _ in headings] + [
        Column(words, group=name)
        for name, estimate in estimates.items()
        for words in ("Estimate", sentence_case(spell_level(estimate.about)))
    ]
    groups = _groups(estimates, keys)
    endpoint = keys[0][0] if len({key[0] for key in keys}) == 1 else ""
    usual = name_quantity(first, keys[0][2], endpoint) + _unit(estimates, keys[0])
    notes = tuple(dict.fromkeys(_footnotes(estimates, rows)))
    sources = _sources(estimates, keys, len(headings))
    return Table(caption or usual, tuple(columns), rows, groups, notes, sources=sources)


def _sources(
    estimates: Mapping[str, Estimate], keys: list[tuple[Any, ...]], n_headings: int
) -> tuple[Source, ...]:
    """Return what stands behind each pair of columns, row by row."""
    shown = {name: suppress(block(estimate)) for name, estimate in estimates.items()}
    rows = {
        name: {key: row for row, key in enumerate(_keys(one.frame))} for name, one in shown.items()
    }
    places = [tuple(row_of.get(key, -1) for key in keys) for row_of in _aligned(rows).values()]
    values = range(n_headings, n_headings + 2 * len(shown), 2)
    made = zip(shown.values(), places, values, strict=True)
    return tuple(Source(one, place, (value, value + 1)) for one, place, value in made)


def _keys(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(frame[_ROW].fillna(-1.0).itertuples(index=False, name=None))


def _cells(name: str, estimate: Estimate, digits: int) -> Cells:
    """Return value and limits of each row, as text."""
    blocked, given = find_blocked(estimate), block(estimate)
    shown = suppress(given).frame
    keys = _keys(shown)
    if len(set(keys)) < len(keys):
        raise EstimationError(
            f"'{name}' has several rows for one arm, quantity and day. Take one with only()."
        )
    was_known = given.frame["value"].notna()
    made = zip(keys, shown.itertuples(), blocked, was_known, strict=True)
    return {key: _pair(row, is_shut, had, digits) for key, row, is_shut, had in made}


def _aligned(cells: dict[str, dict[Key, T]]) -> dict[str, dict[Key, T]]:
    """Let rows meet that differ in endpoint or quantity, where each estimate has only one."""
    endpoint, quantity = _common_word(cells, 0), _common_word(cells, 2)

    def meeting(key: Key) -> Key:
        asked, cause, of, *rest = key
        return (endpoint or asked, cause, quantity or of, *rest)

    return {
        name: {meeting(key): cell for key, cell in of_one.items()} for name, of_one in cells.items()
    }


def _common_word(cells: dict[str, dict[Key, T]], place: int) -> str:
    """Return the word by which all may go; empty if an estimate has several, or scales differ."""
    found = [list(dict.fromkeys(key[place] for key in of_one)) for of_one in cells.values()]
    scales = {QUANTITIES[key[2]].scale for of_one in cells.values() for key in of_one}
    if any(len(words) != 1 for words in found) or (place == 2 and len(scales) != 1):
        return ""
    return str(found[0][0])


def _pair(row: Any, is_shut: bool, had: bool, digits: int) -> tuple[str, str]:
    if is_shut:
        return BLOCKED, BLOCKED
    if had and pd.isna(row.value):
        return HIDDEN, HIDDEN
    return spell_value(row, digits=digits), spell_interval(row, digits=digits)


def _headings(keys: list[tuple[Any, ...]], first: Estimate) -> Iterator[tuple[Column, Any]]:
    """Yield the columns that name a row; those that are empty everywhere are left out."""
    arm = str(first.about.get("arm_heading", "Arm"))
    cause = str(first.about.get("cause_heading", "Reason"))
    yield Column(arm, is_number=False), lambda key: sentence_case(key[3]) or "All"
    if any(key[4] for key in keys):
        yield Column("Compared with", is_number=False), lambda key: in_words(key[4])
    if len({key[0] for key in keys}) > 1:
        yield Column("Endpoint", is_number=False), lambda key: sentence_case(key[0])
    if len({key[1] for key in keys}) > 1 and len({key[2] for key in keys}) > 1:
        yield Column(cause, is_number=False), lambda key: sentence_case(key[1]) or "Any"
    if any(key[5] >= 0 for key in keys):
        yield Column("Day"), lambda key: spell_fixed(key[5], 0) if key[5] >= 0 else ""


def _groups(estimates: Mapping[str, Estimate], keys: list[tuple[Any, ...]]) -> tuple[str, ...]:
    """Return the heading over each row: its quantity if there are several, or else its cause."""
    quantities = [QUANTITIES[key[2]].label + _unit(estimates, key) for key in keys]
    causes = [sentence_case(key[1]) or "Any" for key in keys]
    named = quantities if len(set(quantities)) > 1 else causes
    return tuple(named) if len(set(named)) > 1 else ()


def _numbers(key: tuple[Any, ...], columns: Any) -> Iterator[str]:
    for cells in columns:
        yield from cells.get(key, (NOT_KNOWN, NOT_KNOWN))


def _unit(estimates: Mapping[str, Estimate], key: tuple[Any, ...]) -> str:
    frames = [estimate.frame for estimate in estimates.values()]
    units = {unit for f in frames for unit in f.loc[f["quantity"] == key[2], "unit"] if unit}
    return f" {units.pop()}" if len(units) == 1 else ""


def _footnotes(estimates: Mapping[str, Estimate], rows: Any) -> Iterator[str]:
    """Say what the limits of each contain, what was hidden, and what the estimates note."""
    for name, estimate in estimates.items():
        contains = [str(estimate.about.get(key, "")) for key in ("method", "interval")]
        contains[1] = "no interval" if contains[1] == "none" else contains[1]
        if words := "; ".join(filter(None, contains)):
            yield f"{name}: {words}."
    text = [cell for row in rows for cell in row]
    for estimate in estimates.values():
        marks = find_masked(estimate)
        k = smallest_count_of(estimate)
        yield from masked_footnotes(marks["patients"], marks["events"], text, smallest_count=k)
    for estimate in estimates.values():
        yield from block(estimate).about.get("notes", ())
