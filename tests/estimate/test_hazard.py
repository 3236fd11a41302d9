"""Hazard ratios and log-rank tests: by hand, against R and lifelines, and what must hold."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines.statistics import multivariate_logrank_test
from scipy.special import chdtrc

from azaanalysis.design import follow_up_from_frame, weigh
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import (
    estimate_cox,
    estimate_hazard_ratio,
    estimate_log_rank,
    merge,
    read_risk_table,
    tally,
    write_risk_table,
)
from tests.builders import follow_up
from tests.estimate import public_trials as trials
from tests.estimate.weighted_world import ate_weights, logistic, small_world, weighted
from tests.r_results import r_result
from tests.real_data import real


def ratios(estimate):
    return estimate.only(quantity="hazard_ratio").frame


def epilepsy(status, causes):
    trial = pd.read_csv(real("survival/epileptic.csv.gz"))
    return follow_up_from_frame(
        trial, time="with.time", status=status, arm="treat", causes=causes, n_own=len(causes)
    )


def pilot():
    import pyreadstat

    times, _ = pyreadstat.read_xport(real("adam_cdiscpilot/adtte.xpt"))
    order = ["Placebo", "Xanomeline Low Dose", "Xanomeline High Dose"]
    times = times.assign(event=1 - times["CNSR"], TRTA=pd.Categorical(times["TRTA"], order))
    return follow_up_from_frame(times, time="AVAL", status="event", arm="TRTA")


def test_two_arms_of_two_have_the_ratio_that_solves_the_score_by_hand():
    # Deaths on days 1 (arm b of 2 and 2), 2 (a of 2 and 1), 3 (b of 1 and 1), 4 (a alone).
    # Score with r = hazard ratio of b: 1 - 2r/(2+2r) - r/(2+r) + 1 - r/(1+r) = 0, that is
    # 2 = 2r/(1+r) + r/(2+r); multiplied out r^2 - r - 4 = 0.
    four = follow_up(days=[1, 2, 3, 4], status=[1, 1, 1, 1], arm=["b", "a", "b", "a"])
    four.frame["arm"] = four.frame["arm"].cat.reorder_categories(["a", "b"])
    row = ratios(estimate_hazard_ratio(four)).iloc[0]

    assert (row["arm"], row["versus"]) == ("b", "a")
    assert row["value"] == pytest.approx((1 + np.sqrt(17)) / 2, rel=1e-6)
    assert (row["patients"], row["events"]) == (4, 4)


@pytest.mark.parametrize(
    ("number", "entry", "coefficient"),
    [(0, "epileptic_cs_isc", "ltg"), (1, "epileptic_cs_uae", "ltg")],
)
def test_cause_specific_ratios_of_the_epilepsy_trial_agree_with_r(number, entry, coefficient):
    row = ratios(estimate_hazard_ratio(epilepsy("with.status2", ["ISC", "UAE"]))).iloc[number]
    known = r_result(entry)

    assert row["value"] == pytest.approx(known["hr"][coefficient], rel=1e-6)
    assert row["std_error"] == pytest.approx(known["se"][coefficient], rel=1e-6)
    assert row["lower"] == pytest.approx(known["hr_lower"][coefficient], rel=1e-6)
    assert row["upper"] == pytest.approx(known["hr_upper"][coefficient], rel=1e-6)


def test_the_ratio_of_any_withdrawal_agrees_with_r():
    row = ratios(estimate_hazard_ratio(epilepsy("with.status", ["any"]))).iloc[0]

    assert row["value"] == pytest.approx(r_result("epileptic_cox_any")["hr"]["treatLTG"], rel=1e-6)


def test_three_arms_of_the_pilot_trial_agree_with_r():
    made = ratios(estimate_hazard_ratio(pilot())).set_index("arm")
    known = r_result("ttde_cox")
    for arm in ["Xanomeline Low Dose", "Xanomeline High Dose"]:
        assert made.loc[arm, "value"] == pytest.approx(known["hr"][f"arm{arm}"], rel=1e-6)
        assert made.loc[arm, "std_error"] == pytest.approx(known["se"][f"arm{arm}"], rel=1e-6)


def test_the_log_rank_test_of_the_pilot_trial_agrees_with_r():
    statistic, p = estimate_log_rank(pilot()).frame["value"]
    known = r_result("ttde_logrank")

    assert statistic == pytest.approx(known["chisq"], rel=1e-10)
    assert p == pytest.approx(known["p"], rel=1e-8)


def test_the_log_rank_statistic_of_three_patients_is_the_one_worked_by_hand():
    # Day 1: arm a of 1 and 2, expected 1/3, variance 1/3 * 2/3 = 2/9. Later days: arm b alone.
    # (1 - 1/3)^2 / (2/9) = 2.
    three = follow_up(days=[1, 2, 3], status=[1, 1, 1], arm=["a", "b", "b"])

    assert estimate_log_rank(three).frame["value"].iloc[0] == pytest.approx(2)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 15), st.integers(0, 1), st.sampled_from("abc")),
        min_size=12,
        max_size=40,
    ).filter(lambda rows: {arm for _, is_event, arm in rows if is_event} == set("abc"))
)
def test_the_log_rank_test_agrees_with_lifelines(listed):
    days, status, arm = map(list, zip(*listed, strict=True))
    ours = estimate_log_rank(follow_up(days=days, status=status, arm=arm)).frame["value"].iloc[0]
    theirs = multivariate_logrank_test(days, arm, status).test_statistic

    assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-8)


def test_a_risk_table_gives_the_same_test_as_the_patients():
    rng = np.random.default_rng(1)
    made = follow_up(
        days=list(rng.integers(1, 9, 50)),
        status=list(rng.integers(0, 2, 50)),
        arm=list(rng.choice(["a", "b"], 50)),
    )
    patients, table = (estimate_log_rank(x).frame["value"] for x in (made, tally(made)))

    pd.testing.assert_series_equal(patients, table)


def test_exchanging_the_arms_inverts_the_ratio():
    rng = np.random.default_rng(2)
    days, status = list(rng.integers(1, 99, 80)), list(rng.integers(0, 2, 80))
    arm = ["a", "b"] * 40
    one = follow_up(days=days, status=status, arm=arm)
    other = follow_up(days=days, status=status, arm=[{"a": "b", "b": "a"}[x] for x in arm])
    other.frame["arm"] = other.frame["arm"].cat.reorder_categories(["a", "b"])
    product = (
        ratios(estimate_hazard_ratio(one))["value"] * ratios(estimate_hazard_ratio(other))["value"]
    )

    assert product.item() == pytest.approx(1, rel=1e-6)


def test_a_known_ratio_is_within_its_interval():
    # Exponential times with hazards 0.01 and 0.02 a day, on whole days.
    rng = np.random.default_rng(7)
    days = np.ceil(rng.exponential(np.repeat([100.0, 50.0], 4000)))
    made = follow_up(days=list(days), status=[1] * 8000, arm=["a"] * 4000 + ["b"] * 4000)
    row = ratios(estimate_hazard_ratio(made)).iloc[0]

    assert row["lower"] < 2 < row["upper"]
    assert row["upper"] / row["lower"] < 1.1


def test_an_arm_without_events_has_no_ratio_and_a_note_says_why():
    made = follow_up(
        days=[1, 4, 3, 4, 2, 6], status=[1, 1, 0, 0, 1, 1], arm=["a", "a", "b", "b", "c", "c"]
    )
    estimate = estimate_hazard_ratio(made)
    made_ratios = ratios(estimate).set_index("arm")["value"]

    assert np.isnan(made_ratios["b"])
    assert made_ratios["c"] > 0
    (note,) = estimate.about["notes"]
    assert note.startswith("No hazard ratio for event with b against a: one of the two had no")


def test_a_ratio_that_runs_away_is_missing_and_not_a_huge_number():
    apart = follow_up(days=[1, 2, 50, 60], status=[1, 1, 1, 1], arm=["a", "a", "b", "b"])
    estimate = estimate_hazard_ratio(apart)

    assert ratios(estimate)["value"].isna().all()
    assert len(estimate.about["notes"]) == 1


def test_proportional_hazards_are_questioned_where_the_curves_cross():
    # Arm b has all its events early, arm a all late.
    made = follow_up(
        days=[*range(1, 31), *range(30, 60)], status=[1] * 60, arm=["b", "a"] * 15 + ["a", "b"] * 15
    )
    crossing = follow_up(
        days=[*range(1, 31), *range(100, 130), *range(40, 70), *range(41, 71)],
        status=[1] * 120,
        arm=["a"] * 60 + ["b"] * 60,
    )
    p_mixed, p_crossing = (
        estimate_hazard_ratio(x).only(quantity="proportional_hazards_p").frame["value"].item()
        for x in (made, crossing)
    )
    assert p_crossing < 0.001 < p_mixed


def test_one_arm_cannot_be_compared():
    alone = follow_up(days=[1, 2], status=[1, 0])
    for estimator in (estimate_hazard_ratio, estimate_log_rank):
        with pytest.raises(DesignError, match="at least two arms, but there is only 'a'"):
            estimator(alone)


def test_a_level_that_is_no_proportion_is_refused():
    with pytest.raises(EstimationError, match="between 0 and 1"):
        estimate_hazard_ratio(follow_up(days=[1, 2], arm=["a", "b"]), level=95)


def rotterdam(weights="ate", keep=None):
    trial = pd.read_csv(real("survival/rotterdam.csv.gz"))
    size = pd.get_dummies(trial["size"])[["20-50", ">50"]]
    used = trial[["age", "meno", "grade", "nodes", "pgr", "er", "chemo"]].join(size)
    design = np.column_stack([np.ones(len(trial)), used.to_numpy(dtype=float)])
    treated = trial["hormon"].to_numpy(dtype=float)
    chance, _ = logistic(design, treated, np.ones(len(trial)))
    share = treated.mean()
    made = {
        "ate": np.where(treated == 1, 1 / chance, 1 / (1 - chance)),
        "att": np.where(treated == 1, 1, chance / (1 - chance)),
        "ato": np.where(treated == 1, 1 - chance, chance),
        "sw": np.where(treated == 1, share / chance, (1 - share) / (1 - chance)),
    }
    weight = made[weights]
    if keep == "truncated":
        weight = np.clip(weight, *np.quantile(weight, [0.01, 0.99]))
    frame = pd.DataFrame({"days": trial["dtime"], "status": trial["death"], "w": weight})
    frame["arm"] = pd.Categorical.from_codes(trial["hormon"], ["none", "hormones"])
    if keep == "trimmed":
        frame = frame[(chance >= 0.05) & (chance <= 0.95)]
    return follow_up_from_frame(frame, time="days", status="status", arm="arm", weight="w")


def log_ratio(follow_up, **choices):
    row = ratios(estimate_hazard_ratio(follow_up, **choices)).iloc[0]
    return np.log(row["value"]), row["std_error"]


@pytest.mark.parametrize("weights", ["ate", "att", "ato", "sw"])
def test_weighted_ratios_and_robust_errors_of_the_rotterdam_cohort_agree_with_r(weights):
    known = r_result(f"rotterdam_weighted_cox_{weights}")
    value, error = log_ratio(rotterdam(weights))

    assert value == pytest.approx(known["coef"]["hormon"], rel=1e-6)
    assert error == pytest.approx(known["se"]["hormon"], rel=1e-6)


@pytest.mark.parametrize(
    ("keep", "entry"),
    [("trimmed", "rotterdam_trimmed_ate"), ("truncated", "rotterdam_truncated_weights_p1_p99")],
)
def test_ratios_with_trimmed_and_truncated_weights_agree_with_r(keep, entry):
    value, error = log_ratio(rotterdam("ate", keep))

    assert value == pytest.approx(r_result(entry)["coef"], rel=1e-6)
    assert error == pytest.approx(r_result(entry)["se"], rel=1e-6)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_the_ratio_with_weights_and_either_ties_agrees_with_r(ties):
    entry = "rotterdam_cox_case_weights_robust" + ("_breslow" if ties == "breslow" else "")
    value, error = log_ratio(rotterdam(), ties=ties)

    assert value == pytest.approx(r_result(entry)["coef"]["hormon"], rel=1e-6)
    assert error == pytest.approx(r_result(entry)["se"]["hormon"], rel=1e-6)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_the_stacked_error_is_the_jackknife_of_both_steps(ties):
    # Each patient counts a millionth more: the propensity model is fitted again, the weights
    # change, the ratio is fitted again. The squares of these changes sum to the variance.
    frame, design, treated = small_world()
    made = weighted(frame, design, treated, time="days", status="status", arm="arm")

    def changed(i, by):
        frequency = np.ones(len(frame))
        frequency[i] += by
        weight = frequency * ate_weights(design, treated, frequency)
        again = follow_up_from_frame(
            frame.assign(w=weight), time="days", status="status", arm="arm", weight="w"
        )
        return log_ratio(again, ties=ties)[0]

    slopes = [(changed(i, 1e-4) - changed(i, -1e-4)) / 2e-4 for i in range(len(frame))]
    _, error = log_ratio(made, ties=ties, variance="stacked")

    assert error == pytest.approx(np.sqrt(np.sum(np.square(slopes))), rel=1e-5)
    assert error != pytest.approx(log_ratio(made, ties=ties, variance="robust")[1], rel=1e-3)
    about = estimate_hazard_ratio(made, variance="stacked").about
    assert "estimation of the weights" in about["interval"]


def test_weights_of_another_scale_change_nothing():
    one, other = rotterdam("ate"), rotterdam("ate")
    other.frame["weight"] *= 1000

    assert log_ratio(one) == pytest.approx(log_ratio(other), rel=1e-9)


def test_the_risk_table_gives_the_weighted_ratio_of_the_patients():
    made = rotterdam("ate")

    assert log_ratio(tally(made)) == pytest.approx(log_ratio(made), rel=1e-10)


def test_whole_weights_give_the_ratio_of_as_many_patients():
    rng = np.random.default_rng(5)
    days, status = rng.integers(1, 12, 40), rng.integers(0, 2, 40)
    arm, times = rng.choice(["a", "b"], 40), rng.integers(1, 4, 40)
    once = follow_up(days=days, status=list(status), arm=list(arm), weight=times)
    often = follow_up(
        days=np.repeat(days, times),
        status=list(np.repeat(status, times)),
        arm=list(np.repeat(arm, times)),
    )

    assert log_ratio(once, ties="breslow")[0] == pytest.approx(
        log_ratio(often, ties="breslow")[0], rel=1e-8
    )


def test_a_stacked_interval_needs_to_know_the_model_of_the_weights():
    given = follow_up(days=[1, 2, 3], status=[1, 1, 1], arm=["a", "b", "a"], weight=[1, 2, 1])
    with pytest.raises(EstimationError, match="needs the score of the model"):
        estimate_hazard_ratio(given, variance="stacked")


def test_the_weighted_log_rank_test_is_near_the_test_of_the_ratio():
    # Three tests of one hypothesis; with small differences they agree.
    made = rotterdam("ato")
    value, error = log_ratio(made)
    statistic = estimate_log_rank(made).frame["value"].iloc[0]

    assert statistic == pytest.approx((value / error) ** 2, rel=0.1)


def test_a_ratio_within_strata_agrees_with_r_from_patients_and_from_the_table():
    trial = trials.lung().dropna(subset=["ph.ecog"])
    trial = trial.assign(
        sex=pd.Categorical.from_codes(trial["sex"] - 1, ["male", "female"]),
        ecog=trial["ph.ecog"].astype(int).astype(str),
    )
    made = trials.followed(trial, ["ecog"], time="time", status="event", arm="sex")
    known = r_result("lung_cox_sex_strata")
    value, error = log_ratio(made, stratum="ecog")

    assert value == pytest.approx(known["coef"]["sex"], rel=1e-6)
    assert error == pytest.approx(known["se"]["sex"], rel=1e-6)
    assert log_ratio(tally(made, stratum="ecog")) == pytest.approx((value, error), rel=1e-9)


def test_a_ratio_with_late_entry_and_its_tests_agree_with_r():
    cohort = trials.mgus2_by_age()
    made = trials.followed(cohort, [], time="leave", status="death", entry="entry", arm="sex")
    known = r_result("mgus2_left_truncated_sex_robust")
    value, error = log_ratio(made, variance="robust")
    tests = estimate_hazard_ratio(made).only(quantity="proportional_hazards_p").frame

    assert value == pytest.approx(known["coef"]["sexM"], rel=1e-6)
    assert error == pytest.approx(known["se"]["sexM"], rel=1e-6)
    assert tests["value"].item() == pytest.approx(chdtrc(1, known["zph"]), rel=1e-6)


def test_rows_that_belong_together_are_taken_as_one():
    kidney = trials.table("kidney")
    kidney = kidney.assign(sex=pd.Categorical.from_codes(kidney["sex"] - 1, ["male", "female"]))
    made = trials.followed(kidney, [], time="time", status="status", patient="id", arm="sex")
    error = log_ratio(made)[1]

    cox = ratios(estimate_cox(made))["std_error"].item()
    assert error == pytest.approx(cox, rel=1e-9)
    alone = made.frame.assign(patient_id=np.arange(len(kidney)).astype(str))
    assert error != pytest.approx(log_ratio(replace(made, frame=alone))[1], rel=1e-3)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_table_and_cox_regression_give_the_same_weighted_ratios(seed):
    rng = np.random.default_rng(seed)
    made = follow_up(
        days=rng.integers(5, 15, 60),
        status=list(rng.integers(0, 2, 60)),
        arm=[*"abc", *rng.choice(list("abc"), 57)],
        weight=rng.uniform(0.2, 3, 60),
        entry=rng.integers(0, 4, 60),
    )
    same = ["arm", "versus", "value", "lower", "upper", "std_error"]
    table, cox = (ratios(x(made))[same] for x in (estimate_hazard_ratio, estimate_cox))

    pd.testing.assert_frame_equal(table, cox, rtol=1e-7)


def test_stacked_intervals_hold_where_weights_remove_all_confounding():
    # The arm does nothing; x decides about arm and hazard. A cohort is 400 patients.
    rng = np.random.default_rng(14)
    logs, covered = [], []
    for _ in range(200):
        x = rng.normal(size=400)
        treated = (rng.random(400) < 1 / (1 + np.exp(-0.7 * x))).astype(float)
        days = np.ceil(rng.exponential(60 * np.exp(-0.7 * x)))
        frame = pd.DataFrame({"days": np.minimum(days, 90), "status": (days <= 90).astype(int)})
        frame["arm"] = pd.Categorical.from_codes(treated.astype(int), ["a", "b"])
        design = np.column_stack([np.ones(400), x])
        made = weighted(frame, design, treated, time="days", status="status", arm="arm")
        row = ratios(estimate_hazard_ratio(made, variance="stacked")).iloc[0]
        logs.append(np.log(row["value"]))
        covered.append(row["lower"] < 1 < row["upper"])

    assert abs(np.mean(logs)) < 3 * np.std(logs) / np.sqrt(200)
    # 190 of 200 are expected, with a standard deviation of 3.
    assert 180 <= sum(covered) <= 199


def test_an_arm_in_which_nobody_counts_has_no_ratio_and_takes_no_part_in_the_test():
    made = follow_up(
        days=[1, 2, 3, 4, 5, 6],
        status=[1] * 6,
        arm=["a", "b", "c"] * 2,
        weight=[1, 0, 1, 1, 0, 1],
    )
    found = ratios(estimate_hazard_ratio(made)).set_index("arm")["value"]

    assert np.isnan(found["b"])
    assert found["c"] > 0
    assert estimate_log_rank(made).frame["unit"].iloc[0] == "1 df"


@pytest.mark.parametrize("target", ["ate", "overlap"])
def test_three_weighed_arms_have_the_stacked_errors_of_the_jackknife(target):
    rng = np.random.default_rng(21)
    x = rng.normal(size=60)
    chances = np.exp(np.column_stack([0 * x, 0.6 * x, -0.4 * x]))
    arms = (np.log(chances) + rng.gumbel(size=chances.shape)).argmax(axis=1)
    days = np.ceil(rng.exponential(20 * np.exp(-0.4 * x - 0.2 * arms)))
    frame = pd.DataFrame({"days": np.minimum(days, 40), "status": (days <= 40) * 1, "x": x})
    frame["arm"] = pd.Categorical.from_codes(arms, list("abc"))
    made = weigh(
        follow_up_from_frame(frame, time="days", status="status", arm="arm"), target=target
    )

    def logs(i, by):
        often = np.ones(60)
        often[i] += by
        weight = often * made.weighting.reweigh(often)
        again = follow_up_from_frame(
            frame.assign(w=weight), time="days", status="status", arm="arm", weight="w"
        )
        return np.log(ratios(estimate_hazard_ratio(again))["value"])

    slopes = np.array([(logs(i, 1e-4) - logs(i, -1e-4)) / 2e-4 for i in range(60)])
    expected = np.sqrt((slopes**2).sum(axis=0)).tolist()
    table, cox = (
        ratios(x(made, variance="stacked"))["std_error"].tolist()
        for x in (estimate_hazard_ratio, estimate_cox)
    )

    assert table == pytest.approx(expected, rel=1e-4)
    assert cox == pytest.approx(table, rel=1e-9)


@pytest.mark.parametrize("kept", [None, "written.json", "written.parquet"])
def test_patients_of_weight_zero_do_not_tie_with_those_who_count(kept, tmp_path):
    days, status = [3, 3, 3, 5, 5, 7, 7, 9], [1, 1, 1, 1, 1, 1, 0, 1]
    arm, weight = ["a", "b", "b", "a", "b", "a", "b", "b"], [1, 2, 1, 1, 2, 1.5, 1, 1]
    counting = follow_up(days=days, status=status, arm=arm, weight=weight)
    nobody = {"days": [3, 3, 5], "status": [1, 1, 1], "arm": ["a", "b", "b"]}
    more = follow_up(
        days=days + nobody["days"],
        status=status + nobody["status"],
        arm=arm + nobody["arm"],
        weight=[*weight, 0, 0, 0],
    )
    table = tally(more)
    if kept is not None:
        table = merge(read_risk_table(write_risk_table(table, tmp_path / kept)))
    expected, found = (ratios(estimate_hazard_ratio(of)).iloc[0] for of in (counting, table))
    adjusted = ratios(estimate_cox(more)).iloc[0]

    for column in ("value", "std_error"):
        assert found[column] == pytest.approx(expected[column], rel=1e-10)
        assert found[column] == pytest.approx(adjusted[column], rel=1e-7)
    assert (expected["patients"], found["patients"]) == (8, 11)
