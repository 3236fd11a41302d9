"""The tables of a report as a Word file, because reviewers paste."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from azaanalysis.display.table import Table
from azaanalysis.report.manifest import source_in_words
from azaanalysis.report.page import Page
from azaanalysis.study import Study

WORD_NAME = "tables.docx"
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_SMALL_POINTS = 8


def write_word(pages: Sequence[Page], path: Path, *, study: Study) -> Path:
    """Write the main tables of the report into one Word file, numbered as on the pages.

    Parameters
    ----------
    pages
        The pages, each with its tables and which of them are the main ones.
    path
        The file to write. The same tables give the same bytes.
    study
        The study, for the title and the source.
    """
    document = _new_document(study)
    for page in pages:
        if page.main_tables:
            document.add_heading(page.title, level=1)
        for number in page.main_tables:
            _add_table(document, page.tables[number - 1], number)
    buffer = io.BytesIO()
    document.save(buffer)
    path.write_bytes(_without_time(buffer.getvalue()))
    return path


def _new_document(study: Study) -> Any:
    from docx import Document
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm

    document = Document()
    properties = document.core_properties
    properties.title, properties.author, properties.comments = study.title, "azaanalysis", ""
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Mm(18))
    document.add_heading(study.title, level=0)
    document.add_paragraph(f"{source_in_words(study)}. Study {study.hash}.")
    if study.is_synthetic:
        document.add_paragraph("These patients are invented. The numbers say nothing about a drug.")
    return document


def _add_table(document: Any, table: Table, number: int) -> None:
    caption = document.add_paragraph(f"Table {number}. {table.caption}", style="Caption")
    caption.paragraph_format.keep_with_next = True
    grid = document.add_table(rows=0, cols=len(table.columns), style="Light List")
    if any(column.group for column in table.columns):
        _add_row(grid, [column.group for column in table.columns], table, is_heading=True)
    _add_row(grid, [column.header for column in table.columns], table, is_heading=True)
    above = ""
    for heading, row in zip(table.groups, table.rows, strict=True):
        if heading and heading != above:
            _add_row(grid, [heading, *[""] * (len(row) - 1)], table, is_heading=False)
        above = heading
        _add_row(grid, row, table, is_heading=False)
    for note in table.footnotes:
        _add_text(document.add_paragraph(), note)


def _add_row(grid: Any, texts: Sequence[str], table: Table, *, is_heading: bool) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement

    row = grid.add_row()
    for cell, text, column in zip(row.cells, texts, table.columns, strict=True):
        paragraph = cell.paragraphs[0]
        _add_text(paragraph, text)
        if column.is_number:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    # A row stays whole at the end of a page; the schema wants this before the heading's mark.
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    if is_heading:
        # Repeated on every page that the table reaches, and read out as a heading.
        row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _add_text(paragraph: Any, text: str) -> None:
    from docx.shared import Pt

    run = paragraph.add_run(text)
    run.font.size = Pt(_SMALL_POINTS)


def _without_time(packed: bytes) -> bytes:
    """Return a Word file that does not say when it was packed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(buffer, "w") as new:
        for entry in old.infolist():
            fixed = zipfile.ZipInfo(entry.filename, _NO_TIME)
            new.writestr(fixed, old.read(entry.filename), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
