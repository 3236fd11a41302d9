"""Every number of a report is accounted for; one that was changed is not, and is noticed."""

import random
import re
import zipfile

import pytest

from azaanalysis.display import (
    draw_forest,
    draw_incidence,
    draw_rates,
    draw_stacked_incidence,
    tabulate_beside,
    tabulate_estimate,
    tabulate_frame,
)
from azaanalysis.errors import ReportError
from azaanalysis.report.crawler import KINDS, UNACCOUNTED, account_for_numbers
from azaanalysis.report.grounds import Row, numbers_in
from azaanalysis.report.verify import verify_report
from azaanalysis.result import Estimate
from tests.display import builders
from tests.report.builders import STUDY, write_small_report

CAUSES = ("adverse_event", "lack_of_efficacy", "other")


def rate_ratios(ratios):
    """The same numbers as another quantity of the same scale, to stand beside them."""
    return Estimate(ratios.frame.assign(quantity="rate_ratio"), ratios.about)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    curves = builders.curves(causes=CAUSES)
    rates, ratios = builders.rates(), builders.hazard_ratios()
    sizes = rates.frame[["arm", "patients"]]
    shown = [
        tabulate_frame(sizes, caption="Arms"),
        tabulate_estimate(curves.at([90, 180, 365])),
        draw_incidence(curves.only(quantity="survival")),
        draw_stacked_incidence(curves),
        tabulate_estimate(ratios),
        tabulate_beside({"Once": rates, "Again": rates}),
        tabulate_beside({"Hazard": ratios, "Gap of 180 days": rate_ratios(ratios)}),
        draw_forest(ratios),
        draw_rates(rates),
    ]
    return write_small_report(
        tmp_path_factory.mktemp("crawler") / "out",
        shown=shown,
        estimates={"risk": curves, "ratios": ratios, "rates": rates},
        study=STUDY + "show: {at_days: [90, 180, 365]}\n",
    )


@pytest.fixture(scope="module")
def numbers(folder):
    return account_for_numbers(folder)


def test_every_number_of_every_page_is_accounted_for(numbers, folder):
    lost = numbers[numbers["kind"] == UNACCOUNTED]

    assert lost.to_dict("records") == []
    assert set(numbers["kind"]) <= set(KINDS)
    assert set(numbers["page"]) == {path.stem for path in folder.glob("*.html")}


def test_results_are_found_in_tables_figures_summary_and_titles(numbers):
    results = numbers[numbers["kind"] == "result"]

    assert {"table-2", "table-3", "table-4", "figure-1", "figure-2", "figure-3", "figure-4"} <= set(
        results["place"]
    )
    assert len(results) > 500
    assert (numbers[numbers["place"] == "table-1"]["kind"] == "cell").any()
    assert {"row", "summary"} <= set(results["place"])


@pytest.mark.parametrize(
    ("page", "start", "old"),
    [
        ("04_discontinuation", 'id="table-2"', r"(?<=>)\d\d\.\d(?=<)"),
        ("04_discontinuation", 'id="table-2"', r'(?<="number">)\d{3}(?=<)'),
        ("04_discontinuation", 'id="table-1"', r"(?<=>)\d{3}(?=<)"),
        ("04_discontinuation", 'id="figure-1"', r"\d\d\.\d(?=%)"),
        ("04_discontinuation", 'id="table-2"', r"(?<=\. )\d+(?= patients)"),
        ("index", "table-scroll", r"\d\d\.\d"),
        ("results", 'id="04_discontinuation-r1"', r"0\.\d{4,}"),
    ],
    ids=["risk", "count", "cell", "words of a figure", "title", "summary", "row"],
)
def test_a_number_that_is_in_no_result_is_not_accounted_for(folder, page, start, old):
    path = folder / f"{page}.html"
    html = path.read_text("utf-8")
    found = re.compile(old).search(html, html.index(start))
    wrong = re.sub(r"\d", lambda digit: str((int(digit.group()) + 3) % 10), found.group())
    path.write_text(html[: found.start()] + wrong + html[found.end() :], "utf-8")

    numbers = account_for_numbers(folder)
    path.write_text(html, "utf-8")

    lost = numbers[numbers["kind"] == UNACCOUNTED]
    assert wrong.lstrip("0") in {number.lstrip("0") for number in lost["number"]}
    assert set(lost["page"]) == {page}


