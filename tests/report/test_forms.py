"""The same report on paper, in Word and in a spreadsheet; hostile words stay words everywhere."""

import builtins
import csv
import re
import subprocess

import nbformat
import pytest
from bs4 import BeautifulSoup
from docx import Document

from azaanalysis.display import draw_rates, tabulate_estimate
from azaanalysis.display.table import Column, Table
from azaanalysis.report.page import read_page
from azaanalysis.report.paper import _TABLE, _name_size, _width_of, find_obstacle
from azaanalysis.report.site import _with_main
from azaanalysis.report.tables import read_table
from azaanalysis.report.word import write_word
from azaanalysis.study import load_study
from tests.display import builders
from tests.report.builders import STUDY, executed_notebook, write_small_report, write_study

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><b>bold</b>',
    "=cmd|'/c calc'!A1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "＝1+1",
    "&amp; {{ 7*7 }} {% raw %}",
    "\u202eevil\u202c",
    "דלקת מפרקים",
    "التهاب القولون",
    "x" * 300,
    "null\x00byte\ufffe\uffff",
    "javascript:alert(1)",
)
TABLE = Table(
    "Names <i>from</i> the data",
    (Column("=Name", is_number=False), Column("Count", group="<u>All</u>")),
    tuple((name, "31") for name in HOSTILE),
    groups=tuple("<em>first</em>" if i < 4 else "second" for i in range(len(HOSTILE))),
    footnotes=("A <note>.", "Another."),
)
HOSTILE_STUDY = STUDY.replace(
    "title: Azathioprine & <anti-TNF> in colitis",
    "title: '<script>alert(2)</script> =1+1 \"&\" colitis'",
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    return write_small_report(
        tmp_path_factory.mktemp("hostile") / "out",
        shown=[TABLE, draw_rates(builders.rates())],
        estimates={"rates": builders.rates()},
        study=HOSTILE_STUDY,
    )


def expected():
    return [row[0] for row in TABLE.rows]


def paper_text(folder, tool="pdftotext", *options):
    paper = str(folder / "report.pdf")
    command = [tool, "-layout", paper, "-"] if tool == "pdftotext" else [tool, *options, paper]
    try:
        found = subprocess.run(command, capture_output=True, check=True)
    except FileNotFoundError:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    return found.stdout.decode()


def test_a_table_is_the_same_after_a_page_has_shown_it():
    assert read_table(TABLE.to_html()) == TABLE
    rates = tabulate_estimate(builders.rates())
    assert read_table(rates.to_html()) == rates


def test_hostile_words_are_text_on_the_pages(hostile):
    for path in hostile.glob("*.html"):
        soup = BeautifulSoup(path.read_text("utf-8"), "html.parser")
        assert not soup.find_all(["script", "iframe", "object", "embed", "form", "em", "u", "i"])
        assert not [a for tag in soup.find_all() for a in tag.attrs if a.startswith("on")]
        assert not soup.find_all("img", src="x")
    page = BeautifulSoup((hostile / "04_discontinuation.html").read_text("utf-8"), "html.parser")
    shown = [cell.get_text() for cell in page.select("tbody th[scope=row]")]
    assert shown == expected()
    assert "<script>alert(2)</script>" in page.title.get_text()


def test_hostile_words_are_no_formula_in_a_spreadsheet(hostile):
    for path in hostile.rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                for cell in row:
                    is_number = re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell)
                    assert is_number or not re.match(r"\s*[=+\-@＝＋－＠]", cell), (path.name, cell)
    text = (hostile / "04_discontinuation" / "table_1.csv").read_text("utf-8")
    assert "'=cmd" in text
    assert "'＝1+1" in text


def test_hostile_words_are_text_in_word(hostile):
    document = Document(str(hostile / "tables.docx"))
    (table,) = document.tables
    cells = [row.cells[0].text for row in table.rows]
    xml = document.element.xml

    assert [cell for cell in cells if cell in expected()] == expected()
    assert "w:fldSimple" not in xml
    assert "w:hyperlink" not in xml
    assert document.core_properties.title.startswith("<script>alert(2)")
    assert "Table 1. Names <i>from</i> the data" in [p.text for p in document.paragraphs]


def test_the_heading_of_a_word_table_is_marked_as_one(hostile):
    table = Document(str(hostile / "tables.docx")).tables[0]

    marked = [row for row in table.rows if "w:tblHeader" in row._tr.xml]
    assert len(marked) == 2  # the group of columns, and the columns
    assert all("w:cantSplit" in row._tr.xml for row in table.rows)


