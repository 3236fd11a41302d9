"""The day from which a faster drug is no longer ahead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.errors import EstimationError
from azaanalysis.result import Estimate

_CURVE = ["endpoint", "cause", "arm", "versus"]


def estimate_head_start(differences: Estimate) -> Estimate:
    """Estimate until which day more patients of an arm than of the reference had the event.

    Parameters
    ----------
    differences
        The result of ``estimate_incidence_difference`` with a simultaneous band.

    Returns
    -------
    Estimate
        For each own or competing cause and each arm one row ``head_start_days``. ``value`` is the
        last day on which the estimated difference was above zero: from the next on the head start
        is gone for good. It is 0 if the arm never was ahead, and missing (not reached) if it
        still was at the end. ``lower`` is the last day on which the whole band was above zero, so
        that the arm is known to have been ahead until then; 0 if there is none. ``upper`` is the
        first day from which on the whole band stays below zero, and missing if there is none: the
        head start may last beyond the end of the curve.

    Raises
    ------
    EstimationError
        If there is no curve of differences, or its band holds one day only.

    Notes
    -----
    With the probability of the band the truth is on the same side of zero as the band on all
    days at once, and so the last day of a true head start lies between ``lower`` and ``upper``.
    The rule says nothing of the size of a head start: read it beside the curve.
    """
    frame = differences.frame[differences.frame["quantity"] == "risk_difference"]
    if frame.empty or frame["at_days"].isna().any():
        raise EstimationError(
            "There is no curve of differences here. Give the result of "
            "estimate_incidence_difference."
        )
    if "simultaneous" not in str(differences.about.get("interval", "")):
        raise EstimationError(
            "A day is picked here after looking at all of them, which needs a band that holds "
            'them all at once. Use estimate_incidence_difference(..., band="simultaneous").'
        )
    curves = frame.groupby(_CURVE, sort=False)
    rows = [{**dict(zip(_CURVE, key, strict=True)), **_read(curve)} for key, curve in curves]
    contents = str(differences.about["interval"])
    about = {
        "method": "last day above zero of the difference curve; limits from its band",
        "interval": f"{contents}; a missing upper limit lies beyond the curve",
    }
    return Estimate.from_rows(rows, about={**differences.about, **about})


def _read(curve: pd.DataFrame) -> dict[str, Any]:
    """Read one difference curve and its band, in order of day."""
    days, value, lower, upper = (
        curve[column].to_numpy(dtype="float64") for column in ("at_days", "value", "lower", "upper")
    )
    behind = _runs_to_the_end(upper < 0)
    first_behind = days[np.argmax(behind)] if behind.any() else np.nan
    return {
        "quantity": "head_start_days",
        "value": np.nan if value[-1] > 0 else _last_day(days, value > 0),
        "lower": _last_day(days, lower > 0),
        "upper": first_behind,
        "events": curve["events"].iloc[-1],
        "patient_years": curve["patient_years"].iloc[-1],
    }


def _last_day(days: np.ndarray, is_so: np.ndarray) -> float:
    return float(days[is_so].max(initial=0.0))


def _runs_to_the_end(is_so: np.ndarray) -> np.ndarray:
    """Mark the days from which on something is so until the end."""
    marked: np.ndarray = np.logical_and.accumulate(is_so[::-1])[::-1]
    return marked
