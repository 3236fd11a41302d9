"""Rates compared between arms: ratio, difference, and patient-years for one event more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import ndtr

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.estimate.count_limits import NO_LIMITS, exact_odds_limits, mid_p_odds_limits
from azaanalysis.estimate.rate_bootstrap import bootstrap_interval_of
from azaanalysis.estimate.rate_pairs import RatePair, pair_rates
from azaanalysis.estimate.rate_variance import RateVariance
from azaanalysis.estimate.rates import (
    check_rate_settings,
    describe_variance,
    naming,
)
from azaanalysis.estimate.refusals import refuse_word
from azaanalysis.estimate.resample import USUAL, Resampling
from azaanalysis.estimate.tally import RiskTable
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words

RatioLimits = Literal["mid_p", "exact", "wald"]
_LIMITS = {
    "mid_p": "conditional binomial, mid-P",
    "exact": "conditional binomial, exact",
    "wald": "log scale, Poisson variance",
}


def estimate_rate_ratio(
    follow_up: FollowUp | RiskTable,
    *,
    level: float = 0.95,
    variance: RateVariance = "auto",
    limits: RatioLimits = "mid_p",
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate the ratio of the event rate of each arm to that of the reference.

    Parameters
    ----------
    follow_up
        As in ``estimate_rates``, at least two arms.
    level
        Coverage of the interval, between 0 and 1.
    variance
        As in ``estimate_rates``. Without ``exact`` the interval is symmetric on the log scale.
    limits
        How the limits are made when counts are taken as Poisson (``variance`` is ``exact``):
        ``mid_p`` covers as often as it says, on average; ``exact`` at least as often; ``wald``
        is the usual approximation.
    resampling
        How a bootstrap is done: resamples, seed, progress.

    Returns
    -------
    Estimate
        For each arm but the reference (``versus``) one row ``rate_ratio`` and one row
        ``rate_ratio_p`` (two-sided). ``std_error`` is that of the log ratio. ``patients``,
        ``events`` and ``patient_years`` are of both arms together. A ratio of zero has an upper
        limit only if counts are taken as Poisson; without an event in the reference the ratio
        is missing, with a note.

    Raises
    ------
    EstimationError
        If a setting means nothing, or counts are missing or negative.
    DesignError
        If there is only one arm, or the interval asked for would be wrong.

    Notes
    -----
    Given the total of both arms, the events of one are binomial if counts are Poisson: Przyborowski
    and Wilenski (1940), Biometrika 31:313-323; mid-P: Berry and Armitage (1995), Statistician
    44:417-423. The ratio says how many times as often events happen while followed; it is the
    ratio of hazards only if these do not change with time.
    """
    check_rate_settings(level, per_years=1)
    refuse_word("limits", limits, _LIMITS)
    pairs = list(pair_rates(follow_up, variance))
    named = naming(follow_up, 1) | {"unit": ""}
    rows = [
        {**named, **pair.named(), **row}
        for pair in pairs
        for row in _ratio_rows(pair, _Plan(level, limits, resampling))
    ]
    notes = [note for pair in pairs for note in pair.notes()]
    described = describe_variance(pairs[0].variance, level, pairs[0].time)
    about = {
        **follow_up.about,
        **described,
        "method": f"rate ratio, {_LIMITS[limits]}"
        if pairs[0].is_exact
        else "rate ratio, log scale",
        "notes": (*described["notes"], *notes),
    }
    return Estimate.from_rows(rows, about=about)


