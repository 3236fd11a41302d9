"""What is done about events that come between time zero and the outcome, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from azaanalysis.settings import DiscontinuationEndpoint, Intercurrent, RecordedEndpoint
from azaanalysis.study import Study
from azaanalysis.vocab import in_words


@dataclass(frozen=True)
class Handling:
    """What is done about one intercurrent event, in the words of ICH E9(R1).

    ``strategy`` is one of ``outcome``, ``competing``, ``composite``, ``ends`` (while on
    treatment), ``weighted`` (hypothetical), ``censored``, ``ignored`` (treatment policy),
    ``source``; ``delay_days`` is how long follow-up goes on after the event before it ends.
    """

    event: str
    strategy: str
    delay_days: int = 0

    def in_words(self) -> str:
        """Return the handling as a sentence for the protocol table."""
        if self.strategy == "competing" and self.delay_days:
            return f"A competing event, {self.delay_days} days later."
        if self.strategy == "ends" and self.delay_days:
            return f"While on treatment: follow-up ends {self.delay_days} days later (censored)."
        if self.strategy == "weighted" and self.delay_days:
            return f"Hypothetical: follow-up ends {self.delay_days} days later; {_WEIGHTED}."
        return {
            "outcome": "It is the outcome.",
            "competing": "A competing event: the outcome can no longer happen first.",
            "composite": "Composite: it counts as the outcome.",
            "weighted": f"Hypothetical: follow-up ends; {_WEIGHTED}.",
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
    stated = study.handling_of(endpoint)
    handled: dict[str, Handling] = {}
    for name, event in _NAMES.items():
        if name in stated and not (name == "add_on" and stated[name] == stated["switch"]):
            delay = settings.lag_days if name == "discontinuation" else 0
            handled[name] = Handling(event, _STRATEGIES[stated[name]], delay)
    if stated["death"] == "while_on_treatment":
        handled["death"] = Handling(_NAMES["death"], "censored")
    if isinstance(settings, DiscontinuationEndpoint):
        handled["discontinuation"] = Handling("treatment stops", "outcome")
        if settings.censor:
            reasons = listed([in_words(reason) for reason in settings.censor], last="or")
            handled["censored"] = Handling(f"treatment ends as {reasons}", "censored")
    elif allowed := may_stop_for(study, endpoint):
        handled["allowed"] = Handling(f"treatment stops for {allowed}", "ignored")
    return list(handled.values())


def may_stop_for(study: Study, endpoint: str) -> str:
    """Return the reasons for which a strategy lets patients stop, in words; empty if none."""
    if study.handling_of(endpoint)["discontinuation"] != "hypothetical":
        return ""
    reasons = study.comparison.adherence.may_stop_for
    return listed([in_words(reason) for reason in reasons], last="or")


_WEIGHTED = "those who go on are weighted to stand for those who do not (censoring weights)"
_NAMES: dict[Intercurrent, str] = {
    "discontinuation": "treatment stops",
    "switch": "another study drug starts",
    "add_on": "another study drug is added",
    "death": "the patient dies",
    "pregnancy": "the patient becomes pregnant",
}
_STRATEGIES: dict[str, str] = {
    "treatment_policy": "ignored",
    "while_on_treatment": "ends",
    "hypothetical": "weighted",
    "composite": "composite",
    "competing": "competing",
}


def clauses(handled: list[Handling]) -> Iterator[str]:
    """Return what an estimand sentence says about intercurrent events."""
    if competing := _named(handled, "competing"):
        kind = "a competing event" if len(competing) == 1 else "competing events"
        yield f", with {listed(competing, last='and')} as {kind}"
    composite = [
        _EVENTS.get(one.event, one.event) for one in handled if one.strategy == "composite"
    ]
    if composite:
        yield f", {listed(composite, last='or')} counting as the outcome"
    kept = [_EVENTS.get(one.event, one.event) for one in handled if one.strategy == "weighted"]
    if kept:
        yield f", were it not for {listed(kept, last='or')}"
    ends = [
        f"{one.delay_days} days after {one.event}" if one.delay_days else f"when {one.event}"
        for one in handled
        if one.strategy in ("ends", "censored")
    ]
    if ends:
        yield f", follow-up ending {listed(ends, last='and')}"
    if ignored := _named(handled, "ignored"):
        yield f", whatever becomes of {listed(ignored, last='and')}"
    if any(one.strategy == "source" for one in handled):
        yield ", intercurrent events being handled as the source derived its own times"


def _named(handled: list[Handling], strategy: str) -> list[str]:
    return [_EVENTS.get(one.event, one.event) for one in handled if one.strategy == strategy]


# The events as nouns.
_EVENTS = {
    "treatment stops": "stopping treatment",
    "another study drug starts": "starting another study drug",
    "another study drug is added": "adding another study drug",
    "the patient becomes pregnant": "pregnancy",
    "the patient dies": "death",
}


def listed(words: Sequence[str], *, last: str) -> str:
    """Join words as in speech: ``a, b or c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
