"""Sentences that the package prints: the estimand of an endpoint, the limits of a study."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from azaanalysis.protocol import describe_estimand
from azaanalysis.study import Study


@dataclass(frozen=True)
class Statement:
    """One sentence, or several as a list."""

    sentences: tuple[str, ...]
    kind: str

    def __repr__(self) -> str:
        """Return the sentences as text, wrapped to the width of a page."""
        return "\n".join(textwrap.fill(sentence, 88) for sentence in self.sentences)

    def _repr_mimebundle_(self, **_: object) -> Mapping[str, str]:
        return {"text/html": self.to_html(), "text/plain": repr(self)}

    def to_html(self) -> str:
        """Return a paragraph, or a list if there are several sentences."""
        parts = [escape(sentence) for sentence in self.sentences]
        if len(parts) == 1:
            return f'<p class="{self.kind}">{parts[0]}</p>'
        items = "".join(f"<li>{part}</li>" for part in parts)
        return f'<ul class="{self.kind}">{items}</ul>'


NOT_WEIGHED = "The study weighs nobody: the arms are compared as observed."


def state_estimand(study: Study, *, endpoint: str) -> Statement:
    """State the estimand of an endpoint in one sentence.

    Raises
    ------
    StudyError
        If the study has no such endpoint.
    """
    return Statement((describe_estimand(study, endpoint),), "estimand")


def state_limits(study: Study) -> Statement:
    """State the limits that the study file names, and where the patients come from."""
    invented = "These patients are invented: nothing here is evidence about a drug."
    stated = study.limits or ("The study file names no limits.",)
    return Statement((*((invented,) if study.is_synthetic else ()), *stated), "limits")
