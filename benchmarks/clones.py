"""Clone, censor and weigh a hundred thousand patients; print time, rows and memory.

Run with ``python benchmarks/clones.py [patients]``. The budget is 30 seconds. Two strategies, a
grace period of 90 days, five covariates; and once more with a laboratory value every four
weeks that may decide about starting.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
import pandas as pd

from azaanalysis import estimate_incidence
from azaanalysis.design import FollowUp, Grace, clone_censor_weight

PATIENTS = 100_000
SEED = 20_261_124


def invent(n: int) -> pd.DataFrame:
    """Invent patients with five covariates, a start that two of them explain, and a death."""
    rng = np.random.default_rng(SEED)
    x = rng.normal(size=(n, 5))
    death = np.ceil(rng.exponential(900 * np.exp(-0.4 * x[:, 0])))
    start = np.ceil(rng.exponential(120 * np.exp(-0.4 * x[:, 0] + 0.3 * x[:, 1])))
    last = rng.integers(200, 1095, n).astype(float)
    days = np.minimum(death, last)
    frame = pd.DataFrame(x, columns=[f"x{k}" for k in range(5)])
    return frame.assign(
        patient=np.arange(n).astype(str),
        days=days,
        died=(death <= last).astype(int),
        start=np.where(start < days, start, np.nan),
    )


def invent_values(n: int) -> pd.DataFrame:
    """Invent a laboratory value for each patient on days 0, 28, 56 and 84."""
    rng = np.random.default_rng(SEED + 1)
    return pd.DataFrame(
        {
            "patient": np.repeat(np.arange(n).astype(str), 4),
            "day": np.tile([0.0, 28.0, 56.0, 84.0], n),
            "crp": rng.exponential(10, 4 * n),
        }
    )


def clone(people: pd.DataFrame, changing: pd.DataFrame | None) -> FollowUp:
    """Compare "start within 90 days" with "do not"."""
    return clone_censor_weight(
        people,
        Grace({"waits": None, "starts": "start"}, 90),
        time="days",
        status="died",
        patient="patient",
        covariates=[f"x{k}" for k in range(5)],
        changing=changing,
        reference="waits",
    )


def main(n: int = PATIENTS) -> None:
    """Time both kinds of cloning, the curves that follow, and fitting the weights again."""
    people, values = invent(n), invent_values(n)
    for name, changing in [("baseline only", None), ("with a changing value", values)]:
        began = time.perf_counter()
        made = clone(people, changing)
        cloned = time.perf_counter()
        estimate_incidence(made, variance="robust")
        estimated = time.perf_counter()
        assert made.weighting is not None
        assert made.weighting.reweigh is not None
        made.weighting.reweigh(np.ones(len(made.frame)))
        again = time.perf_counter()
        print(
            f"{name:<22} {n:,} patients, {len(made.frame):,} rows: cloned and weighed "
            f"{cloned - began:5.2f} s, curves {estimated - cloned:5.2f} s, "
            f"weights again {again - estimated:5.2f} s"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main(*[int(number) for number in sys.argv[1:]])
