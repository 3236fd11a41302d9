"""Cumulative incidence and survival: step curves with intervals, from one risk table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.curve_limits import (
    CurveLimits,
    Reach,
    Transform,
    reaches_of,
    refuse_band,
)
from azaanalysis.estimate.curves import Curve, curves_of
from azaanalysis.estimate.grid import Grid
from azaanalysis.estimate.limits import Band, How, without_pairs
from azaanalysis.estimate.refusals import refuse_level, refuse_word
from azaanalysis.estimate.resample import USUAL, Resampling
from azaanalysis.estimate.tally import RiskTable, tally
from azaanalysis.estimate.variance import (
    Chosen,
    Variance,
    choose_variance,
    describe_variance,
    variance_of_curve,
)
from azaanalysis.result import Estimate


def estimate_incidence(
    follow_up: FollowUp | RiskTable,
    *,
    level: float = 0.95,
    variance: Variance = "auto",
    transform: Transform = "log-log",
    band: Band = "pointwise",
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate the cumulative incidence of each cause, and survival free of all of them.

    The risk of a cause by day t is the probability that it happens by then, in a world in which
    the other causes can happen first (Aalen-Johansen). Survival is the probability that none has
    happened (Kaplan-Meier). Events of one day are tied exactly: all who are at risk on that
    day form the denominator of each.

    Parameters
    ----------
    follow_up
        One row per patient, or its risk table. Uses ``arm``, ``entry_days``, ``exit_days``
        (days since time zero), ``status`` and ``weight``.
    level
        Coverage of each pointwise interval, between 0 and 1.
    variance
        ``robust`` takes weights as known, ``stacked`` contains that they were estimated,
        ``bootstrap`` draws patients and estimates the weights again, ``auto`` chooses.
    transform
        Scale on which the interval is symmetric. ``log-log``: log(-log) of survival, or of one
        minus the risk, as in most reports. ``log``: R's default. ``plain``: neither.

    band
        ``pointwise``: an interval holds the curve on its day. ``simultaneous``: the band holds
        the curve on all days at once, and is wider.
    resampling
        How a bootstrap is done: resamples, seed, progress.

    Returns
    -------
    Estimate
        Curves: for each arm one row per distinct day, from day 0, of ``survival`` (``cause``
        empty) and of ``risk`` for each cause. ``patients`` are at risk on that day, ``events``
        have happened by then, ``patient_years`` have been observed by then; all three
        before weighting. Until the first event the standard error is zero and the limit on
        the far side exact; where a curve has come to its end, limits are missing.

    Raises
    ------
    EstimationError
        If ``level`` is not a proportion, an arm has nobody in it, or the variance cannot be had.

    Notes
    -----
    Source: Aalen and Johansen (1978), Scand J Stat 5:141-150. The standard error is the
    infinitesimal jackknife (each patient's influence, squared and summed); without weights it
    equals Greenwood's for survival. Assumes that whoever is censored
    has the same future as those who stay.
    """
    refuse_level(level)
    refuse_word("transform", transform, get_args(Transform))
    refuse_band(band)
    table = tally(follow_up)
    how = How(level, choose_variance(follow_up, table, variance), None, resampling, band)
    limits = CurveLimits(level, transform)
    reaches = reaches_of(follow_up, table, limits, how)
    counted = without_pairs(table) if how.chosen == "bootstrap" else table
    curves = [
        _arm_curves(counted, arm, how.chosen, limits, reach)
        for arm, reach in zip(table.arms, reaches, strict=True)
    ]
    about = {
        **table.about,
        **describe_variance(table, how.chosen, extent=band),
        "method": "Aalen-Johansen",
        "level": level,
        "transform": transform,
        "causes": table.causes,
    }
    return Estimate(pd.concat(curves, ignore_index=True), about)


def _arm_curves(
    table: RiskTable, arm: str, chosen: Chosen, limits: CurveLimits, reaches: Sequence[Reach]
) -> pd.DataFrame:
    """Return the survival curve of an arm, and the risk curve of each cause."""
    grid = Grid.of(table, arm)
    parts = []
    curves = curves_of(grid, len(table.causes))
    for name, curve, reach in zip(("", *table.causes), curves, reaches, strict=True):
        error = np.sqrt(variance_of_curve(table, curve, chosen))
        bounds = limits.around(curve, error, reach.factor)
        parts.append(_rows(grid, name, curve, error * reach.spread, bounds))
    return pd.concat(parts, ignore_index=True).assign(endpoint=table.endpoint, arm=arm)


def _rows(
    grid: Grid, cause: str, curve: Curve, error: Array, bounds: tuple[Array, Array]
) -> pd.DataFrame:
    """Return a curve as rows of an estimate."""
    counted = grid.status == curve.cause if cause else grid.status > 0
    return pd.DataFrame(
        {
            "cause": cause,
            "quantity": "risk" if cause else "survival",
            "at_days": grid.days,
            "value": curve.value,
            "lower": bounds[0],
            "upper": bounds[1],
            "std_error": error,
            "patients": grid.over_those_at_risk(grid.patients).round(),
            "events": np.cumsum(grid.on_exit_day(grid.patients * counted)).round(),
            "patient_years": grid.patient_years(),
        }
    )
