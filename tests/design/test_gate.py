"""The gate: what passes, what is blocked, and what a written override says."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis.blocking import block
from azaanalysis.design import check_gate, follow_up_from_frame, weigh
from azaanalysis.design.gate import chance_limit
from azaanalysis.disclosure import suppress
from azaanalysis.display import draw_forest, tabulate_estimate
from azaanalysis.errors import DesignError
from azaanalysis.result import Estimate
from azaanalysis.settings_weighting import GateSettings


def drawn(n=800, strength=1.0, gate=None):
    rng = np.random.default_rng(5)
    x = rng.normal(size=n)
    linear = np.column_stack([np.zeros(n), strength * x, 0.1 * x])
    arms = (linear + rng.gumbel(size=linear.shape)).argmax(axis=1)
    frame = pd.DataFrame({"arm": pd.Categorical.from_codes(arms, list("abc")), "x": x})
    made = follow_up_from_frame(
        frame.assign(days=1.0, state=0), time="days", status="state", arm="arm"
    )
    if gate is None:
        return made
    return type(made)(
        made.frame, "event", made.causes, covariates=("x",), about={"gate_settings": gate}
    )


def ratios(about):
    rows = [
        {"arm": "b", "versus": "a", "quantity": "hazard_ratio", "value": 2.0, "lower": 1.0},
        {"arm": "c", "versus": "a", "quantity": "hazard_ratio", "value": 3.0, "lower": 1.5},
        {"arm": "b", "quantity": "rate", "value": 4.0},
        {"quantity": "log_rank_p", "value": 0.04},
    ]
    return Estimate.from_rows(rows, about={"smallest_count": 1, **about})


def test_the_limit_of_chance_is_exceeded_by_one_comparison_in_twenty():
    rng = np.random.default_rng(1)
    largest = np.abs(rng.normal(scale=0.2, size=(20_000, 12))).max(axis=1)

    assert (largest > chance_limit(0.2, 12)).mean() == pytest.approx(0.05, abs=0.005)


def test_a_comparison_that_fails_is_blocked_and_the_other_stays():
    strict = GateSettings(largest_smd=9, smallest_equipoise=0.6, smallest_effective_share=0)
    weighted = weigh(drawn(strength=3.0, gate=strict), target="ate")
    blocked = weighted.about["blocked"]
    assert [pair[:2] for pair in blocked] == [("b", "a")]

    shown = block(ratios(weighted.about)).frame
    assert shown["value"].isna().tolist() == [True, False, False, True]
    assert "could as well have received" in blocked[0][2]


def test_blocking_twice_is_blocking_once():
    about = {"blocked": (("b", "a", "the reason"),)}
    once = block(ratios(about))

    assert block(once).frame.equals(once.frame)
    assert block(once).about["notes"] == once.about["notes"]
    assert block(ratios({})).frame.equals(ratios({}).frame)


def test_a_blocked_number_reaches_no_table_and_no_figure():
    estimate = ratios({"blocked": (("b", "a", "the arms hardly overlap"),)})
    ratios_only = estimate.only(quantity="hazard_ratio")
    table, figure = tabulate_estimate(ratios_only), draw_forest(ratios_only)

    assert "2.00" not in repr(table) + figure.alt
    assert "blocked" in {cell for row in table.rows for cell in row}
    assert any("the arms hardly overlap" in note for note in table.footnotes)
    assert "B v a: blocked" in figure.alt
    assert "3.00" in figure.alt


def test_what_is_suppressed_is_blocked_too_so_that_no_exit_forgets():
    estimate = ratios({"blocked": (("b", "a", "the reason"),)})

    assert suppress(estimate).frame["value"].isna().tolist() == [True, False, False, True]
    assert any("the reason" in note for note in suppress(estimate).about["notes"])


def test_an_override_opens_the_gate_and_is_printed():
    written = GateSettings(smallest_equipoise=0.99, override="the drugs are given in turn")
    weighted = weigh(drawn(gate=written), target="ate")

    assert weighted.about["blocked"] == ()
    assert (
        "is shown because the study file says: the drugs are given in turn"
        in (weighted.about["notes"][-1])
    )


def test_a_frame_without_a_study_is_blocked_only_if_asked():
    weighted = weigh(drawn(), target="ate")
    assert "blocked" not in weighted.about
    assert len(check_gate(weighted).frame) == 6
    with pytest.raises(DesignError, match=r"Pass it through weigh\(\) first"):
        check_gate(drawn())


def test_chance_is_allowed_for_in_small_samples_only():
    few, many = (weigh(drawn(n, strength=0.0), target="ate") for n in (60, 8_000))
    limits = [
        check_gate(w).frame.query("mark == 'largest_smd'")["limit"].max() for w in (few, many)
    ]

    assert limits[0] > 0.3
    assert limits[1] == 0.1
