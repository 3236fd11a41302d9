"""Balance, weights, preference and support as tables and figures: numbers in words, few hidden."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis.design import (
    check_gate,
    follow_up_from_frame,
    measure_balance,
    measure_equipoise,
    measure_preference,
    measure_support,
    measure_weights,
    weigh,
)
from azaanalysis.display import (
    draw_balance,
    draw_preference,
    draw_support,
    draw_weights,
    tabulate_balance,
    tabulate_equipoise,
    tabulate_gate,
    tabulate_support,
    tabulate_weights,
)
from azaanalysis.errors import DesignError
from azaanalysis.settings_weighting import GateSettings


@pytest.fixture(scope="module")
def weighted():
    rng = np.random.default_rng(3)
    n = 900
    x, is_rare = rng.normal(size=n), rng.random(n) < 0.01
    linear = np.column_stack([np.zeros(n), 0.9 * x, -0.5 * x])
    arms = (linear + rng.gumbel(size=linear.shape)).argmax(axis=1)
    frame = pd.DataFrame(
        {
            "arm": pd.Categorical.from_codes(arms, ["azathioprine", "anti_tnf", "jak_inhibitor"]),
            "severity_score": x,
            "tpmt": np.where(is_rare, "deficient", "normal"),
            "days": 1.0,
            "state": 0,
        }
    )
    made = follow_up_from_frame(frame, time="days", status="state", arm="arm", smallest_count=5)
    return weigh(made, target="ate")


def test_each_figure_says_its_numbers_and_is_the_same_twice(weighted):
    balance, weights = measure_balance(weighted), measure_weights(weighted)
    for draw, frame, words in (
        (draw_balance, balance, "before weighting: largest"),
        (draw_weights, weights, "patients in effect"),
        (draw_preference, measure_preference(weighted), "in equipoise"),
        (draw_support, measure_support(weighted), "open to"),
    ):
        figure = draw(frame)
        assert words in figure.alt
        assert figure.svg == draw(frame).svg


def test_the_love_plot_says_the_largest_difference_of_the_frame(weighted):
    balance = measure_balance(weighted)
    severity = balance.query(
        "covariate == 'severity_score' and arm == 'anti_tnf' and versus == 'azathioprine'"
        " and stage == 'before weighting'"
    )["smd"].iloc[0]

    expected = f"anti-TNF before weighting: largest {severity:.2f} (Severity score)"
    assert expected in draw_balance(balance).alt


def test_a_level_that_few_have_is_hidden_and_said_to_be(weighted):
    balance = measure_balance(weighted)
    assert balance.loc[balance["covariate"] == "tpmt", "n_fewest"].max() < 5
    table = tabulate_balance(balance)
    cells = {row[0]: row[1:] for row in table.rows}

    assert set(cells["TPMT: deficient"]) == {"hidden"}
    assert "hidden" not in cells["Severity score"]
    assert any(note.startswith("hidden:") for note in table.footnotes)
    assert "TPMT" not in draw_balance(balance).alt


def test_few_who_received_an_arm_are_not_counted(weighted):
    table = tabulate_support(measure_support(weighted))
    (deficient,) = [row for row in table.rows if row[0] == "Deficient"]

    assert "<5" in deficient


def test_each_arm_is_compared_with_the_target_population_when_asked(weighted):
    table = tabulate_balance(measure_balance(weighted), versus="target population")
    assert table.columns[1].group == "Azathioprine"
    only = measure_balance(weighted).query("versus == 'azathioprine'")
    with pytest.raises(DesignError, match="no difference from the target population"):
        tabulate_balance(only, versus="target population")


def test_the_effective_number_is_the_one_of_the_weights(weighted):
    weight = weighted.frame.loc[weighted.frame["arm"] == "anti_tnf", "weight"]
    effective = weight.sum() ** 2 / (weight**2).sum()
    (row,) = [r for r in tabulate_weights(measure_weights(weighted)).rows if r[0] == "Anti-TNF"]

    assert row[7:] == (f"{effective:.0f}", f"{100 * effective / len(weight):.0f}%")


def test_the_gate_says_what_it_found_and_what_it_blocks(weighted):
    strict = check_gate(weighted, GateSettings(smallest_equipoise=0.99))
    table = tabulate_gate(strict)
    assert "at least 99%" in {row[2] for row in table.rows}
    assert table.footnotes[0].startswith("Blocked: anti-TNF v azathioprine (only")

    lenient = check_gate(
        weighted,
        GateSettings(largest_smd=9, smallest_equipoise=0, smallest_effective_share=0),
    )
    assert tabulate_gate(lenient).footnotes == ("Every comparison passes.",)


def test_equipoise_is_counted_in_both_arms(weighted):
    frame = measure_equipoise(weighted)
    table = tabulate_equipoise(frame)

    assert [row[3] for row in table.rows] == [f"{n:,}" for n in frame["in_equipoise"]]


def test_balance_inside_subgroups_stands_under_the_name_of_each(weighted):
    table = tabulate_balance(measure_balance(weighted, within="tpmt"), smallest_count=1)

    assert set(table.groups) == {"", "TPMT: normal", "TPMT: deficient"}
    assert "TPMT" in repr(table)
