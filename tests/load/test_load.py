from __future__ import annotations

import csv
import gzip
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azaanalysis.cohort import Cohort
from azaanalysis.errors import DataError
from azaanalysis.load import load_cohort
from azaanalysis.schema import TABLES, as_schema_types, check_tables
from tests.load.sound import TABLES as SOUND
from tests.load.sound import Files

DATES = {
    name: [c.name for c in table.columns if c.kind == "date"] for name, table in TABLES.items()
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Files().write(tmp_path / "export")


def _frames(folder: Path) -> dict[str, pd.DataFrame]:
    return {
        name: pd.read_csv(
            folder / f"{name}.csv", parse_dates=[d for d in DATES[name] if d in _header(name)]
        )
        for name in SOUND
    }


def _header(name: str) -> list[str]:
    return SOUND[name].splitlines()[0].split(",")


def _notes(cohort: Cohort, column: str) -> pd.DataFrame:
    notes = cohort.report.notes
    return notes[notes["column"] == column]


def test_a_sound_folder_becomes_a_cohort_without_warnings(folder: Path) -> None:
    cohort = load_cohort(folder, name="North and South registry", smallest_count=7)
    assert {name: len(frame) for name, frame in cohort.tables.items()} == {
        **{"patients": 4, "courses": 6, "visits": 3, "labs": 4},
        **{"events": 3, "steroids": 2, "times": 2},
    }
    assert cohort.source == "North and South registry"
    assert cohort.smallest_count == 7
    assert not cohort.is_synthetic
    assert "warning" not in set(cohort.report.notes["kind"])
    assert cohort.drug_classes["tofacitinib"] == "jak_inhibitor"


def test_every_column_of_the_schema_is_there_in_the_contract_types(folder: Path) -> None:
    patients = load_cohort(folder).patients
    assert list(patients.columns) == [*TABLES["patients"].names, "crp_mg_per_l"]
    assert patients["patient_id"].dtype == pd.StringDtype("pyarrow")
    assert str(patients["observed_to"].dtype) == "datetime64[s]"
    assert str(patients["prior_biologics"].dtype) == "Int64"
    assert str(patients["has_liver_disease"].dtype) == "boolean"
    assert str(patients["crp_mg_per_l"].dtype) == "float64"
    assert list(patients["sex"].cat.categories) == ["female", "male"]


def test_age_and_class_are_filled(tmp_path: Path) -> None:
    cohort = load_cohort(Files().drop("courses", "treatment_class").write(tmp_path / "export"))
    # born 1980-02-14, observed from 2015-01-01: 12,740 days, or 34.88 years of 365.25 days
    assert cohort.patients["age_years"][0] == pytest.approx(12740 / 365.25)
    assert cohort.courses["treatment_class"].tolist()[:2] == ["thiopurine", "anti_tnf"]


def test_csv_parquet_and_excel_give_the_same_fingerprint(folder: Path, tmp_path: Path) -> None:
    frames = _frames(folder)
    parquet = tmp_path / "parquet"
    parquet.mkdir()
    for name, frame in frames.items():
        frame.to_parquet(parquet / f"{name}.parquet")
    with pd.ExcelWriter(tmp_path / "book.xlsx") as book:
        for name, frame in frames.items():
            frame.to_excel(book, sheet_name=name, index=False)
    prints = {load_cohort(at).fingerprint for at in (folder, parquet, tmp_path / "book.xlsx")}
    assert len(prints) == 1


def test_tabs_and_packed_files_give_the_same_fingerprint(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name, text in SOUND.items():
        with gzip.open(other / f"{name}.tsv.gz", "wt", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter="\t").writerows(csv.reader(text.splitlines()))
    assert load_cohort(other).fingerprint == load_cohort(folder).fingerprint


def test_the_order_of_rows_does_not_change_the_fingerprint(folder: Path, tmp_path: Path) -> None:
    turned = Files()
    for lines in turned.tables.values():
        lines[1:] = lines[:0:-1]
    assert (
        load_cohort(turned.write(tmp_path / "turned")).fingerprint
        == load_cohort(folder).fingerprint
    )


def test_several_faults_are_listed_at_once(tmp_path: Path) -> None:
    files = Files().put("courses", 2, "stop_date", "2016-06-30").put("labs", 2, "value", "6500")
    files.put("patients", 4, "sex", "x").put("events", 3, "event_date", "soon")
    with pytest.raises(DataError) as refusal:
        load_cohort(files.write(tmp_path / "export"))
    faults = refusal.value.faults
    assert {f.file for f in faults} == {"courses.csv", "labs.csv", "patients.csv", "events.csv"}
    assert refusal.value.to_frame()["severity"].tolist() == ["error"] * 4


def test_faults_point_at_the_same_rows_in_csv_parquet_and_excel(tmp_path: Path) -> None:
    folder = Files().put("courses", 5, "stop_date", "2017-09-15").write(tmp_path / "export")
    frames = _frames(folder)
    parquet = tmp_path / "parquet"
    parquet.mkdir()
    for name, frame in frames.items():
        frame.to_parquet(parquet / f"{name}.parquet")
    with pd.ExcelWriter(tmp_path / "book.xlsx") as book:
        for name, frame in frames.items():
            frame.to_excel(book, sheet_name=name, index=False)
    for at in (folder, parquet, tmp_path / "book.xlsx"):
        with pytest.raises(DataError) as refusal:
            load_cohort(at)
        assert [fault.rows for fault in refusal.value.faults] == [(5,)]


def test_blank_rows_are_counted_and_do_not_move_row_numbers(tmp_path: Path) -> None:
    folder = Files().put("courses", 7, "stop_date", "2018-01-24").write(tmp_path / "export")
    lines = (folder / "courses.csv").read_text().splitlines()
    lines.insert(3, "")
    lines.insert(5, ",,,,,,,")
    (folder / "courses.csv").write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"courses.csv, column stop_date, row 9:"):
        load_cohort(folder)
    (folder / "courses.csv").write_text("\n".join(lines).replace("2018-01-24", "2018-12-24"))
    (rows,) = load_cohort(folder).report.tables.query("table == 'courses'").to_dict("records")
    assert (rows["rows_read"], rows["rows_kept"], rows["rows_set_aside"]) == (8, 6, 2)


def test_brands_and_misspellings_are_resolved_and_listed(tmp_path: Path) -> None:
    files = Files().put("courses", 2, "drug", " Imuran ").put("courses", 3, "drug", "REMICADE")
    cohort = load_cohort(files.put("courses", 5, "drug", "tofacitnib").write(tmp_path / "export"))
    assert cohort.courses["drug"].tolist()[:2] == ["azathioprine", "infliximab"]
    listed = _notes(cohort, "drug").set_index("found")["read_as"].to_dict()
    assert listed == {
        "Imuran": "azathioprine",
        "REMICADE": "infliximab",
        "tofacitnib": "tofacitinib",
    }


def test_blanks_around_identifiers_do_not_part_a_patient_from_a_course(tmp_path: Path) -> None:
    folder = Files().put("courses", 2, "patient_id", " QX71K ").write(tmp_path / "export")
    assert (load_cohort(folder).courses["patient_id"] == "QX71K").sum() == 2


def test_dates_with_the_day_first_are_read_if_only_one_order_fits(tmp_path: Path) -> None:
    files = Files().fill("events", "event_date", ["20/01/2019", "13/07/2018", "07/02/2016"])
    cohort = load_cohort(files.write(tmp_path / "export"))
    assert cohort.tables["events"]["event_date"].dt.date.tolist()[2] == date(2016, 2, 7)
    (note,) = _notes(cohort, "event_date").to_dict("records")
    assert note["rows"] == 3
    assert "order" in note["reason"]


def test_results_in_another_known_unit_are_converted_and_listed(tmp_path: Path) -> None:
    files = Files().put("labs", 2, "value", "6500").put("labs", 2, "unit", "cells/µL")
    cohort = load_cohort(files.write(tmp_path / "export"))
    assert cohort.tables["labs"]["value"][0] == pytest.approx(6.5)
    assert cohort.tables["labs"]["unit"][0] == "10^9/L"
    assert "times 0.001" in _notes(cohort, "unit")["reason"].iloc[0]


def test_a_folder_may_hold_its_own_mapping(tmp_path: Path) -> None:
    folder = Files().rename("courses", "drug", "medicine").write(tmp_path / "export")
    (folder / "mapping.yml").write_text("courses:\n  columns: {drug: medicine}\n")
    assert load_cohort(folder).courses["drug"].notna().all()


def test_a_folder_that_is_not_there_is_refused_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found no such folder or file") as refusal:
        load_cohort(tmp_path / "nowhere")
    assert str(tmp_path) not in str(refusal.value)


def test_formulas_without_results_are_refused(folder: Path, tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "book.xlsx") as book:
        for name, frame in _frames(folder).items():
            frame.to_excel(book, sheet_name=name, index=False)
        book.sheets["labs"]["C3"] = "=2*15"
    with pytest.raises(DataError, match=r"book.xlsx, sheet labs, row 3: found formulas"):
        load_cohort(tmp_path / "book.xlsx")


def test_loaded_tables_pass_the_check_again(folder: Path) -> None:
    check_tables(load_cohort(folder).tables)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    starts=st.lists(
        st.dates(date(2016, 1, 1), date(2019, 1, 1)), min_size=1, max_size=6, unique=True
    ),
    doses=st.lists(st.floats(0, 20_000), min_size=6, max_size=6),
)
def test_what_is_written_as_csv_is_what_is_loaded(
    tmp_path_factory: pytest.TempPathFactory, starts: list[date], doses: list[float]
) -> None:
    files = Files()
    files.tables["courses"] = [["patient_id", "drug", "start_date", "dose_mg_per_day"]] + [
        ["QX71K", "azathioprine", str(day), repr(dose)]
        for day, dose in zip(starts, doses, strict=False)
    ]
    courses = load_cohort(files.write(tmp_path_factory.mktemp("any") / "export")).courses
    assert courses["start_date"].dt.date.tolist() == starts
    assert courses["dose_mg_per_day"].tolist() == doses[: len(starts)]


@given(st.permutations(range(6)))
@settings(max_examples=10, deadline=None)
def test_types_do_not_depend_on_the_order_of_rows(order: list[int]) -> None:
    frame = pd.DataFrame({"patient_id": list("abcdef"), "drug": ["x", "y", "x", None, "z", "y"]})
    typed = as_schema_types({"courses": frame.iloc[order]}, drug_classes={"x": "k", "y": "l"})
    assert list(typed["courses"]["drug"].cat.categories) == ["x", "y", "z"]
    assert list(typed["courses"]["treatment_class"].cat.categories) == ["k", "l"]


def test_a_parquet_column_of_lists_is_refused_by_name(folder: Path) -> None:
    courses = pd.read_csv(folder / "courses.csv", dtype=str)
    courses["doses"] = [[1, 2]] * len(courses)
    (folder / "courses.csv").unlink()
    courses.to_parquet(folder / "courses.parquet")

    with pytest.raises(DataError, match="lists or structures in the column doses"):
        load_cohort(folder)
