"""The share tested in each window of a schedule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azaanalysis import estimate_adherence, suppress
from azaanalysis.design.recurrent import split_at_events
from azaanalysis.errors import EstimationError
from azaanalysis.settings_monitoring import MonitoringSettings
from tests.builders import follow_up

WEEKLY = MonitoringSettings(guideline="a test", schedule=({"every_days": 7},))


def watched(leave, tests, weight=None):
    """Patients followed to a day, with pairs of patient and day of test."""
    row, days = (np.array(part) for part in zip(*tests, strict=True))
    made = follow_up(days=leave, weight=weight, n_events=[0] * len(leave))
    return split_at_events(made, row, days.astype(float))


def test_a_test_counts_for_the_window_it_falls_in():
    # Windows (0, 7] and (7, 14]. Patient 0: days 7 and 8, both kept. Patient 1: day 3, the first.
    # Patient 2: leaves on day 10, so only the first window is due, and it had no test in it.
    made = estimate_adherence(
        watched([14, 14, 10], [(0, 7), (0, 8), (1, 3), (2, 9)]), schedule=WEEKLY
    )
    frame = made.frame.set_index("at_days")
    assert frame["patients"].tolist() == [3, 2]
    assert frame["events"].tolist() == [2, 1]
    assert frame["value"].tolist() == pytest.approx([2 / 3, 1 / 2])
    # Wilson for 2 of 3: (2/3 + z2/6 +- z sqrt(2/27 + z2/36)) / (1 + z2/3) with z2 = 3.8415.
    assert frame.loc[7, ["lower", "upper"]].tolist() == pytest.approx([0.2077, 0.9385], abs=1e-4)


def test_weights_decide_how_much_a_patient_counts():
    made = estimate_adherence(watched([7, 7], [(0, 5)], weight=[3.0, 1.0]), schedule=WEEKLY)
    assert made.frame["value"].iloc[0] == pytest.approx(0.75)


@given(st.floats(0.1, 100))
def test_the_scale_of_all_weights_changes_nothing(scale):
    tests = [(0, 5), (1, 12), (2, 3)]
    one = estimate_adherence(watched([14, 14, 14], tests, [1.0, 2.0, 3.0]), schedule=WEEKLY).frame
    weights = [scale, 2 * scale, 3 * scale]
    two = estimate_adherence(watched([14, 14, 14], tests, weights), schedule=WEEKLY).frame
    numbers = ["value", "lower", "upper", "std_error"]
    assert two[numbers].to_numpy() == pytest.approx(one[numbers].to_numpy())


def test_nobody_followed_through_a_window_is_refused():
    with pytest.raises(EstimationError, match="Nobody was followed through any window"):
        estimate_adherence(watched([5], [(0, 3)]), schedule=WEEKLY)


def test_a_share_that_would_tell_of_few_without_a_test_is_hidden():
    # 19 of 20 tested: one patient could be counted.
    data = watched([7] * 20, [(i, 5) for i in range(19)])
    made = estimate_adherence(data, schedule=WEEKLY).with_about(smallest_count=5)
    assert suppress(made).frame["value"].isna().all()
    assert suppress(made.with_about(smallest_count=1)).frame["value"].notna().all()
