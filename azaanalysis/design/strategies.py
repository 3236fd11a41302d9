"""One endpoint under several strategies for what intervenes, each with what it asks in words."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from azaanalysis.settings import Handling, Intercurrent, VisitEndpoint
from azaanalysis.study import Study
from azaanalysis.vocab import sentence_case

_EVENTS: tuple[Intercurrent, ...] = ("discontinuation", "switch", "add_on")


@dataclass(frozen=True)
class Strategy:
    """A way of handling what intervenes between time zero and a wanted outcome.

    Parameters
    ----------
    name
        What it is called.
    asks
        The question that it answers, in one sentence.
    handled
        What is done about each intercurrent event.
    """

    name: str
    asks: str
    handled: dict[Intercurrent, Handling]


def _all(handling: Handling) -> dict[Intercurrent, Handling]:
    return {**dict.fromkeys(_EVENTS, handling), "death": "competing"}


AS_STATED = "as the study says"
STRATEGIES = (
    Strategy(
        "composite non-response",
        "What share responds to the first drug, taking whoever stops it, changes it, adds "
        "another or dies beforehand as never responding?",
        _all("competing"),
    ),
    Strategy(
        "while on treatment",
        "What share would have responded if those who left the first drug had gone on and "
        "responded like those who stayed? Nobody has shown that they would.",
        _all("while_on_treatment"),
    ),
    Strategy(
        "treatment policy",
        "What share has responded after starting this drug, whatever was taken afterwards? A "
        "response to a later drug counts, too.",
        _all("treatment_policy"),
    ),
)


def under_strategies(study: Study, *, endpoint: str) -> dict[str, Study]:
    """Return the study once for each strategy, by name.

    An endpoint that is no finding at visits is returned ``as the study says`` only: its source
    handled what intervenes, or to have it happen is not wanted, and then composite non-response
    has no meaning.

    Raises
    ------
    StudyError
        If the study has no such endpoint.
    """
    if not isinstance(study.endpoint(endpoint), VisitEndpoint):
        return {AS_STATED: study}
    return {
        one.name: study.changed(endpoints={endpoint: {"intercurrent": one.handled}})
        for one in STRATEGIES
    }


def describe_strategies(study: Study, *, endpoint: str) -> pd.DataFrame:
    """Return ``Strategy`` and ``What it asks``, one sentence for each strategy of an endpoint.

    Notes
    -----
    Words: ICH E9(R1) (2019), addendum on estimands and sensitivity analysis.
    """
    names = under_strategies(study, endpoint=endpoint)
    asked = {AS_STATED: "The strategy of the protocol."} | {
        one.name: one.asks for one in STRATEGIES
    }
    rows = [(sentence_case(name), asked[name]) for name in names]
    return pd.DataFrame(rows, columns=["Strategy", "What it asks"])
