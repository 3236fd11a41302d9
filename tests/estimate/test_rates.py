"""Event rates: hand-worked counts, the published limits, and refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import estimate_rates
from tests.builders import follow_up
from tests.r_results import r_result


def test_three_events_in_two_years_have_the_published_limits():
    # One year each and three infections: 3 / 2 years = 150 per 100 patient-years.
    # Garwood's table gives 0.6187 to 8.7673 for a count of 3. Halve for the year.
    two_patients = follow_up(days=[365.25, 365.25], n_events=[3, 0])

    (row,) = estimate_rates(two_patients, per_years=100).frame.itertuples()

    assert row.value == pytest.approx(150)
    assert row.lower == pytest.approx(100 * 0.6187 / 2, rel=1e-4)
    assert row.upper == pytest.approx(100 * 8.7673 / 2, rel=1e-4)
    assert (row.patients, row.events, row.patient_years) == (2, 3, 2)


@pytest.mark.parametrize("arm", ["Placebo", "Xanomeline Low Dose", "Xanomeline High Dose"])
def test_infection_rates_of_the_pilot_trial_have_the_limits_of_r(arm):
    # R: poisson.test(events, person_years).
    known = r_result("infection_counts")[arm]
    made = follow_up(days=[known["person_years"] * 365.25], n_events=[known["events"]])
    (row,) = estimate_rates(made, per_years=1).frame.itertuples()

    assert row.value == pytest.approx(known["rate"], rel=1e-10)
    assert (row.lower, row.upper) == pytest.approx((known["lower"], known["upper"]), rel=1e-8)


def test_no_event_has_the_rate_zero_and_an_upper_limit_of_three_and_a_bit():
    # Minus the logarithm of 0.025, by one year: the "rule of three" at 97.5 %.
    (row,) = estimate_rates(follow_up(days=[365.25]), per_years=1).frame.itertuples()

    assert (row.value, row.lower) == (0, 0)
    assert row.upper == pytest.approx(-np.log(0.025))


def test_an_arm_without_time_has_no_rate():
    (row,) = estimate_rates(follow_up(days=[0])).frame.itertuples()

    assert np.isnan(row.value)
    assert row.patient_years == 0


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=8))
def test_sharing_the_same_time_among_more_patients_changes_nothing(days):
    limits = ["value", "lower", "upper"]
    one = estimate_rates(follow_up(days=[sum(days)], n_events=[2])).frame
    many = estimate_rates(follow_up(days=days, n_events=[2] + [0] * (len(days) - 1))).frame

    np.testing.assert_allclose(many[limits], one[limits])


def test_weighted_follow_up_is_refused_with_a_way_forward():
    weighted = follow_up(days=[100, 200], weight=[0.5, 1.5])

    with pytest.raises(DesignError, match="with level=None"):
        estimate_rates(weighted)


def test_a_weighted_rate_without_interval_counts_by_weight():
    # (2 * 1 event) / (2 * 1 year + 1 * 1 year) = 2/3 a year.
    weighted = follow_up(days=[365.25, 365.25], n_events=[1, 0], weight=[2, 1])
    (row,) = estimate_rates(weighted, per_years=1, level=None).frame.itertuples()

    assert row.value == pytest.approx(2 / 3)
    assert np.isnan(row.lower)
    assert (row.events, row.patient_years) == (1, 2)


@pytest.mark.parametrize("changes", [{"level": 95}, {"per_years": 0}, {"per_years": -1}])
def test_settings_that_mean_nothing_are_refused(changes):
    with pytest.raises(EstimationError, match="for example"):
        estimate_rates(follow_up(days=[1]), **changes)
