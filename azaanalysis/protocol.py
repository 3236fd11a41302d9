"""The study in words: a protocol table, and one sentence for each estimand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from azaanalysis.settings import (
    DiscontinuationEndpoint,
    Endpoint,
    EventEndpoint,
    Population,
    RecordedEndpoint,
    VisitEndpoint,
)
from azaanalysis.study import Study
from azaanalysis.vocab import in_words, sentence_case


def describe_protocol(study: Study, endpoint: str) -> pd.DataFrame:
    """Return the protocol of one endpoint: ``part`` of the target trial, ``choice`` made here.

    Raises
    ------
    StudyError
        If the study has no such endpoint.
    """
    comparison = study.comparison
    rows = {
        "Question": study.question,
        "Source": _source(study),
        "Eligibility": f"{sentence_case(_population(study.population))}.",
        "Strategies": f"Start {_listed(_arms(study), last='or')}.",
        "Reference": f"{sentence_case(comparison.reference)}.",
        "New users": _new_users(study),
        "Time zero": f"Day of the first supply, counted as day {comparison.first_day}.",
        "Outcome": _outcome(study.endpoint(endpoint), endpoint),
        "Follow-up": _follow_up(study, endpoint),
        **{f"When {one.event}": one.in_words() for one in handle_events(study, endpoint)},
        "Summary": f"{sentence_case(_summary(study, endpoint))}.",
        "Adjustment": "None: the arms are compared as observed.",
    }
    return pd.DataFrame({"part": list(rows), "choice": list(rows.values())})


def describe_estimand(study: Study, endpoint: str) -> str:
    """Return the estimand of one endpoint as one English sentence."""
    comparison = study.comparison
    summary = _summary(study, endpoint)
    started = _listed(_arms(study), last="or")
    against = f", compared with {in_words(comparison.reference)}" if comparison.others else ""
    clauses = "".join(_clauses(handle_events(study, endpoint)))
    return (
        f"{summary[:1].upper()}{summary[1:]} among {_population(study.population)} who newly "
        f"start {started}{against}, counted from the first supply for at most "
        f"{study.horizon_of(endpoint):,} days{clauses}."
    )


@dataclass(frozen=True)
class Handling:
    """What is done about one intercurrent event, in the words of ICH E9(R1).

    ``strategy`` is one of ``outcome``, ``competing``, ``ends`` (while on treatment),
    ``censored``, ``ignored`` (treatment policy), ``source``; ``delay_days`` is how long follow-up
    goes on after the event before it ends.
    """

    event: str
    strategy: Literal["outcome", "competing", "ends", "censored", "ignored", "source"]
    delay_days: int = 0

    def in_words(self) -> str:
        """Return the handling as a sentence for the protocol table."""
        if self.strategy == "competing" and self.delay_days:
            return f"A competing event, {self.delay_days} days later."
        if self.strategy == "ends" and self.delay_days:
            return f"While on treatment: follow-up ends {self.delay_days} days later (censored)."
        return {
            "outcome": "It is the outcome.",
            "competing": "A competing event: the outcome can no longer happen first.",
            "ends": "While on treatment: follow-up ends (censored).",
            "censored": "Follow-up ends (censored), as if no more had been seen.",
            "ignored": "Treatment policy: follow-up goes on.",
            "source": "Handled as the source derived its own times.",
        }[self.strategy]


def handle_events(study: Study, endpoint: str) -> list[Handling]:
    """Return each intercurrent event of an endpoint with its handling."""
    settings = study.endpoint(endpoint)
    if isinstance(settings, RecordedEndpoint):
        return [Handling("anything intervenes", "source")]
    on_treatment = study.strategy_of(endpoint) == "on_treatment"
    otherwise: Literal["ends", "ignored"] = "ends" if on_treatment else "ignored"
    handled = {
        "discontinuation": Handling("treatment stops", otherwise, settings.lag_days),
        "switch": Handling("another study drug starts", otherwise),
        "death": Handling("the patient dies", "censored"),
    }
    for name in settings.competing:
        delay = settings.lag_days if name == "discontinuation" else 0
        handled[name] = Handling(handled[name].event, "competing", delay)
    if isinstance(settings, DiscontinuationEndpoint):
        handled["discontinuation"] = Handling("treatment stops", "outcome")
        if settings.censor:
            reasons = _listed([in_words(reason) for reason in settings.censor], last="or")
            handled["censored"] = Handling(f"treatment ends as {reasons}", "censored")
    return list(handled.values())


def _clauses(handled: list[Handling]) -> Iterator[str]:
    """Return what an estimand sentence says about intercurrent events."""
    competing = [
        _EVENTS.get(one.event, one.event) for one in handled if one.strategy == "competing"
    ]
    if competing:
        kind = "a competing event" if len(competing) == 1 else "competing events"
        yield f", with {_listed(competing, last='and')} as {kind}"
    ends = [
        f"{one.delay_days} days after {one.event}" if one.delay_days else f"when {one.event}"
        for one in handled
        if one.strategy in ("ends", "censored")
    ]
    if ends:
        yield f", follow-up ending {_listed(ends, last='and')}"
    ignored = [_EVENTS.get(one.event, one.event) for one in handled if one.strategy == "ignored"]
    if ignored:
        yield f", whatever becomes of {_listed(ignored, last='and')}"
    if any(one.strategy == "source" for one in handled):
        yield ", intercurrent events being handled as the source derived its own times"


# The events as nouns.
_EVENTS = {
    "treatment stops": "stopping treatment",
    "another study drug starts": "starting another study drug",
    "the patient dies": "death",
}


def _source(study: Study) -> str:
    synthetic = study.source.synthetic
    if synthetic is None:
        return study.source.name or "The analyst's own tables"
    return (
        f"Invented patients: {synthetic.patients:,} made with seed {synthetic.seed} "
        f"in the world {in_words(synthetic.world)!r}"
    )


def _arms(study: Study) -> list[str]:
    return [in_words(arm) for arm in study.comparison.arms]


def _population(population: Population) -> str:
    if population.described_as:
        return population.described_as
    parts = ["patients"]
    if population.diseases:
        parts.append(f"with {_listed([in_words(d) for d in population.diseases], last='or')}")
    span = population.age_years
    if span.at_least is not None:
        parts.append(f"aged at least {span.at_least:g} years")
    if span.at_most is not None:
        parts.append(f"aged at most {span.at_most:g} years")
    if population.without:
        without = [in_words(c.removeprefix("has_").removeprefix("is_")) for c in population.without]
        parts.append(f"without {_listed(without, last='or')}")
    return " ".join(parts)


def _new_users(study: Study) -> str:
    washout = study.comparison.washout_days
    if washout == 0:
        return "Every first start counts; no washout is asked for."
    return (
        f"No drug of the class in the {washout} days before, and observed for those days; "
        "each patient enters once, at the first start that satisfies this."
    )


def _follow_up(study: Study, endpoint: str) -> str:
    return (
        f"From time zero for at most {study.horizon_of(endpoint):,} days, "
        "or to the end of observation."
    )


def _outcome(settings: Endpoint, name: str) -> str:
    label = endpoint_label(settings, name)
    if isinstance(settings, VisitEndpoint):
        return f"{label}: the first visit after time zero at which {settings.finding} was seen."
    if isinstance(settings, DiscontinuationEndpoint):
        return f"{label}: the last day of supply of the first treatment, by recorded reason."
    if isinstance(settings, RecordedEndpoint):
        return f"{label}: as the source recorded it under '{settings.parameter}'."
    which = "every episode" if settings.count == "all" else "the first"
    gap = (
        f"; episodes begin at least {settings.episode_gap_days} days apart"
        if settings.episode_gap_days
        else ""
    )
    return f"{label}: {which}, counted on the day it began{gap}."


def endpoint_label(settings: Endpoint, name: str) -> str:
    """Return what an endpoint is called in a table: its label, or its name in words."""
    return settings.label or sentence_case(name)


def _summary(study: Study, endpoint: str) -> str:
    settings = study.endpoint(endpoint)
    label = endpoint_label(settings, endpoint)
    outcome = label[:1].lower() + label[1:]
    if isinstance(settings, EventEndpoint) and settings.count == "all":
        return f"the rate of {outcome} per {study.show.per_years:g} patient-years"
    days = [f"{day:,}" for day in study.show.at_days if day <= study.horizon_of(endpoint)]
    return f"the cumulative incidence of {outcome} by {_listed(days, last='and')} days"


def _listed(words: Sequence[str], *, last: str) -> str:
    """Join words as in speech: ``a, b or c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
