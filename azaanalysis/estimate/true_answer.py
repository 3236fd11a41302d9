"""The true answer beside the estimate, where patients are invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

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
    simulate_truth,
    true_persistence,
    true_risk,
    true_risk_difference,
    true_risk_ratio,
)

BESIDE = ["quantity", "cause", "arm", "versus", "at_days", "value", "lower", "upper"]
ADDED = ["truth", "truth_error", "is_within"]
_PEOPLE = 20_000
_SEED = 20_240_101
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
    n_patients: int = _PEOPLE,
) -> pd.DataFrame:
    """Set the true risks, differences and persistence beside their estimates.

    The truth is that of the same invented world: the same people under each strategy, nobody
    lost, in the population to which the study weighs.

    Parameters
    ----------
    estimates
        Rows of ``risk``, ``risk_difference`` or ``risk_ratio`` on single days; of stopping also
        ``survival``, which is persistence.
    study, endpoint
        The question that they answer; or several, each with the estimates of its own endpoint.
    among
        A condition on the simulated people, such as ``"age_years < 40"``, for estimates in a group.
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
    The truth exists for findings at single visits, discontinuation, first infections, pancreatitis
    and first findings of blood tests, with stopping and death as competing events. Eligibility is
    taken over as far as the invented people have the columns. A cause of several reasons to stop
    has the sum of their risks; its error is at most that given.
    """
    if not isinstance(endpoint, str):
        each = [
            compare_with_truth(
                estimates.only(endpoint=name),
                study,
                endpoint=name,
                among=among,
                n_patients=n_patients,
            )
            for name in endpoint
        ]
        return _joined(each)
    asked = _truth_name(study.endpoint(endpoint), endpoint)
    reason = why_not(study, endpoint) or ("" if asked else UNKNOWN)
    if reason or asked is None:
        return nothing_known(reason)
    truth = _truth_of(study, endpoint, n_patients)
    truth = truth.where(among) if among else truth
    named = strategy_of_arm(study, truth.strategies)
    causes = _causes(study.endpoint(endpoint), asked)
    usable = estimates.frame[
        estimates.frame["arm"].isin(list(named))
        & estimates.frame["versus"].isin(["", *named])
        & (
            estimates.frame["cause"].isin(list(causes))
            | (estimates.frame["quantity"] == "survival")
        )
        & estimates.frame["value"].notna()
        & estimates.frame["at_days"].between(0, truth.horizon_days)
    ]
    asks = _Asked(truth, asked, named, causes)
    beside = [asks.beside(row) for row in usable.to_dict("records")]
    found = pd.DataFrame([row for row in beside if row], columns=[*BESIDE, *ADDED])
    found.attrs["reason"] = "" if len(found) else UNKNOWN
    return found


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


def why_not(study: Study, endpoint: str) -> str:
    """Say why no truth can be set beside estimates of an endpoint; nothing if it can."""
    if study.source.synthetic is None:
        return "These patients are real: nobody knows the true answer."
    if study.weighting is None:
        return "The arms stand for different patients here, so that there is no one true answer."
    if not {*study.population.without, *study.population.numbers} <= _PEOPLE_HAVE:
        return "Eligibility uses what the simulated people do not have."
    handled, settings = study.handling_of(endpoint), study.endpoint(endpoint)
    competes = handled["death"] == "competing"
    if isinstance(settings, DiscontinuationEndpoint):
        competes &= not set(settings.censor) & set(STOPS)
    else:
        competes &= handled["discontinuation"] == "competing"
    return (
        "" if competes else "The truth is known with stopping and death as competing events only."
    )


def nothing_known(reason: str) -> pd.DataFrame:
    """Return no rows, and the reason."""
    empty = pd.DataFrame(columns=[*BESIDE, *ADDED])
    empty.attrs["reason"] = reason
    return empty


def _truth_name(settings: Endpoint, endpoint: str) -> str | None:
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
    settings, weighting = study.endpoint(endpoint), study.weighting
    assert study.source.synthetic is not None
    assert weighting is not None
    # All findings of the study are read at once, so that one simulation answers for them all.
    findings = (_finding(name, asked) for name, asked in study.endpoints.items())
    reading = Reading(
        permissible_gap_days=study.comparison.permissible_gap_days,
        lag_days=settings.lag_days,
        episode_gap_days=getattr(settings, "episode_gap_days", 0),
        findings=tuple(finding for finding in findings if finding),
    )
    truth = simulate_truth(
        study.source.synthetic.world,
        n_patients=n_patients,
        seed=_SEED,
        horizon_days=study.horizon_of(endpoint),
        reading=reading,
    )
    named = strategy_of_arm(study, truth.strategies)
    treated = None
    if weighting.target == "att":
        treated = named[weighting.of_arm or study.comparison.reference]
    strategies = tuple(named.values())
    truth = truth.among(weighting.target, strategies=strategies, treated=treated)
    return truth.where(" and ".join(_conditions(study)))


def strategy_of_arm(study: Study, strategies: Sequence[str]) -> dict[str, str]:
    """Return what the mechanism calls each arm, without arms that it does not know."""
    named = {}
    for arm, parts in study.comparison.arms.items():
        name = "combination" if len(parts) > 1 else arm
        if name in strategies:
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


def _causes(settings: Endpoint, asked: str) -> dict[str, tuple[str, ...]]:
    """Return each cause of the endpoint whose truth is known, and what it is in the mechanism."""
    if isinstance(settings, DiscontinuationEndpoint):
        if settings.causes == "any":
            return {"discontinuation": ("discontinuation",)}
        return {
            name: reasons for name, reasons in settings.causes.items() if {*reasons} <= {*STOPS}
        }
    return dict.fromkeys({asked, getattr(settings, "event", asked)}, (asked,))


@dataclass(frozen=True)
class _Asked:
    """The truth of one question: of which endpoint, for which arms and causes of the study."""

    truth: Truth
    endpoint: str
    arms: Mapping[str, str]
    causes: Mapping[str, tuple[str, ...]]

    def beside(self, row: dict[Any, Any]) -> dict[str, Any] | None:
        """Return an estimate with its truth beside it; None if there is none."""
        made = self._true_rows(row)
        if made is None or made.empty:
            return None
        # Whoever stops does so for one reason: the risks of reasons add up.
        true, error = float(made["value"].sum()), float(np.hypot.reduce(made["std_error"]))
        kept = {column: row[column] for column in BESIDE}
        is_within = bool(row["lower"] <= true <= row["upper"])
        return {**kept, "truth": true, "truth_error": error, "is_within": is_within}

    def _true_rows(self, row: dict[Any, Any]) -> pd.DataFrame | None:
        """Return the true values of an estimate, one row for each reason of its cause."""
        days, arm = [row["at_days"]], self.arms[row["arm"]]
        causes = self.causes.get(row["cause"], ())
        if row["quantity"] == "survival" and self.endpoint == "discontinuation":
            return true_persistence(self.truth, at_days=days).only(arm=arm).frame
        if row["quantity"] == "risk":
            made = true_risk(self.truth, self.endpoint, at_days=days).only(arm=arm)
            return made.only(cause=causes).frame
        compare = {"risk_difference": true_risk_difference, "risk_ratio": true_risk_ratio}
        if row["quantity"] not in compare or not row["versus"]:
            return None
        if row["quantity"] == "risk_ratio" and len(causes) > 1:
            return None
        arms = {"arm": arm, "versus": self.arms[row["versus"]]}
        made = compare[row["quantity"]](self.truth, self.endpoint, **arms, at_days=days)
        return made.only(cause=causes).frame
