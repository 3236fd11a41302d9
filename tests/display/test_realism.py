"""The realism card as table and figure: nothing left out, the outsiders named."""

import pandas as pd
import pytest

from azaanalysis.display import draw_realism, tabulate_naive_errors, tabulate_realism


@pytest.fixture
def card():
    rows = [
        ("Still on a drug", "%", 60.0, 50.0, 70.0, 65.0, 64.0, 66.0, True, True, "counts"),
        ("Rate ratio", "rate ratio", 1.5, 1.2, 1.9, 2.4, 2.0, 2.8, False, False, "printed"),
    ]
    names = ["label", "unit", "published", "lower", "upper", "simulated", "simulated_lower"]
    names += ["simulated_upper", "is_within", "is_tuned", "interval"]
    return pd.DataFrame(rows, columns=names).assign(citation="Somebody, 2020")


def test_the_card_says_for_each_number_whether_it_lies_inside(card):
    table = tabulate_realism(card)

    first, second = table.rows
    assert first[2] == "60.0 (50.0 to 70.0)"
    assert first[-2:] == ("yes", "Somebody, 2020")
    assert second[4] == "2.40 (2.00 to 2.80)"
    assert second[-2] == "no"
    assert table.groups == ("Used to tune the mechanism", "Never used for tuning")
    assert table.footnotes[0] == (
        "Inside the published interval: 1 of 2 (50%), 1 of 1 used for tuning, "
        "0 of 1 never used for tuning."
    )


def test_the_figure_names_what_lies_outside(card):
    figure = draw_realism(card)

    assert "Outside: Rate ratio: 2.40 instead of 1.50." in figure.alt
    assert b"Still on a drug" in figure.svg


def test_the_error_of_each_world_is_shown_with_its_own():
    errors = pd.DataFrame(
        {
            "world": ["null_effect"],
            "quantity": ["difference in risk"],
            "analysis": ["as observed"],
            "truth": [0.0],
            "naive": [-1.79],
            "error": [-1.79],
            "std_error": [0.49],
        }
    )

    (row,) = tabulate_naive_errors(errors).rows
    assert row == ("difference in risk", "as observed", "0.0", "−1.8", "−1.8", "0.49")
