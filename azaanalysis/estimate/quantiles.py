"""Times by which a share of the patients had the event: median and other quantiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.curve_limits import Transform
from azaanalysis.estimate.incidence import estimate_incidence
from azaanalysis.estimate.resample import USUAL, Resampling
from azaanalysis.estimate.tally import RiskTable
from azaanalysis.estimate.variance import Variance
from azaanalysis.result import Estimate

# A curve this close to the share stands on it; the rest is rounding.
_ON_IT = 1.5e-8


def estimate_quantiles(
    follow_up: FollowUp | RiskTable,
    *,
    shares: Sequence[float] = (0.5,),
    level: float = 0.95,
    variance: Variance = "auto",
    transform: Transform = "log-log",
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate the day by which a share of the patients had an event: any, or each cause.

    Parameters
    ----------
    follow_up
        One row per patient, or its risk table.
    shares
        Shares between 0 and 1: 0.5 is the median time, 0.25 the day by which a quarter had it.
    level, variance, transform, resampling
        As in ``estimate_incidence``.

    Returns
    -------
    Estimate
        For each arm, for any event (``cause`` empty) and for each cause, and for each share, one
        row ``median_days`` or ``quantile_days`` (``unit`` says which share). Missing if the share
        was not reached; so is an upper limit that was not. There is no standard error.

    Raises
    ------
    EstimationError
        If a share or ``level`` is not between 0 and 1, or the variance cannot be had.

    Notes
    -----
    The interval holds the days on which the pointwise interval of the curve holds the share. A
    curve that stays exactly on the share gives the middle of that stretch, as in R. Source:
    Brookmeyer and Crowley (1982), Biometrics 38:29-41. With competing causes a share may
    never be reached, however long the follow-up.
    """
    if not len(shares) or not all(0 < share < 1 for share in shares):
        raise EstimationError(
            f"shares must lie between 0 and 1, for example [0.25, 0.5]; got {list(shares)}."
        )
    curves = estimate_incidence(
        follow_up, level=level, variance=variance, transform=transform, resampling=resampling
    )
    rows = [
        row
        for _, curve in curves.frame.groupby(["arm", "cause"], sort=False)
        for row in _of_curve(curve, shares)
    ]
    about = {key: entry for key, entry in curves.about.items() if key != "causes"}
    return Estimate.from_rows(rows, about={**about, "method": "quantiles of Aalen-Johansen curves"})


def _of_curve(curve: pd.DataFrame, shares: Sequence[float]) -> Iterator[dict[str, Any]]:
    """Return one row for each share of one curve."""
    days = curve["at_days"].to_numpy()
    gone, low, high = (curve[c].to_numpy() for c in ("value", "lower", "upper"))
    if (curve["quantity"] == "survival").all():
        gone, low, high = 1 - gone, 1 - high, 1 - low
    # Where everybody had it the limits are not defined, but the share is certainly passed.
    high = np.where(np.isnan(high) & (gone > 0.5), 1.0, high)
    # By convention the interval holds no day before the first event, however few the patients.
    high = np.where(gone > 0, high, 0.0)
    first = curve.iloc[0]
    last = curve.iloc[-1]
    for share in shares:
        yield {
            "endpoint": first["endpoint"],
            "cause": first["cause"],
            "arm": first["arm"],
            "quantity": "median_days" if share == 0.5 else "quantile_days",
            "unit": "" if share == 0.5 else f"days until {100 * share:g}%",
            "value": _crossing(days, gone, share),
            "lower": _crossing(days, high, share),
            "upper": _crossing(days, low, share),
            "patients": first["patients"],
            "events": last["events"],
            "patient_years": last["patient_years"],
        }


def _crossing(days: Array, rising: Array, share: float) -> float:
    """Return the first day on which a rising curve passes a share; the middle if it rests there."""
    rising = np.nan_to_num(rising)
    reached = np.flatnonzero(rising >= share - _ON_IT)
    if not len(reached):
        return float("nan")
    beyond = np.flatnonzero(rising > share + _ON_IT)
    end = beyond[0] if len(beyond) else len(days) - 1
    return float(days[reached[0]] + days[end]) / 2 if end > reached[0] else float(days[reached[0]])
