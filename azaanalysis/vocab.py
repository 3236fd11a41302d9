"""Words with a fixed meaning: time, drugs, codes, and the quantities that are estimated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12

Scale = Literal["probability", "ratio", "rate", "days", "count", "statistic", "p_value", "smd"]


@dataclass(frozen=True)
class Quantity:
    """How an estimated quantity is called and shown.

    Parameters
    ----------
    label
        Words for a table or an axis.
    scale
        Decides rounding, percent and axis: a ratio is drawn on a log axis, for example.
    null
        The value that means "no difference"; None if the quantity compares nothing.
    """

    label: str
    scale: Scale
    null: float | None = None


# Adding an estimator adds its word here; tables and figures take everything else from it.
QUANTITIES: dict[str, Quantity] = {
    "survival": Quantity("Still free of the event", "probability"),
    "risk": Quantity("Cumulative incidence", "probability"),
    "median_days": Quantity("Median time", "days"),
    "rate": Quantity("Rate", "rate"),
    "hazard_ratio": Quantity("Hazard ratio", "ratio", null=1.0),
    "log_rank": Quantity("Log-rank chi-square", "statistic"),
    "log_rank_p": Quantity("Log-rank p value", "p_value"),
    "proportional_hazards_p": Quantity("Proportional-hazards p value", "p_value"),
}

ENGLISH_ABBREVIATIONS = {
    "tnf": "TNF",
    "jak": "JAK",
    "il": "IL",
    "cd20": "CD20",
    "il6": "IL-6",
    "il12": "IL-12",
    "crp": "CRP",
    "tpmt": "TPMT",
    "nudt15": "NUDT15",
    "smd": "SMD",
}


def in_words(code: str) -> str:
    """Spell a code as it is spoken: ``"anti_tnf"`` becomes ``"anti-TNF"``."""
    words = [ENGLISH_ABBREVIATIONS.get(word, word) for word in code.split("_")]
    return " ".join(words).replace("anti ", "anti-").replace("crohns", "Crohn's")


def sentence_case(code: str) -> str:
    """Spell a code with a capital first letter, for the start of a label."""
    words = in_words(code)
    return words[:1].upper() + words[1:]
