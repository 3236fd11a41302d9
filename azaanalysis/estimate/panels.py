"""What panels of blood tests may say when nobody knows which of them belong to one patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from azaanalysis.errors import EstimationError
from azaanalysis.result import SMALLEST_COUNT_IF_UNSTATED, Estimate
from azaanalysis.vocab import in_words

_LEAK = (
    "Rows are panels, not patients, and panels of one patient cannot be told apart: no interval is "
    "given, and none from independent rows would hold."
)


def estimate_marker_auc(
    panels: pd.DataFrame, *, markers: Sequence[str], outcome: str, smallest_count: int | None = None
) -> Estimate:
    """Estimate how well each marker by itself tells panels with an outcome from those without.

    Parameters
    ----------
    panels
        One row per panel; several may belong to one patient.
    markers
        Columns of numbers. A panel without the number is left out for that marker.
    outcome
        Column of 0 and 1.
    smallest_count
        Smallest count that may be shown; the careful one if not given.

    Returns
    -------
    Estimate
        Quantity ``auc`` for each marker (named as ``cause``): the chance that a panel with the
        outcome has the higher value, ties counted half. Below one half: lower values go with the
        outcome. ``patients`` is missing, because patients are not known.

    Raises
    ------
    EstimationError
        If a column is absent, the outcome is not 0 and 1, or a marker has panels of one kind only.

    Notes
    -----
    Mann-Whitney: Hanley and McNeil (1982), Radiology 143:29-36. A description of these panels on
    the day they were taken. It predicts nothing: a rule built on them would have to be judged in
    patients it has not seen, and without patients such a split cannot be made.
    """
    absent = [name for name in (*markers, outcome) if name not in panels]
    if absent:
        raise EstimationError(f"The panels have no column {', '.join(map(repr, absent))}.")
    if not set(panels[outcome].unique()) <= {0, 1}:
        raise EstimationError(f"'{outcome}' must be 0 or 1 in every panel.")
    has_it = panels[outcome].to_numpy(dtype=bool)
    values = [_auc(panels[name].to_numpy(dtype=float), has_it, name) for name in markers]
    about = {
        "method": "Mann-Whitney area under the curve, ties counted half",
        "level": None,
        "interval": "none",
        "notes": (_LEAK,),
        "smallest_count": smallest_count or SMALLEST_COUNT_IF_UNSTATED,
    }
    named = {"endpoint": outcome, "quantity": "auc"}
    rows = [{**named, "cause": m, "value": v} for m, v in zip(markers, values, strict=True)]
    return Estimate.from_rows(rows, about=about)


def _auc(value: np.ndarray, has_it: np.ndarray, name: str) -> float:
    known = ~np.isnan(value)
    value, has_it = value[known], has_it[known]
    n = int(has_it.sum())
    if n in (0, len(value)):
        raise EstimationError(
            f"All panels with a value of {in_words(name)} have the outcome, or none has."
        )
    # Sum of ranks less the least it could be, over the number of pairs.
    ranks = float(rankdata(value)[has_it].sum())
    return (ranks - n * (n + 1) / 2) / (n * (len(value) - n))


def count_panels(
    panels: pd.DataFrame,
    *,
    below: Mapping[str, float] | None = None,
    above: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Count panels beyond limits, in rows: not patients, and no risk.

    Parameters
    ----------
    panels
        One row per panel.
    below, above
        Limit of each marker, in the unit of its column.

    Returns
    -------
    DataFrame
        ``marker``, ``limit`` in words, ``panels`` with a value, ``beyond``, ``without_value``.
    """
    pairs = [(m, limit, True) for m, limit in (below or {}).items()]
    pairs += [(m, limit, False) for m, limit in (above or {}).items()]
    rows = []
    for marker, limit, is_below in pairs:
        value = panels[marker]
        beyond = value < limit if is_below else value > limit
        rows.append(
            {
                "marker": marker,
                "limit": f"{'below' if is_below else 'above'} {limit:g}",
                "panels": int(value.notna().sum()),
                "beyond": int(beyond.sum()),
                "without_value": int(value.isna().sum()),
            }
        )
    return pd.DataFrame(rows)
