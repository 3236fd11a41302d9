"""The checklist: every item is answered by what the report holds, and by nothing else."""

import re

import pytest
from bs4 import BeautifulSoup

from azaanalysis.display.table import Column, Table
from azaanalysis.report.checklist import count_answers, fill_checklist
from azaanalysis.report.evidence import ELEMENTS, Evidence
from azaanalysis.report.page import Page
from azaanalysis.report.statements import STATEMENTS
from azaanalysis.result import COLUMNS
from tests.builders import study
from tests.display import builders
from tests.report.builders import write_small_report


def table(caption, *headers, row=""):
    return Table(caption, tuple(Column(h) for h in headers), ((row, *[""] * (len(headers) - 1)),))


TABLES = {
    "loading": table("How the data were read", "Table"),
    "flow": table("Who entered", "Step", "Left because"),
    "baseline": table("Table one", "Characteristic", "n"),
    "missing values": table("Table two", "Value", "n", row="Age, missing, n (%)"),
    "endings": table("Follow-up ended of response", "Arm"),
    "gate": table("Whether each comparison is fair enough to be shown", "Mark"),
}
ROWS = ("Question", "Eligibility", "Reference", "New users", "When another study drug starts")
ROWS += ("Adjustment", "Covariates")
OWN_ROWS = ("Outcome", "Follow-up", "When treatment stops", "Setting kind")
TRIAL_ROWS = ("Eligibility", "Strategies", "Assignment", "Follow-up", "Outcomes", "Contrast")
TRIAL_ROWS += ("Assumptions", "Analysis")
INDEX = '<p id="design">x</p><table class="aza-table"></table><h2 id="limits">Limits</h2>'


def section(name, rows, extra=""):
    cells = "".join(f'<tr><th scope="row">{row}</th></tr>' for row in rows)
    return f'<section id="{name}"><table><tbody>{cells}</tbody></table>{extra}</section>'


def methods():
    arms = '<div id="arms"></div>'
    trial = '<div id="trial"></div>'
    own = section("section-2", OWN_ROWS, '<figure id="design-1"></figure>')
    return section("section-1", ROWS, arms) + section("emulation", TRIAL_ROWS, trial) + own


def entry(estimate, **about):
    rows = estimate.frame.astype(object).where(estimate.frame.notna(), None).to_numpy().tolist()
    shared = {"interval": "none", "study": "a", "base_study": "a", **about}
    return {"notebook": "04_x", "estimate": "one", "about": shared, "rows": rows}


def estimates():
    """Entries by the element that each of them alone provides."""
    rates = builders.rates()
    make = type(rates)
    blank = {"patient_years": None, "events": None, "value": None}

    def only(**kept):
        return make(rates.frame.assign(**{k: v for k, v in blank.items() if k not in kept}), {})

    difference = only(value=1).frame.assign(quantity="rate_difference")
    ratio = only(value=1).frame.assign(quantity="rate_ratio")
    nothing = rates.only(quantity="none")
    return {
        "absolute": entry(only(value=1)),
        "differences": entry(make(difference, {})),
        "relative": entry(make(ratio, {})),
        "events": entry(only(events=1)),
        "time at risk": entry(only(patient_years=1)),
        "weights": entry(nothing, weighting="overlap"),
        "intervals": entry(nothing, interval="sampling"),
        "sensitivity": entry(nothing, study="b"),
        "subgroups": entry(nothing, groups=[["women", "sex", "female"]]),
    }


def evidence(lacking=""):
    """A report that holds every element but one."""
    chapters = {"index": INDEX, "methods": methods(), "conventions": "text"}
    body = 'From the data to the comparison <section class="answer">'
    manifest = {"cohort_fingerprint": "c0ffee", "versions": {"python": "3.11"}}
    manifest |= {"data_from": "2010-01-01", "data_to": "2020-12-31", "smallest_count_shown": 5}
    tables = {name: made for name, made in TABLES.items() if name != lacking}
    if lacking in HTML:
        name, mark = HTML[lacking]
        # A row of an endpoint stands behind one of the same name about the trial.
        place = chapters[name].index if mark in section("", ROWS) else chapters[name].rindex
        before, after = chapters[name][: place(mark)], chapters[name][place(mark) + len(mark) :]
        chapters[name] = before + after
    if lacking.startswith("emulated "):
        part = lacking.removeprefix("emulated ").capitalize()
        before, after = chapters["methods"].split('<section id="emulation">')
        after = after.replace(f'<tr><th scope="row">{part}</th></tr>', "", 1)
        chapters["methods"] = f'{before}<section id="emulation">{after}'
    if lacking == "conventions":
        del chapters["conventions"]
    body = body.replace({"flow diagram": "From the", "reading": "answer"}.get(lacking, "\0"), "")
    manifest |= {"data_to": ""} if lacking == "dates" else {}
    manifest |= {"cohort_fingerprint": ""} if lacking == "origin" else {}
    source = {"folder": "here"} | ({} if lacking == "source" else {"name": "Registry"})
    kept = [one for name, one in estimates().items() if name != lacking]
    page = Page("04_x", "Who stops?", body=body, tables=tuple(tables.values()))
    record = {"columns": list(COLUMNS), "estimates": kept}
    return Evidence(study(source=source), (page,), chapters, record, manifest)


