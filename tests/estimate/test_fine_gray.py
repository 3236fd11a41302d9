"""Fine-Gray regression: by hand, against R, and what must hold."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis.design import follow_up_from_frame
from azaanalysis.errors import DesignError
from azaanalysis.estimate import estimate_cox, estimate_fine_gray, estimate_gray_test
from tests.builders import follow_up
from tests.estimate import public_trials as trials
from tests.r_results import r_result

BOTH = ("own", "other")
MGUS = ("mgus2", "etime", "code", ["age", "male", "mspike"])
EPILEPSY = ("epileptic", "with.time", "with.status2", ["ltg", "age", "male", "learn"])
PBC = ("pbc", "time", "status", ["pen", "age", "log_bili"])
CRR, FINEGRAY = {"censoring": "pooled"}, {"censoring": "pooled", "convention": "finegray"}
# entry: data, own cause, choices
CASES = {
    "mgus2_crr_pcm": (MGUS, 1, CRR),
    "mgus2_crr_death": (MGUS, 2, CRR),
    "mgus2_finegray_pcm": (MGUS, 1, FINEGRAY),
    "epileptic_crr_uae": (EPILEPSY, 2, CRR),
    "epileptic_crr_isc": (EPILEPSY, 1, CRR),
    "transplant_crr_ltx": (
        ("transplant", "futime", "code", ["abo_B", "abo_AB", "abo_O", "age"]),
        2,
        CRR,
    ),
    "pbc_crr_death": (PBC, 2, CRR),
    "pbc_finegray_death": (PBC, 2, FINEGRAY),
}


def frame_of(name, status, own):
    """Return the data with the own cause as 1 and all others as 2."""
    frame = getattr(trials, name)()
    if name == "pbc":
        frame = frame[frame["trt"].notna()].assign(pen=lambda d: (d["trt"] == 1).astype(int))
    state = np.select([frame[status] == own, frame[status] == 0], [1, 0], 2)
    return frame.assign(state=state)


def ratios(estimate):
    return estimate.only(quantity="subdistribution_hazard_ratio").frame


@pytest.mark.parametrize("entry", CASES)
def test_coefficients_and_errors_agree_with_r(entry):
    (name, time, status, covariates), own, choices = CASES[entry]
    made = trials.followed(
        frame_of(name, status, own), covariates, time=time, status="state", causes=BOTH
    )
    rows = ratios(estimate_fine_gray(made, covariates=covariates, **choices))
    known = r_result(entry)

    assert np.log(rows["value"]).tolist() == pytest.approx(list(known["coef"].values()), rel=1e-6)
    assert rows["std_error"].tolist() == pytest.approx(list(known["se"].values()), rel=1e-6)


def by_arm():
    frame = frame_of("pbc", "status", 2)
    frame = frame.assign(arm=pd.Categorical.from_codes(frame["pen"], ["placebo", "pen"]))
    return trials.followed(
        frame, ["age", "log_bili"], time="time", status="state", causes=BOTH, arm="arm"
    )


def test_coefficients_with_censoring_within_arms_agree_with_r():
    # R's error with groups of censoring differs from the jackknife below in the fourth digit.
    rows = ratios(estimate_fine_gray(by_arm(), covariates=["age", "log_bili"]))
    known = r_result("pbc_crr_death_stratified_censoring")

    assert np.log(rows["value"]).tolist() == pytest.approx(list(known["coef"].values()), rel=1e-6)
    assert rows["std_error"].tolist() == pytest.approx(list(known["se"].values()), rel=1e-3)


def test_the_error_is_the_jackknife_with_censoring_estimated_again():
    # No two days are the same, so that conventions on ties do not matter.
    rng = np.random.default_rng(6)
    n = 150
    own, other = rng.exponential(100, n), rng.exponential(150, n)
    censored = rng.exponential(np.where(np.arange(n) % 2, 100, 200), n)
    days = np.minimum(np.minimum(own, other), censored)
    status = np.where(days == censored, 0, np.where(own < other, 1, 2))
    frame = pd.DataFrame({"days": days, "status": status, "w": 1.0})
    frame["arm"] = pd.Categorical.from_codes(np.arange(n) % 2, ["a", "b"])

    def row(weights):
        made = follow_up_from_frame(
            frame.assign(w=weights),
            time="days",
            status="status",
            arm="arm",
            weight="w",
            causes=BOTH,
        )
        return ratios(estimate_fine_gray(made)).iloc[0]

    def moved(i, by):
        weights = np.ones(n)
        weights[i] += by
        return np.log(row(weights)["value"])

    slopes = [(moved(i, 1e-4) - moved(i, -1e-4)) / 2e-4 for i in range(n)]
    assert row(np.ones(n))["std_error"] == pytest.approx(
        np.sqrt(np.sum(np.square(slopes))), rel=2e-3
    )


def test_four_patients_are_worked_by_hand():
    # Day 1: death of an a. Day 2: own event of b; at risk b, b and the dead a, a. Day 3: own event
    # of a (one a, one b and the dead a). Nobody is censored before, so the weights are 1.
    # Score with r the ratio of b: 1 - 2r/(2r+2) - r/(r+2) = 0 gives r^2 = 2.
    four = follow_up(days=[1, 2, 3, 4], status=[2, 1, 1, 0], arm=["a", "b", "a", "b"], causes=BOTH)
    row = ratios(estimate_fine_gray(four)).iloc[0]

    assert (row["arm"], row["versus"]) == ("b", "a")
    assert row["value"] == pytest.approx(np.sqrt(2), rel=1e-8)


def test_the_dead_stand_for_those_not_censored_by_then():
    # As above, but one of two a is censored on day 1 with the death of the first a: G after day 1
    # is 1 - 1/3 in a, 1 in b. Day 2: b has its event; at risk b, b, a and the dead with weight 2/3.
    # Day 3: a has it; at risk a, b and 2/3 of an a. 1 = 2r/(2r + 5/3) + r/(r + 5/3)
    # gives r^2 = 25/18.
    five = follow_up(
        days=[1, 1, 2, 3, 4], status=[2, 0, 1, 1, 0], arm=["a", "a", "b", "a", "b"], causes=BOTH
    )

    assert ratios(estimate_fine_gray(five)).iloc[0]["value"] == pytest.approx(np.sqrt(25 / 18))


def test_without_a_competing_event_it_is_cox_regression():
    lung = trials.lung()
    made = trials.followed(lung, ["age", "sex"], time="time", status="event")
    fine_gray = ratios(estimate_fine_gray(made, covariates=["age", "sex"], convention="finegray"))
    cox = estimate_cox(made, covariates=["age", "sex"], variance="robust")
    cox = cox.only(quantity="hazard_ratio").frame
    same = ["value", "lower", "upper", "std_error"]

    np.testing.assert_allclose(fine_gray[same], cox[same], rtol=1e-9)


def test_without_censoring_the_dead_are_at_risk_for_ever():
    # Then it is Cox regression of a time that the dead never reach.
    rng = np.random.default_rng(3)
    days, status = rng.integers(1, 30, 90).astype(float), rng.integers(1, 3, 90)
    arm = list(rng.choice(["a", "b"], 90))
    made = follow_up(days=days, status=list(status), arm=arm, causes=BOTH)
    never = follow_up(days=np.where(status == 2, 1000, days), status=list(status % 2), arm=arm)
    cox = estimate_cox(never, ties="breslow", variance="robust").frame.iloc[0]
    row = ratios(estimate_fine_gray(made)).iloc[0]

    assert row["value"] == pytest.approx(cox["value"], rel=1e-9)
    assert row["std_error"] == pytest.approx(cox["std_error"], rel=1e-9)


def test_whole_weights_are_as_many_patients_and_their_scale_is_nothing():
    rng = np.random.default_rng(5)
    days, status = rng.integers(1, 20, 60), rng.integers(0, 3, 60)
    arm, times = rng.choice(["a", "b"], 60), rng.integers(1, 4, 60)

    def value(weight=None, again=1):
        made = follow_up(
            days=np.repeat(days, again),
            status=list(np.repeat(status, again)),
            arm=pd.Categorical(np.repeat(arm, again), ["a", "b"]),
            weight=weight,
            causes=BOTH,
        )
        return ratios(estimate_fine_gray(made)).iloc[0][["value", "std_error"]].tolist()

    assert value(times)[0] == pytest.approx(value(None, times)[0], rel=1e-9)
    assert value(times * 10) == pytest.approx(value(times), rel=1e-9)


def test_every_result_says_that_a_competing_hazard_alone_can_move_it():
    about = estimate_fine_gray(by_arm()).about

    assert any("only the hazard of a competing event differs" in note for note in about["notes"])


def test_late_entry_is_refused_with_a_way_forward():
    late = follow_up(
        days=[1, 2, 4], status=[1, 1, 2], arm=["a", "b", "a"], entry=[0, 1, 0], causes=BOTH
    )
    with pytest.raises(DesignError, match="estimate_cox"):
        estimate_fine_gray(late)


def censored_differently(rng, patients=600):
    """Return arms of equal hazards, 0.003 and 0.01 a day; b is censored twenty times as fast."""
    own, other = rng.exponential(1 / 0.003, patients), rng.exponential(1 / 0.01, patients)
    arm = np.arange(patients) % 2
    censored = np.minimum(rng.exponential(1 / np.where(arm, 0.01, 0.0005)), 365)
    status = np.where(np.minimum(own, other) <= censored, np.where(own < other, 1, 2), 0)
    days = np.ceil(np.minimum(np.minimum(own, other), censored))
    frame = pd.DataFrame({"days": days, "status": status})
    frame["arm"] = pd.Categorical.from_codes(arm, ["a", "b"])
    return follow_up_from_frame(frame, time="days", status="status", arm="arm", causes=BOTH)


def test_only_within_arms_does_a_true_null_hold_where_arms_are_censored_differently():
    # Five of a hundred are expected, with a standard deviation of two.
    rng = np.random.default_rng(1)
    rejected = {"within_arm": 0, "pooled": 0, "gray": 0}
    for _ in range(100):
        made = censored_differently(rng)
        for censoring in ("within_arm", "pooled"):
            row = ratios(estimate_fine_gray(made, censoring=censoring)).iloc[0]
            rejected[censoring] += not row["lower"] < 1 < row["upper"]
        rejected["gray"] += estimate_gray_test(made).frame["value"].iloc[1] < 0.05

    assert rejected["pooled"] >= 12
    assert rejected["within_arm"] <= 11
    assert rejected["gray"] <= 11


def test_a_competing_hazard_alone_moves_the_ratio():
    rng = np.random.default_rng(2)
    own, other = rng.exponential(100, 4000), rng.exponential(np.repeat([1000, 50], 2000))
    days = np.ceil(np.minimum(np.minimum(own, other), 365))
    status = np.where(own < other, 1, 2) * (np.minimum(own, other) < 365)
    made = follow_up(
        days=list(days), status=list(status), arm=["a"] * 2000 + ["b"] * 2000, causes=BOTH
    )
    subdistribution = ratios(estimate_fine_gray(made)).iloc[0]
    of_the_cause = estimate_cox(made).only(quantity="hazard_ratio").frame.iloc[0]

    assert subdistribution["upper"] < 0.8
    assert of_the_cause["lower"] < 1 < of_the_cause["upper"]


def test_relabelled_arms_invert_the_ratio():
    made = censored_differently(np.random.default_rng(5))
    other = follow_up_from_frame(
        made.frame[["exit_days", "status", "arm"]],
        time="exit_days",
        status="status",
        arm="arm",
        causes=BOTH,
        reference="b",
    )
    values = [ratios(estimate_fine_gray(x))["value"].item() for x in (made, other)]

    assert values[0] * values[1] == pytest.approx(1, rel=1e-9)


def test_several_rows_of_one_patient_are_refused_with_a_way_forward():
    frame = pd.DataFrame(
        {"id": ["p", "p", "q"], "days": [4, 9, 7], "status": [0, 1, 2], "x": [1.0, 1.0, 2.0]}
    ).assign(start=[0, 4, 0])
    made = follow_up_from_frame(
        frame, time="days", status="status", patient="id", entry="start", causes=["own", "other"]
    )
    with pytest.raises(DesignError, match=r"1 of 3 rows .*estimate_mean_count\(\.\.\.\)"):
        estimate_fine_gray(made, covariates=["x"])
