"""Small follow-ups with estimated weights, made by hand: the model of the weights in full view."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from azaanalysis.design import follow_up_from_frame
from azaanalysis.design.weighting import ScoreParts, Weighting


def logistic(design, treated, frequency):
    """Fit a logistic model by Newton's method; rows count as often as told."""
    coefficients = np.zeros(design.shape[1])
    for _ in range(60):
        chance = 1 / (1 + np.exp(-design @ coefficients))
        information = design.T @ ((frequency * chance * (1 - chance))[:, None] * design)
        step = np.linalg.solve(information, design.T @ (frequency * (treated - chance)))
        coefficients = coefficients + step
        if np.abs(step).max() < 1e-13:
            break
    return chance, information


def ate_weights(design, treated, frequency):
    """Return one over the fitted chance of the arm a row is in."""
    chance, _ = logistic(design, treated, frequency)
    return np.where(treated == 1, 1 / chance, 1 / (1 - chance))


def weighted(frame, design, treated, **columns):
    """Make a follow-up with ATE weights that knows their model; ``treated`` is the second arm."""
    chance, information = logistic(design, treated, np.ones(len(treated)))
    weight = np.where(treated == 1, 1 / chance, 1 / (1 - chance))
    slope = np.where(treated == 1, -(1 - chance) / chance, chance / (1 - chance))
    parts = ScoreParts(design, (treated - chance)[:, None], slope[:, None], information)
    made = follow_up_from_frame(frame.assign(w=weight), weight="w", **columns)

    def reweigh(multiplicity):
        return ate_weights(design, treated, multiplicity)

    weighting = Weighting("ate", "by hand", score=parts, reweigh=reweigh)
    return replace(made, weighting=weighting)


def small_world(seed=3, patients=60, arms="ab"):
    """Return a confounded follow-up of two arms, its design matrix and the truth of treatment."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=patients)
    treated = (rng.random(patients) < 1 / (1 + np.exp(-x))).astype(float)
    event_days = np.ceil(rng.exponential(20 * np.exp(-0.5 * x - 0.3 * treated)))
    censored_days = rng.integers(5, 40, patients)
    frame = pd.DataFrame(
        {
            "days": np.minimum(event_days, censored_days),
            "status": (event_days <= censored_days).astype(int),
            "arm": pd.Categorical(np.where(treated == 1, arms[1], arms[0]), list(arms)),
            "x": x,
        }
    )
    return frame, np.column_stack([np.ones(patients), x]), treated
