"""How numbers are spelled: the one place where a proportion becomes a percentage."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from azaanalysis.result import Estimate
from azaanalysis.vocab import QUANTITIES, Scale, in_words, lower_first
from azaanalysis.vocab import spell_column as spell_column

NOT_KNOWN = "–"
NOT_REACHED = "NR"
HIDDEN = "hidden"
# What stands in place of a comparison that did not pass the gate.
BLOCKED = "blocked"

# Names that no "of" can follow.
_SENTENCES = ("ended", "followed", "mean_count", "mean_count_difference", "mean_count_ratio")


def spell_count(count: Any) -> str:
    """Spell a count with thousands set apart: 12,345."""
    return NOT_KNOWN if pd.isna(count) else f"{int(count):,}"


def spell_fixed(value: Any, digits: int) -> str:
    """Spell a number with a fixed number of decimals and a real minus sign."""
    if pd.isna(value) or math.isinf(value):
        return NOT_KNOWN
    text = f"{value:,.{digits}f}"
    is_minus_zero = text.startswith("-") and not text.strip("-0.,")
    return text.lstrip("-") if is_minus_zero else text.replace("-", "−")


def spell_p(value: Any) -> str:
    """Spell a p value with three decimals; never as zero or one."""
    if pd.isna(value):
        return NOT_KNOWN
    if value < 0.001:
        return "<0.001"
    return ">0.999" if value > 0.999 else f"{value:.3f}"


def spell_days(value: float) -> str:
    """Spell a time in whole days; a time that is not reached is NR."""
    if pd.isna(value) or math.isinf(value):
        return NOT_REACHED
    return spell_fixed(value, 0)


def spell(value: float, *, scale: Scale, digits: int = 1) -> str:
    """Spell a number as its scale asks.

    Parameters
    ----------
    value
        The number; a probability from 0 to 1, a time in days.
    scale
        Scale of the quantity, as in ``vocab.QUANTITIES``.
    digits
        Decimals of percentages and rates.
    """
    if scale == "probability":
        return spell_fixed(100 * value, digits)
    if scale == "p_value":
        return spell_p(value)
    if scale == "days":
        return spell_days(value)
    decimals = {"ratio": 2, "smd": 2, "statistic": 2, "mean": 3, "count": 0}
    return spell_fixed(value, decimals.get(scale, digits))


def spell_interval(row: Any, *, digits: int = 1) -> str:
    """Spell the limits of one row of an estimate: ``"1.2 to 3.4"``."""
    scale = QUANTITIES[row.quantity].scale
    if pd.isna(row.lower) and (pd.isna(row.upper) or scale != "days"):
        return NOT_KNOWN
    return " to ".join(spell(limit, scale=scale, digits=digits) for limit in (row.lower, row.upper))


def spell_value(row: Any, *, digits: int = 1) -> str:
    """Spell the value of one row of an estimate, with a percent sign for a probability."""
    scale = QUANTITIES[row.quantity].scale
    text = spell(row.value, scale=scale, digits=digits)
    return f"{text}%" if scale == "probability" and text != NOT_KNOWN else text


def spell_level(about: Mapping[str, Any]) -> str:
    """Spell what the limits are: ``"95% interval"``."""
    level = about.get("level", 0.95)
    return "interval" if level is None else f"{100 * level:g}% interval"


def spell_threshold(smallest_count: int) -> str:
    """Spell a count that may not be shown: ``"<5"``."""
    return f"<{smallest_count}"


def spell_endpoint(estimate: Estimate, endpoint: str) -> str:
    """Spell an endpoint inside a sentence: by its label in the study, or its code in words."""
    label = str(estimate.about.get("endpoint_label", ""))
    if not label or len(estimate.frame["endpoint"].unique()) > 1:
        return in_words(endpoint)
    return lower_first(label)


def name_quantity(estimate: Estimate, quantity: str, endpoint: str) -> str:
    """Name a quantity together with its endpoint: ``"Median time to discontinuation"``."""
    label, scale = QUANTITIES[quantity].label, QUANTITIES[quantity].scale
    if not endpoint:
        return label
    name = spell_endpoint(estimate, endpoint)
    if "the event" in label:
        return label.replace("the event", name)
    link = {"ratio": " for", "statistic": " for", "p_value": " for", "days": ":", "count": ":"}
    of = ":" if quantity in _SENTENCES else link.get(scale, " of")
    return f"{label} to {name}" if quantity == "median_days" else f"{label}{of} {name}"
