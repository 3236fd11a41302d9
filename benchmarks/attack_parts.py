"""Attacks on groups of patients, on several ways of asking, and on steps between treatments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.attack_files import Sheet, Text
from benchmarks.attack_grids import Book, Recovered
from benchmarks.attack_kinds import AT_DAY, Extra
from benchmarks.attack_reading import as_code, bounds_of, rounded

# What is known already of an arm: how many patients it has, and how many events by a day.
Known = dict[tuple[str, ...], tuple[int, int]]
_ALT = re.compile(r"([A-Z][\w -]+?) as (\w+) line, ([^:]+): ([^.]+)\.")
_NUMERALS = ("zeroth", "first", "second", "third")


def attack_parts(extra: Extra, rows: Sequence[Any], known: Known, k: int) -> Iterator[Recovered]:
    """Work out the patients and events of groups, or of ways, arm by arm."""
    names = list(extra.followed)
    arms = next(iter(extra.followed.values())).arms
    book, truth = Book(), {}
    for name, followed in extra.followed.items():
        for arm in arms:
            own = followed.frame[(followed.frame["arm"] == arm).to_numpy()]
            is_event = (own["status"] == 1) & (own["exit_days"] <= AT_DAY)
            truth |= {f"n|{arm}|{name}": len(own), f"e|{arm}|{name}": int(is_event.sum())}
            book.bound({f"n|{arm}|{name}": 1.0, f"e|{arm}|{name}": -1.0}, 0.0, np.inf)
    for row in rows:
        if row.endpoint in names and row.versus and row.quantity.startswith("risk_"):
            _bound_pair(book, row)
            if row.quantity == "risk_difference":
                _bound_value(book, row, truth)
    for arm in arms:
        _bound_known(book, names[0], arm, known)
    if extra.kind == "groups":
        _bound_levels(book, names, arms)
        yield from book.recover(truth, k, "groups")
        yield from _of_pairs(book, names, arms, truth, k)
    else:
        yield from _between(book, names, arms, truth, k)


def _bound_pair(book: Book, row: Any) -> None:
    for letter, count in (("n", row.patients), ("e", row.events)):
        if pd.notna(count):
            terms = {f"{letter}|{arm}|{row.endpoint}": 1.0 for arm in (row.arm, row.versus)}
            book.bound(terms, float(count), float(count))


def _bound_value(book: Book, row: Any, truth: dict[str, int]) -> None:
    """Read events out of a difference of shares, where the sizes of both arms are known.

    Nobody is censored before the day in what follows from it, so it is used only where it is true.
    """
    keys = [f"{letter}|{arm}|{row.endpoint}" for arm in (row.arm, row.versus) for letter in "en"]
    e1, n1, e0, n0 = (truth[key] for key in keys)
    if pd.isna(row.value) or not n1 or not n0 or pd.isna(row.patients):
        return
    low, high = rounded(row.value)
    if low <= e1 / n1 - e0 / n0 <= high:
        book.bound({keys[0]: 1 / n1, keys[2]: -1 / n0}, low, high)


def _bound_known(book: Book, name: str, arm: str, known: Known) -> None:
    """Everybody, or the study's own way, is what the other notebooks show."""
    for letter, what in (("n", "size"), ("e", f"infection by day {AT_DAY:g}")):
        if found := known.get(("infection", arm, what)):
            book.bound({f"{letter}|{arm}|{name}": 1.0}, found[0], found[0])


def _bound_levels(book: Book, names: Sequence[str], arms: Sequence[str]) -> None:
    """Levels of a trait add up to everybody."""
    traits = dict.fromkeys(name.split(": ")[0] for name in names[1:])
    for trait in traits:
        levels = [name for name in names if name.startswith(f"{trait}: ")]
        for arm in arms:
            for letter in "ne":
                terms = {f"{letter}|{arm}|{name}": 1.0 for name in levels}
                book.bound({**terms, f"{letter}|{arm}|{names[0]}": -1.0}, 0.0, 0.0)


def _of_pairs(
    book: Book, names: Sequence[str], arms: Sequence[str], truth: dict[str, int], k: int
) -> Iterator[Recovered]:
    """Yield small counts of two arms together, as comparisons show them."""
    for name in names:
        for arm, other in combinations(arms, 2):
            for letter in "ne":
                keys = [f"{letter}|{one}|{name}" for one in (arm, other)]
                total = sum(truth[key] for key in keys)
                if 1 <= total < k and book.is_known(dict.fromkeys(keys, 1.0), truth):
                    yield "groups", " and ".join(keys), total


