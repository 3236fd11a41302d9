"""Weights: by hand, against R, against their own derivative, and what they refuse."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.design import follow, follow_up_from_frame, weigh
from azaanalysis.display import tabulate_attrition
from azaanalysis.errors import DesignError
from azaanalysis.settings_weighting import Trimming, Truncation, WeightingSettings
from tests import builders


def followed(frame):
    """Follow everybody for a day: weights look at arms and covariates only."""
    return follow_up_from_frame(
        frame.assign(days=1.0, state=0), time="days", status="state", arm="arm"
    )


def table():
    """Return 4 exposed (3 in arm b) and 4 unexposed (1 in arm b)."""
    return followed(pd.DataFrame({"arm": list("abbbaaab"), "exposed": [True] * 4 + [False] * 4}))


def drawn(n=600, n_arms=3, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    linear = np.column_stack([np.zeros(n), x @ rng.normal(size=(2, n_arms - 1))])
    arms = (linear + rng.gumbel(size=linear.shape)).argmax(axis=1)
    names = list("abcd")[:n_arms]
    return followed(
        pd.DataFrame(
            {
                "arm": pd.Categorical.from_codes(arms, names),
                "x": x[:, 0],
                "y": x[:, 1],
                "group": np.where(rng.random(n) < 0.3, "u", "v"),
            }
        )
    )


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        # Chance of b: 3/4 if exposed, 1/4 if not. Everybody: 1 / chance of the arm received.
        ("ate", [4, 4 / 3, 4 / 3, 4 / 3, 4 / 3, 4 / 3, 4 / 3, 4]),
        # Those of arm a: chance of a over the chance of the arm received.
        ("att", [1, 1 / 3, 1 / 3, 1 / 3, 1, 1, 1, 3]),
        # Overlap: the chance of the arm not received.
        ("overlap", [3 / 4, 1 / 4, 1 / 4, 1 / 4, 1 / 4, 1 / 4, 1 / 4, 3 / 4]),
    ],
)
def test_weights_are_those_worked_by_hand(target, expected):
    weighted = weigh(table(), target=target)

    assert weighted.frame["weight"].tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n_arms", [2, 3, 4])
@pytest.mark.parametrize("target", ["ate", "att", "overlap"])
def test_the_slope_and_score_are_the_derivative_of_the_weights(target, n_arms):
    # Counting row 7 a little more often moves the coefficients by H^-1 s_7, and with them
    # every weight: the stacked variance is built on this and nothing else.
    weighting = weigh(drawn(n_arms=n_arms), target=target).weighting
    parts, step = weighting.score, 1e-4
    often, seldom = np.ones(600), np.ones(600)
    often[7] += step
    seldom[7] -= step
    measured = (weighting.reweigh(often) - weighting.reweigh(seldom)) / (2 * step)

    move = np.linalg.solve(parts.information, np.kron(parts.residual[7], parts.design[7]))
    by_class = parts.design @ move.reshape(n_arms - 1, -1).T
    assert (parts.slope * by_class).sum(axis=1) == pytest.approx(measured, abs=1e-7)


def test_scores_sum_to_zero_at_the_summit():
    parts = weigh(drawn()).weighting.score

    assert parts.residual.T @ parts.design == pytest.approx(0, abs=1e-8)


def test_weighing_leaves_the_follow_up_it_was_given_alone():
    made = drawn()
    weighted = weigh(made)

    assert (made.frame["weight"] == 1).all()
    assert not made.is_weighted
    assert weighted.is_weighted
    assert weighted.frame.drop(columns="weight").equals(made.frame.drop(columns="weight"))


def test_drawing_everybody_once_gives_the_same_weights_again():
    weighted = weigh(drawn(), target="ate")

    again = weighted.weighting.reweigh(np.ones(600))
    assert again == pytest.approx(weighted.frame["weight"].to_numpy(), abs=1e-10)


def test_two_arms_are_balanced_exactly_by_overlap_weights():
    weighted = weigh(drawn(n_arms=2), target="overlap").frame
    for covariate in ("x", "y"):
        means = [
            np.average(members[covariate], weights=members["weight"])
            for _, members in weighted.groupby("arm", observed=True)
        ]
        assert means[0] == pytest.approx(means[1], abs=1e-10)


def test_a_truncated_weight_no_longer_moves():
    choices = WeightingSettings(target="ate", truncate=Truncation(at_most=3))
    weighted = weigh(drawn(), settings=choices)
    is_cut = weighted.frame["weight"].to_numpy() == 3

    assert is_cut.any()
    assert weighted.frame["weight"].max() == 3
    assert not weighted.weighting.score.slope[is_cut].any()
    assert "were cut off" in weighted.weighting.notes[0]


def test_trimming_sets_aside_whoever_was_hardly_ever_given_an_arm():
    made = drawn()
    before = weigh(made, target="ate").weighting.chances
    trim = Trimming(least_chance=0.1)
    weighted = weigh(made, settings=WeightingSettings(target="ate", trim=trim))

    assert (weighted.weighting.kept == (before.min(axis=1) >= 0.1)).all()
    assert len(weighted.frame) == weighted.weighting.kept.sum()
    assert "their chance of some arm is below 0.1" in weighted.about["notes"][0]


def test_a_level_that_an_arm_lacks_is_refused_for_everybody_and_set_aside_for_overlap():
    frame = pd.DataFrame({"arm": list("aabbabba"), "site": list("uuuvvuvw")})
    with pytest.raises(DesignError, match="no patient of b has site 'w'"):
        weigh(followed(frame), target="ate")

    weighted = weigh(followed(frame), target="overlap")
    assert len(weighted.frame) == 7
    assert weighted.weighting.kept.tolist() == [True] * 7 + [False]
    assert "no patient of b has site 'w'" in weighted.about["notes"][0]


def test_a_common_range_leaves_the_years_in_which_every_arm_was_in_use():
    frame = pd.DataFrame({"arm": list("abababaa"), "year": [1.0, 3, 4, 5, 6, 7, 8, 5]})
    choices = WeightingSettings(target="ate", trim=Trimming(common_range=("year",)))
    weighted = weigh(followed(frame), settings=choices)

    # Arm b was used from 3 to 7.
    assert weighted.frame["year"].tolist() == [3, 4, 5, 6, 7, 5]
    assert "2 of 8 patients were set aside" in weighted.about["notes"][0]


def test_a_number_that_tells_the_arms_apart_is_refused():
    frame = pd.DataFrame({"arm": list("aaabbb"), "year": [1.0, 2, 3, 4, 5, 6]})
    with pytest.raises(DesignError, match="tell the arms apart"):
        weigh(followed(frame), target="ate")


def test_a_covariate_that_another_determines_is_left_out_with_a_note():
    frame = pd.DataFrame({"arm": list("abab") * 5, "x": np.arange(20) % 7 * 1.0})
    once = weigh(followed(frame), target="ate")
    twice = weigh(followed(frame.assign(z=-2 * frame["x"])), target="ate")

    assert twice.frame["weight"].tolist() == pytest.approx(once.frame["weight"].tolist())
    assert "determine it: z" in twice.about["notes"][0]


def test_a_missing_value_is_a_level_of_its_own():
    made = drawn()
    x, group = made.frame["x"].copy(), made.frame["group"].copy()
    x[::5], group[::7] = np.nan, None
    gaps = followed(made.frame[["arm"]].assign(x=x, group=group))
    named = followed(
        made.frame[["arm"]].assign(
            x=x.fillna(x.mean()), has_x=x.notna(), group=group.fillna("not known")
        )
    )

    with_gaps, without = (weigh(f, target="overlap").frame["weight"] for f in (gaps, named))
    assert with_gaps.to_numpy() == pytest.approx(without.to_numpy(), abs=1e-10)
    with pytest.raises(DesignError, match="missing in x, group"):
        weigh(gaps, settings=WeightingSettings(missing="refuse"))


def test_what_cannot_be_weighed_is_refused_with_a_way_forward():
    made = drawn()
    with pytest.raises(DesignError, match="weighted already"):
        weigh(weigh(made))
    with pytest.raises(DesignError, match="there is only one"):
        weigh(followed(pd.DataFrame({"arm": list("aa"), "x": [1.0, 2]})))
    with pytest.raises(DesignError, match="'z' is not one of them"):
        weigh(made, settings=WeightingSettings(covariates=("z",)))
    with pytest.raises(DesignError, match="no arm 'd'"):
        weigh(made, settings=WeightingSettings(target="att", of_arm="d"))


def test_a_study_that_weighs_nobody_leaves_the_follow_up_as_it_is():
    observed = table()
    of_a_trial = replace(observed, about={**observed.about, "weighting_settings": None})

    assert weigh(of_a_trial) is of_a_trial
    assert weigh(of_a_trial, target="ate").is_weighted


@given(seed=st.integers(0, 200), target=st.sampled_from(["ate", "att", "overlap"]))
@settings(deadline=None, max_examples=20)
def test_order_of_patients_and_names_of_arms_change_no_weight(seed, target):
    made = drawn(120, seed=seed)
    choices = WeightingSettings(target=target, of_arm="b" if target == "att" else "")
    weights = weigh(made, settings=choices).frame["weight"].to_numpy()
    order = np.random.default_rng(seed).permutation(120)
    names = {"a": "z", "b": "b", "c": "k"}
    arms = pd.Categorical(made.frame["arm"].map(names), ["k", "b", "z"])
    other = followed(made.frame[list(made.covariates)].assign(arm=arms).iloc[order])

    again = weigh(other, settings=choices).frame["weight"].to_numpy()
    assert again == pytest.approx(weights[order], rel=1e-7)


@given(seed=st.integers(0, 200), scale=st.floats(0.01, 100), shift=st.floats(-50, 50))
@settings(deadline=None, max_examples=20)
def test_units_of_a_covariate_change_no_weight(seed, scale, shift):
    made = drawn(120, seed=seed, n_arms=2)
    other = followed(made.frame[["arm", "x", "y"]].assign(x=made.frame["x"] * scale + shift))
    one = followed(made.frame[["arm", "x", "y"]])

    weights = [weigh(f, target="overlap").frame["weight"].to_numpy() for f in (one, other)]
    assert weights[1] == pytest.approx(weights[0], rel=1e-6)


def test_those_set_aside_are_a_step_of_the_attrition():
    # Azathioprine is started from 2012 to 2015, infliximab in 2013 and 2014 only.
    courses = [
        builders.course(f"p{i}", drug, f"{first + i // 2 % n_years}-06-01")
        for i in range(40)
        for drug, first, n_years in [[("azathioprine", 2012, 4), ("infliximab", 2013, 2)][i % 2]]
    ]
    cohort = builders.cohort([builders.patient(f"p{i}") for i in range(40)], courses)
    study = builders.study(
        covariates=("index_year",),
        weighting={"target": "ate", "trim": {"common_range": ["index_year"]}},
        gate={"override": "few patients, written by hand"},
    )
    made = follow(cohort, study, endpoint="stopping")
    weighted = weigh(made)

    last = weighted.attrition[weighted.attrition["step"].str.startswith("Within the common")]
    total = last[last["arm"] == ""].iloc[0]
    # Five of each year of azathioprine; those of 2012 and 2015 leave.
    assert (total["patients"], total["left"]) == (30, 10)
    assert len(weighted.frame) == 30
    assert "index year" in repr(tabulate_attrition(weighted.attrition))
