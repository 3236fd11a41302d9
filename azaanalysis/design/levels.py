"""Results of one test over time, of patients who are followed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.entrants import find_entrants
from azaanalysis.design.follow import follow
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.laboratory import tests_after
from azaanalysis.errors import DesignError
from azaanalysis.settings import LaboratoryEndpoint
from azaanalysis.study import Study
from azaanalysis.vocab import in_words

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Levels:
    """Results of one test after time zero and up to the end of follow-up.

    Parameters
    ----------
    follow_up
        Whose results they are: one row per patient.
    row
        For each result the row of the follow-up it belongs to; in order.
    days
        Days since time zero.
    value
        Results, all in ``unit``.
    test, unit
        What was measured, and in what.
    """

    follow_up: FollowUp
    row: Array
    days: Array
    value: Array
    test: str
    unit: str


def follow_levels(
    cohort: Cohort, study: Study, *, endpoint: str, weighted: FollowUp | None = None
) -> Levels:
    """Follow the results of the test of a laboratory endpoint over time.

    Parameters
    ----------
    cohort, study
        As in ``follow``.
    endpoint
        A laboratory endpoint with ``count: all``, so that follow-up goes on after a finding.
    weighted
        The follow-up of the same endpoint as ``follow`` and ``weigh`` made it. Without it,
        everybody counts as one.

    Raises
    ------
    DesignError
        If the endpoint is no such endpoint, patients have several rows, or results come in several
        units.
    """
    settings = study.endpoint(endpoint)
    if not isinstance(settings, LaboratoryEndpoint) or not settings.counts_all:
        raise DesignError(
            "Levels over time need an endpoint of kind 'laboratory' with 'count: all', and "
            f"'{endpoint}' is none. Add one to the study file."
        )
    followed = follow(cohort, study, endpoint=endpoint) if weighted is None else weighted
    if followed.endpoint != endpoint or followed.frame["patient_id"].duplicated().any():
        raise DesignError(
            f"Levels of {in_words(settings.test)} need the follow-up of '{endpoint}' with one row "
            "per patient: not one of several starts, clones or periods."
        )
    entrants = find_entrants(cohort, study)
    rank, rows, day = tests_after(entrants, settings.test)
    results = cohort.tables["labs"].iloc[rows]
    units = [str(unit) for unit in results["unit"].unique()]
    if len(units) > 1:
        raise DesignError(
            f"Results of {in_words(settings.test)} come in several units ({', '.join(units)}). "
            "Convert them with 'factor' in the mapping file."
        )
    row_of = pd.Series(np.arange(len(followed.frame)), index=followed.frame["patient_id"])
    row = row_of.reindex(entrants.patients["patient_id"]).fillna(-1).to_numpy(dtype=np.int64)[rank]
    since = (day - entrants.index_day[rank] + study.comparison.first_day).astype(float)
    kept = (row >= 0) & (since <= followed.frame["exit_days"].to_numpy()[row])
    order = np.lexsort((since[kept], row[kept]))
    value = results["value"].to_numpy(dtype=float)[kept][order]
    return Levels(
        followed, row[kept][order], since[kept][order], value, settings.test, "".join(units)
    )


def sample_individuals(levels: Levels, *, per_arm: int = 8, least_tests: int = 6) -> pd.DataFrame:
    """Return the results of a few invented patients, to be drawn behind their mean.

    Parameters
    ----------
    levels
        Results over time.
    per_arm
        How many patients of each arm, spread evenly over those who qualify.
    least_tests
        Only patients with so many results.

    Returns
    -------
    DataFrame
        ``arm``, ``line`` (a number for each patient), ``days``, ``value``. Of real patients nothing
        is returned: one patient's results can give that patient away.
    """
    about, frame = levels.follow_up.about, levels.follow_up.frame
    made = pd.DataFrame({"line": levels.row, "days": levels.days, "value": levels.value})
    made.insert(0, "arm", frame["arm"].to_numpy()[levels.row])
    if not about.get("is_synthetic", False) or about.get("smallest_count", 5) > 1:
        return made.iloc[:0]
    counts = np.bincount(levels.row, minlength=len(frame))
    chosen: list[int] = []
    for arm in levels.follow_up.arms:
        fit = np.flatnonzero((frame["arm"] == arm).to_numpy() & (counts >= least_tests))
        places = np.linspace(0, len(fit) - 1, min(per_arm, len(fit))).astype(int)
        chosen += fit[places].tolist()
    return made[made["line"].isin(chosen)].reset_index(drop=True)
