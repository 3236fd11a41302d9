"""The study in words: a protocol table, and one sentence for each estimand."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from azaanalysis.adjustment import describe_adjustment, weighting_clause
from azaanalysis.handling import clauses, handle_events, listed, may_stop_for
from azaanalysis.settings import (
    DiscontinuationEndpoint,
    Endpoint,
    LaboratoryEndpoint,
    Population,
    RecordedEndpoint,
    VisitEndpoint,
)
from azaanalysis.settings_spans import Span
from azaanalysis.study import Study
from azaanalysis.vocab import in_words, lower_first, per_patient_years, sentence_case
from azaanalysis.wording import ordinal


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
        "Strategies": _strategies(study, endpoint),
        "Reference": f"{sentence_case(comparison.reference)}.",
        "New users": _new_users(study),
        "Time zero": f"Day of the first supply, counted as day {comparison.first_day}.",
        "Outcome": _outcome(study.endpoint(endpoint), endpoint),
        "Follow-up": _follow_up(study, endpoint),
        **{f"When {one.event}": one.in_words() for one in handle_events(study, endpoint)},
        **_censoring_weights(study, endpoint),
        "Summary": f"{sentence_case(_summary(study, endpoint))}.",
        **describe_adjustment(study),
    }
    return pd.DataFrame({"part": list(rows), "choice": list(rows.values())})


def describe_estimand(study: Study, endpoint: str) -> str:
    """Return the estimand of one endpoint as one English sentence."""
    comparison = study.comparison
    summary = _summary(study, endpoint)
    started = listed(_arms(study), last="or")
    against = f", compared with {in_words(comparison.reference)}" if comparison.others else ""
    handled = "".join(clauses(handle_events(study, endpoint)))
    return (
        f"{summary[:1].upper()}{summary[1:]} among {_population(study.population)} who newly "
        f"start {started}{against}{weighting_clause(study)}, "
        f"counted from the first supply for at most {study.horizon_of(endpoint):,} days{handled}."
    )


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


def _censoring_weights(study: Study, endpoint: str) -> dict[str, str]:
    """Return how those who depart from the protocol are made up for, if anybody is."""
    if not any(one.strategy == "weighted" for one in handle_events(study, endpoint)):
        return {}
    adherence = study.comparison.adherence
    known = ["the baseline covariates", *(in_words(name) for name in adherence.over_time)]
    return {
        "Censoring weights": f"The chance of going on is fitted by arm in periods of "
        f"{adherence.period_days} days, from {listed(known, last='and')}."
    }


def _strategies(study: Study, endpoint: str) -> str:
    start = f"Start {listed(_arms(study), last='or')}"
    if study.strategy_of(endpoint) != "per_protocol":
        return f"{start}."
    allowed = may_stop_for(study, endpoint)
    return f"{start}, and keep to it" + (f"; stop only for {allowed}." if allowed else ".")


def _population(population: Population) -> str:
    if population.described_as:
        return population.described_as
    parts = ["patients"]
    if population.diseases:
        parts.append(f"with {listed([in_words(d) for d in population.diseases], last='or')}")
    if population.is_diagnosed:
        parts.append("diagnosed by time zero")
    parts += _spans("aged {} years", population.age_years)
    parts += _spans(", with earlier biologics {}", population.prior_biologics)
    for column, span in population.numbers.items():
        parts += _spans(f", with {in_words(column)} {{}}", span)
    parts += [f", started on or after {day}" for day in [population.started.at_least] if day]
    parts += [f", started on or before {day}" for day in [population.started.at_most] if day]
    without = [in_words(c.removeprefix("has_").removeprefix("is_")) for c in population.without]
    without += [f"earlier {in_words(event)}" for event in population.without_earlier]
    if without:
        parts.append(f"without {listed(without, last='or')}")
    return " ".join(parts).replace(" ,", ",")


def _spans(words: str, span: Span) -> Iterator[str]:
    if span.at_least is not None:
        yield words.format(f"at least {span.at_least:g}")
    if span.at_most is not None:
        yield words.format(f"at most {span.at_most:g}")


def _new_users(study: Study) -> str:
    washout, entry = study.comparison.washout_days, study.comparison.entry
    if washout == 0:
        which = "Every first start" if entry == "first" else "Every start"
        return f"{which} counts; no washout is asked for."
    enters = "once, at the first start that satisfies this"
    if entry == "every":
        enters = "at every start that satisfies this, and counts as one cluster"
    return (
        f"No drug of the class in the {washout} days before, and observed for those days; "
        f"each patient enters {enters}."
    )


def _follow_up(study: Study, endpoint: str) -> str:
    return (
        f"From time zero for at most {study.horizon_of(endpoint):,} days, "
        "or to the end of observation."
    )


def _outcome(settings: Endpoint, name: str) -> str:
    label = endpoint_label(settings, name)
    if isinstance(settings, VisitEndpoint):
        return f"{label}: {_visit_outcome(settings)}."
    if isinstance(settings, LaboratoryEndpoint):
        return f"{label}: {_laboratory(settings)}."
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


def _laboratory(settings: LaboratoryEndpoint) -> str:
    """Return which tests count: all of them, or those beyond the limit."""
    which = "every" if settings.counts_all else "the first"
    test = f"{which} test of {in_words(settings.test)} after time zero"
    if settings.below is not None:
        return f"{test} below {settings.below:g} {settings.unit}"
    if settings.above is not None:
        return f"{test} above {settings.above:g} {settings.unit}"
    if settings.above_upper_limits is not None:
        return f"{test} above {settings.above_upper_limits:g} times the upper limit of normal"
    return test


def _visit_outcome(settings: VisitEndpoint) -> str:
    """Return which visit is meant, by whose judgement, and on which dose of steroid."""
    seen = f"the first visit after time zero at which {settings.finding} was seen"
    if settings.held_for_visits > 1:
        seen = (
            f"the visit at which {settings.finding} was seen for the "
            f"{ordinal(settings.held_for_visits)} time in a row"
        )
    if settings.judged_by == "measure":
        seen += ", judged by the published threshold of the measure"
    if settings.steroid_free:
        seen += (
            f", with at most {settings.steroid_at_most_mg_per_day:g} mg prednisolone a day then "
            f"and in the {settings.steroid_window_days} days before"
        )
    return seen


def endpoint_label(settings: Endpoint, name: str) -> str:
    """Return what an endpoint is called in a table: its label, or its name in words."""
    return settings.label or sentence_case(name)


def _summary(study: Study, endpoint: str) -> str:
    settings = study.endpoint(endpoint)
    label = endpoint_label(settings, endpoint)
    outcome = lower_first(label)
    if settings.counts_all:
        return f"the rate of {outcome} {per_patient_years(study.show.per_years)}"
    days = [f"{day:,}" for day in study.show.at_days if day <= study.horizon_of(endpoint)]
    return f"the cumulative incidence of {outcome} by {listed(days, last='and')} days"
