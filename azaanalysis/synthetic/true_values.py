"""True risks and times of a world, in the shape of an estimate.

Each function takes a ``Truth``. Whose truth it is, ``truth.among(...)`` and ``truth.where(...)``
have said before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from azaanalysis.errors import ParameterError
from azaanalysis.result import Estimate
from azaanalysis.synthetic.outcomes import INFECTIONS, NEVER_DAY, Reading
from azaanalysis.synthetic.state import STOP_REASONS
from azaanalysis.synthetic.truth import DEFAULT_READING, Truth
from azaanalysis.wording import nearest

ENDPOINTS = ("discontinuation", "response", "remission", *INFECTIONS, "pancreatitis", "death")
STOPS = tuple(reason for reason in STOP_REASONS if reason not in ("death", "administrative"))
# A person's part in each side of a ratio of sums.
Parts = tuple[np.ndarray, np.ndarray]


def event_days(truth: Truth, strategy: str, endpoint: str) -> pd.DataFrame:
    """Return, for each person, the day of the endpoint under a strategy, ``NEVER_DAY`` for none.

    One column per cause. Response and remission are first seen at a visit while on treatment
    and alive; infections are the first within the time that counts; discontinuation has a
    column for each reason and one, ``discontinuation``, for any.
    """
    reading = truth.about.get("reading", DEFAULT_READING)
    assert isinstance(reading, Reading)
    known = (*ENDPOINTS, *(finding.name for finding in reading.findings))
    if endpoint not in known:
        raise ParameterError(
            f"There is no truth for the endpoint '{endpoint}'; {nearest(endpoint, known)}"
        )
    found = truth.outcomes[strategy]
    if endpoint == "discontinuation":
        return _stops(found)
    return pd.DataFrame({endpoint: found[f"{endpoint}_day"]})


def _stops(found: pd.DataFrame) -> pd.DataFrame:
    """Return the day of stopping by reason; death comes before a stop on a later day only."""
    day = found["stop_day"].where(found["stop_day"] <= found["death_day"], NEVER_DAY)
    columns = {"discontinuation": day}
    for reason in STOPS:
        is_reason = found["stop_reason"] == STOP_REASONS.index(reason)
        columns[reason] = day.where(is_reason, NEVER_DAY)
    return pd.DataFrame(columns)


def true_risk(truth: Truth, endpoint: str, *, at_days: Sequence[float]) -> Estimate:
    """Return the true cumulative incidence under each strategy.

    Parameters
    ----------
    truth
        Potential outcomes from :func:`simulate_truth`, in the population of interest.
    endpoint
        One of ``discontinuation`` (any, and by reason), ``response``, ``remission``,
        ``infection``, ``serious_infection``, ``opportunistic_infection``, ``herpes_zoster``,
        ``pancreatitis`` (first, while on treatment), ``death``, or the name of one of the
        findings of blood tests that the truth was read for.
    at_days
        Days since the index day, up to the horizon.

    Returns
    -------
    Estimate
        ``risk`` by strategy, cause and day; whatever comes first ends the follow-up, so
        competing events are part of it. ``std_error`` is the Monte-Carlo error, ``lower`` and
        ``upper`` are 1.96 of it away.

    Raises
    ------
    ParameterError
        If the endpoint is unknown, or a day lies beyond the horizon.
    """
    refuse_late(truth, at_days)
    rows = []
    for strategy in truth.strategies:
        days = event_days(truth, strategy, endpoint)
        for cause in days:
            for at in at_days:
                happened = (days[cause] <= at).to_numpy(dtype=float)
                row = {"arm": strategy, "cause": cause, "at_days": at}
                rows.append({**row, **mean_of(happened, truth.weight)})
    return as_estimate(truth, rows, endpoint, "risk")


def true_risk_difference(
    truth: Truth, endpoint: str, *, arm: str, versus: str, at_days: Sequence[float]
) -> Estimate:
    """Return the true difference in cumulative incidence between two strategies.

    The same people have the same luck under both, so the Monte-Carlo error is that of the
    paired difference. Everything else as in :func:`true_risk`.
    """

    def contrast(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
        return mean_of(first - second, truth.weight)

    rows = _contrasts(truth, endpoint, (arm, versus), at_days, contrast)
    return as_estimate(truth, rows, endpoint, "risk_difference")


def true_risk_ratio(
    truth: Truth, endpoint: str, *, arm: str, versus: str, at_days: Sequence[float]
) -> Estimate:
    """Return the true ratio of cumulative incidences of two strategies.

    The Monte-Carlo error is that of paired people (linearised). Everything else as in
    :func:`true_risk`.
    """

    def contrast(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
        return _ratio((first, second), truth.weight)

    rows = _contrasts(truth, endpoint, (arm, versus), at_days, contrast)
    return as_estimate(truth, rows, endpoint, "risk_ratio")


def _contrasts(
    truth: Truth,
    endpoint: str,
    arms: tuple[str, str],
    at_days: Sequence[float],
    contrast: Callable[[np.ndarray, np.ndarray], dict[str, float]],
) -> list[dict[str, object]]:
    """Compare what had happened under two strategies, by cause and day."""
    refuse_late(truth, at_days)
    truth.refuse_unknown(*arms)
    first, second = (event_days(truth, strategy, endpoint) for strategy in arms)
    rows = []
    for cause in first:
        for at in at_days:
            happened = [(days[cause] <= at).to_numpy(dtype=float) for days in (first, second)]
            row = {"arm": arms[0], "versus": arms[1], "cause": cause, "at_days": at}
            rows.append({**row, **contrast(happened[0], happened[1])})
    return rows


def true_persistence(truth: Truth, *, at_days: Sequence[float]) -> Estimate:
    """Return the true proportion still on the index treatment and alive, by strategy and day.

    Parameters and errors as in :func:`true_risk`; the quantity is ``survival``. By reason, what
    is missing from one is ``true_risk(truth, "discontinuation", ...)``.
    """
    refuse_late(truth, at_days)
    rows = [
        {"arm": strategy, "at_days": at, **mean_of((end > at).astype(float), truth.weight)}
        for strategy, end in _ends_of_persistence(truth).items()
        for at in at_days
    ]
    return as_estimate(truth, rows, "discontinuation", "survival")


def true_restricted_mean(truth: Truth, endpoint: str, *, until_day: float) -> Estimate:
    """Return the true mean number of days free of the endpoint, up to a day.

    Days after a competing event count as free of the endpoint: the area above the cumulative
    incidence. For ``discontinuation`` the days are those on treatment and alive. Parameters and
    errors as in :func:`true_risk`; the quantity is ``restricted_mean_days``.
    """
    refuse_late(truth, [until_day])
    if endpoint == "discontinuation":
        days = _ends_of_persistence(truth)
    else:
        of = {arm: event_days(truth, arm, endpoint)[endpoint] for arm in truth.strategies}
        days = {arm: day.to_numpy() for arm, day in of.items()}
    rows = [
        {"arm": arm, "at_days": until_day, **mean_of(np.minimum(day, until_day), truth.weight)}
        for arm, day in days.items()
    ]
    return as_estimate(truth, rows, endpoint, "restricted_mean_days")


def _ends_of_persistence(truth: Truth) -> dict[str, np.ndarray]:
    return {
        arm: found[["stop_day", "death_day"]].min(axis=1).to_numpy()
        for arm, found in truth.outcomes.items()
    }


def refuse_late(truth: Truth, days: Sequence[float]) -> None:
    """Raise an error if a day lies beyond the horizon of the truth."""
    if max(days) > truth.horizon_days:
        raise ParameterError(
            f"Day {max(days):g} lies beyond the horizon of this truth, {truth.horizon_days} days; "
            "simulate_truth(horizon_days=...) with a longer one."
        )


def mean_of(values: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """Return a weighted mean with its Monte-Carlo error."""
    return _ratio((values.astype(float), np.ones(len(values))), weight)


def _ratio(parts: Parts, weight: np.ndarray) -> dict[str, float]:
    """Return a ratio of weighted sums with its Monte-Carlo error (linearised)."""
    top, bottom = parts
    total = float((weight * bottom).sum())
    if not total:
        return {"value": np.nan}
    value = float((weight * top).sum()) / total
    return with_error(value, weight * (top - value * bottom) / total)


def with_error(value: float, influence: np.ndarray) -> dict[str, float]:
    """Return a value with its Monte-Carlo error, from what each person adds to it."""
    error = float(np.sqrt((influence**2).sum()))
    limits = {"lower": value - 1.96 * error, "upper": value + 1.96 * error}
    return {"value": value, "std_error": error, **limits}


def as_estimate(
    truth: Truth, rows: list[dict[str, object]], endpoint: str, quantity: str
) -> Estimate:
    """Return true values of a truth in the shape of an estimate."""
    shared = {"endpoint": endpoint, "quantity": quantity, "patients": len(truth.people)}
    about = {
        "method": "potential outcomes of the same simulated people",
        "interval": "Monte-Carlo error only",
        "level": 0.95,
        "smallest_count": 1,
        "notes": (),
        **truth.about,
    }
    return Estimate.from_rows([{**row, **shared} for row in rows], about=about)
