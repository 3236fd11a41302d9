"""Groups of patients: within each, between them, by hand, against R, and as nothing but chance."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.design import follow_subgroups, follow_together, follow_up_from_frame
from azaanalysis.design.subgroups import EVERYBODY, Subgroup, cut_into_levels
from azaanalysis.errors import EstimationError
from azaanalysis.estimate import compare_subgroups_with_truth, estimate_subgroups, true_subgroups
from azaanalysis.estimate.interaction import adjust_holm, contrast_limits, p_of_heterogeneity
from azaanalysis.result import Estimate
from tests import builders
from tests.r_results import r_result
from tests.real_data import real


def group(frame, trait, level, **keywords):
    followed = follow_up_from_frame(
        frame, time="time", status="status", arm="arm", **{"reference": "old", **keywords}
    )
    return Subgroup(trait, level, followed)


def patients(rng, n, risk_old=0.4, risk_new=0.4):
    arm = np.repeat(["old", "new"], n)
    happens = rng.random(2 * n) < np.where(arm == "old", risk_old, risk_new)
    time = np.where(happens, rng.integers(1, 90, 2 * n), 90)
    return pd.DataFrame({"arm": arm, "time": time, "status": happens.astype(int)})


def test_two_groups_differ_as_worked_by_hand():
    # 0.1 and 0.3, each with error 0.05: mean 0.2, sum (0.1 / 0.05)^2 * 2 = 8 on one degree of
    # freedom, and chi-square 8 has p = 0.004678.
    p = p_of_heterogeneity(np.array([0.1, 0.3]), np.array([0.05, 0.05]))
    assert p == pytest.approx(0.004678, abs=1e-6)


def test_the_limits_of_a_contrast_take_the_distances_on_its_side():
    # 5 (4 to 7) less 2 (-1 to 3): below sqrt(1^2 + 1^2), above sqrt(2^2 + 3^2).
    gap = contrast_limits((5.0, 4.0, 7.0), (2.0, -1.0, 3.0))
    assert gap == pytest.approx((3.0, 3 - 2**0.5, 3 + 13**0.5))


def test_holm_multiplies_the_smallest_by_all_and_never_goes_back():
    # As R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") is 0.03 0.06 0.06 0.02.
    tests = pd.DataFrame(
        {"quantity": "difference_interaction_p", "value": [0.01, 0.04, 0.03, 0.005]}
    )
    made = adjust_holm(tests)
    adjusted = made.loc[made["quantity"] == "difference_interaction_p_holm", "value"]
    assert adjusted.tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_differences_ratios_and_tests_within_groups_agree_with_r():
    deaths = pd.read_csv(real("survival/colon.csv.gz")).query("etype == 2").dropna(subset="differ")
    deaths["arm"] = pd.Categorical(deaths["rx"], ["Obs", "Lev", "Lev+5FU"])
    groups = [
        group(part[["arm", "time", "status"]], "differ", f"{level:g}", reference="Obs")
        for level, part in deaths.groupby("differ")
    ]
    made = estimate_subgroups(groups, at_day=1825).frame
    expected = r_result("colon_by_differentiation")
    for arm, numbers in expected["arms"].items():
        rows = made[made["arm"] == arm].set_index("quantity")
        gaps, ratios = rows.loc["risk_difference"], rows.loc["risk_ratio"]
        assert gaps["value"].to_numpy() == pytest.approx(numbers["rd"], rel=1e-9)
        assert gaps["std_error"].to_numpy() == pytest.approx(numbers["se_rd"], rel=1e-9)
        assert np.log(ratios["value"]).to_numpy() == pytest.approx(numbers["log_rr"], rel=1e-9)
        assert rows.loc["difference_interaction_p", "value"] == pytest.approx(
            numbers["p_difference"][0], rel=1e-8
        )
        assert rows.loc["ratio_interaction_p", "value"] == pytest.approx(
            numbers["p_ratio"][0], rel=1e-8
        )
    holm = made.loc[made["quantity"] == "difference_interaction_p_holm", "value"]
    assert holm.tolist() == pytest.approx(expected["holm"], rel=1e-8)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_groups_of_the_same_patients_never_differ(seed):
    frame = patients(np.random.default_rng(seed), 60, risk_new=0.6)
    made = estimate_subgroups([group(frame, "g", "a"), group(frame, "g", "b")], at_day=90).frame
    p = made.loc[made["quantity"].str.endswith("interaction_p"), "value"]
    assert p.to_numpy() == pytest.approx([1.0, 1.0])
    gap = made[made["quantity"] == "difference_of_differences"].iloc[0]
    assert gap["value"] == pytest.approx(0, abs=1e-12)


def test_the_order_of_patients_and_groups_changes_no_test():
    rng = np.random.default_rng(5)
    first, second = patients(rng, 80), patients(rng, 50, risk_new=0.7)
    straight = [group(first, "g", "a"), group(second, "g", "b")]
    turned = [group(second[::-1], "g", "b"), group(first.sample(frac=1, random_state=1), "g", "a")]
    p = [
        estimate_subgroups(groups, at_day=90).only(quantity="ratio_interaction_p").frame["value"]
        for groups in (straight, turned)
    ]
    assert p[0].item() == pytest.approx(p[1].item(), rel=1e-10)


def test_a_test_of_groups_that_are_alike_is_rarely_significant():
    rng = np.random.default_rng(11)
    found = [
        estimate_subgroups(
            [group(patients(rng, n, 0.3, 0.5), "g", str(n)) for n in (60, 150)], at_day=90
        )
        .only(quantity="difference_interaction_p")
        .frame["value"]
        .item()
        for _ in range(200)
    ]
    # 5 % of 200 is 10, with a standard deviation of 3.1.
    assert 2 <= np.sum(np.array(found) < 0.05) <= 19


def test_a_group_with_few_patients_is_shown_without_numbers_and_with_the_reason():
    rng = np.random.default_rng(2)
    many, few = group(patients(rng, 50), "g", "many"), group(patients(rng, 24), "g", "few")
    made = estimate_subgroups([many, few], at_day=90)
    rows = made.frame.set_index("endpoint")
    assert rows.loc["g: few", "value"].isna().all()
    assert rows.loc["g: many", "value"].notna().all()
    (name, arm, reason), *_ = made.about["refused"]
    assert (name, arm) == ("g: few", "new")
    assert "fewer than 25 patients in effect" in reason
    assert not made.frame["quantity"].str.contains("interaction").any()


def test_counts_of_a_trait_are_hidden_if_one_of_its_arms_is_too_small_to_be_shown():
    rng = np.random.default_rng(3)
    frame = patients(rng, 60)
    small = frame.drop(frame.index[:57])
    groups = [
        Subgroup(
            "Everybody", "", group(frame, "", "").follow_up, counts=(60, 60), smallest_count=5
        ),
        Subgroup("g", "a", group(frame, "", "").follow_up, counts=(60, 60), smallest_count=5),
        Subgroup("g", "b", group(small, "", "").follow_up, counts=(3, 60), smallest_count=5),
    ]
    rows = estimate_subgroups(groups, at_day=90).frame.set_index("endpoint")
    assert rows.loc["g: a", ["patients", "events"]].isna().all(axis=None)
    assert rows.loc["Everybody", "patients"].notna().all()


def test_no_subgroup_is_refused_in_words():
    with pytest.raises(EstimationError, match="follow_subgroups"):
        estimate_subgroups([], at_day=90)


@pytest.mark.parametrize(
    ("values", "cuts", "levels"),
    [
        ([True, False], (), ["no", "yes"]),
        ([0, 1, 2, 4], (1, 2), ["0", "1", "2 or more"]),
        ([18.5, 40.0, 59.9, 60.0], (40, 60), ["under 40", "40 to under 60", "60 or more"]),
        ([1.5, np.nan], (1,), ["1 or more", "not recorded"]),
        (["untested", "normal", None], (), ["normal", "untested", "not recorded"]),
    ],
)
def test_levels_are_words_in_order_and_what_is_not_known_stands_last(values, cuts, levels):
    made = cut_into_levels(pd.Series(values), cuts)
    assert list(made.cat.categories) == levels
    assert made.notna().all()


def test_a_cut_belongs_to_the_group_above_it():
    made = cut_into_levels(pd.Series([39.9, 40.0, 40.1]), (40,))
    assert made.tolist() == ["under 40", "40 or more", "40 or more"]


def test_own_causes_are_taken_as_one_and_competing_ones_move_up():
    frame = pd.DataFrame({"time": [1, 2, 3, 4], "status": [0, 1, 2, 3]})
    followed = follow_up_from_frame(
        frame, time="time", status="status", causes=["harm", "no_use", "death"], n_own=2,
        endpoint="stopping",
    )  # fmt: skip
    together = follow_together(followed)
    assert together.frame["status"].tolist() == [0, 1, 1, 2]
    assert together.causes == ("stopping", "death")
    assert together.n_own == 1


def some_cohort(n=24):
    people = [
        builders.patient(f"p{i}", has_cancer_history=i % 3 == 0, age_years=30.0 + i)
        for i in range(n)
    ]
    drugs = ["azathioprine", "infliximab"]
    courses = [
        builders.course(
            f"p{i}", drugs[i % 2], "2015-01-01", "2015-04-01", stop_reason="adverse_event"
        )
        for i in range(n)
    ]
    return builders.cohort(people, courses)


def test_a_trait_that_the_study_leaves_out_is_let_in_for_its_own_groups_only():
    study = builders.study(
        population={"without": ["has_cancer_history"]},
        subgroups={"has_cancer_history": [], "age_years": [40]},
        covariates=["age_years"],
    )
    groups = follow_subgroups(some_cohort(), study, endpoint="stopping")
    sizes = {(g.trait, g.level): sum(g.counts) for g in groups}
    assert sizes["Everybody", ""] == 16
    assert sizes["has_cancer_history", "yes"] == 8
    assert sizes["age_years", "under 40"] + sizes["age_years", "40 or more"] == 16
    assert "let in for this comparison only" in groups[2].notes[0]


def test_without_named_subgroups_the_covariates_are_taken_and_a_note_says_so():
    groups = follow_subgroups(
        some_cohort(), builders.study(covariates=["age_years", "sex"]), endpoint="stopping"
    )
    assert {g.trait for g in groups} == {"Everybody", "age_years", "sex"}
    assert "names no subgroups" in groups[0].notes[0]


def test_a_trait_that_nobody_recorded_is_refused_by_name():
    study = builders.study(subgroups={"tpmt_activity": []})
    *_, last = follow_subgroups(some_cohort(), study, endpoint="stopping")
    assert last.follow_up is None
    assert "tpmt_activity" in last.refusal


def test_a_group_that_is_everybody_under_another_name_is_held_against_the_truth_once(monkeypatch):
    asked_about = []

    def compare(rows, asked, *, endpoint, among):
        asked_about.append((among, asked.population.without))
        return pd.DataFrame({"truth": [0.5]})

    monkeypatch.setattr(true_subgroups, "compare_with_truth", compare)
    levels = (("liver", "has_liver_disease"), ("cancer", "has_cancer_history"))
    groups = [(f"{name}_{v}", trait, v) for name, trait in levels for v in ("no", "yes")]
    groups = (("all", EVERYBODY, ""), *groups)
    rows = [{"endpoint": name, "quantity": "risk_difference"} for name, *_ in groups]
    estimates = Estimate.from_rows(rows, about={"groups": groups})
    asked = builders.study(population={"described_as": "people", "without": ["has_cancer_history"]})
    found = compare_subgroups_with_truth(estimates, asked, endpoint="stopping")

    # Nobody in the study has had cancer: those without are everybody; those with it are let in.
    assert list(found["group"]) == ["all", "liver_no", "liver_yes", "cancer_yes"]
    assert asked_about[-1] == ("has_cancer_history", ())
