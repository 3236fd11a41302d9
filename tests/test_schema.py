from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from azaanalysis.errors import DataError
from azaanalysis.schema import (
    TABLES,
    Origin,
    as_schema_types,
    check_tables,
    find_faults,
    write_templates,
)
from azaanalysis.schema.across import CHECKS
from azaanalysis.schema.dictionary import dictionary_text
from azaanalysis.schema.plausible import TESTS, convert_unit
from azaanalysis.vocab import as_code, drugs


def _tables(**courses: object) -> dict[str, pd.DataFrame]:
    patients = {
        "patient_id": ["one", "two"],
        "age_years": [40.0, 50.0],
        "disease": ["crohns_disease", "lupus"],
        "observed_from": pd.to_datetime(["2015-01-01", "2015-01-01"]),
        "observed_to": pd.to_datetime(["2020-01-01", "2020-01-01"]),
    }
    start = pd.to_datetime(["2016-01-01", "2016-01-01"])
    given = {"patient_id": ["one", "two"], "drug": "azathioprine", "start_date": start}
    return {"patients": pd.DataFrame(patients), "courses": pd.DataFrame({**given, **courses})}


def test_sound_frames_pass() -> None:
    check_tables(_tables())


def test_a_fault_refuses_and_a_warning_passes() -> None:
    late = pd.to_datetime(["2021-01-01", "2016-01-01"])
    check_tables(_tables(start_date=late))  # after observation: it will not count
    with pytest.raises(DataError, match="courses, column start_date, row 2: found 2225-01-01"):
        check_tables(_tables(start_date=pd.to_datetime(["2225-01-01", "2016-01-01"])))


def test_today_is_the_last_day_that_can_have_happened() -> None:
    assert not find_faults(_tables(), today=date(2020, 1, 1))
    (fault,) = find_faults(_tables(), today=date(2019, 12, 31))
    assert (fault.column, fault.rows) == ("observed_to", (2, 3))


def test_faults_speak_of_the_file_and_its_own_names_and_rows() -> None:
    tables = _tables(drug=["azathioprine", "asprin"])
    origin = Origin("a.csv", 2, columns={"drug": "medicine"}, rows=np.array([12, 19]))
    whole = {"patients": [Origin("p.csv", 2)], "courses": [origin]}
    (fault,) = find_faults(tables, origins=whole)
    assert (fault.file, fault.column, fault.rows) == ("a.csv", "medicine", (19,))


def test_a_table_from_two_files_has_faults_in_each() -> None:
    origins = {
        "patients": [Origin("p.csv", 2)],
        "courses": [Origin("a.csv", 1), Origin("b.csv", 1)],
    }
    faults = find_faults(_tables(dose_mg_per_day=[-1.0, -2.0]), origins=origins)
    assert [(f.file, f.rows, f.found) for f in faults] == [
        ("a.csv", (2,), "-1"),
        ("b.csv", (2,), "-2"),
    ]


def test_all_required_columns_that_are_absent_are_named() -> None:
    tables = _tables()
    tables["courses"] = tables["courses"].drop(columns=["drug", "start_date"])
    with pytest.raises(DataError) as refusal:
        check_tables(tables)
    assert {fault.column for fault in refusal.value.faults} == {"drug", "start_date"}


def test_types_are_those_of_the_contract() -> None:
    typed = as_schema_types(_tables())["courses"]
    assert list(typed.columns) == list(TABLES["courses"].names)
    assert typed["drug"].dtype == pd.CategoricalDtype(pd.Index(["azathioprine"], dtype=object))
    assert typed["treatment_class"].tolist() == ["thiopurine", "thiopurine"]
    assert str(typed["stop_date"].dtype) == "datetime64[s]"


def test_casting_twice_changes_nothing() -> None:
    once = as_schema_types(_tables())
    for name, frame in as_schema_types(once).items():
        pd.testing.assert_frame_equal(frame, once[name])


def test_frames_given_are_not_changed() -> None:
    tables = _tables()
    before = {name: frame.copy() for name, frame in tables.items()}
    check_tables(tables)
    as_schema_types(tables)
    for name, frame in tables.items():
        pd.testing.assert_frame_equal(frame, before[name])


def test_the_committed_dictionary_is_the_schema() -> None:
    committed = Path(__file__).parents[1] / "data" / "README.md"
    assert committed.read_text(encoding="utf-8") == dictionary_text()


def test_templates_are_empty_tables_with_a_dictionary(tmp_path: Path) -> None:
    written = write_templates(tmp_path / "new")
    assert {path.stem for path in written} == {*TABLES, "dictionary"}
    with (tmp_path / "new" / "courses.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [list(TABLES["courses"].names)]


def test_templates_never_replace_a_file(tmp_path: Path) -> None:
    write_templates(tmp_path)
    with pytest.raises(DataError, match=r"courses.csv: found a file that is already there"):
        write_templates(tmp_path)


def test_every_check_is_about_a_column_that_exists() -> None:
    for check in CHECKS:
        assert check.column in TABLES[check.table].names


def test_every_column_has_a_meaning_and_no_name_twice() -> None:
    for table in TABLES.values():
        assert len(set(table.names)) == len(table.names)
        assert all(
            column.meaning.endswith(".") or "..." in column.meaning for column in table.columns
        )


def test_no_name_stands_for_two_drugs() -> None:
    names = [as_code(name) for drug in drugs().values() for name in (drug.name, *drug.aliases)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("test", "unit", "expected"),
    [
        ("wbc", "10*9/L", ("10^9/L", 1.0)),
        ("wbc", "K/µL", ("10^9/L", 1.0)),
        ("wbc", "cells/uL", ("10^9/L", 0.001)),
        ("haemoglobin", "g/dL", ("g/L", 10.0)),
        ("alt", "IU/L", ("U/L", 1.0)),
        ("alt", "10^9/L", None),
        ("a_test_of_our_own", "whatever", ("whatever", 1.0)),
    ],
)
def test_units_are_known_by_test(test: str, unit: str, expected: object) -> None:
    assert convert_unit(test, unit) == expected


def test_limits_are_in_order() -> None:
    assert all(0 < test.unusual_above < test.impossible_above for test in TESTS.values())
