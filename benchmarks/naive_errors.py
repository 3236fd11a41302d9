"""Which naive analysis goes wrong in each world, and by how much.

Run ``python -m benchmarks.naive_errors`` in the repository (about three minutes): it writes
``azaanalysis/synthetic/naive_errors.csv``, which ``load_naive_errors`` reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.design import FollowUp, follow, weigh
from azaanalysis.estimate import estimate_incidence
from azaanalysis.synthetic import (
    Truth,
    load_parameters,
    make_cohort,
    simulate_truth,
    true_risk,
    true_risk_difference,
)
from azaanalysis.synthetic.true_values import event_days
from azaanalysis.vocab import in_words
from benchmarks.confounding import two_arms

TABLE = Path(__file__).parents[1] / "azaanalysis" / "synthetic" / "naive_errors.csv"
# A value and its Monte-Carlo error.
Measured = tuple[float, float]
STUDIED = "age_years >= 18 and lookback_days >= 365"


@dataclass(frozen=True)
class Size:
    """How many patients the cohort and the truth have, and the seed of both."""

    n_patients: int = 60_000
    seed: int = 2026


@dataclass(frozen=True)
class Misreading:
    """One naive analysis: what is asked, what is done, and how both are measured."""

    quantity: str
    analysis: str
    truth: Callable[[Size], Measured]
    naive: Callable[[Size], Measured]


def measure_naive_error(world: str, size: Size = Size()) -> pd.DataFrame:
    """Measure the error of the naive analyses of a world.

    Returns
    -------
    pandas.DataFrame
        One row per analysis: ``quantity``, ``analysis``, ``truth`` and ``naive`` in percent,
        ``error`` in percentage points (naive minus true) with its Monte-Carlo ``std_error``,
        ``n_patients`` and ``seed``.
    """
    rows = []
    for reading in MISREADINGS[world]:
        truth, naive = reading.truth(size), reading.naive(size)
        row = {"world": world, "quantity": reading.quantity, "analysis": reading.analysis}
        row |= {"truth": 100 * truth[0], "naive": 100 * naive[0]}
        row |= {
            "error": 100 * (naive[0] - truth[0]),
            "std_error": 100 * np.hypot(truth[1], naive[1]),
        }
        rows.append({**row, "n_patients": size.n_patients, "seed": size.seed})
    return pd.DataFrame(rows)


def _truth(world: str, size: Size, *, horizon_days: int = 370, **changes: float) -> Truth:
    parameters = load_parameters(world).changed(changes)
    truth = simulate_truth(
        world,
        n_patients=size.n_patients,
        seed=size.seed,
        horizon_days=horizon_days,
        parameters=parameters,
    )
    return truth.where(STUDIED)


def _first(estimate: Any) -> Measured:
    row = estimate.frame.iloc[0]
    return float(row["value"]), float(row["std_error"])


def _true_gap(world: str, arm: str, endpoint: str, day: int, **options: Any) -> Callable:
    """Return the true difference against azathioprine, among those who start one of the two."""
    target = options.pop("target", "ate")

    def measured(size: Size) -> Measured:
        truth = _truth(world, size, **options).among(target, strategies=("azathioprine", arm))
        gap = true_risk_difference(truth, endpoint, arm=arm, versus="azathioprine", at_days=[day])
        cause = "discontinuation" if endpoint == "discontinuation" else endpoint
        return _first(gap.only(cause=cause))

    return measured


def _followed(world: str, arm: str, endpoint: str, size: Size, **endpoints: Any) -> FollowUp:
    study = two_arms(("azathioprine", arm), endpoints)
    short = load_parameters(world).changed({"follow_up_weeks_most": 54})
    cohort = make_cohort(size.n_patients, seed=size.seed + 1, world=world, parameters=short)
    return follow(cohort, study, endpoint=endpoint)


def _risks(followed: FollowUp, cause: str, day: int) -> dict[str, Measured]:
    risk = estimate_incidence(followed).only(cause=cause, quantity="risk").at([day]).frame
    return {row.arm: (row.value, row.std_error) for row in risk.itertuples()}


def _naive_gap(
    world: str, arm: str, endpoint: str, day: int, *, is_weighted: bool = False
) -> Callable[[Size], Measured]:
    """Return the difference against azathioprine as observed, or weighted by all that is known."""

    def measured(size: Size) -> Measured:
        followed = _followed(world, arm, endpoint, size, **_ANY_STOP)
        risks = _risks(
            weigh(followed, target="overlap") if is_weighted else followed, endpoint, day
        )
        other, reference = risks[arm], risks["azathioprine"]
        return other[0] - reference[0], float(np.hypot(other[1], reference[1]))

    return measured


def _crude(world: str, arm: str, endpoint: str = "response", day: int = 365) -> Misreading:
    words = {"response": "response", "discontinuation": "stopping"}[endpoint]
    return Misreading(
        f"difference in the risk of {words} by day {day}, {in_words(arm)} against azathioprine",
        "the arms compared as observed",
        _true_gap(world, arm, endpoint, day),
        _naive_gap(world, arm, endpoint, day),
    )


def _early_for_late(world: str, endpoint: str, early: int, late: int) -> Misreading:
    gap = {"arm": "anti_tnf", "endpoint": endpoint, "horizon_days": late + 5}
    return Misreading(
        f"difference in the risk of {endpoint} by day {late}, anti-TNF against azathioprine",
        f"the true difference on day {early} taken for it",
        _true_gap(world, day=late, **gap),
        _true_gap(world, day=early, **gap),
    )


def _in_arm(
    world: str,
    arm: str,
    endpoint: str,
    naive_words: str,
    *,
    own: dict[str, Any],
    **changes: float,
) -> Misreading:
    """Return the risk in those who start a drug, against what an estimator says of it."""

    def truth(size: Size) -> Measured:
        treated = _truth(world, size, **changes).among("att", strategies=(arm,), treated=arm)
        cause = "discontinuation" if endpoint == "discontinuation" else endpoint
        return _first(true_risk(treated, endpoint, at_days=[365]).only(cause=cause))

    def naive(size: Size) -> Measured:
        followed = _followed(world, "anti_tnf", endpoint, size, **own)
        return _risks(followed, endpoint, 365)[arm]

    without = " if nobody stopped for lack of efficacy" if changes else ""
    return Misreading(
        f"risk of {endpoint} by day 365 on {in_words(arm)}{without}", naive_words, truth, naive
    )


# Stopping the drug is no competing event here, so it censors.
_STOPPING_CENSORS = {
    "response": {
        "kind": "visit",
        "finding": "response",
        "competing": ("death",),
        "horizon_days": 365,
    }
}
_ANY_STOP = {"discontinuation": {"kind": "discontinuation", "causes": "any"}}


def _missed_visits() -> Misreading:
    def seen(world: str) -> Callable[[Size], Measured]:
        def measured(size: Size) -> Measured:
            truth = _truth(world, size).among("att", strategies=("anti_tnf",), treated="anti_tnf")
            return _first(true_risk(truth, "response", at_days=[182]))

        return measured

    return Misreading(
        "risk of response by day 182 on anti-TNF, as regular visits would show it",
        "the day of the visit taken for the day of the response",
        seen("inflammatory_bowel_disease"),
        seen("missed_visits"),
    )


def _groups(world: str, arm: str, endpoint: str, size: Size, n: int) -> tuple[np.ndarray, float]:
    """Return the risk by day 365 in groups of ``n`` of the same world, and the true risk."""
    truth = _truth(world, size)
    day = event_days(truth, arm, endpoint)[endpoint].to_numpy()
    happened = (day <= 365).astype(float)
    whole = len(happened) // n * n
    return happened[:whole].reshape(-1, n).mean(axis=1), float(happened.mean())


def _rare_events() -> Misreading:
    n = 500

    def covered(size: Size) -> Measured:
        found, true = _groups("rare_events", "anti_tnf", "serious_infection", size, n)
        half = 1.96 * np.sqrt(found * (1 - found) / n)
        share = float(np.mean(np.abs(found - true) <= half))
        return share, float(np.sqrt(share * (1 - share) / len(found)))

    return Misreading(
        "coverage of a 95% interval for the risk of serious infection by day 365 on anti-TNF",
        f"the normal (Wald) interval in arms of {n} patients",
        lambda _: (0.95, 0.0),
        covered,
    )


def _small() -> Misreading:
    def spread(size: Size) -> Measured:
        first, true_first = _groups("small", "anti_tnf", "response", size, 35)
        other, true_other = _groups("small", "azathioprine", "response", size, 70)
        k = min(len(first), len(other))
        # The two arms of one study are different people: those of another group.
        errors = first[:k] - np.roll(other[:k], k // 2) - (true_first - true_other)
        root = float(np.sqrt(np.mean(errors**2)))
        return root, float(np.std(errors**2) / (2 * root * k**0.5))

    return Misreading(
        "difference in the risk of response by day 365, anti-TNF against azathioprine",
        "one randomised study with arms of 35 and 70 taken for the truth (root mean square)",
        lambda _: (0.0, 0.0),
        spread,
    )


_IBD = "inflammatory_bowel_disease"
MISREADINGS: dict[str, list[Misreading]] = {
    _IBD: [_crude(_IBD, "anti_tnf")],
    "randomised": [_crude("randomised", "anti_tnf")],
    "null_effect": [_crude("null_effect", "anti_tnf")],
    "delayed_effect": [_early_for_late("delayed_effect", "response", 84, 365)],
    "crossing_curves": [_early_for_late("crossing_curves", "discontinuation", 91, 730)],
    "strong_confounding": [_crude("strong_confounding", "anti_tnf")],
    "poor_overlap": [
        _crude("poor_overlap", "anti_tnf"),
        Misreading(
            "difference in the risk of response by day 365, anti-TNF against azathioprine",
            "the true answer of the overlap population taken for that of everybody",
            _true_gap("poor_overlap", "anti_tnf", "response", 365),
            _true_gap("poor_overlap", "anti_tnf", "response", 365, target="overlap"),
        ),
    ],
    "unmeasured_confounding": [
        _crude("unmeasured_confounding", "anti_tnf"),
        Misreading(
            "difference in the risk of response by day 365, anti-TNF against azathioprine",
            "the arms weighted by everything that is recorded",
            _true_gap("unmeasured_confounding", "anti_tnf", "response", 365, target="overlap"),
            _naive_gap("unmeasured_confounding", "anti_tnf", "response", 365, is_weighted=True),
        ),
    ],
    "informative_switching": [
        _in_arm(
            "informative_switching",
            "azathioprine",
            "response",
            "who stops is censored as if by chance",
            own=_STOPPING_CENSORS,
            **{f"lack_of_efficacy.{drug}": 0 for drug in load_parameters().keys("available_from")},
        )
    ],
    "arm_dependent_censoring": [
        _in_arm(
            "arm_dependent_censoring",
            "anti_tnf",
            "discontinuation",
            "who is lost is censored as if by chance",
            own=_ANY_STOP,
        )
    ],
    "competing_hazard_doubled": [
        _in_arm(
            "competing_hazard_doubled",
            "anti_tnf",
            "response",
            "one minus Kaplan-Meier, with stopping as censoring",
            own=_STOPPING_CENSORS,
        )
    ],
    "rare_events": [_rare_events()],
    "missed_visits": [_missed_visits()],
    "small": [_small()],
    "constant_hazard": [_crude("constant_hazard", "anti_tnf", "discontinuation")],
    "rheumatoid_arthritis": [_crude("rheumatoid_arthritis", "anti_tnf")],
    "lupus_nephritis": [_crude("lupus_nephritis", "mycophenolate")],
    "anca_vasculitis": [_crude("anca_vasculitis", "rituximab")],
}


# Where nothing should go wrong more patients are needed to show that nothing does.
_SIZES = {"randomised": Size(240_000), "constant_hazard": Size(240_000)}


def _tables() -> Iterator[pd.DataFrame]:
    for world in MISREADINGS:
        table = measure_naive_error(world, _SIZES.get(world, Size()))
        print(
            table.drop(columns=["quantity"]).round(2).to_string(index=False, header=False),
            flush=True,
        )
        yield table


def main() -> None:
    """Measure every world and write the table."""
    pd.concat(_tables()).round(3).to_csv(TABLE, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
