"""Which rows of a table belong to which start."""

from __future__ import annotations

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort


def rows_of(cohort: Cohort, starts: pd.DataFrame, table: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of a table that belong to the patients of some starts.

    Returns
    -------
    tuple
        For each such row the start it belongs to (its place among ``starts``) and its place in
        the table. The rows of a patient with two starts come twice, once for each.
    """
    owner = cohort.positions(table)
    position = starts["position"].to_numpy()
    is_alone = starts["position"].is_unique
    nth: np.ndarray = np.zeros(len(starts), dtype=np.int64)
    if not is_alone:
        nth = starts.groupby("position").cumcount().to_numpy()
    ranks, rows = [], []
    for layer in range(int(np.max(nth, initial=0)) + 1):
        rank = np.full(len(cohort.patients), -1)
        members = np.flatnonzero(nth == layer)
        rank[position[members]] = members
        of_layer = rank[owner]
        rows.append(np.flatnonzero(of_layer >= 0))
        ranks.append(of_layer[rows[-1]])
    return np.concatenate(ranks), np.concatenate(rows)