@pytest.mark.skipif(bool(find_obstacle()), reason="Pango is not installed")
def test_hostile_words_are_text_on_paper(hostile):
    text = re.sub(r"\s+", "", paper_text(hostile))

    for name in HOSTILE[:9]:
        assert re.sub(r"\s+", "", name) in text
    assert "x" * 30 in text
    assert text.count("x") >= 300  # the whole word, though it is wider than its column


@pytest.mark.skipif(bool(find_obstacle()), reason="Pango is not installed")
def test_the_paper_has_cover_contents_with_page_numbers_running_titles_and_tags(hostile):
    pages = paper_text(hostile).split("\f")
    about = paper_text(hostile, "pdfinfo")

    assert "Data cut" in pages[0]
    assert "These patients are invented" in pages[0]
    listed = dict(re.findall(r"^\s*(Summary|Methods|Manifest)\b.*?(\d+)\s*$", pages[1], re.M))
    for chapter, number in listed.items():
        assert chapter in pages[int(number) - 1].splitlines()[0]
    assert set(listed) == {"Summary", "Methods", "Manifest"}
    assert f"2 of {len(pages) - 1}" in pages[1]
    assert re.search(r"Tagged: +yes", about)
    assert re.search(r"JavaScript: +no", about)
    assert "pdfuaid:part" in paper_text(hostile, "pdfinfo", "-meta")


def test_without_the_system_library_the_pages_are_finished_and_one_sentence_says_why(
    tmp_path, monkeypatch
):
    real_import = builtins.__import__

    def broken(name, *rest, **more):
        if name.split(".")[0] == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real_import(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", broken)
    said = []
    folder = write_small_report(tmp_path / "out", shown=[TABLE], tell=said.append)

    assert len(said) == 1
    assert "apt-get install libpango-1.0-0" in said[0]
    assert "libpango-1.0-0'" not in said[0]
    assert not (folder / "report.pdf").exists()
    assert "report.pdf" not in (folder / "index.html").read_text("utf-8")
    assert (folder / "tables.docx").is_file()


def test_a_report_without_paper_does_not_speak_of_one(tmp_path):
    said = []
    folder = write_small_report(tmp_path / "out", shown=[TABLE], tell=said.append, paper=False)

    assert said == []
    assert not (folder / "report.pdf").exists()
    assert "report.pdf" not in (folder / "index.html").read_text("utf-8")


def test_every_table_of_a_page_is_a_csv_with_its_number(tmp_path):
    tables = [TABLE, tabulate_estimate(builders.rates())]
    folder = write_small_report(tmp_path / "out", shown=tables) / "04_discontinuation"

    assert sorted(path.name for path in folder.glob("*.csv")) == ["table_1.csv", "table_2.csv"]
    assert (folder / "table_2.csv").read_text("utf-8") == tables[1].to_csv()


def test_word_holds_the_main_tables_unless_all_are_wished(tmp_path):
    one = Table("In the estimate", (Column("A"),), (("1",),))
    notebook = executed_notebook([one])
    again = executed_notebook([one]).cells[2]
    notebook.cells += [nbformat.v4.new_markdown_cell("## Sensitivity"), again]
    page = read_page(notebook, name="04_x")

    assert page.main_tables == (1,)
    assert _with_main(page, True).main_tables == (1, 2)
    for shown, n_tables in ((page, 1), (_with_main(page, True), 2)):
        path = write_word([shown], tmp_path / "t.docx", study=load_study(write_study(tmp_path)))
        assert len(Document(str(path)).tables) == n_tables


def test_words_are_as_wide_as_their_font_says():
    # DejaVu Sans: every digit is 1303 of 2048 units wide, in bold 1425.
    assert _width_of("42", False) == pytest.approx(2 * 1303 / 2048)
    assert _width_of("42", True) == pytest.approx(2 * 1425 / 2048)


@pytest.mark.parametrize(
    ("columns", "rows", "sizes"),
    [(4, 3, "short"), (4, 40, ""), (11, 40, "many"), (12, 3, "many most short")],
)
def test_a_table_on_paper_is_set_by_its_size(columns, rows, sizes):
    cells = tuple(tuple(f"{n}" for n in range(columns)) for _ in range(rows))
    html = Table("Many", tuple(Column(f"c{n}") for n in range(columns)), cells).to_html()

    # A page may write the attributes of a heading in any order.
    turned = re.sub(r'<th (scope="col") (class="[^"]*")', r"<th \2 \1", html)

    sized = _TABLE.sub(_name_size, turned)

    assert turned != html
    assert f'<table class="{" ".join(["aza-table", *sizes.split()])}">' in sized
    assert read_table(sized).rows == cells
