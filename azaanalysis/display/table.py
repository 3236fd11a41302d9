"""A table as a value: the same numbers as HTML, as aligned text and as CSV."""

from __future__ import annotations

import csv
import io
import re
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from typing import Any

from azaanalysis.display.source import Source, pack_sources

# Wider cells are cut in the text form only, so that one long word cannot push every line out.
_WIDEST_TEXT_CELL = 80
_WIDEST_TEXT_HEADER = 22
_LONG_WORD = re.compile(r"(\S{30})(?=\S)")
# Some spreadsheets take the wide forms of East Asian keyboards for the same signs.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Column:
    """Heading of one column.

    Parameters
    ----------
    header
        Words above the column, with the unit.
    is_number
        Numbers are set to the right, words to the left.
    group
        Words that span neighbouring columns; empty if none.
    """

    header: str
    is_number: bool = True
    group: str = ""


@dataclass(frozen=True)
class Table:
    """Cells that are ready to be read; made by the ``tabulate_...`` functions.

    Parameters
    ----------
    caption
        What the table shows.
    columns
        One heading per column; the first column names the row.
    rows
        Cells as text, already rounded and, where needed, already masked.
    groups
        Heading of the group that each row belongs to; empty for rows without one.
    footnotes
        What a reader must know to read the cells.
    sources
        The results that the cells were spelled from; empty if they are no estimates.
    basis
        How the numbers arose, if they are no estimates.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    groups: tuple[str, ...] = ()
    footnotes: tuple[str, ...] = ()
    sources: tuple[Source, ...] = field(default=(), repr=False, compare=False)
    basis: str = field(default="", repr=False, compare=False)

    def __post_init__(self) -> None:
        """Take out characters that could reorder or break a line; pad the group headings."""
        groups = self.groups or ("",) * len(self.rows)
        clean = {
            "caption": one_line(self.caption),
            "columns": tuple(
                Column(one_line(c.header), c.is_number, one_line(c.group)) for c in self.columns
            ),
            "rows": tuple(tuple(one_line(cell) for cell in row) for row in self.rows),
            "groups": tuple(one_line(heading) for heading in groups),
            "footnotes": tuple(one_line(note) for note in self.footnotes),
        }
        for name, value in clean.items():
            object.__setattr__(self, name, value)

    def to_html(self) -> str:
        """Write the table as semantic HTML: caption, scopes, row groups, footnotes."""
        return "".join(
            [
                '<table class="aza-table">',
                f"<caption>{escape(self.caption)}</caption>",
                f"<thead>{''.join(self._html_headings())}</thead>",
                *self._html_groups(),
                self._html_footnotes(),
                "</table>",
            ]
        )

    def to_text(self) -> str:
        """Write the table as aligned text that is the same on every machine."""
        widths = self._text_widths()
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        lines = [self.caption, rule, *self._text_headings(widths), rule]
        for heading, rows in self._grouped():
            lines += [_cut(heading)] if heading else []
            indent = "  " if heading else ""
            lines += [self._text_line([indent + row[0], *row[1:]], widths) for row in rows]
        return "\n".join([*lines, rule, *self.footnotes])

    def to_csv(self) -> str:
        """Write the shown cells as CSV that no spreadsheet takes for a formula."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        has_groups = any(self.groups)
        headers = [" ".join(filter(None, (c.group, c.header))) for c in self.columns]
        writer.writerow(
            [guard_formula(cell) for cell in (["Group"] if has_groups else []) + headers]
        )
        for heading, row in zip(self.groups, self.rows, strict=True):
            cells = [heading, *row] if has_groups else list(row)
            writer.writerow([guard_formula(cell) for cell in cells])
        return buffer.getvalue()

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, str], dict[str, Any]]:
        shown = {"text/html": self.to_html(), "text/plain": self.to_text()}
        return shown, pack_sources(self.sources, self.basis)

    def _grouped(self) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
        pairs = zip(self.groups, self.rows, strict=True)
        for heading, members in groupby(pairs, key=lambda pair: pair[0]):
            yield heading, [row for _, row in members]

    def _html_headings(self) -> Iterator[str]:
        if any(column.group for column in self.columns):
            spans = [
                (name, len(list(members)))
                for name, members in groupby(self.columns, key=lambda column: column.group)
            ]
            cells = [
                f'<th scope="colgroup" colspan="{n}">{escape(name)}</th>'
                if name
                else f'<td colspan="{n}"></td>'
                for name, n in spans
            ]
            yield f"<tr>{''.join(cells)}</tr>"
        cells = [
            f'<th scope="col" {_align(column.is_number)}>{escape(column.header)}</th>'
            for column in self.columns
        ]
        yield f"<tr>{''.join(cells)}</tr>"

    def _html_groups(self) -> Iterator[str]:
        for heading, rows in self._grouped():
            lines = [self._html_row(row) for row in rows]
            if heading:
                span = len(self.columns)
                lines.insert(
                    0,
                    f'<tr><th scope="rowgroup" colspan="{span}" {_align(False)}>'
                    f"{escape(heading)}</th></tr>",
                )
            css = ' class="grouped"' if heading else ""
            yield f"<tbody{css}>{''.join(lines)}</tbody>"

    def _html_row(self, row: tuple[str, ...]) -> str:
        first = f'<th scope="row" {_align(False)} dir="auto">{_breakable(row[0])}</th>'
        rest = [
            f'<td {_align(column.is_number)} dir="auto">{_breakable(cell)}</td>'
            for column, cell in zip(self.columns[1:], row[1:], strict=True)
        ]
        return f"<tr>{first}{''.join(rest)}</tr>"

    def _html_footnotes(self) -> str:
        if not self.footnotes:
            return ""
        notes = "<br>".join(escape(note) for note in self.footnotes)
        span = len(self.columns)
        return f'<tfoot><tr><td colspan="{span}" {_align(False)}>{notes}</td></tr></tfoot>'

    def _wrapped_headers(self) -> list[list[str]]:
        headers = [" ".join(filter(None, (c.group, c.header))) for c in self.columns]
        return [
            textwrap.wrap(_cut(header), _WIDEST_TEXT_HEADER, break_on_hyphens=False) or [""]
            for header in headers
        ]

    def _text_widths(self) -> list[int]:
        widths = [max(map(_width, lines)) for lines in self._wrapped_headers()]
        for heading, row in zip(self.groups, self.rows, strict=True):
            for i, cell in enumerate(row):
                indent = 2 if heading and i == 0 else 0
                widths[i] = max(widths[i], _width(_cut(cell)) + indent)
        return widths

    def _text_headings(self, widths: Sequence[int]) -> Iterator[str]:
        wrapped = self._wrapped_headers()
        height = max(map(len, wrapped), default=0)
        stacked = [[""] * (height - len(lines)) + lines for lines in wrapped]
        for line in zip(*stacked, strict=True):
            yield self._text_line(line, widths)

    def _text_line(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        padded = []
        for column, cell, width in zip(self.columns, cells, widths, strict=True):
            gap = " " * (width - _width(_cut(cell)))
            padded.append(gap + _cut(cell) if column.is_number else _cut(cell) + gap)
        return "  ".join(padded).rstrip()


def one_line(text: object) -> str:
    """Return text without line breaks, control characters and marks that reorder text."""
    # Categories Cc and Cf hold the control characters and the bidirectional overrides.
    kept = (" " if c in "\n\r\t" else c for c in str(text))
    return "".join(c for c in kept if _is_printable(c)).strip()


def _is_printable(character: str) -> bool:
    # The last two code points of each plane are no characters; XML, and so Word, refuses them.
    is_character = ord(character) & 0xFFFE != 0xFFFE
    return is_character and unicodedata.category(character) not in ("Cc", "Cf", "Cs")


def guard_formula(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would execute; leave numbers alone."""
    if not text.lstrip().startswith(_FORMULA_STARTS) or _is_number(text):
        return text
    return "'" + text


def _breakable(text: str) -> str:
    """Escape text for HTML; a very long word may be broken, so that it does not widen the page."""
    return escape(_LONG_WORD.sub("\\1\0", text)).replace("\0", "<wbr>")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _align(is_number: bool) -> str:
    # Written inline because Jupyter's own style sets every cell to the right.
    return 'class="number"' if is_number else 'style="text-align:left"'


def _cut(cell: str) -> str:
    return cell if len(cell) <= _WIDEST_TEXT_CELL else cell[: _WIDEST_TEXT_CELL - 1] + "…"


def _width(text: str) -> int:
    """Count the places text takes on a terminal."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    marks = sum(unicodedata.combining(c) > 0 for c in text)
    return len(text) + wide - marks
