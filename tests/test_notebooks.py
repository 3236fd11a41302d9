"""Notebooks tell, the package does: the rules of the house, read from the files."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("[0-9]*.ipynb"))
SECTIONS = ["Setup", "Cohort", "Design", "Balance", "Estimate", "Sensitivity", "Reading"]
SECTIONS += ["Truth", "Provenance"]
# What a notebook may import, and methods that would wrangle rows.
ALLOWED_IMPORTS = {"azaanalysis"}
WRANGLING = {
    "agg", "apply", "assign", "concat", "drop", "dropna", "eval", "fillna", "groupby", "iloc",
    "join", "loc", "map", "melt", "merge", "pipe", "pivot", "pivot_table", "query", "rename",
    "replace", "reset_index", "set_index", "sort_values", "stack", "to_csv", "transform",
    "unstack",
}  # fmt: skip


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def trees(path):
    return [ast.parse(cell.source) for cell in code_cells(path)]


def lines_of(cell):
    return [line for line in cell.source.splitlines() if line.strip()]


def is_value(cell):
    """Tell whether a cell ends in an expression, whose value it shows."""
    return isinstance(ast.parse(cell.source).body[-1], ast.Expr)


each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def test_the_four_questions_are_there():
    names = [path.stem for path in NOTEBOOKS]
    for name in ["01_cohort", "02_time_to_response", "03_infection_rates", "04_discontinuation"]:
        assert name in names


@each
def test_every_value_has_a_stored_output_for_nbval_to_compare(path):
    empty = [cell.source for cell in code_cells(path) if is_value(cell) and not cell.outputs]
    assert not empty


@each
def test_stored_outputs_are_values_without_warnings_or_errors(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            assert output.output_type in ("execute_result", "display_data"), cell.source
            assert "text/plain" in output.data


@each
def test_every_figure_has_alternative_text_built_from_numbers(path):
    figures = 0
    for cell in code_cells(path):
        for output in cell.outputs:
            picture = output.data.get("image/svg+xml") or output.data.get("image/png")
            if picture is None:
                continue
            figures += 1
            caption, _, alternative = output.data["text/plain"].partition("\n")
            assert caption.strip()
            assert re.search(r"\d", alternative), cell.source
            assert len(alternative.split()) >= 12, cell.source
    assert figures or path.stem == "00_synthetic_cohort"


@each
def test_a_figure_stands_after_a_table(path):
    kinds = [
        next(iter(word for word in ("draw_", "tabulate_") if word in lines_of(cell)[-1]), "")
        for cell in code_cells(path)
    ]
    first_drawn = [n for n, kind in enumerate(kinds) if kind == "draw_" and kinds[n - 1] != "draw_"]
    assert all(kinds[number - 1] == "tabulate_" for number in first_drawn)


@each
def test_nothing_is_defined_looped_or_caught(path):
    forbidden = (
        ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.Try, ast.With,
        ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp, ast.Global,
    )  # fmt: skip
    found = [
        type(n).__name__ for tree in trees(path) for n in ast.walk(tree) if isinstance(n, forbidden)
    ]
    assert not found


@each
def test_no_rows_are_wrangled(path):
    for tree in trees(path):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                assert node.attr not in WRANGLING
            assert not isinstance(node, ast.Subscript)


@each
def test_only_the_package_is_imported(path):
    for tree in trees(path):
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert node.module.split(".")[0] in ALLOWED_IMPORTS
            assert not isinstance(node, ast.Import)


@each
def test_the_only_parameter_is_the_study(path):
    tagged = [c.source for c in code_cells(path) if "parameters" in c.metadata.get("tags", [])]
    assert tagged == ['STUDY = "study.yml"']


@each
def test_cells_are_short_and_never_more_than_two_in_a_row(path):
    in_a_row = 0
    for cell in read(path).cells:
        in_a_row = in_a_row + 1 if cell.cell_type == "code" else 0
        assert in_a_row <= 2, cell.source
        if cell.cell_type == "code":
            assert len(lines_of(cell)) <= 12, cell.source


@each
def test_there_are_five_words_of_prose_for_each_line_of_code(path):
    words = sum(len(c.source.split()) for c in read(path).cells if c.cell_type == "markdown")
    code = sum(len(lines_of(cell)) for cell in code_cells(path))
    assert words >= 5 * code


@each
def test_sections_stand_in_the_order_of_the_house(path):
    prose = "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")
    found = [name for name in re.findall(r"^## (.+)$", prose, re.M) if name in SECTIONS]
    assert found == [name for name in SECTIONS if name in found]
    assert {"Setup", "Cohort", "Design", "Reading", "Provenance"} <= set(found)
    assert prose.count("\n# ") + prose.startswith("# ") == 1


@each
def test_no_result_is_typed_into_prose(path):
    prose = "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")
    numbers = re.findall(r"\d+(?:\.\d+)?\s*%|\d+\.\d+|\b\d{2,}\b", prose)
    # The customary mark for a standardised difference is not a result.
    assert set(numbers) <= {"0.1"}


@each
def test_stored_intervals_hold_the_truth_in_nine_of_ten_rows(path):
    texts = [o.data["text/plain"] for c in code_cells(path) for o in c.outputs]
    found = re.findall(r"The interval holds the truth in ([\d,]+) of ([\d,]+) rows", "".join(texts))
    for held, rows in found:
        assert int(held.replace(",", "")) >= 0.9 * int(rows.replace(",", ""))
    asks = any("with_truth(" in cell.source for cell in code_cells(path))
    assert bool(found) == asks


@each
def test_an_endpoint_that_a_notebook_needs_is_named_for_the_report(path):
    asked = set(re.findall(r'endpoint="(\w+)"', "\n".join(c.source for c in code_cells(path))))
    assert read(path).metadata["azaanalysis"].get("endpoint") in asked or not asked


@each
def test_no_cell_prints_or_shows_a_path_of_this_machine(path):
    text = path.read_text(encoding="utf-8")
    assert "print(" not in text
    assert not re.search(r"/(home|root|Users|tmp|work)/", text)
