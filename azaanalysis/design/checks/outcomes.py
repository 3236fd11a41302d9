"""Endpoints: could they be seen, do they happen, and what takes patients away before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from azaanalysis.design.checks.finding import Finding, percent
from azaanalysis.design.checks.scene import Scene
from azaanalysis.design.days import days_of
from azaanalysis.design.endpoints import Dated, response_visits
from azaanalysis.design.follow_up import CONTINUES, FollowUp
from azaanalysis.design.laboratory import laboratory_tests
from azaanalysis.settings import (
    DiscontinuationEndpoint,
    EventEndpoint,
    LaboratoryEndpoint,
    VisitEndpoint,
)
from azaanalysis.vocab import in_words

Array = np.ndarray

_FEW_EVENTS = 10
_UNSEEN, _MOSTLY_UNSEEN = 0.2, 0.5
_VISIT_RATIO = 1.5
_LEAVE_APART, _CERTAIN = 0.25, 4.0
_REASONS_UNKNOWN = 0.3
_PREVALENT = 0.1


def check_outcomes(scene: Scene) -> Iterator[Finding]:
    """Find endpoints that could not be seen, do not happen, or are cut off by something else."""
    for name, followed in scene.follow_ups.items():
        settings = scene.study.endpoint(name)
        yield from _events(scene, name, followed)
        yield from _leaving(scene, name, followed)
        yield from _deaths(scene, name, followed)
        if isinstance(settings, VisitEndpoint):
            yield from _visits(scene, name, response_visits(scene.entrants, settings), "visit")
        if isinstance(settings, LaboratoryEndpoint) and not settings.counts_all:
            yield from _visits(scene, name, laboratory_tests(scene.entrants, settings), "test")
        if isinstance(settings, DiscontinuationEndpoint):
            yield from _stops(scene, name, settings)
        if isinstance(settings, EventEndpoint):
            yield from _prevalent_outcome(scene, name, settings)


def _events(scene: Scene, name: str, followed: FollowUp) -> Iterator[Finding]:
    frame = followed.frame
    events = frame.groupby("arm", observed=False)["n_events"].sum().to_numpy()
    where = f"endpoint {in_words(name)}"
    if events.sum() == 0:
        yield Finding(
            "no_events",
            "error",
            where,
            "nobody had it while followed.",
            "check how the event is coded, the horizon, and what ends follow-up before it.",
        )
        return
    few = [arm for arm, n in zip(scene.arms, events, strict=True) if n < _FEW_EVENTS]
    if few:
        yield Finding(
            "few_events",
            "warning",
            where,
            f"fewer than {_FEW_EVENTS} events in {', '.join(map(in_words, few))}.",
            "expect wide intervals; put arms together, lengthen the horizon, or take a commoner "
            "endpoint.",
        )


def _leaving(scene: Scene, name: str, followed: FollowUp) -> Iterator[Finding]:
    """Find reasons that take many more from one arm: they may take those at risk."""
    frame = followed.frame[followed.frame["end_reason"] != CONTINUES]
    is_censored = (frame["status"] == 0) & (frame["end_reason"] != "horizon")
    if scene.study.handling_of(name)["discontinuation"] == "hypothetical":
        return  # that departures differ is what the censoring weights are for
    counts = pd.crosstab(frame["end_reason"].where(is_censored), frame["arm"], dropna=False)
    for reason in (r for r in counts.index if isinstance(r, str)):
        shares = counts.loc[reason].to_numpy() / np.maximum(scene.sizes, 1)
        if len(scene.big) < 2:
            continue
        big = shares[scene.big]
        high, low = (scene.big[int(pick(big))] for pick in (np.argmax, np.argmin))
        apart = float(big.max() - big.min())
        error = np.sqrt(sum(shares[c] * (1 - shares[c]) / scene.sizes[c] for c in (high, low)))
        if apart >= _LEAVE_APART and apart > _CERTAIN * error:
            yield Finding(
                "censoring_differs",
                "warning",
                f"endpoint {in_words(name)}, {reason}",
                f"it ends the follow-up of {percent(float(big.max()))} of "
                f"{in_words(scene.arms[high])} and {percent(float(big.min()))} of "
                f"{in_words(scene.arms[low])}.",
                "if those who leave are at another risk, ask per protocol with censoring weights, "
                "or let it compete.",
            )


def _deaths(scene: Scene, name: str, followed: FollowUp) -> Iterator[Finding]:
    """Death that censors describes a world in which nobody dies."""
    frame = followed.frame
    dead = (frame["end_reason"] == "death") & (frame["status"] == 0)
    if dead.sum() >= 5 and dead.mean() >= 0.01:
        yield Finding(
            "death_censored",
            "warning",
            f"endpoint {in_words(name)}",
            f"death ends the follow-up of {percent(float(dead.mean()))} as if they had merely "
            "left, so that risks are those of a world without death.",
            "add death to 'competing', or count it as the outcome (intercurrent: composite).",
        )


def _visits(scene: Scene, name: str, seen: tuple[Dated, Dated], visit: str) -> Iterator[Finding]:
    """Find those without a visit or a test, in whom the endpoint could not be seen."""
    entrants, frame = scene.entrants, scene.follow_ups[name].frame
    if len(frame) != len(entrants):
        return
    leave = entrants.index_day + frame["exit_days"].to_numpy() - scene.study.comparison.first_day
    n_visits = np.zeros(len(entrants))
    for dated in seen:
        in_time = dated.day <= leave[dated.rank]
        n_visits += np.bincount(dated.rank[in_time], minlength=len(entrants))
    long_enough = frame["exit_days"].to_numpy() >= 60
    unseen = n_visits[long_enough] == 0
    if len(unseen) and unseen.mean() > _UNSEEN:
        yield Finding(
            f"no_{visit}",
            "error" if unseen.mean() > _MOSTLY_UNSEEN else "warning",
            f"endpoint {in_words(name)}",
            f"{percent(float(unseen.mean()))} of those followed for 60 days or more had no {visit} "
            "at which it could be seen; they are counted as without it.",
            f"leave out centres without {visit}s, or ask for a {visit} in the eligibility.",
        )
    yield from _visit_rates(scene, name, n_visits, visit)


def _visit_rates(scene: Scene, name: str, n_visits: Array, visit: str) -> Iterator[Finding]:
    """Find arms that are seen more often, and so are seen to have it sooner."""
    n_arms, days = len(scene.arms), scene.follow_ups[name].frame["exit_days"].to_numpy()
    seen = np.bincount(scene.arm, n_visits, minlength=n_arms)
    followed = np.bincount(scene.arm, days, minlength=n_arms)
    big = [c for c in scene.big if seen[c] >= 50 and followed[c] > 0]
    if len(big) < 2:
        return
    rates = seen[big] / followed[big]
    if rates.max() / rates.min() >= _VISIT_RATIO:
        high, low = big[int(np.argmax(rates))], big[int(np.argmin(rates))]
        yield Finding(
            f"{visit}s_differ",
            "warning",
            f"endpoint {in_words(name)}",
            f"{in_words(scene.arms[high])} was seen {rates.max() / rates.min():.1f} times as often "
            f"as {in_words(scene.arms[low])}, so that it is found sooner there.",
            "show the interval-censored estimate beside the curve by date of visit.",
        )


def _stops(scene: Scene, name: str, settings: DiscontinuationEndpoint) -> Iterator[Finding]:
    """Find arms without recorded stops, and stops without the reasons that are asked for."""
    share = scene.share(scene.has_stopped)
    never = [c for c in scene.big if share[c] == 0]
    if never and len(scene.big) > 1 and share[scene.big].max() >= 0.2:
        yield Finding(
            "stops_not_recorded",
            "error",
            f"endpoint {in_words(name)}, arm {in_words(scene.arms[never[0]])}",
            f"nobody stopped, while {percent(float(share[scene.big].max()))} of another arm did.",
            "check whether stop dates of this drug are recorded at all.",
        )
    reason = scene.entrants.treatment.reason[scene.has_stopped]
    unknown = float(np.mean(reason == "unknown")) if len(reason) else 0.0
    if settings.causes != "any" and unknown > _REASONS_UNKNOWN:
        yield Finding(
            "reasons_unknown",
            "warning",
            f"endpoint {in_words(name)}",
            f"{percent(unknown)} of the stops have no recorded reason.",
            "do not read the reasons as they stand: those recorded are a selection.",
        )


def _prevalent_outcome(scene: Scene, name: str, settings: EventEndpoint) -> Iterator[Finding]:
    """Who had the event just before time zero may only have it recorded again."""
    if settings.count == "all":
        return
    events = scene.cohort.tables["events"]
    rank, rows = scene.entrants.rows("events")
    since = scene.entrants.index_day[rank] - days_of(events["event_date"])[rows]
    recent = (events["event"] == settings.event).to_numpy()[rows] & (since > 0) & (since <= 30)
    share = float(np.mean(np.bincount(rank[recent], minlength=len(scene.entrants)) > 0))
    if share >= _PREVALENT:
        yield Finding(
            "prevalent_outcome",
            "warning",
            f"endpoint {in_words(name)}",
            f"{percent(share)} of the starters had the event in the 30 days before time zero.",
            "leave them out (population: without_earlier), or ask for a new episode.",
        )
