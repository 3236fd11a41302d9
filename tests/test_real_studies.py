"""The real trials, by the same commands as any study, against published numbers and those of R."""

import numpy as np
import pytest
import yaml

from azaanalysis import (
    estimate_early_share,
    estimate_fine_gray,
    estimate_hazard_ratio,
    estimate_incidence,
    estimate_log_rank,
    estimate_mean_count,
    estimate_rates,
    estimate_recurrent_ratio,
    follow,
    follow_recurrent,
    load_cohort,
    load_study,
    weigh,
)
from azaanalysis.report import account_for_numbers, read_results, write_report
from azaanalysis.report.grounds import UNACCOUNTED
from tests.r_results import r_result
from tests.real_data import real
from tests.report.builders import links_astray

DATA = {
    "sanad": "survival/epileptic.csv.gz",
    "cdisc_pilot": "adam_cdiscpilot",
    "cgd": "survival",
}
ARMS = {
    "placebo": "Placebo",
    "xanomeline_low_dose": "Xanomeline Low Dose",
    "xanomeline_high_dose": "Xanomeline High Dose",
}


@pytest.fixture(scope="module")
def study_file(request, tmp_path_factory):
    """Write the study of a trial as it is, but for the place of the data."""

    def write(name):
        data = real(DATA[name])
        folder = request.config.rootpath / "notebooks" / "studies"
        settings = yaml.safe_load((folder / f"{name}.yml").read_text(encoding="utf-8"))
        settings["source"]["folder"] = str(data)
        settings["source"]["mapping"] = str(folder / settings["source"]["mapping"])
        path = tmp_path_factory.mktemp(name) / f"{name}.yml"
        path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def sanad(study_file):
    study = load_study(study_file("sanad"))
    return study, load_cohort(study.source)


@pytest.fixture(scope="module")
def pilot(study_file):
    study = load_study(study_file("cdisc_pilot"))
    return study, load_cohort(study.source)


@pytest.fixture(scope="module")
def interferon(study_file):
    study = load_study(study_file("cgd"))
    return study, load_cohort(study.source)


def followed(trial, endpoint):
    study, cohort = trial
    return follow(cohort, study, endpoint=endpoint)


REASONS = {"inadequate_seizure_control": "ISC", "unacceptable_adverse_effects": "UAE", "": "(s0)"}


@pytest.mark.parametrize(("arm", "code"), [("carbamazepine", "CBZ"), ("lamotrigine", "LTG")])
@pytest.mark.parametrize("cause", REASONS)
def test_withdrawal_by_reason_in_sanad_equals_r(sanad, arm, code, cause):
    known = r_result("epileptic_aj_treat")[f"treat={code}"]
    risk = estimate_incidence(followed(sanad, "discontinuation"), transform="log")
    ours = risk.only(arm=arm, cause=cause).at(known["time"]).frame

    for column, name in {
        "value": "p",
        "std_error": "se",
        "lower": "lower",
        "upper": "upper",
    }.items():
        np.testing.assert_allclose(ours[column], known[REASONS[cause]][name], rtol=1e-8)


def test_cause_specific_hazard_ratios_in_sanad_equal_r(sanad):
    ratios = estimate_hazard_ratio(followed(sanad, "discontinuation"))
    ours = ratios.only(quantity="hazard_ratio").frame.set_index("cause")
    for cause, entry in [
        ("inadequate_seizure_control", "epileptic_cs_isc"),
        ("unacceptable_adverse_effects", "epileptic_cs_uae"),
    ]:
        known = r_result(entry)
        assert ours.loc[cause, "value"] == pytest.approx(known["hr"]["ltg"], rel=1e-6)
        assert ours.loc[cause, "lower"] == pytest.approx(known["hr_lower"]["ltg"], rel=1e-6)
        assert ours.loc[cause, "upper"] == pytest.approx(known["hr_upper"]["ltg"], rel=1e-6)
    # As published: 0.54 for adverse effects, 1.02 for lack of control.
    assert ours["value"].round(2).tolist() == [1.02, 0.54]


