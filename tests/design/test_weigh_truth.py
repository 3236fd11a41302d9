"""Weighted risks against a known truth, and the bias of the comparison as observed."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis.design import follow_up_from_frame, weigh

COHORTS, PATIENTS = 500, 1_500


def grid(n_arms):
    """Return a world of 3 x 2 kinds of patients: their share, chances of arms, risks under arms.

    With so few kinds, truths are sums: nothing is simulated to know them.
    """
    x = np.array([[-1, 0], [0, 0], [1, 0], [-1, 1], [0, 1], [1, 1]], dtype=float)
    share = np.array([0.15, 0.3, 0.15, 0.1, 0.2, 0.1])
    slopes = np.array([[0, 0], [1.0, 0.6], [-0.5, 0.8], [0.4, -0.7]])[:n_arms]
    odds = np.exp(x @ slopes.T + np.array([0.3, 0, -0.2, -0.4])[:n_arms])
    chances = odds / odds.sum(axis=1, keepdims=True)
    base = -1 + 0.9 * x[:, :1] + 0.7 * x[:, 1:]
    risks = 1 / (1 + np.exp(-(base + np.array([0, -0.5, 0.4, 0.2])[:n_arms])))
    return x, share, chances, risks


def tilt_of(chances, target):
    if target == "overlap":
        return 1 / (1 / chances).sum(axis=1)
    return chances[:, 0] if target == "att" else np.ones(len(chances))


def draw_follow_up(rng, n_arms):
    x, share, chances, risks = grid(n_arms)
    kind = rng.choice(len(share), PATIENTS, p=share)
    edges = chances[kind].cumsum(axis=1)
    arm = (rng.random((PATIENTS, 1)) > edges).sum(axis=1).clip(max=n_arms - 1)
    state = (rng.random(PATIENTS) < risks[kind, arm]).astype(int)
    named = pd.Categorical.from_codes(arm, list("abcd")[:n_arms])
    frame = pd.DataFrame({"arm": named, "x": x[kind, 0], "z": x[kind, 1] == 1, "state": state})
    return follow_up_from_frame(frame.assign(days=1.0), time="days", status="state", arm="arm")


def risks_of(follow_up):
    frame = follow_up.frame
    products = (frame["weight"] * frame["status"]).groupby(frame["arm"], observed=True).sum()
    return (products / frame["weight"].groupby(frame["arm"], observed=True).sum()).to_numpy()


@pytest.mark.slow
@pytest.mark.parametrize("n_arms", [2, 4])
def test_weighted_risks_are_true_and_risks_as_observed_are_wrong_by_the_known_amount(n_arms):
    rng = np.random.default_rng(20260101)
    _, share, chances, risks = grid(n_arms)
    found = {target: [] for target in ("ate", "att", "overlap", "as observed")}
    for _ in range(COHORTS):
        made = draw_follow_up(rng, n_arms)
        found["as observed"].append(risks_of(made))
        for target in ("ate", "att", "overlap"):
            found[target].append(risks_of(weigh(made, target=target)))

    truths = {"as observed": (share[:, None] * chances, risks)}
    for target in ("ate", "att", "overlap"):
        truths[target] = ((share * tilt_of(chances, target))[:, None], risks)
    for target, estimates in found.items():
        weights, values = truths[target]
        truth = (weights * values).sum(axis=0) / (weights * np.ones_like(values)).sum(axis=0)
        error = np.std(estimates, axis=0, ddof=1) / np.sqrt(COHORTS)
        assert (np.abs(np.mean(estimates, axis=0) - truth) < 2 * error).all(), target
    # The comparison as observed misses the average over everybody by far more than chance.
    observed = (share[:, None] * chances * risks).sum(0) / (share[:, None] * chances).sum(0)
    everybody = (share[:, None] * risks).sum(0)
    assert np.abs(observed - everybody).max() > 0.05
