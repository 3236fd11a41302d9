"""The risk table: small, complete, and as good as the patients."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

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
