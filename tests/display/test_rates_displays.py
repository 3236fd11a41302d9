"""Rates side by side, differences around zero, windows with headings, mean counts per 100."""

import pytest

from azaanalysis.display import draw_mean_count, draw_rates, tabulate_beside
from azaanalysis.display.axis import difference_ticks
from azaanalysis.errors import EstimationError
from azaanalysis.estimate import estimate_mean_count
from azaanalysis.result import Estimate
from tests.builders import follow_up

ABOUT = {"smallest_count": 1, "level": 0.95}


def rows(*numbers, quantity="rate", versus="", about=ABOUT, **fields):
    made = [
        {
            "endpoint": "infection", "arm": arm, "versus": versus, "quantity": quantity,
            "unit": "per 100 patient-years", "value": value, "lower": value - 1,
            "upper": value + 1, "patients": 50, "events": 10, "patient_years": 100.0, **fields,
        }
        for arm, value in numbers
    ]  # fmt: skip
    return Estimate.from_rows(made, about=about)


def test_a_row_that_one_estimate_lacks_is_a_dash():
    crude, weighted = rows(("a", 3.0), ("b", 5.0)), rows(("a", 4.0))

    table = tabulate_beside({"As observed": crude, "Weighted": weighted})

    assert table.rows == (
        ("A", "3.0", "2.0 to 4.0", "4.0", "3.0 to 5.0"),
        ("B", "5.0", "4.0 to 6.0", "–", "–"),
    )
    assert [column.group for column in table.columns] == [
        "",
        *["As observed"] * 2,
        *["Weighted"] * 2,
    ]


def test_small_counts_are_hidden_in_every_column():
    seen = rows(("a", 3.0), events=2, about={**ABOUT, "smallest_count": 5})

    table = tabulate_beside({"One": seen, "Two": seen})

    assert table.rows == (("A", *["hidden"] * 4),)
    assert any("hidden: not shown" in note for note in table.footnotes)


def test_a_blocked_comparison_stays_shut_beside_another():
    about = {**ABOUT, "blocked": (("a", "b", "too unlike"),)}
    shut = rows(("a", 1.5), quantity="rate_ratio", versus="b", about=about)

    table = tabulate_beside(
        {"Crude": rows(("a", 2.0), quantity="rate_ratio", versus="b"), "W": shut}
    )

    assert table.rows[0][-2:] == ("blocked", "blocked")


def test_nothing_to_set_side_by_side_is_refused():
    with pytest.raises(EstimationError, match="give at least one estimate"):
        tabulate_beside({})


@pytest.mark.parametrize("ends", [(-0.2, 1.7), (0.4, 0.9), (-3.0, -1.0), (0.0, 0.0)])
def test_an_axis_of_differences_holds_zero_and_both_ends(ends):
    ticks = difference_ticks(*ends)

    assert ticks[0] < 0 < ticks[-1]
    assert 0 in ticks
    assert ticks[0] <= ends[0] <= ends[1] <= ticks[-1]


def test_differences_are_drawn_around_zero():
    drawn = draw_rates(rows(("a", -0.5), quantity="rate_difference", versus="b"))

    low, high = drawn.drawing.axes[0].get_xlim()
    assert low <= -1.5
    assert high >= 0.5
    assert "A v b: −0.5 (−1.5 to 0.5)" in drawn.alt


def test_rates_and_differences_do_not_share_an_axis():
    both = rows(("a", 1.0)).frame, rows(("a", 1.0), quantity="rate_difference", versus="b").frame
    mixed = Estimate.from_rows([row for frame in both for row in frame.to_dict("records")])

    with pytest.raises(EstimationError, match="cannot share an axis"):
        draw_rates(mixed)


def test_windows_have_a_heading_each():
    about = {**ABOUT, "windows": (0.0, 91.0, 365.0)}
    parts = [rows(("a", 2.0), quantity="rate_in_window", at_days=day).frame for day in (91, 365)]
    made = [row for frame in parts for row in frame.to_dict("records")]

    drawn = draw_rates(Estimate.from_rows(made, about=about))

    assert "Days 1 to 91, A: 2.0" in drawn.alt
    assert "Days 92 to 365, A: 2.0" in drawn.alt


def test_an_arm_with_hardly_any_time_does_not_squeeze_the_others():
    wide = rows(("a", 1.0), ("b", 1.5)).frame.to_dict("records")
    wide[1]["upper"] = 400.0

    drawn = draw_rates(Estimate.from_rows(wide, about=ABOUT))

    assert drawn.drawing.axes[0].get_xlim()[1] <= 10


def test_mean_counts_are_drawn_per_hundred_patients():
    # Two patients, three events by day 30: 1.5 each, 150 per 100.
    frame_up = follow_up(
        days=[10, 20, 30, 100, 100], entry=[0, 10, 0, 20, 30], status=[1, 1, 1, 0, 0],
        n_events=[1, 1, 1, 0, 0],
    )  # fmt: skip
    frame_up.frame["patient_id"] = [1, 1, 2, 1, 2]

    drawn = draw_mean_count(estimate_mean_count(frame_up))

    assert "150.0" in drawn.alt
    assert drawn.drawing.axes[0].get_ylim()[1] >= 1.5
    assert "%" not in drawn.alt


def test_a_curve_of_risk_is_no_mean_count():
    with pytest.raises(EstimationError, match="estimate_mean_count"):
        draw_mean_count(rows(("a", 1.0)))
