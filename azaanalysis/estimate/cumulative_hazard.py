"""Cumulative hazards, and the survival that belongs to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.grid import Grid, ratio
from azaanalysis.estimate.reach import normal_reach
from azaanalysis.estimate.refusals import refuse_level, refuse_word
from azaanalysis.estimate.tally import RiskTable, tally
from azaanalysis.estimate.variance import describe_variance
from azaanalysis.result import Estimate

Ties = Literal["together", "one_by_one"]


def estimate_cumulative_hazard(
    follow_up: FollowUp | RiskTable, *, level: float = 0.95, ties: Ties = "together"
) -> Estimate:
    """Estimate the cumulative hazard of any event and of each cause, and exp(-H) as survival.

    A cumulative hazard is no probability: with competing causes it says how fast a cause strikes
    those who are still there. Read risks from ``estimate_incidence``.

    Parameters
    ----------
    follow_up
        One row per patient, or its risk table; not weighted, rows independent.
    level
        Coverage of each pointwise interval, between 0 and 1.
    ties
        ``together``: d events among Y add d / Y (Nelson-Aalen). ``one_by_one``: they add
        1/Y + 1/(Y-1) + ..., as if they had happened one after the other (Fleming-Harrington).

    Returns
    -------
    Estimate
        Curves for each arm: ``cumulative_hazard`` of any event (``cause`` empty) and of each cause,
        and ``survival_from_hazard``, exp(-H). Counts as in ``estimate_incidence``. Until the
        first event there are no limits.

    Raises
    ------
    EstimationError
        If ``level`` or ``ties`` is none, an arm has nobody in it, or rows are weighted or belong
        together.

    Notes
    -----
    Intervals are symmetric on the log scale of the hazard and of survival, as in R. Source: Nelson
    (1972), Technometrics 14:945-966; Fleming and Harrington (1984), Commun Stat 13:2469-2486.
    """
    refuse_level(level)
    refuse_word("ties", ties, get_args(Ties))
    table = tally(follow_up)
    if table.is_weighted or table.is_clustered:
        raise EstimationError(
            "Cumulative hazards are estimated for patients who count as one each, but this "
            "follow-up is weighted or has several rows for a patient. Use estimate_incidence."
        )
    curves = [curve for arm in table.arms for curve in _of_arm(table, arm, level, ties)]
    about = {**table.about, **describe_variance(table, "robust", extent="pointwise")}
    method = "Nelson-Aalen" if ties == "together" else "Fleming-Harrington"
    return Estimate(pd.concat(curves), {**about, "method": method, "level": level})


def _of_arm(table: RiskTable, arm: str, level: float, ties: Ties) -> Iterator[pd.DataFrame]:
    """Return the curves of one arm: hazards, and survival."""
    grid = Grid.of(table, arm)
    at_risk = grid.over_those_at_risk(grid.patients)
    for cause, name in enumerate(("", *table.causes)):
        counted = grid.status == cause if cause else grid.status > 0
        events = grid.on_exit_day(grid.patients * counted)
        hazard, variance = (np.cumsum(step) for step in _steps(events, at_risk, ties))
        rows = {
            "endpoint": table.endpoint,
            "cause": name,
            "arm": arm,
            "at_days": grid.days,
            "patients": at_risk.round(),
            "events": np.cumsum(events).round(),
            "patient_years": grid.patient_years(),
        }
        error = np.sqrt(variance)
        numbers = {"cumulative_hazard": (hazard, error)}
        if not cause:
            numbers["survival_from_hazard"] = (np.exp(-hazard), np.exp(-hazard) * error)
        for quantity, (value, spread) in numbers.items():
            yield pd.DataFrame({**rows, "quantity": quantity, **_limits(value, spread, level)})


def _steps(events: Array, at_risk: Array, ties: Ties) -> tuple[Array, Array]:
    """Return what each day adds to the cumulative hazard and to its variance."""
    if ties == "together":
        return ratio(events, at_risk), ratio(events, at_risk**2)
    hazard, variance = np.zeros(len(events)), np.zeros(len(events))
    for place in np.flatnonzero(events):
        left = at_risk[place] - np.arange(events[place])
        hazard[place], variance[place] = (1 / left).sum(), (1 / left**2).sum()
    return hazard, variance


def _limits(value: Array, error: Array, level: float) -> dict[str, Array]:
    """Return limits that are symmetric on the log scale; none without spread."""
    factor = np.exp(normal_reach(level) * ratio(error, value))
    known = error > 0
    return {
        "value": value,
        "std_error": error,
        "lower": np.where(known, value / factor, np.nan),
        "upper": np.where(known, value * factor, np.nan),
    }
