"""The variance of a mean count by running totals: that of each day summed by itself."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from azaanalysis.design import follow_up_from_frame, weigh
from azaanalysis.estimate.contributions import Contributions
from azaanalysis.estimate.event_history import EventHistory
from azaanalysis.estimate.mean_count_variance import variance_on_all_days


def infections(n, seed):
    """Return patients of two arms, some late, with infections until they leave or die."""
    rng = np.random.default_rng(seed)
    rows = []
    for patient in range(n):
        severity, day = rng.normal(), int(rng.integers(0, 3)) * 20
        arm = "b" if rng.random() < 1 / (1 + np.exp(-severity)) else "a"
        end = day + int(rng.integers(2, 300))
        while day < end:
            until = min(day + 1 + int(rng.exponential(80)), end)
            status = 1 if until < end else int(rng.integers(0, 2)) * 2
            rows.append((patient, day, until, status, arm, severity))
            day = until
    frame = pd.DataFrame(rows, columns=["id", "from", "to", "status", "arm", "severity"])
    made = follow_up_from_frame(
        frame,
        time="to",
        status="status",
        arm="arm",
        entry="from",
        patient="id",
        causes=["infection", "death"],
    )
    return replace(made, covariates=("severity",))


def variances(made, *, is_stacked):
    """Return the variance of each arm on all days, from running totals and day by day."""
    given = Contributions.of(made, is_stacked=is_stacked)
    for arm in made.arms:
        mean = EventHistory.of(made, arm).mean_count()
        days = np.arange(len(mean.mean))
        n_rows = len(made.frame)
        single = given.variances(lambda at, m=mean, n=n_rows: m.influence_of_all(n, at), days)
        yield variance_on_all_days(mean, given), single


@pytest.mark.parametrize("is_stacked", [False, True])
def test_running_totals_are_the_sums_of_each_day(is_stacked):
    made = weigh(infections(150, seed=3), target="ate")
    for totals, single in variances(made, is_stacked=is_stacked):
        assert single.max() > 0.001
        np.testing.assert_allclose(totals, single, rtol=1e-9, atol=1e-15)


def test_weights_that_change_from_row_to_row_are_taken_row_by_row():
    made = infections(120, seed=4)
    weight = np.random.default_rng(4).uniform(0.2, 3, len(made.frame))
    made = replace(made, frame=made.frame.assign(weight=weight))
    for totals, single in variances(made, is_stacked=False):
        np.testing.assert_allclose(totals, single, rtol=1e-9, atol=1e-15)


def test_patients_of_one_set_at_risk_on_the_same_days_are_summed_day_by_day():
    made = infections(60, seed=5)
    patients = pd.factorize(made.frame["patient_id"])[0]
    weighting = replace(weigh(made).weighting, score=None, reweigh=None, cluster=patients // 2)
    for totals, single in variances(replace(made, weighting=weighting), is_stacked=False):
        np.testing.assert_allclose(totals, single, rtol=1e-12)
