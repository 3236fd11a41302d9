"""The realism card: published numbers beside those of the invented patients."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pandas as pd

from azaanalysis.synthetic.anchors import MEASURES, Samples
from azaanalysis.synthetic.cohort import make_cohort
from azaanalysis.synthetic.parameters import load_parameters
from azaanalysis.synthetic.starters import Starters, find_starters

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
    "drug_share.combination.adalimumab": 0,
    "drug_share.jak_inhibitor.upadacitinib": 0,
}


def measure_realism(*, n_patients: int = 20_000, seed: int = 1) -> pd.DataFrame:
    """Measure the invented patients against published numbers.

    Parameters
    ----------
    n_patients
        Patients in the cohort of daily practice and in the randomised one; the trials have
        half as many.
    seed
        Any number.

    Returns
    -------
    pandas.DataFrame
        One row per anchor: ``published`` with its interval (``lower``, ``upper``),
        ``simulated`` with its Monte-Carlo interval, ``is_within`` (the simulated value lies in
        the published interval), ``agrees`` (the two intervals overlap), ``is_tuned`` (whether a
        parameter was set with this number in view), ``citation`` and ``note``.

    Notes
    -----
    Practice is the base world; ratios of infection rates come from the randomised world, since
    published ones are adjusted; trials are randomised worlds of patients new to biologics with
    a visit on the day of the endpoint.
    """
    samples = _samples(n_patients, seed)
    with files("azaanalysis.synthetic").joinpath("anchors.csv").open(encoding="utf-8") as file:
        card = pd.read_csv(file, keep_default_na=False, na_values={"lower": "", "upper": ""})
    measured = [MEASURES[anchor](samples) for anchor in card["anchor"]]
    value, error = (np.array(column) for column in zip(*measured, strict=True))
    card["simulated"] = value
    card["simulated_lower"] = value - 1.96 * error
    card["simulated_upper"] = value + 1.96 * error
    card["is_within"] = (card["lower"] <= value) & (value <= card["upper"])
    card["agrees"] = (card["lower"] <= card["simulated_upper"]) & (
        card["simulated_lower"] <= card["upper"]
    )
    card["is_tuned"] = card["is_tuned"].astype(bool)
    return card


def _samples(n_patients: int, seed: int) -> Samples:
    return Samples(
        practice=find_starters(make_cohort(n_patients, seed=seed)),
        randomised=find_starters(make_cohort(n_patients, seed=seed + 1, world="randomised")),
        crohns_trial=_trial(n_patients, seed + 2, "crohns_disease", weeks=13),
        colitis_trial=_trial(n_patients, seed + 3, "ulcerative_colitis", weeks=13),
        week_8_trial=_trial(n_patients, seed + 4, "ulcerative_colitis", weeks=8),
    )


def _trial(n_patients: int, seed: int, disease: str, *, weeks: int) -> Starters:
    other = {"crohns_disease", "ulcerative_colitis"} - {disease}
    visits = {"visit_weeks_shortest": weeks, "visit_weeks_longest": weeks}
    only = {f"disease_share.{name}": 0 for name in other}
    parameters = load_parameters("randomised").changed({**TRIAL, **FIRST_DRUGS, **visits, **only})
    return find_starters(make_cohort(n_patients // 2, seed=seed, parameters=parameters))
