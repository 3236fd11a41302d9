"""Find every fault in the tables of a cohort."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from azaanalysis.errors import DataError, Fault
from azaanalysis.schema.across import across_faults
from azaanalysis.schema.columns import column_faults
from azaanalysis.schema.origins import Origins
from azaanalysis.schema.tables import TABLES
from azaanalysis.schema.types import as_schema_types
from azaanalysis.schema.view import views
from azaanalysis.vocab import drug_classes_by_name


def check_tables(
    tables: Mapping[str, pd.DataFrame], *, drug_classes: Mapping[str, str] | None = None
) -> None:
    """Refuse tables that cannot be a cohort; warnings pass.

    Parameters
    ----------
    tables
        Frames by name of table.
    drug_classes
        Class of each drug that may occur; those of the vocabulary if None.

    Raises
    ------
    DataError
        If any fault would change a result. It lists all faults at once.
    """
    faults = find_faults(tables, drug_classes=drug_classes)
    if any(fault.is_error for fault in faults):
        raise DataError(faults)


def find_faults(
    tables: Mapping[str, pd.DataFrame],
    *,
    origins: Origins | None = None,
    drug_classes: Mapping[str, str] | None = None,
    today: date | None = None,
) -> list[Fault]:
    """Find every fault, whether it would change a result (error) or not (warning).

    Parameters
    ----------
    tables
        Frames by name of table, as ``as_schema_types`` returns them or castable by it.
    origins
        The file or files behind each table, in the order of its rows; the table itself if None.
    drug_classes
        Class of each drug that may occur; those of the vocabulary if None.
    today
        Dates after this day lie in the future; the day of the computer's clock if None.
    """
    classes = drug_class_or_default(drug_classes)
    absent = [*absent_tables(tables), *_absent_columns(tables)]
    if absent:
        return absent
    typed = as_schema_types(tables, drug_classes=classes, fill=False)
    return [
        fault
        for view in views(typed, origins, classes)
        for fault in (*column_faults(view, today=today or date.today()), *across_faults(view))
    ]


def drug_class_or_default(drug_classes: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return the classes given, else those of the vocabulary."""
    return drug_classes_by_name() if drug_classes is None else drug_classes


def absent_tables(tables: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """Find required tables that are absent or have no rows."""
    return [
        Fault(
            name,
            *(name, "", (), "no rows", f"at least one row, each {table.one_row_is}"),
            f"add a file named {name}.csv (or .parquet, .xlsx), or name the file in a mapping file",
        )
        for name, table in TABLES.items()
        if table.required and (name not in tables or tables[name].empty)
    ]


def _absent_columns(tables: Mapping[str, pd.DataFrame]) -> list[Fault]:
    return [
        Fault(
            name,
            *(name, column.name, (), "no such column", column.meaning, "add the column"),
        )
        for name, frame in tables.items()
        for column in TABLES[name].columns
        if column.required and column.name not in frame
    ]
