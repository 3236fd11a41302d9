"""The coverage table in small: the same code as the whole, fewer cohorts, wider tolerances."""

import numpy as np
import pytest

from benchmarks.cells import (
    ALL_CELLS,
    Asked,
    ask_cohorts,
    choose_cells,
    judge,
    most_often,
    put_together,
    summarise,
)

SEED = 20261124
# Of the truth: its error is a hundredth of an estimate's, and it takes no time.
POINTS = 2**10
SOUND = {
    "median_effective_size": 80,
    "coverage": 0.95,
    "type_one_error": np.nan,
    "bias": 0.001,
    "bias_error": 0.001,
}


def rows_of(name, n_cohorts, questions, variance):
    (cell,) = choose_cells(name)
    asked = ask_cohorts(cell, range(n_cohorts), questions, seed=SEED, variance=variance)
    return {row["quantity"]: row for row in summarise(cell, asked, points=POINTS)}


@pytest.mark.parametrize("name", ["no_effect-2-overlap-1000", "censoring-4-ate-1000"])
def test_intervals_that_know_of_the_weights_hold_the_truth(name):
    # Of 50 cohorts 95 % are 47.5 with a standard deviation of 1.5: below 42 once in 600 runs.
    questions = ["risk_difference", "restricted_mean_difference", "hazard_ratio", "rate_ratio"]

    for row in rows_of(name, 50, questions, "stacked").values():
        assert row["intervals"] == 50, row["refused"]
        assert row["coverage"] >= 0.84
        assert abs(row["bias"]) < 3.5 * row["bias_error"]
        # Half the width is 1.96 standard errors, which the spread of estimates should bear out.
        assert row["width"] / (2 * 1.96 * row["spread"]) == pytest.approx(1, abs=0.3)


def test_intervals_that_take_weights_as_counts_are_too_narrow():
    for row in rows_of(
        "confounded-4-ate-300", 40, ["lifelines_kaplan_meier", "naive_weighted_cox"], ""
    ).values():
        assert row["coverage"] < 0.84
        assert row["width"] / (2 * 1.96 * row["spread"]) < 0.7


def test_a_cohort_does_not_depend_on_the_run_it_is_drawn_in():
    (cell,) = choose_cells("delayed-2-ate-300")
    whole = ask_cohorts(cell, range(4), ["rate_ratio"], seed=1, variance="robust")
    parts = [
        ask_cohorts(cell, part, ["rate_ratio"], seed=1, variance="robust")
        for part in (range(2), range(2, 4))
    ]
    together = put_together(parts)
    assert np.array_equal(together.limits["rate_ratio"], whole.limits["rate_ratio"])
    assert np.array_equal(together.effective_size, whole.effective_size)


def test_bias_and_coverage_are_counted_as_by_hand():
    # Four intervals around a truth of 0 (no effect); the third misses, the fourth was refused.
    (cell,) = choose_cells("no_effect-2-ate-300")
    limits = np.array([[0.1, -1, 1], [-0.1, -1, 1], [3.0, 2, 4], [np.nan] * 3])
    asked = Asked(
        {"rate_ratio": limits}, {}, {"rate_ratio": 2.0}, np.full(4, 50.0), {"rate_ratio": "no"}
    )

    (row,) = summarise(cell, asked, points=POINTS)

    assert (row["cohorts"], row["intervals"], row["refused"]) == (4, 3, "no")
    assert row["bias"] == pytest.approx(1.0)
    assert row["coverage"] == pytest.approx(2 / 3)
    assert row["type_one_error"] == pytest.approx(1 / 3)
    assert row["coverage_error"] == pytest.approx(np.sqrt(2 / 27))
    assert row["seconds_each"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "holds"),
        ({"coverage": 0.93}, "coverage"),
        ({"coverage": 0.97}, "coverage"),
        ({"type_one_error": 0.065}, "type I error"),
        ({"bias": -0.0031}, "bias"),
        ({"coverage": 0.90, "median_effective_size": 39}, "outside"),
        ({"coverage": np.nan, "bias": np.nan}, "coverage"),
    ],
)
def test_a_row_says_what_it_misses(change, verdict):
    assert judge({**SOUND, **change}) == verdict


def test_cells_are_chosen_by_patterns_and_there_are_48():
    assert len(choose_cells("all")) == len(ALL_CELLS) == 48
    assert [cell.name for cell in choose_cells("no_effect-2-ate-*")] == [
        f"no_effect-2-ate-{n}" for n in (300, 1000, 5000)
    ]
    with pytest.raises(SystemExit, match="No cell matches 'elsewhere'"):
        choose_cells("elsewhere")


def test_the_commonest_variance_comes_first():
    assert most_often(["stacked"] * 3) == "stacked"
    assert most_often(["robust", "bootstrap", "bootstrap"]) == "bootstrap 67%, robust 33%"
    assert most_often([]) == ""
