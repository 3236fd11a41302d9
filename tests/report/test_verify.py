"""Whether a report is still the one that was made."""

import json
import re

import pytest
from typer.testing import CliRunner

from azaanalysis.cli import app
from azaanalysis.display import tabulate_estimate
from azaanalysis.errors import ReportError
from azaanalysis.report.verify import forget_report, verify_report
from tests.display import builders
from tests.report.builders import write_small_report


@pytest.fixture
def folder(tmp_path):
    rates = builders.rates()
    shown = [tabulate_estimate(rates)]
    return write_small_report(tmp_path / "out", shown=shown, estimates={"rates": rates})


def test_an_untouched_report_passes_and_every_file_was_compared(folder):
    n_files = sum(path.is_file() for path in folder.rglob("*"))

    assert verify_report(folder) == n_files - 1  # all but the manifest itself


@pytest.mark.parametrize(
    "name",
    ["04_discontinuation.html", "index.html", "results.json", "04_discontinuation/rates.csv"],
)
def test_one_altered_digit_is_named_with_its_file(folder, name):
    path = folder / name
    text = path.read_text("utf-8")
    place = re.search(r"31", text).start()
    path.write_text(text[:place] + "32" + text[place + 2 :], encoding="utf-8")

    with pytest.raises(ReportError) as caught:
        verify_report(folder)
    assert f"{name}: it was changed after the report was made." in str(caught.value)
    assert str(caught.value).count("\n") == 1


def test_a_missing_file_and_an_added_one_are_named(folder):
    (folder / "tables.docx").unlink()
    (folder / "extra.html").write_text("", encoding="utf-8")

    with pytest.raises(ReportError) as caught:
        verify_report(folder)
    assert "tables.docx: it is missing." in str(caught.value)
    assert "extra.html: it was not part of the report" in str(caught.value)


def test_a_folder_without_manifest_and_a_damaged_one_are_refused(folder, tmp_path):
    with pytest.raises(ReportError, match="nothing can be compared"):
        verify_report(tmp_path)
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ReportError, match="is damaged"):
        verify_report(folder)


def test_the_command_says_it_in_plain_words(folder):
    passed = CliRunner().invoke(app, ["report", "--verify", str(folder)])
    assert passed.exit_code == 0
    assert "as they were when the report was made" in passed.output

    (folder / "index.html").write_text("", encoding="utf-8")
    failed = CliRunner().invoke(app, ["report", "--verify", str(folder)])
    assert failed.exit_code == 1
    assert "index.html: it was changed after the report was made." in failed.output
    assert "Traceback" not in failed.output


def test_the_manifest_names_no_place_no_user_and_no_day(folder):
    text = (folder / "manifest.json").read_text("utf-8")
    manifest = json.loads(text)

    assert str(folder.parent) not in text
    assert not re.search(r"20\d\d-\d\d-\d\d", text)
    assert manifest["notebooks"].keys() == {"04_discontinuation"}
    assert manifest["seed"] == 1


def test_an_earlier_report_is_forgotten_and_nothing_else(folder):
    mine = folder / "my_notes.csv"
    mine.write_text("kept", encoding="utf-8")
    outside = folder.parent / "outside.txt"
    outside.write_text("kept", encoding="utf-8")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["files"]["../outside.txt"] = "0"
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    forget_report(folder)

    assert [path for path in folder.rglob("*") if path.is_file()] == [mine]
    assert outside.is_file()


def test_a_file_outside_the_folder_is_not_followed(folder):
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["files"]["../secret"] = "0"
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    with pytest.raises(ReportError, match=r"\.\./secret: it lies outside the folder"):
        verify_report(folder)
