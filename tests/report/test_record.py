"""The results of a whole report: one schema, in JSON and Parquet, small counts already blank."""

import json
import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from azaanalysis.errors import ReportError
from azaanalysis.report.record import (
    FIELDS,
    SCHEMA_VERSION,
    check_results,
    read_record,
    read_results,
)
from tests.display import builders
from tests.report.builders import write_results


@pytest.fixture
def folder(tmp_path):
    """Results of two notebooks: a curve, and rates of which one arm is small."""
    curve = builders.curves(arms=("azathioprine",)).only(quantity="risk")
    rates = builders.rates(counts=(31, 3, 0), smallest_count=5)
    return write_results(tmp_path, {"02_time": {"risk": curve}, "03_rates": {"rates": rates}})


def test_json_and_parquet_hold_the_same_rows(folder):
    from_json = read_results(folder / "results.json")
    from_parquet = read_results(folder / "results.parquet")

    pd.testing.assert_frame_equal(from_json, from_parquet)
    pd.testing.assert_frame_equal(from_json, read_results(folder))
    assert set(from_json["notebook"]) == {"02_time", "03_rates"}


def test_a_row_says_by_itself_what_it_is_about(folder):
    row = read_results(folder).query("estimate == 'rates'").iloc[0]

    assert (row["endpoint"], row["arm"], row["quantity"]) == (
        "serious_infection",
        "azathioprine",
        "rate",
    )
    assert (row["unit"], row["interval"], row["level"]) == (
        "per 100 patient-years",
        "sampling only",
        0.95,
    )
    # 31 events in 350 years: 8.857 per 100; numbers of real patients have four digits.
    assert row["value"] == pytest.approx(100 * 31 / 350, abs=5e-4)
    assert (row["patients"], row["events"], row["patient_years"]) == (400, 31, 350.0)
    assert len(row["study_hash"]) == 12


def test_numbers_are_numbers_in_both_files(folder):
    record = json.loads((folder / "results.json").read_text("utf-8"))
    schema = pq.read_schema(folder / "results.parquet")

    place = record["columns"].index("value")
    values = [row[place] for entry in record["estimates"] for row in entry["rows"]]
    assert all(value is None or isinstance(value, (int, float)) for value in values)
    kinds = {field.name: str(schema.field(field.name).type) for field in FIELDS}
    assert {kinds[f.name] for f in FIELDS if f.kind == "number"} == {"double", "float"}
    assert {kinds[f.name] for f in FIELDS if f.kind == "count"} == {"int64"}
    assert schema.metadata[b"version"].decode() == SCHEMA_VERSION


def test_a_small_count_is_in_neither_file(folder):
    rates = read_results(folder / "results.parquet").query("estimate == 'rates'")

    assert rates["events"].tolist() == [31, pd.NA, 0]
    assert np.isnan(rates["value"].iloc[1])
    assert set(rates["smallest_count"]) == {5}
    assert read_record(folder)["masked_rows"] == 1


def test_the_schema_in_the_readme_is_the_schema_of_the_code(request):
    readme = (request.config.rootpath / "reports" / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \|$", readme, re.M)

    assert rows == [(field.name, field.kind, field.meaning) for field in FIELDS]
    assert f"version {SCHEMA_VERSION}" in readme


def test_every_fault_of_the_results_is_named(folder):
    sound = read_results(folder)
    faulty = sound.assign(
        study_hash="", quantity="guess", lower=2.0, upper=1.0, events=pd.array([-1] * len(sound))
    )

    with pytest.raises(ReportError) as caught:
        check_results(faulty)
    for words in ("study_hash is empty", "guess", "lower lies above upper", "events is negative"):
        assert words in str(caught.value)
    with pytest.raises(ReportError, match="the columns are"):
        check_results(sound.drop(columns="unit"))


def test_a_folder_without_results_and_a_later_version_are_refused(folder, tmp_path):
    with pytest.raises(ReportError, match="There are no results at"):
        read_record(tmp_path / "nowhere")
    text = (folder / "results.json").read_text("utf-8")
    (folder / "results.json").write_text(text.replace('"version": "1.2"', '"version": "2.0"'))
    with pytest.raises(ReportError, match="Make the report again"):
        read_record(folder)


def test_a_changed_number_changes_one_line(folder):
    lines = (folder / "results.json").read_text("utf-8").splitlines()

    assert sum('"jak_inhibitor"' in line and '"rate"' in line for line in lines) == 1
    assert max(map(len, lines)) < 400
