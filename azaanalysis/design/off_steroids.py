"""From the start of a treatment to the day on which patients have been free of steroids a while."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.set_aside import set_aside
from azaanalysis.design.states import entrants_of, measure_steroid_states
from azaanalysis.study import Study

Array = np.ndarray
_NEVER = np.inf


def follow_off_steroids(
    cohort: Cohort,
    study: Study,
    followed: FollowUp,
    *,
    low_mg_per_day: float = 5,
    window_days: int = 14,
) -> FollowUp:
    """Follow those who began on steroids until they have taken little or none for a while.

    Parameters
    ----------
    cohort, study
        Where the follow-up comes from.
    followed
        One row per patient, not yet weighed: those who began on steroids are a population of their
        own, and need weights of their own. Its patients and horizon are taken over.
    low_mg_per_day
        Prednisolone-equivalent dose up to which a patient counts as free of steroids.
    window_days
        So many days before, the dose has to have been as low, all of them after time zero.

    Returns
    -------
    FollowUp
        The event is ``off_steroids``; death competes. Who took no more than the dose on day 0 is
        set aside, with a step of the attrition. Whether the treatment goes on does not matter.

    Raises
    ------
    DesignError
        If the cohort has no steroids, a patient comes twice, or an arm has nobody on steroids.

    Notes
    -----
    The day is that on which the window is full, not the first low one: to date it on the first
    would use the future. The window is that of steroid-free response.
    """
    horizon = study.horizon_of(followed.endpoint) - study.comparison.first_day
    states = measure_steroid_states(
        cohort, study, followed, days=np.arange(horizon + 1.0), low_mg_per_day=low_mg_per_day
    )
    entrants, place = entrants_of(cohort, study, followed)
    since_start = (entrants.death_day - entrants.index_day)[place]
    is_low = states.values["low_dose"] > 0  # noqa: PD011 - a mapping of our own, no frame
    event = _first_free(is_low, window_days)
    last = states.is_observed.sum(axis=1) - 1.0
    status = np.where(event <= last, 1, np.where(since_start <= last, 2, 0))
    exit_days = np.minimum(event, last) + study.comparison.first_day
    ended = replace(
        followed,
        frame=_ended(followed.frame, exit_days, status),
        endpoint="off_steroids",
        causes=("off_steroids", "death"),
        n_own=1,
        about={**_about(followed), "endpoint_label": "coming off steroids"},
    )
    return set_aside(
        ended,
        ~is_low[:, 0],
        step=f"On more than {low_mg_per_day:g} mg of prednisolone on the first day",
        reason="they began on little or no steroid",
    )


def _first_free(is_low: Array, window_days: int) -> Array:
    """Return the first day of each row with a low dose on it and in the window before."""
    days = np.arange(float(is_low.shape[1]))
    # Day 0 counts as high: the window has to lie after it.
    last_high = np.maximum.accumulate(np.where(is_low, 0.0, days), axis=1)
    is_free = days - last_high > window_days
    first: Array = np.where(is_free.any(axis=1), days[is_free.argmax(axis=1)], _NEVER)
    return first


def _ended(frame: pd.DataFrame, exit_days: Array, status: Array) -> pd.DataFrame:
    """Return rows with another end of follow-up."""
    return frame.assign(
        exit_days=exit_days,
        status=status.astype("int64"),
        n_events=(status == 1).astype("int64"),
        last_absent_days=exit_days,
        end_reason=pd.Categorical(np.where(status > 0, "event", "follow-up ended")),
    )


def _about(followed: FollowUp) -> dict[str, object]:
    """Keep what is said of the patients; the estimand is that of another endpoint."""
    return {key: entry for key, entry in followed.about.items() if key != "estimand"}
