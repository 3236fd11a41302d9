"""Comparisons that did not pass the gate stay shut: the reason is shown in place of the number."""

from __future__ import annotations

import numpy as np

from azaanalysis.result import Estimate
from azaanalysis.vocab import QUANTITIES, in_words

_NUMBERS = ["value", "lower", "upper", "std_error"]


def block(estimate: Estimate) -> Estimate:
    """Blank the comparisons that the gate has blocked; arms by themselves stay.

    The gate's verdict travels in ``about["blocked"]``: arm, the arm it is compared with, and the
    reason, for each blocked comparison. A test of all arms together is blank if any of its
    comparisons is blocked. Blocking twice is the same as blocking once.

    Returns
    -------
    Estimate
        The same rows; every blocked comparison has a note with the reason.
    """
    rows = find_blocked(estimate)
    if not rows.any():
        return estimate
    frame = estimate.frame.copy()
    frame.loc[rows, _NUMBERS] = np.nan
    notes = dict.fromkeys((*estimate.about.get("notes", ()), *_reasons(estimate)))
    return Estimate(frame, {**estimate.about, "notes": tuple(notes)})


def find_blocked(estimate: Estimate) -> np.ndarray:
    """Say of each row whether the gate has blocked it."""
    frame = estimate.frame
    pairs = {frozenset(pair) for *pair, _ in estimate.about.get("blocked", ())}
    if not pairs:
        return np.zeros(len(frame), dtype=bool)
    columns = zip(frame["arm"], frame["versus"], frame["quantity"], strict=True)
    return np.array([_is_blocked(arm, versus, word, pairs) for arm, versus, word in columns])


def _is_blocked(arm: str, versus: str, quantity: str, pairs: set[frozenset[str]]) -> bool:
    if versus:
        return frozenset((arm, versus)) in pairs
    # A row of no arm that is a test compares all of them.
    return not arm and QUANTITIES[quantity].scale in ("statistic", "p_value")


def _reasons(estimate: Estimate) -> list[str]:
    """Return a note for each blocked comparison that the estimate tells of."""
    return [
        f"Blocked, because the arms are not alike enough: {in_words(arm)} v {in_words(versus)} "
        f"({reason})."
        for arm, versus, reason in estimate.about.get("blocked", ())
    ]
