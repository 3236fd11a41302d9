"""Wishes that no estimator can fulfil, refused in the same words everywhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError, EstimationError

Array = np.ndarray


def refuse_level(level: object) -> None:
    """Refuse a level that is not a proportion."""
    if not (isinstance(level, int | float) and 0 < level < 1):
        raise EstimationError(f"level must lie between 0 and 1, for example 0.95; got {level!r}.")


def refuse_word(what: str, given: str, known: Collection[str]) -> None:
    """Refuse a word that is none of those known."""
    if given not in known:
        raise EstimationError(f"No {what} '{given}'; known are: {', '.join(known)}.")


def sound_days(at_days: Sequence[float], example: str = "[84, 182, 365]") -> Array:
    """Return days as numbers; refuse what is not a list of days from time zero on."""
    days = _numbers(at_days)
    if days.ndim != 1 or not len(days) or not (days >= 0).all():
        raise EstimationError(
            f"at_days must be days since time zero, for example {example}; got {at_days!r}."
        )
    return days


def sound_windows(windows: Sequence[float], example: str = "[0, 84, 182, 365]") -> Array:
    """Return the bounds of windows of time as numbers; refuse those that do not ascend."""
    days = _numbers(windows)
    if days.ndim != 1 or len(days) < 2 or not (np.diff(days) > 0).all() or not days[0] >= 0:
        raise EstimationError(
            "windows must be at least two days in ascending order, for example "
            f"{example}; got {windows!r}."
        )
    return days


def needs_follow_up(given: object) -> None:
    """Refuse a table of the analyst's own, in which nobody can tell times from states."""
    if not hasattr(given, "causes"):
        raise DesignError(
            f"An estimate needs a follow-up; got a {type(given).__name__}. Make one from a table "
            "by follow_up_from_frame(frame, time=..., status=..., arm=...), or from a cohort by "
            "follow(cohort, study, endpoint=...)."
        )


def needs_rows(given: object) -> None:
    """Refuse counts where an estimate needs the rows of the patients.

    Raises
    ------
    DesignError
        If it is no follow-up at all.
    EstimationError
        If it is a risk table.
    """
    needs_follow_up(given)
    if not isinstance(given, FollowUp):
        raise EstimationError(
            "This estimate needs one row per patient, but a risk table holds counts only. Give "
            "the follow-up that the table was made from."
        )


def _numbers(given: Sequence[float]) -> Array:
    numbers = np.asarray(given)
    return numbers.astype(float) if numbers.dtype.kind in "iuf" else np.empty(0)
