"""Tables: spelling of numbers, what is masked, and what hostile words may not do."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from azaanalysis.cohort import LoadingReport
from azaanalysis.display import (
    tabulate_attrition,
    tabulate_baseline,
    tabulate_estimate,
    tabulate_frame,
    tabulate_loading_report,
    tabulate_protocol,
)
from azaanalysis.display.numbers import (
    spell_column,
    spell_days,
    spell_fixed,
    spell_p,
)
from azaanalysis.display.table import Column, Table, guard_formula
from azaanalysis.result import Estimate
from tests.display import builders


def _row(table, *first):
    for row in table.rows:
        if row[: len(first)] == first:
            return row
    raise AssertionError(f"{first} not in {table}")


def test_a_p_value_is_never_zero_and_never_one():
    assert spell_p(0.0) == "<0.001"
    assert spell_p(0.0004) == "<0.001"
    assert spell_p(0.0126) == "0.013"
    assert spell_p(1.0) == ">0.999"


def test_numbers_have_a_real_minus_and_no_minus_zero():
    assert spell_fixed(-1.25, 1) == "−1.2"
    assert spell_fixed(-0.001, 1) == "0.0"
    assert spell_fixed(12345.6, 0) == "12,346"


def test_a_median_that_is_not_reached_is_nr():
    estimate = Estimate.from_rows(
        [
            {"arm": "azathioprine", "quantity": "median_days", "value": 210, "lower": 180,
             "upper": np.inf, "patients": 40, "events": 22},
            {"arm": "anti_tnf", "quantity": "median_days", "value": np.nan, "patients": 40,
             "events": 9},
        ],
        about={"smallest_count": 1},
    )  # fmt: skip

    table = tabulate_estimate(estimate)

    assert _row(table, "Azathioprine")[-2:] == ("210", "180 to NR")
    assert _row(table, "Anti-TNF")[-2] == "NR"
    assert "NR: not reached within the follow-up." in table.footnotes
    assert spell_days(np.nan) == "NR"


def test_a_risk_is_a_percentage_and_a_ratio_has_two_decimals():
    risk = tabulate_estimate(builders.curves().only(quantity="risk").at([182]))
    value = builders.curves().only(quantity="risk").at([182]).frame["value"][0]

    assert risk.columns[-2].header == "Cumulative incidence (%)"
    assert _row(risk, "Azathioprine", "182")[-2] == f"{100 * value:.1f}"
    assert _row(tabulate_estimate(builders.hazard_ratios()), "Anti-TNF")[-2:] == (
        "0.62",
        "0.48 to 0.80",
    )


def test_a_note_says_what_the_limits_contain():
    table = tabulate_estimate(builders.rates())
    headers = [column.header for column in table.columns]

    assert headers[-1] == "95% interval"
    assert "95% interval: sampling only." in table.footnotes
    assert "Rate per 100 patient-years" in headers


def test_columns_that_hold_nothing_are_left_out():
    headers = [column.header for column in tabulate_estimate(builders.rates()).columns]

    assert "Day" not in headers
    assert "Reason" not in headers
    assert "Compared with" not in headers


def test_a_small_count_and_what_was_computed_from_it_are_not_in_the_table():
    table = tabulate_estimate(builders.rates(counts=(31, 3, 0), smallest_count=5))

    assert _row(table, "Anti-TNF") == ("Anti-TNF", "400", "<5", "350", "hidden", "hidden")
    assert _row(table, "JAK inhibitor")[2] == "0"
    assert "<5: from 1 to 4, not shown to protect patients." in table.footnotes


def test_attrition_sets_the_arms_side_by_side():
    table = tabulate_attrition(builders.attrition(), smallest_count=1)

    assert [column.group for column in table.columns][2::2] == [
        "All",
        "Azathioprine",
        "Anti-TNF",
        "JAK inhibitor",
    ]
    assert _row(table, "Eligible")[2:] == (
        "120",
        "9,830",
        "67",
        "5,133",
        "50",
        "3,450",
        "3",
        "1,247",
    )


def test_a_small_number_of_leavers_takes_its_neighbours_with_it():
    table = tabulate_attrition(builders.attrition(small=True))

    # 3,497 remain and <5 left: the 3,500 before would say how many. Of the other arms one
    # must be hidden too, or the total would say it.
    assert _row(table, "Eligible")[6:8] == ("<5", "3,497")
    assert _row(table, "Entered an arm")[7] == "hidden"
    assert _row(table, "Entered an arm")[9] == "hidden"


def test_without_a_stated_threshold_five_is_taken():
    frame = builders.attrition()
    assert "3" not in _row(tabulate_attrition(frame), "Eligible")
    frame.attrs["smallest_count"] = 1
    assert "3" in _row(tabulate_attrition(frame), "Eligible")


def test_baseline_has_units_from_the_column_name_and_missing_as_its_own_line():
    table = tabulate_baseline(builders.baseline(), smallest_count=1)

    assert _row(table, "Age (years), mean (SD)")[1:] == ("41.2 (14.2)", "38.9 (13.1)", "0.17")
    assert _row(table, "Median [Q1, Q3]")[1] == "71.0 [62.0, 83.0]"
    assert _row(table, "Missing, n (%)")[1:] == ("20 (6.7%)", "10 (5.0%)", "")
    assert table.columns[1].header == "Azathioprine (n\u00a0=\u00a0300)"
    assert table.columns[-1] == Column("Anti-TNF", group="SMD v azathioprine")
    assert spell_column("crp_mg_per_l") == "CRP (mg/L)"
    assert spell_column("has_liver_disease") == "Liver disease"


def test_a_rare_level_takes_another_level_with_it():
    table = tabulate_baseline(builders.baseline())

    assert _row(table, "Unknown")[1] == "<5"
    assert _row(table, "Male")[1] == "hidden"
    assert _row(table, "Female")[1] == "160 (53.3%)"


def test_a_truth_that_nearly_everybody_has_is_masked_too():
    frame = builders.baseline()
    nearly_all = frame["covariate"] == "has_liver_disease"
    frame.loc[nearly_all, "n"] = [298, 120]

    table = tabulate_baseline(frame)

    assert _row(table, "Liver disease, n (%)")[1:3] == ("hidden", "120 (4.5%)")


def test_stages_stand_side_by_side():
    before = builders.baseline().assign(stage="before weighting")
    after = builders.baseline().assign(stage="after weighting")
    after["n"] = pd.array([pd.NA] * len(after), dtype="Int64")
    table = tabulate_baseline(pd.concat([before, after]), smallest_count=1)

    assert [c.group for c in table.columns[1:5]] == ["Before weighting"] * 2 + [
        "After weighting"
    ] * 2
    assert _row(table, "Liver disease, n (%)")[1:5] == ("12 (4.0%)", "9 (4.5%)", "4.0%", "4.5%")


def test_protocol_report_and_plain_frame_become_tables():
    protocol = tabulate_protocol([("Question", "Who stops sooner?")])
    sizes = pd.DataFrame(
        [("patients.csv", "patients", 1200, 1190, 10)],
        columns=["file", "table", "rows_read", "rows_kept", "rows_set_aside"],
    )
    notes = pd.DataFrame(
        [("a.csv", "courses", "drug", "resolved", "Imuran", "azathioprine", 7, None)],
        columns=["file", "table", "column", "kind", "found", "read_as", "rows", "reason"],
    )
    report = tabulate_loading_report(LoadingReport(sizes, notes))
    plain = tabulate_frame(pd.DataFrame({"drug": ["x"], "dose_mg": [1.25]}), caption="Doses")

    assert protocol.rows == (("Question", "Who stops sooner?"),)
    assert report.rows[0][3:] == ("1,190 kept, 10 set aside", "1,200")
    assert report.rows[1] == ("courses: drug", "a.csv", "Imuran", "resolved: azathioprine", "7")
    assert plain.rows == (("x", "1.2"),)
    assert plain.columns[1].header == "Dose (mg)"


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "=HYPERLINK(1)",
    "\u202eabc\u202c",
    "x" * 5000,
    "two\nlines",
    "שלום",
    'a|b,"c"',
    "\x00nul",
)


@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_words_change_neither_page_nor_text_nor_spreadsheet(word):
    columns = (Column(word, is_number=False), Column("n", group=word))
    table = Table(word, columns, ((word, "1"),), (word,), (word,))
    page = BeautifulSoup(table.to_html(), "html.parser")

    assert {tag.name for tag in page.find_all()} <= {
        "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "br", "wbr",
    }  # fmt: skip
    assert "\u202e" not in table.to_html() + table.to_text()
    lines = table.to_text().splitlines()
    assert len(lines) <= 14
    assert max(len(line) for line in lines[1:-1]) <= 120
    for line in csv.reader(io.StringIO(table.to_csv())):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line)


def test_numbers_are_not_taken_for_formulas():
    assert guard_formula("-1.5") == "-1.5"
    assert guard_formula("-1+1") == "'-1+1"
    assert guard_formula("@SUM(A1)") == "'@SUM(A1)"


def test_html_has_caption_scopes_and_groups():
    page = BeautifulSoup(tabulate_baseline(builders.baseline()).to_html(), "html.parser")

    assert page.caption.text == "The arms on the index day"
    assert {th["scope"] for th in page.thead.find_all("th")} == {"col", "colgroup"}
    assert [th.text for th in page.find_all("th", scope="rowgroup")] == [
        "Sex, n (%)",
        "Weight (kg)",
    ]
    assert all(row.find("th", scope="row") for row in page.select("tbody tr")[2:4])


def test_text_is_aligned_and_the_same_each_time():
    table = tabulate_estimate(builders.rates())
    lines = table.to_text().splitlines()

    assert lines[5].endswith("5.7 to 12.5")
    assert len({len(line) for line in lines[5:8]}) == 1
    assert table.to_text() == tabulate_estimate(builders.rates()).to_text()
    assert set(table._repr_mimebundle_()[0]) == {"text/html", "text/plain"}


def test_an_estimate_without_rows_is_a_table_without_rows():
    assert tabulate_estimate(Estimate(pd.DataFrame(), {})).rows == ()


def test_several_reasons_of_several_arms_stand_under_their_arm():
    table = tabulate_estimate(
        builders.curves(causes=builders.CAUSES).only(quantity="risk").at([84])
    )

    assert table.columns[0].header == "Reason"
    assert table.groups[::3] == ("Azathioprine", "Anti-TNF", "JAK inhibitor")
    assert table.caption == "Cumulative incidence of discontinuation"


def test_the_label_of_the_study_names_the_endpoint():
    labelled = builders.rates().with_about(endpoint_label="Serious infection in hospital")

    assert tabulate_estimate(labelled).caption == "Rate of serious infection in hospital"


def test_small_numbers_of_rows_in_a_loading_report_are_not_shown_nor_those_that_tell_them():
    tables = pd.DataFrame(
        [
            {
                "file": "p.csv",
                "table": "patients",
                "rows_read": 60,
                "rows_kept": 58,
                "rows_set_aside": 2,
            }
        ]
    )
    words = [("sex", "M", 57), ("sex", "F", 3), ("tpmt", "lo", 30), ("tpmt", "hi", 30)]
    notes = pd.DataFrame(
        [
            {
                "file": "p.csv",
                "table": "patients",
                "column": column,
                "kind": "resolved",
                "found": found,
                "read_as": found,
                "rows": rows,
                "reason": "",
            }
            for column, found, rows in words
        ]
    )
    text = tabulate_loading_report(LoadingReport(tables, notes, smallest_count=5)).to_text()

    assert "57" not in text
    assert "58" not in text
    assert text.count("<5") == 2
    assert text.count("30") == 2
    assert "57" in tabulate_loading_report(LoadingReport(tables, notes)).to_text()


def test_two_stages_of_one_difference_share_a_cell():
    before = builders.baseline().assign(stage="before weighting")
    after = builders.baseline().assign(stage="after weighting", smd=0.02)
    table = tabulate_baseline(pd.concat([before, after]))
    groups = [column.group for column in table.columns]

    assert "SMD v azathioprine, before → after weighting" in groups
    assert any(" → 0.02" in cell for row in table.rows for cell in row)
