"""Strategies that give time to start: clone each patient, censor departures, weigh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from azaanalysis.design.censoring import period_cuts, weigh_departures
from azaanalysis.design.follow_up import FollowUp, follow_up_from_frame
from azaanalysis.design.leaving import Departures
from azaanalysis.design.over_time import Changing
from azaanalysis.errors import DesignError

Array = np.ndarray


@dataclass(frozen=True)
class Grace:
    """Strategies of the kind "start this within so many days, and keep to it".

    Parameters
    ----------
    starts
        For each arm the column with the day on which its treatment was started (missing:
        never); None for the arm that starts nothing.
    within_days
        Length of the grace period.
    departs
        Column with the day on which a patient left the strategy that was begun, for example by
        stopping for another reason than toxicity (missing: never); none if not given.
    """

    starts: Mapping[str, str | None]
    within_days: float
    departs: str | None = None


def clone_censor_weight(  # noqa: PLR0913 - a column for each part of a table, as for its sister
    frame: pd.DataFrame,
    grace: Grace,
    *,
    time: str,
    status: str,
    patient: str | None = None,
    covariates: Sequence[str] = (),
    changing: pd.DataFrame | None = None,
    causes: Sequence[str] = ("event",),
    n_own: int = 1,
    period_days: float = 30,
    reference: str | None = None,
    smallest_count: int = 1,
) -> FollowUp:
    """Compare strategies that patients have time to start, without immortal time.

    On time zero nobody can tell which strategy a patient will turn out to follow. So each is
    entered in every arm (cloned), censored in an arm on the day on which what was done no longer
    agrees with it, and those who stay are weighted to stand for those who were censored.

    Parameters
    ----------
    frame
        One row per patient; days are counted from time zero.
    grace
        The strategies.
    time, status, patient
        Columns: days to the end of follow-up; how it ended (0 censored, k the k-th of
        ``causes``); the patient (the row number if not given).
    covariates
        Baseline columns that may decide about starting.
    changing
        What changes over time and may decide about starting: columns ``patient``, ``day`` and
        one for each characteristic; a value holds until the next. With it, only those who have
        not started yet stand for each other, and the weights are larger.
    causes, n_own, reference, smallest_count
        As in :func:`follow_up_from_frame`. The reference is the last arm if not given.
    period_days
        Length of the periods in which the chance of staying is modelled; the end of the grace
        period is always one of their ends.

    Returns
    -------
    FollowUp
        For each patient and arm one or more rows, each with its own ``weight``; ``clusters``
        holds the patients. Any estimator takes it; intervals from the bootstrap contain the
        uncertainty of the weights.

    Raises
    ------
    DesignError
        If a column is absent, a day of start is negative, or fewer than two arms are given.

    Notes
    -----
    A start on the last day of follow-up counts as started. Within the grace period an arm is what
    is usual in it, not a start on day 0. Sources: Cain and others (2010), Int J Biostat 6(2):18;
    Hernán (2018), BMJ 360:k182; Maringe and others (2020), Int J Epidemiol 49:1719-1729. The
    assumption most likely to fail: nothing beyond the covariates decides about both the start
    and the outcome.
    """
    _refuse_faulty(frame, grace, time)
    clones = _clones(frame, grace, time=time, status=status)
    made = follow_up_from_frame(
        clones[list(dict.fromkeys([time, status, "arm", "clone_of", *covariates]))],
        time=time,
        status=status,
        arm="arm",
        patient="clone_of",
        causes=causes,
        n_own=n_own,
        reference=reference or list(grace.starts)[-1],
        smallest_count=smallest_count,
    )
    names = frame[patient] if patient else pd.Series(np.arange(len(frame)).astype(str))
    made = _named(made, names)
    departures = Departures(
        deviates=clones["deviates"].to_numpy(),
        cuts=period_cuts(_last_departure(clones, time), period_days, also=[grace.within_days]),
        covariates=tuple(covariates),
        changing=_changing(changing, names, len(grace.starts)),
        settled=None if changing is None else clones["settled"].to_numpy(),
        is_stabilised=False,
    )
    return _in_words(weigh_departures(made, departures), grace)


def _refuse_faulty(frame: pd.DataFrame, grace: Grace, time: str) -> None:
    if len(grace.starts) < 2:
        raise DesignError("Give at least two strategies in 'starts'; one of them may be None.")
    days = [c for c in (*grace.starts.values(), grace.departs) if c is not None]
    absent = [column for column in (time, *days) if column not in frame]
    if absent:
        raise DesignError(
            f"The frame has no column {', '.join(repr(c) for c in absent)}. "
            f"It has: {', '.join(map(str, frame.columns))}."
        )
    for column in days:
        is_early = frame[column] < 0
        if is_early.any():
            raise DesignError(
                f"'{column}' is before time zero in {int(is_early.sum()):,} of {len(frame):,} "
                "rows. Who has started already is no longer free to choose: leave them out, or "
                "set time zero earlier."
            )


def _clones(frame: pd.DataFrame, grace: Grace, *, time: str, status: str) -> pd.DataFrame:
    """Return each patient once for each arm, censored on the day of the first departure."""
    started = {
        arm: np.full(len(frame), np.inf) if column is None else _days(frame, column)
        for arm, column in grace.starts.items()
    }
    parts = []
    for arm, own in started.items():
        others = np.min([day for name, day in started.items() if name != arm], axis=0)
        departs = _departure(own, others, grace, starts_nothing=grace.starts[arm] is None)
        if grace.departs is not None:
            later = _days(frame, grace.departs)
            departs = np.minimum(departs, np.where(later >= own, later, np.inf))
        leave = frame[time].to_numpy("float64")
        # What ends the grace period is a departure only of those who live to see its end.
        deviates = np.where(departs == grace.within_days, departs < leave, departs <= leave)
        part = frame.assign(arm=arm, clone_of=np.arange(len(frame)), settled=own, deviates=deviates)
        part[time] = np.where(deviates, departs, leave)
        part[status] = np.where(deviates, 0, frame[status])
        parts.append(part)
    clones = pd.concat(parts, ignore_index=True)
    return clones.assign(arm=pd.Categorical(clones["arm"], categories=list(started)))


def _departure(own: Array, others: Array, grace: Grace, *, starts_nothing: bool) -> Array:
    """Return the day on which each patient no longer follows a strategy; infinite if never."""
    other_first = np.where((others < own) & (others <= grace.within_days), others, np.inf)
    if starts_nothing:
        return other_first
    too_late = np.where(own > grace.within_days, grace.within_days, np.inf)
    return np.minimum(other_first, too_late)


def _days(frame: pd.DataFrame, column: str) -> Array:
    days = frame[column].to_numpy("float64", na_value=np.nan)
    return np.where(np.isnan(days), np.inf, days)


def _last_departure(clones: pd.DataFrame, time: str) -> float:
    return float(clones.loc[clones["deviates"], time].max()) if clones["deviates"].any() else 0.0


def _named(made: FollowUp, names: pd.Series) -> FollowUp:
    """Give the clones the names of their patients."""
    row = made.frame["patient_id"].astype("int64").to_numpy()
    return replace(made, frame=made.frame.assign(patient_id=names.astype("string").array[row]))


def _changing(changing: pd.DataFrame | None, names: pd.Series, n_arms: int) -> tuple[Changing, ...]:
    """Return what changes, for the clones of every arm."""
    if changing is None:
        return ()
    wanted = pd.Index(changing["patient"].astype("string"))
    row = pd.Index(names.astype("string")).get_indexer(wanted)
    known = row >= 0
    rows = np.concatenate([row[known] + k * len(names) for k in range(n_arms)])
    day = np.tile(changing["day"].to_numpy("float64")[known], n_arms)
    return tuple(
        Changing(str(c), rows, day, np.tile(changing[c].to_numpy("float64")[known], n_arms))
        for c in changing
        if c not in ("patient", "day")
    )


def _in_words(follow_up: FollowUp, grace: Grace) -> FollowUp:
    weighting = follow_up.weighting
    assert weighting is not None
    method = f"clone-censor-weight with {grace.within_days:g} days to start; {weighting.method}"
    about = {**follow_up.about, "weighting": method, "is_cloned": True}
    return replace(follow_up, weighting=replace(weighting, method=method), about=about)
