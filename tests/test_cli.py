"""The command line: what it does, what it says, and how it ends."""

import re

import pandas as pd
import pytest
from typer.testing import CliRunner

from azaanalysis.cli import app
from azaanalysis.sources import load_cohort
from tests.builders import course, patient

STUDY = """
title: A small study
question: Which drug is stopped sooner?
source: {folder: tables}
population: {age_years: {at_least: 18}}
comparison:
  arms: {azathioprine: [azathioprine], anti_tnf: [anti_tnf]}
  reference: azathioprine
endpoints:
  stopping: {kind: discontinuation}
"""


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*words):
        made = CliRunner().invoke(app, [str(word) for word in words])
        made.flat = re.sub(r"\s+", " ", made.output)
        return made

    return invoke


@pytest.fixture
def tables(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    people = [patient("pat-1"), patient("pat-2")]
    spells = [
        course("pat-1", "azathioprine", "2012-01-01", "2012-03-01", stop_reason="adverse_event"),
        course("pat-2", "Remicade", "2013-01-01"),
    ]
    pd.DataFrame(people).to_csv(folder / "patients.csv", index=False)
    pd.DataFrame(spells).to_csv(folder / "courses.csv", index=False)
    (tmp_path / "study.yml").write_text(STUDY, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("command", "taught"),
    [
        ("check", "Every fault is printed at once"),
        ("templates", "Write an empty file for each table"),
        ("make-cohort", "Invent patients"),
        ("run", "save them with their outputs"),
        ("report", "One page for each notebook"),
        ("diff", "Explain what changed between two reports"),
    ],
)
def test_help_teaches_each_command_with_an_example(call, command, taught):
    made = call(command, "--help")

    assert made.exit_code == 0
    assert taught in made.flat
    assert "Example: azaanalysis" in made.flat


def test_without_a_command_the_commands_are_listed(call):
    assert "make-cohort" in call().output


def test_an_unknown_command_is_a_usage_error(call):
    assert call("chek").exit_code == 2


def test_sound_tables_pass_and_resolutions_are_listed(call, tables):
    made = call("check", "tables")

    assert made.exit_code == 0
    assert "No fault that would change a result." in made.flat
    assert "Remicade" in made.flat
    assert "infliximab" in made.flat
    assert "pat-1" not in made.output


def test_a_sound_study_is_followed_for_every_endpoint(call, tables):
    made = call("check", "study.yml")

    assert made.exit_code == 0, made.output
    assert "The data can answer every question of the study" in made.flat
    assert "warning, small arm (azathioprine)" in made.flat
    assert "The cumulative incidence of stopping" in made.flat


def test_faults_are_printed_written_and_told_by_the_exit_code(call, tables, tmp_path):
    text = (tables / "courses.csv").read_text()
    spoiled = text.replace("2012-03-01", "2011-03-01").replace("Remicade", "Remikade")
    (tables / "courses.csv").write_text(spoiled)
    made = call("check", "study.yml", "--faults", "out/faults.csv")

    assert made.exit_code == 1
    assert "courses.csv, column stop_date, row 2" in made.flat
    assert "courses.csv, column drug, row 3" in made.flat
    assert "pat-1" not in made.output
    listed = pd.read_csv(tmp_path / "out" / "faults.csv")
    assert set(listed["column"]) >= {"stop_date", "drug"}
    assert (tables / "courses.csv").read_text() == spoiled


def test_a_question_the_data_cannot_answer_is_refused_in_plain_words(call, tables, tmp_path):
    more = STUDY + "  response: {kind: visit}\n"
    (tmp_path / "study.yml").write_text(more, encoding="utf-8")
    made = call("check", "study.yml")

    assert made.exit_code == 1
    assert "needs the table 'visits'" in made.flat
    assert "Traceback" not in made.output


def test_faults_of_the_file_and_of_the_data_are_listed_together(call, tables, tmp_path):
    text = (tables / "courses.csv").read_text()
    (tables / "courses.csv").write_text(text.replace("2012-03-01", "2011-03-01"))
    (tmp_path / "study.yml").write_text(STUDY.replace("reference:", "referense:"), "utf-8")
    made = call("check", "study.yml")

    assert made.exit_code == 1
    assert "did you mean 'reference'?" in made.flat
    assert "courses.csv, column stop_date, row 2" in made.flat


def test_all_faults_of_a_design_are_listed_with_what_to_do(call, tables, tmp_path):
    text = STUDY.replace("[anti_tnf]", "[anti_tmf]").replace(
        "{age_years: {at_least: 18}}", "{without: [has_cancer]}"
    )
    (tmp_path / "study.yml").write_text(text + "covariates: [bmi]\n", encoding="utf-8")
    made = call("check", "study.yml")

    assert made.exit_code == 1
    assert all(word in made.flat for word in ("'anti_tmf'", "'has_cancer'", "'bmi'"))
    assert "The design has 3 errors and 0 warnings" in made.flat
    assert "pat-1" not in made.output


@pytest.mark.parametrize("command", ["check", "run", "report"])
def test_a_missing_study_file_is_answered_in_one_sentence(call, command):
    made = call(command, "nothing.yml")

    assert made.exit_code == 1
    assert re.search(r"There is no study file at \S*nothing\.yml", made.flat)
    assert "Traceback" not in made.output


def test_a_missing_folder_is_answered_in_plain_words(call):
    made = call("check", "nowhere")

    assert made.exit_code == 1
    assert "nowhere" in made.flat
    assert "Traceback" not in made.output


def test_a_fault_in_the_study_file_names_the_nearest_word(call, tables, tmp_path):
    (tmp_path / "study.yml").write_text(STUDY.replace("reference:", "referense:"), "utf-8")
    made = call("check", "study.yml")

    assert made.exit_code == 1
    assert "did you mean 'reference'?" in made.flat


def test_templates_can_be_filled_and_loaded(call, tmp_path):
    made = call("templates", "mine")

    assert made.exit_code == 0
    assert (tmp_path / "mine" / "patients.csv").read_text().startswith("patient_id")
    pd.DataFrame([patient("a")]).to_csv(tmp_path / "mine" / "patients.csv", index=False)
    filled = pd.DataFrame([course("a", "azathioprine", "2012-01-01")])
    filled.to_csv(tmp_path / "mine" / "courses.csv", index=False)
    for empty in ["visits", "labs", "events", "steroids", "times"]:
        (tmp_path / "mine" / f"{empty}.csv").unlink()
    assert call("check", "mine").exit_code == 0


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_an_invented_cohort_is_written_with_its_warning_and_loads_again(
    call, tmp_path, file_format
):
    made = call("make-cohort", "people", "--patients", 50, "--seed", 3, "--format", file_format)

    assert made.exit_code == 0, made.output
    assert "These patients are invented" in (tmp_path / "people" / "README.md").read_text()
    assert len(load_cohort(tmp_path / "people").patients) == 50


def test_an_unknown_world_is_refused(call):
    made = call("make-cohort", "people", "--world", "middle_earth", "--patients", 5)

    assert made.exit_code == 1
    assert "inflammatory_bowel_disease" in made.flat


def test_no_patients_at_all_is_a_usage_error(call):
    assert call("make-cohort", "people", "--patients", 0).exit_code == 2