def test_a_number_is_read_with_its_decimals_and_sign_and_names_are_none():
    text = "−1.50 of 8,202, 20% by day 84. See 02b_response, 3fdebdf5, 99th; 5e-05 (0.3 to 0.7)"

    assert list(numbers_in(text)) == ["−1.50", "8,202", "20", "84", "5e-05", "0.3", "0.7"]


def test_a_number_is_a_result_only_as_it_is_rounded():
    # A risk of 0.12345 is printed as 12.3 or 12.35, never as 12.4; on day 84, which is week 12.
    cells = dict.fromkeys(("lower", "upper", "std_error", "patients", "events", "patient_years"))
    row = Row({**cells, "quantity": "risk", "value": 0.12345, "at_days": 84.0}, frozenset())

    assert [row.prints(n) for n in ("12.3", "12.35", "12", "84")] == [True] * 4
    assert row.prints("12.4") is row.prints("0.12345") is row.prints("85") is False


def test_masked_counts_are_accounted_for_by_their_threshold_only_where_they_are(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("azaanalysis.report.site.find_obstacle", lambda: "not asked for")
    rates = builders.rates()
    few = Estimate(
        rates.frame.assign(events=[3, *rates.frame["events"][1:]]),
        {**rates.about, "smallest_count": 5},
    )
    folder = write_small_report(
        tmp_path / "out", shown=[tabulate_estimate(few), draw_rates(few)], estimates={"rates": few}
    )
    numbers = account_for_numbers(folder)

    assert "&lt;5" in (folder / "04_discontinuation.html").read_text("utf-8")
    assert numbers[numbers["kind"] == UNACCOUNTED].empty
    blank = {"patients": 40, "events": None, "patient_years": None, "at_days": None}
    cells = {**dict.fromkeys(("value", "lower", "upper", "std_error")), **blank}
    row = Row({**cells, "quantity": "rate"}, frozenset(), smallest_count=5)
    assert row.prints("5")
    assert not Row({**row.cells, "events": 9}, frozenset(), smallest_count=5).prints("5")


def places_of_digits(folder):
    """Every digit of every file but the manifest, by file and byte."""
    manifest = folder / "manifest.json"
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != manifest:
            data = path.read_bytes()
            yield from ((path, place) for place, byte in enumerate(data) if 48 <= byte <= 57)


def test_any_digit_that_is_altered_in_any_file_is_detected(folder):
    drawn = random.Random(7)
    places = list(places_of_digits(folder))
    endings = {path.suffix for path, _ in places}
    assert {".html", ".csv", ".json", ".docx", ".parquet"} <= endings
    # Fifty anywhere, which are mostly in the largest pages, and three in a file of each kind.
    chosen = drawn.sample(places, 50)
    for ending in sorted(endings):
        chosen += drawn.sample([p for p in places if p[0].suffix == ending], 3)

    for path, place in chosen:
        before = path.read_bytes()
        digit = bytes([48 + (before[place] - 48 + drawn.randint(1, 9)) % 10])
        path.write_bytes(before[:place] + digit + before[place + 1 :])
        with pytest.raises(ReportError) as caught:
            verify_report(folder)
        path.write_bytes(before)
        name = path.relative_to(folder).as_posix()
        assert f"{name}: it was changed" in str(caught.value)
        assert str(caught.value).count("it was changed") == 1
    verify_report(folder)


def test_a_digit_altered_inside_the_word_file_is_detected(folder):
    path = folder / "tables.docx"
    before = path.read_bytes()
    with zipfile.ZipFile(path) as packed:
        files = {entry: packed.read(entry) for entry in packed.namelist()}
    text = files["word/document.xml"].decode()
    place = re.search(r"(?<=<w:t>)\d", text).start()
    files["word/document.xml"] = (text[:place] + "9" + text[place + 1 :]).encode()
    with zipfile.ZipFile(path, "w") as packed:
        for entry, data in files.items():
            packed.writestr(entry, data)

    with pytest.raises(ReportError, match=r"tables\.docx: it was changed"):
        verify_report(folder)
    path.write_bytes(before)
