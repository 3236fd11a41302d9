"""Read CSV and TSV files as text, exactly as it stands there."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from azaanalysis.errors import DataError, Fault
from azaanalysis.load.mapping import Part
from azaanalysis.load.sheet import Sheet, header_faults, refuse, titles_above

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright strokes"}
_TOP_LINES = 40


def read_text(path: Path, part: Part, *, table: str) -> Sheet:
    """Read a text file; every cell stays text.

    Raises
    ------
    DataError
        If the file is empty, not in the stated encoding, has another delimiter, titles above
        its header, the same column twice, or rows of another length than the header.
    """
    text = _decoded(path, part.encoding)
    delimiter = part.delimiter or ("\t" if ".tsv" in path.name.lower() else ",")
    header, n_lines, has_rows = _header(text, part.skip_rows, delimiter)
    _refuse_strange_header(path.name, header, text, delimiter=delimiter, table=table)
    if part.is_automatic:
        _refuse_titles(path.name, text, delimiter, skip_rows=part.skip_rows, table=table)
    _refuse_open_quote(path.name, text, delimiter)
    if not has_rows:
        raise refuse(path.name, "no rows", "rows under the header", "export the file again")
    faults = header_faults(path.name, header, table=table)
    cells, odd_rows = _cells(text, header, n_lines, delimiter)
    faults += [_ragged(path.name, table, len(header), odd_rows)] if odd_rows else []
    if faults:
        raise DataError(faults)
    return _without_blank_rows(Sheet(path.name, cells), first_row=n_lines + 1)


def _decoded(path: Path, encoding: str | None) -> str:
    content = unpacked(path) if path.suffix == ".gz" else path.read_bytes()
    if not content.strip():
        raise refuse(path.name, "an empty file", "a header and rows", "export the file again")
    try:
        return content.decode(encoding or "utf-8-sig")
    except LookupError:
        remedy = "write for example encoding: windows-1252"
        raise refuse(path.name, f"the encoding '{encoding}'", "a known one", remedy) from None
    except UnicodeDecodeError as error:
        raise _wrong_encoding(path.name, content, error) from None


def unpacked(path: Path) -> bytes:
    """Unpack a file packed with gzip."""
    try:
        return gzip.decompress(path.read_bytes())
    except (EOFError, gzip.BadGzipFile, zlib.error):
        remedy = "copy it again: it may have been cut short"
        raise refuse(path.name, "a file that cannot be unpacked", "gzip", remedy) from None


def _wrong_encoding(file: str, content: bytes, error: UnicodeDecodeError) -> DataError:
    row = content.count(b"\n", 0, error.start) + 1
    guess = "utf-16" if b"\x00" in content[:200] else "windows-1252"
    letter = content[error.start : error.start + 1].decode("windows-1252", errors="replace")
    shown = "" if guess == "utf-16" else f" (in {guess} it would be '{letter}')"
    return refuse(
        *(file, f"text that is not {error.encoding}{shown}", "UTF-8"),
        f"save the file as UTF-8, or state encoding: {guess} in the mapping file",
        rows=[row],
    )


def _header(text: str, skip_rows: int, delimiter: str) -> tuple[list[str], int, bool]:
    """Return the header, the number of the line it ends on, and whether anything follows."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header: list[str] = []
    for place, line in enumerate(reader):
        header = line
        if place >= skip_rows:
            break
    n_lines = reader.line_num
    return [name.strip() for name in header], n_lines, next(reader, None) is not None


def _refuse_strange_header(
    file: str, header: list[str], text: str, *, delimiter: str, table: str
) -> None:
    """Refuse a header of one column that holds another delimiter."""
    if len(header) > 1:
        return
    others = [mark for mark in _DELIMITERS if mark != delimiter and mark in header[0]]
    if others:
        mark = max(others, key=header[0].count)
        shown = "\\t" if mark == "\t" else mark
        raise refuse(
            *(file, f"one column; its cells seem to be parted by {_DELIMITERS[mark]}"),
            f"columns parted by {_DELIMITERS.get(delimiter, delimiter)}",
            f'state delimiter: "{shown}" in the mapping file',
            rows=[1],
        )


def _refuse_open_quote(file: str, text: str, delimiter: str) -> None:
    """Refuse a quotation mark that is never closed: it would swallow all rows after it."""
    if text.count('"') % 2:
        n_rows = sum(1 for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        raise refuse(
            *(file, "a quotation mark that is never closed", "quotation marks in pairs"),
            "close every quotation mark, or remove it",
            rows=[n_rows],
        )


def _refuse_titles(file: str, text: str, delimiter: str, *, skip_rows: int, table: str) -> None:
    top = text.splitlines()[skip_rows : skip_rows + _TOP_LINES]
    n_titles = titles_above(list(csv.reader(top, delimiter=delimiter)), table)
    if n_titles:
        raise title_rows(file, n_titles, skip_rows)


def title_rows(file: str, n_titles: int, skip_rows: int) -> DataError:
    """Return the error that titles stand above the header."""
    return refuse(
        *(file, f"{n_titles} rows above the header", "the header in the first row"),
        f"state skip_rows: {n_titles + skip_rows} in the mapping file",
        rows=[skip_rows + 1],
    )


def _cells(
    text: str, header: list[str], n_lines: int, delimiter: str
) -> tuple[pa.Table, list[tuple[int, int]]]:
    """Return all rows of the right length as text, and (row, length) of those that are not."""
    odd_rows: list[tuple[int, int]] = []

    def note(row: pacsv.InvalidRow) -> str:
        odd_rows.append((row.number or 0, row.actual_columns))
        return "skip"

    names = [str(place) for place in range(len(header))]
    cells = pacsv.read_csv(
        pa.BufferReader(text.encode()),
        read_options=pacsv.ReadOptions(use_threads=False, skip_rows=n_lines, column_names=names),
        parse_options=pacsv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=note,
        ),
        convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )
    return cells.rename_columns(header), odd_rows


def _ragged(file: str, table: str, expected: int, odd_rows: list[tuple[int, int]]) -> Fault:
    rows = tuple(row for row, _ in odd_rows)
    return Fault(
        *(table, file, "", rows, f"{odd_rows[0][1]} cells", f"{expected} cells, as in the header"),
        "put quotation marks around cells that hold the delimiter; close every quotation mark",
    )


def _without_blank_rows(sheet: Sheet, *, first_row: int) -> Sheet:
    """Leave out rows in which every cell is empty."""
    rows = np.arange(sheet.cells.num_rows) + first_row
    numbered = Sheet(sheet.file, sheet.cells, rows)
    return without_blank(numbered)


def without_blank(sheet: Sheet) -> Sheet:
    """Leave out rows in which every cell is empty, and count them."""
    is_blank = np.ones(sheet.cells.num_rows, dtype=bool)
    for column in sheet.cells.columns:
        if is_blank.any():
            empty = pc.equal(pc.utf8_trim_whitespace(column), "").fill_null(True)
            is_blank &= empty.to_numpy(zero_copy_only=False)
    if not is_blank.any():
        return sheet
    kept = sheet.only(~is_blank)
    return Sheet(kept.file, kept.cells, kept.rows, int(is_blank.sum()))
