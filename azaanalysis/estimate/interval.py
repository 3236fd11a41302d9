"""Times seen at visits only: the risk by each visit, with no shape assumed."""

from __future__ import annotations

from typing import Any

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate.npmle import Masses, share_out
from azaanalysis.estimate.refusals import needs_rows
from azaanalysis.result import Estimate
from azaanalysis.vocab import DAYS_PER_YEAR, in_words

Array = np.ndarray
# A smaller mass is zero but for rounding.
_NOTHING = 1e-9


def estimate_interval_incidence(follow_up: FollowUp) -> Estimate:
    """Estimate the risk by each day when the event is only seen at visits.

    A response that is present at a visit began after the last visit without it. The curve of
    visit dates takes it as begun on the day it was seen, which is late; this one does not.

    Parameters
    ----------
    follow_up
        One row per patient. With status 1 the event happened after ``last_absent_days``, up to
        and on ``exit_days``; with any other it had not happened by ``last_absent_days``. Uses
        ``weight``.

    Returns
    -------
    Estimate
        A curve ``risk`` for each arm: one row for day 0 and for the last day of each interval that
        holds probability. Within such an interval the risk rises, but nobody saw how; ``about``
        lists the intervals with their masses (``intervals``). No limits: the estimate does not
        settle as fast as limits from a standard error would need. ``patients`` are those still
        followed on the day, ``events`` have been seen by then.

    Raises
    ------
    DesignError
        If patients came under observation late, or appear more than once.
    EstimationError
        If a last visit without the event comes after the first with it, or an arm has nobody.

    Notes
    -----
    Source: Turnbull (1976), J R Stat Soc B 38:290-295. Intervals are open on the left and closed
    on the right, as in R; lifelines takes both ends as closed. Whoever stops or dies before the
    event counts as not yet seen with it: this is the risk if nobody stopped, were those who
    stop like those who stay, and it lies above the risk in the presence of competing events.
    Visits must not come because of the event.
    """
    needs_rows(follow_up)
    left, right = visit_bounds(follow_up)
    if (follow_up.frame["entry_days"] > 0).any() or follow_up.clusters is not None:
        raise DesignError(
            "This estimate needs one row per patient, observed from day 0. Leave out those who "
            "came late, or show the curve by visit dates."
        )
    rows: list[dict[str, Any]] = []
    intervals: dict[str, tuple[tuple[float, float, float], ...]] = {}
    for arm in follow_up.arms:
        here = (follow_up.frame["arm"] == arm).to_numpy()
        weight = follow_up.frame["weight"].to_numpy(dtype=float)[here]
        if not weight.sum() > 0:
            raise EstimationError(f"The arm '{arm}' has nobody in it. Take it out of the study.")
        made = share_out(left[here], right[here], weight)
        rows += [row | {"arm": arm} for row in _curve(follow_up, here, made)]
        intervals[arm] = _listed(made)
    about = {
        **follow_up.about,
        "method": "nonparametric maximum likelihood of interval-censored times (Turnbull)",
        "level": None,
        "interval": "none",
        "intervals": intervals,
        "notes": (*follow_up.about.get("notes", ()), *_on_competing(follow_up)),
    }
    cause = follow_up.causes[0] if follow_up.n_own == 1 else ""
    named = {"endpoint": follow_up.endpoint, "cause": cause, "quantity": "risk"}
    return Estimate.from_rows([{**named, **row} for row in rows], about=about)


def visit_bounds(follow_up: FollowUp) -> tuple[Array, Array]:
    """Return between which days each event happened; the second is infinite if it was not seen.

    Raises
    ------
    EstimationError
        If a last visit without the event is missing, negative, or after the first with it.
    """
    frame = follow_up.frame
    left = frame["last_absent_days"].to_numpy(dtype=float)
    is_seen = frame["status"].between(1, follow_up.n_own).to_numpy()
    leave = frame["exit_days"].to_numpy(dtype=float)
    faulty = ~(left >= 0) | (left > leave)
    if faulty.any():
        raise EstimationError(
            f"last_absent_days is missing, negative or after exit_days in {int(faulty.sum()):,} of "
            f"{len(frame):,} rows (the first is row {int(np.argmax(faulty)) + 1})."
        )
    return left, np.where(is_seen, leave, np.inf)


def _listed(made: Masses) -> tuple[tuple[float, float, float], ...]:
    held = made.mass > _NOTHING
    columns = (made.left[held], made.right[held], made.mass[held])
    return tuple(zip(*(column.tolist() for column in columns), strict=True))


def _curve(follow_up: FollowUp, here: Array, made: Masses) -> list[dict[str, Any]]:
    """Return the risk on day 0 and at the end of each interval that holds probability."""
    frame = follow_up.frame[here]
    held = (made.mass > _NOTHING) & np.isfinite(made.right)
    days = np.append(0.0, made.right[held])
    risks = np.append(0.0, np.cumsum(made.mass[held]))
    is_seen = frame["status"].between(1, follow_up.n_own)
    return [
        {
            "at_days": day,
            "value": min(risk, 1.0),
            "patients": int((frame["exit_days"] >= day).sum()),
            "events": int((is_seen & (frame["exit_days"] <= day)).sum()),
            "patient_years": frame["exit_days"].clip(upper=day).sum() / DAYS_PER_YEAR,
        }
        for day, risk in zip(days, risks, strict=True)
    ]


def _on_competing(follow_up: FollowUp) -> list[str]:
    """Say that competing events count as censoring here."""
    stopped = int((follow_up.frame["status"] > follow_up.n_own).sum())
    if not stopped:
        return []
    ends = " or ".join(in_words(cause) for cause in follow_up.causes[follow_up.n_own :])
    return [f"{stopped:,} patients with {ends} count as not seen any longer: the risk if none had."]
