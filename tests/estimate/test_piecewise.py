"""Hazard ratios window by window: by hand, against Cox regression, and what must hold."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis.design import follow_up_from_frame
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import (
    estimate_cox,
    estimate_hazard_ratio,
    estimate_piecewise_hazard_ratio,
)
from tests.builders import follow_up
from tests.estimate import public_trials as trials
from tests.estimate.weighted_world import ate_weights, small_world, weighted


def windows_of(estimate):
    return estimate.only(quantity="hazard_ratio_in_window").frame


def crossing(patients=4000, seed=4):
    """Return two arms: hazard 0.01 a day in both until day 50, then 0.01 and 0.03."""
    rng = np.random.default_rng(seed)
    early = rng.exponential(100, 2 * patients)
    late = 50 + rng.exponential(np.repeat([100, 100 / 3], patients))
    days = np.ceil(np.where(early <= 50, early, late))
    arm = ["a"] * patients + ["b"] * patients
    return follow_up(days=list(days), status=[1] * (2 * patients), arm=arm)


def test_each_window_is_worked_by_hand():
    # Window to day 2: deaths on day 1 (b of 2 and 2) and 2 (a of 2 and 1). The score
    # 1 - 2r/(2+2r) - r/(2+r) = 0 gives r^2 = 2. Window to day 4: day 3 (b of 1 and 1), day 4
    # (a alone): 1 - r/(1+r) > 0 for every r, so the ratio runs away.
    four = follow_up(days=[1, 2, 3, 4], status=[1, 1, 1, 1], arm=["b", "a", "b", "a"])
    four.frame["arm"] = four.frame["arm"].cat.reorder_categories(["a", "b"])
    estimate = estimate_piecewise_hazard_ratio(four, windows=[0, 2, 4])
    first, second = windows_of(estimate).itertuples()

    assert first.value == pytest.approx(np.sqrt(2), rel=1e-8)
    assert (first.unit, first.at_days, first.patients, first.events) == ("days 1 to 2", 2, 4, 2)
    assert np.isnan(second.value)
    assert "days 3 to 4" in estimate.about["notes"][0]


def test_one_window_over_all_days_is_the_hazard_ratio():
    made = trials.followed(
        trials.epileptic(), [], time="with.time", status="with.status", arm="treat"
    )
    piece = windows_of(estimate_piecewise_hazard_ratio(made, windows=[0, 10_000])).iloc[0]
    whole = estimate_hazard_ratio(made).only(quantity="hazard_ratio").frame.iloc[0]
    same = ["value", "lower", "upper", "std_error", "patients", "events", "patient_years"]

    assert piece[same].tolist() == pytest.approx(whole[same].tolist())


def test_windows_agree_with_a_cox_regression_of_split_rows():
    lung = trials.lung()
    lung = lung.assign(arm=pd.Categorical.from_codes(lung["sex"] - 1, ["male", "female"]))
    made = trials.followed(lung, [], time="time", status="event", arm="arm")
    late = lung[lung["time"] > 180].assign(start=180, event=lung["event"])
    early = lung.assign(
        start=0,
        event=lung["event"].where(lung["time"] <= 180, 0),
        time=lung["time"].clip(upper=180),
    )
    pieces = windows_of(estimate_piecewise_hazard_ratio(made, windows=[0, 180, 2000]))
    split = [
        estimate_cox(
            trials.followed(part, [], time="time", status="event", entry="start", arm="arm")
        )
        for part in (early, late)
    ]
    apart = pd.concat([part.only(quantity="hazard_ratio").frame for part in split])

    assert pieces["value"].tolist() == pytest.approx(apart["value"].tolist(), rel=1e-8)
    assert pieces["std_error"].tolist() == pytest.approx(apart["std_error"].tolist(), rel=1e-8)


def test_a_ratio_that_changes_is_found_in_its_window_and_by_the_test():
    estimate = estimate_piecewise_hazard_ratio(crossing(), windows=[0, 50, 365])
    early, late = windows_of(estimate).itertuples()
    p = estimate.only(quantity="proportional_hazards_p").frame["value"].item()

    assert early.lower < 1 < early.upper
    assert late.lower < 3 < late.upper
    assert p < 1e-6


def test_an_event_on_the_index_day_counts_in_the_first_window():
    # Two of four leave on day 0, one of them with the event; a third has it on day 5.
    made = follow_up(days=[0, 0, 5, 20], status=[1, 0, 1, 1], arm=["a", "b", "a", "b"])
    first, second = (
        estimate_piecewise_hazard_ratio(made, windows=[0, 10, 30])
        .only(quantity="hazard_ratio_in_window")
        .frame.itertuples()
    )

    assert (first.patients, first.events) == (4, 2)
    assert (second.patients, second.events) == (1, 1)


def test_the_events_of_all_windows_are_the_events_of_all_days():
    made = crossing(100)
    pieces = windows_of(estimate_piecewise_hazard_ratio(made, windows=[0, 20, 60, 5000]))

    assert pieces["events"].sum() == 200
    assert pieces["patient_years"].sum() == pytest.approx(made.frame["exit_days"].sum() / 365.25)


def test_stacked_errors_of_windows_are_the_jackknife_of_both_steps():
    frame, design, treated = small_world(patients=80)
    columns = {"time": "days", "status": "status", "arm": "arm"}

    def logs(follow):
        rows = windows_of(
            estimate_piecewise_hazard_ratio(follow, windows=[0, 12, 40], variance="robust")
        )
        return np.log(rows["value"].to_numpy())

    def changed(i, by):
        frequency = np.ones(len(frame))
        frequency[i] += by
        weight = frequency * ate_weights(design, treated, frequency)
        return logs(follow_up_from_frame(frame.assign(w=weight), weight="w", **columns))

    slopes = np.array([(changed(i, 1e-4) - changed(i, -1e-4)) / 2e-4 for i in range(len(frame))])
    made = weighted(frame, design, treated, **columns)
    rows = windows_of(
        estimate_piecewise_hazard_ratio(made, windows=[0, 12, 40], variance="stacked")
    )

    assert rows["std_error"].tolist() == pytest.approx(
        np.sqrt((slopes**2).sum(axis=0)).tolist(), rel=1e-5
    )


@pytest.mark.parametrize("windows", [[0], [84, 0], [-1, 84], [0, 0], [0, float("nan")]])
def test_windows_that_do_not_ascend_are_refused(windows):
    with pytest.raises(EstimationError, match="ascending order"):
        estimate_piecewise_hazard_ratio(crossing(10), windows=windows)


def test_one_arm_has_no_ratio_in_any_window():
    with pytest.raises(DesignError, match="at least two arms"):
        estimate_piecewise_hazard_ratio(follow_up(days=[1, 2]), windows=[0, 2])
