"""The true answer beside the estimate, where patients are invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.kinds import KINDS
from azaanalysis.estimate.true_rows import ADDED, BESIDE, OF_RATES, Asked
from azaanalysis.result import Estimate
from azaanalysis.settings import (
    DiscontinuationEndpoint,
    Endpoint,
    EventEndpoint,
    LaboratoryEndpoint,
    VisitEndpoint,
)
from azaanalysis.settings_spans import Span
from azaanalysis.study import Study
from azaanalysis.synthetic import (
    STOPS,
    TESTS,
    Finding,
    Reading,
    Truth,
    load_parameters,
    simulate_overlap_truth,
    simulate_truth,
)
from azaanalysis.synthetic.formulary import open_formulary

# Enough for an error well below that of a cohort of twenty thousand: of the people invented, only
# those who count in the target population are followed.
PEOPLE = 60_000
SEED = 20_240_101
REAL = "These patients are real: nobody knows the true answer."
UNKNOWN = "No truth is simulated for this question."
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
    estimates: Estimate,
    study: Study,
    *,
    endpoint: str | Sequence[str],
    among: str = "",
    watched: FollowUp | None = None,
    n_patients: int = PEOPLE,
) -> pd.DataFrame:
    """Set the true risks, rates, differences, mean counts and persistence beside their estimates.

    The truth is that of the same invented world: the same people under each strategy, nobody
    lost, in the population to which the study weighs.

    Parameters
    ----------
    estimates
        Rows of ``risk``, ``risk_difference`` or ``risk_ratio`` on single days; of stopping also
        ``survival``, which is persistence; of infections also ``mean_count`` on single days and,
        of all kinds, ``rate``, ``rate_difference`` and ``rate_ratio``.
    study, endpoint
        The question that they answer; or several, each with the estimates of its own endpoint.
    among
        A condition on the simulated people, such as ``"age_years < 40"``, for estimates in a group.
    watched
        The weighted follow-up that rates were estimated from. A rate depends on how long people
        are watched; its truth is that of people watched for as long.
    n_patients
        People who are invented for the truth.

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
    The truth exists for findings at single visits, discontinuation, first infections, pancreatitis
    and first findings of blood tests, with stopping and death as competing events. Rates and mean
    counts of infections have one where the end of treatment ends follow-up, too: that of the same
    quantity in people of whom nobody else is lost. Eligibility is taken over as far as the invented
    people have the columns. A cause of several reasons to stop has the sum of their risks; its
    error is at most that given.
    """
    if not isinstance(endpoint, str):
        each = [
            compare_with_truth(
                estimates.only(endpoint=name),
                study,
                endpoint=name,
                among=among,
                watched=watched,
                n_patients=n_patients,
            )
            for name in endpoint
        ]
        return _joined(each)
    asked = truth_name(study.endpoint(endpoint), endpoint)
    is_of_rates = bool(len(estimates.frame)) and set(estimates.frame["quantity"]) <= OF_RATES
    if is_of_rates and not (asked in _KINDS.values() and study.endpoint(endpoint).counts_all):
        asked = None
    reason = why_not(study, endpoint, is_of_rates=is_of_rates) or ("" if asked else UNKNOWN)
    if reason or asked is None:
        return nothing_known(reason)
    truth = _truth_of(study, endpoint, n_patients)
    truth = truth.where(among) if among else truth
    named, causes = strategy_of_arm(study, truth.strategies), causes_of(study, endpoint, asked)
    usable = _usable(estimates.frame, named, causes, truth.horizon_days)
    ends_at_stop = study.handling_of(endpoint)["discontinuation"] == "while_on_treatment"
    asks = Asked(truth, asked, named, causes, "censored" if ends_at_stop else "competing", watched)
    beside = [asks.beside(row) for row in usable.to_dict("records")]
    found = pd.DataFrame([row for row in beside if row], columns=[*BESIDE, *ADDED])
    found.attrs["reason"] = "" if len(found) else UNKNOWN
    return found


def _usable(
    rows: pd.DataFrame, named: Mapping[str, str], causes: Mapping[str, Any], horizon_days: int
) -> pd.DataFrame:
    """Keep the rows of arms and causes that are known, within the horizon."""
    known = rows["arm"].isin(list(named)) & rows["versus"].isin(["", *named])
    known &= rows["cause"].isin(list(causes)) | (rows["quantity"] == "survival")
    in_time = rows["at_days"].between(0, horizon_days) | rows["at_days"].isna()
    return rows[known & in_time & rows["value"].notna()]


def _joined(each: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join the tables of several questions, quantity by quantity; why there is none, if none."""
    known = [found for found in each if len(found)]
    if not known:
        return each[0]
    joined = pd.concat(known, ignore_index=True)
    order = joined["quantity"].map({name: n for n, name in enumerate(joined["quantity"].unique())})
    joined = joined.iloc[np.argsort(order.to_numpy(), kind="stable")].reset_index(drop=True)
    joined.attrs["reason"] = ""
    return joined


def why_not(study: Study, endpoint: str, *, is_of_rates: bool = False) -> str:
    """Say why no truth can be set beside estimates of an endpoint; nothing if it can."""
    if study.source.synthetic is None:
        return REAL
    if study.weighting is None:
        return "The arms stand for different patients here, so that there is no one true answer."
    if not {*study.population.without, *study.population.numbers} <= _PEOPLE_HAVE:
        return "Eligibility uses what the simulated people do not have."
    handled, settings = study.handling_of(endpoint), study.endpoint(endpoint)
    if is_of_rates:
        return "" if _strategy_of(study, endpoint) else "No truth is simulated for this handling."
    competes = handled["death"] == "competing"
    if isinstance(settings, DiscontinuationEndpoint):
        competes &= not set(settings.censor) & set(STOPS)
    else:
        competes &= handled["discontinuation"] == "competing"
    return (
        "" if competes else "The truth is known with stopping and death as competing events only."
    )


