"""Reports: nothing from outside, the answer first, failures in plain words."""

import itertools
import json
import re
import subprocess
import sys
import zipfile

import nbformat
import pytest
from bs4 import BeautifulSoup

from azaanalysis.errors import ReportError, StudyError
from azaanalysis.report import account_for_numbers, write_report
from azaanalysis.report.execute import endpoints_asked, read_notebook
from azaanalysis.report.grounds import UNACCOUNTED
from azaanalysis.report.manifest import hash_notebook
from azaanalysis.report.page import read_page
from azaanalysis.report.site import finish_report
from azaanalysis.study import load_study
from tests.report.builders import STUDY, links_astray, write_notebook, write_study

PAGES = ["04_discontinuation.html", "index.html", "methods.html", "manifest.html"]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """One report of two notebooks; the second asks for an endpoint the study does not have."""
    folder = tmp_path_factory.mktemp("report")
    study = write_study(folder)
    good = write_notebook(folder, extra="import warnings; warnings.warn('mind the gap')")
    other = write_notebook(folder, "02_time_to_response", extra='follow(endpoint="response")')
    seen = []
    index = write_report(
        study,
        notebooks=[good, other],
        folder=folder / "out",
        progress=lambda *step: seen.append(step),
    )
    return index.parent, index, seen, folder


@pytest.fixture(scope="module")
def page(report):
    return BeautifulSoup((report[0] / "04_discontinuation.html").read_text("utf-8"), "html.parser")


