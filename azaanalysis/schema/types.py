"""Cast frames to the types of the cohort."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from azaanalysis.schema.tables import TABLES, Column, Kind
from azaanalysis.vocab import DAYS_PER_YEAR, drug_classes_by_name

DTYPES: dict[Kind, str] = {
    "text": "category",
    "code": "category",
    "date": "datetime64[s]",
    "number": "float64",
    "count": "Int64",
    "truth": "boolean",
}
# Beyond this many different words a column is text, not a code.
MOST_CATEGORIES = 1000


def as_schema_types(
    tables: Mapping[str, pd.DataFrame],
    *,
    drug_classes: Mapping[str, str] | None = None,
    fill: bool = True,
) -> dict[str, pd.DataFrame]:
    """Give sound tables exactly the columns and types of a cohort.

    Columns of the schema that are absent are added, empty; ``age_years`` is filled from
    ``birth_date`` and ``treatment_class`` from ``drug``; further columns stay, at the end.

    Parameters
    ----------
    tables
        Frames by name of table.
    drug_classes
        Class of each drug; that of the vocabulary if None.
    fill
        Whether to fill ``age_years`` and ``treatment_class``.

    Returns
    -------
    dict
        ``patient_id`` is ``string[pyarrow]``, dates are ``datetime64[s]``, numbers ``float64``,
        counts ``Int64``, truths ``boolean``, codes and short text ``category`` (sorted).
    """
    typed = {name: _typed(frame, name) for name, frame in tables.items()}
    if fill and "patients" in typed:
        _fill_age(typed["patients"])
    if fill and "courses" in typed:
        classes = drug_classes_by_name() if drug_classes is None else drug_classes
        _fill_class(typed["courses"], classes)
    return typed


def _typed(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    schema = TABLES[table].columns
    further = [name for name in frame.columns if name not in TABLES[table].names]
    columns = {column.name: _cast(frame, column) for column in schema}
    columns |= {name: cast_further(frame[name]) for name in further}
    return pd.DataFrame(columns).reset_index(drop=True)


def _cast(frame: pd.DataFrame, column: Column) -> pd.Series:
    dtype = "string[pyarrow]" if column.name == "patient_id" else DTYPES[column.kind]
    if column.name not in frame:
        return _empty(frame, dtype)
    values: pd.Series = frame[column.name]
    return sorted_category(values) if dtype == "category" else values.astype(dtype)  # type: ignore[call-overload]


def _empty(frame: pd.DataFrame, dtype: str) -> pd.Series:
    if dtype == "category":
        no_words = pd.CategoricalDtype(pd.Index([], dtype=object))
        return pd.Series(
            pd.Categorical.from_codes(np.full(len(frame), -1), dtype=no_words), frame.index
        )
    return pd.Series(pd.NA if dtype in ("Int64", "boolean") else None, frame.index, dtype=dtype)


def sorted_category(values: pd.Series) -> pd.Series:
    """Return words as a category, its words sorted and all in use; empty is missing."""
    found = values.astype("category").cat
    codes = found.codes.to_numpy()
    is_used = np.bincount(codes.astype("int64") + 1, minlength=len(found.categories) + 1)[1:] > 0
    named = pd.Index(found.categories.astype(str), dtype=object)
    kept = pd.Index(sorted({name for name in named[is_used] if name}), dtype=object)
    places = np.append(kept.get_indexer(named), -1).astype("int64")
    words = pd.Categorical.from_codes(places[codes], dtype=pd.CategoricalDtype(kept))
    return pd.Series(words, values.index)


def cast_further(values: pd.Series) -> pd.Series:
    """Cast a column that the schema does not know, by what it holds."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("boolean")
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.astype("float64")
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return values.astype("datetime64[s]")
    if values.nunique() > MOST_CATEGORIES:
        return values.astype("string[pyarrow]")
    return sorted_category(values)


def _fill_age(patients: pd.DataFrame) -> None:
    lived = (patients["observed_from"] - patients["birth_date"]).dt.total_seconds() / 86400
    patients["age_years"] = patients["age_years"].fillna(lived / DAYS_PER_YEAR)


def _fill_class(courses: pd.DataFrame, drug_classes: Mapping[str, str]) -> None:
    given = courses["treatment_class"]
    drugs = courses["drug"].cat
    if given.notna().all():
        return
    of_drug = [drug_classes.get(name) for name in drugs.categories]
    from_drug = pd.Series(of_drug, dtype="object").reindex(drugs.codes).set_axis(courses.index)
    filled = sorted_category(from_drug.astype("category"))
    courses["treatment_class"] = filled if given.isna().all() else _either(given, filled)


def _either(first: pd.Series, second: pd.Series) -> pd.Series:
    words = sorted({*first.cat.categories, *second.cat.categories})
    return sorted_category(first.cat.set_categories(words).fillna(second.cat.set_categories(words)))
