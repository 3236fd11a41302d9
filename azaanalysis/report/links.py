"""Links from printed numbers to their rows on the page of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from azaanalysis.display.numbers import spell_count, spell_fixed
from azaanalysis.display.table import Table
from azaanalysis.report.parents import Result, Shown, number_results, read_shown
from azaanalysis.vocab import QUANTITIES, in_words, sentence_case

RESULTS_PAGE = "results"
# Curves of these count, on each day, those who are still at risk.
_AT_RISK = ("risk", "survival", "ended", "followed")


def anchor_of(notebook: str, number: int) -> str:
    """Return the anchor of a result on the page of results."""
    return f"{notebook}-r{number}"


def address_of(notebook: str, number: int) -> str:
    """Return the address of a result in the report."""
    return f"{RESULTS_PAGE}.html#{anchor_of(notebook, number)}"


def link_outputs(
    outputs: Sequence[Any], tables: Sequence[Table], *, notebook: str
) -> tuple[tuple[Shown, ...], tuple[Result, ...]]:
    """Link each table among the outputs of a page to its results, which are numbered.

    Parameters
    ----------
    outputs
        Outputs of the cells of one page; the HTML of their tables is changed.
    tables
        The tables of the page.
    notebook
        Name of the page.
    """
    shown, results = number_results(read_shown(outputs, tables))
    by_place = {one.place: one for one in shown}
    for output in outputs:
        metadata = output.get("metadata", {})
        about = metadata.get("aza_table") or metadata.get("aza")
        if about:
            kind = "table" if "aza_table" in metadata else "figure"
            one = by_place[f"{kind}-{about['number']}"]
            about["source"] = f"{RESULTS_PAGE}.html#{notebook}-{one.place}"
            if one.table is not None and one.sources:
                html = link_table(output.data["text/html"], one, results, notebook=notebook)
                output.data["text/html"] = html
    return shown, results


def link_table(html: str, shown: Shown, results: Sequence[Result], *, notebook: str) -> str:
    """Return the HTML of a table in which each number leads to its result.

    The value of a row is a link, so that the keyboard stops once for each result. A title says on
    hovering, over any number of the row, what it is and of how many.
    """
    from bs4 import BeautifulSoup

    page = BeautifulSoup(html, "html.parser")
    lines = [
        line
        for line in page.select("table.aza-table > tbody > tr")
        if line.find("th", scope="rowgroup") is None
    ]
    is_only = len(shown.sources) == 1
    for source, numbers in zip(shown.sources, shown.numbers, strict=True):
        for line, number in zip(lines, numbers, strict=True):
            if number:
                cells = line.find_all(["th", "td"], recursive=False)
                words = describe_result(results[number - 1])
                _link(page, cells[source.columns[0]], words, address_of(notebook, number))
                for place in [line] if is_only else [cells[i] for i in source.columns]:
                    place["title"] = words
    return str(page)


def _link(page: Any, cell: Any, words: str, address: str) -> None:
    link = page.new_tag("a", attrs={"class": "parent", "href": address, "title": words})
    link.extend(list(cell.contents))
    cell.append(link)


def describe_result(result: Result) -> str:
    """Say what a result is and of how many: one sentence to be read on hovering."""
    cells = result.cells
    name = QUANTITIES[cells["quantity"]].label
    endpoint = str(result.about.get("endpoint_label") or in_words(cells["endpoint"]))
    what = [f"{name}: {endpoint}" if endpoint else name, in_words(cells["cause"])]
    what += [_arms(cells), _day(cells)]
    return f"{', '.join(filter(None, what))}. {_denominator(result)}Result {result.number}."


def _arms(cells: Mapping[str, Any]) -> str:
    arm = in_words(cells["arm"])
    return f"{arm} against {in_words(cells['versus'])}" if cells["versus"] else arm


def _day(cells: Mapping[str, Any]) -> str:
    return "" if cells["at_days"] is None else f"day {spell_fixed(cells['at_days'], 0)}"


def _denominator(result: Result) -> str:
    """Say of how many, as observed."""
    cells, counted = result.cells, result.about.get("counted", "at risk that day")
    when = f" {counted}" if cells["quantity"] in _AT_RISK else ""
    parts = [
        f"{spell_count(cells['patients'])} patients{when}" if cells["patients"] else "",
        f"{spell_count(cells['events'])} events" if cells["events"] is not None else "",
        f"{spell_fixed(cells['patient_years'], 0)} patient-years" if cells["patient_years"] else "",
    ]
    counted = ", ".join(filter(None, parts))
    return f"{sentence_case(counted)}. " if counted else ""
