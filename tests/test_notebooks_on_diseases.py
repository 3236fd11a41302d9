"""Every notebook runs on other diseases: few patients, in this process, without a kernel."""

import ast
import warnings
from pathlib import Path

import nbformat
import pytest
import yaml

from azaanalysis import load_study
from azaanalysis.display.figure import Figure
from azaanalysis.display.table import Table
from azaanalysis.estimate import true_answer, true_course
from azaanalysis.report.execute import why_left_out
from azaanalysis.report.results import FOLDER_VARIABLE

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
# The notebook on the invented world does not ask the study for its people; it has tests of its own.
ASKING = [path for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb")) if not path.stem.startswith("00")]
DISEASES = ("rheumatoid_arthritis", "lupus_nephritis")
# Some are over 65 with lupus, and had pancreatitis.
PATIENTS, PEOPLE_OF_A_TRUTH = 2000, 5000


@pytest.fixture(scope="module")
def study_of(tmp_path_factory):
    """Write the study of a disease as it is, but for the number of patients."""

    def write(disease):
        text = (NOTEBOOKS / "studies" / f"{disease}.yml").read_text(encoding="utf-8")
        settings = yaml.safe_load(text)
        settings["source"]["synthetic"]["patients"] = PATIENTS
        path = tmp_path_factory.mktemp(disease) / f"{disease}.yml"
        path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
        return path

    return write


@pytest.fixture(autouse=True)
def small_truths(monkeypatch):
    """Let few people stand for the truth: here it has to be there, not to be exact."""
    places = (
        (true_answer, "simulate_overlap_truth"),
        (true_answer, "simulate_truth"),
        (true_course, "make_potential_cohorts"),
    )
    for module, name in places:
        simulate = getattr(module, name)

        def few(*args, simulate=simulate, **options):
            return simulate(*args, **{**options, "n_patients": PEOPLE_OF_A_TRUTH})

        monkeypatch.setattr(module, name, few)
    monkeypatch.setenv(FOLDER_VARIABLE, "")


def run(notebook, study_path):
    """Run the code of a notebook and return what its cells show."""
    names, shown = {}, []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        body = ast.parse(cell.source).body
        last = body.pop() if isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), "cell", "exec"), names)
        if "parameters" in cell.metadata.get("tags", []):
            names["STUDY"] = str(study_path)
        if last is not None:
            shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names))
    return shown


@pytest.mark.parametrize("disease", DISEASES)
@pytest.mark.parametrize("path", ASKING, ids=lambda path: path.stem)
def test_a_notebook_shows_something_in_every_cell_on_another_disease(path, disease, study_of):
    notebook, study_path = nbformat.read(path, as_version=4), study_of(disease)
    assert why_left_out(notebook, load_study(study_path)) == ""

    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        shown = run(notebook, study_path)

    tables = [one for one in shown if isinstance(one, Table)]
    figures = [one for one in shown if isinstance(one, Figure)]
    assert tables
    # Where few patients leave nothing to be shown, the table says so.
    assert all(table.rows or table.footnotes for table in tables)
    assert all("nan" not in str(table).split() for table in tables)
    # A figure is drawn only when somebody looks at it.
    assert all(b"<svg" in figure.svg[:400] for figure in figures)
    assert all(len(str(one).split()) >= 5 for one in shown)
