"""Event rates per patient-time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import gammaincinv

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.result import Estimate
from azaanalysis.vocab import DAYS_PER_YEAR


def estimate_rates(
    follow_up: FollowUp, *, per_years: float = 100, level: float | None = 0.95
) -> Estimate:
    """Estimate the event rate in each arm, with an exact Poisson interval.

    The quantity is the mean number of events per unit of time at risk, while patients stay in
    follow-up. Whether the first event ends a patient's time or all events count is the
    endpoint's choice (``count``).

    Parameters
    ----------
    follow_up
        One row per patient. Uses ``arm``, ``entry_days`` and ``exit_days`` (days since time
        zero), ``n_events`` (count) and ``weight``.
    per_years
        Patient-years in the denominator: 100 gives "per 100 patient-years".
    level
        Coverage of the interval, between 0 and 1. None gives no interval.

    Returns
    -------
    Estimate
        One row per arm. ``value``, ``lower`` and ``upper`` are in the stated ``unit``;
        ``patients``, ``events`` and ``patient_years`` are as observed, before weighting.
        ``at_days`` is missing: a rate belongs to no single day. An arm without patient-time has
        no rate: its value is missing.

    Raises
    ------
    EstimationError
        If ``level`` is not a proportion, or ``per_years`` is not above zero.
    DesignError
        If an interval is asked of a weighted follow-up: it needs whole counts.

    Notes
    -----
    Source: Garwood (1936), Biometrika 28:437-442. Counts are taken as Poisson, so the interval
    is too narrow where a few patients have most of the events.
    """
    if level is not None and not 0 < level < 1:
        raise EstimationError(f"level must lie between 0 and 1, for example 0.95; got {level}.")
    if not per_years > 0:
        raise EstimationError(f"per_years must be above zero, for example 100; got {per_years}.")
    if level is not None and follow_up.is_weighted:
        raise DesignError(
            "The exact Poisson interval needs whole counts, but this follow-up is weighted. "
            "Ask for the rate alone with level=None, or for the rates of the unweighted follow-up."
        )
    rows = [
        {
            "endpoint": follow_up.endpoint,
            "cause": follow_up.causes[0] if follow_up.n_own == 1 else "",
            "quantity": "rate",
            "unit": f"per {per_years:g} patient-years",
            **_rate(patients, per_years, level),
            "arm": arm,
        }
        for arm, patients in follow_up.frame.groupby("arm", observed=False)
    ]
    about = {
        **follow_up.about,
        "method": "exact Poisson (Garwood)",
        "level": level,
        "interval": "Poisson counts, patients independent",
    }
    return Estimate.from_rows(rows, about=about)


def _rate(patients: pd.DataFrame, per_years: float, level: float | None) -> dict[str, float]:
    """Return the rate of one arm with its limits, and what was observed."""
    years = (patients["exit_days"] - patients["entry_days"]) / DAYS_PER_YEAR
    events, weight = patients["n_events"], patients["weight"]
    weighted_years = (years * weight).sum()
    unit = per_years / weighted_years if weighted_years > 0 else np.nan
    low, high = _exact_poisson(events.sum(), level)
    return {
        "value": (events * weight).sum() * unit,
        "lower": low * unit,
        "upper": high * unit,
        "patients": len(patients),
        "events": events.sum(),
        "patient_years": years.sum(),
    }


def _exact_poisson(count: float, level: float | None) -> tuple[float, float]:
    """Return limits for a Poisson mean after one observed count."""
    if level is None:
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    # Quantiles of chi-square with 2k degrees of freedom, halved, are those of gamma(k).
    low = float(gammaincinv(count, tail)) if count else 0.0
    return low, float(gammaincinv(count + 1, 1 - tail))
