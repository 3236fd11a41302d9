"""What a study has nothing of is told once, and everything else is kept."""

import nbformat
import pytest

from azaanalysis.display.figure import draw_words
from azaanalysis.display.statement import NOT_WEIGHED, Statement
from azaanalysis.display.table import Column, Table
from azaanalysis.estimate.true_answer import REAL
from azaanalysis.report.absent import is_absent, without_absent

EMPTY = Table("Whether it is fair", (Column("Mark"),), (), footnotes=(NOT_WEIGHED,))
FULL = Table("The arms", (Column("Arm", is_number=False),), (("a",),), footnotes=(NOT_WEIGHED,))
WORDS = draw_words(NOT_WEIGHED, caption="Preference scores")
BLOCKED = draw_words("No comparison may be shown.", caption="Differences")
TRUTH = Statement((REAL,), "truth")


def output(thing):
    shown = thing._repr_mimebundle_()
    data, metadata = shown if isinstance(shown, tuple) else (shown, {})
    return nbformat.v4.new_output("execute_result", data=dict(data), metadata=metadata)


def code(*things):
    return nbformat.v4.new_code_cell("show()", outputs=[output(thing) for thing in things])


def words(text):
    return nbformat.v4.new_markdown_cell(text)


def sources(cells):
    return [cell.source for cell in cells]


def test_a_question_without_an_answer_gives_way_to_one_sentence():
    section = [
        *(words("Who are they?"), code(FULL)),
        *(words("Could they?"), code(EMPTY), code(WORDS)),
        *(words("May they?"), code(EMPTY), words("Fair in nothing else.")),
    ]

    assert sources(without_absent(section)) == [
        "Who are they?",
        "show()",
        f"Not shown: whether it is fair; preference scores. {NOT_WEIGHED}",
    ]


def test_a_section_with_nothing_to_show_has_no_cells():
    assert without_absent([words("Truth"), code(TRUTH), words("An interval may miss it.")]) == []


def test_words_behind_an_answer_and_code_without_output_are_kept():
    section = [words("One?"), code(FULL), words("Mind it."), words("Two."), code(), words("End.")]

    assert sources(without_absent(section)) == sources(section)


@pytest.mark.parametrize(
    ("thing", "nothing"),
    [(EMPTY, True), (WORDS, True), (TRUTH, True), (FULL, False), (BLOCKED, False)],
    ids=["empty table", "words for a figure", "no truth", "table with that note", "blocked"],
)
def test_only_what_a_study_cannot_have_counts_as_absent(thing, nothing):
    # A comparison that is blocked is a finding, and a reader must see it.
    assert is_absent(output(thing)) is nothing