def estimate_rate_difference(
    follow_up: FollowUp | RiskTable,
    *,
    per_years: float = 100,
    level: float = 0.95,
    variance: RateVariance = "auto",
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate the difference between the event rate of each arm and that of the reference.

    Parameters
    ----------
    follow_up, per_years, level, variance, resampling
        As in ``estimate_rates``; at least two arms.

    Returns
    -------
    Estimate
        For each arm but the reference (``versus``) one row ``rate_difference`` in the stated
        ``unit``. ``patients``, ``events`` and ``patient_years`` are of both arms together.

    Raises
    ------
    EstimationError
        If a setting means nothing, or counts are missing or negative.
    DesignError
        If there is only one arm, or the interval asked for would be wrong.

    Notes
    -----
    The limits are put together from those of the two rates, so that they behave where events are
    few or none: Zou and Donner (2008), Stat Med 27:1693-1702. ``std_error`` is the plain one.
    """
    check_rate_settings(level, per_years)
    rows, pairs = [], list(pair_rates(follow_up, variance))
    for pair in pairs:
        value, limits, error = pair.difference(level)
        if pair.variance == "bootstrap":
            made = bootstrap_interval_of(pair.time, pair.plain_difference, level, resampling)
            limits, error = (float(made.lower[0]), float(made.upper[0])), float(made.std_error[0])
        row = {"value": value, "lower": limits[0], "upper": limits[1], "std_error": error}
        scaled = {key: number * per_years for key, number in row.items()}
        rows.append({**naming(follow_up, per_years), **pair.named(), **scaled})
    about = {
        **follow_up.about,
        **describe_variance(pairs[0].variance, level, pairs[0].time),
        "method": f"rate difference, {_how(pairs[0])}",
    }
    return Estimate.from_rows([{**row, "quantity": "rate_difference"} for row in rows], about=about)


def estimate_patient_years_to_harm(
    follow_up: FollowUp | RiskTable, *, level: float = 0.95, variance: RateVariance = "auto"
) -> Estimate:
    """Estimate after how many patient-years one event more happens than under the reference.

    Parameters
    ----------
    follow_up, level, variance
        As in ``estimate_rates``; at least two arms.

    Returns
    -------
    Estimate
        For each arm but the reference one row ``patient_years_to_harm``: one divided by the
        difference in rates. Below zero: patient-years for one event fewer. Where the interval
        of the difference contains zero it has no limits, and a note says between which two
        numbers it runs, through infinity.

    Raises
    ------
    EstimationError, DesignError
        As in ``estimate_rate_difference``.

    Notes
    -----
    Source: Altman (1998), BMJ 317:1309-1312.
    """
    difference = estimate_rate_difference(follow_up, per_years=1, level=level, variance=variance)
    frame = difference.frame
    is_clear = (frame["lower"] > 0) | (frame["upper"] < 0)
    inverse = 1 / frame[["value", "lower", "upper"]].replace(0.0, np.nan)
    turned = frame.assign(
        quantity="patient_years_to_harm",
        unit="patient-years",
        value=inverse["value"],
        lower=inverse["upper"].where(is_clear),
        upper=inverse["lower"].where(is_clear),
        std_error=np.nan,
    )
    notes = [_through_infinity(row) for row in frame[~is_clear].itertuples()]
    about = {**difference.about, "notes": (*difference.about.get("notes", ()), *notes)}
    return Estimate(turned, {**about, "method": "one divided by the difference in rates"})


def _through_infinity(row: Any) -> str:
    who = f"{in_words(row.arm)} against {in_words(row.versus)}"
    if not row.lower < 0 < row.upper:
        return f"No interval of the patient-years for {who}: the difference in rates has none."
    return (
        f"The interval of the patient-years for {who} runs through infinity: from one event fewer "
        f"in {-1 / row.lower:,.0f} to one event more in {1 / row.upper:,.0f} patient-years."
    )


def _how(pair: RatePair) -> str:
    if pair.variance == "bootstrap":
        return "studentised bootstrap"
    return "limits from those of the rates"


@dataclass(frozen=True)
class _Plan:
    """How the limits of a ratio are made."""

    level: float
    limits: RatioLimits
    resampling: Resampling


def _ratio_rows(pair: RatePair, plan: _Plan) -> list[dict[str, Any]]:
    """Return the rate ratio of one pair, and its p value."""
    rates, error = pair.of_both(pair.time.rates()), pair.log_error()
    value = rates[0] / rates[1] if rates[1] > 0 else np.nan
    if pair.is_exact and plan.limits != "wald" and np.isfinite(rates).all():
        lower, upper, p = _conditional(pair, plan.level, plan.limits)
    elif pair.variance == "bootstrap":
        lower, upper, error = _resampled(pair, plan)
        p = _normal_p(value, error)
    else:
        reach = pair.log_reach(plan.level) * error
        lower, upper = value * np.exp(-reach), value * np.exp(reach)
        p = _normal_p(value, error)
    ratio = {"value": value, "lower": lower, "upper": upper, "std_error": error}
    return [
        {"quantity": "rate_ratio", **ratio},
        {"quantity": "rate_ratio_p", "value": p},
    ]


def _normal_p(value: float, error: float) -> float:
    # Rows that are all alike have no error, and nothing to be held against.
    if not (np.isfinite(error) and error > 0):
        return float("nan")
    return float(2 * ndtr(-abs(np.log(value)) / error))


def _resampled(pair: RatePair, plan: _Plan) -> tuple[float, float, float]:
    made = bootstrap_interval_of(pair.time, pair.log_ratio, plan.level, plan.resampling)
    lower, upper = np.exp([made.lower[0], made.upper[0]])
    return float(lower), float(upper), float(made.std_error[0])


def _conditional(pair: RatePair, level: float, limits: str) -> tuple[float, float, float]:
    """Return limits and p value of the ratio, given the total count of the two arms."""
    # Loaded here because scipy.stats takes half a second to import.
    from scipy.stats import binom, binomtest

    seen = pair.time.observed()
    events = pair.of_both(seen["events"].to_numpy()).round().astype(int)
    years = pair.of_both(seen["patient_years"].to_numpy())
    if not events.sum():
        return *NO_LIMITS, np.nan
    own, other = int(events[0]), int(events[1])
    odds = (mid_p_odds_limits if limits == "mid_p" else exact_odds_limits)(own, other, level)
    lower, upper = (limit * years[1] / years[0] for limit in odds)
    share = years[0] / years.sum()
    if limits == "exact":
        return lower, upper, float(binomtest(own, own + other, share).pvalue)
    spent = binom.cdf(own, own + other, share) - binom.pmf(own, own + other, share) / 2
    return lower, upper, float(min(1.0, 2 * min(spent, 1 - spent)))
