"""The page of results: one row for each printed number, under what it estimates; as JSON too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from azaanalysis.display.numbers import spell_level
from azaanalysis.report.links import anchor_of
from azaanalysis.report.page import Page
from azaanalysis.report.parents import IDENTITY, KEY, SUMMARY, Result, Shown
from azaanalysis.result import COLUMNS
from azaanalysis.vocab import QUANTITIES, in_words, sentence_case

_HEADINGS = {
    "value": "Value",
    "lower": "Lower limit",
    "upper": "Upper limit",
    "std_error": "Standard error",
    "patients": "Patients",
    "events": "Events",
    "patient_years": "Patient-years",
}
_MOST_RUNS = 4
_NOT_STATED = "Put together in the notebook; no estimate."


@dataclass(frozen=True)
class Group:
    """Printed results of one estimate: its name among the notebook's files, and what it is."""

    estimate: str
    about: Mapping[str, Any]
    results: tuple[Result, ...]


def group_results(page: Page, record: Mapping[str, Any]) -> list[Group]:
    """Return the results that a page prints by the estimate they belong to.

    The name of the estimate is that under which the notebook has written it; it is empty if the
    notebook has not.
    """
    written = _index(page.name, record)
    groups: dict[tuple[Any, ...], list[Result]] = {}
    for result in page.results:
        name = _find(result, written)
        identity = (name, *(result.about.get(field) for field in IDENTITY))
        groups.setdefault(identity, []).append(result)
    return [Group(key[0], members[0].about, tuple(members)) for key, members in groups.items()]


