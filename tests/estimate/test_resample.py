"""The bootstrap: who is drawn, what is weighed again, and what is said when it fails."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, chi2

from azaanalysis.design.weighting import Weighting
from azaanalysis.errors import EstimationError
from azaanalysis.estimate import Resampling, bootstrap, drawn_tables, estimate_incidence, tally
from azaanalysis.estimate.cells import index_cells
from azaanalysis.estimate.curves import curves_of
from azaanalysis.estimate.drawn_tables import Sums, bootstrap_batches, bootstrap_tables
from azaanalysis.estimate.grid import Grid
from azaanalysis.estimate.limits import quantile_of_known
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


def draw_copies(size, n_resamples, seed):
    # Each patient is a cell, and counts for two, so that patients are drawn and not cells.
    factors = np.column_stack([np.ones(size), np.full(size, 2.0)])
    made = Sums.of(factors, np.ones(size, dtype=int)).draw(n_resamples, np.random.default_rng(seed))
    np.testing.assert_array_equal(made[:, 1], 2 * made[:, 0])
    return made[:, 0].astype(int)


def test_copies_drawn_in_batches_have_the_chances_of_drawing_one_by_one():
    # Of 3 patients drawn 3 times: (1, 1, 1) has chance 3! / 27 = 6/27, (3, 0, 0) and its like 1/27
    # each, (2, 1, 0) and its like 3/27 each.
    draws = draw_copies(3, 27_000, 5)
    found, times = np.unique(draws, axis=1, return_counts=True)
    chance = {1: 6, 3: 1, 2: 3}
    expected = np.array([chance[int(copies.max())] for copies in found.T]) * 1_000.0
    assert found.shape == (3, 10)
    assert ((times - expected) ** 2 / expected).sum() < chi2.ppf(0.999, 9)


def test_copies_of_many_patients_are_binomial_and_hold_each_other_down():
    draws = draw_copies(400, 4_000, 6)
    assert (draws.sum(axis=0) == 400).all()
    expected = binom.pmf(np.arange(6), 400, 1 / 400) * draws.size
    expected[-1] = draws.size - expected[:-1].sum()
    times = np.bincount(np.minimum(draws, 5).ravel())
    assert ((times - expected) ** 2 / expected).sum() < chi2.ppf(0.999, 5)
    # Half of the patients hold 200 copies, with variance 400 * 1/2 * 1/2 = 100.
    assert draws[:200].sum(axis=0).var() == pytest.approx(100, rel=0.08)


def test_cells_of_patients_who_count_as_one_are_multinomial():
    # 400 patients in cells of 100 and 300: variance 400 * 1/4 * 3/4 = 75, covariance -75.
    sums = Sums.of(np.ones((400, 1)), np.array([100, 300]))
    drawn = sums.draw(4_000, np.random.default_rng(7))[:, 0]
    assert (drawn.sum(axis=0) == 400).all()
    assert drawn[0].mean() == pytest.approx(100, abs=0.6)
    assert drawn[0].var() == pytest.approx(75, rel=0.08)


def test_patients_taken_a_few_at_a_time_give_sums_over_whole_cells(monkeypatch):
    # Pieces of 7 patients cut through the cells; here everybody is drawn once.
    monkeypatch.setattr(drawn_tables, "_ROWS_AT_ONCE", 7)
    patients = np.array([3, 20, 1, 0, 16])
    weight = np.random.default_rng(8).uniform(0.5, 2.0, 40)
    sums = Sums.of(np.column_stack([np.ones(40), weight]), patients)
    made = np.zeros((5, 2))
    for piece in sums.pieces:
        made[piece.cells] += (piece.matrix @ np.ones(piece.matrix.shape[1])).reshape(-1, 2)
    np.testing.assert_array_equal(made[:, 0], patients)
    by_cell = np.bincount(np.repeat(np.arange(5), patients), weight)
    np.testing.assert_allclose(made[:, 1], by_cell, rtol=1e-14)


def test_curves_of_many_resamples_at_once_are_those_of_each():
    made = confounded(300, 9)
    entry = np.minimum(made.frame["exit_days"], np.arange(300) % 4 * 3)
    made = replace(
        made, frame=made.frame.assign(weight=1 + made.frame["x1"] ** 2, entry_days=entry)
    )
    index, table = index_cells(made), tally(made)

    def risks(drawn):
        curves = curves_of(Grid.of(drawn, drawn.arms[1]), 1)
        parts = [part for curve in curves for part in (curve.value, curve.variance())]
        return np.stack(parts, axis=-2)

    each = bootstrap_tables(made, risks, table, index, resampling=Resampling(70))
    at_once = bootstrap_batches(made, risks, table, index, resampling=Resampling(70))
    assert at_once.shape == each.shape
    np.testing.assert_allclose(at_once, each, rtol=1e-10, atol=1e-14)


def test_a_resample_in_which_nobody_of_an_arm_counts_is_missing_and_the_others_stay():
    # One of two patients of arm a has weight zero: a quarter of the resamples has only that one.
    made = follow_up(
        days=[3, 1, 2, 1], arm=["a", "a", "b", "b"], weight=[0.0, 2.0, 1.0, 1.0], status=[1] * 4
    )
    index, table = index_cells(made), tally(made)

    def survival(drawn):
        return curves_of(Grid.of(drawn, "a"), 1)[0].value[..., -1:]

    drawn = bootstrap_batches(made, survival, table, index, resampling=Resampling(1_000))
    assert np.isnan(drawn).mean() == pytest.approx(0.25, abs=0.05)
    assert (drawn[~np.isnan(drawn)] == 0).all()


def test_tables_drawn_in_batches_spread_as_those_drawn_one_by_one():
    made = confounded(200, 8)
    made = replace(made, frame=made.frame.assign(weight=1 + (made.frame["x1"] > 0) * 1.5))
    index, table = index_cells(made), tally(made)

    early = (table.keys.exit_days <= 20) & (table.keys.status == 1)

    def risks(drawn):
        of_arms = [drawn.keys.of_arms([arm]) for arm in drawn.arms]
        weight = drawn.counts.weight
        return np.array([weight[here & early].sum() / weight[here].sum() for here in of_arms])

    often = Resampling(1_500, seed=3)
    batched = bootstrap_tables(made, risks, table, index, resampling=often)
    single = bootstrap(made, lambda r: risks(r.table(table, index)), resampling=often)
    np.testing.assert_allclose(batched.mean(axis=0), single.mean(axis=0), atol=0.006)
    np.testing.assert_allclose(batched.std(axis=0), single.std(axis=0), rtol=0.08)
    again = bootstrap_tables(made, risks, table, index, resampling=often)
    np.testing.assert_array_equal(batched, again)


def test_a_table_drawn_in_a_batch_counts_each_arm_in_full_and_squares_by_copies():
    made = follow_up(days=[3, 1, 2, 1], arm=["b", "a", "b", "a"], weight=[0.5, 2.0, 0.5, 2.0])
    index, table = index_cells(made), tally(made)

    def sums(drawn):
        counts, is_first = drawn.counts, drawn.keys.of_arms(["a"])
        assert counts.weight_squared[is_first].sum() == 4 * counts.patients[is_first].sum()
        return np.array([counts.patients[is_first].sum(), counts.weight.sum()])

    drawn = bootstrap_tables(made, sums, table, index, resampling=FEW)
    np.testing.assert_array_equal(drawn, np.tile([2.0, 5.0], (30, 1)))


def test_the_quantile_of_what_is_known_is_that_of_numpy():
    numbers = np.random.default_rng(2).exponential(size=(41, 30))
    numbers[np.random.default_rng(3).random(numbers.shape) < 0.3] = np.nan
    numbers[3, :5] = 1e12
    for level in (0.5, 0.9, 0.95):
        np.testing.assert_allclose(
            quantile_of_known(numbers, level), np.nanquantile(numbers, level, axis=0), rtol=1e-12
        )
