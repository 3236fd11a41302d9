"""Check an analyst's own table of times before it is followed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from azaanalysis.design.checks.finding import Finding, percent
from azaanalysis.design.checks.time import find_empty_beginning
from azaanalysis.errors import DesignError

Array = np.ndarray

_KNOWN, _UNKNOWN = 0.8, 0.05
_CLONE = (
    "give each patient one row before and one after the treatment began (start-stop rows), or "
    "compare strategies with a grace period by clone_censor_weight."
)


def check_table(
    frame: pd.DataFrame,
    *,
    time: str,
    status: str,
    arm: str,
    covariates: Sequence[str] = (),
    begins: str | None = None,
) -> tuple[Finding, ...]:
    """Look for immortal time, and for covariates from the future, in a table of times to event.

    Parameters
    ----------
    frame
        One row per patient.
    time, status, arm
        Columns: days from time zero to the end of follow-up, how it ended (0 censored), the arm.
    covariates
        Columns meant as baseline; all others if none are named.
    begins
        Column with the day on which the treatment of the arm began, if there is one. Without it
        every column is looked at.

    Returns
    -------
    tuple of Finding
        Errors first. ``immortal_time``: patients of an arm had to live until its treatment began.
        ``covariate_after_time_zero``: a column known in one arm only, so that it was measured
        because of the treatment, or after it.

    Raises
    ------
    DesignError
        If a column is absent.

    Notes
    -----
    Source: Suissa (2008), Am J Epidemiol 167:492-499.
    """
    named = [c for c in (time, status, arm, begins) if c is not None]
    absent = [c for c in (*named, *covariates) if c not in frame]
    if absent:
        raise DesignError(f"The frame has no column {', '.join(map(repr, absent))}.")
    others = [str(c) for c in frame if c not in (time, status, arm)]
    waiting = [begins] if begins else others
    found = [one for c in waiting for one in _waiting(frame, c, time=time, arm=arm)]
    clocks = {one.where for one in found}
    meant = [c for c in (covariates or others) if f"column {c}" not in clocks]
    found += [one for c in meant for one in _of_one_arm(frame, c, arm)]
    found += _empty_beginning(frame, time, status, arm)
    return tuple(sorted(found, key=lambda one: one.severity != "error"))


def _waiting(frame: pd.DataFrame, column: str, *, time: str, arm: str) -> Iterator[Finding]:
    """Find a day that one arm has, and no other, and that never lies behind the end: a start."""
    values = frame[column]
    if not pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        return
    known = values.notna().to_numpy()
    own = _arm_that_knows(frame[arm], known)
    if own is None:
        return
    day, leave = values.to_numpy("float64")[known], frame[time].to_numpy("float64")[known]
    is_day = (day >= 0).all() and (day <= leave).all()
    # A score may lie below every time by chance; a clock runs as far as the times do.
    if not is_day or np.unique(day).size < 5 or day.max() < 0.1 * np.median(leave):
        return
    waited = float(np.mean(day > 0))
    if waited > _UNKNOWN:
        yield Finding(
            "immortal_time",
            "error",
            f"column {column}",
            f"{percent(waited)} of the arm '{own}' waited for it (column '{column}', known in this "
            f"arm only), for {np.median(day[day > 0]):.0f} days in the middle. They had to live "
            "so long to be counted in it, and the arm is treated as known on day 0.",
            _CLONE,
        )


def _arm_that_knows(arms: pd.Series, known: Array) -> object | None:
    """Return the arm in which a column is known, if in all others it is not."""
    share = pd.Series(known, index=arms.index).groupby(arms, observed=True).mean()
    knowing = [str(arm) for arm in share.index[share >= _KNOWN]]
    is_alone = len(knowing) == 1 and (share.drop(share.idxmax()) <= _UNKNOWN).all()
    return knowing[0] if is_alone and len(share) > 1 else None


def _of_one_arm(frame: pd.DataFrame, column: str, arm: str) -> Iterator[Finding]:
    own = _arm_that_knows(frame[arm], frame[column].notna().to_numpy())
    if own is not None:
        yield Finding(
            "covariate_after_time_zero",
            "warning",
            f"column {column}",
            f"it is known in the arm '{own}' only, so that it was measured because of the "
            "treatment or after it began.",
            "do not use it as a baseline covariate.",
        )


def _empty_beginning(frame: pd.DataFrame, time: str, status: str, arm: str) -> Iterator[Finding]:
    codes, names = pd.factorize(frame[arm], sort=True)
    days = frame[time].to_numpy("float64")
    has_event = frame[status].to_numpy("float64") > 0
    for code, day, expected in find_empty_beginning(codes, days, has_event, len(names)):
        yield Finding(
            "immortal_time",
            "error",
            f"arm '{names[code]}'",
            f"in its first {day:.0f} days nothing happened, where {expected:.0f} events would be "
            "expected from the other arms.",
            "find the rule by which patients came into this arm. " + _CLONE.capitalize(),
        )