def record_printed(pages: Sequence[Page], record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every printed result, and every other printed table or figure, for ``results.json``.

    For each page ``results`` holds rows of number, then ``columns`` of the record, by estimate;
    ``shown`` says which of them each table and figure prints. A table that prints no
    estimates is there cell by cell, a figure that draws none in words.
    """
    return [
        {
            "notebook": page.name,
            "results": [_plain_group(group) for group in group_results(page, record)],
            "shown": [_plain_shown(one) for one in page.shown],
        }
        for page in pages
    ]


def compose_ledger(pages: Sequence[Page], record: Mapping[str, Any]) -> str:
    """Return the body of the page of results as HTML."""
    return "\n".join(part for page in pages for part in _compose(page, record))


def _index(notebook: str, record: Mapping[str, Any]) -> dict[tuple[Any, ...], list[Any]]:
    """Return the written rows of a notebook by what they are about, each with its estimate."""
    index: dict[tuple[Any, ...], list[Any]] = {}
    for entry in record["estimates"]:
        if entry["notebook"] != notebook:
            continue
        for row in entry["rows"]:
            cells = dict(zip(record["columns"], row, strict=True))
            key = tuple(cells[name] for name in KEY if name != "at_days")
            index.setdefault(key, []).append((entry, cells))
    return index


def _find(result: Result, written: Mapping[tuple[Any, ...], list[Any]]) -> str:
    """Return the written estimate that holds a result; of a curve the step that holds that day."""
    cells = result.cells
    day = cells["at_days"]
    for entry, row in written.get(tuple(cells[name] for name in KEY if name != "at_days"), ()):
        is_then = row["at_days"] == day or (day is not None and (row["at_days"] or 0) <= day)
        is_same = all(row[name] == cells[name] for name in ("value", "lower", "upper"))
        if is_then and is_same and _is_alike(entry["about"], result.about):
            return str(entry["estimate"])
    return ""


def _is_alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    asked = [name for name in IDENTITY if name not in ("study", "counted")]
    return all(one.get(name) == other.get(name) for name in asked)


def _plain_group(group: Group) -> dict[str, Any]:
    rows = [[r.number, *(r.cells[name] for name in COLUMNS)] for r in group.results]
    # What a written estimate is about stands with it; it is not said twice.
    about = {} if group.estimate else {"about": group.about}
    return {"estimate": group.estimate, **about, "rows": rows}


def _plain_shown(one: Shown) -> dict[str, Any]:
    plain: dict[str, Any] = {"place": one.place, "caption": one.caption}
    if one.table is not None:
        columns = one.table.columns
        plain["columns"] = [" ".join(filter(None, (c.group, c.header))) for c in columns]
    if one.sources:
        lines = zip(*one.numbers, strict=True) if one.table else [one.results]
        plain["results"] = [[n for n in line if n] for line in lines]
        return {**plain, **_plain_rest(one)}
    plain["basis"] = one.basis or _NOT_STATED
    if one.table is None:
        return {**plain, "words": one.words, "drawn": list(one.drawn)}
    cells = [list(row) for row in one.table.rows]
    groups = list(dict.fromkeys(filter(None, one.table.groups)))
    notes = [*groups, *one.table.footnotes]
    return {**plain, "cells": cells, "notes": notes}


def _plain_rest(one: Shown) -> dict[str, Any]:
    """Return what a table or figure of estimates prints beside them, if it says that it does."""
    if not one.basis:
        return {}
    rest: dict[str, Any] = {"basis": one.basis}
    if one.table is None:
        return {**rest, "words": one.words, "drawn": list(one.drawn)}
    return {**rest, "notes": list(one.table.footnotes)}


def _compose(page: Page, record: Mapping[str, Any]) -> Iterator[str]:
    name = escape(page.name, quote=True)
    yield f'<section id="{name}" class="step" aria-labelledby="{name}-title">'
    yield f'<h2 id="{name}-title"><a href="{name}.html">{escape(page.title)}</a></h2>'
    yield "<h3>Tables and figures</h3>"
    yield f'<ul class="places">{"".join(_place(page, one) for one in page.shown)}</ul>'
    for number, group in enumerate(group_results(page, record), 1):
        yield from _compose_group(page, group, number)
    yield "</section>"


def _place(page: Page, one: Shown) -> str:
    """Say where the numbers of one table or figure come from."""
    caption = one.caption if one.caption.endswith(".") else f"{one.caption}."
    address = f"{page.name}.html#{one.place}"
    if one.place == SUMMARY:
        address = f"index.html#answer-{page.name}"
    what = f'<a href="{address}">{one.label}</a>: {escape(caption)}'
    rest = escape(one.basis if one.sources else one.basis or _NOT_STATED)
    source = f"{_results_of(page.name, one)} {rest}".rstrip() if one.sources else rest
    return f'<li id="{page.name}-{one.place}">{what} {source}</li>'


def _results_of(page: str, one: Shown) -> str:
    runs = _runs(one.results)
    if len(runs) > _MOST_RUNS:
        runs = [(runs[0][0], runs[-1][1])]
        return f"Of the results {_run(page, *runs[0])}."
    return f"Results {', '.join(_run(page, first, last) for first, last in runs)}."


def _run(page: str, first: int, last: int) -> str:
    words = f"{first}" if first == last else f"{first} to {last}"
    return f'<a href="#{anchor_of(page, first)}">{words}</a>'


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return runs of neighbouring numbers: 1, 2, 3, 7 are 1 to 3 and 7."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _compose_group(page: Page, group: Group, number: int) -> Iterator[str]:
    first = group.results[0]
    labels = list(dict.fromkeys(QUANTITIES[r.cells["quantity"]].label for r in group.results))
    title = ", ".join([labels[0], *map(_lower_first, labels[1:])])
    endpoint = str(group.about.get("endpoint_label") or in_words(first.cells["endpoint"]))
    title = f"{title}: {endpoint}" if endpoint else title
    label = escape(f"{page.title}, results {number}", quote=True)
    yield f"<h3>{escape(title)}</h3>"
    yield f'<p class="estimand">{escape(" ".join(_sentences(group)))}</p>'
    yield f'<div class="table-scroll" tabindex="0" role="region" aria-label="{label}">'
    yield '<table class="results"><thead><tr><th scope="col">Result</th><th scope="col">Of</th>'
    kept = [n for n in _HEADINGS if any(r.cells[n] is not None for r in group.results)]
    yield "".join(f'<th scope="col" class="number">{_HEADINGS[n]}</th>' for n in kept)
    yield "</tr></thead><tbody>"
    several = {n: len({r.cells[n] for r in group.results}) > 1 for n in ("cause", "quantity")}
    yield from (_row(page.name, result, kept, several) for result in group.results)
    yield "</tbody></table></div>"


def _sentences(group: Group) -> Iterator[str]:
    """Say what the results of a group estimate, how, and where they are written."""
    about = group.about
    yield str(about.get("estimand") or "")
    method, interval = about.get("method"), about.get("interval")
    yield f"Method: {method}." if method else ""
    yield (
        f"The {spell_level(about)} contains: {interval}." if interval not in (None, "none") else ""
    )
    weighting = about.get("weighting", "none")
    yield "The arms as observed." if weighting == "none" else f"{sentence_case(weighting)}."
    if counted := about.get("counted"):
        yield f"Patients are those {counted}."
    if about.get("study") != about.get("base_study", about.get("study")):
        yield "One setting of the study was changed for this estimate."
    yield (f"In the files as: {group.estimate}." if group.estimate else "In no file of its own.")


def _row(page: str, result: Result, kept: Sequence[str], several: Mapping[str, bool]) -> str:
    cells = result.cells
    arm = sentence_case(cells["arm"]) or "All"
    words = [
        f"{arm} against {in_words(cells['versus'])}" if cells["versus"] else arm,
        in_words(cells["cause"]) if several["cause"] else "",
        _lower_first(QUANTITIES[cells["quantity"]].label) if several["quantity"] else "",
        "" if cells["at_days"] is None else f"day {cells['at_days']:g}",
        cells["unit"],
    ]
    numbers = "".join(f"<td>{'' if cells[n] is None else f'{cells[n]:,}'}</td>" for n in kept)
    return (
        f'<tr id="{anchor_of(page, result.number)}"><th scope="row">{result.number}</th>'
        f'<td class="of">{escape(", ".join(filter(None, words)))}</td>{numbers}</tr>'
    )


def _lower_first(label: str) -> str:
    return label[:1].lower() + label[1:]
