"""Person-time by whether another drug, one that acts upon the first, is in use beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from azaanalysis.cohort import Cohort
from azaanalysis.design.days import NEVER, days_of, in_order, starts_group
from azaanalysis.design.entrants import Entrants, find_entrants
from azaanalysis.design.exposure import split_by_state, told_apart
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.one_arm import arm_named, only_arm
from azaanalysis.design.over_time import Changing
from azaanalysis.design.recurrent import follow_recurrent
from azaanalysis.errors import DesignError
from azaanalysis.study import Study
from azaanalysis.vocab import in_words


def follow_by_companion(
    cohort: Cohort, study: Study, *, endpoint: str, drugs: Sequence[str], arm: str = ""
) -> FollowUp:
    """Follow the patients of one arm, their time told apart by other drugs in use beside theirs.

    Parameters
    ----------
    cohort, study
        As in ``follow``.
    endpoint
        What is counted: an endpoint of kind ``event`` or ``laboratory`` with ``count: all``.
    drugs
        Drugs of the courses table that act upon the first, such as ``allopurinol``: any of them
        counts, whenever it was begun.
    arm
        The arm; the reference if not given.

    Returns
    -------
    FollowUp
        Several rows per patient. ``arm`` is ``with_...`` or ``without_...`` these drugs. If the
        courses hold none of them, all time is without, and a note says so.

    Raises
    ------
    DesignError
        If no drug is named, the study has no such arm, or ``endpoint`` does not count all events.

    Notes
    -----
    A day belongs to what was in use the day before it. A course that no row of the table records
    is time without. Allopurinol is often added on purpose, with a quarter to a third of the dose
    of the thiopurine: what is seen is then the pair of doses, and not the interaction.
    """
    named = [str(drug) for drug in drugs]
    if not named:
        raise DesignError("drugs must name at least one drug, for example 'allopurinol'.")
    arm = arm_named(study, arm)
    followed = only_arm(follow_recurrent(cohort, study, endpoint=endpoint), arm)
    entrants = find_entrants(cohort, study)
    spoken = "_or_".join(named)
    with_, without = f"with_{spoken}", f"without_{spoken}"
    state = _in_use(entrants, named, study.comparison.first_day)
    split = split_by_state(followed, entrants, state, (with_, without))
    note = f"Only {in_words(arm)}. A day belongs to what was in use the day before."
    if not len(state.row):
        note += f" The courses hold no {in_words(spoken)}: what is not recorded cannot be seen."
    return told_apart(split, "Beside it", without, note)


def _in_use(entrants: Entrants, drugs: Sequence[str], first_day: int) -> Changing:
    """Return from when on any of the drugs is in use (0) or none is (1)."""
    courses = entrants.cohort.courses
    rank, rows = entrants.rows("courses")
    is_asked = courses["drug"].isin(list(drugs)).to_numpy()[rows]
    rank, rows = rank[is_asked], rows[is_asked]
    begin, end = (days_of(courses[column])[rows] for column in ("start_date", "stop_date"))
    rank, change = np.concatenate([rank, rank]), np.repeat([1, -1], len(rows))
    # An open course has no last day, and its end lies beyond all follow-up.
    day = np.concatenate([begin, np.minimum(end, NEVER)])
    order = in_order(rank, day)
    rank, day, change = rank[order], day[order], change[order]
    total = np.cumsum(change)
    first = starts_group(rank)
    before = (total - change)[first][np.cumsum(first) - 1] if len(rank) else total
    is_used = (total - before) > 0
    since = (day - entrants.index_day[rank] + first_day).astype("float64")
    return Changing("companion", rank, since, np.where(is_used, 0.0, 1.0))
