"""True risks at each level of a trait of the start: of the right people, and met by estimates."""

from pathlib import Path

import numpy as np
import pytest

from azaanalysis import (
    Estimate,
    compare_levels_with_truth,
    estimate_incidence,
    follow_by_dose,
    follow_by_trait,
    load_study,
)
from azaanalysis.estimate.true_subgroups import condition_of
from azaanalysis.synthetic import make_cohort, simulate_overlap_truth

STUDY = Path(__file__).parents[2] / "notebooks" / "study.yml"


pytestmark = pytest.mark.usefixtures("own_shelf")


@pytest.fixture(scope="module")
def asked():
    return load_study(STUDY), make_cohort(6000, seed=31)


def test_a_level_of_a_dose_is_the_condition_that_its_name_says():
    conditions = [
        condition_of("dose_mg_per_kg", level, [1, 2])
        for level in ("below 1 mg/kg", "1 to below 2 mg/kg", "2 or more mg/kg", "not known")
    ]
    assert conditions[:2] == ["dose_mg_per_kg < 1", "dose_mg_per_kg >= 1 and dose_mg_per_kg < 2"]
    assert conditions[2:] == ["dose_mg_per_kg >= 2", None]
    assert condition_of("tpmt", "untested", []) == "tpmt == 'untested'"


def test_estimates_by_dose_and_by_gene_lie_about_their_truth(asked):
    study, cohort = asked
    options = {"endpoint": "response", "n_patients": 8000}
    doses = follow_by_dose(cohort, study, endpoint="response", cuts=[1, 2])
    genes = follow_by_trait(cohort, study, endpoint="response", by="tpmt")
    distances = []
    for divided, by, cuts in ((doses, "dose_mg_per_kg", [1, 2]), (genes, "tpmt", [])):
        risk = estimate_incidence(divided).only(quantity="risk").at([84, 182, 365])
        found = compare_levels_with_truth(risk, study, by=by, cuts=cuts, **options)
        assert set(found["arm"]) <= set(divided.arms)
        error = np.hypot((found["upper"] - found["lower"]) / 3.92, found["truth_error"])
        distances += ((found["value"] - found["truth"]).abs() / error).tolist()

    assert len(distances) >= 15
    assert max(distances) < 3.5


def test_those_who_start_the_reference_are_drawn_as_often_as_they_start_it():
    truth = simulate_overlap_truth(
        "inflammatory_bowel_disease",
        ("azathioprine",),
        n_patients=8000,
        seed=5,
        horizon_days=30,
    )
    starters = make_cohort(8000, seed=6).courses
    first = starters.sort_values("start_date").drop_duplicates("patient_id")
    alone = first["drug"].eq("azathioprine").mean()

    # Azathioprine is also the companion that begins on the same day, so this is an upper limit.
    assert 0.2 < len(truth.people) / 8000 < alone + 0.1
    assert np.ptp(truth.weight) < 1e-9
    assert truth.people["dose_mg_per_kg"].median() == pytest.approx(2.5, abs=0.1)


def test_a_question_without_a_truth_says_so(asked):
    study, cohort = asked
    doses = follow_by_dose(cohort, study, endpoint="response", cuts=[1, 2])
    risk = estimate_incidence(doses).only(quantity="risk").at([84])
    steroid_free = compare_levels_with_truth(
        risk, study, endpoint="steroid_free_remission", by="dose_mg_per_kg", cuts=[1, 2]
    )
    assert steroid_free.empty
    assert steroid_free.attrs["reason"] == "No truth is simulated for this question."


def test_an_estimate_without_an_interval_is_not_counted_as_missed(asked):
    study, cohort = asked
    doses = follow_by_dose(cohort, study, endpoint="response", cuts=[1, 2])
    risk = estimate_incidence(doses).only(quantity="risk", cause="response").at([182])
    bare = Estimate(risk.frame.assign(lower=np.nan), risk.about)
    options = {"endpoint": "response", "by": "dose_mg_per_kg", "cuts": [1, 2], "n_patients": 8000}

    assert len(compare_levels_with_truth(risk, study, **options)) == 3
    assert compare_levels_with_truth(bare, study, **options).empty
