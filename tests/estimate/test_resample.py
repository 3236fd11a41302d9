"""The bootstrap: who is drawn, what is weighed again, and what is said when it fails."""

from dataclasses import replace

import numpy as np
import pytest

from azaanalysis.design.weighting import Weighting
from azaanalysis.errors import EstimationError
from azaanalysis.estimate import Resampling, bootstrap, estimate_incidence, tally
from azaanalysis.estimate.cells import index_cells
from azaanalysis.estimate.resample import draw_resamples
from tests.builders import follow_up
from tests.estimate.weighted import confounded, weigh

FEW = Resampling(30, seed=1)


def test_every_arm_keeps_its_size_in_every_resample():
    made = follow_up(days=[1] * 9, arm=["a"] * 3 + ["b"] * 6)
    for resample in draw_resamples(made, FEW):
        assert resample.copies[:3].sum() == 3
        assert resample.copies[3:].sum() == 6


def test_rows_of_one_patient_are_drawn_together():
    made = follow_up(days=[1, 2, 3, 4], arm=["a", "b", "a", "b"])
    made = replace(made, frame=made.frame.assign(patient_id=["p", "p", "q", "q"]))
    for resample in draw_resamples(made, FEW):
        assert resample.copies[0] == resample.copies[1]
        assert resample.copies.sum() == 4


def test_weights_are_estimated_again_from_the_patients_drawn():
    made = weigh(confounded(80, 3), ["x1"])
    (first, *_) = draw_resamples(made, FEW)
    np.testing.assert_allclose(first.weight, made.weighting.reweigh(first.copies))
    assert not np.allclose(first.weight, made.frame["weight"])


def test_the_table_of_a_resample_is_that_of_its_patients_written_out():
    made = weigh(confounded(60, 4), ["x1"])
    index = index_cells(made)
    (first, *_) = draw_resamples(made, FEW)
    table = first.table(tally(made), index)

    drawn = np.repeat(np.arange(60), first.copies.astype(int))
    frame = made.frame.assign(weight=first.weight).iloc[drawn].reset_index(drop=True)
    frame = frame.assign(patient_id=np.arange(len(frame)))
    written = estimate_incidence(replace(made, frame=frame, weighting=None)).at([10, 20]).frame
    ours = estimate_incidence(table, variance="robust").at([10, 20]).frame
    for column in ("value", "std_error"):
        np.testing.assert_allclose(ours[column], written[column], atol=1e-12)


def test_the_spread_over_resamples_is_that_of_a_proportion():
    # 30 of 100 had the event: the standard error is sqrt(0.3 * 0.7 / 100) = 0.0458.
    made = follow_up(days=[5] * 100, status=[1] * 30 + [0] * 70)
    is_event = made.frame["status"].to_numpy() == 1
    shares = bootstrap(made, lambda r: r.copies @ is_event / 100, resampling=Resampling(2_000))
    assert shares.shape == (2_000,)
    assert shares.std() == pytest.approx(0.0458, rel=0.08)


def test_a_resample_that_cannot_be_analysed_is_missing_and_the_others_stay():
    made = follow_up(days=[1] * 5)
    calls = []

    def statistic(resample):
        calls.append(1)
        if len(calls) % 3 == 0:
            raise EstimationError("nobody left")
        return np.array([1.0, 2.0])

    values = bootstrap(made, statistic, resampling=FEW)
    assert np.isnan(values).all(axis=1).sum() == 10
    assert np.nansum(values) == 20 * 3


def test_a_bootstrap_in_which_nothing_works_is_refused_with_a_reason():
    def statistic(resample):
        raise EstimationError("nobody left")

    with pytest.raises(EstimationError, match="None of 30 resamples could be analysed"):
        bootstrap(follow_up(days=[1, 2]), statistic, resampling=FEW)


def test_an_error_of_the_caller_stops_the_bootstrap():
    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bootstrap(
            follow_up(days=[1, 2]), lambda r: r.copies, resampling=Resampling(30, progress=stop)
        )


def test_too_few_resamples_are_refused():
    with pytest.raises(EstimationError, match="at least 20 resamples; got 5"):
        Resampling(5)


def test_estimated_weights_that_cannot_be_estimated_again_are_not_resampled():
    made = weigh(confounded(60, 5), ["x1"])
    fixed = replace(made, weighting=replace(made.weighting, reweigh=None))
    with pytest.raises(EstimationError, match="do not say how to estimate them again"):
        estimate_incidence(fixed, variance="bootstrap")


def test_weights_without_a_model_are_taken_as_known():
    made = confounded(60, 6)
    matched = replace(made, weighting=Weighting("att", "pairs", cluster=np.arange(60) // 2))
    about = estimate_incidence(matched).about
    assert about["variance"] == "robust"
    assert "rows that belong together taken as one" in about["interval"]
