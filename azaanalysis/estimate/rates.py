"""Event rates per patient-time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.count_limits import NO_LIMITS, gamma_limits
from azaanalysis.estimate.person_time import PersonTime
from azaanalysis.estimate.rate_bootstrap import bootstrap_interval_of, log_rates
from azaanalysis.estimate.rate_variance import CONTAINS, RateVariance, choose_variance
from azaanalysis.estimate.reach import normal_reach
from azaanalysis.estimate.refusals import refuse_level, sound_windows
from azaanalysis.estimate.resample import USUAL, Resampling
from azaanalysis.estimate.tally import RiskTable
from azaanalysis.result import Estimate
from azaanalysis.vocab import per_patient_years

_METHOD = {
    "exact": "exact Poisson (Garwood)",
    "robust": "robust variance, gamma limits",
    "stacked": "stacked variance, gamma limits",
    "bootstrap": "studentised bootstrap on the log scale",
}


def estimate_rates(
    follow_up: FollowUp | RiskTable,
    *,
    per_years: float = 100,
    level: float | None = 0.95,
    variance: RateVariance = "auto",
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate the event rate in each arm.

    The quantity is the mean number of events per unit of time at risk, while patients stay in
    follow-up. Whether the first event ends a patient's time or all events count is the
    endpoint's choice (``count``).

    Parameters
    ----------
    follow_up
        One row per patient or several, or a risk table (first events). Uses ``arm``,
        ``entry_days`` and ``exit_days`` (days since time zero), ``n_events`` (count) and
        ``weight``.
    per_years
        Patient-years in the denominator: 100 gives "per 100 patient-years".
    level
        Coverage of the interval, between 0 and 1. None gives no interval.
    variance
        ``exact``: Poisson counts, without weights only. ``robust``: the spread of counts over
        patients as it is, weights taken as known. ``stacked``: contains the estimation of the
        weights too, ``bootstrap`` as well, by drawing patients and weighing again. ``auto``:
        bootstrap in small arms with estimated weights, stacked in large ones; robust with known
        weights, or where counts repeat in patients and are many; else exact.
    resampling
        How a bootstrap is done: resamples, seed, progress.

    Returns
    -------
    Estimate
        One row per arm. ``value``, ``lower``, ``upper`` and ``std_error`` are in the stated
        ``unit``; ``patients``, ``events`` and ``patient_years`` are as observed, before
        weighting. ``at_days`` is missing: a rate belongs to no single day. An arm without
        patient-time has no rate: its value is missing.

    Raises
    ------
    EstimationError
        If ``level`` is not a proportion, ``per_years`` is not above zero, or counts are missing
        or negative.
    DesignError
        If the interval asked for would be wrong: whole counts with weights, or a model of
        weights that is not there.

    Notes
    -----
    Source: Garwood (1936), Biometrika 28:437-442 (exact); Tiwari, Clegg and Zou (2006), Stat
    Methods Med Res 15:547-569 (gamma limits of weighted counts, here with the robust variance). The
    exact interval takes counts as Poisson, so it is too narrow where a few patients have most
    of the events. Where all patients have the same rate, their spread is not known and there
    are no robust limits.
    """
    check_rate_settings(level, per_years)
    time = PersonTime.of(follow_up)
    chosen = choose_variance(time, variance, can_draw=True) if level is not None else "robust"
    if chosen == "bootstrap" and level is not None:
        rates = _resampled_rates(time, per_years, level, resampling)
    else:
        rates = _arm_rates(time, chosen, per_years, level)
    about = {**follow_up.about, **describe_variance(chosen, level, time)}
    return Estimate(rates.assign(**naming(follow_up, per_years), quantity="rate"), about)


