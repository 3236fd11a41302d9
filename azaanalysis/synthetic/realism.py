"""The realism card: published numbers beside those of the invented patients."""

from __future__ import annotations

from importlib.resources import files
from io import StringIO

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
    anchors = files("azaanalysis.synthetic").joinpath("anchors.csv").read_text(encoding="utf-8")
    key = {"n": n_patients, "seed": seed, "anchors": anchors}

    def make() -> dict[str, pd.DataFrame]:
        card = pd.read_csv(StringIO(anchors), keep_default_na=False)
        return {"card": _measure(card, n_patients, seed)}

    return load_or_make("card", key, make)["card"]


def _measure(card: pd.DataFrame, n_patients: int, seed: int) -> pd.DataFrame:
    samples = make_samples(n_patients, seed)
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
