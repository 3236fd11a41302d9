"""The risk table: small, complete, and as good as the patients."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.errors import EstimationError
from azaanalysis.estimate import estimate_incidence, tally
from tests.builders import follow_up


def test_patients_of_one_arm_day_and_status_are_one_row():
    three = follow_up(days=[5, 5, 5], status=[1, 1, 0], weight=[1, 3, 2])
    cells = tally(three).cells.set_index("status")

    assert cells["patients"].to_dict() == {0: 1, 1: 2}
    assert cells.loc[1, "weight"] == 4
    assert cells.loc[1, "weight_squared"] == 10


def test_a_risk_table_is_returned_as_it_is():
    table = tally(follow_up(days=[1, 2]))
    assert tally(table) is table


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 2), st.sampled_from("ab"), st.floats(0.1, 3)),
        min_size=1,
        max_size=40,
    )
)
def test_curves_from_the_table_are_those_from_the_patients(listed):
    days, status, arm, weight = map(list, zip(*listed, strict=True))
    made = follow_up(days=days, status=status, arm=arm, weight=weight, causes=["one", "two"])
    pd.testing.assert_frame_equal(
        estimate_incidence(made).frame, estimate_incidence(tally(made)).frame
    )


def test_its_size_does_not_grow_with_the_number_of_patients():
    rng = np.random.default_rng(5)
    sizes = []
    for n in (20_000, 80_000):
        days, status = rng.integers(0, 100, n), rng.integers(0, 2, n)
        sizes.append(len(tally(follow_up(days=list(days), status=list(status))).cells))
    assert sizes[0] == sizes[1] == 200


def test_the_cells_of_sparse_days_are_those_of_counting_one_by_one():
    # Entry days that spread widely leave the dense slots for sorted ones.
    rng = np.random.default_rng(8)
    entry, stay = rng.integers(0, 3_000, 60), rng.integers(1, 3_000, 60)
    made = follow_up(
        days=list(entry + stay), status=list(rng.integers(0, 2, 60)), entry=list(entry)
    )
    cells = tally(made).cells
    counted = made.frame.groupby(["entry_days", "exit_days", "status"]).size().reset_index()

    assert len(cells) == len(counted)
    assert cells["patients"].sum() == 60
    assert cells["entry_days"].tolist() == counted["entry_days"].tolist()


def test_a_stratum_that_is_no_covariate_or_is_missing_for_some_is_refused():
    made = follow_up(days=[1, 2])
    with pytest.raises(EstimationError, match="no covariate 'sex' to stratify by"):
        tally(made, stratum="sex")
    holes = replace(made, frame=made.frame.assign(sex=["f", None]), covariates=("sex",))
    with pytest.raises(EstimationError, match="'sex' is missing in 1 of 2 rows"):
        tally(holes, stratum="sex")


def test_the_effective_size_of_an_arm_is_the_squared_sum_over_the_sum_of_squares():
    # (1 + 3)^2 / (1 + 9) = 1.6.
    assert tally(follow_up(days=[1, 2], weight=[1, 3])).effective_sizes() == {"a": 1.6}
