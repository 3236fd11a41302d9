"""Random patients: arm, covariates, day and cause of what ends their follow-up."""

from __future__ import annotations

import numpy as np
import pandas as pd

ARMS = ("azathioprine", "anti_tnf", "jak_inhibitor")
CAUSES = ("infection", "death", "stopping", "pregnancy")
HORIZON = 365.0


def draw_patients(rng: np.random.Generator) -> tuple[pd.DataFrame, int]:
    """Draw a population: arm, covariates, day and cause of what ends follow-up."""
    n_arms, k = int(rng.integers(2, 4)), int(rng.choice([5, 5, 5, 10]))
    sizes = rng.integers(8, 200, n_arms)
    n = int(sizes.sum())
    n_causes = int(rng.integers(1, len(CAUSES) + 1))
    rarity = rng.dirichlet(np.full(n_causes, 0.7))
    scale = rng.uniform(150, 2500, n_causes) / np.maximum(rarity, 0.02) / n_causes
    times = rng.exponential(scale, (n, n_causes)) + 1
    leave = np.where(rng.random(n) < 0.6, 1e9, rng.uniform(1, 900, n))
    first = times.min(axis=1)
    ended = np.minimum(np.minimum(first, leave), HORIZON)
    step = float(rng.choice([1, 1, 7, 28]))
    frame = pd.DataFrame(
        {
            "drug": np.repeat(ARMS[:n_arms], sizes),
            "sex": rng.choice(["female", "male"], n),
            "smoking": rng.choice(["never", "former", "now"], n, p=[0.8, 0.13, 0.07]),
            "prior_cancer": rng.random(n) < rng.uniform(0.01, 0.2),
            "age": rng.normal(45, 12, n).round(),
            "days": np.minimum(np.ceil(ended / step) * step, HORIZON),
            "status": np.where(first <= np.minimum(leave, HORIZON), times.argmin(axis=1) + 1, 0),
            "is_serious": rng.random(n) < rng.choice([0.5, 0.9, 0.97]),
            "excluded": rng.choice(4, n, p=[0.8, 0.1, 0.07, 0.03]),
            "is_later": rng.random(n) < rng.choice([0.01, 0.05, 0.2]),
        }
    )
    frame.loc[rng.random(n) < 0.04, "smoking"] = None
    return frame.sample(frac=1, random_state=int(rng.integers(1 << 30))).reset_index(drop=True), k
