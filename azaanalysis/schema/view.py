"""A table seen beside the patients its rows belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from azaanalysis.errors import Fault
from azaanalysis.schema.origins import Flags, Origin, place
from azaanalysis.schema.tables import TABLES

_ONE_YEAR_DAYS = 366


@dataclass(frozen=True, eq=False)
class View:
    """One table, column by column, with what is known of each row's patient.

    An empty date compares as false with any other, so a check needs no guard against it.
    """

    name: str
    frame: pd.DataFrame
    origins: Sequence[Origin]
    patients: pd.DataFrame
    drug_classes: Mapping[str, str]

    def __getitem__(self, column: str) -> np.ndarray:
        """Return a column as plain numbers or dates; codes as their places in the category."""
        values = self.frame[column]
        if isinstance(values.dtype, pd.CategoricalDtype):
            return values.cat.codes.to_numpy()
        if values.dtype in ("Int64", "boolean"):
            return values.to_numpy(dtype="float64", na_value=np.nan)
        return values.to_numpy()

    def missing(self, column: str) -> Flags:
        """Flag the rows where the column is empty, unless it could not be read."""
        readable = [origin.readable(column) for origin in self.origins]
        return self.frame[column].isna().to_numpy() & np.concatenate(readable)

    def words(self, column: str, wanted: Sequence[str]) -> Flags:
        """Flag the rows whose code is one of the words."""
        return self.frame[column].isin(wanted).to_numpy()

    def by_word(self, column: str, meaning: Mapping[str, float]) -> np.ndarray:
        """Return for each row the number that belongs to its word; missing if none does."""
        category = self.frame[column].cat
        numbers = [meaning.get(word, np.nan) for word in category.categories]
        by_code = np.append(np.array(numbers, dtype=float), np.nan)
        return np.asarray(by_code[category.codes])

    @cached_property
    def person(self) -> np.ndarray:
        """Return the row in ``patients`` of each row's patient; -1 if there is none."""
        wanted, known = (_arrow(frame["patient_id"]) for frame in (self.frame, self.patients))
        places = pc.index_in(wanted, value_set=known).fill_null(-1)
        return np.asarray(places.to_numpy(zero_copy_only=False))

    def of_patient(self, column: str) -> np.ndarray:
        """Return what the row's patient has in a date column of ``patients``."""
        return self.of_person(self.patients[column].to_numpy())

    @cached_property
    def death(self) -> np.ndarray:
        """Return the day the row's patient died, unless that day is itself a fault."""
        patients = self.patients
        is_sound = ~(patients["death_date"] < patients["observed_from"])
        return self.of_person(patients["death_date"].where(is_sound).to_numpy())

    def of_person(self, values: np.ndarray) -> np.ndarray:
        """Return a value per patient for each row; missing where the patient is unknown."""
        or_missing = np.append(values, np.array("NaT", dtype=values.dtype))
        return np.asarray(or_missing[self.person])

    @cached_property
    def spells(self) -> tuple[np.ndarray, Flags]:
        """Return courses in order of patient, drug, start, and which follow the same drug."""
        drug = self["drug"].astype("int64")
        spell = self.person.astype("int64") * (drug.max(initial=0) + 2) + drug
        order = np.lexsort((self["start_date"].astype("int64"), spell))
        is_known = ((self.person >= 0) & (drug >= 0))[order]
        return order, np.append(False, np.diff(spell[order]) == 0) & is_known

    @cached_property
    def earliest_birth(self) -> np.ndarray:
        """Return the earliest day on which each row's patient can have been born."""
        patients = self.patients
        days = np.ceil((patients["age_years"] + 1) * _ONE_YEAR_DAYS).fillna(0).astype("int64")
        # In seconds: a nanosecond clock ends 292 years from 1970, a mistyped date may not.
        lived = pd.Series((days.to_numpy() * 86_400).astype("timedelta64[s]"), patients.index)
        from_age = patients["observed_from"] - lived
        from_age = from_age.where(patients["age_years"].notna())
        birth = patients["birth_date"].fillna(from_age)
        is_sound = ~(birth > patients["observed_from"])
        return self.of_person(birth.where(is_sound).to_numpy(dtype="datetime64[s]"))

    def faults(self, fault: Fault, flags: Flags) -> list[Fault]:
        """Place a fault in every file that has flagged rows."""
        return place(fault, flags, self.origins, self.frame) if flags.any() else []


def _arrow(values: pd.Series) -> pa.ChunkedArray | pa.Array:
    return pa.array(values, type=pa.large_string(), from_pandas=True)


def views(
    tables: Mapping[str, pd.DataFrame],
    origins: Mapping[str, Sequence[Origin]] | None,
    drug_classes: Mapping[str, str],
) -> list[View]:
    """See each table beside the patients."""
    places = origins or {name: [Origin(name, len(frame))] for name, frame in tables.items()}
    known: Any = [name for name in TABLES if name in tables]
    patients = tables["patients"]
    return [View(name, tables[name], places[name], patients, drug_classes) for name in known]