def test_subdistribution_hazard_ratios_in_sanad_equal_r(sanad):
    ratios = estimate_fine_gray(followed(sanad, "discontinuation")).frame.set_index("cause")
    for cause, code in REASONS.items():
        if cause:
            known = r_result(f"epileptic_crr_by_arm_{code.lower()}")
            assert ratios.loc[cause, "value"] == pytest.approx(known["shr"], rel=1e-9)
            # R's error with groups of censoring differs from the jackknife in the fourth digit.
            limits = ratios.loc[cause, ["lower", "upper"]].tolist()
            assert limits == pytest.approx([known["lower"], known["upper"]], rel=1e-3)


@pytest.mark.parametrize(("arm", "code"), [("carbamazepine", "CBZ"), ("lamotrigine", "LTG")])
def test_the_share_of_withdrawals_that_comes_early_in_sanad_equals_r(sanad, arm, code):
    known = r_result("epileptic_early_share")
    ours = estimate_early_share(
        followed(sanad, "discontinuation"), by_days=[known["by"]], until_day=known["until"]
    ).only(arm=arm)

    assert ours.frame["cause"].tolist() == [cause for cause in REASONS if cause]
    for row in ours.frame.itertuples():
        of_cause = known[f"treat={code}"][REASONS[row.cause]]
        assert row.value == pytest.approx(of_cause["share"], rel=1e-10)
        assert row.std_error == pytest.approx(of_cause["se_logit"], rel=1e-10)
        assert row.lower == pytest.approx(of_cause["lower"], rel=1e-10)
        assert row.upper == pytest.approx(of_cause["upper"], rel=1e-10)


def test_withdrawal_for_any_reason_in_sanad_equals_r(sanad):
    ratios = estimate_hazard_ratio(followed(sanad, "withdrawal_for_any_reason"))
    known = r_result("epileptic_cox_any")
    row = ratios.only(quantity="hazard_ratio").frame.iloc[0]

    assert row["value"] == pytest.approx(known["hr"]["treatLTG"], rel=1e-6)
    assert row["events"] == known["events"]


def test_nobody_in_sanad_is_lost_on_the_way(sanad):
    _, cohort = sanad
    assert (cohort.report.tables["rows_read"] == 605).all()
    assert (cohort.report.tables["rows_set_aside"] == 0).all()
    attrition = followed(sanad, "discontinuation").attrition
    assert (attrition.loc[attrition["arm"] == "", "patients"] == 605).all()


@pytest.mark.parametrize(("arm", "label"), ARMS.items())
def test_time_to_the_first_dermatologic_event_equals_r(pilot, arm, label):
    known = r_result("ttde_km")[f"arm={label}"]
    curve = estimate_incidence(followed(pilot, "response")).only(arm=arm, quantity="survival")
    ours = curve.at(known["time"]).frame

    for column, name in {"value": "surv", "std_error": "std_err_surv", "lower": "lower"}.items():
        np.testing.assert_allclose(ours[column], np.array(known[name], float), rtol=1e-8)
    assert ours["patients"].tolist() == known["n_risk"]


def test_hazard_ratios_and_log_rank_of_the_pilot_trial_equal_r(pilot):
    rash = followed(pilot, "response")
    ratios = estimate_hazard_ratio(rash).only(quantity="hazard_ratio").frame.set_index("arm")
    known = r_result("ttde_cox")["hr"]
    for arm in ["xanomeline_low_dose", "xanomeline_high_dose"]:
        assert ratios.loc[arm, "value"] == pytest.approx(known[f"arm{ARMS[arm]}"], rel=1e-6)

    statistic, p = estimate_log_rank(rash).frame["value"]
    assert statistic == pytest.approx(r_result("ttde_logrank")["chisq"], rel=1e-10)
    assert p == pytest.approx(r_result("ttde_logrank")["p"], rel=1e-8)


