"""What each world breaks: stated in numbers, and the numbers hold when measured again."""

import numpy as np
import pytest

from azaanalysis.synthetic import WORLDS, load_naive_errors
from benchmarks.confounding import measure_confounding
from benchmarks.naive_errors import MISREADINGS, Size, measure_naive_error

pytestmark = pytest.mark.usefixtures("own_shelf")


def test_every_world_says_what_a_naive_analysis_gets_wrong():
    stored = load_naive_errors()

    assert set(stored["world"]) == set(WORLDS) == set(MISREADINGS)
    assert (stored["error"] - (stored["naive"] - stored["truth"])).abs().max() < 0.01
    assert (stored["std_error"] > 0).all()
    assert (stored["seed"] == Size().seed).all()


def test_where_treatment_is_by_lot_the_naive_analysis_is_right_and_elsewhere_it_is_not():
    stored = load_naive_errors().set_index("world")
    distance = (stored["error"] / stored["std_error"]).abs()

    assert distance["randomised"] < 3
    assert distance["constant_hazard"] < 3
    for world in ("null_effect", "strong_confounding", "missed_visits", "crossing_curves"):
        assert distance[world] > 3


@pytest.mark.parametrize(
    "world",
    ["crossing_curves", "competing_hazard_doubled", "missed_visits", "rare_events", "small"],
)
def test_a_stored_error_is_met_when_a_part_is_measured_again(world):
    stored = load_naive_errors().set_index("world").loc[world]
    again = measure_naive_error(world, Size(n_patients=3000, seed=4)).iloc[0]

    # Seven numbers at most: four errors are beyond chance.
    error = np.hypot(stored["std_error"], again["std_error"])
    assert again["quantity"] == stored["quantity"]
    assert abs(again["error"] - stored["error"]) < 4 * error


def test_weights_take_away_what_confounding_adds():
    options = {"cohorts": 3, "n_patients": 3000, "n_truth": 6000}
    table = measure_confounding("strong_confounding", **options)
    rows = table[table["target"] == "overlap"].set_index("analysis")

    # Three cohorts show no more than this; 500 are measured by benchmarks/confounding.py.
    assert abs(rows.loc["weighted", "ratio"]) < 4
    assert rows.loc["weighted", "mean"] > rows.loc["naive", "mean"]
