"""Event rates per patient-time."""

from __future__ import annotations

import numpy as np
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
    frame = follow_up.frame
    years = (frame["exit_days"] - frame["entry_days"]) / DAYS_PER_YEAR
    sums = (
        frame.assign(
            years=years,
            weighted_years=years * frame["weight"],
            weighted_events=frame["n_events"] * frame["weight"],
        )
        .groupby("arm", observed=False)[["years", "n_events", "weighted_years", "weighted_events"]]
        .sum()
    )
    patients = frame["arm"].value_counts()
    rows = []
    for arm, total in sums.iterrows():
        unit = per_years / total["weighted_years"] if total["weighted_years"] > 0 else np.nan
        low, high = _exact_poisson(total["n_events"], level)
        row = {
            "endpoint": follow_up.endpoint,
            "cause": follow_up.causes[0] if follow_up.n_own == 1 else "",
            "arm": arm,
            "quantity": "rate",
            "unit": f"per {per_years:g} patient-years",
            "value": total["weighted_events"] * unit,
            "lower": low * unit,
            "upper": high * unit,
            "patients": patients[str(arm)],
            "events": total["n_events"],
            "patient_years": total["years"],
        }
        rows.append(row)
    about = {
        **follow_up.about,
        "method": "exact Poisson (Garwood)",
        "level": level,
        "interval": "Poisson counts, patients independent",
    }
    return Estimate.from_rows(rows, about=about)


def _exact_poisson(count: float, level: float | None) -> tuple[float, float]:
    """Return limits for a Poisson mean after one observed count."""
    if level is None:
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    # Quantiles of chi-square with 2k degrees of freedom, halved, are those of gamma(k).
    low = float(gammaincinv(count, tail)) if count else 0.0
    return low, float(gammaincinv(count + 1, 1 - tail))
