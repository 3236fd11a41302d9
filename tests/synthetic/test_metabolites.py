"""Metabolites and allopurinol: as published, in time, and without changing anything else."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis.synthetic import load_parameters, make_cohort

LEVELS = ["6tgn", "6mmp"]
NOTHING_BESIDE = {
    "metabolite_tested_share": 0,
    "allopurinol_start_share": 0,
    "allopurinol_if_high_6mmp": 0,
}


@pytest.fixture(scope="module")
def cohort():
    return make_cohort(6000, seed=12)


@pytest.fixture(scope="module")
def levels(cohort):
    """Return one row per test of metabolites: both levels, and who it was."""
    labs = cohort.tables["labs"]
    found = labs[labs["test"].isin(LEVELS)].astype({"test": str})
    wide = found.pivot_table("value", ["patient_id", "test_date"], "test")
    return wide.reset_index().merge(cohort.patients[["patient_id", "tpmt"]], on="patient_id")


def spells(cohort, drug):
    rows = cohort.courses[cohort.courses["drug"] == drug]
    last = rows["stop_date"].fillna(pd.Timestamp("2100-01-01"))
    return rows[["patient_id", "start_date", "dose_mg_per_day"]].assign(last=last)


def test_nothing_else_changes_where_metabolites_are_looked_at():
    without = make_cohort(1500, seed=3, parameters=load_parameters().changed(NOTHING_BESIDE))
    usual = make_cohort(1500, seed=3)

    for name in ("patients", "visits", "events", "steroids"):
        pd.testing.assert_frame_equal(without.tables[name], usual.tables[name])
    labs, courses = usual.tables["labs"], usual.courses
    labs, courses = labs[~labs["test"].isin(LEVELS)], courses[courses["drug"] != "allopurinol"]
    assert labs["value"].tolist() == without.tables["labs"]["value"].tolist()
    assert courses["start_date"].tolist() == without.courses["start_date"].tolist()
    lower = courses["dose_mg_per_day"].to_numpy() < without.courses["dose_mg_per_day"].to_numpy()
    beside = usual.courses.loc[usual.courses["drug"] == "allopurinol", "patient_id"]
    assert lower.any()
    assert set(courses["patient_id"].to_numpy()[lower]) <= set(beside)


def test_levels_are_measured_on_azathioprine_from_the_fourth_week(cohort, levels):
    both = levels.merge(spells(cohort, "azathioprine"), on="patient_id")
    within_a_week = both["last"] + pd.Timedelta(days=6)
    is_within = (both["test_date"] >= both["start_date"]) & (both["test_date"] <= within_a_week)
    days = (both["test_date"] - both["start_date"]).dt.days[is_within]

    assert len(set(both.loc[is_within, "test_date"])) > 100
    assert is_within.groupby([both["patient_id"], both["test_date"]]).any().all()
    assert days.min() >= 28


def test_levels_lie_where_they_are_published(levels):
    normal = levels[levels["tpmt"] == "normal"].groupby("patient_id")[LEVELS].median()

    # Dubinsky 2000: 199 in non-responders, 312 in responders; 2,213 without hepatotoxicity.
    assert 199 < normal["6tgn"].median() < 312
    assert normal["6mmp"].median() == pytest.approx(2213, rel=0.25)
    # BSG: up to one in five with normal TPMT make too much 6-MMP.
    assert 0.03 < (normal["6mmp"] > 5700).mean() < 0.2


def test_those_with_less_tpmt_make_less_6mmp_and_as_much_6tgn_at_half_the_dose(levels):
    medians = levels.groupby("tpmt", observed=True)[LEVELS].median()

    assert medians.loc["intermediate", "6mmp"] < 0.5 * medians.loc["normal", "6mmp"]
    ratio = medians.loc["intermediate", "6tgn"] / medians.loc["normal", "6tgn"]
    assert ratio == pytest.approx(1, abs=0.2)


def test_livers_are_harmed_more_often_where_6mmp_is_high(cohort, levels):
    highest = levels.groupby("patient_id")["6mmp"].max()
    labs = cohort.tables["labs"]
    alt = labs[labs["test"] == "alt"].groupby("patient_id")["value"].max().loc[highest.index]
    is_harmed = alt > 120

    # Dubinsky 2000: 18 % above 5,700, 6 % below.
    assert is_harmed[highest > 5700].mean() > 2 * is_harmed[highest <= 5700].mean()


def test_allopurinol_comes_with_azathioprine_and_brings_6mmp_down(cohort, levels):
    beside = spells(cohort, "allopurinol")
    on_both = beside.merge(spells(cohort, "azathioprine"), on="patient_id", suffixes=("", "_aza"))
    is_within = (on_both["start_date"] >= on_both["start_date_aza"]) & (
        on_both["last"] <= on_both["last_aza"]
    )
    assert is_within.groupby([on_both["patient_id"], on_both["start_date"]]).any().all()
    share = beside["patient_id"].nunique() / spells(cohort, "azathioprine")["patient_id"].nunique()
    assert 0.02 < share < 0.1

    rows = levels.merge(beside, on="patient_id")
    is_before = rows["test_date"] < rows["start_date"]
    before, after = rows[is_before], rows[~is_before]
    assert after["6mmp"].median() < 0.3 * before["6mmp"].median()
    assert np.median(after["6tgn"]) > 150


def test_who_starts_with_allopurinol_starts_at_a_quarter_to_a_third_of_the_dose(cohort):
    rows = spells(cohort, "azathioprine").merge(cohort.patients[["patient_id", "weight_kg"]])
    both = rows.merge(spells(cohort, "allopurinol"), on=["patient_id", "start_date"])
    per_kg = both["dose_mg_per_day_x"] / both["weight_kg"]

    # 2.5 mg/kg times 0.25 to 0.33, rounded to 25 mg.
    assert len(both) > 20
    assert 0.55 < per_kg.median() < 0.9
    assert (both["dose_mg_per_day_y"] == 100).all()


def test_a_cohort_of_another_disease_has_levels_too():
    labs = make_cohort(600, seed=4, world="lupus_nephritis").tables["labs"]
    assert set(LEVELS) <= set(labs["test"].unique())
