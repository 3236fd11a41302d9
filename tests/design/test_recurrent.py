"""Repeated events as rows from one event to the next."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis.design import follow, weigh
from azaanalysis.design.recurrent import follow_recurrent, split_at_events
from azaanalysis.errors import DesignError
from azaanalysis.estimate import (
    estimate_mean_count,
    estimate_mean_count_ratio,
    estimate_rate_ratio,
    estimate_rates,
    estimate_rates_by_window,
    estimate_recurrent_ratio,
)
from azaanalysis.synthetic import make_cohort
from tests.builders import cohort, course, follow_up, patient, study

COLUMNS = ["patient_id", "entry_days", "exit_days", "status", "n_events"]


def infection(patient_id, date, **columns):
    return {"patient_id": patient_id, "event_date": date, "event": "infection", **columns}


def question(**changes):
    settings = {"kind": "event", "event": "infection", "count": "all", **changes}
    return study(endpoints={"infection": settings})


def rows_of(people, events, **changes):
    starts = [course(p["patient_id"], "azathioprine", "2012-01-01") for p in people]
    made = cohort(people, starts, events=events)
    return follow_recurrent(made, question(**changes), endpoint="infection").frame


def test_two_infections_cut_a_year_into_three_intervals():
    # 2012-01-31 is day 30, 2012-03-01 day 60; the horizon is day 365.
    frame = rows_of([patient("a")], [infection("a", "2012-01-31"), infection("a", "2012-03-01")])

    assert frame[COLUMNS].to_numpy().tolist() == [
        ["a", 0, 30, 1, 1],
        ["a", 30, 60, 1, 1],
        ["a", 60, 365, 0, 0],
    ]
    assert frame["end_reason"].tolist()[-1] == "horizon"


def test_infections_of_one_day_are_counted_together_and_episodes_once():
    events = [infection("a", "2012-01-31", is_serious=serious) for serious in (True, False)]
    later = [*events, infection("a", "2012-02-10")]

    assert rows_of([patient("a")], events)["n_events"].tolist() == [2, 0]
    assert rows_of([patient("a")], later, episode_gap_days=30)["n_events"].tolist() == [1, 0]


def test_two_infections_of_one_day_fall_in_one_window():
    events = [infection("a", "2012-01-31", is_serious=serious) for serious in (True, False)]
    made = cohort([patient("a")], [course("a", "azathioprine", "2012-01-01")], events=events)
    history = follow_recurrent(made, question(), endpoint="infection")

    found = estimate_rates_by_window(history, windows=[0, 30, 365]).frame

    in_arm = found[found["arm"] == "azathioprine"]
    assert in_arm["events"].tolist() == [2, 0]


def test_death_on_the_day_of_an_infection_is_kept():
    dead = patient("a", death_date="2012-01-31", observed_to="2012-01-31")
    frame = rows_of([dead], [infection("a", "2012-01-31")])

    assert frame[COLUMNS].to_numpy().tolist() == [["a", 0, 30, 1, 1], ["a", 30, 30, 2, 0]]


def test_an_infection_on_the_last_day_leaves_no_empty_row():
    gone = patient("a", observed_to="2012-01-31")
    frame = rows_of([gone], [infection("a", "2012-01-31"), infection("a", "2012-03-01")])

    assert frame[COLUMNS].to_numpy().tolist() == [["a", 0, 30, 1, 1]]


def test_nobody_without_events_is_lost():
    frame = rows_of([patient("a"), patient("b")], [infection("b", "2012-01-31")])

    assert frame["patient_id"].tolist() == ["a", "b", "b"]


def test_an_endpoint_of_first_events_is_refused():
    with pytest.raises(DesignError, match="'count: all'"):
        rows_of([patient("a")], [infection("a", "2012-01-31")], count="first")


def test_the_follow_up_of_another_endpoint_is_refused():
    people = [patient("a")]
    made = cohort(
        people, [course("a", "azathioprine", "2012-01-01")], events=[infection("a", "2012-02-01")]
    )
    with pytest.raises(DesignError, match="the follow-up of this endpoint"):
        follow_recurrent(
            made, question(), endpoint="infection", weighted=follow_up(days=[5], status=[0])
        )


@pytest.fixture(scope="module")
def infections():
    """Return one row per patient, weighted, and the same cut at its infections."""
    made = make_cohort(3000, seed=11)
    settings = study(
        endpoints={"infection": {"kind": "event", "event": "infection", "count": "all"}},
        covariates=["age_years", "sex"],
    )
    weighted = weigh(follow(made, settings, endpoint="infection"), target="ate")
    return weighted, follow_recurrent(made, settings, endpoint="infection", weighted=weighted)


def test_rows_hold_the_events_and_the_time_of_their_patients(infections):
    whole, cut = infections
    counts = cut.frame.groupby("patient_id")["n_events"].sum()
    days = (cut.frame["exit_days"] - cut.frame["entry_days"]).groupby(cut.frame["patient_id"]).sum()
    known = whole.frame.set_index("patient_id")

    pd.testing.assert_series_equal(counts, known["n_events"].sort_index(), check_dtype=False)
    np.testing.assert_allclose(days, known["exit_days"].sort_index())
    assert whole.frame["n_events"].max() > 1


@pytest.mark.parametrize("variance", ["robust", "stacked"])
def test_weighted_rates_and_their_errors_do_not_depend_on_the_rows(infections, variance):
    whole, cut = (estimate_rates(made, variance=variance).frame for made in infections)

    columns = ["value", "lower", "upper", "std_error", "patients", "events", "patient_years"]
    np.testing.assert_allclose(cut[columns].astype(float), whole[columns].astype(float), rtol=1e-7)


def test_estimated_weights_change_the_error_of_a_mean_count(infections):
    _, cut = infections
    day = {"at_days": [365]}
    known, estimated = (
        estimate_mean_count_ratio(cut, variance=variance, **day).frame["std_error"].iloc[0]
        for variance in ("robust", "stacked")
    )

    assert estimated != pytest.approx(known, rel=1e-6)
    assert estimated == pytest.approx(known, rel=0.2)


def test_ratios_of_rates_counts_and_intensities_are_near_each_other(infections):
    _, cut = infections
    rate = estimate_rate_ratio(cut, variance="stacked").only(quantity="rate_ratio").frame
    mean = estimate_mean_count_ratio(cut, at_days=[365]).frame
    model = estimate_recurrent_ratio(cut, variance="stacked").only(quantity="rate_ratio").frame

    np.testing.assert_allclose(model["value"], rate["value"], rtol=0.15)
    np.testing.assert_allclose(model["std_error"], rate["std_error"], rtol=0.15)
    assert (mean["lower"] < model["upper"]).all()


def test_splitting_without_events_changes_nothing():
    made = follow_up(days=[5, 9], status=[0, 0])
    nothing = np.array([], dtype=np.int64)
    cut = split_at_events(made, nothing, nothing.astype(float))

    assert cut.frame["exit_days"].tolist() == [5, 9]
    assert (estimate_mean_count(cut).frame["value"] == 0).all()
    assert (
        estimate_mean_count(split_at_events(made, nothing, nothing.astype(float))).frame["value"]
        == 0
    ).all()
