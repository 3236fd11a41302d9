"""Anchors of metabolites: what 6-TGN says of remission."""

from __future__ import annotations

import pandas as pd

from azaanalysis.synthetic.samples import Measured, Samples, odds_ratio

# The lower end of the window, and the visits at which remission is judged: after half a year, with
# a level from the three months before.
WINDOW_FROM = 235
FROM_DAY, TO_DAY, CARRY_DAYS = 150, 400, 90


def remission_above_window(samples: Samples) -> Measured:
    """Return the odds ratio of remission on azathioprine, 6-TGN in or above the window or below."""
    visits = _judged(samples)
    return odds_ratio(visits["has_remission"], visits["value"] >= WINDOW_FROM)


def higher_in_remission(samples: Samples) -> Measured:
    """Return how much higher 6-TGN is in remission, on average, and the error of that."""
    visits = _judged(samples)
    groups = [visits.loc[visits["has_remission"] == flag, "value"] for flag in (True, False)]
    gap = groups[0].mean() - groups[1].mean()
    return float(gap), float(sum(group.var() / len(group) for group in groups) ** 0.5)


def _judged(samples: Samples) -> pd.DataFrame:
    """Return a visit of each patient on azathioprine: remission, and the last 6-TGN before it."""
    sample, keys = samples.practice, ["patient_id", "day", "value"]
    labs, visits = sample.rows("labs", "test_date"), sample.rows("visits", "visit_date")
    levels = labs.loc[labs["test"] == "6tgn", keys].sort_values("day")
    on_drug = visits["is_on"] & (visits["arm"] == "azathioprine")
    on_drug &= visits["day"].between(FROM_DAY, TO_DAY)
    seen = visits.loc[on_drug, ["patient_id", "day", "has_remission"]].sort_values("day")
    both = pd.merge_asof(seen, levels, on="day", by="patient_id", tolerance=CARRY_DAYS)
    first = both.dropna(subset=["value"]).drop_duplicates("patient_id")
    return first.astype({"has_remission": bool}).reset_index(drop=True)
