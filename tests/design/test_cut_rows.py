"""Weights for treatment on top of weights for censoring."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis import estimate_incidence, follow, make_cohort
from azaanalysis.design import measure_balance, measure_baseline, measure_follow_up, weigh
from azaanalysis.design.cut_rows import at_time_zero, put_together, spells_of
from azaanalysis.errors import DesignError
from azaanalysis.study import load_study
from tests.design.test_clones import cloned


@pytest.fixture(scope="module")
def per_protocol():
    study = load_study("notebooks/study.yml").changed(
        comparison={"strategy": "per_protocol", "horizon_days": 365},
        endpoints={"first_infection": {"competing": ["death"]}},
    )
    cohort = make_cohort(1200, seed=8, world="informative_switching")
    return follow(cohort, study, endpoint="first_infection")


@pytest.fixture(scope="module")
def both(per_protocol):
    return weigh(per_protocol, target="overlap")


def test_weights_of_treatment_and_of_censoring_are_multiplied(per_protocol, both):
    treatment = weigh(put_together(per_protocol), target="overlap")
    weight_of = treatment.frame.set_index("patient_id")["weight"]
    of_rows = per_protocol.frame["patient_id"].map(weight_of)
    expected = (of_rows * per_protocol.frame["weight"]).dropna().to_numpy()

    assert both.frame["weight"].to_numpy() == pytest.approx(expected)
    assert both.weighting.target == "overlap"
    assert "censoring" in both.about["weighting"]
    assert "propensity" in both.about["weighting"]


def test_both_models_are_fitted_again(both):
    once = both.weighting.reweigh(np.ones(len(both.frame)))
    assert once == pytest.approx(both.frame["weight"].to_numpy())
    spell = spells_of(both)
    times = np.random.default_rng(3).integers(0, 3, spell[-1] + 1)[spell].astype(float)
    again = both.weighting.reweigh(times)
    assert np.abs(again - once)[times > 0].max() > 1e-3


def test_a_patient_adds_once_to_the_score_of_the_treatment_model(per_protocol, both):
    treatment = weigh(put_together(per_protocol), target="overlap").weighting.score
    score = both.weighting.score
    assert np.abs(score.residual).sum() == pytest.approx(np.abs(treatment.residual).sum())


def test_intervals_can_be_had_stacked(both):
    made = estimate_incidence(both, variance="stacked").at([180]).only(quantity="survival")
    assert (made.frame["std_error"] > 0).all()


def test_time_zero_has_one_row_for_each_patient(both):
    first = at_time_zero(both)
    assert first.frame["patient_id"].is_unique
    totals = measure_baseline(both).query("kind == 'total'")["n"]
    assert totals.tolist()[-4:] == measure_follow_up(both).frame["patients"].tolist()


def test_balance_is_measured_at_time_zero(both):
    pd.testing.assert_frame_equal(measure_balance(both), measure_balance(at_time_zero(both)))


def test_clones_are_not_weighed_again():
    with pytest.raises(DesignError, match="the arms are alike at the start"):
        weigh(cloned(), target="ate")