@pytest.mark.parametrize(("arm", "label"), ARMS.items())
def test_infections_of_the_pilot_trial_equal_r(pilot, arm, label):
    known = r_result("infection_counts")[label]
    # R's limits take the counts as Poisson.
    rates = estimate_rates(followed(pilot, "infection"), per_years=1, variance="exact")
    row = rates.only(arm=arm).frame.iloc[0]

    assert row["events"] == known["events"]
    assert row["patient_years"] == pytest.approx(known["person_years"], rel=1e-12)
    for column, name in {"value": "rate", "lower": "lower", "upper": "upper"}.items():
        assert row[column] == pytest.approx(known[name], rel=1e-8)
    first = followed(pilot, "first_infection").frame
    assert first.loc[first["arm"] == arm, "n_events"].sum() == known["subjects"]


@pytest.mark.parametrize(("arm", "label"), ARMS.items())
def test_discontinuation_in_the_pilot_trial_equals_the_published_counts(pilot, arm, label):
    known = r_result("discontinuation")[label]
    stopping = followed(pilot, "discontinuation")
    status = stopping.frame.loc[stopping.frame["arm"] == arm, "status"]
    due_to_harm = stopping.causes.index("adverse_event") + 1

    assert len(status) == known["n"]
    assert (status > 0).sum() == known["discontinued"]
    assert (status == due_to_harm).sum() == known["due_to_ae"]
    assert (status == 0).sum() == known["completed"]


def test_the_interferon_trial_has_its_published_infections(interferon):
    # N Engl J Med 1991;324:509: 14 of 63 against 30 of 65 infected, 20 against 56 infections.
    first = estimate_incidence(weigh(followed(interferon, "first_infection")))
    infected = first.only(quantity="risk").frame.groupby("arm", observed=True)["events"].max()
    rates = estimate_rates(weigh(followed(interferon, "infection"))).frame.set_index("arm")

    assert infected.to_dict() == {"placebo": 30, "interferon_gamma": 14}
    assert rates["patients"].to_dict() == {"placebo": 65, "interferon_gamma": 63}
    assert rates["events"].to_dict() == {"placebo": 56, "interferon_gamma": 20}


def test_the_main_outcome_of_the_interferon_trial_is_the_first_infection(interferon):
    study, cohort = interferon
    main = follow(cohort, study, endpoint=study.main_endpoint)

    # Infections are counted again and again, so that none of them is the outcome by a day.
    assert study.main_endpoint == "first_infection"
    assert (main.frame["status"] == 1).sum() == 14 + 30


@pytest.mark.parametrize(
    ("model", "entry"),
    [
        ("lwyy", "cgd_andersen_gill_robust"),
        ("andersen_gill", "cgd_andersen_gill_naive_breslow"),
    ],
)
def test_the_ratio_of_all_infections_of_the_interferon_trial_is_the_published_one(
    interferon, model, entry
):
    # Therneau and Grambsch (2000), section 8.5: 0.33.
    study, cohort = interferon
    balanced = weigh(followed(interferon, "infection"))
    repeated = follow_recurrent(cohort, study, endpoint="infection", weighted=balanced)
    ties = "efron" if model == "lwyy" else "breslow"
    made = estimate_recurrent_ratio(repeated, model=model, ties=ties).only(quantity="rate_ratio")
    known = {name: next(iter(r_result(entry)[name].values())) for name in ("hr", "se")}

    assert made.frame["value"].iloc[0] == pytest.approx(0.33, abs=0.005)
    assert made.frame["value"].iloc[0] == pytest.approx(known["hr"], rel=1e-6)
    assert made.frame["std_error"].iloc[0] == pytest.approx(known["se"], rel=1e-6)


def test_first_and_mean_infections_of_the_interferon_trial_equal_r(interferon):
    study, cohort = interferon
    first = estimate_hazard_ratio(weigh(followed(interferon, "first_infection")))
    known = r_result("cgd_first_event")["hr"]
    made = first.only(quantity="hazard_ratio").frame["value"].iloc[0]
    assert made == pytest.approx(next(iter(known.values())), rel=1e-6)

    curves = estimate_mean_count(follow_recurrent(cohort, study, endpoint="infection"))
    for arm, label in {"placebo": "placebo", "interferon_gamma": "rIFN-g"}.items():
        known = r_result("cgd_mcf_robust")[f"treat={label}"]
        ours = curves.only(arm=arm).at(known["time"]).frame
        np.testing.assert_allclose(ours["value"], known["mcf"], rtol=1e-8)