def _strategy_of(study: Study, endpoint: str) -> Literal["on_treatment", "as_started"] | None:
    """Return for how long events count, as the mechanism calls it; None if it has no word."""
    handled = study.handling_of(endpoint)
    ends = {handled["discontinuation"], handled["switch"]}
    if ends == {"treatment_policy"}:
        return "as_started"
    return "on_treatment" if ends <= {"while_on_treatment", "competing"} else None


def nothing_known(reason: str) -> pd.DataFrame:
    """Return no rows, and the reason."""
    empty = pd.DataFrame(columns=[*BESIDE, *ADDED])
    empty.attrs["reason"] = reason
    return empty


def truth_name(settings: Endpoint, endpoint: str) -> str | None:
    """Return what the mechanism calls an endpoint; None if it has no truth for it."""
    if isinstance(settings, VisitEndpoint):
        is_plain = settings.held_for_visits == 1 and not settings.steroid_free
        return settings.finding if is_plain else None
    if isinstance(settings, DiscontinuationEndpoint):
        return "discontinuation"
    if isinstance(settings, EventEndpoint) and settings.event == "infection":
        return _KINDS.get(tuple(sorted(settings.where.items())))
    if isinstance(settings, EventEndpoint) and settings.event == "pancreatitis":
        return None if settings.where else "pancreatitis"
    return endpoint if _finding(endpoint, settings) else None


def _finding(endpoint: str, settings: Endpoint) -> Finding | None:
    """Return the result of a test that an endpoint looks for; None if the truth has none."""
    if not isinstance(settings, LaboratoryEndpoint) or settings.test not in TESTS:
        return None
    limits = (settings.below, settings.above, settings.above_upper_limits)
    if settings.counts_all or limits == (None, None, None):
        return None
    # Only ALT comes with a limit of normal.
    if settings.above_upper_limits is not None and settings.test != "alt":
        return None
    return Finding(endpoint, settings.test, *limits)


def _truth_of(study: Study, endpoint: str, n_patients: int) -> Truth:
    """Simulate the truth in the population and with the conventions of the study."""
    weighting = study.weighting
    assert study.source.synthetic is not None
    assert weighting is not None
    reading = reading_of(study, endpoint)
    world, horizon_days = study.source.synthetic.world, study.horizon_of(endpoint)
    options: dict[str, Any] = {"n_patients": n_patients, "seed": SEED, "reading": reading}
    named = strategy_of_arm(study, open_formulary(load_parameters(world)).strategies)
    strategies = tuple(named.values())
    if weighting.target == "overlap":
        truth = simulate_overlap_truth(world, strategies, horizon_days=horizon_days, **options)
    else:
        treated = named.get(weighting.of_arm or study.comparison.reference)
        truth = simulate_truth(world, horizon_days=horizon_days, **options)
        truth = truth.among(weighting.target, strategies=strategies, treated=treated)
    return truth.where(" and ".join(conditions_of(study)))


def reading_of(study: Study, endpoint: str) -> Reading:
    """Return the conventions by which the study reads an endpoint."""
    settings = study.endpoint(endpoint)
    # All findings of the study are read at once, so that one simulation answers for them all.
    findings = (_finding(name, asked) for name, asked in study.endpoints.items())
    return Reading(
        permissible_gap_days=study.comparison.permissible_gap_days,
        lag_days=settings.lag_days,
        episode_gap_days=_episode_gap_days(study, settings),
        strategy=_strategy_of(study, endpoint) or "on_treatment",
        findings=tuple(finding for finding in findings if finding),
    )


def _episode_gap_days(study: Study, settings: Endpoint) -> int:
    """Return the gap between episodes; for first events, whom it does not change, a shared one."""
    if isinstance(settings, EventEndpoint) and settings.counts_all:
        return settings.episode_gap_days
    gaps = [getattr(other, "episode_gap_days", 0) for other in study.endpoints.values()]
    return max(gaps)


def strategy_of_arm(study: Study, strategies: Sequence[str]) -> dict[str, str]:
    """Return what the mechanism calls each arm, without arms that it does not know."""
    named: dict[str, str] = {}
    for arm, parts in study.comparison.arms.items():
        known = [name for name in (arm, "_with_".join(sorted(parts))) if name in strategies]
        named |= {arm: known[0]} if known else {}
    return named


def conditions_of(study: Study) -> list[str]:
    """Return who is eligible, as conditions on the invented people."""
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


def causes_of(study: Study, endpoint: str, asked: str) -> dict[str, tuple[str, ...]]:
    """Return each cause of the endpoint whose truth is known, and what it is in the mechanism."""
    settings = study.endpoint(endpoint)
    if isinstance(settings, DiscontinuationEndpoint):
        if settings.causes == "any":
            return {"discontinuation": ("discontinuation",)}
        return {
            name: reasons for name, reasons in settings.causes.items() if {*reasons} <= {*STOPS}
        }
    known: dict[str, tuple[str, ...]] = {}
    if asked in _KINDS.values():
        known = {kind: (_KINDS[tuple(where.items())],) for kind, where in KINDS.items()}
    return known | dict.fromkeys((asked, getattr(settings, "event", asked)), (asked,))