def estimate_rates_by_window(
    follow_up: FollowUp | RiskTable,
    *,
    windows: Sequence[float],
    per_years: float = 100,
    level: float | None = 0.95,
    variance: RateVariance = "auto",
) -> Estimate:
    """Estimate the event rate in each arm within windows of time since time zero.

    Parameters
    ----------
    follow_up
        Rows with at most one event each, which happened on ``exit_days``: first events, or
        recurrent events with one row for each interval at risk. Or a risk table.
    windows
        The days at which windows end and begin, ascending: ``[0, 91, 182, 365]`` are three
        windows, of days 1 to 91, 92 to 182 and 183 to 365. An event on day 0 belongs to a first
        window that begins at 0.
    per_years, level, variance
        As in ``estimate_rates``.

    Returns
    -------
    Estimate
        One row per window and arm, with ``at_days`` the last day of the window. ``patients``
        are those with time in the window, or with an event in it.

    Raises
    ------
    EstimationError
        If the windows do not follow one another.
    DesignError
        If a row has more than one event: their days are not known.
    """
    check_rate_settings(level, per_years)
    ends = sound_windows(windows).tolist()
    time = PersonTime.of(follow_up)
    chosen = choose_variance(time, variance) if level is not None else "robust"
    rows = [
        _arm_rates(time.within(start, end), chosen, per_years, level).assign(at_days=end)
        for start, end in pairwise(ends)
    ]
    about = {
        **follow_up.about,
        **describe_variance(chosen, level, time),
        "windows": tuple(ends),
    }
    rates = pd.concat(rows).assign(**naming(follow_up, per_years), quantity="rate_in_window")
    return Estimate(rates, about)


def describe_variance(chosen: str, level: float | None, time: PersonTime) -> dict[str, Any]:
    """Say how the limits of rates were made, and which uncertainty they contain."""
    source = time.follow_up or time.table
    notes = source.about.get("notes", ()) if source is not None else ()
    return {
        "method": _METHOD[chosen],
        "level": level,
        "variance": chosen,
        "interval": CONTAINS[chosen] if level is not None else "none",
        "notes": (*notes, *(time.warnings() if level is not None else ())),
    }


def check_rate_settings(level: float | None, per_years: float) -> None:
    """Refuse a level that is no proportion, and a denominator that is none."""
    if level is not None:
        refuse_level(level)
    if not per_years > 0:
        raise EstimationError(f"per_years must be above zero, for example 100; got {per_years}.")


def naming(follow_up: FollowUp | RiskTable, per_years: float) -> dict[str, Any]:
    """Return what all rows about the rates of one endpoint have in common."""
    return {
        "endpoint": follow_up.endpoint,
        "cause": follow_up.causes[0] if follow_up.n_own == 1 else "",
        "unit": per_patient_years(per_years),
    }


def limits_of_rates(time: PersonTime, chosen: str, level: float | None) -> np.ndarray:
    """Return lower and upper limit of the rate of each arm, per patient-year; shape (k, 2)."""
    if level is None:
        return np.array([NO_LIMITS for _ in time.arms])
    wider = time.reach(chosen, level) / normal_reach(level)
    spread = np.diag(time.covariance(chosen)) * wider**2
    limits = [
        gamma_limits(*parts, level) if np.isfinite(parts[0]) else NO_LIMITS
        for parts in zip(time.rates(), spread, time.one_event_more(), strict=True)
    ]
    return np.array(limits)


def _arm_rates(
    time: PersonTime, chosen: str, per_years: float, level: float | None
) -> pd.DataFrame:
    lower, upper = limits_of_rates(time, chosen, level).T * per_years
    return time.observed().assign(
        arm=time.arms,
        value=time.rates() * per_years,
        lower=lower,
        upper=upper,
        std_error=np.sqrt(np.diag(time.covariance(chosen))) * per_years,
    )


def _resampled_rates(
    time: PersonTime, per_years: float, level: float, resampling: Resampling
) -> pd.DataFrame:
    made = bootstrap_interval_of(time, log_rates, level, resampling)
    rates = time.rates()
    return time.observed().assign(
        arm=time.arms,
        value=rates * per_years,
        lower=np.exp(made.lower) * per_years,
        upper=np.exp(made.upper) * per_years,
        std_error=made.std_error * rates * per_years,
    )