@pytest.mark.parametrize(
    ("name", "pages"),
    [
        ("sanad", ["01_cohort", "04_discontinuation", "06_who", "06b_how_sure"]),
        (
            "cdisc_pilot",
            [
                "01_cohort",
                "02_time_to_response",
                "03_infection_rates",
                "04_discontinuation",
                "06_who",
                "06b_how_sure",
            ],
        ),
    ],
)
def test_the_report_of_a_real_trial_holds_the_published_numbers(study_file, tmp_path, name, pages):
    index = write_report(study_file(name), folder=tmp_path)

    assert sorted(path.stem for path in tmp_path.glob("[0-9]*.html")) == pages
    assert index.read_text(encoding="utf-8").count("These patients are invented") == 0
    _report_is_whole(tmp_path)
    frame = read_results(tmp_path)
    stopping = frame[frame["notebook"] == "04_discontinuation"]
    ratios = stopping[stopping["quantity"] == "hazard_ratio"]
    if name == "sanad":
        known = [r_result(e)["hr"]["ltg"] for e in ("epileptic_cs_isc", "epileptic_cs_uae")]
        np.testing.assert_allclose(ratios["value"].astype(float), known, rtol=1e-6)
        _withdrawal_by_reason_is_that_of_r(stopping)
    else:
        assert ratios["events"].max() == 8 + 44


def _report_is_whole(folder):
    """Every number has a parent, every link a target, and nobody is told that a trial is none."""
    numbers = account_for_numbers(folder)
    assert numbers[numbers["kind"] == UNACCOUNTED].to_dict("records") == []
    assert list(links_astray(folder)) == []
    for name in ("index", "methods"):
        text = (folder / f"{name}.html").read_text(encoding="utf-8")
        assert "emulate" not in text
        assert "whoever prescribed" not in text
    pages = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.html"))
    assert "nobody knows the true answer" not in pages


def _withdrawal_by_reason_is_that_of_r(stopping):
    """Compare what a report holds, in seven digits, with R: curves and Fine-Gray ratios."""
    subdistribution = stopping[stopping["quantity"] == "subdistribution_hazard_ratio"]
    known = [r_result(f"epileptic_crr_by_arm_{code}")["shr"] for code in ("isc", "uae")]
    np.testing.assert_allclose(subdistribution["value"].astype(float), known, rtol=1e-6)
    curves = stopping[stopping["estimate"] == "risk"]
    for arm, code in (("carbamazepine", "CBZ"), ("lamotrigine", "LTG")):
        known = r_result("epileptic_aj_treat")[f"treat={code}"]
        for cause, reason in REASONS.items():
            rows = curves[(curves["arm"] == arm) & (curves["cause"].fillna("") == cause)]
            days, value = (rows[c].astype(float).to_numpy() for c in ("at_days", "value"))
            on_day = np.searchsorted(days, known["time"], side="right") - 1
            np.testing.assert_allclose(value[on_day], known[reason]["p"], rtol=1e-6)


def test_the_report_of_the_interferon_trial_holds_the_published_ratio(study_file, tmp_path):
    write_report(study_file("cgd"), folder=tmp_path)

    _report_is_whole(tmp_path)
    frame = read_results(tmp_path)
    rows = frame[(frame["estimate"] == "recurrent_ratios") & (frame["quantity"] == "rate_ratio")]
    assert set(frame["notebook"]) == {
        "01_cohort",
        "03_infection_rates",
        "06_who",
        "06b_how_sure",
    }
    assert rows["value"].astype(float).round(2).tolist() == [0.33]
    assert rows["events"].astype(int).tolist() == [20 + 56]
