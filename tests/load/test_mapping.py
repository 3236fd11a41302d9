from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from azaanalysis.cohort import Cohort
from azaanalysis.errors import DataError
from azaanalysis.load import load_cohort
from azaanalysis.load.adam import adam_entries
from azaanalysis.load.mapping import Condition, DaysAfter, DrugEntry, LoadMapping, Part, Recipe
from azaanalysis.load.mapping_file import merged, read_mapping
from tests.load.sound import Files

COURSES = {"file": "courses.csv"}


def _loaded(tmp_path: Path, files: Files, **mapping: object) -> Cohort:
    return load_cohort(files.write(tmp_path / "export"), mapping=mapping)


def test_all_faults_of_a_mapping_file_are_listed_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text(
        "pateints:\n"
        "  file: a.csv\n"
        "courses:\n"
        "  fil: b.csv\n"
        "  columns:\n"
        "    stop_dat: ended\n"
        "    start_date: {colum: begun}\n"
        "    drug: {column: d, date_format: mm-dd}\n"
        "    route: {column: r, constant: oral}\n"
        "  skip_rows: some\n"
        "  where: {phase: {iss: filled}}\n"
        "drugs: {x: {class: y}}\n"
    )
    with pytest.raises(DataError, match="The mapping file cannot be used yet") as refusal:
        read_mapping(path)
    said = {
        (fault.rows, fault.found.split(",")[0].split(" is no")[0]) for fault in refusal.value.faults
    }
    assert {
        ((1,), "'pateints'"),
        ((4,), "'fil'"),
        ((6,), "'stop_dat'"),
        ((7,), "'colum'"),
        ((8,), "'mm-dd'"),
        ((11,), "'iss'"),
        ((12,), "'class'"),
    } <= said
    text = str(refusal.value)
    assert "write patients" in text
    assert "write stop_date" in text
    assert "courses > skip_rows, row 10" in text
    assert "give exactly one of column, constant" in text


def test_a_key_written_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text("name: one\nname: two\n")
    with pytest.raises(DataError, match=r"mapping.yml, column name, row 2: found the same key"):
        read_mapping(path)


def test_a_file_that_is_not_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text("name: one\n  drug: [")
    with pytest.raises(DataError, match=r"mapping.yml, row 2: found text that is not YAML"):
        read_mapping(path)


def test_words_that_yaml_would_guess_stay_words(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text("patients:\n  columns:\n    sex: {column: s, codes: {No: female, 010: male}}\n")
    assert read_mapping(path).patients[0].columns["sex"].codes == {"No": "female", "010": "male"}


def test_columns_codes_dates_decimals_and_units_are_read_as_stated(tmp_path: Path) -> None:
    files = Files().rename("patients", "weight_kg", "weight").rename("courses", "drug", "medicine")
    files.fill("patients", "weight", ["135,5", "180", "128", "198"])
    files.fill("patients", "sex", ["1", "2", "1", "2"])
    files.fill("events", "event_date", ["01.02.2019", "02.08.2018", "03.02.2016"])
    cohort = _loaded(
        tmp_path,
        files,
        name="A register",
        patients={
            "columns": {
                "weight_kg": {"column": "weight", "unit": "lb", "decimal": ","},
                "sex": {"column": "sex", "codes": {1: "female", 2: "male"}},
            }
        },
        courses={"columns": {"drug": "medicine"}},
        events={"date_format": "DD.MM.YYYY", "columns": {"end_date": {"constant": ""}}},
    )
    assert cohort.source == "A register"
    assert cohort.patients["weight_kg"][0] == pytest.approx(135.5 * 0.45359237)
    assert cohort.patients["sex"].tolist() == ["female", "male", "female", "male"]
    assert str(cohort.tables["events"]["event_date"][0].date()) == "2019-02-01"


def test_further_columns_are_read_only_when_listed(tmp_path: Path) -> None:
    mapping = {"patients": {"columns": {"sex": "sex"}}}
    cohort = _loaded(tmp_path, Files(), **mapping)
    assert "crp_mg_per_l" not in cohort.patients
    notes = cohort.report.notes
    assert "columns crp_mg_per_l" in set(notes["found"])
    mapping["patients"]["further"] = {"crp": "crp_mg_per_l"}
    assert "crp" in load_cohort(tmp_path / "export", mapping=mapping).patients


def test_rows_left_out_are_counted_and_take_their_other_records_along(tmp_path: Path) -> None:
    cohort = _loaded(tmp_path, Files(), patients={"where": {"site": "North"}})
    assert cohort.patients["site"].tolist() == ["North", "North"]
    tables = cohort.report.tables.set_index("table")["rows_set_aside"]
    assert tables.to_dict() == {
        **{"patients": 2, "courses": 3, "visits": 1, "labs": 1},
        **{"events": 1, "steroids": 0, "times": 0},
    }
    reasons = set(cohort.report.notes.query("kind == 'set aside'")["reason"])
    assert {"the mapping keeps rows where site is North", "their patients are set aside"} <= reasons


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("oral", 5),
        (["oral", "intravenous"], 6),
        ({"not": "oral"}, 1),
        ({"like": "intra*"}, 1),
        ({"not_like": "o*"}, 1),
        ({"is": "filled"}, 6),
    ],
)
def test_conditions_keep_what_they_say(tmp_path: Path, condition: object, kept: int) -> None:
    cohort = _loaded(tmp_path, Files(), courses={"where": {"route": condition}})
    assert len(cohort.courses) == kept


