"""The study file: what it says, and what it answers to mistakes."""
# ruff: noqa: E501 - each mistake reads best as one line of the table

import re

import pytest

from azaanalysis.errors import StudyError
from azaanalysis.protocol import describe_estimand, describe_protocol
from azaanalysis.study import load_study
from tests.builders import comparison, study

SOUND = """
title: A small study
question: Which drug is stopped sooner?
source: {synthetic: {seed: 1}}
comparison:
  arms: {azathioprine: [azathioprine], anti_tnf: [anti_tnf]}
  reference: azathioprine
endpoints:
  stopping: {kind: discontinuation}
  response: {kind: visit}
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "study.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_sound_study_is_read_with_the_usual_settings(written):
    made = load_study(written(SOUND))

    assert made.name == "study"
    assert made.comparison.washout_days == 365
    assert made.comparison.others == ("anti_tnf",)
    assert (made.main_endpoint, made.is_synthetic) == ("stopping", True)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("reference: azathioprine", "reference: azathioprin", "'azathioprin' is not an arm; the arms are azathioprine, anti_tnf"),
        ("reference: azathioprine", "reference: azathioprine\n  washout: 5", "washout: this key is not known; did you mean 'washout_days'?"),
        ("question: Which drug is stopped sooner?", "", "question: this key is missing; add it"),
        ("kind: visit", "kind: visits", "endpoints > response > kind: found 'visits'; did you mean 'visit'?"),
        ("{kind: visit}", "{finding: response}", "endpoints > response: 'kind' is missing"),
        ("{kind: visit}", "{kind: visit, finding: remision}", "finding: found 'remision'; did you mean 'remission'?"),
        ("{kind: visit}", "{kind: visit, competing: [deth]}", "found 'deth'; did you mean 'death'?"),
        ("{kind: discontinuation}", "{kind: discontinuation, cause: any}", "endpoints > stopping > cause: this key is not known; did you mean 'causes'?"),
        ("{seed: 1}", "{seed: one}", "source > synthetic > seed: found 'one'"),
        ("{seed: 1}", "{seed: 1, patients: 0}", "patients: found 0; input should be greater than or equal to 1"),
        ("{synthetic: {seed: 1}}", "{synthetic: {seed: 1}, folder: x}", "give exactly one of 'synthetic' and 'folder'"),
        ("{synthetic: {seed: 1}}", "{}", "give exactly one of 'synthetic' and 'folder'"),
        ("title: A small study", "title: x\nname: ../elsewhere", "'../elsewhere' names the folder of the report"),
        (", anti_tnf: [anti_tnf]", "", "a comparison needs at least two arms"),
        ("anti_tnf: [anti_tnf]", "anti_tnf: []", "arm 'anti_tnf' has no drug"),
        ("anti_tnf: [anti_tnf]", "anti_tnf: [azathioprine]", "have the same drugs; make them differ"),
        ("reference: azathioprine", "reference: azathioprine\n  horizon_days: 0", "horizon_days: found 0"),
        ("reference: azathioprine", "reference: azathioprine\n  horizon_days: a year", "horizon_days: found 'a year'"),
        ("reference: azathioprine", "reference: azathioprine\n  first_day: 2", "first_day: found 2; known are: 0, 1"),
        ("  stopping:", "  response: {kind: visit}\n  stopping:", "'response' is given twice"),
        ("title: A small study", "title: [A small study", "cannot be read as YAML at line"),
        ("title: A small study", "\ttitle: x", "cannot be read as YAML at line"),
        ("title: A small study", "title: x\npopulation: {age_years: {at_least: 80, at_most: 18}}", "population > age_years: nothing is at least 80 and at most 18; exchange the two"),
        ("title: A small study", "title: x\npopulation: {started: {at_least: 2022-01-01, at_most: 2020-01-01}}", "population > started: nothing is at least 2022-01-01 and at most 2020-01-01"),
        ("title: A small study", "title: x\ngate: {override: x}", "gate > override: 'x' is no reason a reader could weigh; write a sentence"),
    ],
)  # fmt: skip
def test_a_mistake_is_answered_with_what_was_found_and_what_is_known(written, old, new, message):
    assert old in SOUND
    with pytest.raises(StudyError, match=re.escape(message)):
        load_study(written(SOUND.replace(old, new)))


def test_all_mistakes_are_listed_at_once(written):
    text = SOUND.replace("title:", "titel:").replace("kind: visit", "kind: visits")
    with pytest.raises(StudyError, match="3 faults") as refused:
        load_study(written(text))
    assert "did you mean 'title'?" in str(refused.value)
    assert "did you mean 'visit'?" in str(refused.value)


@pytest.mark.parametrize("text", ["", "just words", "- a\n- list"])
def test_a_file_that_holds_no_settings_is_refused(written, text):
    with pytest.raises(StudyError, match=r"study\.yml holds no settings"):
        load_study(written(text))


def test_an_absent_file_is_refused_with_an_example_to_copy(tmp_path):
    with pytest.raises(StudyError, match=r"notebooks/study\.yml is one to copy"):
        load_study(tmp_path / "nothing.yml")


def test_a_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "study.yml"
    path.write_bytes("title: Müller".encode("latin-1"))
    with pytest.raises(StudyError, match="Save it again as UTF-8"):
        load_study(path)


def test_paths_are_taken_from_the_folder_of_the_file(written, tmp_path):
    made = load_study(written(SOUND.replace("{synthetic: {seed: 1}}", "{folder: data/mine}")))

    assert made.source.folder == (tmp_path / "data" / "mine").resolve()


def test_an_unknown_endpoint_lists_the_known_ones():
    with pytest.raises(StudyError, match=r"no endpoint 'relapse'\. It has: stopping\."):
        study().endpoint("relapse")


def test_the_hash_changes_with_a_setting_and_not_with_the_place_of_the_data(written, tmp_path):
    one = load_study(written(SOUND.replace("{synthetic: {seed: 1}}", "{folder: here}")))
    other = load_study(written(SOUND.replace("{synthetic: {seed: 1}}", "{folder: there}")))

    assert one.hash == other.hash
    assert study().hash != study(comparison=comparison(washout_days=180)).hash


def test_a_changed_study_differs_in_that_setting_only():
    made = study().changed(comparison={"permissible_gap_days": 180})

    assert made.comparison.permissible_gap_days == 180
    assert made.changed(comparison={"permissible_gap_days": 60}).hash == study().hash


def test_a_change_that_makes_no_study_is_refused():
    with pytest.raises(StudyError, match="did you mean 'permissible_gap_days'"):
        study().changed(comparison={"permissible_gap": 180})


def test_a_study_cannot_be_altered_in_place():
    with pytest.raises(ValueError, match="frozen"):
        study().title = "another"


def test_the_estimand_names_population_arms_reference_time_and_events():
    sentence = describe_estimand(
        study(
            endpoints={"response": {"kind": "visit"}}, population={"age_years": {"at_least": 18}}
        ),
        "response",
    )
    assert sentence == (
        "The cumulative incidence of response by 90 and 180 days among patients aged at least 18 "
        "years who newly start azathioprine or anti-TNF, compared with azathioprine, counted from "
        "the first supply for at most 365 days, with stopping treatment and death as competing "
        "events, follow-up ending when another study drug starts."
    )


def test_a_lag_and_a_strategy_are_said_in_the_estimand():
    infection = {"kind": "event", "event": "infection", "count": "all", "lag_days": 30}
    made = study(endpoints={"infection": infection})
    assert "ending 30 days after treatment stops and when" in describe_estimand(made, "infection")

    as_started = made.changed(endpoints={"infection": {"strategy": "as_started"}})
    sentence = describe_estimand(as_started, "infection")
    assert "whatever becomes of stopping treatment and starting another study drug" in sentence


def test_the_protocol_says_what_is_done_about_each_intercurrent_event():
    table = describe_protocol(study(), "stopping").set_index("part")["choice"]

    assert table["When treatment stops"] == "It is the outcome."
    assert table["When the patient dies"].startswith("A competing event")
    assert table["New users"].startswith("No drug of the class in the 365 days before")


def test_the_studies_of_this_project_can_be_read(request):
    folder = request.config.rootpath / "notebooks"
    names = [
        load_study(path).name
        for path in sorted(folder.rglob("*.yml"))
        if "mapping" not in path.name
    ]

    assert {"cdisc_pilot", "cgd", "sanad", "study"} <= set(names)


def test_a_changed_study_remembers_the_one_it_came_from():
    made = study().changed(comparison={"washout_days": 180}).changed(comparison={"first_day": 1})

    assert made.base_hash == study().hash != made.hash


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"causes": {"harm": ["adverse_events"]}}, "no reason 'adverse_events'; did you mean"),
        ({"causes": {"a": ["remission"], "b": ["remission"]}}, "'remission' stands in two places"),
        ({"causes": {"a": ["remission"]}, "censor": ["remission"]}, "stands in two places"),
    ],
)
def test_a_reason_for_stopping_is_known_and_stands_in_one_place(settings, message):
    with pytest.raises(ValueError, match=message):
        study(endpoints={"stopping": {"kind": "discontinuation", **settings}})
