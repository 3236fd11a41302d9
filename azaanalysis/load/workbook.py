"""Read Excel workbooks; every cell becomes the text an analyst would have typed."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from azaanalysis.errors import DataError, Fault
from azaanalysis.load.mapping import Part
from azaanalysis.load.sheet import Sheet, header_faults, refuse, titles_above
from azaanalysis.load.text_file import title_rows, without_blank
from azaanalysis.vocab import as_code


def sheet_names(path: Path) -> list[str]:
    """Return the names of a workbook's sheets."""
    return list(_opened(path).sheetnames)


def read_sheet(path: Path, part: Part, *, table: str) -> Sheet:
    """Read one sheet of a workbook.

    Raises
    ------
    DataError
        If there is no such sheet, it is empty, it has titles above its header, the same column
        twice, or formulas whose results were never stored.
    """
    name = _chosen_sheet(path, part, table)
    file = f"{path.name}, sheet {name}"
    lines = _lines(path, name)
    if part.is_automatic and (n_titles := titles_above(lines[part.skip_rows :], table)):
        raise title_rows(file, n_titles, part.skip_rows)
    if len(lines) <= part.skip_rows + 1:
        raise refuse(file, "no rows", "a header and rows", "fill the sheet, or name another")
    header = [cell.strip() for cell in lines[part.skip_rows]]
    body = lines[part.skip_rows + 1 :]
    faults = [
        *header_faults(file, header, table=table),
        *_formulas(path, name, file, table, part.skip_rows + 1),
    ]
    if faults:
        raise DataError(faults)
    return _sheet(file, header, body, part.skip_rows + 2)


def _sheet(file: str, header: list[str], body: list[list[str]], first_row: int) -> Sheet:
    columns = [
        pa.chunked_array([list(cells)], type=pa.string()) for cells in zip(*body, strict=True)
    ]
    is_used = [
        bool(name) or any(cells.to_pylist()) for name, cells in zip(header, columns, strict=True)
    ]
    names = [name for name, used in zip(header, is_used, strict=True) if used]
    kept = [cells for cells, used in zip(columns, is_used, strict=True) if used]
    rows = np.arange(len(body)) + first_row
    return without_blank(Sheet(file, pa.Table.from_arrays(kept, names=names), rows))


def _opened(path: Path, *, formulas: bool = False) -> Any:
    import openpyxl  # takes a moment, and few exports are workbooks

    try:
        content = io.BytesIO(path.read_bytes())  # so that no file is left open
        return openpyxl.load_workbook(content, read_only=True, data_only=not formulas)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError):
        remedy = "save it again as .xlsx, without a password"
        raise refuse(path.name, "no readable workbook", "an Excel file", remedy) from None


def _chosen_sheet(path: Path, part: Part, table: str) -> str:
    names = sheet_names(path)
    wanted = part.sheet or table
    chosen = [name for name in names if as_code(name) == as_code(wanted)]
    if not chosen and part.sheet is None and len(names) == 1:
        return names[0]
    if not chosen:
        shown = ", ".join(names)
        remedy = f"state sheet: in the mapping file (this workbook has {shown})"
        raise refuse(path.name, f"no sheet named {wanted}", "that sheet", remedy)
    return chosen[0]


def _lines(path: Path, name: str) -> list[list[str]]:
    lines = [[_as_typed(cell) for cell in line] for line in _opened(path)[name].values]
    width = max((len(line) for line in lines), default=0)
    return [line + [""] * (width - len(line)) for line in lines]


def _as_typed(cell: Any) -> str:
    """Write a cell as text: dates as YYYY-MM-DD, whole numbers without a decimal point."""
    if cell is None:
        return ""
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _formulas(path: Path, name: str, file: str, table: str, header_row: int) -> list[Fault]:
    """Find formulas without a stored result: they would be read as empty."""
    stored, written = _opened(path)[name].values, _opened(path, formulas=True)[name].values
    rows = tuple(
        number
        for number, (values, cells) in enumerate(zip(stored, written, strict=True), start=1)
        if number > header_row
        and any(_is_unsolved(v, c) for v, c in zip(values, cells, strict=True))
    )
    if not rows:
        return []
    remedy = "open and save the workbook in Excel, or paste the results as values"
    found = "formulas whose results are not stored"
    return [Fault(table, file, "", rows[:1000], found, "values", remedy, n_rows=len(rows))]


def _is_unsolved(value: Any, cell: Any) -> bool:
    return value is None and isinstance(cell, str) and cell.startswith("=")
