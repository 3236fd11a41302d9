"""Tiny studies and notebooks, written into a folder."""

import nbformat
import pytest

from azaanalysis.report.record import gather_results, write_record
from azaanalysis.report.results import FOLDER_VARIABLE, write_estimates
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


def write_results(folder, estimates, study=STUDY):
    """The results of a report, without the notebooks: estimates by notebook and name."""
    folder.mkdir(exist_ok=True)
    asked = load_study(write_study(folder, study))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder))
        for notebook, named in estimates.items():
            own = {
                name: e if "study" in e.about else e.with_about(study=asked.hash)
                for name, e in named.items()
            }
            write_estimates(own, notebook=notebook, study=asked)
    write_record(gather_results(folder, notebooks=list(estimates), study=asked), folder)
    return folder
