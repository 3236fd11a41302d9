"""What rows give to a score: the same line by line as all at once, and what that saves."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from azaanalysis.design import follow_up_from_frame
from azaanalysis.estimate import estimate_cox
from azaanalysis.estimate.cox_model import CoxModel
from azaanalysis.estimate.row_scores import RowScores

COVARIATES = [f"x{number}" for number in range(10)]


def split_rows(n_patients):
    """Cut the follow-up of each patient into three rows whose covariates differ."""
    rng = np.random.default_rng(3)
    cuts = np.sort(rng.choice(np.arange(1, 400), (n_patients, 3)) + np.array([0, 400, 800]), axis=1)
    frame = pd.DataFrame({name: rng.standard_normal(3 * n_patients) for name in COVARIATES})
    frame["entry"] = np.column_stack([np.zeros(n_patients), cuts[:, :2]]).ravel().astype(np.int16)
    frame["days"] = cuts.ravel().astype(np.int16)
    is_last = np.arange(3 * n_patients) % 3 == 2
    frame["status"] = (is_last & (rng.random(3 * n_patients) < 0.5)).astype(np.int8)
    frame["patient"] = np.repeat(np.arange(n_patients, dtype=np.int32), 3)
    return follow_up_from_frame(
        frame, time="days", status="status", entry="entry", patient="patient"
    )


@pytest.mark.parametrize("is_explained", [False, True])
def test_scores_line_by_line_are_those_of_the_whole_array(is_explained):
    model = CoxModel.of(split_rows(200), COVARIATES, [])
    moment = model.fit(1).moment
    factor = np.linspace(0, 1, len(moment.rise))
    explained = np.random.default_rng(4).normal(size=(10, 10)) if is_explained else None
    scores = RowScores.of(moment, factor, explained=explained)
    whole = np.asarray(scores)
    np.testing.assert_array_equal(np.stack([line.copy() for line in scores]), whole)
    # All rows together give the score itself, less what was explained of it, which is zero.
    total = whole @ moment.hazards.weight
    np.testing.assert_allclose(total, moment.score(factor), atol=1e-8)


def test_clustered_cox_regression_stays_well_below_three_times_its_input():
    made = split_rows(20_000)
    input_bytes = 60_000 * (8 * 10 + 2 + 2 + 1 + 4)
    estimate_cox(split_rows(50), covariates=COVARIATES)  # what is imported on first use
    tracemalloc.start()
    estimate_cox(made, covariates=COVARIATES)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.8 * input_bytes
