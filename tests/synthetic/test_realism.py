"""The realism card: complete, sourced, and met where parameters were tuned to it."""

import pandas as pd
import pytest

from azaanalysis.synthetic import measure_realism
from azaanalysis.synthetic.anchors import MEASURES
from azaanalysis.synthetic.samples import odds_ratio
from azaanalysis.synthetic.starters import still_on, stopped_for


@pytest.fixture(scope="module")
def card():
    return measure_realism(n_patients=3000, seed=11)


def test_the_card_has_enough_anchors_and_enough_that_were_never_used_for_tuning(card):
    assert len(card) >= 25
    assert (~card["is_tuned"]).sum() >= 8
    assert set(card["anchor"]) == set(MEASURES)
    assert (card["citation"] != "").all()


def test_every_published_number_lies_in_its_own_interval(card):
    assert card["published"].between(card["lower"], card["upper"]).all()


def test_every_interval_says_where_it_comes_from(card):
    assert set(card["interval"]) == {"printed", "counts", "range", "tolerance"}
    # A tolerance is for numbers without anything printed beside them, and says so.
    tolerated = card[card["interval"] == "tolerance"]
    assert len(tolerated) <= 7
    assert tolerated["note"].str.contains("tolerance of|tolerance as of").all()


def test_nine_in_ten_anchors_are_met_tuned_and_untuned_together(card):
    # With 3,000 patients chance moves a value; the card itself, with more, is in the notebook.
    assert card["agrees"].mean() >= 0.9
    assert card.loc[card["is_tuned"], "agrees"].mean() >= 0.9


def test_the_anchors_named_for_this_card_are_on_it(card):
    named = [f"thiopurine_persistence_month_{month}" for month in (3, 6, 12, 24, 60)]
    named += ["thiopurine_stop_adverse_event_month_60", "pancreatitis_within_2_months"]
    named += [f"steroid_free_remission_26_{d}" for d in ("azathioprine", "infliximab")]
    named += ["steroid_free_remission_26_combination", "zoster_tofacitinib", "leukopenia_by_tpmt"]
    named += ["serious_infection_anti_tnf_v_thiopurine"]
    named += ["serious_infection_combination_v_anti_tnf"]

    assert set(named) <= set(card["anchor"])


def test_an_odds_ratio_is_that_of_the_four_cells():
    # 3 of 4 exposed and 1 of 4 others: (3 / 1) / (1 / 3) = 9; Woolf's log variance is 8/3.
    outcome = [1, 1, 1, 0, 1, 0, 0, 0]
    factor = [1, 1, 1, 1, 0, 0, 0, 0]

    assert odds_ratio(outcome, factor) == pytest.approx((9, 9 * (8 / 3) ** 0.5))


def test_the_product_limit_of_four_starters_is_that_worked_by_hand():
    # Stops on days 10 and 30, censored on day 20: S(30) = 3/4 * 1/2 = 3/8; Greenwood's sum is
    # 1/(4*3) + 1/(2*1) = 7/12.
    starters = pd.DataFrame(
        {
            "days": [10, 20, 30, 40],
            "has_stopped": [True, False, True, False],
            "reason": ["adverse_event", "nan", "lack_of_efficacy", "nan"],
        }
    )

    survival, error = still_on(starters, 30)
    risk, _ = stopped_for(starters, "lack_of_efficacy", 30)

    assert survival == pytest.approx(3 / 8)
    assert error == pytest.approx(3 / 8 * (7 / 12) ** 0.5)
    # 3/4 are still on the drug before day 30, and one of two at risk stops for this reason.
    assert risk == pytest.approx(3 / 4 * 1 / 2)
