"""Simultaneous bands: their reach, and what they hold; differences of curves over time."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from azaanalysis.design import follow_up_from_frame
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import (
    Resampling,
    estimate_incidence,
    estimate_incidence_difference,
    estimate_risk_difference,
    tally,
)
from azaanalysis.estimate.bands import simultaneous_reach
from tests.builders import follow_up
from tests.estimate.weighted import confounded, weigh


def test_one_day_is_reached_as_far_as_any_interval():
    assert simultaneous_reach(np.array([[4.0]]), 0.95) == pytest.approx(1.96, abs=0.06)


def test_ten_independent_days_are_reached_as_far_as_their_largest():
    # P(max of 10 |Z| <= c) = P(|Z| <= c)^10 = 0.95, so c is the 0.99489.. quantile, 2.80.
    expected = ndtri((1 + 0.95**0.1) / 2)
    assert simultaneous_reach(np.diag(np.arange(1.0, 11)), 0.95) == pytest.approx(
        expected, abs=0.06
    )


def test_a_curve_that_never_moved_has_no_band():
    assert np.isnan(simultaneous_reach(np.zeros((3, 3)), 0.95))


def test_the_simultaneous_band_holds_the_whole_curve_as_often_as_it_says():
    # Exponential survival, censoring at random, 60 cohorts of 150: 95 % less 3 standard errors.
    rng = np.random.default_rng(21)
    held, pointwise = [], []
    for _ in range(60):
        times = rng.exponential(40, 150)
        left = rng.uniform(20, 120, 150)
        frame = pd.DataFrame({"days": np.ceil(np.minimum(times, left)), "status": times <= left})
        made = follow_up_from_frame(frame, time="days", status="status")
        for band, kept in (("simultaneous", held), ("pointwise", pointwise)):
            curve = estimate_incidence(made, band=band).only(cause="").frame
            curve = curve[(curve["patients"] >= 15) & (curve["std_error"] > 0)]
            truth = np.exp(-curve["at_days"] / 40)
            kept.append(bool(((curve["lower"] <= truth) & (truth <= curve["upper"])).all()))
    assert np.mean(held) >= 0.86
    assert np.mean(pointwise) < 0.8


def differences(made, **options):
    return estimate_incidence_difference(made, band="pointwise", **options).frame


@pytest.mark.parametrize("variance", ["robust", "stacked"])
def test_the_difference_over_time_is_the_difference_on_each_day(variance):
    made = weigh(confounded(150, 31, n_arms=3, late=True), ["x1", "x2"])
    over_time = differences(made, variance=variance)
    for (arm, cause), curve in over_time.groupby(["arm", "cause"]):
        days = curve["at_days"].tolist()
        alone = estimate_risk_difference(made, at_days=days, variance=variance)
        alone = alone.only(arm=arm, cause=cause).frame
        for column in ("value", "std_error"):
            np.testing.assert_allclose(curve[column], alone[column], atol=1e-9)


def test_the_difference_of_clustered_rows_is_that_of_their_patients():
    once = confounded(80, 32)
    twice = once.frame.loc[np.repeat(np.arange(80), 2)].assign(weight=0.5)
    doubled = replace(once, frame=twice.reset_index(drop=True))

    columns = ["value", "lower", "upper", "std_error"]
    np.testing.assert_allclose(differences(doubled)[columns], differences(once)[columns])


def test_the_band_of_the_difference_is_wider_than_its_intervals():
    made = tally(confounded(400, 33))
    band = estimate_incidence_difference(made).frame
    narrow = differences(made)
    known = narrow["std_error"] > 0

    assert (band["upper"][known] > narrow["upper"][known]).all()
    assert (estimate_incidence_difference(made).about["interval"]).endswith("simultaneous")


def test_bootstrap_bands_are_wider_than_bootstrap_intervals():
    made = weigh(confounded(200, 34), ["x1"])
    plan = {"variance": "bootstrap", "resampling": Resampling(60)}
    for estimate in (estimate_incidence, estimate_incidence_difference):
        wide, narrow = (estimate(made, band=b, **plan).frame for b in ("simultaneous", "pointwise"))
        width = (wide["upper"] - wide["lower"]) - (narrow["upper"] - narrow["lower"])
        assert width.mean() > 0.01


def test_a_difference_over_time_needs_two_arms():
    with pytest.raises(DesignError, match="Add an arm to the study file"):
        estimate_incidence_difference(follow_up(days=[1, 2]))


def test_an_unknown_band_is_refused():
    with pytest.raises(EstimationError, match=r"'pointwise' .* or 'simultaneous'"):
        estimate_incidence(follow_up(days=[1, 2]), band="wide")
