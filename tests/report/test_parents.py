"""Every printed number leads to what it estimates, to its denominator and to its row."""

import json

import pytest
from bs4 import BeautifulSoup

from azaanalysis.display import (
    draw_incidence,
    draw_rates,
    tabulate_beside,
    tabulate_estimate,
    tabulate_protocol,
)
from azaanalysis.display.source import METADATA
from azaanalysis.report.store import _forget_sources
from tests.display import builders
from tests.report.builders import STUDY, executed_notebook, write_small_report


def read(folder, name):
    return BeautifulSoup((folder / name).read_text("utf-8"), "html.parser")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    rates, curves = builders.rates(), builders.curves()
    shown = [
        tabulate_estimate(rates),
        draw_rates(rates),
        tabulate_estimate(curves.at([90, 180])),
        draw_incidence(curves),
        tabulate_beside({"Once": rates, "Again": rates}),
        tabulate_protocol([("Population", "Adults")]),
    ]
    return write_small_report(
        tmp_path_factory.mktemp("parents") / "out",
        shown=shown,
        estimates={"rates": rates, "risk": curves},
        study=STUDY + "show: {at_days: [90, 180]}\n",
    )


@pytest.fixture
def without_paper(monkeypatch):
    """No PDF: it takes most of the time, and nothing here reads it."""
    monkeypatch.setattr("azaanalysis.report.site.find_obstacle", lambda: "not asked for")


@pytest.fixture(scope="module")
def page(folder):
    return read(folder, "04_discontinuation.html")


@pytest.fixture(scope="module")
def printed(folder):
    (of_page,) = json.loads((folder / "results.json").read_text("utf-8"))["printed"]
    return of_page


def rows_of(folder, printed):
    """The printed rows by number, with named cells."""
    columns = json.loads((folder / "results.json").read_text("utf-8"))["columns"]
    return {
        number: dict(zip(columns, cells, strict=True))
        for group in printed["results"]
        for number, *cells in group["rows"]
    }


def test_each_value_leads_to_a_row_with_all_its_digits(folder, page, printed):
    rows, results = rows_of(folder, printed), read(folder, "results.html")
    links = page.select("#table-1 a.parent")
    assert len(links) == len(page.select("#table-1 tbody tr"))

    for link in links:
        address, anchor = link["href"].split("#")
        line = results.find(id=anchor)
        cells = rows[int(line.th.text)]
        assert address == "results.html"
        assert link.text == f"{cells['value']:.1f}"
        assert f"{cells['value']:,}" in [cell.text for cell in line.find_all("td")]


def test_hovering_says_what_it_is_and_of_how_many(page, folder, printed):
    first = page.select_one("#table-1 tbody tr")
    cells = rows_of(folder, printed)[1]

    assert first["title"] == first.a["title"]
    assert first["title"].startswith("Rate: ")
    assert f"{cells['patients']:,} patients" in first["title"]
    assert f"{cells['events']:,} events" in first["title"]
    assert first["title"].endswith("Result 1.")


def test_columns_side_by_side_lead_each_to_its_own_estimate(page):
    line = page.select_one("#table-3 tbody tr")

    assert [link["href"] for link in line.select("a.parent")] == [
        "results.html#04_discontinuation-r1"
    ] * 2
    assert "title" not in line.attrs
    assert len([cell for cell in line.find_all("td") if cell.get("title")]) == 4


def test_what_is_printed_twice_has_one_row(printed):
    by_place = {one["place"]: one["results"] for one in printed["shown"] if "results" in one}
    rates = [number for (number,) in by_place["table-1"]]

    assert by_place["figure-1"] == [rates]
    assert by_place["table-3"] == [[number, number] for number in rates]


def test_a_curve_is_found_under_the_estimate_that_was_written(printed):
    names = {group["estimate"] for group in printed["results"]}

    assert names == {"rates", "risk"}
    assert not [group for group in printed["results"] if "about" in group]


def test_what_nobody_wrote_says_itself_what_it_is_about(tmp_path, without_paper):
    rates = builders.rates()
    folder = write_small_report(tmp_path / "out", shown=[tabulate_estimate(rates)])
    (of_page,) = json.loads((folder / "results.json").read_text("utf-8"))["printed"]

    (group,) = of_page["results"]
    assert group["estimate"] == ""
    assert group["about"]["level"] == rates.about.get("level", group["about"]["level"])
    assert "In no file of its own." in read(folder, "results.html").text


def test_a_table_without_estimates_is_in_the_results_cell_by_cell(printed, folder):
    protocol = next(one for one in printed["shown"] if one["place"] == "table-4")

    assert protocol["cells"] == [["Population", "Adults"]]
    assert protocol["basis"] in read(folder, "results.html").find(
        id="04_discontinuation-table-4"
    ).get_text(" ")


def test_every_link_between_pages_arrives(folder):
    pages = {path.name: read(folder, path.name) for path in folder.glob("*.html")}
    for name, page in pages.items():
        for link in page.select("a[href*='#']"):
            address, anchor = link["href"].split("#")
            assert pages[address or name].find(id=anchor), (name, link["href"])


def test_the_answer_of_the_summary_leads_to_the_same_page(folder, printed):
    links = read(folder, "index.html").select("#answer-04_discontinuation a.parent")
    answer = next(one for one in printed["shown"] if one["place"] == "summary")

    assert [link["href"] for link in links] == [
        f"results.html#04_discontinuation-r{number}" for (number,) in answer["results"]
    ]
    assert "at the start" in links[0]["title"]


def test_a_notebook_is_stored_without_what_stands_behind_its_tables():
    notebook = executed_notebook([tabulate_estimate(builders.rates())])
    assert METADATA in notebook.cells[2].outputs[0].metadata

    _forget_sources(notebook)

    assert notebook.cells[2].outputs[0].metadata == {}


def test_masked_numbers_do_not_come_back_through_the_results(tmp_path, without_paper):
    frame = builders.rates().frame.assign(events=3)
    few = type(builders.rates())(frame, {**builders.rates().about, "smallest_count": 5})
    folder = write_small_report(
        tmp_path / "out", shown=[tabulate_estimate(few), draw_rates(few)], estimates={"rates": few}
    )
    (of_page,) = json.loads((folder / "results.json").read_text("utf-8"))["printed"]

    for cells in rows_of(folder, of_page).values():
        assert [cells[name] for name in ("value", "lower", "upper", "events")] == [None] * 4
