"""Invented patients on disk, with a plain warning beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from azaanalysis.cohort import Cohort

FileFormat = Literal["parquet", "csv"]

WARNING = (
    "These patients are invented. They were made by a computer to try out analyses. "
    "Nothing computed from them is evidence about a drug."
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
    folder.mkdir(parents=True, exist_ok=True)
    readme = folder / "README.md"
    readme.write_text(f"# Invented patients\n\n{WARNING}\n\nSource: {cohort.source}.\n", "utf-8")
    written = [readme]
    for name, frame in cohort.tables.items():
        path = folder / f"{name}.{file_format}"
        if file_format == "csv":
            frame.to_csv(path, index=False, date_format="%Y-%m-%d")
        else:
            table = pa.Table.from_pandas(frame, preserve_index=False)
            notes = {**(table.schema.metadata or {}), b"warning": WARNING.encode()}
            pq.write_table(table.replace_schema_metadata(notes), path, compression="zstd")
        written.append(path)
    return written
