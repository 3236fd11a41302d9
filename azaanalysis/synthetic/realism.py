"""The realism card: published numbers beside those of the invented patients."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pandas as pd

from azaanalysis.synthetic.anchors import MEASURES
from azaanalysis.synthetic.samples import make_samples
from azaanalysis.synthetic.shelf import load_or_make


def measure_realism(*, n_patients: int = 20_000, seed: int = 1) -> pd.DataFrame:
    """Measure the invented patients against published numbers.

    Parameters
    ----------
    n_patients
        Patients in the cohort of daily practice and in the one treated by lot; the trials have
        half as many.
    seed
        Any number.

    Returns
    -------
    pandas.DataFrame
        One row per anchor: ``published`` with its interval (``lower``, ``upper``) and where that
        comes from (``interval``: printed, from printed counts, a published range, or a stated
        tolerance where nothing is printed), ``simulated`` with its Monte-Carlo interval,
        ``is_within`` (the simulated value lies in the published interval), ``agrees`` (the two
        intervals overlap), ``is_tuned`` (whether a parameter was set with this number in view),
        ``citation`` and ``note``. Kept on disk like the truth.
    """
    key = {"n": n_patients, "seed": seed}
    return load_or_make("card", key, lambda: {"card": _measure(n_patients, seed)})["card"]


def _measure(n_patients: int, seed: int) -> pd.DataFrame:
    samples = make_samples(n_patients, seed)
    with files("azaanalysis.synthetic").joinpath("anchors.csv").open(encoding="utf-8") as file:
        card = pd.read_csv(file, keep_default_na=False)
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
