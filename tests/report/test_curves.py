"""Long estimates: short in JSON, whole in Parquet, one archive for a spreadsheet."""

import io
import json
import zipfile

import pandas as pd
import pytest

from azaanalysis.errors import ReportError
from azaanalysis.report.curves import ARCHIVE_NAME, DRAWINGS_NAME, LONGEST, pack_files
from azaanalysis.report.record import read_record, read_results
from azaanalysis.result import Estimate
from tests.report.builders import STUDY, write_results

SHOWN = STUDY + "show: {at_days: [100, 300]}\n"


def curve(n_days):
    """A risk that rises by one in a thousand each day."""
    row = {"endpoint": "discontinuation", "cause": "other", "arm": "azathioprine"}
    row |= {"quantity": "risk", "patients": 1000}
    rows = [
        {**row, "at_days": day, "value": day / 1000, "events": day, "patient_years": day / 3}
        for day in range(n_days)
    ]
    return Estimate.from_rows(rows, about={"smallest_count": 1, "cohort": "c0ffee"})


def test_a_long_curve_has_the_shown_days_in_json_and_every_day_for_whoever_reads_it(tmp_path):
    folder = write_results(tmp_path, {"02_time": {"risk": curve(700)}}, study=SHOWN)
    (entry,) = json.loads((folder / "results.json").read_text("utf-8"))["estimates"]
    read = read_results(folder)

    assert [row[6:8] for row in entry["rows"]] == [[100, 0.1], [300, 0.3]]
    assert entry["rows_in_parquet"] == 700
    assert read["value"].tolist() == [day / 1000 for day in range(700)]
    pd.testing.assert_frame_equal(read, read_results(folder / "results.parquet"))
    assert "rows_in_parquet" not in read_record(folder)["estimates"][0]


def test_the_json_of_real_patients_takes_nobody_at_risk_from_a_later_day(tmp_path):
    # Day 100 is not in the curve: those at risk on day 110 are some who are left, not all.
    made = curve(1600)
    rows = made.frame[~made.frame["at_days"].between(95, 109)]
    real = Estimate(rows, {**made.about, "smallest_count": 5})
    folder = write_results(tmp_path, {"02_time": {"risk": real}}, study=SHOWN)

    (entry,) = json.loads((folder / "results.json").read_text("utf-8"))["estimates"]

    assert {row[6]: row[11] for row in entry["rows"]} == {100: None, 300: 1000}


def test_a_short_estimate_is_whole_in_json(tmp_path):
    folder = write_results(tmp_path, {"02_time": {"risk": curve(LONGEST)}}, study=SHOWN)
    (entry,) = json.loads((folder / "results.json").read_text("utf-8"))["estimates"]

    assert len(entry["rows"]) == LONGEST
    (folder / "results.parquet").unlink()
    assert len(read_results(folder)) == LONGEST


def test_the_rows_of_another_report_are_refused(tmp_path):
    long = write_results(tmp_path / "a", {"02_time": {"risk": curve(700)}}, study=SHOWN)
    other = write_results(tmp_path / "b", {"02_time": {"risk": curve(650)}}, study=SHOWN)
    (long / "results.parquet").write_bytes((other / "results.parquet").read_bytes())

    with pytest.raises(ReportError, match="it holds 650 rows of 'risk' in place of 700"):
        read_record(long)
    (long / "results.parquet").unlink()
    with pytest.raises(ReportError, match="Copy both files together"):
        read_record(long)


def test_only_long_files_move_into_the_archive_and_it_does_not_know_the_time(tmp_path):
    made = []
    for name in ("a", "b"):
        own = tmp_path / name / "02_time"
        own.mkdir(parents=True)
        (own / "risk.csv").write_text("day\n" + "1\n" * (LONGEST + 1))
        (own / "ratios.csv").write_text("day\n" + "1\n" * LONGEST)
        (own / "figure_1.svg").write_text("<svg/>")
        path, drawings = pack_files(tmp_path / name, ["02_time", "03_rates"])
        made.append(path.read_bytes())
        assert [file.name for file in own.iterdir()] == ["ratios.csv"]

    assert (path.name, drawings.name) == (ARCHIVE_NAME, DRAWINGS_NAME)
    with zipfile.ZipFile(drawings) as archive:
        assert archive.namelist() == ["02_time/figure_1.svg"]
    assert made[0] == made[1]
    with zipfile.ZipFile(io.BytesIO(made[0])) as archive:
        assert archive.namelist() == ["02_time/risk.csv"]
        assert archive.read("02_time/risk.csv").count(b"\n") == LONGEST + 2


def test_without_a_long_file_there_is_no_archive(tmp_path):
    assert pack_files(tmp_path, ["02_time"]) == []
    assert not (tmp_path / ARCHIVE_NAME).exists()
