"""True risks, rates and times of a world, in the shape of an estimate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from azaanalysis.errors import ParameterError
from azaanalysis.result import Estimate
from azaanalysis.synthetic.outcomes import INFECTIONS, NEVER_DAY
from azaanalysis.synthetic.state import STOP_REASONS
from azaanalysis.synthetic.truth import Truth, target_weights
from azaanalysis.vocab import DAYS_PER_YEAR
from azaanalysis.wording import nearest

ENDPOINTS = ("discontinuation", "response", "remission", *INFECTIONS, "death")
STOPS = tuple(reason for reason in STOP_REASONS if reason not in ("death", "administrative"))


def event_days(truth: Truth, strategy: str, endpoint: str) -> pd.DataFrame:
    """Return, for each person, the day of the endpoint under a strategy, ``NEVER_DAY`` for none.

    One column per cause. Response and remission are first seen at a visit while on treatment
    and alive; infections are the first within the time that counts; discontinuation has a
    column for each reason and one, ``discontinuation``, for any.
    """
    if endpoint not in ENDPOINTS:
        raise ParameterError(
            f"There is no truth for the endpoint '{endpoint}'; {nearest(endpoint, ENDPOINTS)}"
        )
    found = truth.outcomes[strategy]
    if endpoint == "discontinuation":
        return _stops(found)
    if endpoint == "death":
        return pd.DataFrame({"death": found["death_day"]})
    day, until = found[f"{endpoint}_day"], found["exposed_days"]
    if endpoint in ("response", "remission"):
        until = found[["stop_day", "death_day"]].min(axis=1)
    return pd.DataFrame({endpoint: day.where(day <= until, NEVER_DAY)})


def _stops(found: pd.DataFrame) -> pd.DataFrame:
    """Return the day of stopping by reason; death comes before a stop on a later day only."""
    day = found["stop_day"].where(found["stop_day"] <= found["death_day"], NEVER_DAY)
    columns = {"discontinuation": day}
    for reason in STOPS:
        is_reason = found["stop_reason"] == STOP_REASONS.index(reason)
        columns[reason] = day.where(is_reason, NEVER_DAY)
    return pd.DataFrame(columns)


def true_risk(
    truth: Truth,
    endpoint: str,
    *,
    at_days: Sequence[float],
    target: str = "ate",
    strategies: Sequence[str] | None = None,
    treated: str | None = None,
) -> Estimate:
    """Return the true cumulative incidence under each strategy.

    Parameters
    ----------
    truth
        Potential outcomes from :func:`simulate_truth`.
    endpoint
        One of ``discontinuation`` (any, and by reason), ``response``, ``remission``,
        ``infection``, ``serious_infection``, ``opportunistic_infection``, ``herpes_zoster``
        (first, while on treatment) or ``death``.
    at_days
        Days since the index day, up to the horizon.
    target
        Population: ``ate`` (all who start one of the strategies), ``att`` (those who start
        ``treated``) or ``overlap``.
    strategies
        Strategies of the study; all if None. They define the population, too.
    treated
        For ``att`` only.

    Returns
    -------
    Estimate
        ``risk`` by strategy, cause and day; whatever comes first ends the follow-up, so
        competing events are part of it. ``std_error`` is the Monte-Carlo error, ``lower`` and
        ``upper`` are 1.96 of it away.

    Raises
    ------
    ParameterError
        If the endpoint, target or a strategy is unknown, or a day lies beyond the horizon.
    """
    _refuse_late(truth, at_days)
    chosen = tuple(strategies or truth.strategies)
    weight = target_weights(truth, target=target, strategies=chosen, treated=treated)
    rows = []
    for strategy in chosen:
        days = event_days(truth, strategy, endpoint)
        for cause in days:
            for at in at_days:
                happened = (days[cause] <= at).to_numpy(dtype=float)
                row = {"arm": strategy, "cause": cause, "at_days": at}
                rows.append({**row, **_mean(happened, weight)})
    return _estimate(truth, rows, endpoint, "risk", target)


def true_risk_difference(
    truth: Truth,
    endpoint: str,
    *,
    arm: str,
    versus: str,
    at_days: Sequence[float],
    target: str = "ate",
) -> Estimate:
    """Return the true difference in cumulative incidence between two strategies.

    The population is that of a study of these two. The same people have the same luck under
    both, so the Monte-Carlo error is that of the paired difference. ``att`` is the effect in
    those who start ``arm``. Everything else as in :func:`true_risk`.
    """
    _refuse_late(truth, at_days)
    weight = target_weights(truth, target=target, strategies=(arm, versus), treated=arm)
    first, second = (event_days(truth, strategy, endpoint) for strategy in (arm, versus))
    rows = []
    for cause in first:
        for at in at_days:
            difference = (first[cause] <= at).astype(float) - (second[cause] <= at)
            row = {"arm": arm, "versus": versus, "cause": cause, "at_days": at}
            rows.append({**row, **_mean(difference.to_numpy(), weight)})
    return _estimate(truth, rows, endpoint, "risk_difference", target)


def true_persistence(
    truth: Truth,
    *,
    at_days: Sequence[float],
    target: str = "ate",
    strategies: Sequence[str] | None = None,
    treated: str | None = None,
) -> Estimate:
    """Return the true proportion still on the index treatment and alive, by strategy and day.

    Parameters and errors as in :func:`true_risk`; the quantity is ``survival``.
    """
    _refuse_late(truth, at_days)
    chosen = tuple(strategies or truth.strategies)
    weight = target_weights(truth, target=target, strategies=chosen, treated=treated)
    rows = []
    for strategy in chosen:
        for at in at_days:
            goes_on = (_end_of_persistence(truth, strategy) > at).astype(float)
            rows.append({"arm": strategy, "at_days": at, **_mean(goes_on, weight)})
    return _estimate(truth, rows, "discontinuation", "survival", target)


def true_restricted_mean(
    truth: Truth,
    endpoint: str,
    *,
    until_day: float,
    target: str = "ate",
    strategies: Sequence[str] | None = None,
    treated: str | None = None,
) -> Estimate:
    """Return the true mean number of days free of the endpoint, up to a day.

    Days after a competing event count as free of the endpoint: the area above the cumulative
    incidence. For ``discontinuation`` the days are those on treatment and alive. Parameters and
    errors as in :func:`true_risk`; the quantity is ``restricted_mean_days``.
    """
    _refuse_late(truth, [until_day])
    chosen = tuple(strategies or truth.strategies)
    weight = target_weights(truth, target=target, strategies=chosen, treated=treated)
    rows = []
    for strategy in chosen:
        if endpoint == "discontinuation":
            day = _end_of_persistence(truth, strategy)
        else:
            day = event_days(truth, strategy, endpoint)[endpoint].to_numpy()
        free = np.minimum(day, until_day).astype(float)
        rows.append({"arm": strategy, "at_days": until_day, **_mean(free, weight)})
    return _estimate(truth, rows, endpoint, "restricted_mean_days", target)


def _end_of_persistence(truth: Truth, strategy: str) -> np.ndarray:
    found = truth.outcomes[strategy]
    return found[["stop_day", "death_day"]].min(axis=1).to_numpy()


def true_rate(
    truth: Truth,
    endpoint: str,
    *,
    per_years: float = 100,
    target: str = "ate",
    strategies: Sequence[str] | None = None,
    treated: str | None = None,
) -> Estimate:
    """Return the true rate of infections on treatment, all of them counted, up to the horizon.

    Parameters
    ----------
    truth, target, strategies, treated
        As in :func:`true_risk`.
    endpoint
        ``infection``, ``serious_infection``, ``opportunistic_infection`` or ``herpes_zoster``.
    per_years
        Patient-years in the denominator.
    """
    if endpoint not in INFECTIONS:
        raise ParameterError(
            f"There is no true rate of '{endpoint}'; {nearest(endpoint, INFECTIONS)}"
        )
    chosen = tuple(strategies or truth.strategies)
    weight = target_weights(truth, target=target, strategies=chosen, treated=treated)
    rows = []
    for strategy in chosen:
        found = truth.outcomes[strategy]
        years = found["exposed_time"].to_numpy() / DAYS_PER_YEAR / per_years
        row = _ratio(found[f"n_{endpoint}"].to_numpy(dtype=float), years, weight)
        rows.append({"arm": strategy, "unit": f"per {per_years:g} patient-years", **row})
    return _estimate(truth, rows, endpoint, "rate", target)


def _refuse_late(truth: Truth, days: Sequence[float]) -> None:
    if max(days) > truth.horizon_days:
        raise ParameterError(
            f"Day {max(days):g} lies beyond the horizon of this truth, {truth.horizon_days} days; "
            "simulate_truth(horizon_days=...) with a longer one."
        )


def _mean(values: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """Return a weighted mean with its Monte-Carlo error."""
    return _ratio(values, np.ones(len(values)), weight)


def _ratio(top: np.ndarray, bottom: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """Return a ratio of weighted sums with its Monte-Carlo error (linearised)."""
    total = float((weight * bottom).sum())
    value = float((weight * top).sum()) / total
    error = float(np.sqrt(((weight * (top - value * bottom)) ** 2).sum())) / total
    limits = {"lower": value - 1.96 * error, "upper": value + 1.96 * error}
    return {"value": value, "std_error": error, **limits}


def _estimate(
    truth: Truth, rows: list[dict[str, object]], endpoint: str, quantity: str, target: str
) -> Estimate:
    n = len(truth.people)
    shared = {"endpoint": endpoint, "quantity": quantity, "patients": n}
    about = {
        "method": "potential outcomes of the same simulated people",
        "interval": "Monte-Carlo error only",
        "level": 0.95,
        "target": target,
        "smallest_count": 1,
        "notes": (),
        **truth.about,
    }
    return Estimate.from_rows([{**row, **shared} for row in rows], about=about)
