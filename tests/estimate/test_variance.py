"""Variances: against the derivative by each patient's weight, the model of the weights included."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from azaanalysis.errors import EstimationError
from azaanalysis.estimate import estimate_incidence, estimate_risk_difference, tally
from tests.builders import follow_up
from tests.estimate.weighted import confounded, weigh


def by_derivative(followed, estimator):
    """Return standard errors from refitting everything with one patient a little heavier."""
    n = len(followed.frame)

    def values(copies):
        weight = copies * followed.weighting.reweigh(copies)
        frame = followed.frame.assign(weight=weight)
        return estimator(replace(followed, frame=frame, weighting=None)).frame["value"].to_numpy()

    influence = []
    for i in range(n):
        step = np.zeros(n)
        step[i] = 1e-4
        influence.append((values(1 + step) - values(1 - step)) / 2e-4)
    return np.sqrt(np.square(influence).sum(axis=0))


@pytest.mark.parametrize(("target", "n_arms", "late"), [("ate", 2, True), ("overlap", 3, False)])
def test_stacked_errors_are_the_derivative_by_each_patient_with_the_model_refitted(
    target, n_arms, late
):
    weighted = weigh(confounded(90, 5, n_arms, late=late), ["x1", "x2"], target)

    curves = estimate_incidence(weighted, variance="stacked").frame["std_error"]
    np.testing.assert_allclose(curves, by_derivative(weighted, estimate_incidence), atol=1e-8)
    gaps = estimate_risk_difference(weighted, at_days=[7, 20], variance="stacked")
    expected = by_derivative(weighted, lambda f: estimate_risk_difference(f, at_days=[7, 20]))
    np.testing.assert_allclose(gaps.frame["std_error"], expected, rtol=1e-6)


def test_standardised_errors_contain_that_the_strata_were_counted_in_the_same_patients():
    made = confounded(60, 9)
    frame = made.frame.assign(z=np.arange(60) % 2, weight=np.linspace(0.5, 1.5, 60))
    made = replace(made, frame=frame, covariates=("z",))

    def ask(weight):
        again = replace(made, frame=frame.assign(weight=weight))
        return estimate_risk_difference(again, at_days=[15], stratum="z").frame

    influence = []
    for i in range(60):
        step = 1e-4 * (np.arange(60) == i) * frame["weight"]
        up, down = (ask(frame["weight"] + sign * step)["value"] for sign in (1, -1))
        influence.append((up - down) / 2e-4)
    expected = np.sqrt(np.square(influence).sum(axis=0))
    np.testing.assert_allclose(ask(frame["weight"])["std_error"], expected, rtol=1e-6)


def test_a_table_with_its_scores_gives_the_stacked_errors_of_the_patients():
    weighted = weigh(confounded(300, 6), ["x1", "x2"])
    from_table = estimate_incidence(tally(weighted), variance="stacked").frame

    assert from_table.equals(estimate_incidence(weighted, variance="stacked").frame)


def test_rows_that_belong_together_are_summed_before_they_are_squared():
    # Each patient twice with half the weight is each patient once.
    once = confounded(60, 7, late=True)
    twice = once.frame.loc[np.repeat(np.arange(60), 2)].assign(weight=0.5)
    doubled = replace(once, frame=twice.reset_index(drop=True))

    assert tally(doubled).is_clustered
    columns = ["value", "lower", "upper", "std_error"]
    for estimate in (estimate_incidence, lambda f: estimate_risk_difference(f, at_days=[9])):
        np.testing.assert_allclose(
            estimate(doubled).frame[columns], estimate(once).frame[columns], atol=1e-12
        )


def test_stacked_errors_of_rows_that_belong_together_are_those_of_their_patients():
    # Each patient twice, with half of the weight, of the score and of the slope.
    once = weigh(confounded(60, 10), ["x1"])
    places = np.repeat(np.arange(60), 2)
    score, frame = once.weighting.score, once.frame.loc[places].reset_index(drop=True)
    halved = replace(
        score,
        design=score.design[places],
        residual=score.residual[places] / 2,
        slope=score.slope[places] / 2,
    )
    doubled = replace(
        once,
        frame=frame.assign(weight=frame["weight"] / 2),
        weighting=replace(once.weighting, score=halved),
    )
    at_nine = partial(estimate_risk_difference, at_days=[9])
    for estimate in (estimate_incidence, at_nine):
        ours, expected = (estimate(f, variance="stacked").frame for f in (doubled, once))
        np.testing.assert_allclose(ours["std_error"], expected["std_error"], atol=1e-9)


def test_a_table_of_clustered_rows_without_its_pairs_is_refused_with_a_way_forward():
    doubled = follow_up(days=[3, 4, 3, 4], status=[1, 0, 1, 0])
    doubled = replace(doubled, frame=doubled.frame.assign(patient_id=["p", "q", "p", "q"]))
    bare = replace(tally(doubled), pairs=None)

    with pytest.raises(EstimationError, match="Give the follow-up itself"):
        estimate_incidence(bare)


def test_a_stacked_interval_without_a_model_is_refused_with_a_way_forward():
    with pytest.raises(EstimationError, match="Ask for variance='bootstrap'"):
        estimate_incidence(follow_up(days=[1, 2]), variance="stacked")


def test_a_bootstrap_of_a_table_is_refused_with_a_way_forward():
    with pytest.raises(EstimationError, match="Give the follow-up itself"):
        estimate_incidence(tally(follow_up(days=[1, 2])), variance="bootstrap")


def test_an_unknown_variance_is_refused_by_name():
    with pytest.raises(EstimationError, match="No variance 'naive'; known are: auto"):
        estimate_incidence(follow_up(days=[1, 2]), variance="naive")


def test_the_interval_says_what_it_contains():
    plain = estimate_incidence(confounded(200, 8)).about
    weighted = weigh(confounded(200, 8), ["x1"])
    known = estimate_incidence(weighted, variance="robust").about
    stacked = estimate_incidence(weighted, variance="stacked").about

    assert plain["interval"] == "sampling of patients, pointwise"
    assert known["interval"] == "sampling of patients, weights taken as known, pointwise"
    assert "estimation of the weights" in stacked["interval"]
    assert (plain["variance"], stacked["variance"]) == ("robust", "stacked")


def test_a_small_arm_carries_a_warning():
    notes = estimate_incidence(follow_up(days=[3] * 39)).about["notes"]

    assert "effective sample size of a is 39, below 40" in notes[0]
    assert not estimate_incidence(follow_up(days=[3] * 40)).about["notes"]
