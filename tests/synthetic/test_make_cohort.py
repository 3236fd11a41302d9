"""An invented cohort: its shape, its bytes, and what can never be in it."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from azaanalysis.errors import ParameterError
from azaanalysis.schema import find_faults
from azaanalysis.sources import load_cohort
from azaanalysis.synthetic import draws, keep_cohort, load_parameters, make_cohort, shelf
from azaanalysis.synthetic.block_tables import Recipe
from azaanalysis.synthetic.save import write_cohort

TABLES = ["patients", "courses", "visits", "labs", "events", "steroids"]


def test_a_cohort_has_all_six_tables_and_not_one_fault_or_warning(cohort):
    assert list(cohort.tables) == TABLES
    assert find_faults(cohort.tables) == []


def test_a_cohort_says_that_it_is_invented_and_hides_nothing(cohort):
    assert cohort.is_synthetic
    assert cohort.smallest_count == 1
    assert cohort.source == "invented patients (world inflammatory_bowel_disease, seed 20)"
    assert cohort.report.notes.empty
    assert (cohort.report.tables["rows_kept"] == [len(cohort.tables[t]) for t in TABLES]).all()
    assert cohort.drug_classes["azathioprine"] == "thiopurine"


def test_the_same_seed_gives_the_same_bytes():
    first, second = (make_cohort(300, seed=4) for _ in range(2))

    for name in TABLES:
        pd.testing.assert_frame_equal(first.tables[name], second.tables[name], check_exact=True)
    assert first.fingerprint == second.fingerprint


def test_another_seed_gives_another_cohort():
    assert make_cohort(50, seed=1).fingerprint != make_cohort(50, seed=2).fingerprint


def test_a_block_of_patients_does_not_depend_on_how_many_follow(monkeypatch):
    # A block is drawn from its own stream: 60 patients are one full block whether or not
    # 40 more are made after them.
    monkeypatch.setattr(draws, "PATIENTS_PER_BLOCK", 60)

    few, many = make_cohort(60, seed=9).patients, make_cohort(100, seed=9).patients

    compared = ["birth_date", "severity_score", "observed_to", "weight_kg"]
    pd.testing.assert_frame_equal(few[compared], many.iloc[:60][compared])


@pytest.mark.parametrize("n_patients", [1, 2, 7])
def test_a_handful_of_patients_is_a_sound_cohort(n_patients):
    assert len(make_cohort(n_patients, seed=3).patients) == n_patients


def test_no_patients_are_refused():
    with pytest.raises(ParameterError, match="at least 1; got 0"):
        make_cohort(0, seed=1)


def test_progress_is_told_how_far_it_is():
    heard = []

    make_cohort(20, seed=1, progress=lambda done, total: heard.append((done, total)))

    assert heard == [(20, 20)]


def test_attrition_has_something_to_count(cohort, index_date):
    patients = cohort.patients.set_index("patient_id")
    index = index_date.reindex(patients.index)
    age = (index - patients["birth_date"]).dt.days / 365.25
    lookback = (index - patients["observed_from"]).dt.days

    assert 0.01 < (age < 18).mean() < 0.03
    assert 0.02 < (lookback < 365).mean() < 0.07
    assert 0.01 < patients["has_cancer_history"].mean() < 0.08
    started = cohort.courses.groupby("patient_id")["start_date"].min().reindex(patients.index)
    assert 0.01 < (started < index).mean() < 0.04


def test_no_drug_is_started_before_its_first_year_of_use(cohort):
    first = cohort.courses.groupby("drug", observed=True)["start_date"].min().dt.year
    parameters = load_parameters()

    # Allopurinol is older than all of them and has no such row.
    for drug, year in first.drop("allopurinol", errors="ignore").items():
        assert year >= parameters[f"available_from.{drug}"]


def test_nothing_happens_after_death_or_the_end_of_observation(cohort):
    last = cohort.patients.set_index("patient_id")[["observed_to", "death_date"]]
    days = {"visits": "visit_date", "labs": "test_date", "events": "event_date"}
    days |= {"courses": "stop_date", "steroids": "start_date"}

    for name, day in days.items():
        rows = cohort.tables[name].join(last, on="patient_id")
        assert not (rows[day] > rows["observed_to"]).any()
        assert not (rows[day] > rows["death_date"]).any()


def test_nobody_responds_before_the_drug_is_started(cohort, index_date):
    visits = cohort.tables["visits"]
    at_start = visits["visit_date"] == visits["patient_id"].map(index_date)

    assert at_start.sum() == len(cohort.patients)
    assert not visits.loc[at_start, ["has_response", "has_remission"]].any(axis=None)


def test_response_and_remission_follow_from_the_scores(cohort, index_date):
    visits = cohort.tables["visits"]
    crohns = visits[visits["measure"] == "cdai"]
    is_later = crohns["visit_date"] > crohns["patient_id"].map(index_date)
    at_start = crohns[~is_later].set_index("patient_id")["value"]
    later = crohns[is_later]
    fall = later["patient_id"].map(at_start) - later["value"]

    assert (later["has_remission"] == (later["value"] < 150)).all()
    assert (later["has_response"] == ((fall >= 100) | (later["value"] < 150))).all()


def test_a_drug_is_stopped_for_death_on_the_day_of_death_only(cohort):
    death = cohort.patients.set_index("patient_id")["death_date"]
    courses = cohort.courses
    died = courses[courses["stop_reason"] == "death"]

    assert len(died) > 0
    assert (died["stop_date"] == died["patient_id"].map(death)).all()
    assert (courses["stop_reason"].isna() == courses["stop_date"].isna()).all()


def test_pancreatitis_comes_in_the_first_two_months_of_a_thiopurine(cohort, index_date):
    events = cohort.tables["events"]
    pancreatitis = events[events["event"] == "pancreatitis"]
    thiopurine = cohort.courses[cohort.courses["treatment_class"] == "thiopurine"]
    index = thiopurine["patient_id"].map(index_date)
    stop = thiopurine[thiopurine["start_date"] == index].set_index("patient_id")["stop_date"]
    days = (pancreatitis["event_date"] - pancreatitis["patient_id"].map(index_date)).dt.days

    assert len(pancreatitis) > 10
    assert days.max() <= 62
    assert (pancreatitis["patient_id"].map(stop) == pancreatitis["event_date"]).all()


def test_spells_of_steroid_do_not_overlap(cohort):
    steroids = cohort.tables["steroids"].sort_values(["patient_id", "start_date"])
    before = steroids.groupby("patient_id")["stop_date"].shift()
    has_one_before = steroids["patient_id"] == steroids["patient_id"].shift()

    assert (before[has_one_before] < steroids["start_date"][has_one_before]).all()


def test_a_low_count_is_followed_by_a_stop_or_a_lower_dose_never_found_untested(cohort):
    labs = cohort.tables["labs"]
    white_cells = labs[labs["test"] == "wbc"]
    stopped_low = white_cells[white_cells["value"] < 1.95]
    stops = cohort.courses.loc[cohort.courses["treatment_class"] == "thiopurine"]
    stops = stops.set_index("patient_id")["stop_date"]
    stopped = stopped_low["patient_id"].map(stops[~stops.index.duplicated()])

    assert (stopped <= stopped_low["test_date"]).all()


def test_the_number_of_tests_on_a_thiopurine_in_the_first_month_follows_the_schedule(
    cohort, index_courses
):
    # Weekly in month 1 (Jowitt 2012), 89 % on time: the start and weeks 1 to 4 are five tests.
    on_thiopurine = index_courses[index_courses["arm"] == "thiopurine"].set_index("patient_id")
    stayed = on_thiopurine["stop_date"].isna() | (
        on_thiopurine["stop_date"] > on_thiopurine["index"] + pd.Timedelta(days=40)
    )
    labs = cohort.tables["labs"]
    alt = labs[(labs["test"] == "alt") & labs["patient_id"].isin(on_thiopurine.index[stayed])]
    early = alt["test_date"] < alt["patient_id"].map(on_thiopurine["index"]) + pd.Timedelta(days=35)

    assert early.sum() / stayed.sum() == pytest.approx(5 * 0.89, rel=0.1)


def test_numbers_are_finite_where_they_must_be(cohort):
    for name, column in [("visits", "value"), ("labs", "value"), ("courses", "dose_mg_per_day")]:
        assert np.isfinite(cohort.tables[name][column]).all()


def test_two_processes_make_the_same_patients_as_one(monkeypatch):
    monkeypatch.setattr(draws, "PATIENTS_PER_BLOCK", 50)

    one, two = (make_cohort(120, seed=9, processes=processes) for processes in (1, 2))

    for name in TABLES:
        pd.testing.assert_frame_equal(one.tables[name], two.tables[name], check_exact=True)


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_files_are_the_same_bytes_on_repeat_and_whatever_the_processes(
    monkeypatch, tmp_path, file_format
):
    monkeypatch.setattr(draws, "PATIENTS_PER_BLOCK", 50)
    recipe = Recipe(120, seed=9)
    written = [
        write_cohort(recipe, tmp_path / str(n), file_format=file_format, processes=1 + n // 2)
        for n in range(3)
    ]

    for first, again, in_two in zip(*written, strict=True):
        assert first.read_bytes() == again.read_bytes() == in_two.read_bytes()


def test_a_cohort_written_in_blocks_is_read_as_the_cohort(monkeypatch, tmp_path):
    monkeypatch.setattr(draws, "PATIENTS_PER_BLOCK", 50)
    heard = []
    write_cohort(Recipe(120, seed=9), tmp_path, progress=lambda *done: heard.append(done))
    made, read = make_cohort(120, seed=9), load_cohort(tmp_path)

    assert heard == [(50, 120), (100, 120), (120, 120)]
    for name in TABLES:
        assert len(read.tables[name]) == len(made.tables[name])
    assert (read.patients["patient_id"] == made.patients["patient_id"]).all()
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "These patients are invented." in readme
    # The dictionary stands beside the data, the column that is not in it as well.
    assert "| `prednisolone_mg_per_day` (required)" in readme
    assert "`severity_score`" in readme
    schema = pq.read_schema(tmp_path / "courses.parquet")
    assert b"invented" in schema.metadata[b"warning"]


def test_no_process_is_refused():
    with pytest.raises(ParameterError, match="processes must be at least 1; got 0"):
        make_cohort(5, seed=1, processes=0)


def test_a_kept_cohort_comes_back_as_it_was_made(tmp_path, monkeypatch):
    monkeypatch.setattr(shelf, "SHELF", tmp_path)
    made = make_cohort(300, seed=4)

    first, again = keep_cohort(300, seed=4), keep_cohort(300, seed=4)

    assert first.fingerprint == again.fingerprint == made.fingerprint
    for name, frame in made.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], frame)
    assert [path.name.split("_")[0] for path in tmp_path.iterdir()] == ["cohort"]


def test_a_spoiled_shelf_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(shelf, "SHELF", tmp_path)
    kept = keep_cohort(50, seed=4)
    for path in tmp_path.rglob("visits.parquet"):
        path.write_bytes(b"no table")

    assert keep_cohort(50, seed=4).fingerprint == kept.fingerprint


def test_a_kept_cohort_of_no_patients_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(shelf, "SHELF", tmp_path)
    with pytest.raises(ParameterError, match="at least 1"):
        keep_cohort(0, seed=1)
