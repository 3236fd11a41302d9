"""Weights, balance, pairs and strata on public data, against R to the eighth digit."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from azaanalysis.design import (
    MatchingChoices,
    follow_up_from_frame,
    measure_balance,
    measure_weights,
    weigh,
    weigh_by_matching,
    weigh_by_strata,
)
from azaanalysis.design.model_columns import drop_determined, make_model_columns
from azaanalysis.design.multinomial import fit_multinomial
from azaanalysis.estimate import estimate_hazard_ratio
from azaanalysis.settings_weighting import Truncation, WeightingSettings
from tests.r_results import r_result
from tests.real_data import real

EXACT = {"rel": 1e-8, "abs": 1e-10}
ATT = WeightingSettings(target="att", of_arm="treated")


@cache
def lalonde():
    frame = pd.read_csv(real("causal/lalonde.csv.gz"))
    arm = pd.Categorical(np.where(frame["treat"] == 1, "treated", "control"))
    made = frame.drop(columns=["treat", "re78"]).assign(arm=arm, days=1.0, state=0)
    return follow_up_from_frame(made, time="days", status="state", arm="arm"), frame["re78"]


@cache
def rotterdam():
    frame = pd.read_csv(real("survival/rotterdam.csv.gz"))
    columns = ["age", "meno", "size", "grade", "nodes", "pgr", "er", "chemo", "dtime", "death"]
    arm = pd.Categorical(np.where(frame["hormon"] == 1, "hormon", "none"), ["none", "hormon"])
    return frame[columns].assign(arm=arm)


def followed_rotterdam(weight=None):
    frame = rotterdam() if weight is None else rotterdam().assign(w=weight)
    frame = frame[frame["w"] > 0] if weight is not None else frame
    named = {} if weight is None else {"weight": "w"}
    return follow_up_from_frame(frame, time="dtime", status="death", arm="arm", **named)


def weighted(target):
    return weigh(lalonde()[0], settings=ATT if target == "att" else None, target=target)


def test_chances_are_those_of_glm():
    chances = weighted("ate").weighting.chances[:, 1]
    expected = r_result("lalonde_ps_first10")
    is_treated = (lalonde()[0].frame["arm"] == "treated").to_numpy()

    assert chances[:10] == pytest.approx(expected["ps"], **EXACT)
    for arm, rows in (("treated", is_treated), ("control", ~is_treated)):
        found = chances[rows]
        summary = [
            *np.quantile(found, [0, 0.25, 0.5]),
            found.mean(),
            *np.quantile(found, [0.75, 1]),
        ]
        assert summary == pytest.approx(expected[f"summary_{arm}"], **EXACT)


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("lalonde", ["age", "educ", "race", "married", "nodegree", "re74", "re75"]),
        ("rotterdam", ["age", "meno", "size", "grade", "nodes", "pgr", "er", "chemo"]),
    ],
)
def test_likelihood_and_standard_errors_are_those_of_glm(name, names):
    frame = lalonde()[0].frame if name == "lalonde" else rotterdam()
    columns = drop_determined(make_model_columns(frame[names], missing="refuse"))
    fitted = fit_multinomial(columns.matrix, frame["arm"].cat.codes.to_numpy(), 2)
    expected = r_result(f"{name}_ps_logistic")

    assert fitted.log_likelihood == pytest.approx(expected["loglik"], **EXACT)
    # Columns are standardised here: coefficients and errors per unit are those over the spread.
    spread = frame["age"].std(ddof=0)
    place = columns.names.index("age")
    error = np.sqrt(np.linalg.inv(fitted.information)[place, place])
    assert fitted.coefficients[0, place] / spread == pytest.approx(expected["coef"]["age"], **EXACT)
    assert error / spread == pytest.approx(expected["se"]["age"], **EXACT)


@pytest.mark.parametrize(("target", "name"), [("ate", "ate"), ("att", "att"), ("overlap", "ato")])
def test_weights_are_those_of_r(target, name):
    weight = weighted(target).frame["weight"].to_numpy()
    found = [weight.sum(), weight.mean(), weight.max(), np.quantile(weight, 0.99)]

    expected = r_result("lalonde_weights_summary")[name]
    assert found == pytest.approx([expected[k] for k in ("sum", "mean", "max", "p99")], **EXACT)


def test_stabilised_weights_are_the_weights_times_the_share_of_the_arm():
    frame = weighted("ate").frame
    share = frame["arm"].map(frame["arm"].value_counts(normalize=True)).astype(float)
    stabilised = frame["weight"] * share
    expected = r_result("lalonde_weights_summary")["sw"]
    assert [stabilised.sum(), stabilised.max()] == pytest.approx(
        [expected["sum"], expected["max"]], **EXACT
    )


@pytest.mark.parametrize("target", ["ate", "att", "overlap"])
def test_effective_numbers_are_those_of_r(target):
    found = measure_weights(weighted(target)).set_index("arm")["effective"]

    assert found.to_dict() == pytest.approx(r_result("lalonde_ess")[target], **EXACT)


@pytest.mark.parametrize("stage", ["unweighted", "ate", "att", "overlap"])
def test_standardised_differences_are_those_of_r(stage):
    balance = measure_balance(weighted("ate" if stage == "unweighted" else stage))
    when = "before weighting" if stage == "unweighted" else "after weighting"
    rows = balance[balance["stage"] == when]
    keys = rows["level"].where(rows["level"] != "", rows["covariate"])
    found = dict(zip(keys, rows["smd"], strict=True))

    for name, expected in r_result(f"lalonde_smd_{stage}").items():
        assert found[name] == pytest.approx(expected, **EXACT), name


def age_of(balance, stage):
    (found,) = balance.loc[(balance["covariate"] == "age") & (balance["stage"] == stage), "smd"]
    return found


def test_a_difference_over_the_spread_of_the_treated_is_that_of_r():
    balance = measure_balance(weighted("att"))
    age = lalonde()[0].frame.groupby("arm", observed=True)["age"].std()
    pooled = np.sqrt((age**2).mean())
    found = age_of(balance, "after weighting") * pooled / age["treated"]

    assert found == pytest.approx(r_result("lalonde_smd_att_treated_sd")["age"], **EXACT)


@pytest.mark.parametrize(
    ("target", "name"),
    [(None, "unadjusted"), ("ate", "ate"), ("att", "att"), ("overlap", "ato")],
)
def test_weighted_means_of_earnings_differ_as_in_r(target, name):
    made, earnings = lalonde()
    weight = np.ones(len(earnings)) if target is None else weighted(target).frame["weight"]
    weight = np.asarray(weight)
    is_treated = (made.frame["arm"] == "treated").to_numpy()
    inside, outside = is_treated, ~is_treated
    means = [np.average(earnings[rows], weights=weight[rows]) for rows in (inside, outside)]
    # HC0 for a difference of two weighted means: sum of squared influences in both arms.
    squares = [
        np.square(weight[rows] / weight[rows].sum() * (earnings[rows] - mean)).sum()
        for rows, mean in zip((inside, outside), means, strict=True)
    ]
    expected = r_result(f"lalonde_effect_{name}")
    assert means[0] - means[1] == pytest.approx(expected["estimate"], **EXACT)
    assert np.sqrt(sum(squares)) == pytest.approx(expected["se_HC0"], **EXACT)


@pytest.mark.parametrize(
    ("name", "matching"),
    [
        ("nearest", MatchingChoices("chance", caliper=None)),
        ("caliper", MatchingChoices("logit", caliper=0.2)),
        ("replace", MatchingChoices("chance", caliper=None, with_replacement=True)),
        ("data", MatchingChoices("chance", caliper=None, order="data")),
    ],
)
def test_matched_sets_are_exactly_those_of_matchit(name, matching):
    matched = weigh_by_matching(lalonde()[0], matching=matching)
    # The treated are rows 1 to 185; a set is called after the row of its partner.
    kept = np.flatnonzero(matched.weighting.kept) + 1
    partner = dict.fromkeys(range(1, 186), 0)
    for row, code in zip(kept, matched.clusters, strict=True):
        if row <= 185:
            partner[row] = code + 1

    assert list(partner.values()) == r_result("lalonde_matched_pairs")[name]
    times = matched.frame.groupby("arm", observed=True)["weight"].sum()
    assert times["treated"] == times["control"]


def test_before_matching_the_differences_are_those_of_matchit():
    matched = weigh_by_matching(lalonde()[0])
    balance = measure_balance(matched)
    age = lalonde()[0].frame.groupby("arm", observed=True)["age"].std()
    over_treated = age_of(balance, "before weighting") * np.sqrt((age**2).mean())

    expected = r_result("lalonde_match_nearest")["smd_before"]["age"]
    assert over_treated / age["treated"] == pytest.approx(expected, **EXACT)


@pytest.mark.parametrize("target", ["att", "ate"])
def test_strata_weigh_as_those_of_matchit(target):
    made = weigh_by_strata(
        lalonde()[0], n_strata=6, target=target, settings=ATT if target == "att" else None
    )
    frame = made.frame.assign(theirs=r_result("lalonde_subclass")[target])
    # MatchIt scales the weights of each arm to its own size.
    for _, arm in frame.groupby("arm", observed=True):
        ratio = arm["weight"] / arm["theirs"]
        assert ratio.to_numpy() == pytest.approx(np.full(len(arm), ratio.iloc[0]), **EXACT)


def log_ratio(follow_up):
    row = estimate_hazard_ratio(follow_up, variance="robust").only(quantity="hazard_ratio").frame
    return float(np.log(row["value"].iloc[0])), float(row["std_error"].iloc[0])


def rotterdam_weights(target, **settings):
    made = followed_rotterdam()
    of_arm = "hormon" if target == "att" else ""
    return weigh(made, settings=WeightingSettings(target=target, of_arm=of_arm, **settings))


@pytest.mark.parametrize(
    ("target", "name"), [("ate", "ate"), ("att", "att"), ("overlap", "ato"), ("ate", "sw")]
)
def test_weighted_hazard_ratios_are_those_of_r(target, name):
    made = rotterdam_weights(target)
    weight = made.frame["weight"].to_numpy()
    if name == "sw":
        share = made.frame["arm"].value_counts(normalize=True)
        weight = weight * made.frame["arm"].map(share).to_numpy(dtype=float)
    found = log_ratio(followed_rotterdam(weight))

    expected = r_result(f"rotterdam_weighted_cox_{name}")
    wanted = (expected["coef"]["hormon"], expected["se"]["hormon"])
    assert found == pytest.approx(wanted, rel=1e-7)


def test_trimming_and_truncation_give_the_hazard_ratios_of_r():
    made = rotterdam_weights("ate")
    lowest = made.weighting.chances.min(axis=1)
    trimmed = np.where(lowest >= 0.05, made.frame["weight"], 0.0)
    expected = r_result("rotterdam_trimmed_ate")
    assert (trimmed > 0).sum() == expected["n"]
    wanted = (expected["coef"], expected["se"])
    assert log_ratio(followed_rotterdam(trimmed)) == pytest.approx(wanted, rel=1e-7)

    limits = Truncation(lower_quantile=0.01, upper_quantile=0.99)
    cut = rotterdam_weights("ate", truncate=limits).frame["weight"].to_numpy()
    expected = r_result("rotterdam_truncated_weights_p1_p99")
    wanted = (expected["coef"], expected["se"])
    assert log_ratio(followed_rotterdam(cut)) == pytest.approx(wanted, rel=1e-7)


def test_a_weighted_logistic_model_of_death_has_the_coefficients_of_svyglm():
    frame = rotterdam().assign(w=rotterdam_weights("ate").frame["weight"].to_numpy())
    known = frame[(frame["dtime"] >= 1826) | (frame["death"] == 1)]
    died = ((known["dtime"] < 1826) & (known["death"] == 1)).astype(int)
    risks = [
        np.average(died[known["arm"] == arm], weights=known["w"][known["arm"] == arm])
        for arm in ("none", "hormon")
    ]
    odds = np.log([risk / (1 - risk) for risk in risks])

    expected = r_result("rotterdam_svyglm_death_5y")["coef"]
    assert odds[0] == pytest.approx(expected["(Intercept)"], rel=1e-7)
    assert odds[1] - odds[0] == pytest.approx(expected["hormon"], rel=1e-6)
