"""Load a cohort from files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.errors import DataError, Fault
from azaanalysis.load.adam import adam_entries, is_adam
from azaanalysis.load.folder import Folder, read_tables
from azaanalysis.load.mapping import LoadMapping
from azaanalysis.load.mapping_file import read_mapping
from azaanalysis.load.notes import Note, as_note, report
from azaanalysis.load.part import Rows
from azaanalysis.schema import TABLES, as_schema_types, find_faults
from azaanalysis.schema.check import absent_tables
from azaanalysis.vocab import Drug

_OWN_MAPPING = ("mapping.yml", "mapping.yaml")


def load_cohort(
    source: Path | str,
    *,
    mapping: Path | str | Mapping[str, Any] | None = None,
    smallest_count: int = 5,
    name: str | None = None,
) -> Cohort:
    """Load a cohort from a folder of files, or say everything that is wrong with them.

    The files are read and never changed. Nothing is dropped or repaired in silence: every row is
    kept, set aside because the mapping says so (and counted), or refused.

    Parameters
    ----------
    source
        A folder with one CSV, TSV (both plain or .gz), Parquet or Excel file per table; or one
        workbook with one sheet per table; or a folder of CDISC ADaM data sets (.xpt, .xpt.gz); or
        a single file.
    mapping
        The mapping file; ``mapping.yml`` in the folder if None and there is one.
    smallest_count
        The smallest count of patients or events that may be shown.
    name
        Where the data came from, in words fit for a report; the mapping's, else the folder's name
        if None.

    Returns
    -------
    Cohort
        Checked tables; ``report`` says what happened to every row, and lists every warning.

    Raises
    ------
    DataError
        If the mapping file cannot be used, or any fault in the data would change a result. All
        faults are listed, each with file, column, rows, and what to do.
    """
    folder = Folder.at(source)
    rules = _rules(folder, mapping)
    tables, faults = read_tables(folder, rules)
    drugs = rules.drugs_known()
    frames = {table: _stacked(parts) for table, parts in tables.items() if parts}
    faults += [fault for parts in tables.values() for rows in parts for fault in rows.faults]
    faults += _faults_of(frames, tables, drugs)
    if any(fault.is_error for fault in faults):
        raise DataError(faults, heading=f"The data in {folder.name} cannot be used yet.")
    classes = {drug.name: drug.treatment_class for drug in drugs.values()}
    typed = as_schema_types(frames, drug_classes=classes)
    in_use = typed["courses"]["drug"].cat.categories
    return Cohort(
        tables=typed,
        source=name or rules.name or folder.name,
        is_synthetic=False,
        smallest_count=smallest_count,
        report=report(
            [rows.tally for parts in tables.values() for rows in parts],
            _notes(tables, faults),
            smallest_count=smallest_count,
        ),
        drug_classes={drug: classes[drug] for drug in in_use},
    )


def _rules(folder: Folder, mapping: Path | str | Mapping[str, Any] | None) -> LoadMapping:
    own = [folder.paths[name] for name in _OWN_MAPPING if name in folder.paths]
    stated = own[0] if mapping is None and own else mapping
    return read_mapping(stated, rules=adam_entries() if is_adam(folder) else None)


def _stacked(parts: list[Rows]) -> pd.DataFrame:
    frames = [rows.frame for rows in parts]
    return frames[0] if len(frames) == 1 else pd.concat(_alike(frames), ignore_index=True)


def _alike(frames: list[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Turn categories into plain words, so that files with different words can be stacked."""
    for frame in frames:
        words = [name for name in frame if isinstance(frame[name].dtype, pd.CategoricalDtype)]
        yield frame.astype(dict.fromkeys(words, "object"))


def _faults_of(
    frames: dict[str, pd.DataFrame], tables: dict[str, list[Rows]], drugs: Mapping[str, Drug]
) -> list[Fault]:
    """Check the tables, unless one that is needed could not be read at all."""
    unread = [table for table, parts in tables.items() if not parts]
    missing = [fault for fault in absent_tables(frames) if fault.table not in unread]
    if missing or any(TABLES[table].required for table in unread):
        return missing
    classes = {drug.name: drug.treatment_class for drug in drugs.values()}
    origins = {table: [rows.origin for rows in parts] for table, parts in tables.items()}
    whole = {name: frame for name, frame in frames.items() if _is_whole(name, frame)}
    if not {"patients", "courses"} <= set(whole):
        return []
    return find_faults(whole, origins=origins, drug_classes=classes)


def _is_whole(table: str, frame: pd.DataFrame) -> bool:
    """Tell whether all required columns are there; a fault says so where they are not."""
    return all(c.name in frame for c in TABLES[table].columns if c.required)


def _notes(tables: dict[str, list[Rows]], faults: list[Fault]) -> Iterator[Note]:
    for parts in tables.values():
        for rows in parts:
            yield from rows.notes
    yield from map(as_note, faults)
