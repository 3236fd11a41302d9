"""One executed notebook as one page: the answer first, the code folded away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import HTMLExporter
from nbconvert.filters import markdown2html

from azaanalysis.display.source import METADATA
from azaanalysis.display.table import Table
from azaanalysis.report.absent import without_absent
from azaanalysis.report.drawings import number_figures, set_drawings_aside
from azaanalysis.report.links import link_outputs
from azaanalysis.report.outputs import outputs_of
from azaanalysis.report.parents import Result, Shown
from azaanalysis.report.tables import TABLE_MARK, read_table

_HERE = Path(__file__).parent
# A longer table belongs on its own page, and not into a summary.
_MOST_ROWS = 12
_H2 = re.compile(r"^## +(.+?)\s*$", re.MULTILINE)
_H1 = re.compile(r"^# +(.+?)\s*$", re.MULTILINE)
_WARNING = re.compile(r"\b(\w*Warning: .+)")
_NOTES = re.compile(r"(<tfoot><tr><td[^>]*>)(.*?)(</td></tr></tfoot>)", re.DOTALL)
# A notebook needs what the stylesheet of the site says already; these run from left to right.
_LEFT = ' style="text-align:left"'
_PLAIN = re.compile(r'(<t[dh][^>]*?) dir="auto"(>[ -;=-~–−]*</t[dh]>)')
ANSWER_FIRST = "Reading"
ANSWER_SECTION = "Estimate"
_MAIN_SECTIONS = ("Cohort", "Balance", ANSWER_SECTION)
_LAST = "Setup"
_ESTIMAND = 'class="estimand"'


@dataclass(frozen=True)
class Page:
    """One notebook, ready for the site, the paper and the tables.

    Parameters
    ----------
    name
        Name of the notebook without its ending; the page is ``<name>.html``.
    title, question
        The notebook's title, and its first paragraphs as HTML.
    estimand
        The sentence that states what is estimated, as HTML; empty if there is none.
    answer
        The first short table of estimates of the section "Estimate" as HTML; empty if none.
    body
        Everything below the head of the page, as HTML.
    contents
        Anchor and title of each section.
    tables
        Every table of the page, in the order of their numbers.
    main_tables
        Numbers of those that a reviewer pastes: who entered, who they were, and the estimates.
    shown
        Every table and figure with the results behind it.
    results
        The results that they print, in the order of their numbers.
    """

    name: str
    title: str
    question: str = ""
    estimand: str = ""
    answer: str = ""
    body: str = ""
    contents: tuple[tuple[str, str], ...] = ()
    tables: tuple[Table, ...] = ()
    main_tables: tuple[int, ...] = ()
    shown: tuple[Shown, ...] = ()
    results: tuple[Result, ...] = ()


@dataclass
class _Section:
    title: str
    cells: list[Any]


def read_page(notebook: Any, *, name: str) -> Page:
    """Turn an executed notebook into one page: the answer first, the imports last.

    Parameters
    ----------
    notebook
        The executed notebook; its cells are changed.
    name
        Name of the notebook without its ending.
    """
    head, *sections = _split(notebook)
    sections = list(_with_something(_answer_first(sections)))
    estimand = _lift_estimand(head, sections)
    cells = [cell for section in [head, *sections] for cell in section.cells]
    tables = number_tables(cells)
    number_figures(cells)
    shown, results = link_outputs(list(outputs_of(cells)), tables, notebook=name)
    for number, section in enumerate([head, *sections]):
        _mark_section(section, number)
    drawings = set_drawings_aside(cells)
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="template", extra_template_basedirs=[str(_HERE)], exclude_anchor_links=True
    )
    arranged = nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]
    body, _ = exporter.from_notebook_node(arranged)
    for mark, drawing in drawings.items():
        body = body.replace(mark, drawing, 1)
    return Page(
        name=name,
        title=head.title or name,
        question=_question(head),
        estimand=estimand,
        answer=_answer(sections),
        body=without_blank_lines(body),
        contents=tuple((f"section-{i}", s.title) for i, s in enumerate(sections, 1)),
        tables=tables,
        main_tables=tuple(_main_tables(sections)),
        shown=shown,
        results=results,
    )


def _split(notebook: Any) -> list[_Section]:
    """Cut a notebook before every second-level heading; what stands first is the head."""
    sections = [_Section("", [])]
    for cell in notebook.cells:
        if "injected" in cell.metadata.get("tags", ()):
            continue
        if cell.cell_type != "markdown":
            sections[-1].cells.append(cell)
            continue
        for part in re.split(r"(?m)^(?=## +\S)", cell.source):
            found = _H2.match(part)
            if found:
                sections.append(_Section(found.group(1), []))
            elif not sections[-1].title and (title := _H1.search(part)):
                sections[-1].title = title.group(1)
            if part.strip():
                sections[-1].cells.append(_markdown(part))
    return sections


def _with_something(sections: list[_Section]) -> Iterator[_Section]:
    """Yield the sections without what the study has nothing of."""
    for section in sections:
        cells = without_absent(section.cells)
        if cells or not section.cells:
            yield _Section(section.title, cells)


def _markdown(source: str) -> Any:
    return nbformat.v4.new_markdown_cell(source)  # type: ignore[no-untyped-call]


def _answer_first(sections: list[_Section]) -> list[_Section]:
    """Put the answer before everything else, and the imports behind it."""
    place = {ANSWER_FIRST: 0, _LAST: 2}
    return sorted(sections, key=lambda section: place.get(section.title, 1))


def _lift_estimand(head: _Section, sections: list[_Section]) -> str:
    """Move the cell that states the estimand under the title, and return the sentence."""
    for section in sections:
        for cell in section.cells:
            for output in outputs_of([cell]):
                html = str(output.get("data", {}).get("text/html", ""))
                if _ESTIMAND in html:
                    section.cells.remove(cell)
                    head.cells.append(cell)
                    return html
    return ""


def _question(head: _Section) -> str:
    texts = [cell.source for cell in head.cells if cell.cell_type == "markdown"]
    words = _H1.sub("", texts[0], count=1).strip() if texts else ""
    return str(markdown2html(words)) if words else ""


def _answer(sections: list[_Section]) -> str:
    """Return the first table of estimates that is short enough to be repeated."""
    for section in sections:
        if section.title != ANSWER_SECTION:
            continue
        for output in outputs_of(section.cells):
            html = str(output.get("data", {}).get("text/html", ""))
            has_estimates = bool(output.get("metadata", {}).get(METADATA, {}).get("sources"))
            if TABLE_MARK in html and has_estimates and len(read_table(html).rows) <= _MOST_ROWS:
                return html
    return ""


def _main_tables(sections: list[_Section]) -> Iterator[int]:
    for section in sections:
        for output in outputs_of(section.cells):
            number = output.get("metadata", {}).get("aza_table", {}).get("number")
            if number and section.title in _MAIN_SECTIONS:
                yield number


def number_tables(cells: list[Any]) -> tuple[Table, ...]:
    """Give each table its number in the order of the page, and return the tables."""
    tables = []
    for output in outputs_of(cells):
        html = str(output.get("data", {}).get("text/html", ""))
        if TABLE_MARK in html:
            tables.append(read_table(html))
            html = _PLAIN.sub(r"\1\2", html.replace(_LEFT, ""))
            output.data["text/html"] = _NOTES.sub(r'\1<div class="notes">\2</div>\3', html)
            output.metadata["aza_table"] = {"number": len(tables), "caption": tables[-1].caption}
    return tuple(tables)


def _mark_section(section: _Section, number: int) -> None:
    """Let the template open and close the section around its cells."""
    for cell in section.cells:
        if cell.cell_type == "code":
            cell.outputs = [tidy for output in cell.outputs if (tidy := _tidy(output))]
    if not section.cells:
        return
    css = {ANSWER_FIRST: "answer", _LAST: "setup"}.get(section.title, "step" if number else "head")
    label = escape(section.title, quote=True)
    opening = f'<section id="section-{number}" class="{css}" aria-label="{label}">'
    section.cells[0].metadata["aza_open"] = opening
    section.cells[-1].metadata["aza_close"] = "</section>"


def _tidy(output: Any) -> Any:
    """Keep the words of a warning, without the file of the machine that it came from."""
    if output.output_type != "stream" or output.name != "stderr":
        return output
    found = _WARNING.findall(output.text)
    if not found:
        return None
    text = "\n".join(found)
    return nbformat.v4.new_output("stream", name="stdout", text=text)  # type: ignore[no-untyped-call]


def without_blank_lines(html: str) -> str:
    """Return HTML without the blank lines and trailing blanks that templates leave."""
    lines = [line.rstrip() for line in html.splitlines()]
    return "\n".join(line for line in lines if line) + "\n"
