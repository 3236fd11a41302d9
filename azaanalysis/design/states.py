"""What was so of each patient on each of some days: dose of steroid, response held or lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.changing import measure_changing
from azaanalysis.design.entrants import Entrants, find_entrants
from azaanalysis.design.findings import Seen, see_finding
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.over_time import Changing
from azaanalysis.errors import DesignError
from azaanalysis.settings import VisitEndpoint
from azaanalysis.study import Study

Array = np.ndarray
FIRST, LOST, AGAIN = "first_response", "response_lost", "response_again"


@dataclass(frozen=True, eq=False)
class States:
    """Numbers that hold on single days since time zero.

    Parameters
    ----------
    days
        The days, ascending.
    values
        By name, one number for each row of the follow-up and day.
    is_observed
        Whether the row can be known on the day; shape (rows, days).
    """

    days: Array
    values: dict[str, Array]
    is_observed: Array


def measure_steroid_states(
    cohort: Cohort, study: Study, follow_up: FollowUp, *, days: Array, low_mg_per_day: float = 5
) -> States:
    """Return the dose of steroid of each patient on each day, and whether it was low.

    Doses count for as long as a patient is observed and alive, whatever is taken besides.

    Raises
    ------
    DesignError
        If the cohort has no steroids, or a patient comes twice.
    """
    entrants, rank = entrants_of(cohort, study, follow_up)
    dose = measure_changing(entrants, "prednisolone_mg_per_day")
    mg = _on_days(dose, rank, days)
    last = np.minimum(entrants.observed_to, entrants.death_day)
    since = (last - entrants.index_day)[rank]
    values = {"prednisolone": mg, "low_dose": (mg <= low_mg_per_day).astype("float64")}
    return States(days, values, days[None, :] <= since[:, None])


def measure_response_states(
    cohort: Cohort, study: Study, follow_up: FollowUp, *, days: Array
) -> States:
    """Return in which state of response each patient was on each day.

    ``first_response`` lasts from the first visit with the finding to the first without it;
    ``response_lost`` and ``response_again`` come after. Who has stopped the first treatment or
    died is in none of them: a response counts on the drug only.

    Raises
    ------
    DesignError
        If the endpoint is no finding at visits, or a patient comes twice.
    """
    settings = study.endpoint(follow_up.endpoint)
    if not isinstance(settings, VisitEndpoint):
        raise DesignError(
            f"'{follow_up.endpoint}' is no finding at visits, so that nobody can be in it for a "
            "while. Ask for an endpoint of kind visit."
        )
    entrants, rank = entrants_of(cohort, study, follow_up)
    state = _on_days(_states(entrants, see_finding(entrants, settings)), rank, days)
    on_drug = np.minimum(entrants.treatment.stop_day, entrants.death_day) - entrants.index_day
    is_on = days[None, :] <= on_drug[rank][:, None]
    known = (entrants.observed_to - entrants.index_day)[rank][:, None]
    is_dead = days[None, :] > (entrants.death_day - entrants.index_day)[rank][:, None]
    names = {1.0: FIRST, 2.0: LOST, 3.0: AGAIN}
    values = {name: ((state == code) & is_on).astype("float64") for code, name in names.items()}
    return States(days, values, (days[None, :] <= known) | is_dead)


def count_visits(cohort: Cohort, study: Study, follow_up: FollowUp) -> Array:
    """Count the visits of each row at which its finding could be seen, until follow-up ended."""
    settings = study.endpoint(follow_up.endpoint)
    if not isinstance(settings, VisitEndpoint):
        raise DesignError(f"'{follow_up.endpoint}' is no finding at visits.")
    entrants, rank = entrants_of(cohort, study, follow_up)
    seen = see_finding(entrants, settings)
    end = np.full(len(entrants), -1.0)
    end[rank] = follow_up.frame["exit_days"].to_numpy() - study.comparison.first_day
    counts = seen.day - entrants.index_day[seen.rank] <= end[seen.rank]
    found: Array = np.bincount(seen.rank[counts], minlength=len(entrants))[rank]
    return found


def entrants_of(cohort: Cohort, study: Study, follow_up: FollowUp) -> tuple[Entrants, Array]:
    """Return who entered, and the place among them of each row of the follow-up."""
    if follow_up.frame["patient_id"].duplicated().any():
        raise DesignError(
            "This needs one row per patient. Follow with entry: first and without weights that "
            "change over time."
        )
    entrants = find_entrants(cohort, study)
    ids = pd.Index(entrants.patients["patient_id"])
    place: Array = ids.get_indexer(follow_up.frame["patient_id"])
    if (place < 0).any():
        raise DesignError("The follow-up is of another cohort or study; make it from these.")
    return entrants, place


def _states(entrants: Entrants, seen: Seen) -> Changing:
    """Return 0 before a response, 1 in the first, 2 after its loss, 3 in a later one."""
    present = seen.present
    is_own = np.append(False, seen.rank[1:] == seen.rank[:-1])
    before = np.append(0.0, present[:-1]) * is_own
    is_loss = (before == 1) & (present == 0)
    losses = _counted_within(seen.rank, is_loss)
    responses = _counted_within(seen.rank, present == 1)
    state = np.where(present == 1, np.where(losses > 0, 3.0, 1.0), np.where(responses > 0, 2.0, 0))
    since = (seen.day - entrants.index_day[seen.rank]).astype("float64")
    return Changing("state", seen.rank, since, state)


def _counted_within(rank: Array, is_so: Array) -> Array:
    """Count so far within each starter; rows are in order of starter."""
    total = np.cumsum(is_so)
    first = np.searchsorted(rank, rank)
    counted: Array = total - (total - is_so)[first]
    return counted


def _on_days(changing: Changing, rank: Array, days: Array) -> Array:
    """Return what was known of each row on each day, 0 before anything was."""
    row = np.repeat(rank, len(days))
    known = changing.on(row, np.tile(days.astype("float64"), len(rank)))
    on_days: Array = np.nan_to_num(known).reshape(len(rank), len(days))
    return on_days
