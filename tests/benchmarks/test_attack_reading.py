"""What the attacker reads: each kind of file, and small counts that are simply stated."""

import io
import zipfile

import pytest

from benchmarks.attack_files import Sheet, Text, read_files
from benchmarks.attack_words import find_stated, read_tips

PAGE = """<html><body><p>Of them 3 patients died.</p>
<table><thead><tr><th></th><th colspan="2">All</th></tr><tr><th>Arm</th><th>Patients</th>
<th>Events</th></tr></thead><tbody><tr><th scope="rowgroup" colspan="3">Women</th></tr>
<tr><th>New</th><td>40</td><td title="hidden words">4</td></tr></tbody></table></body></html>"""
DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" aria-label="2 of 30 left">
<text x="1" y="2">7</text>
</svg>"""


def _zipped(name, content):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def test_pages_archives_and_data_are_read_with_their_attributes(tmp_path):
    (tmp_path / "01_a.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "figures.zip").write_bytes(_zipped("01_a/figure_1.svg", DRAWING))
    (tmp_path / "results.json").write_text('{"notes": ["4 women"]}', encoding="utf-8")

    sheets, texts = read_files(tmp_path)

    assert sheets[0].rows == (
        {"Group": "Women", "Arm": "New", "All Patients": "40", "All Events": "4"},
    )
    said = {(text.kind, text.words) for text in texts}
    assert {("title", "hidden words"), ("aria-label", "2 of 30 left"), ("json", "4 women")} <= said
    assert len(list(find_stated(sheets, texts, 5))) == 4


@pytest.mark.parametrize(
    ("words", "is_told"),
    [
        ("Of them 3 patients died.", True),
        ("fewer than 3 patients", False),
        ("13 patients, 4 patient-years", False),
        ("3 of 12 items", False),
        ("2 / 40", True),
        ("12.3 events", False),
    ],
)
def test_a_small_count_of_people_is_told_from_other_small_numbers(words, is_told):
    found = list(find_stated([], [Text("page", "p", words)], 5))

    assert bool(found) is is_told


def test_a_small_cell_under_a_heading_of_counts_is_told():
    sheet = Sheet("table", "01_a", ({"Arm": "New", "Events": "4", "Day": "3"},))

    assert len(list(find_stated([sheet], [], 5))) == 1


def test_the_words_over_a_number_give_its_counts():
    words = "Cumulative incidence: infection, death, anti-TNF, day 90. 31 patients at risk that day"
    tip = Text("01_a.html", "title", f"{words}, 15 events, 50 patient-years. Result 12.")

    facts = {(f.what, f.cause, f.day, f.low) for f in read_tips([tip])}

    assert facts == {("at_risk", "", 90.0, 31.0), ("events", "death", 90.0, 15.0)}
