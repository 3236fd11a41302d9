"""Chances of each arm: against counting, against statsmodels, and what must always hold."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.design import multinomial
from azaanalysis.design.multinomial import fit_multinomial, predict_chances


def drawn(n, n_columns, n_classes, *, seed=1, strength=0.4):
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(n), rng.normal(size=(n, n_columns))])
    linear = design @ rng.normal(size=(n_columns + 1, n_classes)) * strength
    return design, (linear + rng.gumbel(size=linear.shape)).argmax(axis=1)


def test_without_covariates_the_chances_are_the_shares():
    # 1 of 4, 1 of 4 and 2 of 4: log odds against the first class are log 1 and log 2.
    fitted = fit_multinomial(np.ones((4, 1)), np.array([0, 1, 2, 2]), 3)

    assert fitted.coefficients[:, 0] == pytest.approx([0, np.log(2)], abs=1e-12)
    assert predict_chances(np.ones((1, 1)), fitted.coefficients)[0] == pytest.approx(
        [0.25, 0.25, 0.5]
    )


def test_one_binary_covariate_gives_the_odds_ratio_of_the_table():
    # Exposed: 3 of 4 in class 1; unexposed: 1 of 4. Odds ratio (3 * 3) / (1 * 1) = 9.
    exposed = np.array([1, 1, 1, 1, 0, 0, 0, 0.0])
    classes = np.array([1, 1, 1, 0, 1, 0, 0, 0])
    fitted = fit_multinomial(np.column_stack([np.ones(8), exposed]), classes, 2)

    assert fitted.coefficients[0, 1] == pytest.approx(np.log(9), abs=1e-12)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_coefficients_and_information_are_those_of_statsmodels(n_classes):
    design, classes = drawn(400, 3, n_classes)
    fitted = fit_multinomial(design, classes, n_classes)
    referee = sm.MNLogit(classes, design).fit(disp=0, method="newton", tol=1e-12, maxiter=100)

    found = fitted.coefficients.T
    assert found == pytest.approx(referee.params, abs=1e-9)
    assert np.linalg.inv(fitted.information) == pytest.approx(referee.cov_params(), abs=1e-9)
    assert fitted.log_likelihood == pytest.approx(referee.llf, abs=1e-8)


def test_a_guess_from_a_sample_leads_to_the_same_summit():
    design, classes = drawn(70_000, 2, 3)
    guessed = fit_multinomial(design, classes, 3)
    climbed = fit_multinomial(design, classes, 3, start=np.zeros((2, 3)))

    assert guessed.coefficients == pytest.approx(climbed.coefficients, abs=1e-12)


def test_chances_add_up_to_the_size_of_each_class():
    design, classes = drawn(500, 4, 3)
    chances = predict_chances(design, fit_multinomial(design, classes, 3).coefficients)

    assert chances.sum(axis=0) == pytest.approx(np.bincount(classes), abs=1e-9)


@given(st.lists(st.integers(0, 3), min_size=60, max_size=60), st.integers(0, 20))
@settings(deadline=None, max_examples=25)
def test_counting_a_row_twice_is_writing_it_twice(times, seed):
    design, classes = drawn(60, 1, 2, seed=seed)
    written = np.repeat(np.arange(60), times)
    if len(set(classes[written])) < 2:
        return
    counted = fit_multinomial(design, classes, 2, times=np.array(times, dtype=float))
    repeated = fit_multinomial(design[written], classes[written], 2)

    if repeated.has_converged:
        assert counted.coefficients == pytest.approx(repeated.coefficients, abs=1e-7)


def test_a_covariate_that_tells_the_classes_apart_has_no_finite_answer():
    design = np.column_stack([np.ones(6), [0, 1, 2, 3, 4, 5.0]])
    fitted = fit_multinomial(design, np.array([0, 0, 0, 1, 1, 1]), 2)

    assert not fitted.has_converged


def test_a_group_with_one_class_is_soon_left_to_itself_and_moves_nothing_else(monkeypatch):
    # Of 400 rows the last 8 are a group of their own, all of class 1: its coefficient grows for
    # ever, and in the limit the others are as if the group were not there.
    design, classes = drawn(400, 2, 2)
    group = np.arange(400) >= 392
    classes[group] = 1
    asked = []
    evaluate = multinomial._evaluate
    monkeypatch.setattr(multinomial, "_evaluate", lambda *of: asked.append(1) or evaluate(*of))
    fitted = fit_multinomial(np.column_stack([design, group]), classes, 2)
    assert not fitted.has_converged
    assert len(asked) < 20

    alone = fit_multinomial(design[~group], classes[~group], 2)
    assert fitted.coefficients[0, :3] == pytest.approx(alone.coefficients[0], abs=1e-6)
    chances = predict_chances(np.column_stack([design, group]), fitted.coefficients)
    assert chances[group, 1] == pytest.approx(np.ones(8), abs=1e-6)


def test_a_column_that_says_nothing_new_leaves_the_chances_alone():
    design, classes = drawn(200, 2, 3)
    doubled = np.column_stack([design, design[:, 1]])
    one = predict_chances(design, fit_multinomial(design, classes, 3).coefficients)
    other = predict_chances(doubled, fit_multinomial(doubled, classes, 3).coefficients)

    assert other == pytest.approx(one, abs=1e-8)