def _between(
    book: Book, names: Sequence[str], arms: Sequence[str], truth: dict[str, int], k: int
) -> Iterator[Recovered]:
    """Yield the few by which two ways differ, if that can be one number only."""
    for first, second in combinations(names, 2):
        for arm in arms:
            for letter in "ne":
                one, other = f"{letter}|{arm}|{first}", f"{letter}|{arm}|{second}"
                gap = truth[one] - truth[other]
                if 1 <= abs(gap) < k and book.is_known({one: 1.0, other: -1.0}, truth):
                    yield "ways", f"{one} less {other}", abs(gap)
        yield from _pairs_between(book, (first, second), arms, truth, k)


def _pairs_between(
    book: Book, names: tuple[str, str], arms: Sequence[str], truth: dict[str, int], k: int
) -> Iterator[Recovered]:
    for pair in combinations(arms, 2):
        for letter in "ne":
            signs = zip((1.0, -1.0), names, strict=True)
            terms = {f"{letter}|{a}|{name}": sign for sign, name in signs for a in pair}
            gap = int(sum(sign * truth[key] for key, sign in terms.items()))
            if 1 <= abs(gap) < k and book.is_known(terms, truth):
                yield "ways", f"{', '.join(pair)} ({letter}): {' less '.join(names)}", abs(gap)


def attack_lines(
    extra: Extra, sheets: Sequence[Sheet], texts: Sequence[Text], k: int
) -> Iterator[Recovered]:
    """Work out steps from one treatment to the next from their sums and from the words."""
    assert extra.lines is not None
    book, truth = Book(), {}
    steps = extra.lines.astype({"source": str, "target": str})
    for step in steps.itertuples():
        truth[f"{step.line}|{step.source}|{step.target}"] = int(step.patients)
    for (line, source), of_source in steps.groupby(["line", "source"]):
        truth[f"{line}|{source}"] = int(of_source["patients"].sum())
        terms = {f"{line}|{source}|{target}": -1.0 for target in of_source["target"]}
        book.bound({f"{line}|{source}": 1.0, **terms}, 0.0, 0.0)
        came = steps[(steps["line"] == line - 1) & (steps["target"] == source)]
        if len(came):
            terms = {f"{line - 1}|{before}|{source}": -1.0 for before in came["source"]}
            book.bound({f"{line}|{source}": 1.0, **terms}, 0.0, 0.0)
    first = [key for key in truth if key.startswith("1|") and key.count("|") == 1]
    total = sum(truth[key] for key in first)
    book.bound(dict.fromkeys(first, 1.0), total, total)
    for key, cell in (*_cells_of(sheets), *_words_of(texts)):
        found = bounds_of(cell.split(" (")[0], linked_from=float(k))
        if found and key in truth:
            book.bound({key: 1.0}, *found)
    yield from book.recover(truth, k, "lines")


def _cells_of(sheets: Sequence[Sheet]) -> Iterator[tuple[str, str]]:
    for sheet in sheets:
        if not sheet.rows or "What came next" not in sheet.rows[0] or "Group" not in sheet.rows[0]:
            continue
        for row in sheet.rows:
            line = next((i for i, n in enumerate(_NUMERALS) if f"the {n} line" in row["Group"]), 0)
            target = as_code(row["What came next"])
            for heading, cell in row.items():
                if heading.startswith("Patients (%) on "):
                    source = as_code(heading[16:])
                    is_whole = target == "all_who_began_it"
                    yield (f"{line}|{source}" if is_whole else f"{line}|{source}|{target}"), cell


def _words_of(texts: Sequence[Text]) -> Iterator[tuple[str, str]]:
    for text in texts:
        for source, numeral, total, went in _ALT.findall(text.words):
            line = _NUMERALS.index(numeral) if numeral in _NUMERALS else 0
            yield f"{line}|{as_code(source)}", total
            for part in went.split(", "):
                cell, _, target = part.partition(" ")
                yield f"{line}|{as_code(source)}|{as_code(target)}", cell
