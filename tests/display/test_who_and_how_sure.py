"""Tables and figures of groups, of ways to ask and of what could explain an answer away."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis import (
    draw_confounding,
    draw_lost,
    draw_specifications,
    draw_subgroups,
    tabulate_confounding,
    tabulate_e_values,
    tabulate_interactions,
    tabulate_lost,
    tabulate_negative_control,
    tabulate_refusals,
    tabulate_specifications,
    tabulate_subgroups,
    tabulate_truth,
)
from azaanalysis.design import follow_up_from_frame
from azaanalysis.design.subgroups import Subgroup
from azaanalysis.errors import EstimationError
from azaanalysis.estimate import (
    estimate_e_values,
    estimate_if_lost_differ,
    estimate_risk_ratio,
    estimate_subgroups,
    measure_confounding,
)
from azaanalysis.result import Estimate


def patients(n, seed, risk_new=0.6):
    rng = np.random.default_rng(seed)
    arm = np.repeat(["old", "new"], n)
    event = rng.random(2 * n) < np.where(arm == "old", 0.3, risk_new)
    lost = rng.random(2 * n) < 0.1
    time = np.where(event | lost, rng.integers(1, 80, 2 * n), 90)
    frame = pd.DataFrame({"arm": arm, "time": time, "status": event & ~lost})
    frame["has_trait"] = rng.random(2 * n) < 0.4
    return follow_up_from_frame(frame, time="time", status="status", arm="arm", reference="old")


def groups():
    few = Subgroup("sex", "other", patients(10, 3), is_tested=False)
    none = Subgroup("tpmt", "deficient", None, "Nobody is left.")
    return estimate_subgroups(
        [
            Subgroup("Everybody", "", patients(300, 1)),
            Subgroup("sex", "female", patients(150, 2)),
            Subgroup("sex", "male", patients(150, 4, risk_new=0.3)),
            few,
            none,
        ],
        at_day=85,
    )


def test_every_group_has_a_row_and_those_without_numbers_say_why():
    table = tabulate_subgroups(groups())
    labels = [row[0] for row in table.rows]
    assert labels == ["Everybody", "Sex: female", "Sex: male", "Sex: other", "TPMT: deficient"]
    assert table.rows[3][2] == table.rows[4][2] == "not compared"
    notes = " ".join(table.footnotes)
    assert "fewer than 25 patients in effect" in notes
    assert "nobody is left" in notes
    # The p value stands once, beside the first level.
    assert [row[-1] != "" for row in table.rows] == [False, True, False, False, False]


def test_the_table_of_interactions_says_how_many_tests_were_made():
    table = tabulate_interactions(groups())
    assert [row[0] for row in table.rows] == ["Sex: male v female"]
    assert table.footnotes[0].startswith("1 test was made.")


@pytest.mark.parametrize("quantity", ["risk_difference", "risk_ratio"])
def test_the_figure_of_groups_holds_its_numbers_in_words(quantity):
    figure = draw_subgroups(groups(), quantity=quantity)
    assert "Sex female" in figure.alt
    assert "TPMT deficient not compared" in figure.alt
    assert b"not compared" in figure.svg


def test_small_counts_of_groups_are_hidden_in_table_and_figure():
    made = groups()
    real = made.with_about(smallest_count=500)
    table = tabulate_subgroups(real)
    assert table.rows[1][2] == "hidden"
    assert "hidden" in draw_subgroups(real).svg.decode()


def test_an_estimate_without_groups_is_refused_with_the_way_forward():
    with pytest.raises(EstimationError, match="estimate_subgroups"):
        draw_subgroups(Estimate.from_rows([{"quantity": "risk"}]))


def test_e_values_stand_beside_their_ratio_and_the_measured_causes_beneath():
    followed = patients(300, 5)
    ratios = estimate_e_values(estimate_risk_ratio(followed, at_days=[85]))
    table = tabulate_e_values(ratios)
    shown = ratios.frame.set_index("quantity")["value"]
    assert table.rows[0][-2] == f"{shown['e_value']:.2f}"
    measured = measure_confounding(followed, at_day=85)
    assert tabulate_confounding(measured).rows[0][0] == "Trait"
    figure = draw_confounding(ratios, measured)
    assert "Trait" in figure.alt
    assert f"ratio {shown['risk_ratio']:.2f}" in figure.alt


def test_where_every_ratio_is_blocked_there_is_nothing_to_explain_away():
    followed = patients(300, 5)
    ratios = estimate_e_values(estimate_risk_ratio(followed, at_days=[85]))
    blocked = ratios.with_about(blocked=(("new", "old", "too different"),))
    figure = draw_confounding(blocked, measure_confounding(followed, at_day=85))
    assert figure.alt == "No ratio can be shown: all are blocked, hidden or missing."
    assert tabulate_e_values(blocked).rows[0][2] == "–"


def test_those_lost_are_told_in_rows_that_a_reader_can_say_aloud():
    made = estimate_if_lost_differ(patients(300, 6), at_day=85)
    table = tabulate_lost(made)
    assert table.rows[0][0] == "that of those followed (the estimate)"
    assert "Lost before the day" in table.footnotes[0]
    figure = draw_lost(made)
    assert "those lost of new from 0.1 to 10 times the hazard" in figure.alt


def curve():
    ways = tuple(
        (f"Gap (days) {gap}, Target {target}", (("Gap (days)", str(gap)), ("Target", target)))
        for gap in (90, 30)
        for target in ("overlap", "ATE")
    )
    rows = [
        {
            "endpoint": name, "arm": "new", "versus": "old", "quantity": "risk_difference",
            "at_days": 100, "value": v, "lower": v - 0.1, "upper": v + 0.1,
            "patients": 100, "events": 50,
        }
        for (name, _), v in zip(ways, (0.2, 0.05, -0.3, np.nan), strict=True)
    ]  # fmt: skip
    refused = ((ways[3][0], "new", "the arms are not alike enough: 0.3"),)
    about = {"ways": ways, "groups": tuple((name, "", name) for name, _ in ways)}
    return Estimate.from_rows(rows, about={**about, "refused": refused, "smallest_count": 1})


def test_the_spread_counts_answers_and_refusals_of_each_choice():
    table = tabulate_specifications(curve())
    assert table.rows[0] == ("All", "3", "1", "−30.0", "5.0", "20.0", "1", "1", "1")
    choices = [row[0] for row in table.rows[1:]]
    assert choices == ["Gap (days): 30", "Gap (days): 90", "Target: overlap", "Target: ATE"]
    (refusal,) = tabulate_refusals(curve()).rows
    assert refusal[:3] == ("New", "Gap (days) 30, Target ATE", "1")


def test_the_curve_tells_its_ends_and_its_refusals_in_words():
    figure = draw_specifications(curve())
    assert "3 answers from −30.0 to 20.0 percentage points, median 5.0; 1 refused" in figure.alt


def test_without_a_negative_control_a_sentence_stands_in_place_of_the_table():
    nothing = Estimate.from_rows([], about={"reason": "The study names none."})
    assert "names none" in repr(tabulate_negative_control(nothing))


def test_the_truth_of_groups_names_the_group():
    row = {"quantity": "risk_difference", "cause": "response", "arm": "new", "versus": "old"}
    row |= {"at_days": 90, "unit": "", "value": 0.1, "lower": 0.0, "upper": 0.2, "truth": 0.1}
    frame = pd.DataFrame([{**row, "truth_error": 0.0, "is_within": True, "group": "sex: female"}])
    assert "Sex: female" in repr(tabulate_truth(frame))
