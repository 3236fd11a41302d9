"""The arms on the index day: counts, means and standardised differences."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azaanalysis.design import follow_up_from_frame, measure_baseline, measure_follow_up
from azaanalysis.display import tabulate_baseline


def made_of(frame):
    return follow_up_from_frame(
        frame.assign(days=10.0, status=0), time="days", status="status", arm="arm"
    )


def row_of(baseline, **fields):
    keep = np.logical_and.reduce([baseline[name] == word for name, word in fields.items()])
    (row,) = baseline[keep].itertuples()
    return row


def test_the_difference_of_two_means_is_the_one_worked_by_hand():
    # Arm a: 40, 50, 60 (mean 50, variance 100). Arm b: 50, 60 (mean 55, variance 50).
    # (55 - 50) / sqrt((100 + 50) / 2) = 5 / 8.660 = 0.577.
    frame = pd.DataFrame({"arm": list("aaabb"), "age_years": [40.0, 50, 60, 50, 60]})
    baseline = measure_baseline(made_of(frame))

    reference = row_of(baseline, covariate="age_years", arm="a")
    other = row_of(baseline, covariate="age_years", arm="b")
    assert (reference.n, reference.value, reference.spread) == (3, 50, 10)
    assert np.isnan(reference.smd)
    assert other.smd == pytest.approx(5 / np.sqrt(75))


def test_the_difference_of_two_proportions_is_the_one_worked_by_hand():
    # 1 of 2 (variance 0.5, divisor n - 1) against 3 of 4 (0.25): 0.25 / sqrt(0.375) = 0.408.
    frame = pd.DataFrame({"arm": list("aabbbb"), "smoking": list("xyxxxy")})
    baseline = measure_baseline(made_of(frame))

    assert row_of(baseline, level="x", arm="b").smd == pytest.approx(0.25 / np.sqrt(0.375))
    assert row_of(baseline, level="y", arm="b").smd == pytest.approx(-0.25 / np.sqrt(0.375))


def test_missing_values_have_a_line_of_their_own_and_leave_the_proportions():
    frame = pd.DataFrame({"arm": list("aaab"), "tpmt": ["low", None, "high", "low"]})
    baseline = measure_baseline(made_of(frame))

    missing = row_of(baseline, kind="missing", arm="a")
    assert (missing.n, missing.value) == (1, pytest.approx(1 / 3))
    assert row_of(baseline, level="low", arm="a").value == pytest.approx(1 / 2)


def test_a_truth_is_one_line_and_a_constant_has_no_difference():
    frame = pd.DataFrame({"arm": list("aabb"), "has_it": [True, True, True, True]})
    baseline = measure_baseline(made_of(frame))

    assert row_of(baseline, covariate="has_it", arm="b").smd == 0


def test_a_weighted_comparison_is_summarised_before_and_after():
    # Weights 3 and 1 in arm b: the mean of 2 and 6 becomes 3, the smokers 3 of 4 in weight.
    frame = pd.DataFrame({"arm": list("aabb"), "x": [1.0, 3, 2, 6], "smokes": [True, False] * 2})
    made = follow_up_from_frame(
        frame.assign(days=10.0, status=0, w=[1.0, 1, 3, 1]),
        time="days",
        status="status",
        arm="arm",
        weight="w",
    )
    baseline = measure_baseline(made)

    after = {"arm": "b", "stage": "after weighting"}
    assert row_of(baseline, covariate="x", **after).value == 3
    assert row_of(baseline, covariate="smokes", **after).value == 0.75
    assert row_of(baseline, covariate="smokes", **after).n == 1
    assert row_of(baseline, covariate="x", **after).smd == pytest.approx(1 / np.sqrt(5))
    assert row_of(baseline, covariate="x", arm="b", stage="before weighting").value == 4
    table = tabulate_baseline(baseline)
    (smokes,) = [row for row in table.rows if row[0].startswith("Smokes")]
    assert smokes[1:5] == ("1 (50.0%)", "1 (50.0%)", "50.0%", "75.0%")


def test_a_calendar_year_has_no_comma():
    frame = pd.DataFrame({"arm": list("aabb"), "index_year": [2017.5, 2018.5, 2019.0, 2021.0]})
    table = tabulate_baseline(measure_baseline(made_of(frame)))

    assert table.rows[0][1] == "2018.0 (0.7)"


def test_sizes_of_the_arms_stand_first():
    frame = pd.DataFrame({"arm": list("aab"), "x": [1.0, 2.0, 3.0]})
    totals = measure_baseline(made_of(frame)).query("kind == 'total'")

    assert totals["n"].tolist() == [2, 1]


@given(
    st.lists(st.floats(-100, 100), min_size=6, max_size=30), st.floats(0.5, 20), st.floats(-50, 50)
)
def test_units_do_not_change_a_standardised_difference(values, scale, shift):
    values = np.round(values, 3) + np.arange(len(values))
    arm = ["a", "b"] * (len(values) // 2) + ["a"] * (len(values) % 2)
    one = pd.DataFrame({"arm": arm, "x": values})
    other = one.assign(x=one["x"] * scale + shift)
    differences = [
        row_of(measure_baseline(made_of(f)), covariate="x", arm="b").smd for f in (one, other)
    ]
    assert differences[0] == pytest.approx(differences[1], abs=1e-6)


def test_follow_up_is_counted_by_arm():
    frame = pd.DataFrame({"arm": list("aab"), "days": [100.0, 300.0, 365.25], "status": [1, 0, 1]})
    made = follow_up_from_frame(frame, time="days", status="status", arm="arm")
    counted = measure_follow_up(made).frame

    assert counted["value"].tolist() == [200, 365.25]
    assert counted["patients"].tolist() == [2, 1]
    assert counted["events"].tolist() == [1, 1]
    assert counted["patient_years"].tolist() == pytest.approx([400 / 365.25, 1])
