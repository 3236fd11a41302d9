"""One question asked in several ways: other estimands, other choices of design."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import pandas as pd

from azaanalysis.design.strategies import STRATEGIES
from azaanalysis.settings import EventEndpoint, LaboratoryEndpoint, RecordedEndpoint, VisitEndpoint
from azaanalysis.study import Study
from azaanalysis.vocab import in_words

AS_STATED = "As the study says"
HANDLING, POPULATION = "Stopping or changing", "Population"
_EVENTS = ("discontinuation", "switch", "add_on")
GAPS = (30, 60, 90, 180)


@dataclass(frozen=True)
class Way:
    """One way of asking the question of a study.

    Parameters
    ----------
    topic, name
        What is changed, and into what.
    study
        The study, so changed.
    asks
        The question in one sentence; empty for a choice of design.
    choices
        Pairs of a choice and its value, for a specification curve.
    """

    topic: str
    name: str
    study: Study
    asks: str = ""
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """Topic and name, as they stand in ``endpoint`` of an estimate."""
        return ": ".join(filter(None, (self.topic, self.name)))


def list_estimands(study: Study, *, endpoint: str) -> tuple[Way, ...]:
    """Return the estimands that one endpoint can have: by what intervenes, and by population.

    Parameters
    ----------
    study, endpoint
        The question.

    Returns
    -------
    tuple of Way
        The study's own first; then each handling of what intervenes by its name in ICH E9(R1),
        where the endpoint leaves a choice; then each target population, if the study weighs.

    Raises
    ------
    StudyError
        If the study has no such endpoint.
    """
    own = Way(AS_STATED, "", study, "The question of the protocol.")
    return (own, *_by_handling(study, endpoint), *_by_population(study))


def describe_estimands(ways: Sequence[Way]) -> pd.DataFrame:
    """Return ``Topic``, ``Estimand`` and ``What it asks``, one row for each way."""
    rows = [(way.topic, in_words(way.name), way.asks) for way in ways]
    return pd.DataFrame(rows, columns=["Topic", "Estimand", "What it asks"])


def _by_handling(study: Study, endpoint: str) -> Iterator[Way]:
    settings = study.endpoint(endpoint)
    if isinstance(settings, VisitEndpoint):
        for one in STRATEGIES:
            yield Way(HANDLING, one.name, _handled(study, endpoint, one.handled), one.asks)
    elif isinstance(settings, EventEndpoint | LaboratoryEndpoint):
        for name, asks, handling in _OF_EVENTS:
            if handling == "composite" and settings.counts_all:
                continue  # of all events a composite would add nothing
            handled = {**dict.fromkeys(_EVENTS, handling), "death": "competing"}
            if handling == "composite":
                handled["death"] = "composite"
            yield Way(HANDLING, name, _handled(study, endpoint, handled), asks)
    else:
        return
    handled = {**dict.fromkeys(_EVENTS, "hypothetical"), "death": "competing"}
    changed = _handled(study, endpoint, handled, strategy="per_protocol")
    yield Way(HANDLING, "hypothetical", changed, _HYPOTHETICAL)


def _handled(study: Study, endpoint: str, handled: Mapping[Any, str], **more: str) -> Study:
    return study.changed(endpoints={endpoint: {"intercurrent": dict(handled), **more}})


_HYPOTHETICAL = (
    "What would have happened had nobody stopped, changed or added a drug? Those who went on are "
    "weighted to stand for those who did not, by what was recorded of them until then."
)
_OF_EVENTS = (
    (
        "while on treatment",
        "How likely is the event while the first drug is taken, if those who leave it were at the "
        "same risk as those who stay?",
        "while_on_treatment",
    ),
    (
        "competing",
        "How likely is the event on the first drug, when whoever stops can no longer have it?",
        "competing",
    ),
    (
        "treatment policy",
        "How likely is the event after starting this drug, whatever was taken afterwards?",
        "treatment_policy",
    ),
    (
        "composite",
        "How likely is the event, or stopping, changing, adding a drug or dying, whichever comes "
        "first?",
        "composite",
    ),
)


def _by_population(study: Study) -> Iterator[Way]:
    if study.weighting is None:
        return
    reference = in_words(study.comparison.reference)
    for target, words in _targets(study).items():
        asks = {
            "ate": "What if everybody in the comparison had started one drug, or the other?",
            "att": f"What if those who started {reference} had started the other drug instead?",
            "overlap": "What if those for whom the choice was open started one drug, or the other?",
        }[target]
        yield Way(POPULATION, words, _weighing_to(study, target), asks)


def _targets(study: Study) -> dict[str, str]:
    reference = in_words(study.comparison.reference)
    return {
        "ate": "everybody (ATE)",
        "att": f"started {reference} (ATT)",
        "overlap": "any arm possible (overlap)",
    }


def _weighing_to(study: Study, target: str) -> Study:
    of_arm = study.comparison.reference if target == "att" else ""
    return study.changed(weighting={"target": target, "of_arm": of_arm})


def list_specifications(
    study: Study,
    *,
    endpoint: str,
    gaps: Sequence[int] = GAPS,
    washouts: Sequence[int] | None = None,
) -> tuple[Way, ...]:
    """Return every combination of gap, washout and target population, for a specification curve.

    Parameters
    ----------
    study, endpoint
        The question.
    gaps
        Permissible gaps in days; the study's own is always among them.
    washouts
        Days without the class before time zero; half, once and twice those of the study if None.

    Returns
    -------
    tuple of Way
        The study's own first. A choice that the study does not have (a washout of 0 days in a
        randomised trial, no weighting, times that the source recorded) is not varied.

    Raises
    ------
    StudyError
        If the study has no such endpoint.
    """
    stated = study.comparison
    is_recorded = isinstance(study.endpoint(endpoint), RecordedEndpoint)
    own_gap, own_washout = stated.permissible_gap_days, stated.washout_days
    gaps = [own_gap] if is_recorded or not own_gap else sorted({*gaps, own_gap})
    if washouts is None:
        washouts = (own_washout // 2, own_washout, 2 * own_washout)
    washouts = sorted({*washouts, own_washout}) if own_washout else [0]
    targets = _targets(study) if study.weighting is not None else {"": ""}
    ways = []
    for gap, washout, target in product(gaps, washouts, targets):
        changed = study.changed(comparison={"permissible_gap_days": gap, "washout_days": washout})
        changed = _weighing_to(changed, target) if target else changed
        varied = {"Gap (days)": (gaps, f"{gap:g}"), "Washout (days)": (washouts, f"{washout:g}")}
        choices = [(name, value) for name, (among, value) in varied.items() if len(among) > 1]
        choices += [("Target", _SHORT[target])] if target else []
        name = ", ".join(f"{choice} {value}" for choice, value in choices)
        ways.append(Way("", name or AS_STATED, changed, choices=tuple(choices)))
    ways.sort(key=lambda way: not _is_stated(way.study, study))
    return tuple(ways)


_SHORT = {"ate": "ATE", "att": "ATT", "overlap": "overlap"}


def _is_stated(changed: Study, study: Study) -> bool:
    same_target = (changed.weighting and changed.weighting.target) == (
        study.weighting and study.weighting.target
    )
    return bool(same_target) and changed.comparison == study.comparison
