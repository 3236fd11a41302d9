"""Long estimates, most often curves: their rows in Parquet, their CSV files in one archive."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from azaanalysis.display.source import as_rows
from azaanalysis.errors import ReportError
from azaanalysis.result import COLUMNS, SMALLEST_COUNT_IF_UNSTATED, STEPS_ONLY, Estimate

ARCHIVE_NAME, DRAWINGS_NAME = "curves.zip", "figures.zip"
# What a person reads in a file; a curve has a row for each day on which it moves.
LONGEST = 200
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_KEYS = ["notebook", "estimate"]


def shorten(entry: Mapping[str, Any], days: Sequence[float]) -> dict[str, Any]:
    """Return an entry of the record whose rows, if they are many, are those of a few days.

    ``rows_in_parquet`` then says how many there are. Curves are read on the given days.
    """
    rows = entry["rows"]
    if len(rows) <= LONGEST:
        return dict(entry)
    about = dict(entry["about"])
    if about.get("smallest_count", SMALLEST_COUNT_IF_UNSTATED) > 1:
        # Days are missing on which single patients left: those at risk are not those of the next.
        about[STEPS_ONLY] = True
    read = Estimate(pd.DataFrame(rows, columns=list(COLUMNS)), about).at(days).frame
    shown = as_rows(read[read["value"].notna()])
    return {**entry, "rows_in_parquet": len(rows), "rows": shown}


def lengthen(record: dict[str, Any], parquet: Path) -> dict[str, Any]:
    """Return a record with all the rows of its long estimates, read from the Parquet file.

    Raises
    ------
    ReportError
        If that file is missing, or holds other rows than the record says.
    """
    if not any("rows_in_parquet" in entry for entry in record["estimates"]):
        return record
    found = _read_rows(parquet)
    entries = []
    for entry in record["estimates"]:
        n_rows = entry.get("rows_in_parquet")
        if n_rows is None:
            entries.append(entry)
            continue
        rows = found.get((entry["notebook"], entry["estimate"]), [])
        if len(rows) != n_rows:
            raise ReportError(
                f"{parquet.name} in {parquet.parent} is not the one of this report: it holds "
                f"{len(rows):,} rows of '{entry['estimate']}' in place of {n_rows:,}."
            )
        kept = {key: value for key, value in entry.items() if key != "rows_in_parquet"}
        entries.append({**kept, "rows": rows})
    return {**record, "estimates": entries}


def pack_files(folder: Path, notebooks: Sequence[str]) -> list[Path]:
    """Move the CSV files of long estimates, and the drawings, into an archive each.

    A computer opens them like folders. The same files give the same bytes. Archives that would
    be empty are not made; those made are returned.
    """
    files = [path for name in notebooks for path in sorted((folder / name).glob("*.*"))]
    long = [path for path in files if path.suffix == ".csv" and _is_long(path)]
    drawings = [path for path in files if path.suffix == ".svg"]
    named = {ARCHIVE_NAME: long, DRAWINGS_NAME: drawings}
    return [_pack(folder / name, found) for name, found in named.items() if found]


def _pack(path: Path, found: Sequence[Path]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in found:
            entry = zipfile.ZipInfo(file.relative_to(path.parent).as_posix(), _NO_TIME)
            archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=9)
            file.unlink()
    return path


def _is_long(path: Path) -> bool:
    return path.read_bytes().count(b"\n") > LONGEST + 1


def _read_rows(parquet: Path) -> dict[Any, list[list[Any]]]:
    if not parquet.is_file():
        raise ReportError(
            f"There is no {parquet.name} beside the results in {parquet.parent}: the rows of "
            "curves are kept there. Copy both files together."
        )
    frame = pd.read_parquet(parquet)
    return {key: as_rows(part[list(COLUMNS)]) for key, part in frame.groupby(_KEYS, dropna=False)}
