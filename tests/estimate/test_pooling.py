"""Rubin's rules: by hand, and what must always hold."""

import numpy as np
import pytest
from scipy.stats import t as student

from azaanalysis.errors import EstimationError
from azaanalysis.estimate import pool
from azaanalysis.result import Estimate


def estimate(value, std_error, quantity="risk_difference", **more):
    row = {"arm": "b", "versus": "a", "quantity": quantity, "value": value, **more}
    return Estimate.from_rows([{**row, "std_error": std_error}], about={"level": 0.95})


def test_three_imputations_are_pooled_as_worked_by_hand():
    # Mean 2; variance within 1, between 1; total 1 + (1 + 1/3) * 1 = 7/3.
    # Share of the gaps (4/3) / (7/3) = 4/7; degrees of freedom 2 / (4/7)^2 = 6.125.
    pooled = pool([estimate(value, 1.0) for value in (1.0, 2.0, 3.0)]).frame.iloc[0]

    assert pooled["value"] == pytest.approx(2)
    assert pooled["std_error"] == pytest.approx(np.sqrt(7 / 3))
    assert pooled["upper"] == pytest.approx(2 + student.ppf(0.975, 6.125) * np.sqrt(7 / 3))


def test_few_patients_leave_fewer_degrees_of_freedom():
    # 100 patients: 99 * 100 / 102 * (1 - 4/7) = 41.597; 1 / (1 / 6.125 + 1 / 41.597) = 5.339.
    pooled = pool([estimate(value, 1.0, patients=100) for value in (1.0, 2.0, 3.0)]).frame.iloc[0]

    assert (pooled["upper"] - 2) / np.sqrt(7 / 3) == pytest.approx(student.ppf(0.975, 5.3388), 1e-4)


def test_a_ratio_is_pooled_as_a_logarithm():
    pooled = pool([estimate(value, 0.1, "hazard_ratio") for value in (1.0, 4.0)]).frame.iloc[0]

    assert pooled["value"] == pytest.approx(2)
    assert pooled["lower"] * pooled["upper"] == pytest.approx(4)


@pytest.mark.parametrize("quantity", ["risk", "survival", "rate", "restricted_mean_days"])
def test_the_same_estimate_many_times_is_that_estimate(quantity):
    one = estimate(0.3, 0.05, quantity)
    pooled = pool([one] * 5).frame.iloc[0]

    assert pooled["value"] == pytest.approx(0.3)
    assert pooled["std_error"] == pytest.approx(0.05)
    assert pooled["lower"] < 0.3 < pooled["upper"]


def test_a_risk_of_nothing_stays_nothing():
    assert pool([estimate(0.0, 0.0, "risk")] * 2).frame["value"].iloc[0] == 0


def test_p_values_are_not_pooled():
    assert np.isnan(pool([estimate(0.03, np.nan, "log_rank_p")] * 2).frame["value"].iloc[0])


def test_what_cannot_be_pooled_is_refused():
    with pytest.raises(EstimationError, match="at least two"):
        pool([estimate(1.0, 1.0)])
    with pytest.raises(EstimationError, match="Estimate 2 has other rows"):
        pool([estimate(1.0, 1.0), estimate(1.0, 1.0, "hazard_ratio")])