@pytest.fixture(scope="module")
def index(report):
    return BeautifulSoup(report[1].read_text("utf-8"), "html.parser")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_for_nothing_from_outside(report, name):
    html = (report[0] / name).read_text("utf-8")
    soup = BeautifulSoup(html, "html.parser")

    assert not soup.find_all(["script", "iframe", "object", "embed", "link", "base", "form"])
    for tag in soup.find_all(src=True):
        assert tag["src"].startswith("data:")
    for tag in soup.find_all(href=True):
        assert re.match(r"(#|[\w.-]+\.(html(#[\w-]+)?|pdf|docx|json|parquet|zip)$)", tag["href"]), (
            tag["href"]
        )
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)
    assert not [a for tag in soup.find_all() for a in tag.attrs if a.startswith("on")]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_complete_for_whoever_cannot_see_it(report, name):
    soup = BeautifulSoup((report[0] / name).read_text("utf-8"), "html.parser")

    assert soup.html["lang"] == "en"
    assert soup.find("a", class_="skip")["href"] == "#" + soup.main["id"]
    levels = [int(tag.name[1]) for tag in soup.find_all(re.compile(r"^h[1-6]$"))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    for image in soup.find_all(["img", "svg"]):
        assert image.get("alt") or (image["role"] == "img" and image["aria-label"])
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert soup.title.text.strip()


def test_the_reading_stands_right_under_the_title(page):
    sections = [section["aria-label"] for section in page.main.find_all("section")]

    assert sections == ["Discontinuation", "Reading", "Estimate", "Provenance", "Setup"]
    assert "answer" in page.find("section", attrs={"aria-label": "Reading"})["class"]
    links = [a["href"] for a in page.select("nav.contents ol a")]
    assert all(page.find(id=link.removeprefix("#")) for link in links)


def test_the_code_is_folded_and_the_path_of_the_study_is_not_in_it(page, report):
    folded = page.select("details.code:not([open])")

    assert len(folded) == 6
    assert all(
        pre.find_parent("details") for pre in page.find_all("code") if pre.parent.name == "pre"
    )
    assert 'STUDY = "nowhere.yml"' in page.text
    assert str(report[3]) not in str(page)


def test_a_figure_has_number_caption_and_words(page):
    figure = page.find("figure")

    assert figure.svg["role"] == "img"
    assert "8.9 (7.8 to 10.3)" in figure.svg["aria-label"]
    assert figure.figcaption.b.text == "Figure 1."
    assert "8.9 (7.8 to 10.3)" in figure.figcaption.details.text


def test_invented_patients_are_called_invented_on_every_page(page, index):
    for soup in (page, index):
        assert "These patients are invented" in soup.find("p", class_="band").text


def test_real_patients_are_not_called_invented(tmp_path):
    real = STUDY.replace("synthetic: {patients: 50, seed: 1}", "folder: here\n  name: Registry")
    study = load_study(write_study(tmp_path, real))
    index = finish_report([], {}, study=study, folder=tmp_path)
    html = "".join(path.read_text("utf-8") for path in index.parent.glob("*.html"))

    assert "invented" not in html
    assert "Registry" in html
    assert str(tmp_path) not in html


def test_a_warning_is_shown_without_the_file_it_came_from(page):
    assert "UserWarning: mind the gap" in page.text
    assert "ipykernel" not in str(page)


def test_hostile_titles_are_shown_as_text(page, index):
    assert index.h1.text == "Azathioprine & <anti-TNF> in colitis"
    assert page.find("anti-tnf") is None


def test_the_list_shows_each_question_with_its_answer(index):
    section = index.find("section", class_="question")

    assert section.h2.a["href"] == "04_discontinuation.html"
    # 31 events in 350 patient-years.
    assert [cell.text for cell in section.tbody.tr.find_all(["th", "td"])] == [
        "Azathioprine",
        "31 / 400",
        "8.9 (7.8 to 10.3)",
    ]
    assert "compared as observed; nothing is adjusted" in section.text
    assert section.table.caption.text == "Rate of discontinuation, per 100 patient-years"
    assert "The arms are compared as observed." in index.text


def test_a_notebook_without_its_endpoint_is_left_out_and_named(index, report):
    assert "Time to response: the study has no endpoint response" in index.text
    assert not (report[0] / "02_time_to_response.html").exists()


def test_progress_counts_every_cell(report):
    assert report[2] == [("04_discontinuation", done, 7) for done in range(1, 8)]


def test_numbers_are_written_as_numbers(report):
    folder = report[0] / "04_discontinuation"
    results = json.loads((report[0] / "results.json").read_text("utf-8"))
    (rates,) = results["estimates"]
    row = dict(zip(results["columns"], rates["rows"][0], strict=True))

    assert row["value"] == pytest.approx(31 / 3.5)
    assert row["events"] == 31
    assert row["at_days"] is None
    assert (folder / "rates.csv").read_text("utf-8").count("\n") == 3
    with zipfile.ZipFile(report[0] / "figures.zip") as archive:
        assert archive.read("04_discontinuation/figure_1.svg").startswith(b"<svg")


def test_the_manifest_says_nothing_about_the_machine(report):
    text = (report[0] / "manifest.json").read_text("utf-8")
    manifest = json.loads(text)
    places = [name for name in manifest["files"] if "/" in name]

    assert manifest["cohort_fingerprint"] == "c0ffee"
    assert manifest["study_hash"] == load_study(report[3] / "study.yml").hash
    assert manifest["versions"]["azaanalysis"]
    assert text.count("/") == len(places)
    assert sys.prefix not in text


def test_a_second_run_writes_the_same_bytes(report, tmp_path):
    notebook = report[3] / "04_discontinuation.ipynb"
    out = tmp_path / "out"
    write_report(report[3] / "study.yml", notebooks=[notebook], folder=out)

    names = json.loads((out / "manifest.json").read_text("utf-8"))["files"]
    differing = [n for n in names if (out / n).read_bytes() != (report[0] / n).read_bytes()]

    assert len(names) > 10
    # This one report leaves nothing out, the other leaves out a notebook and says so.
    assert differing == ["index.html", "report.pdf"]


def test_a_failing_cell_is_explained_and_the_others_are_still_written(tmp_path):
    study = write_study(tmp_path)
    known = write_notebook(
        tmp_path,
        "03_known",
        extra="from azaanalysis.errors import DesignError as E\nraise E('No visits. Add them.')",
        is_bare=True,
    )
    unknown = write_notebook(tmp_path, "05_unknown", extra="{}['a']", is_bare=True)

    with pytest.raises(ReportError) as caught:
        write_report(study, notebooks=[known, unknown], folder=tmp_path / "out")

    message = str(caught.value)
    assert "03_known.ipynb, section 'Detail': No visits. Add them." in message
    assert "05_unknown.ipynb, section 'Detail': the notebook stopped with KeyError: 'a'" in message
    assert "Traceback" not in message
    assert "Known: it could not be executed" in (tmp_path / "out/index.html").read_text("utf-8")


def test_a_notebook_without_a_parameters_cell_is_refused(tmp_path):
    notebook = write_notebook(tmp_path, tag="other")

    with pytest.raises(ReportError, match="no cell tagged 'parameters'"):
        write_report(write_study(tmp_path), notebooks=[notebook], folder=tmp_path / "out")


def test_what_is_no_notebook_and_no_study_is_refused(tmp_path):
    (tmp_path / "bad.ipynb").write_text("{}", encoding="utf-8")
    study = write_study(tmp_path)

    with pytest.raises(ReportError, match="cannot be read as a notebook"):
        write_report(study, notebooks=[tmp_path / "bad.ipynb"], folder=tmp_path)
    with pytest.raises(ReportError, match=r"There is no notebook absent\.ipynb"):
        read_notebook(tmp_path / "absent.ipynb")
    with pytest.raises(StudyError):
        write_report(tmp_path / "absent.yml", folder=tmp_path)


def test_endpoints_are_read_from_the_code_not_from_the_prose(tmp_path):
    new = nbformat.v4
    cells = [
        new.new_markdown_cell('endpoint="prose"'),
        new.new_code_cell("follow(cohort, study, endpoint='response')\nx(endpoint = \"a\")"),
    ]

    assert endpoints_asked(new.new_notebook(cells=cells)) == ("response", "a")


def test_a_row_picked_out_of_an_estimate_asks_for_no_endpoint():
    cell = nbformat.v4.new_code_cell('found.only(endpoint="as weighted")\nfollow(endpoint="a")')

    assert endpoints_asked(nbformat.v4.new_notebook(cells=[cell])) == ("a",)


def test_the_hash_of_a_notebook_ignores_outputs_and_sees_words(tmp_path):
    notebook = read_notebook(write_notebook(tmp_path))
    before = hash_notebook(notebook)
    notebook.cells[2].outputs = [nbformat.v4.new_output("stream", text="x")]
    assert hash_notebook(notebook) == before
    notebook.cells[0].source += "!"
    assert hash_notebook(notebook) != before


def test_two_figures_in_one_page_share_no_id():
    new = nbformat.v4
    data = {"image/svg+xml": '<svg><path id="p"/><use href="#p"/></svg>', "text/plain": "A\nb"}
    outputs = [new.new_output("display_data", data=dict(data)) for _ in range(2)]
    notebook = new.new_notebook(
        cells=[new.new_markdown_cell("# T"), new.new_code_cell("x", outputs=outputs)]
    )

    html = read_page(notebook, name="n").body

    assert 'id="f1-1"' in html
    assert 'href="#f2-1"' in html


def test_writing_estimates_does_not_load_the_exporter():
    load = "import sys; from azaanalysis.report import write_estimates;"
    code = f"{load} print('nbconvert' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "False"


def test_every_number_of_an_executed_report_is_accounted_for(report):
    numbers = account_for_numbers(report[0])

    assert numbers[numbers["kind"] == UNACCOUNTED].to_dict("records") == []
    assert (numbers["kind"] == "result").sum() > 20


def test_every_link_of_a_report_leads_somewhere(report):
    assert list(links_astray(report[0])) == []
