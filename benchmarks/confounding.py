"""Confounding off: naive and weighted agree. Confounding on: only the weighted estimate is right.

Run ``python -m benchmarks.confounding`` in the repository (about ten minutes), or give a number of
cohorts. Each cohort is followed for a year; the naive and the weighted difference in the risk of a
response by day 365, anti-TNF against azathioprine, are held against the truth of the world.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design import FollowUp, follow, weigh
from azaanalysis.estimate import estimate_incidence
from azaanalysis.study import Study, load_study
from azaanalysis.synthetic import (
    Parameters,
    load_parameters,
    make_cohort,
    simulate_truth,
    true_risk_difference,
)

STUDY = Path(__file__).parents[1] / "notebooks" / "study.yml"
ARMS = ("azathioprine", "anti_tnf")
TARGETS = ("ate", "overlap")
# Where the arms hardly overlap an average over everybody is refused, as it should be, in cohorts
# in which the model separates the arms; the overlap asks for more patients.
WORLDS: dict[str, dict[str, Any]] = {
    "randomised": {},
    "inflammatory_bowel_disease": {},
    "strong_confounding": {},
    "poor_overlap": {"targets": ("overlap",), "n_patients": 4000},
}
DAY = 365
# Everything the choice of treatment depends on, the calendar included.
COVARIATES = (
    *("severity_score", "prior_biologics", "comorbidity_score", "has_cancer_history"),
    *("tpmt", "age_years", "index_year"),
)
# Nobody is lost and the data end for nobody within the year: only confounding is on trial. And
# nobody lacks TPMT altogether: a level with two patients has no comparison in a small cohort.
ONE_YEAR = {"lost_to_follow_up": 0, "follow_up_weeks_most": 54, "index_margin_days": 400}


def measure_confounding(
    world: str,
    *,
    cohorts: int = 500,
    n_patients: int = 2000,
    n_truth: int = 400_000,
    targets: Sequence[str] = TARGETS,
    seed: int = 1,
) -> pd.DataFrame:
    """Measure the bias of the naive and the weighted difference over many cohorts.

    Returns
    -------
    pandas.DataFrame
        One row per analysis and target population: ``truth``, ``mean`` of the estimates,
        ``bias``, ``error`` (Monte-Carlo, of the cohorts and of the truth) and ``ratio`` of the two.
    """
    parameters = _settled(world)
    truth = simulate_truth(
        world, n_patients=n_truth, seed=seed, horizon_days=DAY + 5, parameters=parameters
    )
    found = [
        estimates
        for number in range(cohorts)
        for estimates in _estimates(
            make_cohort(n_patients, seed=seed + 1 + number, world=world, parameters=parameters),
            targets,
        )
    ]
    rows = []
    for (analysis, target), values in pd.DataFrame(found).groupby(["analysis", "target"]):
        people = truth.where("age_years >= 18 and lookback_days >= 365")
        true = true_risk_difference(
            people.among(target, strategies=ARMS),
            "response",
            arm=ARMS[1],
            versus=ARMS[0],
            at_days=[DAY],
        ).frame.iloc[0]
        error = np.hypot(values["value"].std() / cohorts**0.5, true["std_error"])
        mean = values["value"].mean()
        row = {"world": world, "analysis": analysis, "target": target, "truth": true["value"]}
        bias = mean - true["value"]
        rows.append({**row, "mean": mean, "bias": bias, "error": error, "ratio": bias / error})
    return pd.DataFrame(rows)


def _settled(world: str) -> Parameters:
    usual = load_parameters(world)
    nobody = [f"administrative.{drug}" for drug in usual.keys("available_from")]
    nobody += [f"tpmt_deficient.{ancestry}" for ancestry in usual.keys("ancestry_share")]
    return usual.changed({**ONE_YEAR, **dict.fromkeys(nobody, 0)})


def _estimates(cohort: Cohort, targets: Sequence[str]) -> Iterator[dict[str, object]]:
    followed = follow(cohort, two_arms(), endpoint="response")
    for target in targets:
        yield {"analysis": "naive", "target": target, "value": _difference(followed)}
        weighted = _difference(weigh(followed, target=target))
        yield {"analysis": "weighted", "target": target, "value": weighted}


def two_arms(arms: tuple[str, str] = ARMS, endpoints: dict[str, Any] | None = None) -> Study:
    """Return the usual study of two arms among adults, with every cause of choice a covariate."""
    written = load_study(STUDY).model_dump(exclude_unset=True)
    written["population"] = {"age_years": {"at_least": 18}}
    of_arms = {"arms": {arm: [arm] for arm in arms}, "reference": arms[0], "horizon_days": DAY}
    written["comparison"] |= of_arms
    written["endpoints"] |= endpoints or {}
    return Study.model_validate({**written, "covariates": COVARIATES})


def _difference(follow_up: FollowUp) -> float:
    """Return the difference in the risk of a response by the last day."""
    risk = estimate_incidence(follow_up, variance="robust").only(cause="response", quantity="risk")
    value = risk.at([DAY]).frame.set_index("arm")["value"]
    return float(value[ARMS[1]] - value[ARMS[0]])


def main() -> None:
    """Measure each world and print its table."""
    cohorts = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    for world, settings in WORLDS.items():
        begun = time.perf_counter()
        table = measure_confounding(world, cohorts=cohorts, **settings)
        print(table.round(5).to_string(index=False))
        print(f"{cohorts} cohorts in {time.perf_counter() - begun:.0f} s\n", flush=True)


if __name__ == "__main__":
    main()
