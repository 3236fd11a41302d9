"""Covariates as columns: levels, gaps, curves against patsy, and what is refused."""

import numpy as np
import pandas as pd
import patsy
import pytest

from azaanalysis.design import follow_up_from_frame, weigh
from azaanalysis.design.model_columns import drop_determined, make_model_columns
from azaanalysis.errors import DesignError
from azaanalysis.settings_weighting import WeightingSettings


def test_columns_have_mean_zero_and_spread_one_beside_the_ones():
    frame = pd.DataFrame(
        {"x": [1.0, 2, 4, 9], "g": ["u", "v", "w", "v"], "is_on": [True, False] * 2}
    )
    columns = make_model_columns(frame, missing="refuse")

    assert columns.names == ("(ones)", "x", "g (v)", "g (w)", "is_on")
    assert (columns.matrix[:, 0] == 1).all()
    assert columns.matrix[:, 1:].mean(axis=0) == pytest.approx(0)
    assert columns.matrix[:, 1:].std(axis=0) == pytest.approx(1)


def test_a_curve_spans_what_the_natural_spline_of_patsy_spans():
    x = np.random.default_rng(1).normal(size=300)
    knots = np.quantile(x, [0.05, 0.35, 0.65, 0.95])
    ours = make_model_columns(pd.DataFrame({"x": x}), splines={"x": 4}, missing="refuse").matrix
    theirs = np.asarray(
        patsy.dmatrix(
            "cr(x, knots=inner, lower_bound=low, upper_bound=high)",
            {"x": x, "inner": knots[1:-1], "low": knots[0], "high": knots[-1]},
        )
    )
    # Between the outer knots; beyond them ours goes on in a straight line.
    inside = (x > knots[0]) & (x < knots[-1])
    fitted = ours[inside] @ np.linalg.lstsq(ours[inside], theirs[inside], rcond=None)[0]
    assert fitted == pytest.approx(theirs[inside], abs=1e-9)
    beyond = np.sort(x[x > knots[-1]])
    curve = ours[np.argsort(x)][-len(beyond) :, 2]
    assert np.diff(curve) / np.diff(beyond) == pytest.approx(
        np.full(len(beyond) - 1, (curve[1] - curve[0]) / (beyond[1] - beyond[0]))
    )


def test_constant_and_repeated_columns_are_left_out_with_a_note():
    frame = pd.DataFrame({"x": [1.0, 2, 3, 5], "same": [7.0] * 4, "twice": [2.0, 4, 6, 10]})
    columns = drop_determined(make_model_columns(frame, missing="refuse"))

    assert columns.names == ("(ones)", "x")
    assert columns.notes[0].endswith("determine it: same, twice.")


def test_a_curve_of_words_or_of_a_stranger_is_refused():
    frame = pd.DataFrame({"g": ["u", "v"], "x": [1.0, np.inf]})
    with pytest.raises(DesignError, match="'g', which holds words"):
        make_model_columns(frame, splines={"g": 4}, missing="refuse")
    with pytest.raises(DesignError, match="'z', which is not among"):
        make_model_columns(frame, splines={"z": 4}, missing="refuse")
    with pytest.raises(DesignError, match="infinite in 1 of 2 rows"):
        make_model_columns(frame, missing="refuse")


@pytest.mark.slow
def test_a_penalty_finds_the_covariate_that_matters_among_many():
    rng = np.random.default_rng(2)
    n = 400
    noise = pd.DataFrame(rng.normal(size=(n, 60))).add_prefix("x")
    arm = np.where(rng.random(n) < 1 / (1 + np.exp(-1.5 * noise["x0"])), "b", "a")
    frame = noise.assign(arm=pd.Categorical(arm), days=1.0, state=0)
    made = follow_up_from_frame(frame, time="days", status="state", arm="arm")
    weighted = weigh(made, settings=WeightingSettings(target="ate", penalty="l1"))
    chances = weighted.weighting.chances[:, 1]

    assert np.corrcoef(chances, made.frame["x0"])[0, 1] > 0.9
    assert weighted.weighting.score is None
    assert "L1 penalty" in weighted.about["weighting"]
