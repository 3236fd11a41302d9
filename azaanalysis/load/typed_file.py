"""Read files that hold types of their own: Parquet and SAS transport files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from azaanalysis.load.sheet import Sheet, refuse
from azaanalysis.load.text_file import unpacked


def read_parquet(path: Path) -> Sheet:
    """Read a Parquet file.

    Raises
    ------
    DataError
        If it is not a Parquet file, has no rows, or holds lists in its cells.
    """
    try:
        cells = pq.read_table(path)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError):
        remedy = "export the file again"
        raise refuse(path.name, "no readable Parquet file", "a Parquet file", remedy) from None
    nested = [field.name for field in cells.schema if pa.types.is_nested(field.type)]
    if nested:
        found = f"lists or structures in the column {', '.join(nested)}"
        remedy = "give each value a row of its own, or leave the column out of the export"
        raise refuse(path.name, found, "one value in each cell", remedy)
    return _filled(Sheet(path.name, cells))


def read_xpt(path: Path) -> Sheet:
    """Read a SAS transport file (version 5 or 8), plain or packed with gzip.

    Raises
    ------
    DataError
        If it is not a SAS transport file or has no rows.
    """
    if path.suffix != ".gz":
        return _filled(Sheet(path.name, _xpt_cells(path, path.name)))
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / path.stem
        plain.write_bytes(unpacked(path))
        return _filled(Sheet(path.name, _xpt_cells(plain, path.name)))


def _xpt_cells(path: Path, name: str) -> pa.Table:
    import pyreadstat  # slow to import, and only trials come in this format

    try:
        frame, _ = pyreadstat.read_xport(str(path))
    except (pyreadstat.ReadstatError, UnicodeDecodeError):
        remedy = "export the data set again with the XPORT engine"
        raise refuse(name, "no readable SAS transport file", "an .xpt file", remedy) from None
    return pa.Table.from_pandas(frame, preserve_index=False)


def _filled(sheet: Sheet) -> Sheet:
    if sheet.cells.num_rows == 0:
        raise refuse(sheet.file, "no rows", "at least one row", "export the file again")
    return sheet
