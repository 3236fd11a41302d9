"""The realism card: complete, sourced, and met where parameters were tuned to it."""

import pandas as pd
import pytest

from azaanalysis.synthetic import measure_realism
from azaanalysis.synthetic.anchors import MEASURES
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


def test_what_was_tuned_agrees_with_what_was_published(card):
    tuned = card[card["is_tuned"]]

    assert tuned["agrees"].mean() >= 0.9


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
