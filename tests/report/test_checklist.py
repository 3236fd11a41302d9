"""The checklist: every item is answered by what the report holds, and by nothing else."""

import pytest
from bs4 import BeautifulSoup

from azaanalysis.display.table import Column, Table
from azaanalysis.report.checklist import ITEMS, Evidence, count_answers, fill_checklist
from azaanalysis.report.page import Page
from azaanalysis.result import COLUMNS
from tests.builders import comparison, study
from tests.display import builders
from tests.report.builders import write_small_report

WORDS = {"population": {"described_as": "adults"}, "limits": ["As observed."]}
FLOW = Table("Flow", (Column("Step"), Column("Left because")), (("in the data", ""),))
BASELINE = Table("Table one", (Column("Characteristic"), Column("n")), (("age", "40"),))


def entry(estimate, **about):
    rows = estimate.frame.astype(object).where(estimate.frame.notna(), None).to_numpy().tolist()
    shared = {"interval": "none", "study": "a", "base_study": "a", **about}
    return {"notebook": "04_x", "estimate": "one", "about": shared, "rows": rows}


def evidence(**changes):
    """A report that answers everything that a report can answer."""
    rates = builders.rates()
    years = type(rates)(rates.frame.assign(patient_years=None), {})
    parts = {
        "study": study(**WORDS),
        "tables": (FLOW, BASELINE),
        "estimates": [
            entry(years),
            entry(builders.hazard_ratios()),
            entry(rates.only(quantity="none"), weighting="overlap"),
            entry(rates.only(quantity="none"), interval="sampling"),
            entry(rates.only(quantity="none"), study="b"),
            entry(type(rates)(rates.frame.assign(value=None), {})),
        ],
        "manifest": {
            "smallest_count_shown": 5,
            "cohort_fingerprint": "c0ffee",
            "versions": {"python": "3.11"},
        },
        **changes,
    }
    page = Page("04_x", "Who stops?", tables=parts["tables"])
    record = {"columns": list(COLUMNS), "estimates": parts["estimates"]}
    return Evidence(parts["study"], (page,), record, parts["manifest"])


def unanswered(given):
    return [answer.item.expects for answer in fill_checklist(given) if answer.place is None]


NEVER = "Funding, ethics and registration are stated"


def without(place):
    full = evidence().record["estimates"]
    return {"estimates": [e for i, e in enumerate(full) if i != place]}


def manifest(**changes):
    return {"manifest": {**evidence().manifest, **changes}}


@pytest.mark.parametrize(
    ("removed", "start"),
    [
        ({"study": study(limits=["As observed."])}, "Eligibility"),
        ({"study": study(**WORDS, comparison=comparison(washout_days=0))}, "New users"),
        ({"study": study(population=WORDS["population"])}, "Limits"),
        ({"tables": (BASELINE,)}, "The numbers at each stage"),
        ({"tables": (FLOW,)}, "Patients at time zero"),
        (without(0), "Absolute results"),
        (without(1), "Relative results"),
        (without(2), "Confounding"),
        (without(3), "Each interval"),
        (without(4), "Assumptions"),
        (without(5), "Time at risk"),
        (manifest(smallest_count_shown=1), "Small counts"),
        (manifest(cohort_fingerprint=""), "Code, versions and data"),
    ],
)
def test_removing_an_element_makes_its_item_fail_and_no_other(removed, start):
    assert unanswered(evidence()) == [NEVER]

    (lost,) = set(unanswered(evidence(**removed))) - {NEVER}
    assert lost.startswith(start)


def test_a_source_without_a_name_is_not_a_named_source():
    nameless = study(**WORDS, source={"folder": "here"})
    named = study(**WORDS, source={"folder": "here", "name": "Registry"})

    assert unanswered(evidence(study=nameless)) == ["The source of the data is named", NEVER]
    assert unanswered(evidence(study=named)) == [NEVER]


def test_every_place_that_a_filled_checklist_names_is_there(tmp_path):
    rates = builders.rates(endpoint="discontinuation").with_about(cohort="c0ffee")
    folder = write_small_report(
        tmp_path / "out", shown=[FLOW, BASELINE], estimates={"rates": rates}
    )
    page = BeautifulSoup((folder / "checklist.html").read_text("utf-8"), "html.parser")

    links = [a["href"] for a in page.main.table.find_all("a")]
    assert len(links) >= 10
    for link in links:
        name, _, anchor = link.partition("#")
        target = BeautifulSoup((folder / name).read_text("utf-8"), "html.parser")
        assert not anchor or target.find(id=anchor), link
    assert "Not done: every estimate of this report compares the arms as observed." in page.text


def test_the_counts_are_those_of_the_rows():
    answers = fill_checklist(evidence())
    counts = {standard: (done, total) for standard, done, total in count_answers(answers)}

    for standard, (done, total) in counts.items():
        assert total == sum(standard in item.asked_by for item in ITEMS)
        assert done == total - 1  # funding


def test_an_item_is_asked_by_somebody_and_has_a_reason():
    for item in ITEMS:
        assert item.asked_by
        assert item.reason
