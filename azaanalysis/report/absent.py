"""What a study has nothing of: weights where nobody is weighed, a truth where patients are real.

A notebook asks the same questions of every study, and says where one has no answer. A reader of the
report is told so once in a section, and is not led past empty tables one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import nbformat

from azaanalysis.display.statement import NOT_WEIGHED
from azaanalysis.estimate.true_answer import REAL
from azaanalysis.report.outputs import outputs_of
from azaanalysis.report.tables import TABLE_MARK, read_table
from azaanalysis.vocab import lower_first

_REASONS = (NOT_WEIGHED, REAL)
_PICTURE = "image/svg+xml"


def without_absent(cells: Sequence[Any]) -> list[Any]:
    """Return the cells of a section without questions of which a study has nothing to show.

    A question is a cell of words with the code that follows. What it would have shown is named in
    one sentence at the end of the section. Words behind the last question belong to it.

    Parameters
    ----------
    cells
        Cells of one section of an executed notebook.

    Returns
    -------
    list
        Cells of the section; none if it has nothing to show at all.
    """
    kept: list[Any] = []
    gone: list[Any] = []
    was_absent = False
    questions = list(_questions(cells))
    for number, question in enumerate(questions):
        outputs = list(outputs_of(question))
        is_last = number == len(questions) - 1
        was_absent = (was_absent and is_last) if not outputs else all(map(is_absent, outputs))
        if was_absent:
            gone += outputs
        else:
            kept += question
    if not kept or not gone:
        return kept
    return [*kept, nbformat.v4.new_markdown_cell(_say(gone))]  # type: ignore[no-untyped-call]


def is_absent(output: Any) -> bool:
    """Return whether an output only says that the study has nothing to show here."""
    data = output.get("data", {})
    words = str(data.get("text/plain", ""))
    html = str(data.get("text/html", ""))
    if not any(reason in " ".join(words.split()) for reason in _REASONS):
        return False
    if TABLE_MARK in html:
        return not read_table(html).rows
    return _PICTURE not in data or words.partition("\n")[2] in _REASONS


def _questions(cells: Sequence[Any]) -> Iterator[list[Any]]:
    """Cut a section before each cell of words that follows code."""
    question: list[Any] = []
    for cell in cells:
        if cell.cell_type == "markdown" and any(c.cell_type == "code" for c in question):
            yield question
            question = []
        question.append(cell)
    if question:
        yield question


def _say(outputs: Sequence[Any]) -> str:
    """Say what is not shown, and why."""
    named, reasons = [], []
    for output in outputs:
        words = " ".join(str(output.data.get("text/plain", "")).split())
        reasons += [reason for reason in _REASONS if reason in words]
        html = str(output.data.get("text/html", ""))
        caption = read_table(html).caption if TABLE_MARK in html else ""
        if _PICTURE in output.data:
            caption = str(output.data["text/plain"]).partition("\n")[0]
        named += [lower_first(caption)] if caption else []
    what = "; ".join(dict.fromkeys(named))
    return f"Not shown: {what}. {' '.join(dict.fromkeys(reasons))}"
