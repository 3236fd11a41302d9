"""The tables of a page as values again, read from what the page shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from azaanalysis.display.table import Column, Table

TABLE_MARK = 'class="aza-table"'


def read_table(html: str) -> Table:
    """Read a table back from the HTML that ``Table.to_html`` wrote.

    What leaves a report as CSV or Word is therefore what the page shows, masked cells included.
    """
    from bs4 import BeautifulSoup

    table = BeautifulSoup(html, "html.parser").find("table", class_="aza-table")
    assert table is not None
    caption = table.find("caption")
    groups, rows = _read_rows(table)
    foot = table.find("tfoot")
    notes = tuple(foot.stripped_strings) if foot else ()
    title = caption.get_text() if caption else ""
    return Table(title, _read_columns(table), rows, groups, notes)


def dress_tables(html: str) -> str:
    """Give tables written as Markdown headings with a scope, and room; take marks off headings."""
    from bs4 import BeautifulSoup

    page = BeautifulSoup(html, "html.parser")
    for link in page.find_all("a", class_="anchor-link"):
        link.decompose()
    for number, table in enumerate(page.find_all("table"), 1):
        for heading in table.find_all("th"):
            heading["scope"] = "col"
        for line in table.find_all("tr"):
            if first := line.find("td"):
                first.name, first["scope"] = "th", "row"
        label = f"Table {number} of this page"
        room = {"class": "table-scroll", "tabindex": "0", "role": "region", "aria-label": label}
        table.wrap(page.new_tag("div", attrs=room))
    return str(page)


def write_tables(tables: Sequence[Table], folder: Path) -> list[Path]:
    """Write each table as ``table_<number>.csv``, numbered as on the page."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, table in enumerate(tables, 1):
        path = folder / f"table_{number}.csv"
        path.write_text(table.to_csv(), encoding="utf-8", newline="")
        written.append(path)
    return written


def _read_columns(table: Any) -> tuple[Column, ...]:
    *upper, lower = table.thead.find_all("tr")
    spans = [
        cell.get_text()
        for line in upper
        for cell in line.find_all(["th", "td"])
        for _ in range(int(cell.get("colspan", 1)))
    ]
    cells = lower.find_all("th")
    spans = spans or [""] * len(cells)
    return tuple(
        Column(cell.get_text(), "number" in cell.get("class", []), span)
        for cell, span in zip(cells, spans, strict=True)
    )


def _read_rows(table: Any) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the heading above each row, and the rows."""
    groups, rows = [], []
    for body in table.find_all("tbody"):
        heading = body.find("th", scope="rowgroup")
        for line in body.find_all("tr"):
            if line.find("th", scope="rowgroup") is None:
                groups.append(heading.get_text() if heading else "")
                rows.append(tuple(cell.get_text() for cell in line.find_all(["th", "td"])))
    return tuple(groups), tuple(rows)