def row(name):
    return "methods", f'<tr><th scope="row">{name}</th></tr>'


HTML = {
    "design": ("index", 'id="design"'),
    "answers": ("index", 'class="aza-table"'),
    "limits": ("index", 'id="limits"'),
    "arms": ("methods", 'id="arms"'),
    "drawing": ("methods", 'id="design-1"'),
    "target trial": ("methods", 'id="trial"'),
    "question": row("Question"),
    "eligibility": row("Eligibility"),
    "reference": row("Reference"),
    "new users": row("New users"),
    "switching": row("When another study drug starts"),
    "adjustment": row("Adjustment"),
    "covariates": row("Covariates"),
    "outcome": row("Outcome"),
    "stopping": row("When treatment stops"),
    "definition": row("Setting kind"),
    "follow-up": row("Follow-up"),
}


def unanswered(given):
    lost = [answer for answer in fill_checklist(given) if answer.place is None]
    return {(a.statement, a.item.number, a.item.asks) for a in lost}


def items_of(element):
    return {
        (statement, item.number, item.asks)
        for statement, items in STATEMENTS.items()
        for item in items
        if item.element == element
    }


def test_a_report_with_every_element_leaves_only_what_the_authors_must_add():
    assert unanswered(evidence()) == items_of("")


@pytest.mark.parametrize("element", list(ELEMENTS))
def test_without_an_element_its_items_fail_and_no_other(element):
    lost = unanswered(evidence(lacking=element)) - items_of("")

    assert lost
    assert lost == items_of(element)


def test_the_numbers_are_those_of_the_statements():
    def numbers(statement):
        return list(dict.fromkeys(item.number for item in STATEMENTS[statement]))

    parts = {"1": "ab", "6": "ab", "12": "abcde", "13": "abc", "14": "abc", "16": "abc"}
    strobe = [f"{n}{p}" for n in range(1, 23) for p in parts.get(str(n), [""])]
    assert numbers("STROBE") == strobe
    parts = {"1": "abc", "7": "abcdefgh"}
    target = [f"{n}{p}" for n in range(1, 22) for p in parts.get(str(n), [""])]
    assert numbers("TARGET") == target
    # 13 items of RECORD, 15 of RECORD-PE.
    own = numbers("RECORD-PE")
    assert (sum(n[-1].isdigit() for n in own), sum(n[-1].isalpha() for n in own)) == (13, 15)


def test_every_item_has_an_element_that_exists_or_a_reason():
    for items in STATEMENTS.values():
        for item in items:
            assert item.element in ELEMENTS or (not item.element and item.reason)
            assert len(item.asks) < 80
            assert not re.search(r"\b[Ii]ndicate\b|\b[Dd]escribe\b", item.asks)


def test_the_counts_are_those_of_the_lines():
    answers = fill_checklist(evidence())
    counts = {statement: (done, total) for statement, done, total in count_answers(answers)}

    for statement, (done, total) in counts.items():
        assert total == len(STATEMENTS[statement])
        assert done == total - sum(not item.element for item in STATEMENTS[statement])


def test_every_place_that_a_filled_checklist_names_is_there(tmp_path):
    rates = builders.rates(endpoint="discontinuation").with_about(cohort="c0ffee")
    shown = [TABLES["flow"], TABLES["baseline"]]
    folder = write_small_report(tmp_path / "out", shown=shown, estimates={"rates": rates})
    page = BeautifulSoup((folder / "checklist.html").read_text("utf-8"), "html.parser")

    links = [a["href"] for a in page.main.select("table a")]
    assert len(links) >= 40
    for link in set(links):
        name, _, anchor = link.partition("#")
        target = BeautifulSoup((folder / name).read_text("utf-8"), "html.parser")
        assert not anchor or target.find(id=anchor), link
    assert "Not done, because every estimate of this report compares the arms" in page.text
