"""Lines of treatment as follow-ups: what came next, how long each line lasted, who went where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.lines import SHORTEST_DAYS, Lines, describe_lines, find_lines
from azaanalysis.errors import DesignError
from azaanalysis.study import Study

Array = np.ndarray
# What may stand in the place of a next line, in the order in which it is shown.
STILL, NONE, DIED, UNSEEN = "still_on_it", "no_further_treatment", "died", "follow-up_ended"


def follow_next_line(
    cohort: Cohort, study: Study, followed: FollowUp, *, shortest_days: int = SHORTEST_DAYS
) -> FollowUp:
    """Follow patients from their first start to whatever treatment came next.

    Parameters
    ----------
    cohort, study
        Where the follow-up comes from.
    followed
        One row per patient, weighted or not; its patients, weights and horizon are taken over.
    shortest_days
        As in ``find_lines``.

    Returns
    -------
    FollowUp
        The causes are the treatments that came next, then ``death``. Who has stopped and taken
        nothing since stays in follow-up, because something may still come.

    Raises
    ------
    DesignError
        If a patient has several rows, or the follow-up is of another cohort or study.
    """
    lines, rank = _lines_of(cohort, study, followed, shortest_days)
    following = lines.nth(2).reindex(rank)
    begin = following["begin_days"].fillna(np.inf).to_numpy()
    last = np.minimum(lines.last_days[rank], study.horizon_of(followed.endpoint))
    last = np.maximum(last - study.comparison.first_day, 0.0)
    has_next = begin <= last
    regimens = following["regimen"].cat.categories[
        np.unique(following["regimen"].cat.codes.to_numpy()[has_next])
    ]
    status = np.where(
        has_next, regimens.get_indexer(pd.Index(following["regimen"].astype(object))) + 1, 0
    )
    is_death = ~has_next & lines.is_dead[rank] & (lines.last_days[rank] <= last)
    status = np.where(is_death, len(regimens) + 1, status)
    exit_days = np.minimum(begin, last) + study.comparison.first_day
    return replace(
        followed,
        frame=_ended(followed.frame, exit_days, status, n_own=len(regimens)),
        endpoint="next_treatment",
        causes=(*map(str, regimens), "death"),
        n_own=len(regimens),
        about={**_about(followed, "the next treatment"), "cause_heading": "Next treatment"},
    )


def follow_line(
    cohort: Cohort,
    study: Study,
    followed: FollowUp,
    *,
    line: int,
    fewest: int = 50,
    shortest_days: int = SHORTEST_DAYS,
) -> FollowUp:
    """Follow those who began a line from its first day to its last.

    Parameters
    ----------
    cohort, study, followed, shortest_days
        As in ``follow_next_line``.
    line
        Number of the line; the first is 1. It has to begin within the horizon of ``followed``.
    fewest
        Treatments that fewer patients took as this line are left out, with a note.

    Returns
    -------
    FollowUp
        One row per patient who began the line. ``arm`` is what was taken, day 0 the first day of
        the line, the event its end, death competes. Weights are those of ``followed`` for the
        first line; of later lines everybody counts as one.

    Raises
    ------
    DesignError
        As ``follow_next_line``; also if no treatment was begun often enough.

    Notes
    -----
    Who comes to a later line, and to which drug, was chosen by what happened before. Arms of a
    later line are different patients: their times describe, and compare nothing.
    """
    lines, rank = _lines_of(cohort, study, followed, shortest_days)
    of_line = lines.nth(line).reindex(rank)
    horizon = study.horizon_of(followed.endpoint)
    regimen = _common(of_line["regimen"], fewest)
    begin = of_line["begin_days"].to_numpy()
    has_begun = begin <= np.minimum(lines.last_days[rank], horizon)
    here = np.flatnonzero(has_begun & ~regimen.isna())
    if not len(here):
        raise DesignError(
            f"No treatment was begun as line {line} by {fewest} patients or more within "
            f"{horizon:,} days of the first start. Ask for an earlier line, or for fewer patients "
            "(fewest=...)."
        )
    arm = regimen[here].remove_unused_categories()
    since, end = (
        (lines.last_days[rank] - begin)[here],
        (of_line["end_days"] - begin).to_numpy()[here],
    )
    until = np.minimum(since, horizon)
    is_death = lines.is_dead[rank][here] & (end >= since) & (since <= until)
    status = np.where(is_death, 2, np.where(end <= until, 1, 0))
    kept = followed.frame.iloc[here].assign(arm=arm)
    is_same = line == 1 and len(here) == len(followed.frame)
    return FollowUp(
        _ended(
            kept if line == 1 else kept.assign(weight=1.0),
            np.minimum(end, until) + study.comparison.first_day,
            status,
            n_own=1,
        ),
        f"end_of_line_{line}",
        ("end_of_line", "death"),
        covariates=followed.covariates,
        about={
            **_about(followed, f"the end of line {line}"),
            **_arms_of_line(arm, of_line["regimen"].cat.categories),
            "horizon_days": horizon,
            "notes": _left_out(len(here) < has_begun.sum(), line, fewest),
        },
        weighting=followed.weighting if is_same else None,
    )


def _arms_of_line(arm: pd.Categorical, known: pd.Index) -> dict[str, Any]:
    """Say which treatments there are, so that each keeps its colour in all lines."""
    return {
        "arms": tuple(map(str, known)),
        "reference": str(arm.categories[0]),
        "arm_heading": "Treatment",
    }


def _left_out(is_somebody: bool, line: int, fewest: int) -> tuple[str, ...]:
    if not is_somebody:
        return ()
    return (f"Treatments that fewer than {fewest} patients took as line {line} are left out.",)


def measure_lines(
    cohort: Cohort,
    study: Study,
    followed: FollowUp,
    *,
    n_lines: int = 3,
    shortest_days: int = SHORTEST_DAYS,
) -> pd.DataFrame:
    """Count who went from which treatment to which, line by line.

    Parameters
    ----------
    cohort, study, followed, shortest_days
        As in ``follow_next_line``; weights are left out, because people are counted.
    n_lines
        How many lines are told apart.

    Returns
    -------
    DataFrame
        One row per step: ``line`` (of what was left), ``source`` (that treatment), ``target`` (the
        next one, or ``still_on_it``, ``no_further_treatment``, ``died`` or ``follow-up_ended``),
        ``patients``. ``attrs`` holds the rules, the horizon and the smallest count to be shown.

    Notes
    -----
    ``follow-up_ended`` are those who could not be followed to the horizon, whatever they took:
    their next line is unknown. Shares of a count are therefore no chances; ``follow_next_line``
    with ``estimate_incidence`` gives those.
    """
    lines, rank = _lines_of(cohort, study, followed, shortest_days)
    horizon = float(study.horizon_of(followed.endpoint) - study.comparison.first_day)
    last = np.minimum(lines.last_days[rank], horizon)
    place = np.arange(len(rank))
    source = lines.nth(1).reindex(rank)
    parts = []
    for line in range(1, n_lines):
        following = lines.nth(line + 1).reindex(rank[place])
        target = _target(source, following, _Seen.of(lines, rank[place], horizon))
        moved = pd.DataFrame({"source": source["regimen"].astype(str).to_numpy(), "target": target})
        parts.append(moved.value_counts().rename("patients").reset_index().assign(line=line))
        goes_on = (following["begin_days"] <= last[place]).to_numpy()
        place, source = place[goes_on], following[goes_on]
    order = [*lines.frame["regimen"].cat.categories, STILL, NONE, DIED, UNSEEN]
    steps = pd.concat(parts, ignore_index=True)
    for column in ("source", "target"):
        steps[column] = pd.Categorical(steps[column], categories=order)
    steps = steps.sort_values(["line", "source", "target"]).reset_index(drop=True)
    steps = steps[["line", "source", "target", "patients"]]
    steps.attrs = {
        "smallest_count": cohort.smallest_count,
        "withheld": followed.withheld,
        "rules": describe_lines(study, shortest_days=shortest_days),
        "horizon_days": study.horizon_of(followed.endpoint),
    }
    return steps


@dataclass(frozen=True, eq=False)
class _Seen:
    """Until when some patients were seen, and how that ended."""

    last: Array
    is_dead: Array
    is_whole: Array

    @classmethod
    def of(cls, lines: Lines, rank: Array, horizon: float) -> _Seen:
        """Read it from the lines of these patients."""
        last = lines.last_days[rank]
        is_whole = last >= horizon
        return cls(np.minimum(last, horizon), lines.is_dead[rank] & (last <= horizon), is_whole)


def _target(source: pd.DataFrame, following: pd.DataFrame, seen: _Seen) -> Array:
    """Return what came after a line, or why nothing is known to have come."""
    has_next = (following["begin_days"] <= seen.last).to_numpy()
    is_on = (source["end_days"] >= seen.last).to_numpy()
    named = [has_next, seen.is_dead, ~seen.is_whole, is_on]
    chosen: list[Any] = [following["regimen"].astype(str), DIED, UNSEEN, STILL]
    target: Array = np.select(named, chosen, default=NONE)
    return target


def _lines_of(
    cohort: Cohort, study: Study, followed: FollowUp, shortest_days: int
) -> tuple[Lines, Array]:
    """Return the lines, and the place among the entrants of each row of a follow-up."""
    if followed.frame["patient_id"].duplicated().any():
        raise DesignError("Lines of treatment need a follow-up with one row per patient.")
    lines = find_lines(cohort, study, shortest_days=shortest_days)
    rank: Array = pd.Index(lines.patient_id).get_indexer(followed.frame["patient_id"])
    if (rank < 0).any():
        raise DesignError("The follow-up is of another cohort or study; make it from these.")
    return lines, rank


def _common(regimens: pd.Series, fewest: int) -> pd.Categorical:
    """Keep the regimens that enough patients took; the others are missing."""
    sizes = regimens.value_counts()
    kept = [regimen for regimen in regimens.cat.categories if sizes[regimen] >= fewest]
    return pd.Categorical(regimens.astype(object), categories=kept)


def _ended(frame: pd.DataFrame, exit_days: Array, status: Array, *, n_own: int) -> pd.DataFrame:
    """Return rows with another end of follow-up."""
    reason = np.where(status > 0, "event", "follow-up ended")
    return frame.assign(
        exit_days=exit_days.astype("float64"),
        status=status.astype("int64"),
        n_events=((status > 0) & (status <= n_own)).astype("int64"),
        last_absent_days=exit_days.astype("float64"),
        end_reason=pd.Categorical(reason),
    ).reset_index(drop=True)


def _about(followed: FollowUp, label: str) -> dict[str, Any]:
    """Say what a follow-up of lines is about; the estimand of another endpoint is left out."""
    kept = {key: entry for key, entry in followed.about.items() if key != "estimand"}
    return {**kept, "endpoint_label": label}