def test_days_after_a_date_give_dates(tmp_path: Path) -> None:
    files = Files().new_column("courses", "days", ["10", "", "30", "40", "50", "60"])
    files.fill("courses", "stop_reason", [""] * 6)
    stop = {"days_after": {"date": "start_date", "days": "days"}}
    cohort = _loaded(tmp_path, files, courses={"columns": {"stop_date": stop}})
    days = (cohort.courses["stop_date"] - cohort.courses["start_date"]).dt.days
    assert days.dropna().tolist() == [10, 30, 40, 50, 60]


def test_a_constant_date_is_needed_in_one_place_only(tmp_path: Path) -> None:
    since = {"constant": "2014-01-01"}
    cohort = _loaded(tmp_path, Files(), patients={"columns": {"observed_from": since}})
    assert set(cohort.patients["observed_from"].dt.year) == {2014}


def test_the_latest_of_columns_and_of_another_file_is_taken(tmp_path: Path) -> None:
    latest = {"latest": ["observed_to", "courses.stop_date"]}
    files = Files().put("patients", 5, "observed_to", "2018-03-01")
    cohort = _loaded(tmp_path, files, patients={"columns": {"observed_to": latest}})
    assert str(cohort.patients["observed_to"][3].date()) == "2018-12-24"


def test_one_table_may_come_from_several_files(tmp_path: Path) -> None:
    wide = {"file": "labs.csv", "where": {"test": "alt"}}
    rest = {"file": "labs.csv", "where": {"test": {"not": "alt"}}}
    cohort = _loaded(tmp_path, Files(), labs=[wide, rest])
    assert sorted(cohort.tables["labs"]["test"].tolist()) == ["alt", "crp", "wbc", "wbc"]


def test_a_declared_drug_is_known_by_its_aliases(tmp_path: Path) -> None:
    files = Files().put("courses", 6, "drug", "Drug X").put("courses", 6, "treatment_class", "")
    drugs = {"experimental": {"treatment_class": "new_class", "aliases": ["drug x"]}}
    cohort = _loaded(tmp_path, files, drugs=drugs)
    assert cohort.drug_classes["experimental"] == "new_class"
    assert "new_class" in set(cohort.courses["treatment_class"])


def test_titles_above_the_header_are_skipped_as_stated(tmp_path: Path) -> None:
    folder = Files().put("courses", 3, "dose_mg_per_day", "-1").write(tmp_path / "export")
    path = folder / "courses.csv"
    path.write_text("Export of May\n\n" + path.read_text())
    with pytest.raises(DataError, match="column dose_mg_per_day, row 5"):
        load_cohort(folder, mapping={"courses": {**COURSES, "skip_rows": 2}})


def test_text_in_another_encoding_is_read_as_stated(tmp_path: Path) -> None:
    folder = Files().put("patients", 2, "site", "Zürich").write(tmp_path / "export")
    path = folder / "patients.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode("windows-1252"))
    cohort = load_cohort(folder, mapping={"defaults": {"encoding": "windows-1252"}})
    assert "Zürich" in set(cohort.patients["site"])


def test_what_a_mapping_states_replaces_the_rule_for_that_column_only() -> None:
    stated = {"patients": {"columns": {"disease": {"constant": "lupus"}}}, "labs": {"file": "adlb"}}
    rules = merged(adam_entries(), stated)
    columns = rules["patients"]["columns"]
    assert columns["disease"] == {"constant": "lupus"}
    assert columns["age_years"] == "AGE"
    assert [part["file"] for part in rules["labs"]] == ["adlb"] * 3


def test_the_rules_for_adam_are_themselves_a_sound_mapping() -> None:
    assert read_mapping({}, rules=adam_entries()).patients[0].where["SAFFL"].one_of == ("Y",)


@pytest.mark.parametrize("model", [LoadMapping, Part, Recipe, DaysAfter, Condition, DrugEntry])
def test_every_word_of_a_mapping_file_is_in_the_dictionary(model: type[BaseModel]) -> None:
    text = (Path(__file__).parents[2] / "data" / "README.md").read_text(encoding="utf-8")
    words = {field.alias or name for name, field in model.model_fields.items()}
    assert not [word for word in words if f"`{word}`" not in text and f"{word}:" not in text]
