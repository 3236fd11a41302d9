"""Time propensity weights beside the packages that fit the same model; print seconds and digits.

Run with ``python benchmarks/propensity.py [patients]``. The budget is 10 seconds for three arms,
20 covariates and a million patients. Packages that are not installed are left out. ``digits`` is
how many decimals of the fitted chances agree with ours; a package that stops early shows few.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from azaanalysis.design import (
    check_gate,
    follow_up_from_frame,
    measure_balance,
    weigh,
    weigh_by_matching,
)

Chances = Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def make_frame(n: int, n_covariates: int, n_arms: int) -> pd.DataFrame:
    """Return patients whose arm depends on their covariates."""
    rng = np.random.default_rng(20_260_101)
    values = rng.normal(size=(n, n_covariates))
    linear = np.zeros((n, n_arms))
    linear[:, 1:] = values @ rng.normal(scale=0.3, size=(n_covariates, n_arms - 1))
    arms = (linear + rng.gumbel(size=linear.shape)).argmax(axis=1)
    frame = pd.DataFrame(values).add_prefix("x")
    frame["arm"] = pd.Categorical.from_codes(arms, [f"arm_{i}" for i in range(n_arms)])
    return frame.assign(days=1.0, state=0)


def by_sklearn(values: np.ndarray, classes: np.ndarray, n_arms: int) -> np.ndarray:
    """Fit with scikit-learn, no penalty, as precisely as it goes."""
    from sklearn.linear_model import LogisticRegression

    solver = "newton-cholesky"
    model = LogisticRegression(C=np.inf, solver=solver, tol=1e-10, max_iter=200)
    return model.fit(values, classes).predict_proba(values)


def by_statsmodels(values: np.ndarray, classes: np.ndarray, n_arms: int) -> np.ndarray:
    """Fit with statsmodels by Newton's method."""
    import statsmodels.api as sm

    design = sm.add_constant(values)
    model = sm.MNLogit(classes, design).fit(method="newton", disp=0, tol=1e-10)
    return np.asarray(model.predict(design))


def by_glum(values: np.ndarray, classes: np.ndarray, n_arms: int) -> np.ndarray:
    """Fit with glum, which takes two arms."""
    from glum import GeneralizedLinearRegressor

    model = GeneralizedLinearRegressor(family="binomial", alpha=0, gradient_tol=1e-10)
    chance = model.fit(values, classes.astype(float)).predict(values)
    return np.column_stack([1 - chance, chance])


PEERS: dict[str, tuple[str, Chances]] = {
    "scikit-learn": ("sklearn", by_sklearn),
    "statsmodels": ("statsmodels", by_statsmodels),
    "glum": ("glum", by_glum),
}


def compare(n: int, n_covariates: int, n_arms: int) -> None:
    """Print what each package takes for the same chances of treatment."""
    frame = make_frame(n, n_covariates, n_arms)
    made = follow_up_from_frame(frame, time="days", status="state", arm="arm")
    print(f"\n{n:,} patients, {n_covariates} covariates, {n_arms} arms")
    began = time.perf_counter()
    weighted = weigh(made, target="ate")
    print(f"  weigh (ours)     {time.perf_counter() - began:8.3f} s")
    values = frame.filter(like="x").to_numpy()
    classes = frame["arm"].cat.codes.to_numpy()
    for name, (module, fit) in PEERS.items():
        if importlib.util.find_spec(module) is None or (name == "glum" and n_arms > 2):
            continue
        began = time.perf_counter()
        chances = fit(values, classes, n_arms)
        seconds = time.perf_counter() - began
        gap = np.abs(chances - weighted.weighting.chances).max()
        print(f"  {name:<16} {seconds:8.3f} s   digits {-np.log10(max(gap, 1e-16)):4.1f}")


def time_the_rest(n: int) -> None:
    """Print what balance, gate, a fit again and matching take."""
    made = follow_up_from_frame(make_frame(n, 20, 3), time="days", status="state", arm="arm")
    weighted = weigh(made, target="overlap")
    again = np.random.default_rng(1).multinomial(n, np.full(n, 1 / n)).astype(float)
    pair = follow_up_from_frame(make_frame(n // 5, 10, 2), time="days", status="state", arm="arm")
    small = weigh(
        follow_up_from_frame(make_frame(300, 10, 2), time="days", status="state", arm="arm")
    )
    steps: dict[str, Callable[[], object]] = {
        "balance": lambda: measure_balance(weighted),
        "gate": lambda: check_gate(weighted),
        "fit again": lambda: weighted.weighting.reweigh(again),
        f"pairs of {n // 5:,}": lambda: weigh_by_matching(pair),
        "fit again, 300": lambda: small.weighting.reweigh(again[:300]),
    }
    print(f"\n{n:,} patients, 20 covariates, 3 arms")
    for name, step in steps.items():
        began = time.perf_counter()
        step()
        print(f"  {name:<16} {time.perf_counter() - began:8.4f} s")


def main(n: int = 1_000_000) -> None:
    """Compare two and three arms, then time what follows."""
    compare(n, 10, 2)
    compare(n, 10, 3)
    compare(n, 20, 3)
    time_the_rest(n)


if __name__ == "__main__":
    main(*[int(number) for number in sys.argv[1:]])
