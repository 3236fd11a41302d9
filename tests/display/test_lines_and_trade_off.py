"""Steps from treatment to treatment, and the page on the balance: words, masks and marks."""

import pandas as pd
import pytest

from azaanalysis.display import draw_lines, draw_trade_off, tabulate_lines, tabulate_trade_off
from azaanalysis.display.lines import mark_lines
from azaanalysis.errors import EstimationError
from azaanalysis.result import Estimate

ORDER = ["azathioprine", "anti_tnf", "jak_inhibitor", "still_on_it", "follow-up_ended"]
STEPS = [
    (1, "azathioprine", "anti_tnf", 40),
    (1, "azathioprine", "jak_inhibitor", 3),
    (1, "azathioprine", "still_on_it", 50),
    (1, "azathioprine", "follow-up_ended", 20),
    (1, "anti_tnf", "jak_inhibitor", 30),
    (1, "anti_tnf", "still_on_it", 60),
    (2, "anti_tnf", "jak_inhibitor", 15),
    (2, "anti_tnf", "still_on_it", 25),
    (2, "jak_inhibitor", "still_on_it", 33),
]


def steps(smallest_count=1):
    frame = pd.DataFrame(STEPS, columns=["line", "source", "target", "patients"])
    for column in ("source", "target"):
        frame[column] = pd.Categorical(frame[column], categories=ORDER)
    rules = ("A line ends when it ends.",)
    frame.attrs = {"smallest_count": smallest_count, "rules": rules, "horizon_days": 1095}
    return frame


def test_shares_are_of_those_who_began_the_treatment_and_the_rules_stand_beneath():
    text = tabulate_lines(steps()).to_text()

    # 113 began azathioprine: 40 are 35 %. 70 never came to a JAK inhibitor from anti-TNF's 90.
    assert "40 (35%)" in text
    assert "30 (33%)" in text
    assert text.rstrip().endswith("A line ends when it ends.")


def test_a_small_step_takes_others_with_it_in_its_column_and_in_its_row():
    marked = mark_lines(steps(), smallest_count=5)
    mark = {(r.line, r.source, r.target): r.mark for r in marked.itertuples()}

    assert mark[1, "azathioprine", "jak_inhibitor"] == "small"
    # 113 began, 33 arrived: each sum would give the 3 away if nothing else were hidden.
    assert mark[1, "anti_tnf", "jak_inhibitor"] == "linked"
    hidden = marked[(marked["line"] == 1) & (marked["mark"] != "")]
    assert hidden.groupby("source", observed=True).size().min() >= 2
    # Where a hidden step is the only one that arrives, the sum of those who arrived is hidden too.
    arrived = hidden.groupby("target", observed=True)
    alone = arrived.size() == 1
    assert (arrived["target_mark"].first()[alone] != "").all()
    # One step alone leads on from the JAK inhibitors of the second line, whose number is hidden.
    assert mark[2, "jak_inhibitor", "still_on_it"] == "linked"


@pytest.mark.parametrize("shown", [tabulate_lines, draw_lines])
def test_a_small_step_is_in_neither_table_nor_words(shown):
    told = repr(shown(steps(smallest_count=5)))
    assert "<5" in told
    assert "hidden" in told
    assert " 3 JAK" not in told


def test_of_a_withheld_arm_no_step_is_shown():
    frame = steps(smallest_count=5)
    frame.attrs["withheld"] = ("anti_tnf",)

    marked = mark_lines(frame, smallest_count=5).set_index(["line", "source"])

    assert (marked.loc[(1, "anti_tnf"), ["mark", "source_mark"]] != "").all(axis=None)


def test_the_order_of_masked_steps_in_words_does_not_tell_which_is_larger():
    def words(to_jak, to_end):
        frame = steps(smallest_count=5)
        frame.loc[1, "patients"], frame.loc[3, "patients"] = to_jak, to_end
        return repr(draw_lines(frame))

    assert words(1, 3) == words(3, 1)


