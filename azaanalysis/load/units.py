"""Bring laboratory results to the units of the cohort."""

from __future__ import annotations

import numpy as np
import pandas as pd

from azaanalysis.load.notes import Note
from azaanalysis.load.source import Source
from azaanalysis.schema.plausible import convert_unit


def convert_labs(frame: pd.DataFrame, source: Source) -> tuple[pd.DataFrame, list[Note]]:
    """Convert results and limits whose unit is known; others stay and are refused later."""
    if not {"test", "unit", "value"} <= set(frame.columns):
        return frame, []
    pairs = frame[["test", "unit"]].drop_duplicates().dropna()
    factors = np.ones(len(frame))
    units = frame["unit"].astype(object)
    notes = []
    for test, unit in pairs.itertuples(index=False):
        known = convert_unit(test, unit)
        if known is None or known == (unit, 1.0):
            continue
        rows = ((frame["test"] == test) & (frame["unit"] == unit)).to_numpy()
        factors[rows], units[rows] = known[1], known[0]
        reason = f"{test} in the unit of the cohort" + f", times {known[1]:g}" * (known[1] != 1)
        notes.append(source.note("unit", unit, known[0], int(rows.sum()), reason=reason))
    numbers = [name for name in ("value", "upper_limit_normal") if name in frame]
    converted = {name: frame[name] * factors for name in numbers}
    return frame.assign(unit=units.astype("category"), **converted), notes
