"""Curves, quantiles and restricted means: what R gave on public data."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis.design import follow_up_from_frame
from azaanalysis.estimate import (
    estimate_cumulative_hazard,
    estimate_incidence,
    estimate_quantiles,
    estimate_restricted_mean,
    estimate_restricted_mean_difference,
    estimate_restricted_mean_ratio,
)
from tests.estimate.weighted import fit_chances
from tests.r_results import r_result
from tests.real_data import real

CLOSED_FORM = 1e-8
COLUMNS = {"surv": "value", "std_err_surv": "std_error", "lower": "lower", "upper": "upper"}


def lung():
    frame = pd.read_csv(real("survival/lung.csv.gz"))
    event, sex = frame.pop("status") - 1, "sex=" + frame["sex"].astype(str)
    return frame.assign(event=event, sex=sex)


def labelled(name, column):
    frame = pd.read_csv(real(f"survival/{name}.csv.gz"))
    return frame.assign(**{column: f"{column}=" + frame[column].astype(str)})


def mgus2():
    frame = labelled("mgus2", "sex")
    no_pcm = frame["pstat"] == 0
    time = np.where(no_pcm, frame["futime"], frame["ptime"])
    code = np.where(no_pcm, 2 * frame["death"], 1)
    return frame.assign(time=time, code=code, pcm=frame["pstat"], leave=frame["futime"])


def by_age():
    frame = labelled("mgus2", "sex")
    frame = frame.assign(entry=frame["age"], exit=frame["age"] + frame["futime"] / 12)
    return frame[frame["exit"] > frame["entry"]]


def transplant():
    frame = labelled("transplant", "abo")
    codes = {"censored": 0, "death": 1, "ltx": 2, "withdraw": 3}
    return frame.assign(code=frame["event"].map(codes))[frame["futime"] > 0]


def rotterdam():
    frame = pd.read_csv(real("survival/rotterdam.csv.gz"))
    sizes = pd.get_dummies(frame["size"], drop_first=True, dtype=float)
    others = frame[["age", "meno", "grade", "nodes", "pgr", "er", "chemo"]]
    columns = pd.concat([others, sizes], axis=1)
    columns = (columns - columns.mean()) / columns.std()
    design = np.column_stack([np.ones(len(frame)), columns])
    arm = frame["hormon"].to_numpy()
    chances = fit_chances(design, arm, 2, np.ones(len(frame)))[0]
    weight = 1 / chances[np.arange(len(arm)), arm]
    first = frame["recur"] == 1
    return frame.assign(
        w=weight,
        hormon="hormon=" + frame["hormon"].astype(str),
        time=np.where(first, frame["rtime"], frame["dtime"]),
        code=np.where(first, 1, 2 * frame["death"]),
    )


def pbc():
    frame = pd.read_csv(real("survival/pbc.csv.gz")).dropna(subset=["trt"])
    return frame.assign(trt="trt=" + frame["trt"].astype(int).astype(str))


def followed(frame, time, status, arm=None, **columns):
    columns.setdefault("causes", ["event"])
    if arm is not None:
        frame = frame.assign(**{arm: pd.Categorical(frame[arm])})
    return follow_up_from_frame(frame, time=time, status=status, arm=arm, **columns)


KAPLAN_MEIER = {
    "lung_km_sex_loglog": (lambda: followed(lung(), "time", "event", "sex"), "log-log"),
    "lung_km_sex_log": (lambda: followed(lung(), "time", "event", "sex"), "log"),
    "lung_km_sex_plain": (lambda: followed(lung(), "time", "event", "sex"), "plain"),
    "lung_km_all_loglog_at": (lambda: followed(lung(), "time", "event"), "log-log"),
    "veteran_km_celltype_loglog": (
        lambda: followed(labelled("veteran", "celltype"), "time", "status", "celltype"),
        "log-log",
    ),
    "ovarian_km_rx_loglog": (
        lambda: followed(labelled("ovarian", "rx"), "futime", "fustat", "rx"),
        "log-log",
    ),
    "aml_km_log": (lambda: followed(labelled("aml", "x"), "time", "status", "x"), "log"),
    "epileptic_retention_km_at": (
        lambda: followed(labelled("epileptic", "treat"), "with.time", "with.status", "treat"),
        "log-log",
    ),
    "rotterdam_km_weighted_robust_at": (
        lambda: followed(rotterdam(), "dtime", "death", "hormon", weight="w"),
        "log-log",
    ),
    "rotterdam_km_unweighted_at": (
        lambda: followed(rotterdam(), "dtime", "death", "hormon"),
        "log-log",
    ),
    "mgus2_km_left_truncated_age_at": (
        lambda: followed(by_age(), "exit", "death", "sex", entry="entry"),
        "log-log",
    ),
    "mgus2_km_left_truncated_age_robust_at": (
        lambda: followed(by_age(), "exit", "death", "sex", entry="entry"),
        "log-log",
    ),
    "mgus2_naive_1_minus_km": (lambda: followed(mgus2(), "time", "pcm"), "log"),
}


@pytest.mark.parametrize("name", KAPLAN_MEIER)
def test_survival_equals_r(name):
    make, transform = KAPLAN_MEIER[name]
    made = estimate_incidence(make(), transform=transform).only(quantity="survival")
    for arm, known in r_result(name).items():
        ours = made.only(arm=arm).at(known["time"]).frame
        # With late entry Greenwood's error is another one; the robust entry has ours.
        only_value = name == "mgus2_km_left_truncated_age_at"
        for theirs, column in {"surv": "value"}.items() if only_value else COLUMNS.items():
            expected = np.array(known[theirs], dtype=float)
            # Where survival is 0 or 1 the conventions differ: see CONVENTIONS.md.
            within = (ours["value"] > 1e-12) & (ours["value"] < 1) & ~np.isnan(expected)
            np.testing.assert_allclose(
                ours[column][within], expected[within], rtol=CLOSED_FORM, err_msg=f"{arm} {column}"
            )
        # R reads the number at risk from the next exit, late entries of that very day included.
        if "weighted" not in name and "truncated" not in name:
            assert ours["patients"].tolist() == known["n_risk"]


@pytest.mark.parametrize("name", [n for n in KAPLAN_MEIER if n.endswith(("loglog", "km_log"))])
def test_medians_and_quartiles_equal_r(name):
    make, transform = KAPLAN_MEIER[name]
    made = estimate_quantiles(make(), shares=[0.25, 0.5, 0.75], transform=transform)
    for arm, known in r_result(name).items():
        ours = made.only(arm=arm, cause="").frame
        expected = [known[k] for k in ("quantile_25", "median", "quantile_75")]
        np.testing.assert_allclose(ours["value"], np.array(expected, float), rtol=CLOSED_FORM)
        limits = [known["median_lower"], known["median_upper"]]
        np.testing.assert_allclose(
            ours.loc[1, ["lower", "upper"]].astype(float), np.array(limits, float)
        )


RESTRICTED = {
    "lung_rmst_365": lambda: followed(lung(), "time", "event", "sex"),
    "lung_rmst_730": lambda: followed(lung(), "time", "event", "sex"),
    "epileptic_rmst_730": lambda: followed(
        labelled("epileptic", "treat"), "with.time", "with.status", "treat"
    ),
}


@pytest.mark.parametrize("name", RESTRICTED)
def test_restricted_means_their_difference_and_ratio_equal_r(name):
    known, made = r_result(name), RESTRICTED[name]()
    at = {"horizon_days": known["tau"]}
    arms = estimate_restricted_mean(made, **at).only(cause="").frame.set_index("arm")
    for arm, expected in known["rmst"].items():
        assert arms.loc[arm, "value"] == pytest.approx(expected, rel=CLOSED_FORM)
        assert arms.loc[arm, "std_error"] == pytest.approx(known["se"][arm], rel=CLOSED_FORM)
    contrasts = {
        "difference_2_minus_1": estimate_restricted_mean_difference(made, **at),
        "ratio_2_over_1": estimate_restricted_mean_ratio(made, **at),
    }
    for key, estimate in contrasts.items():
        row = estimate.only(cause="").frame.iloc[0]
        ours = [row["value"], row["lower"], row["upper"]]
        theirs = [known[key][k] for k in ("estimate", "lower", "upper")]
        np.testing.assert_allclose(ours, theirs, rtol=CLOSED_FORM)


def test_the_weighted_restricted_mean_equals_r():
    known = r_result("rotterdam_km_weighted_rmst_3652")
    weighted = followed(rotterdam(), "dtime", "death", "hormon", weight="w")
    arms = estimate_restricted_mean(weighted, horizon_days=3652.5).only(cause="").frame
    for row in arms.itertuples():
        assert row.value == pytest.approx(known[row.arm]["rmst"], rel=CLOSED_FORM)
        assert row.std_error == pytest.approx(known[row.arm]["se_robust"], rel=CLOSED_FORM)
    gap = estimate_restricted_mean_difference(weighted, horizon_days=3652.5)
    row, expected = gap.only(cause="").frame.iloc[0], known["difference_2_minus_1"]
    for column, key in {"value": "estimate", "std_error": "se_robust", "upper": "upper"}.items():
        assert row[column] == pytest.approx(expected[key], rel=CLOSED_FORM)


AALEN_JOHANSEN = {
    "mgus2_aj_sex": (
        lambda: followed(mgus2(), "time", "code", "sex", causes=["pcm", "death"]),
        "log",
    ),
    "mgus2_aj_all_loglog": (
        lambda: followed(mgus2(), "time", "code", causes=["pcm", "death"]),
        "log-log",
    ),
    "epileptic_aj_treat": (
        lambda: followed(
            labelled("epileptic", "treat"),
            "with.time",
            "with.status2",
            "treat",
            causes=["ISC", "UAE"],
        ),
        "log",
    ),
    "transplant_aj_abo": (
        lambda: followed(
            transplant(), "futime", "code", "abo", causes=["death", "ltx", "withdraw"]
        ),
        "log",
    ),
    "pbc_aj_trt": (
        lambda: followed(pbc(), "time", "status", "trt", causes=["transplant", "death"]),
        "log",
    ),
    "rotterdam_aj_weighted": (
        lambda: followed(
            rotterdam(), "time", "code", "hormon", weight="w", causes=["recurrence", "death"]
        ),
        "log",
    ),
}


@pytest.mark.parametrize("name", AALEN_JOHANSEN)
def test_cumulative_incidence_equals_r(name):
    make, transform = AALEN_JOHANSEN[name]
    made = estimate_incidence(make(), transform=transform)
    for arm, known in r_result(name).items():
        for state, numbers in known.items():
            if state == "time":
                continue
            ours = made.only(arm=arm, cause=state.replace("(s0)", "")).at(known["time"]).frame
            for key, column in {
                "p": "value",
                "se": "std_error",
                "lower": "lower",
                "upper": "upper",
            }.items():
                expected = np.array(numbers.get(key, []), dtype=float)
                within = (ours["value"] > 1e-12) & (ours["value"] < 1)
                # R takes log(-log) of each probability, ours of survival and of one minus risk.
                other_scale = transform == "log-log" and state != "(s0)"
                if not len(expected) or (other_scale and key in ("lower", "upper")):
                    continue
                within &= ~np.isnan(expected)
                np.testing.assert_allclose(
                    ours[column][within],
                    expected[within],
                    rtol=CLOSED_FORM,
                    err_msg=f"{arm} {state} {column}",
                )


GRAY = {
    "mgus2_cuminc_gray_curves": ("mgus2_aj_sex", "sex=", ["pcm", "death"]),
    "epileptic_cuminc_gray_curves": ("epileptic_aj_treat", "treat=", ["ISC", "UAE"]),
    "transplant_cuminc_gray_curves": ("transplant_aj_abo", "abo=", ["death", "ltx", "withdraw"]),
}


@pytest.mark.parametrize("name", GRAY)
def test_cumulative_incidence_equals_that_of_cmprsk(name):
    # Only the curves: cmprsk's variance is Aalen's, ours the infinitesimal jackknife.
    known = r_result(name)
    other, prefix, causes = GRAY[name]
    made = estimate_incidence(AALEN_JOHANSEN[other][0]())
    for group, numbers in known["groups"].items():
        arm, code = group.rsplit(" ", 1)
        ours = made.only(arm=prefix + arm, cause=causes[int(code) - 1]).at(known["times"]).frame
        expected = np.array(numbers["est"], dtype=float)
        seen = ~np.isnan(expected) & ours["value"].notna()
        assert seen.sum() >= 3
        np.testing.assert_allclose(ours["value"][seen], expected[seen], rtol=CLOSED_FORM)
        spread = np.sqrt(np.array(numbers["var"], dtype=float))[seen]
        np.testing.assert_allclose(ours["std_error"][seen], spread, rtol=0.1)


@pytest.mark.parametrize(
    ("name", "curves"),
    [("mgus2_rmst_sex_240", "mgus2_aj_sex"), ("epileptic_rmtl_730", "epileptic_aj_treat")],
)
def test_time_lost_to_each_cause_equals_r(name, curves):
    # R gives no standard error here.
    known = r_result(name)
    made = estimate_restricted_mean(AALEN_JOHANSEN[curves][0](), horizon_days=known["tau"])
    for label, expected in known["rmean"].items():
        arm, state = label.split(", ")
        row = made.only(arm=arm, cause=state.replace("(s0)", "")).frame.iloc[0]
        assert row["value"] == pytest.approx(expected, rel=CLOSED_FORM)


FULL_CURVES = [name for name in KAPLAN_MEIER if name.endswith(("loglog", "km_log", "sex_log"))]


@pytest.mark.parametrize("name", [name for name in FULL_CURVES if "all" not in name])
def test_cumulative_hazards_equal_r(name):
    made = estimate_cumulative_hazard(KAPLAN_MEIER[name][0]())
    for arm, known in r_result(name).items():
        ours = made.only(arm=arm, cause="", quantity="cumulative_hazard").at(known["time"]).frame
        np.testing.assert_allclose(ours["value"], known["cumhaz"], rtol=CLOSED_FORM)
        np.testing.assert_allclose(ours["std_error"], known["std_err_cumhaz"], rtol=CLOSED_FORM)


def test_the_fleming_harrington_estimator_equals_r():
    lungs = followed(lung(), "time", "event", "sex")
    made = estimate_cumulative_hazard(lungs, ties="one_by_one")
    for arm, known in r_result("lung_fleming_harrington").items():
        ours = made.only(arm=arm, quantity="survival_from_hazard").at(known["time"]).frame
        for theirs, column in COLUMNS.items():
            np.testing.assert_allclose(ours[column], known[theirs], rtol=CLOSED_FORM)
