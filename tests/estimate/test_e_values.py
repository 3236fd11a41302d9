"""E-values: the published examples, what they must obey, and the measured causes beside them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azaanalysis.design import follow_up_from_frame
from azaanalysis.errors import EstimationError
from azaanalysis.estimate import e_value, estimate_e_values, measure_confounding
from azaanalysis.estimate.e_values import as_risk_ratio, joint_bias, needed_to_outcome
from azaanalysis.result import Estimate

ratios = st.floats(0.05, 20).filter(lambda r: abs(r - 1) > 0.01)


def ratio_row(value, lower, upper, *, quantity="risk_ratio", events=10, patients=100):
    row = {"arm": "new", "versus": "old", "quantity": quantity, "value": value}
    return Estimate.from_rows(
        [{**row, "lower": lower, "upper": upper, "events": events, "patients": patients}]
    )


def both(estimate, **keywords):
    made = estimate_e_values(estimate, **keywords).frame.set_index("quantity")["value"]
    return made["e_value"], made["e_value_of_limit"]


@pytest.mark.parametrize(
    ("ratio", "lower", "upper", "of_estimate", "of_limit"),
    [
        # VanderWeele and Ding (2017): infants without breast milk and deaths of the airways.
        (3.9, 1.8, 8.7, 7.26, 3.0),
        # The same paper: breast milk and childhood leukaemia, a ratio below 1.
        (0.80, 0.71, 0.91, 1.81, 1.43),
        # Hammond and Horn (1958), smoking and lung cancer, as in the vignette of R's EValue.
        (10.73, 8.02, 14.36, 20.95, 15.52),
        # The interval holds 1: no cause is needed.
        (1.3, 0.9, 1.9, 1.92, 1.0),
    ],
)
def test_published_risk_ratios_have_their_published_e_values(
    ratio, lower, upper, of_estimate, of_limit
):
    found = both(ratio_row(ratio, lower, upper))
    assert found == pytest.approx((of_estimate, of_limit), abs=0.005)


def test_an_e_value_for_another_ratio_than_one_is_that_of_the_quotient():
    # The vignette of EValue: from 2.5 to 1.5. 5/3 + sqrt(5/3 * 2/3) = 2.7208.
    assert e_value(2.5, true_ratio=1.5) == pytest.approx(2.7208, abs=1e-4)


def test_the_hazard_ratio_of_a_common_outcome_is_first_turned_into_a_risk_ratio():
    # 0.56 (0.46 to 0.69): (1 - 0.5^0.748331) / (1 - 0.5^1.336306) = 0.404716 / 0.603954 = 0.67011,
    # whose E-value is 2.3495; the limit 0.69 becomes 0.77321, with 1.9080.
    common = ratio_row(0.56, 0.46, 0.69, quantity="hazard_ratio", events=40)
    assert both(common) == pytest.approx((2.3495, 1.9080), abs=2e-4)
    rare = ratio_row(0.56, 0.46, 0.69, quantity="hazard_ratio", events=10)
    # 1 / 0.56 = 1.785714, plus sqrt(1.785714 * 0.785714) = 2.970; 1 / 0.69 likewise 2.256.
    assert both(rare) == pytest.approx((2.9702, 2.2556), abs=1e-3)
    assert both(rare, is_common=True) == both(common)


def test_the_odds_ratio_of_a_common_outcome_counts_by_its_root():
    assert as_risk_ratio(4.0, "odds_ratio", is_common=True) == 2.0
    assert as_risk_ratio(4.0, "odds_ratio", is_common=False) == 4.0


@given(ratio=ratios)
def test_a_cause_as_strong_as_the_e_value_with_both_is_just_enough(ratio):
    strength = e_value(ratio)
    assert joint_bias(strength, strength) == pytest.approx(max(ratio, 1 / ratio), rel=1e-9)


@given(ratio=ratios, more=st.floats(1.01, 10))
def test_what_is_needed_is_just_enough_and_a_ratio_and_its_inverse_need_the_same(ratio, more):
    to_arm = max(ratio, 1 / ratio) * more
    (needed,) = needed_to_outcome(ratio, [to_arm])
    assert joint_bias(to_arm, needed) == pytest.approx(max(ratio, 1 / ratio), rel=1e-9)
    assert e_value(ratio) == pytest.approx(e_value(1 / ratio), rel=1e-9)


def test_no_strength_suffices_where_the_cause_goes_too_weakly_with_the_arm():
    assert np.isnan(needed_to_outcome(2.0, [1.9])).all()


def test_the_conversion_of_a_hazard_ratio_treats_a_ratio_and_its_inverse_alike():
    up, down = (as_risk_ratio(h, "hazard_ratio", is_common=True) for h in (3.0, 1 / 3.0))
    assert up * down == pytest.approx(1.0)


def test_a_difference_has_no_e_value_and_the_way_forward_is_named():
    with pytest.raises(EstimationError, match="estimate_risk_ratio"):
        estimate_e_values(ratio_row(0.1, 0.0, 0.2, quantity="risk_difference"))


def confounded(n_with, n_without):
    """Patients of two arms, some with a trait that doubles the risk in both."""
    rows = []
    for arm, n, share in (("old", 1000, n_without), ("new", 1000, n_with)):
        trait = np.arange(n) < share
        # 40 of 100 with the trait have the event on day 10, 20 of 100 without.
        event = np.where(trait, np.arange(n) % 5 < 2, np.arange(n) % 5 < 1)
        rows.append(pd.DataFrame({"arm": arm, "has_trait": trait, "event": event}))
    frame = pd.concat(rows)
    frame["time"] = np.where(frame["event"], 10, 100)
    return follow_up_from_frame(frame, time="time", status="event", arm="arm", reference="old")


def test_a_measured_cause_is_as_strong_as_worked_by_hand():
    # 600 of 1000 in the new arm have the trait and 300 in the old: 2.0; without it 400 and 700:
    # 1.75. Risks 0.4 and 0.2: 2.0. Together 2 * 2 / (2 + 2 - 1).
    (row,) = measure_confounding(confounded(600, 300), at_day=50).itertuples()
    assert (row.covariate, row.level) == ("has_trait", "yes")
    assert row.to_arm == pytest.approx(2.0)
    assert row.to_outcome == pytest.approx(2.0)
    assert row.joint == pytest.approx(4 / 3)


def test_a_level_with_few_patients_is_no_yardstick():
    assert measure_confounding(confounded(600, 49), at_day=50).empty
