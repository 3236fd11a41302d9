"""Cox regression: by hand, against R and the Rust package, and what must hold."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis.estimate import (
    estimate_cox,
    estimate_proportional_hazards,
)
from tests.estimate import public_trials as trials
from tests.r_results import r_result

MAYO = ["age", "edema", "log_bili", "log_protime", "log_albumin"]
VETERAN = ["trt", "celltype", "karno", "diagtime", "age", "prior"]
ROTTERDAM = ["hormon", "age", "meno", "size", "grade", "nodes", "pgr", "er", "chemo"]
HEART = {"time": "stop", "status": "event", "entry": "start"}
# entry: data, columns of the follow-up, covariates, further choices
MODELS = {
    "lung_cox_efron": ("lung", {"time": "time", "status": "event"}, ["age", "sex", "ph.ecog"], {}),
    "lung_cox_breslow": (
        "lung",
        {"time": "time", "status": "event"},
        ["age", "sex", "ph.ecog"],
        {"ties": "breslow"},
    ),
    "lung_cox_robust": (
        "lung",
        {"time": "time", "status": "event"},
        ["age", "sex", "ph.ecog"],
        {"variance": "robust"},
    ),
    "lung_cox_cluster_inst": (
        "lung",
        {"time": "time", "status": "event", "patient": "inst"},
        ["age", "sex"],
        {},
    ),
    "lung_cox_strata": (
        "lung",
        {"time": "time", "status": "event"},
        ["age", "sex"],
        {"strata": ["ph.ecog"]},
    ),
    "lung_cox_sex_only": ("lung", {"time": "time", "status": "event"}, ["sex"], {}),
    "pbc_mayo_model": ("pbc", {"time": "time", "status": "dead"}, MAYO, {}),
    "pbc_trt_randomised": ("pbc", {"time": "time", "status": "dead"}, ["trt"], {}),
    "pbcseq_time_varying": (
        "pbcseq",
        {"time": "stop", "status": "dead", "entry": "start"},
        ["log_bili", "log_protime", "log_albumin", "age"],
        {},
    ),
    "veteran_cox": ("veteran", {"time": "time", "status": "status"}, VETERAN, {}),
    "veteran_strata_celltype": (
        "veteran",
        {"time": "time", "status": "status"},
        ["trt", "karno"],
        {"strata": ["celltype"], "ties": "breslow"},
    ),
    "heart_start_stop": ("heart", HEART, ["age", "year", "surgery", "transplant"], {}),
    "heart_start_stop_interaction_breslow": (
        "heart",
        HEART,
        ["age", "surgery", "transplant", "age:transplant", "surgery:transplant"],
        {"ties": "breslow"},
    ),
    "heart_start_stop_transplant_only": ("heart", HEART, ["transplant"], {}),
    "jasa_immortal_time_bias": ("jasa", {"time": "futime", "status": "fustat"}, ["transplant"], {}),
    "epileptic_cox_any": (
        "epileptic",
        {"time": "with.time", "status": "with.status", "arm": "treat"},
        [],
        {},
    ),
    "epileptic_cox_adjusted": (
        "epileptic",
        {"time": "with.time", "status": "with.status", "arm": "treat"},
        ["age", "gender", "learn"],
        {},
    ),
    "colon_death_rx": ("colon", {"time": "time", "status": "status", "arm": "rx"}, [], {}),
    "kidney_cluster": (
        "kidney",
        {"time": "time", "status": "status", "patient": "id"},
        ["age", "sex", "disease"],
        {},
    ),
    "kidney_normal_frailty_ranef_free": (
        "kidney",
        {"time": "time", "status": "status", "patient": "id"},
        ["sex"],
        {"strata": ["disease"], "ties": "breslow"},
    ),
    "rotterdam_cox_unadjusted": ("rotterdam", {"time": "dtime", "status": "death"}, ["hormon"], {}),
    "rotterdam_cox_adjusted": ("rotterdam", {"time": "dtime", "status": "death"}, ROTTERDAM, {}),
    "mgus2_left_truncated_age": (
        "mgus2_by_age",
        {"time": "leave", "status": "death", "entry": "entry"},
        ["sex", "mspike"],
        {},
    ),
    "mgus2_cause_specific_pcm": (
        "mgus2",
        {"time": "etime", "status": "code", "causes": ("pcm", "death")},
        ["age", "male", "mspike"],
        {},
    ),
}
DATA = {"kidney": lambda: trials.table("kidney")}


def model(entry):
    """Return the follow-up and the choices of an entry."""
    name, columns, covariates, choices = MODELS[entry]
    frame = DATA.get(name, getattr(trials, name, None))()
    if entry == "lung_cox_cluster_inst":
        frame = frame.dropna(subset=["inst"])
    made = trials.followed(frame, [*covariates, *choices.get("strata", [])], **columns)
    return made, {"covariates": covariates, **choices}


def ratios(estimate):
    return estimate.only(quantity="hazard_ratio").frame


@pytest.mark.parametrize("entry", MODELS)
def test_coefficients_and_errors_agree_with_r(entry):
    made, choices = model(entry)
    known = r_result(entry)
    rows = ratios(estimate_cox(made, **choices))

    assert np.log(rows["value"]).tolist() == pytest.approx(list(known["coef"].values()), rel=1e-6)
    assert rows["std_error"].tolist() == pytest.approx(list(known["se"].values()), rel=1e-6)
    assert rows["events"].unique().tolist() == [known["events"]]


@pytest.mark.parametrize(
    ("entry", "model_of", "transform"),
    [
        ("lung_zph_km", "lung_cox_efron", "km"),
        ("lung_zph_rank", "lung_cox_efron", "rank"),
        ("lung_zph_identity", "lung_cox_efron", "identity"),
        ("lung_zph_log", "lung_cox_efron", "log"),
        ("pbc_mayo_zph", "pbc_mayo_model", "km"),
        ("veteran_zph", "veteran_cox", "km"),
    ],
)
def test_the_test_of_proportional_hazards_agrees_with_r(entry, model_of, transform):
    made, choices = model(model_of)
    known = r_result(entry)["table"]
    rows = estimate_proportional_hazards(made, transform=transform, **choices)
    statistics = rows.only(quantity="proportional_hazards").frame
    p_values = rows.only(quantity="proportional_hazards_p").frame

    assert statistics["value"].tolist() == pytest.approx(list(known["chisq"].values()), rel=1e-6)
    assert statistics["unit"].tolist() == [f"{df} df" for df in known["df"].values()]
    assert p_values["value"].tolist() == pytest.approx(list(known["p"].values()), rel=1e-6)


def test_patients_made_immortal_until_transplant_seem_to_gain_by_it():
    # Jasa counts the wait for a heart as time with one; the start-stop rows do not.
    made, choices = model("jasa_immortal_time_bias")
    honest, its_choices = model("heart_start_stop_transplant_only")

    assert ratios(estimate_cox(made, **choices))["value"].item() == pytest.approx(0.27, abs=0.005)
    assert ratios(estimate_cox(honest, **its_choices))["value"].item() == pytest.approx(
        1.14, abs=0.005
    )


def test_a_landmark_at_thirty_days_agrees_with_r():
    late = trials.jasa().query("futime > 30")
    made = trials.followed(late, ["tx30"], time="futime", status="fustat")
    row = ratios(estimate_cox(made, covariates=["tx30"])).iloc[0]
    known = r_result("heart_landmark_30")

    assert np.log(row["value"]) == pytest.approx(known["coef"]["tx30"], rel=1e-6)
    assert row["std_error"] == pytest.approx(known["se"]["tx30"], rel=1e-6)


def test_a_coefficient_of_each_period_agrees_with_r():
    # Rows split at day 180; the sex of each period is a covariate of its own.
    lung = trials.lung()
    late = lung[lung["time"] > 180].assign(start=180)
    early = lung.assign(
        start=0,
        event=lung["event"].where(lung["time"] <= 180, 0),
        time=lung["time"].clip(upper=180),
    )
    rows = pd.concat([early.assign(period=1), late.assign(period=2)])
    rows = rows.assign(
        sex_1=rows["sex"] * (rows["period"] == 1), sex_2=rows["sex"] * (rows["period"] == 2)
    )
    covariates = ["age", "sex_1", "sex_2"]
    made = trials.followed(rows, covariates, time="time", status="event", entry="start")
    found = ratios(estimate_cox(made, covariates=covariates))
    known = r_result("lung_time_varying_coefficient")

    assert np.log(found["value"]).tolist() == pytest.approx(list(known["coef"].values()), rel=1e-6)
    assert found["std_error"].tolist() == pytest.approx(list(known["se"].values()), rel=1e-6)
