"""Follow-ups whose weights come from a small propensity model, written out for the tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from azaanalysis.design import FollowUp, follow_up_from_frame
from azaanalysis.design.weighting import ScoreParts, Weighting


def fit_chances(design, arm, n_arms, copies):
    """Fit a multinomial logistic model by Newton's method; return chances and information."""
    q, k = design.shape[1], n_arms - 1
    beta = np.zeros((k, q))
    for _ in range(60):
        odds = np.exp(np.column_stack([np.zeros(len(arm)), design @ beta.T]))
        chances = odds / odds.sum(axis=1, keepdims=True)
        inner = chances[:, 1:]
        residual = (arm[:, None] == np.arange(1, n_arms)) - inner
        score = np.concatenate([design.T @ (copies * residual[:, j]) for j in range(k)])
        blocks = [
            [
                design.T @ ((copies * inner[:, a] * ((a == b) - inner[:, b]))[:, None] * design)
                for b in range(k)
            ]
            for a in range(k)
        ]
        information = np.block(blocks)
        step = np.linalg.solve(information, score)
        beta = beta + step.reshape(k, q)
        if np.abs(step).max() < 1e-13:
            break
    return chances, residual, information


def weights_of(target, chances, arm):
    """Return ATE or overlap weights, and their derivative by each linear predictor."""
    own = chances[np.arange(len(arm)), arm]
    is_arm = arm[:, None] == np.arange(1, chances.shape[1])
    if target == "ate":
        weight = 1 / own
        return weight, -weight[:, None] * (is_arm - chances[:, 1:])
    tilt = 1 / (1 / chances).sum(axis=1)
    # d log h / d eta_j = sum_l (h / e_l) ([l = j] - e_j) = h / e_j - e_j
    slope_of_tilt = tilt[:, None] / chances[:, 1:] - chances[:, 1:]
    weight = tilt / own
    return weight, weight[:, None] * (slope_of_tilt - (is_arm - chances[:, 1:]))


def weigh(followed: FollowUp, covariates, target="ate") -> FollowUp:
    """Weigh a follow-up by the chances of its arms given some covariates."""
    arm = followed.frame["arm"].cat.codes.to_numpy().astype(int)
    columns = followed.frame[list(covariates)].to_numpy(dtype=float)
    design = np.column_stack([np.ones(len(arm)), columns])

    def fit(copies):
        return fit_chances(design, arm, len(followed.arms), copies)

    def reweigh(copies):
        return weights_of(target, fit(copies)[0], arm)[0]

    chances, residual, information = fit(np.ones(len(arm)))
    weight, slope = weights_of(target, chances, arm)
    score = ScoreParts(design, residual, slope, information)
    made = Weighting(target, "by hand", tuple(covariates), chances, score, reweigh)
    return replace(followed, frame=followed.frame.assign(weight=weight), weighting=made)


def confounded(n, seed, n_arms=2, late=False, horizon=30) -> FollowUp:
    """Make patients whose covariates move both their arm and their risk; two causes."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    utility = np.column_stack(
        [np.zeros(n), *[0.6 * x[:, 0] - 0.4 * x[:, 1] * j for j in range(1, n_arms)]]
    ) + rng.gumbel(size=(n, n_arms))
    arm = utility.argmax(axis=1)
    entry = rng.integers(0, 6, n) * (rng.random(n) < 0.4) if late else np.zeros(n, dtype=int)
    speed = 0.02 * np.exp(0.5 * x[:, 0] + 0.3 * (arm == 1))
    days = entry + np.ceil(rng.exponential(1 / speed))
    censored = entry + rng.integers(1, 2 * horizon, n)
    end = np.minimum(np.minimum(days, censored), horizon)
    status = np.where(days <= end, rng.integers(1, 3, n), 0)
    end = np.maximum(end, entry + 1)
    frame = pd.DataFrame({"arm": [f"arm_{a}" for a in arm], "entry": entry, "end": end})
    frame = frame.assign(status=status, x1=x[:, 0], x2=x[:, 1])
    frame["arm"] = pd.Categorical(frame["arm"], [f"arm_{a}" for a in range(n_arms)])
    return follow_up_from_frame(
        frame, time="end", status="status", arm="arm", entry="entry", causes=["one", "two"]
    )
