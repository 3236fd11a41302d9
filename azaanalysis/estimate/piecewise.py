"""Hazard ratios of an arm in windows of time: a drug that works late is not hidden in a mean."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.estimate.arm_hazards import (
    ArmHazards,
    ArmRatios,
    ChosenHere,
    Window,
    choose_here,
    covariance_here,
    no_numbers,
    observed,
)
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.compare import refuse_one_arm
from azaanalysis.estimate.hazard import about_ratios, as_ratio, interval_here, other_arms
from azaanalysis.estimate.limits import How, Numbers
from azaanalysis.estimate.partial_likelihood import Ties
from azaanalysis.estimate.proportional import chi_square
from azaanalysis.estimate.refusals import refuse_level, sound_windows
from azaanalysis.estimate.resample import USUAL, Resampling
from azaanalysis.estimate.tally import RiskTable, tally
from azaanalysis.estimate.variance import Variance
from azaanalysis.result import Estimate

# The same ties as in estimate_hazard_ratio by default.
_TIES: Ties = "efron"


def estimate_piecewise_hazard_ratio(
    follow_up: FollowUp | RiskTable,
    *,
    windows: Sequence[float],
    level: float = 0.95,
    variance: Variance = "auto",
    stratum: str | None = None,
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate the hazard ratio of each arm against the reference, window by window.

    Within a window the ratio is taken to be the same on every day; between windows it may change.

    Parameters
    ----------
    follow_up
        One row per patient, or its risk table; at least two arms.
    windows
        The days at which windows end and begin, ascending: ``[0, 84, 182, 365]`` are three
        windows, of days 1 to 84, 85 to 182 and 183 to 365. An event on day 0 belongs to a first
        window that begins at 0.
    level, variance, stratum, resampling
        As in ``estimate_hazard_ratio``.

    Returns
    -------
    Estimate
        For each own cause, each arm but the reference and each window one row
        ``hazard_ratio_in_window``: ``at_days`` is the end of the window and ``unit`` names it.
        Then one row ``proportional_hazards_p`` for each arm: the test that the ratio is the same
        in all windows that have one. ``patients``, ``events`` and ``patient_years`` are those of
        both arms within the window.

    Raises
    ------
    EstimationError
        If the windows do not ascend, ``level`` is not a proportion, the stratum is no covariate,
        or the variance asked for cannot be had.
    DesignError
        If there is only one arm.

    Notes
    -----
    Each window is a Cox model of its own (Efron's ties) of those still at risk. Later windows
    compare only patients who came that far: where the drug has selected them, a ratio in a
    later window is not the effect of the drug in that time. Source: Hernan (2010), Epidemiology
    21:13-15.
    """
    refuse_level(level)
    spans = _spans(windows)
    table = tally(follow_up, stratum=stratum)
    refuse_one_arm(table.arms)
    chosen = choose_here(follow_up, table, variance)
    how = How(level, "robust" if chosen == "model" else chosen, stratum, resampling)
    interval = interval_here(follow_up, table, partial(_log_ratios, spans=spans), how, chosen)
    rows: list[dict[str, Any]] = []
    for number, cause in enumerate(table.causes[: table.n_own], 1):
        named = {"endpoint": table.endpoint, "cause": cause, "versus": table.reference}
        for place, arm in other_arms(table):
            both = [arm, table.reference]
            for piece, span in enumerate(spans):
                row = {
                    **named,
                    "arm": arm,
                    "quantity": "hazard_ratio_in_window",
                    "unit": f"days {span[0] + 1:g} to {span[1]:g}",
                    "at_days": span[1],
                    **as_ratio(interval, (number - 1, piece, place)),
                }
                rows.append(row | observed(table, number, both, _from_entry(span)))
        same = _same_in_all(_fits(table, number, spans), table, chosen)
        rows += [
            {**named, "arm": arm, "quantity": "proportional_hazards_p", "value": same[place]}
            | observed(
                table, number, [arm, table.reference], _from_entry((spans[0][0], spans[-1][1]))
            )
            for place, arm in other_arms(table)
        ]
    return Estimate.from_rows(rows, about=about_ratios(table, rows, how, chosen, _TIES))


def _spans(windows: Sequence[float]) -> list[Window]:
    days = sound_windows(windows)
    return list(zip(days[:-1].tolist(), days[1:].tolist(), strict=True))


def _from_entry(span: Window) -> Window:
    """Return a window that holds the index day if it begins there, and an event on that day."""
    return (-np.inf, span[1]) if span[0] == 0 else span


def _fits(table: RiskTable, number: int, spans: Sequence[Window]) -> list[ArmRatios | None]:
    windows = map(_from_entry, spans)
    return [ArmRatios.of(ArmHazards(table, number, window), _TIES) for window in windows]


def _log_ratios(table: RiskTable, chosen: ChosenHere, *, spans: Sequence[Window]) -> Numbers:
    """Return log ratios, shape (causes, windows, arms)."""
    made = [
        [no_numbers(len(table.arms)) if fit is None else fit.numbers(chosen) for fit in fits]
        for fits in (_fits(table, k, spans) for k in range(1, table.n_own + 1))
    ]
    values = np.array([[numbers.value for numbers in of_cause] for of_cause in made])
    errors = np.array([[numbers.std_error for numbers in of_cause] for of_cause in made])
    return Numbers(values, errors)


def _same_in_all(
    fits: Sequence[ArmRatios | None], table: RiskTable, chosen: ChosenHere
) -> list[float]:
    """Return, for each arm, the p value of the test that its ratio is the same in all windows."""
    return [_same(fits, table, arm, chosen) for arm in range(len(table.arms))]


def _same(
    fits: Sequence[ArmRatios | None], table: RiskTable, arm: int, chosen: ChosenHere
) -> float:
    """Compare each window with the first.

    Windows have no events in common, so that the errors of the models are independent; the robust
    ones come from the same patients.
    """
    found = [
        (fit, int(np.flatnonzero(fit.arms == arm)[0]))
        for fit in fits
        if fit is not None and np.isfinite(fit.numbers("model").value[arm])
    ]
    if len(found) < 2:
        return float("nan")
    value = np.array([fit.moment.coefficients[line] for fit, line in found])
    if chosen == "model":
        covariance: Array = np.diag([fit.inverse[line, line] for fit, line in found])
    else:
        influence = np.stack([fit.influence[line] for fit, line in found])
        covariance = covariance_here(table, influence, chosen)
    contrast = np.column_stack([-np.ones(len(found) - 1), np.eye(len(found) - 1)])
    return chi_square(contrast @ value, contrast @ covariance @ contrast.T).p
