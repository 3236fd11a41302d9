"""The loading report: what happened to every row, and how every odd word was read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

import pandas as pd

from azaanalysis.cohort import LoadingReport
from azaanalysis.errors import Fault


@dataclass(frozen=True)
class Note:
    """One kind of resolution, setting aside or warning."""

    file: str
    table: str
    column: str
    kind: str
    found: str
    read_as: str
    rows: int
    reason: str


@dataclass(frozen=True)
class Tally:
    """What happened to the rows of one file."""

    file: str
    table: str
    rows_read: int
    rows_kept: int
    rows_set_aside: int


def as_note(fault: Fault) -> Note:
    """Write a warning as an entry of the loading report."""
    n_rows = len(fault.rows) if fault.n_rows is None else fault.n_rows
    reason = f"expected {fault.expected}; to fix: {fault.remedy}"
    place = (fault.file, fault.table, fault.column)
    return Note(*place, "warning", fault.found, "", n_rows, reason)


def report(
    tallies: Iterable[Tally], notes: Iterable[Note], *, smallest_count: int
) -> LoadingReport:
    """Return the loading report."""
    return LoadingReport(
        tables=pd.DataFrame(map(asdict, tallies), columns=[f.name for f in fields(Tally)]),
        notes=pd.DataFrame(map(asdict, notes), columns=[f.name for f in fields(Note)]),
        smallest_count=smallest_count,
    )
