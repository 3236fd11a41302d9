"""Repeated events: by hand, against R and published numbers, properties, truth, refusals."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.design import follow_up_from_frame
from azaanalysis.disclosure import suppress
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import (
    estimate_hazard_ratio,
    estimate_mean_count,
    estimate_mean_count_difference,
    estimate_mean_count_ratio,
    estimate_recurrent_ratio,
)
from azaanalysis.estimate.recurrent_ratio import NUMBER, _by_event_number
from tests.builders import follow_up
from tests.estimate.trials import bladder_four, bladder_intervals, cgd_intervals
from tests.r_results import r_result


def histories(rows, arm="a", weight=1.0):
    """Return rows of (patient, entry, exit, status); status 2 is death."""
    frame = pd.DataFrame(rows, columns=["id", "from", "to", "status"]).assign(arm=arm, w=weight)
    return follow_up_from_frame(
        frame,
        time="to",
        status="status",
        arm="arm",
        entry="from",
        patient="id",
        weight="w",
        causes=["infection", "death"],
    )


THREE = [("p", 0, 2, 1), ("p", 2, 6, 0), ("q", 0, 3, 2), ("r", 0, 4, 1), ("r", 4, 5, 0)]


def test_three_patients_with_a_death_have_the_mean_worked_by_hand():
    # Day 2: 3 at risk, 1 event, mean 1/3. Day 3: q of 3 dies, survival 2/3 after it.
    # Day 4: 2 at risk, 1 event: + 2/3 * 1/2 = 1/3. So 1/3 from day 2 and 2/3 from day 4.
    curve = estimate_mean_count(histories(THREE)).frame.set_index("at_days")["value"]

    assert curve.to_dict() == pytest.approx(
        {0: 0, 2: 1 / 3, 3: 1 / 3, 4: 2 / 3, 5: 2 / 3, 6: 2 / 3}
    )


def test_the_error_of_the_first_step_is_that_of_a_proportion():
    # One of three has an event on day 2: influences (1 - 1/3)/3 and -(1/3)/3 twice.
    curve = estimate_mean_count(histories(THREE)).frame.set_index("at_days")["std_error"]

    assert curve[2] == pytest.approx(np.sqrt((2 / 9) ** 2 + 2 * (1 / 9) ** 2))


def same_curve(estimate, known, mean, days):
    read = estimate.at(known[days]).frame
    np.testing.assert_allclose(read["value"], known[mean], rtol=1e-8)
    np.testing.assert_allclose(read["std_error"], known["se"], rtol=1e-8)


@pytest.mark.parametrize("arm", ["placebo", "thiotepa"])
def test_recurrences_with_death_agree_with_the_formula_of_ghosh_and_lin_in_r(arm):
    made = estimate_mean_count(bladder_intervals()).only(arm=arm)

    same_curve(made, r_result(f"bladder1_ghosh_lin_{arm}"), "mean", "times")


@pytest.mark.parametrize("source", ["bladder1_ghosh_lin_untied", "bladder1_ghosh_lin_mets_untied"])
@pytest.mark.parametrize("arm", ["placebo", "thiotepa"])
def test_recurrences_without_ties_agree_with_mets(source, arm):
    made = bladder_intervals()
    frame, shift = made.frame, 1e-5 * made.frame["patient_id"].astype(float)
    frame["entry_days"] = frame["entry_days"].where(
        frame["entry_days"] == 0, frame["entry_days"] + shift
    )
    frame["exit_days"] = frame["exit_days"] + shift

    same_curve(
        estimate_mean_count(made).only(arm=arm), r_result(f"{source}_{arm}"), "mean", "times"
    )


@pytest.mark.parametrize("arm", ["placebo", "pyridoxine", "thiotepa"])
def test_recurrences_with_death_as_censoring_agree_with_r(arm):
    made = estimate_mean_count(bladder_intervals(deaths=False)).only(arm=arm)

    same_curve(made, r_result("bladder1_mcf_death_as_censoring")[f"treatment={arm}"], "mcf", "time")


@pytest.mark.parametrize("arm", ["placebo", "rIFN-g"])
def test_mean_infections_of_the_interferon_trial_agree_with_r(arm):
    made = estimate_mean_count(cgd_intervals()).only(arm=arm)

    same_curve(made, r_result("cgd_mcf_robust")[f"treat={arm}"], "mcf", "time")


@pytest.mark.parametrize("arm", ["1", "2"])
def test_mean_recurrences_of_the_bladder_trial_agree_with_r(arm):
    made = estimate_mean_count(bladder_four()).only(arm=arm)

    same_curve(made, r_result("bladder_mcf")[f"rx={arm}"], "mcf", "time")


def test_the_interferon_trial_has_its_published_counts():
    # N Engl J Med 1991;324:509: 14 of 63 against 30 of 65 infected, 20 against 56 infections.
    frame, known = cgd_intervals().frame, r_result("cgd_counts")
    infected = frame[frame["status"] == 1].groupby("arm", observed=True)["patient_id"].nunique()
    counts = frame.groupby("arm", observed=True)["n_events"].sum()

    assert infected.to_dict() == {"placebo": 30, "rIFN-g": 14} == known["patients_with_infection"]
    assert counts.to_dict() == {"placebo": 56, "rIFN-g": 20} == known["infections"]


def test_the_bladder_trial_has_the_counts_of_r():
    frame, known = bladder_intervals().frame, r_result("bladder1_counts")
    days = (frame["exit_days"] - frame["entry_days"]).groupby(frame["arm"], observed=True).sum()
    by_arm = frame.groupby("arm", observed=True)

    assert by_arm["patient_id"].nunique().to_dict() == known["patients"]
    assert by_arm["n_events"].sum().to_dict() == known["recurrences"]
    assert by_arm["status"].apply(lambda s: (s == 2).sum()).to_dict() == known["deaths"]
    assert days.to_dict() == known["person_months"]


def ratios(estimate):
    is_ratio = estimate.frame["quantity"].isin(["rate_ratio", "hazard_ratio"])
    return estimate.frame[is_ratio]


def agrees(estimate, entry, names=None):
    found, known = ratios(estimate), r_result(entry)
    keys = list(known["hr"]) if names is None else names
    keys_of = {"value": "hr", "lower": "hr_lower", "upper": "hr_upper", "std_error": "se"}
    for column, key in keys_of.items():
        np.testing.assert_allclose(found[column], [known[key][k] for k in keys], rtol=1e-6)


def test_the_interferon_trial_has_its_published_ratio():
    # Therneau and Grambsch (2000), section 8.5: 0.33.
    made = estimate_recurrent_ratio(cgd_intervals())

    assert ratios(made)["value"].iloc[0] == pytest.approx(0.33, abs=0.005)
    agrees(made, "cgd_andersen_gill_robust")


def test_the_ratio_of_andersen_and_gill_has_the_error_of_its_model():
    made = estimate_recurrent_ratio(cgd_intervals(), model="andersen_gill", ties="breslow")

    agrees(made, "cgd_andersen_gill_naive_breslow")
    assert "model" in made.about["interval"]
    assert ratios(made)["patients"].iloc[0] == 128


def test_the_adjusted_ratio_of_the_interferon_trial_agrees_with_r():
    names = ["age", "inherit", "steroids", "propylac"]

    agrees(estimate_recurrent_ratio(cgd_intervals(), covariates=names), "cgd_ag_adjusted")


@pytest.mark.parametrize("model", ["pwp_total", "pwp_gap"])
def test_ratios_for_each_next_infection_agree_with_r(model):
    agrees(estimate_recurrent_ratio(cgd_intervals(), model=model), f"cgd_{model}_time")


def test_the_ratio_for_the_first_infection_agrees_with_r():
    made = cgd_intervals()
    first = replace(made, frame=made.frame[made.frame["enum"] == 1])

    agrees(estimate_hazard_ratio(first), "cgd_first_event")


@pytest.mark.parametrize(
    ("model", "entry"),
    [("lwyy", "bladder_ag"), ("pwp_total", "bladder_pwp"), ("pwp_gap", "bladder_pwp_gap")],
)
def test_ratios_of_the_bladder_trial_agree_with_r(model, entry):
    made = estimate_recurrent_ratio(bladder_four(), model=model, covariates=["size", "number"])

    agrees(made, entry)


def test_the_ratio_among_the_living_agrees_with_r():
    made = bladder_intervals()
    two = made.frame[made.frame["arm"] != "pyridoxine"].reset_index(drop=True)
    two["arm"] = two["arm"].cat.remove_unused_categories()
    made = estimate_recurrent_ratio(replace(made, frame=two))

    agrees(made, "bladder1_lwyy")
    assert "rates until then" in made.about["notes"][0]


def test_events_are_numbered_as_in_the_data():
    made = cgd_intervals()

    numbered = _by_event_number(made, is_gap=False).frame

    assert numbered[NUMBER].tolist() == made.frame["enum"].tolist()


spells = st.lists(
    st.lists(st.tuples(st.integers(1, 20), st.integers(0, 1)), min_size=1, max_size=4),
    min_size=2,
    max_size=8,
)


def made_of(lists, deaths):
    """Return patients whose spells follow one another; the last may end with death."""
    rows = []
    for number, spell in enumerate(lists):
        day = 0
        for k, (length, status) in enumerate(spell):
            dies = k == len(spell) - 1 and number in deaths
            rows.append((f"p{number}", day, day + length, 2 if dies else status))
            day += length
    return rows


@given(spells, st.sets(st.integers(0, 7)), st.floats(0.01, 100), st.randoms())
@settings(max_examples=40, deadline=None)
def test_order_and_a_common_factor_of_the_weights_change_no_mean(lists, deaths, factor, random):
    rows = made_of(lists, deaths)
    one = estimate_mean_count(histories(rows)).frame
    random.shuffle(rows)
    other = estimate_mean_count(histories(rows, weight=factor)).frame

    columns = ["value", "std_error", "patients", "events"]
    np.testing.assert_allclose(
        other[columns].astype(float), one[columns].astype(float), rtol=1e-7, atol=1e-12
    )


@given(spells, st.sets(st.integers(0, 7)), st.integers(1, 99))
@settings(max_examples=40, deadline=None)
def test_intervals_cut_in_two_have_the_same_mean(lists, deaths, share):
    rows = made_of(lists, deaths)
    cut = []
    for name, start, end, status in rows:
        day = start + (end - start) * share / 100
        cut += [(name, start, day, 0), (name, day, end, status)]
    one = estimate_mean_count(histories(rows))
    other = estimate_mean_count(histories(cut)).at(one.frame["at_days"])

    columns = ["value", "std_error", "patients", "events", "patient_years"]
    np.testing.assert_allclose(
        other.frame[columns].astype(float), one.frame[columns].astype(float), rtol=1e-7, atol=1e-12
    )


@given(spells)
@settings(max_examples=40, deadline=None)
def test_without_death_the_mean_is_the_sum_of_daily_rates(lists):
    rows = made_of(lists, set())
    curve = estimate_mean_count(histories(rows)).frame
    frame = pd.DataFrame(rows, columns=["id", "from", "to", "status"])
    total, sums = 0.0, []
    for day in curve["at_days"]:
        at_risk = ((frame["from"] < day) & (day <= frame["to"])).sum()
        total += ((frame["to"] == day) & (frame["status"] == 1)).sum() / max(at_risk, 1)
        sums.append(total)

    np.testing.assert_allclose(curve["value"], sums, rtol=1e-12)


@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=3, max_size=15))
@settings(max_examples=40, deadline=None)
def test_deaths_alone_leave_the_mean_at_zero(rows):
    deaths = [(f"p{k}", 0, day, 2 * dies) for k, (day, dies) in enumerate(rows)]
    curve = estimate_mean_count(histories(deaths)).frame

    assert (curve["value"] == 0).all()
    assert (curve["std_error"] == 0).all()


def simulated(generator, n):
    """Return infections at a gamma-frail rate until death or censoring, in days.

    Rate z * 2 a year, death at z * 0.5 a year, z gamma with mean 1 and variance 1/2; censored
    evenly over one to three years.
    """
    frailty = generator.gamma(2.0, 0.5, n)
    death = generator.exponential(365.25 / (0.5 * frailty))
    censored = generator.uniform(365.25, 3 * 365.25, n)
    end = np.minimum(death, censored)
    rows = []
    for k in range(n):
        start = 0.0
        while (day := start + generator.exponential(365.25 / (2 * frailty[k]))) < end[k]:
            rows.append((k, start, day, 1))
            start = day
        rows.append((k, start, end[k], 2 if death[k] < censored[k] else 0))
    return histories(rows)


def test_mean_infections_of_frail_patients_who_die_are_those_of_the_truth():
    # Given z, the mean by t is 2z * (1 - exp(-z t/2)) / (z/2) = 4 (1 - exp(-z t / 2)); over z
    # (Laplace transform of the gamma): 4 (1 - (1 + t/4)^-2), at one year 4 * (1 - 0.64) = 1.44.
    generator = np.random.default_rng(20261124)
    hits, means = 0, []
    for _ in range(200):
        row = estimate_mean_count(simulated(generator, 150)).at([365.25]).frame.iloc[0]
        hits += row["lower"] <= 1.44 <= row["upper"]
        means.append(row["value"])

    # 180 of 200 is three standard errors below 95 %.
    assert abs(np.mean(means) - 1.44) < 3 * np.std(means) / np.sqrt(200)
    assert hits >= 180


def test_several_events_of_one_day_count_together():
    made = histories([("p", 0, 5, 1), ("q", 0, 5, 0)])
    made.frame.loc[0, "n_events"] = 3

    assert estimate_mean_count(made).frame["value"].iloc[-1] == pytest.approx(1.5)


def test_a_death_on_the_day_of_an_event_ends_the_history():
    # p has an event and dies on day 2, q has an event on day 4: 1/2 + 1/2 * 1.
    made = histories([("p", 0, 2, 1), ("p", 2, 2, 2), ("q", 0, 4, 1)])

    assert estimate_mean_count(made).frame["value"].tolist() == pytest.approx([0, 0.5, 1.0])


def test_differences_and_ratios_are_those_of_the_means():
    made = cgd_intervals()
    means = estimate_mean_count(made).at([180, 360]).frame
    old, new = (means[means["arm"] == arm]["value"].to_numpy() for arm in made.arms)
    gap = estimate_mean_count_difference(made, at_days=[180, 360]).frame
    ratio = estimate_mean_count_ratio(made, at_days=[180, 360]).frame

    np.testing.assert_allclose(gap["value"], new - old)
    np.testing.assert_allclose(ratio["value"], new / old)
    errors = [means[means["arm"] == arm]["std_error"].to_numpy() for arm in made.arms]
    np.testing.assert_allclose(gap["std_error"], np.hypot(*errors))
    np.testing.assert_allclose(ratio["std_error"], np.hypot(errors[0] / old, errors[1] / new))


def test_a_day_beyond_the_end_of_an_arm_has_no_difference():
    made = estimate_mean_count_difference(cgd_intervals(), at_days=[5000])

    assert made.frame[["value", "lower", "upper"]].isna().all(axis=None)


def test_counts_without_days_are_refused_with_a_way_forward():
    with pytest.raises(
        DesignError, match="In 1 of 1 rows events are counted whose days are not known"
    ):
        estimate_mean_count(follow_up(days=[100], n_events=[2]))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("p", 0, 5, 1), ("p", 3, 6, 0)], "1 begin before"),
        ([("p", 0, 5, 2), ("p", 5, 6, 0)], "1 follow death"),
    ],
)
def test_intervals_that_cannot_be_are_refused(rows, message):
    with pytest.raises(DesignError, match=message):
        estimate_mean_count(histories(rows))


def test_a_patient_in_two_arms_is_refused():
    with pytest.raises(DesignError, match="another arm too"):
        estimate_mean_count(histories([("p", 0, 5, 1), ("p", 5, 6, 0)], arm=["a", "b"]))


@pytest.mark.parametrize("at_days", [[], [-1], [np.nan]])
def test_days_that_are_none_are_refused(at_days):
    with pytest.raises(EstimationError, match="for example"):
        estimate_mean_count_difference(cgd_intervals(), at_days=at_days)


def test_a_model_of_another_name_is_refused():
    with pytest.raises(EstimationError, match="known are: lwyy"):
        estimate_recurrent_ratio(cgd_intervals(), model="frailty")


def test_a_stacked_interval_without_a_model_of_the_weights_is_refused():
    with pytest.raises(EstimationError, match="needs the score of the model"):
        estimate_mean_count(cgd_intervals(), variance="stacked")


def test_steps_of_a_mean_count_are_held_back_until_enough_events_came_together():
    rows = [(f"p{k}", 0, k + 1, 1) for k in range(12)]
    made = estimate_mean_count(histories(rows)).with_about(smallest_count=5)
    shown = suppress(made).frame.set_index("at_days")["events"].dropna()

    assert shown.tolist() == [0, 5, 10]


def test_a_mean_count_on_one_day_is_that_of_the_whole_curve():
    rows = [("p1", 0, 3, 1), ("p1", 3, 9, 0), ("p2", 0, 5, 1), ("p2", 5, 7, 2), ("p3", 0, 8, 0)]
    whole = estimate_mean_count(histories(rows)).at([4, 6, 20]).frame
    asked = estimate_mean_count(histories(rows), at_days=[4, 6, 20]).frame

    pd.testing.assert_frame_equal(asked, whole)
