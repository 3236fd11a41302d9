"""Tiny studies and notebooks, written into a folder."""

import copy

import nbformat
import pytest
from bs4 import BeautifulSoup

from azaanalysis.report.page import read_page
from azaanalysis.report.record import gather_results, write_record
from azaanalysis.report.results import FOLDER_VARIABLE, write_estimates
from azaanalysis.report.site import finish_report
from azaanalysis.study import load_study

STUDY = """
title: Azathioprine & <anti-TNF> in colitis
question: Who stops sooner, and why?
source:
  synthetic: {patients: 50, seed: 1}
comparison:
  arms:
    azathioprine: [azathioprine]
    anti_tnf: [anti_tnf]
  reference: azathioprine
endpoints:
  discontinuation:
    kind: discontinuation
limits:
  - The arms are compared as observed.
"""

SETUP = """
import warnings
import numpy as np
from azaanalysis.display import draw_rates, tabulate_estimate
from azaanalysis.report import write_estimates
from azaanalysis.result import Estimate
from azaanalysis.report.site import finish_report
from azaanalysis.study import load_study
"""

ESTIMATE = """
study = load_study(STUDY)
rows = [
    {"endpoint": "discontinuation", "arm": arm, "quantity": "rate", "unit": "per 100 patient-years",
     "value": events / 3.5, "lower": events / 4, "upper": events / 3, "patients": 400,
     "events": events, "patient_years": 350.0}
    for arm, events in {"azathioprine": 31, "anti_tnf": 3}.items()
]
rates = Estimate.from_rows(rows, about={"arms": ("azathioprine", "anti_tnf"), "cohort": "c0ffee",
                                        "smallest_count": SMALLEST, "study": study.hash})
tabulate_estimate(rates)
"""

READING = """## Reading

Nothing may be concluded: these patients are invented.
"""


def write_study(folder, text=STUDY, name="study.yml"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def write_notebook(
    folder, name="04_discontinuation", *, smallest=1, extra="", tag="parameters", is_bare=False
):
    """A notebook in the order of the house: question, setup, estimate, reading, provenance."""
    new = nbformat.v4
    cells = [
        new.new_markdown_cell("# Discontinuation\n\nWho stops sooner, and why?"),
        new.new_markdown_cell("## Setup"),
        new.new_code_cell(SETUP),
        new.new_code_cell('STUDY = "nowhere.yml"', metadata={"tags": [tag]}),
        new.new_markdown_cell("## Estimate\n\nHow often does it happen?"),
        new.new_code_cell(f"SMALLEST = {smallest}" + ESTIMATE),
        new.new_code_cell("draw_rates(rates)"),
        new.new_markdown_cell("### Detail\n\nOnly what differs."),
        new.new_code_cell(extra or "1"),
        new.new_markdown_cell(READING),
        new.new_markdown_cell("## Provenance"),
        new.new_code_cell(
            'write_estimates({"rates": rates}, notebook="04_discontinuation", study=study)'
        ),
    ]
    if is_bare:  # nothing is imported, so the kernel is quick
        del cells[11], cells[5:7], cells[2]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    path = folder / f"{name}.ipynb"
    nbformat.write(new.new_notebook(cells=cells), path)
    return path


def executed_notebook(shown):
    """A notebook as if it had been executed: each table or figure is the output of a cell."""
    new = nbformat.v4
    cells = [new.new_markdown_cell("# Discontinuation\n\nWho stops sooner, and why?")]
    cells += [new.new_markdown_cell("## Estimate\n\nHow often does it happen?")]
    for thing in shown:
        data, metadata = thing._repr_mimebundle_()
        output = new.new_output("execute_result", data=data, metadata=metadata)
        cells.append(new.new_code_cell("show()", outputs=[output]))
    cells.append(new.new_markdown_cell(READING))
    return new.new_notebook(cells=cells)


def write_small_report(folder, *, shown=(), estimates=None, study=STUDY, tell=None, paper=True):
    """A finished report of one notebook that no kernel has executed."""
    folder.mkdir(parents=True, exist_ok=True)
    study_folder = folder.parent / f"{folder.name}_study"
    asked = load_study(write_study(study_folder, study))
    _leave_estimates(folder, {"04_discontinuation": estimates or {}}, asked)
    notebook = executed_notebook(shown)
    page = read_page(copy.deepcopy(notebook), name="04_discontinuation")
    books = {"04_discontinuation": notebook}
    finish_report([page], books, study=asked, folder=folder, tell=tell, paper=paper)
    return folder


def write_results(folder, estimates, study=STUDY):
    """The results of a report, without the notebooks: estimates by notebook and name."""
    folder.mkdir(exist_ok=True)
    asked = load_study(write_study(folder, study))
    _leave_estimates(folder, estimates, asked)
    write_record(gather_results(folder, notebooks=list(estimates), study=asked), folder)
    return folder


def _leave_estimates(folder, estimates, asked):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder))
        for notebook, named in estimates.items():
            own = {
                name: e if "study" in e.about else e.with_about(study=asked.hash)
                for name, e in named.items()
            }
            write_estimates(own, notebook=notebook, study=asked)


def links_astray(folder):
    """Links of the pages of a report that lead to no page, file or anchor of it."""
    pages = {
        path.name: BeautifulSoup(path.read_text("utf-8"), "html.parser")
        for path in sorted(folder.glob("*.html"))
    }
    anchors = {name: {tag["id"] for tag in page.find_all(id=True)} for name, page in pages.items()}
    for name, page in pages.items():
        for link in page.find_all("a", href=True):
            place, _, anchor = link["href"].partition("#")
            if anchor and anchor not in anchors.get(place or name, ()):
                yield name, link["href"]
            if place and not (folder / place).is_file():
                yield name, link["href"]
