"""When a further drug was started: what strategies with a grace period are told apart by."""

from __future__ import annotations

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.days import NEVER, days_of, earliest
from azaanalysis.design.entrants import find_entrants
from azaanalysis.design.starts import drugs_of
from azaanalysis.study import Study


def measure_later_start(cohort: Cohort, study: Study, drug: str) -> pd.Series:
    """Return for each row of ``follow`` the day on which a further drug was started.

    With it, starters of one drug can be compared by what they added, without immortal time:
    follow them as started, add this column, and give the frame to :func:`clone_censor_weight`.

    Parameters
    ----------
    cohort, study
        As in :func:`follow`.
    drug
        A drug or a class.

    Returns
    -------
    Series
        Days since time zero of the first course begun from time zero on; missing if there was
        none. In the order of a follow-up with one row per start.

    Raises
    ------
    DesignError
        If the cohort knows neither a drug nor a class of that name.
    """
    entrants = find_entrants(cohort, study)
    drugs = drugs_of(drug, cohort.drug_classes)
    rank, rows = entrants.rows("courses")
    begun = days_of(cohort.courses["start_date"])[rows]
    wanted = cohort.courses["drug"].isin(drugs).to_numpy()[rows]
    wanted &= begun >= entrants.index_day[rank]
    first = earliest(len(entrants), rank[wanted], begun[wanted])
    since = first - entrants.index_day + study.comparison.first_day
    return pd.Series(np.where(first < NEVER, since, np.nan), name=f"{drug}_start_days")
