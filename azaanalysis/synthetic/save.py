"""Invented patients on disk, with a plain warning beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from azaanalysis.cohort import Cohort
from azaanalysis.schema.dictionary import dictionary_text
from azaanalysis.synthetic.block_tables import Recipe, Tables, describe, make_blocks
from azaanalysis.synthetic.cohort import Progress

FileFormat = Literal["parquet", "csv"]

WARNING = (
    "These patients are invented. They were made by a computer to try out analyses. "
    "Nothing computed from them is evidence about a drug."
)
_EXTRA = (
    "`patients` has one column more than the dictionary below: `severity_score`, a clinician's "
    "score of severity from 0 to 10 on the index day. What would have happened under another "
    "drug is in no table; `simulate_truth` knows."
)


def save_cohort(cohort: Cohort, folder: Path, *, file_format: FileFormat = "parquet") -> list[Path]:
    """Write the tables of an invented cohort as files that ``load_cohort`` reads.

    Parameters
    ----------
    cohort
        A cohort of ``make_cohort``.
    folder
        Made if it is not there; tables in it are replaced.
    file_format
        ``parquet`` (small, typed) or ``csv``.

    Returns
    -------
    list of Path
        One file for each table, and ``README.md`` with the warning that nobody in it is real. In
        Parquet the warning stands in each file as well.

    Raises
    ------
    ValueError
        If the cohort is not invented: real patients are not to be written about.
    """
    if not cohort.is_synthetic:
        raise ValueError("Only invented cohorts are written to files.")
    return _write(folder, iter([dict(cohort.tables)]), cohort.source, file_format)


def write_cohort(
    recipe: Recipe,
    folder: Path,
    *,
    file_format: FileFormat = "parquet",
    processes: int = 1,
    progress: Progress | None = None,
) -> list[Path]:
    """Invent a cohort and write it block by block, so that it never has to fit into memory.

    Parameters
    ----------
    recipe
        How many patients, seed, world and parameters.
    folder, file_format
        As in :func:`save_cohort`.
    processes, progress
        As in ``make_cohort``. The files are the same, byte for byte, whatever the number of
        processes.

    Returns
    -------
    list of Path
        As in :func:`save_cohort`.
    """

    def told() -> Iterator[Tables]:
        done = 0
        for tables in make_blocks(recipe, processes=processes):
            yield tables
            done += len(tables["patients"])
            if progress is not None:
                progress(done, recipe.n_patients)

    return _write(folder, told(), describe(recipe), file_format)


def _write(
    folder: Path, blocks: Iterator[Tables], source: str, file_format: FileFormat
) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    readme = folder / "README.md"
    about = f"# Invented patients\n\n{WARNING}\n\nSource: {source}.\n\n{_EXTRA}\n\n"
    readme.write_text(about + dictionary_text().replace("# The data", "## The data", 1), "utf-8")
    append = _append_csv if file_format == "csv" else _append_parquet
    files: dict[Path, Any] = {}
    with ExitStack() as open_files:
        for tables in blocks:
            for name, frame in tables.items():
                append(frame, folder / f"{name}.{file_format}", files, open_files)
    return [readme, *files]


def _append_csv(
    frame: pd.DataFrame, path: Path, files: dict[Path, Any], open_files: ExitStack
) -> None:
    is_first = path not in files
    if is_first:
        files[path] = open_files.enter_context(path.open("w", encoding="utf-8", newline=""))
    frame.to_csv(files[path], index=False, header=is_first, date_format="%Y-%m-%d")


def _append_parquet(
    frame: pd.DataFrame, path: Path, files: dict[Path, Any], open_files: ExitStack
) -> None:
    """Write a frame as a row group of its own; the warning stands in the file itself."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    notes = {**(table.schema.metadata or {}), b"warning": WARNING.encode()}
    table = table.replace_schema_metadata(_without_rows(notes))
    if path not in files:
        writer = pq.ParquetWriter(path, table.schema, compression="zstd")
        files[path] = open_files.enter_context(writer)
    files[path].write_table(table)


def _without_rows(notes: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """Leave out how many rows the first block had, which pandas notes in the index."""
    about = json.loads(notes.get(b"pandas", b"{}"))
    about["index_columns"] = []
    return {**notes, b"pandas": json.dumps(about).encode()}
