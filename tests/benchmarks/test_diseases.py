"""The table of notebooks and studies counts what notebooks show, and keeps one run of each."""

import nbformat
import pandas as pd

from benchmarks import diseases


def shown(text, **kinds):
    cell = nbformat.v4.new_code_cell("shown")
    data = {"text/plain": text, **{kind.replace("_", "/"): "<table>" for kind in kinds}}
    cell.outputs = [nbformat.v4.new_output("execute_result", data, execution_count=1)]
    return cell


def test_truths_tables_and_figures_are_counted_over_all_cells():
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        shown("The interval holds the truth in 9 of 10 rows.", text_html=True),
        shown("The interval holds the truth in 1,001 of 1,100 rows.", text_html=True),
        shown("A figure.", image_png=True),
    ]
    assert diseases._count(notebook) == (1110, 1010, 2, 1)


def test_a_later_run_takes_the_place_of_the_earlier_and_the_page_tells_all(tmp_path, monkeypatch):
    monkeypatch.setattr(diseases, "RUNS", tmp_path / "runs.csv")
    monkeypatch.setattr(diseases, "PAGE", tmp_path / "page.md")
    for seconds in (50.0, 7.0):
        diseases._keep(diseases.Run("lupus", "02_time", 90.0, seconds, 12, 11, 5, 2, ""))
    diseases._keep(diseases.Run("sanad", "04_stop", 3.0, 2.0, 0, 0, 5, 2, "no endpoint"))
    diseases._write_page(pd.read_csv(diseases.RUNS))

    table = diseases.PAGE.read_text(encoding="utf-8").splitlines()[-4:]
    assert table == [
        "| notebook | lupus | sanad |",
        "| --- | --- | --- |",
        "| 02_time | 7 s, 11 of 12 | – |",
        "| 04_stop | – | fails |",
    ]
