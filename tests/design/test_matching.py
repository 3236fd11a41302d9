"""Matched pairs and strata: by hand, against an exhaustive search, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.design import (
    MatchingChoices,
    follow_up_from_frame,
    measure_balance,
    weigh_by_matching,
    weigh_by_strata,
)
from azaanalysis.design.matching import _partners
from azaanalysis.errors import DesignError


def followed(frame):
    return follow_up_from_frame(
        frame.assign(days=1.0, state=0), time="days", status="state", arm="arm"
    )


def drawn(n=400, seed=2, arms="ab"):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    is_b = rng.random(n) < 1 / (1 + np.exp(1 - x))
    names = np.where(is_b, "b", "a") if arms == "ab" else rng.choice(list(arms), n)
    return followed(pd.DataFrame({"arm": pd.Categorical(names), "x": x}))


def search_all(score, is_choosing, how):
    """Find partners by looking at everybody, every time."""
    others = np.flatnonzero(~is_choosing)
    choosers = np.flatnonzero(is_choosing)
    order = np.arange(len(choosers))
    if how.order == "largest":
        order = np.argsort(-score[choosers], kind="stable")
    limit = np.inf if how.caliper is None else how.caliper * score.std(ddof=1)
    partner, is_left = np.full(len(choosers), -1), np.ones(len(others), dtype=bool)
    for turn in order:
        distance = np.where(is_left, np.abs(score[others] - score[choosers[turn]]), np.inf)
        nearest = int(distance.argmin())
        if distance[nearest] <= limit and np.isfinite(distance[nearest]):
            partner[turn] = others[nearest]
            is_left[nearest] = how.with_replacement
    return partner


@given(
    scores=st.lists(st.integers(0, 12), min_size=4, max_size=40),
    seed=st.integers(0, 1000),
    caliper=st.sampled_from([None, 0.3, 1.0]),
    with_replacement=st.booleans(),
    order=st.sampled_from(["largest", "data"]),
)
@settings(deadline=None, max_examples=200)
def test_partners_are_those_of_a_search_through_everybody(
    scores, seed, caliper, with_replacement, order
):
    # Whole numbers make many ties, of which the first in the data must win.
    score = np.array(scores, dtype=float)
    is_choosing = np.random.default_rng(seed).random(len(score)) < 0.4
    if is_choosing.all() or not is_choosing.any():
        return
    how = MatchingChoices("chance", caliper, with_replacement, order)

    assert _partners(score, is_choosing, how).tolist() == (
        search_all(score, is_choosing, how).tolist()
    )


def test_the_nearest_on_either_side_is_taken():
    # The chooser has 0.50; 0.52 on the right is nearer than 0.45 on the left.
    score, is_choosing = np.array([0.50, 0.45, 0.52, 0.9]), np.array([True, False, False, False])

    assert _partners(score, is_choosing, MatchingChoices("chance", None)).tolist() == [2]


def test_pairs_have_one_of_each_arm_and_are_one_cluster():
    matched = weigh_by_matching(drawn())
    sets = matched.frame.groupby(matched.clusters)["arm"]

    assert (sets.count() == 2).all()
    assert (sets.nunique() == 2).all()
    assert (matched.frame["weight"] == 1).all()
    assert matched.weighting.score is None


def test_who_may_be_chosen_again_counts_as_often_as_chosen():
    how = MatchingChoices("chance", caliper=None, with_replacement=True)
    matched = weigh_by_matching(drawn(), matching=how)
    weights = matched.frame.groupby("arm", observed=True)["weight"]

    assert weights.max()["b"] == 1
    assert weights.max()["a"] > 1
    assert weights.sum()["a"] == weights.sum()["b"]


def test_matching_brings_the_arms_together_and_keeps_the_difference_before():
    made = drawn(2_000)
    balance = measure_balance(weigh_by_matching(made))
    before, after = balance["smd"]

    assert before == pytest.approx(measure_balance(made)["smd"].iloc[0])
    assert abs(after) < 0.1 * abs(before)


def test_those_without_a_partner_are_said_to_be_set_aside():
    matched = weigh_by_matching(drawn())

    assert "nobody left to choose from is near enough" in matched.about["notes"][0]
    assert len(matched.frame) < 400
    assert matched.weighting.kept.sum() == len(matched.frame)


def test_strata_stand_for_everybody():
    # Four strata of one covariate: in each, an arm's weights add up to all patients of it.
    made = drawn(800)
    weighted = weigh_by_strata(made, n_strata=4)
    stratum = pd.qcut(weighted.weighting.chances[:, 1], 4, labels=False)
    sums = weighted.frame.groupby([stratum, "arm"], observed=True)["weight"].sum()

    assert sums.to_numpy() == pytest.approx(np.full(8, 200.0))


def test_what_matching_and_strata_cannot_do_is_refused():
    with pytest.raises(DesignError, match="there are 3"):
        weigh_by_matching(drawn(arms="abc"))
    with pytest.raises(DesignError, match="For anything else use weigh"):
        weigh_by_strata(drawn(), target="overlap")
    with pytest.raises(DesignError, match="Ask for fewer"):
        weigh_by_strata(drawn(40), n_strata=20)
