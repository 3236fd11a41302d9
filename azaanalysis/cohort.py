"""The checked tables of a cohort."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np
import pandas as pd

from azaanalysis.errors import DesignError


@dataclass(frozen=True)
class LoadingReport:
    """What happened to every row on its way in.

    Parameters
    ----------
    tables
        One row per table: ``file``, ``table``, ``rows_read``, ``rows_kept``, ``rows_set_aside``.
    notes
        One row per kind of resolution, setting aside or warning: ``file``, ``table``, ``column``,
        ``kind`` (``"resolved"``, ``"set aside"``, ``"warning"``), ``found``, ``read_as``,
        ``rows`` (how many), ``reason``.
    smallest_count
        The smallest number of rows that may be shown; see ``Cohort``.
    """

    tables: pd.DataFrame
    notes: pd.DataFrame
    smallest_count: int = 1


@dataclass(frozen=True, eq=False)
class Cohort:
    """Checked tables about one group of patients.

    Every table satisfies ``schema.TABLES``; a Cohort is only made by a loader or by
    ``make_cohort``, so that whoever holds one may trust it.

    Parameters
    ----------
    tables
        ``patients`` and ``courses``, and those of ``visits``, ``labs``, ``events``, ``steroids``,
        ``times`` that the source has. Frames are not to be changed in place.
    source
        Where the data came from, in words fit for a report: no path, no patient.
    is_synthetic
        Whether these people are invented.
    smallest_count
        The smallest count of patients or events that may be shown; 1 shows everything.
    report
        What happened to every row on its way in.
    drug_classes
        Class of each drug in ``courses``.
    """

    tables: Mapping[str, pd.DataFrame]
    source: str
    is_synthetic: bool
    smallest_count: int
    report: LoadingReport
    drug_classes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        object.__setattr__(self, "tables", MappingProxyType(dict(self.tables)))
        object.__setattr__(self, "drug_classes", MappingProxyType(dict(self.drug_classes)))

    @property
    def patients(self) -> pd.DataFrame:
        """One row per person."""
        return self.tables["patients"]

    @property
    def courses(self) -> pd.DataFrame:
        """One row per spell on one drug."""
        return self.tables["courses"]

    def require(self, table: str, *, for_what: str) -> pd.DataFrame:
        """Return a table, or say in plain words which question needs it.

        Raises
        ------
        DesignError
            If the cohort has no such table, or it has no rows.
        """
        frame = self.tables.get(table)
        if frame is None or frame.empty:
            raise DesignError(
                f"The {for_what} needs the table '{table}', but this cohort has no rows in it. "
                f"Add {table} to the data (an empty template: azaanalysis templates FOLDER), "
                "or take the endpoint out of the study file."
            )
        return frame

    def positions(self, table: str) -> np.ndarray:
        """Return, for each row of a table, the position of its patient in ``patients``.

        Counted once and kept: a cohort does not change.
        """
        if table not in self._positions:
            ids = pd.Index(self.patients["patient_id"])
            found = ids.get_indexer(self.tables[table]["patient_id"])
            self._positions[table] = found.astype(np.int64)
        return self._positions[table]

    @cached_property
    def _positions(self) -> dict[str, np.ndarray]:
        return {}

    @cached_property
    def remembered(self) -> dict[str, object]:
        """What later stages worked out from these tables and would otherwise work out again."""
        return {}

    @cached_property
    def observed(self) -> tuple[str, str]:
        """First and last day on which anybody was observed, as ISO dates; empty if unknown."""
        edges = (self.patients["observed_from"].min(), self.patients["observed_to"].max())
        first, last = ("" if pd.isna(day) else f"{pd.Timestamp(day):%Y-%m-%d}" for day in edges)
        return first, last

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change when any value in any table changes.

        The order of rows does not matter, nor does the order of columns.
        """
        digest = hashlib.sha256()
        # Identifiers are hashed once; other tables look theirs up.
        people = pd.util.hash_pandas_object(self.patients["patient_id"], index=False).to_numpy()
        for name in sorted(self.tables):
            frame = self.tables[name]
            columns = sorted(set(frame.columns) - {"patient_id"})
            plain = _plain(frame[columns]).assign(patient_id=people[self.positions(name)])
            rows = pd.util.hash_pandas_object(plain, index=False).to_numpy()
            rows.sort()
            digest.update(f"{name}:{','.join(columns)}:{len(frame)}".encode())
            digest.update(rows.tobytes())
        return digest.hexdigest()[:16]

    def __repr__(self) -> str:
        """Say what this is without showing a patient."""
        sizes = ", ".join(f"{len(frame):,} {name}" for name, frame in self.tables.items())
        return f"Cohort from {self.source}: {sizes}"


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with types that hash alike whatever the source: text, numbers, dates."""
    plain = {}
    for name, column in frame.items():
        if isinstance(column.dtype, pd.CategoricalDtype):
            plain[name] = column
        elif pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_numeric_dtype(
            column.dtype
        ):
            plain[name] = column.astype("float64")
        elif pd.api.types.is_datetime64_any_dtype(column.dtype):
            plain[name] = column.astype("datetime64[s]")
        else:
            plain[name] = column.astype("category")
    return pd.DataFrame(plain, index=frame.index)
