"""What can go wrong, in the words of an analyst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd


class AzaError(Exception):
    """Base of every error that this package raises on purpose."""


class StudyError(AzaError):
    """The study file cannot be read as a study."""


class DesignError(AzaError):
    """The question cannot be asked of this cohort in this way."""


class EstimationError(AzaError):
    """An estimator was asked for something it cannot give."""


class ParameterError(AzaError):
    """A setting of the synthetic cohort is missing or impossible."""


class ReportError(AzaError):
    """A notebook could not be executed, or a report could not be written."""


@dataclass(frozen=True)
class Fault:
    """One kind of fault in one column of one table.

    Parameters
    ----------
    table
        Table of the cohort (``"courses"``).
    file
        Name of the file the rows came from; the table again if there is none.
    column
        Column as it is called in that file; empty if the fault concerns the file.
    rows
        Row numbers as the analyst sees them: the header is row 1 in a text file or a sheet.
    found
        What stands there, with an example. Never a patient's identifier.
    expected
        What should stand there.
    remedy
        What to do about it.
    is_error
        Whether the fault would change a result. If not, it is a warning.
    n_rows
        Number of faulty rows; ``rows`` may hold only the first of them.
    """

    table: str
    file: str
    column: str
    rows: tuple[int, ...]
    found: str
    expected: str
    remedy: str
    is_error: bool = True
    n_rows: int | None = None

    def __str__(self) -> str:
        """One sentence: where, what was found, what was expected, what to do."""
        where = f"{self.file}" + (f", column {self.column}" if self.column else "")
        return (
            f"{where}{self._rows_in_words()}: found {self.found}; "
            f"expected {self.expected}. To fix: {self.remedy}."
        )

    def _rows_in_words(self) -> str:
        if not self.rows:
            return ""
        total = len(self.rows) if self.n_rows is None else self.n_rows
        shown = ", ".join(str(row) for row in self.rows[:3])
        if total == 1:
            return f", row {shown}"
        return f", {total:,} rows ({shown}{', ...' if total > 3 else ''})"


class DataError(AzaError):
    """The data cannot be used yet; every fault that was found is listed.

    Attributes
    ----------
    faults
        All faults, errors before warnings.
    """

    def __init__(self, faults: Sequence[Fault], *, heading: str = "") -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: not fault.is_error))
        self.heading = heading or "The data cannot be used yet."
        super().__init__("\n".join([self.heading, *(f"  {fault}" for fault in self.faults)]))

    def to_frame(self) -> pd.DataFrame:
        """Return the faults as a table, one row each."""
        return faults_to_frame(self.faults)

    def write(self, path: Path) -> Path:
        """Write the faults as CSV, so that they can be worked through one by one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.to_frame().to_csv(path, index=False)
        return path


def faults_to_frame(faults: Sequence[Fault]) -> pd.DataFrame:
    """Return faults as a table: severity, file, table, column, rows, found, expected, remedy."""
    rows = [
        {
            "severity": "error" if fault.is_error else "warning",
            "file": fault.file,
            "table": fault.table,
            "column": fault.column,
            "n_rows": len(fault.rows) if fault.n_rows is None else fault.n_rows,
            "rows": " ".join(str(row) for row in fault.rows),
            "found": fault.found,
            "expected": fault.expected,
            "to_fix": fault.remedy,
        }
        for fault in faults
    ]
    columns = [
        "severity",
        "file",
        "table",
        "column",
        "n_rows",
        "rows",
        "found",
        "expected",
        "to_fix",
    ]
    return pd.DataFrame(rows, columns=columns)