def test_the_flow_says_all_its_numbers_and_its_rules_in_words():
    figure = draw_lines(steps())
    assert "Rules: A line ends when it ends." in figure.caption
    for number in ("113", "90", "40 anti-TNF", "33 still on it"):
        assert number in figure.alt
    assert figure.svg == draw_lines(steps()).svg


def trade_off(infections=30, blocked=(), draws=1.0):
    rows = []
    for endpoint, quantity, events in (
        ("steroid-free_response", "months_in_response", 60),
        ("infection", "events_per_100", infections),
        ("discontinuation", "events_per_100", 40),
    ):
        shared = {"endpoint": endpoint, "at_days": 365, "patients": 100, "events": events}
        limits = {"value": 4.0, "lower": 3.0, "upper": 5.0, "std_error": 0.5}
        rows += [
            {**shared, **limits, "arm": arm, "quantity": quantity}
            for arm in ("azathioprine", "anti_tnf")
        ]
        compared = {**shared, "arm": "anti_tnf", "versus": "azathioprine"}
        gap = {"value": 1.5, "lower": -0.5, "upper": 3.5, "std_error": 1.0}
        rows.append({**compared, **gap, "quantity": f"{quantity}_difference"})
        rows.append({**compared, "value": draws, "quantity": "draws_in_favour"})
    joint = {"anti_tnf": [[1.0, 0.2, 0.0], [0.2, 1.0, 0.0], [0.0, 0.0, 1.0]]}
    about = {"smallest_count": 5, "level": 0.95, "interval": "sampling", "joint": joint}
    return Estimate.from_rows(rows, about={**about, "blocked": blocked, "infection": "Infections"})


def test_draws_never_say_all_or_none():
    assert ">99%" in tabulate_trade_off(trade_off(draws=1.0)).to_text()
    assert "<1%" in tabulate_trade_off(trade_off(draws=0.0)).to_text()
    assert "62%" in tabulate_trade_off(trade_off(draws=0.62)).to_text()


def test_differences_carry_their_sign_and_the_figure_says_the_same():
    table, figure = tabulate_trade_off(trade_off()), draw_trade_off(trade_off())
    assert "+1.5 (−0.5 to 3.5)" in table.to_text()
    assert "months in steroid-free response +1.5 (−0.5 to 3.5)" in figure.alt


def test_an_arm_with_few_infections_is_masked_in_the_table_and_not_drawn():
    few = trade_off(infections=3)
    assert "hidden" in tabulate_trade_off(few).to_text()
    assert draw_trade_off(few).alt == "No comparison may be shown."


def test_a_blocked_comparison_is_blocked_on_this_page_too():
    shut = trade_off(blocked=(("anti_tnf", "azathioprine", "they differ"),))
    text = tabulate_trade_off(shut).to_text()
    assert text.count("blocked") >= 6
    assert "they differ" in text
    assert draw_trade_off(shut).alt == "No comparison may be shown."


def test_another_estimate_is_refused():
    other = Estimate.from_rows([{"arm": "a", "quantity": "rate", "value": 1.0}])
    with pytest.raises(EstimationError, match="no trade-off"):
        tabulate_trade_off(other)


def test_a_bar_is_hidden_whose_sum_would_tell_the_small_step_though_both_steps_are_hidden():
    # 11 came: one hidden step is at least 10, the other 1 to 9, which could only be 10 and 1.
    came = pd.DataFrame(
        {
            "line": [1, 1, 1, 1],
            "source": ["anti_tnf", "jak_inhibitor", "anti_tnf", "jak_inhibitor"],
            "target": ["azathioprine", "azathioprine", "died", "died"],
            "patients": [10, 1, 40, 30],
        }
    )

    marked = mark_lines(came, smallest_count=10)

    assert (marked["target_mark"][marked["target"] == "azathioprine"] != "").all()
