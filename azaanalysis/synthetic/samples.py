"""The cohorts that published numbers are measured on, and how a share or a ratio is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.synthetic.cohort import make_cohort
from azaanalysis.synthetic.parameters import load_parameters
from azaanalysis.synthetic.starters import Starters, find_starters
from azaanalysis.synthetic.truth import Truth, simulate_truth

# A value and its Monte-Carlo error.
Measured = tuple[float, float]
# Visits in a trial are where the protocol has them.
TRIAL = {
    "prior_biologic_share": 0,
    "follow_up_weeks_most": 56,
    "end_of_data_year": 2024,
    "index_year_first": 2015,
    "index_margin_days": 400,
    "visit_missed": 0,
    "visit_late": 0,
    "lost_to_follow_up": 0,
    "prevalent_user_share": 0,
}
FIRST_DRUGS = {
    "drug_share.azathioprine_with_anti_tnf.adalimumab": 0,
    "drug_share.jak_inhibitor.upadacitinib": 0,
}
# Everybody tested, and the full dose whatever the gene: as before genes were looked at.
STANDARD_DOSE = {
    "tpmt_tested_share": 1,
    "nudt15_tested_share": 1,
    "dose_fraction.intermediate": 1,
    "dose_fraction.deficient": 1,
    "ancestry_share.european": 0.4,
    "ancestry_share.east_asian": 0.4,
    "follow_up_weeks_most": 52,
    # Rare genotypes are made common: what follows from one does not depend on how rare it is.
    "tpmt_deficient.european": 0.03,
    "choice.azathioprine.intercept": 5,
}


@dataclass(frozen=True, eq=False)
class Samples:
    """The cohorts that the card is measured on.

    ``practice`` is the base world; ``by_lot`` holds the same patients under each strategy, for
    ratios of infection rates, since published ones are adjusted; trials are patients new to
    biologics, treated by lot, with a visit on the day of the endpoint.
    """

    practice: Starters
    by_lot: Truth
    crohns_trial: Starters
    colitis_trial: Starters
    week_8_trial: Starters
    standard_dose: Starters


def make_samples(n_patients: int, seed: int) -> Samples:
    """Simulate every cohort of the card; trials have half as many patients."""
    by_lot = load_parameters("randomised").changed(FIRST_DRUGS)
    standard = load_parameters("randomised").changed(STANDARD_DOSE)
    half = n_patients // 2
    return Samples(
        practice=find_starters(make_cohort(n_patients, seed=seed)),
        by_lot=simulate_truth(
            "randomised", n_patients=n_patients, seed=seed + 1, parameters=by_lot
        ),
        crohns_trial=_trial(half, seed + 2, "crohns_disease", weeks=13),
        colitis_trial=_trial(half, seed + 3, "ulcerative_colitis", weeks=13),
        week_8_trial=_trial(half, seed + 4, "ulcerative_colitis", weeks=8),
        standard_dose=find_starters(make_cohort(half, seed=seed + 5, parameters=standard)),
    )


def _trial(n_patients: int, seed: int, disease: str, *, weeks: int) -> Starters:
    other = {"crohns_disease", "ulcerative_colitis"} - {disease}
    visits = {"visit_weeks_shortest": weeks, "visit_weeks_longest": weeks}
    only = {f"disease_share.{name}": 0 for name in other}
    parameters = load_parameters("randomised").changed({**TRIAL, **FIRST_DRUGS, **visits, **only})
    return find_starters(make_cohort(n_patients, seed=seed, parameters=parameters))


def percent(measured: Measured) -> Measured:
    """Turn a proportion and its error into percent."""
    return 100 * measured[0], 100 * measured[1]


def share(flags: pd.Series | np.ndarray) -> Measured:
    """Return the percentage of true flags with its binomial error."""
    proportion, n = float(np.mean(flags)), max(len(flags), 1)
    return percent((proportion, (proportion * (1 - proportion) / n) ** 0.5))


def odds_ratio(outcome: pd.Series | np.ndarray, factor: pd.Series | np.ndarray) -> Measured:
    """Return the odds ratio of an outcome for a factor, with Woolf's error."""
    outcome, factor = np.asarray(outcome, dtype=bool), np.asarray(factor, dtype=bool)
    counts = np.array([[(outcome == o) & (factor == f) for f in (0, 1)] for o in (0, 1)]).sum(
        axis=2
    )
    # Haldane's half keeps the ratio finite where a cell is empty.
    counts = counts + 0.5 * (counts == 0).any()
    ratio = counts[0, 0] * counts[1, 1] / (counts[0, 1] * counts[1, 0])
    return float(ratio), float(ratio * (1 / counts).sum() ** 0.5)


def ratio_of(first: Measured, second: Measured) -> Measured:
    """Return the ratio of two independent numbers, with its linearised error."""
    ratio = first[0] / second[0]
    return ratio, ratio * float(np.hypot(first[1] / first[0], second[1] / second[0]))
