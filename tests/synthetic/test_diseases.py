"""Other diseases: their own drugs, measures and study files, through the same street."""

from pathlib import Path

import numpy as np
import pytest

from azaanalysis.design import follow, weigh
from azaanalysis.estimate import estimate_incidence
from azaanalysis.schema import find_faults
from azaanalysis.settings import Source, SyntheticSource
from azaanalysis.sources import load_cohort
from azaanalysis.study import load_study
from azaanalysis.synthetic import load_parameters, make_cohort, simulate_truth, true_risk

STUDIES = Path(__file__).parents[2] / "notebooks" / "studies"
# Each disease: its measure, its drugs, and the arms whose drug came late.
DISEASES = {
    "rheumatoid_arthritis": ("das28_crp", {"tofacitinib": 2017, "upadacitinib": 2020}),
    "lupus_nephritis": ("proteinuria_g_per_day", {"belimumab": 2011}),
    "anca_vasculitis": ("bvas", {"rituximab": 2013}),
}
# Of 1,500 patients some of these happen to nobody.
RARE = {"leukopenia", "low_white_cells", "lymphopenia", "raised_alt", "pancreatitis"}
ENDPOINTS = {"response", "infection", "first_infection", "discontinuation"}
each = pytest.mark.parametrize("disease", DISEASES)


@pytest.fixture(scope="module")
def cohorts():
    return {disease: make_cohort(1500, seed=31, world=disease) for disease in DISEASES}


@each
def test_a_disease_is_sound_and_followed_by_its_own_measure(cohorts, disease):
    tables = cohorts[disease].tables

    assert find_faults(tables) == []
    assert set(tables["patients"]["disease"]) == {disease}
    assert set(tables["visits"]["measure"]) == {DISEASES[disease][0]}
    assert "azathioprine" in set(tables["courses"]["drug"])


@each
def test_no_drug_of_a_disease_is_started_before_its_first_year(cohorts, disease):
    first = cohorts[disease].courses.groupby("drug", observed=True)["start_date"].min().dt.year

    for drug, year in DISEASES[disease][1].items():
        assert first[drug] >= year


@each
def test_a_disease_has_no_parameter_of_another(disease):
    names = load_parameters(disease).frame["name"]
    words = {part for name in names for part in name.split(".")}

    of_the_bowel = {"crohns_disease", "ulcerative_colitis", "vedolizumab"}
    assert not words & {*of_the_bowel, "azathioprine_with_anti_tnf"}
    # Mayo and CDAI stay as scales that nobody uses.
    assert load_parameters(disease).keys("disease_share") == (disease,)


@each
def test_every_parameter_of_a_disease_is_sourced_or_called_an_assumption(disease):
    frame = load_parameters(disease).frame
    own = frame[frame["world"] == disease]

    assert (own["citation"] != "").all()
    assert (own["citation"] != "assumption").sum() >= 15


@each
def test_values_of_a_disease_lie_within_their_published_interval(disease):
    frame = load_parameters(disease).frame
    known = frame.dropna(subset=["lower", "upper"])

    assert (known["value"].between(known["lower"], known["upper"])).all()


@each
def test_a_study_of_a_disease_can_answer_all_the_notebooks_ask(disease):
    study = load_study(STUDIES / f"{disease}.yml")
    source = Source(synthetic=SyntheticSource(patients=1500, seed=7, world=disease))
    cohort = load_cohort(source)

    assert set(study.endpoints) >= ENDPOINTS
    for endpoint in study.endpoints:
        followed = follow(cohort, study, endpoint=endpoint)
        assert set(followed.frame["arm"]) == set(study.comparison.arms)
        assert endpoint in RARE or followed.frame["n_events"].sum() > 20


@each
def test_the_arms_of_a_disease_can_be_weighted_by_what_choice_depends_on(disease):
    study = load_study(STUDIES / f"{disease}.yml")
    cohort = make_cohort(4000, seed=12, world=disease)
    followed = follow(cohort, study, endpoint="response")
    weighted = weigh(followed, target="overlap")

    def gap(frame):
        mean = frame.groupby("arm", observed=True).apply(
            lambda arm: np.average(arm["severity_score"], weights=arm["weight"]),
            include_groups=False,
        )
        return mean.max() - mean.min()

    assert {"severity_score", "index_year"} <= set(study.covariates)
    # What is left between five small arms is chance.
    assert gap(weighted.frame) < 0.4 * gap(followed.frame)


@each
def test_the_drugs_of_a_disease_differ_as_its_truth_says(disease):
    truth = simulate_truth(disease, n_patients=1500, seed=3, horizon_days=370)
    study = load_study(STUDIES / f"{disease}.yml")

    # The strategies of the world are the arms of its study, in the same order.
    assert list(truth.strategies) == list(study.comparison.arms)
    risk = true_risk(truth, "response", at_days=[365]).frame.set_index("arm")["value"]
    assert risk.idxmin() == "azathioprine"


def test_relapses_set_the_drugs_of_vasculitis_apart(cohorts):
    study = load_study(STUDIES / "anca_vasculitis.yml")
    cohort = make_cohort(4000, seed=8, world="anca_vasculitis")
    risk = estimate_incidence(follow(cohort, study, endpoint="relapse")).at([365])
    rows = risk.only(cause="flare", quantity="risk").frame.set_index("arm")["value"]

    # MAINRITSAN and IMPROVE: fewest on rituximab, most on mycophenolate.
    assert rows["rituximab"] < rows["azathioprine"] < rows["mycophenolate"]
