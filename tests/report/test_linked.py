"""Small counts that follow from two parts of a report, or from two reports."""

import json

import pytest

from azaanalysis.display import tabulate_estimate
from azaanalysis.display.table import Column, Table
from azaanalysis.errors import ReportError
from azaanalysis.report.linked import Link, find_links, refuse_beside, withholding
from azaanalysis.report.site import write_report
from azaanalysis.result import COLUMNS, Estimate
from azaanalysis.small_counts import withheld_arms
from tests.report.builders import STUDY, write_notebook, write_study

REAL = STUDY.replace("synthetic: {patients: 50, seed: 1}", "folder: nowhere")


def _row(endpoint, arm, *, patients=None, events=None, day=None, cause=""):
    row = dict.fromkeys(COLUMNS)
    row |= {"endpoint": endpoint, "arm": arm, "versus": "", "quantity": "risk", "cause": cause}
    row |= {"patients": patients, "events": events, "at_days": day}
    return [row[column] for column in COLUMNS]


def _record(*rows, cohort="a", kinds=("infection", "infection", "response"), k=5):
    names = ("any", "serious", "answer")
    endpoints = {name: {"kind": kind} for name, kind in zip(names, kinds, strict=True)}
    entries = [
        {"notebook": f"n_{row[0]}", "estimate": "risk", "about": {"study": "s"}, "rows": [row]}
        for row in rows
    ]
    return {
        "settings": {"endpoints": endpoints, "source": {"smallest_count": k}},
        "smallest_count": k,
        "cohort_fingerprint": cohort,
        "columns": list(COLUMNS),
        "estimates": entries,
    }


def _found(record, tables=None):
    return [(link.endpoint, link.arm) for link in find_links(record, tables or {})]


def test_serious_infections_less_all_infections_are_the_mild_ones():
    rows = (_row("any", "a", events=35, day=365.0), _row("serious", "a", events=33, day=365.0))

    assert _found(_record(*rows)) == [("serious", "a")]


def test_events_of_endpoints_of_another_kind_hold_nobody_in_common():
    rows = (_row("any", "a", events=35, day=365.0), _row("answer", "a", events=33, day=365.0))

    assert _found(_record(*rows)) == []


def test_two_sizes_of_one_arm_tell_how_many_were_left_out():
    rows = (_row("any", "a", patients=150), _row("answer", "a", patients=148))

    assert _found(_record(*rows)) == [("answer", "a")]


def test_a_count_between_two_equal_ones_is_known_as_well():
    rows = (
        _row("any", "a", events=20, day=100.0),
        _row("any", "a", events=20, day=200.0),
        _row("serious", "a", events=18, day=150.0),
    )

    assert _found(_record(*rows)) == [("serious", "a")]


def test_levels_of_two_baseline_tables_are_subtracted():
    def table(n):
        columns = (Column("Characteristic", is_number=False), Column("A (n = 150)"))
        return Table("The arms", columns, (("Female", f"{n} (50.0%)"),), ("Sex, n (%)",))

    rows = (_row("any", "a", patients=150), _row("answer", "a", patients=100))
    tables = {"n_any": [table(80)], "n_answer": [table(77)]}

    assert _found(_record(*rows), tables) == [("answer", "a")]


def test_nothing_is_compared_where_everything_may_be_shown():
    rows = (_row("any", "a", patients=150), _row("answer", "a", patients=148))

    assert _found(_record(*rows, k=1)) == []


def test_a_second_cut_with_three_patients_more_is_refused_in_a_sentence():
    old = _record(_row("any", "a", patients=150))
    new = _record(_row("any", "a", patients=153), cohort="b")

    with pytest.raises(ReportError, match=r"earlier report in march .* below 5.*any: a"):
        refuse_beside(new, old, name="march")


def test_a_second_cut_with_many_patients_more_and_the_same_cut_twice_pass():
    old = _record(_row("any", "a", patients=150))

    refuse_beside(_record(_row("any", "a", patients=190), cohort="b"), old, name="march")
    refuse_beside(_record(_row("any", "a", patients=150)), old, name="march")


def test_of_a_withheld_arm_a_table_shows_nothing_and_of_the_others_everything():
    rows = [
        {"endpoint": "serious", "arm": arm, "quantity": "rate", "value": 9.0, "patients": 90,
         "events": 30, "patient_years": 80.0}
        for arm in ("a", "b")
    ]  # fmt: skip
    estimate = Estimate.from_rows(rows, about={"smallest_count": 5, "study": "s"})

    with withholding([Link("serious", "s", "a", "any")]):
        assert withheld_arms("serious", "s") == {"a"}
        cells = tabulate_estimate(estimate).rows

    assert not any(character.isdigit() for character in "".join(cells[0]))
    assert cells[1][1] == "90"
    assert withheld_arms("serious", "s") == frozenset()


def test_a_refused_report_leaves_the_earlier_one_as_it_was(tmp_path):
    study = write_study(tmp_path, REAL)
    first = write_notebook(tmp_path, smallest=5)
    write_report(study, notebooks=[first], folder=tmp_path / "report")
    results = tmp_path / "report" / "results.json"
    record = json.loads(results.read_text())
    place = record["columns"].index("events")
    for entry in record["estimates"]:
        for row in entry["rows"]:
            row[place] = row[place] and row[place] - 2
    record["cohort_fingerprint"] = "an earlier cut"
    results.write_text(json.dumps(record))
    before = {p: p.read_bytes() for p in (tmp_path / "report").rglob("*") if p.is_file()}

    with pytest.raises(ReportError, match="Nothing was published"):
        write_report(study, notebooks=[first], folder=tmp_path / "report")

    after = {p: p.read_bytes() for p in (tmp_path / "report").rglob("*") if p.is_file()}
    assert after == before
    assert not list(tmp_path.glob(".making_*"))
