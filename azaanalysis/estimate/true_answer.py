"""The true answer beside the estimate, where patients are invented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from azaanalysis.result import Estimate
from azaanalysis.settings import (
    DiscontinuationEndpoint,
    Endpoint,
    EventEndpoint,
    Span,
    VisitEndpoint,
)
from azaanalysis.study import Study
from azaanalysis.synthetic import (
    Reading,
    Truth,
    simulate_truth,
    true_risk,
    true_risk_difference,
    true_risk_ratio,
)

_COLUMNS = ["quantity", "cause", "arm", "versus", "at_days", "value", "lower", "upper"]
_ADDED = ["truth", "truth_error", "is_within"]
_PEOPLE = 20_000
_SEED = 20_240_101
_UNKNOWN = "No truth is simulated for this question."
_PEOPLE_HAVE = {
    *("has_liver_disease", "has_cancer_history", "severity_score"),
    *("comorbidity_score", "prior_biologics", "age_years"),
}
_KINDS: dict[tuple[tuple[str, Any], ...], str] = {
    (): "infection",
    (("is_serious", True),): "serious_infection",
    (("is_opportunistic", True),): "opportunistic_infection",
    (("site_of_infection", "herpes_zoster"),): "herpes_zoster",
}


def compare_with_truth(
    estimates: Estimate, study: Study, *, endpoint: str, n_patients: int = _PEOPLE
) -> pd.DataFrame:
    """Set the true risks and differences beside their estimates.

    The truth is that of the same invented world: the same people under each strategy, nobody
    lost, in the population to which the study weighs.

    Parameters
    ----------
    estimates
        Rows of ``risk``, ``risk_difference`` or ``risk_ratio`` on single days.
    study, endpoint
        The question that they answer.
    n_patients
        People for whom the truth is simulated.

    Returns
    -------
    DataFrame
        One row per estimate whose truth is known: ``quantity``, ``cause``, ``arm``, ``versus``,
        ``at_days``, ``value``, ``lower``, ``upper``, ``truth``, ``truth_error`` (its Monte-Carlo
        standard error) and ``is_within`` (whether the interval holds the truth). No rows if
        patients are real, or if the mechanism has no truth for this endpoint as it is handled
        here; ``attrs["reason"]`` says which.

    Notes
    -----
    The truth exists for findings at single visits, discontinuation and first infections, with
    stopping and death as competing events. Eligibility is taken over as far as the invented
    people have the columns.
    """
    asked = _truth_name(study.endpoint(endpoint))
    reason = _why_not(study, endpoint) or ("" if asked else _UNKNOWN)
    if reason or asked is None:
        return _nothing(reason)
    truth = _truth_of(study, endpoint, n_patients)
    named = _strategy_of_arm(study, truth)
    own = {asked, getattr(study.endpoint(endpoint), "event", asked)}
    usable = estimates.frame[
        estimates.frame["arm"].isin(list(named))
        & estimates.frame["versus"].isin(["", *named])
        & (estimates.frame["cause"].isin(own) | (asked == "discontinuation"))
        & estimates.frame["value"].notna()
        & estimates.frame["at_days"].between(0, truth.horizon_days)
    ]
    rows = [_beside(row, truth, asked, named) for row in usable.to_dict("records")]
    found = pd.DataFrame([row for row in rows if row], columns=[*_COLUMNS, *_ADDED])
    found.attrs["reason"] = "" if len(found) else _UNKNOWN
    return found


def _why_not(study: Study, endpoint: str) -> str:
    if study.source.synthetic is None:
        return "These patients are real: nobody knows the true answer."
    if study.weighting is None:
        return "The arms stand for different patients here, so that there is no one true answer."
    if not {*study.population.without, *study.population.numbers} <= _PEOPLE_HAVE:
        return "Eligibility uses what the simulated people do not have."
    handled = study.handling_of(endpoint)
    competes = handled["discontinuation"] == handled["death"] == "competing"
    is_outcome = isinstance(study.endpoint(endpoint), DiscontinuationEndpoint)
    if not (competes or is_outcome):
        return "The truth is known with stopping and death as competing events only."
    return ""


def _nothing(reason: str) -> pd.DataFrame:
    empty = pd.DataFrame(columns=[*_COLUMNS, *_ADDED])
    empty.attrs["reason"] = reason
    return empty


def _truth_name(settings: Endpoint) -> str | None:
    """Return what the mechanism calls an endpoint; None if it has no truth for it."""
    if isinstance(settings, VisitEndpoint):
        is_plain = settings.held_for_visits == 1 and not settings.steroid_free
        return settings.finding if is_plain else None
    if isinstance(settings, DiscontinuationEndpoint):
        return "discontinuation"
    if isinstance(settings, EventEndpoint) and settings.event == "infection":
        return _KINDS.get(tuple(sorted(settings.where.items())))
    return None


def _truth_of(study: Study, endpoint: str, n_patients: int) -> Truth:
    """Simulate the truth in the population and with the conventions of the study."""
    settings, weighting = study.endpoint(endpoint), study.weighting
    assert study.source.synthetic is not None
    assert weighting is not None
    reading = Reading(
        permissible_gap_days=study.comparison.permissible_gap_days,
        lag_days=settings.lag_days,
        episode_gap_days=getattr(settings, "episode_gap_days", 0),
    )
    truth = simulate_truth(
        study.source.synthetic.world,
        n_patients=n_patients,
        seed=_SEED,
        horizon_days=study.horizon_of(endpoint),
        reading=reading,
    )
    named = _strategy_of_arm(study, truth)
    treated = None
    if weighting.target == "att":
        treated = named[weighting.of_arm or study.comparison.reference]
    strategies = tuple(named.values())
    truth = truth.among(weighting.target, strategies=strategies, treated=treated)
    return truth.where(" and ".join(_conditions(study)))


def _strategy_of_arm(study: Study, truth: Truth) -> dict[str, str]:
    """Return what the mechanism calls each arm, without arms that it does not know."""
    named = {}
    for arm, parts in study.comparison.arms.items():
        name = "combination" if len(parts) > 1 else arm
        if name in truth.strategies:
            named[arm] = name
    return named


def _conditions(study: Study) -> list[str]:
    population = study.population
    found = [f"lookback_days >= {study.comparison.washout_days}"]
    if population.diseases:
        found.append(f"disease in {list(population.diseases)}")
    spans: Mapping[str, Span] = {
        "age_years": population.age_years,
        "prior_biologics": population.prior_biologics,
        **population.numbers,
    }
    for column, span in spans.items():
        found += [f"{column} >= {span.at_least}"] if span.at_least is not None else []
        found += [f"{column} <= {span.at_most}"] if span.at_most is not None else []
    return found + [f"not {column}" for column in population.without]


def _beside(
    row: dict[Any, Any], truth: Truth, endpoint: str, named: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return an estimate with its truth beside it; None if there is none."""
    days = [row["at_days"]]
    if row["quantity"] == "risk":
        made = true_risk(truth, endpoint, at_days=days).only(arm=named[row["arm"]])
    elif row["quantity"] in ("risk_difference", "risk_ratio") and row["versus"]:
        compare = {"risk_difference": true_risk_difference, "risk_ratio": true_risk_ratio}
        arms = {"arm": named[row["arm"]], "versus": named[row["versus"]]}
        made = compare[row["quantity"]](truth, endpoint, **arms, at_days=days)
    else:
        return None
    cause = row["cause"] if endpoint == "discontinuation" else endpoint
    found = made.only(cause=cause).frame
    if found.empty:
        return None
    true = float(found["value"].iloc[0])
    kept = {column: row[column] for column in _COLUMNS}
    made_up = {"truth": true, "truth_error": found["std_error"].iloc[0]}
    return {**kept, **made_up, "is_within": bool(row["lower"] <= true <= row["upper"])}
