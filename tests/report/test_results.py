"""Results as files: suppressed, guarded, and silent when no report is being made."""

import csv
import json

import numpy as np
import pandas as pd
import pytest

from azaanalysis.errors import ReportError
from azaanalysis.estimate import estimate_incidence
from azaanalysis.report.results import (
    FOLDER_VARIABLE,
    NOTEBOOK_RESULTS,
    _only_steps,
    write_estimates,
)
from azaanalysis.result import Estimate
from azaanalysis.study import load_study
from tests.builders import follow_up
from tests.display import builders
from tests.report.builders import write_study

NOTEBOOK = "03_infection_rates"


@pytest.fixture
def study(tmp_path):
    return load_study(write_study(tmp_path))


def test_without_a_report_nothing_is_written_and_the_table_is_the_same(
    study, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    silent = write_estimates({"rates": builders.rates()}, notebook=NOTEBOOK, study=study)
    assert set(tmp_path.rglob("*")) == before

    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "out"))
    told = write_estimates({"rates": builders.rates()}, notebook=NOTEBOOK, study=study)

    assert told.to_text() == silent.to_text()
    assert (tmp_path / "out" / NOTEBOOK / "rates.csv").is_file()


def test_small_counts_reach_no_file(study, tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    rates = builders.rates(counts=(31, 3, 0), smallest_count=5)
    table = write_estimates({"rates": rates}, notebook=NOTEBOOK, study=study)

    with (tmp_path / NOTEBOOK / "rates.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    results = json.loads((tmp_path / NOTEBOOK / NOTEBOOK_RESULTS).read_text("utf-8"))

    assert [row["events"] for row in rows] == ["31", "", "0"]
    assert rows[1]["value"] == ""
    assert results["smallest_count"] == 5
    assert results["masked_rows"] == 1
    assert [row[12] for row in results["estimates"]["rates"]["rows"]] == [31, None, 0]
    assert table.rows == (("rates.csv", "Rate", "3", "1"),)


def test_words_that_a_spreadsheet_would_execute_are_guarded(study, tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    frame = builders.rates().frame.assign(arm="=cmd()")
    estimate = Estimate(frame, {"smallest_count": 1})
    write_estimates({"rates": estimate}, notebook=NOTEBOOK, study=study)

    assert ",'=cmd()," in (tmp_path / NOTEBOOK / "rates.csv").read_text("utf-8")


def test_an_estimate_of_another_study_is_refused(study):
    foreign = builders.rates().with_about(study="another")

    with pytest.raises(ReportError, match="another version of the study"):
        write_estimates({"rates": foreign}, notebook=NOTEBOOK, study=study)


def test_a_name_that_would_leave_the_folder_is_refused(study):
    with pytest.raises(ReportError, match="cannot be the name of a file"):
        write_estimates({"../rates": builders.rates()}, notebook=NOTEBOOK, study=study)


def test_a_curve_is_written_by_its_steps(study, tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    curve = builders.curves(arms=("azathioprine",)).only(quantity="risk")
    write_estimates({"risk": curve}, notebook=NOTEBOOK, study=study)

    with (tmp_path / NOTEBOOK / "risk.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    moves = curve.frame["events"].diff().fillna(0).gt(0).sum()

    # The first and the last day are kept even if nothing happened on them.
    assert moves <= len(rows) <= moves + 2
    assert float(rows[-1]["at_days"]) == 365


def test_those_at_risk_are_read_from_a_written_curve_or_missing_but_never_wrong():
    rng = np.random.default_rng(9)
    days, status = rng.integers(1, 400, 300), (rng.random(300) < 0.1).astype(int)
    whole = estimate_incidence(follow_up(days=list(days), status=list(status)))
    written = _only_steps(whole)
    asked = range(3, 390, 7)
    columns = ["patients", "patient_years"]
    exact = whole.at(asked).frame
    read = written.at(asked).frame
    is_known = read["patients"].notna()

    assert len(written) < len(whole) / 3
    assert 0 < is_known.sum() < len(read)
    for column in columns:
        found, expected = (f[is_known][column].astype(float) for f in (read, exact))
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert read.loc[~is_known, columns].isna().all(axis=None)
    pd.testing.assert_series_equal(read["value"], exact["value"])


def test_a_day_on_which_only_the_last_bits_of_a_number_differ_is_no_step():
    whole = estimate_incidence(follow_up(days=[1, 2, 3, 4, 5, 6], status=[0, 1, 0, 0, 1, 0]))
    frame = whole.frame.copy()
    frame["upper"] *= 1 + 1e-15 * (np.arange(len(frame)) % 3)
    stirred = Estimate(frame, whole.about)

    assert len(_only_steps(stirred)) == len(_only_steps(whole)) < len(whole)


def test_a_number_computed_without_a_study_is_written_for_the_one_given(
    study, tmp_path, monkeypatch
):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    truth = Estimate(builders.rates().frame, {"smallest_count": 1})
    write_estimates({"truth": truth}, notebook=NOTEBOOK, study=study)
    results = json.loads((tmp_path / NOTEBOOK / NOTEBOOK_RESULTS).read_text("utf-8"))

    assert results["estimates"]["truth"]["about"]["study"] == study.hash
