"""One arm by the dose that its patients were started on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.days import days_of
from azaanalysis.design.entrants import Entrants, find_entrants
from azaanalysis.design.exposure import into_levels
from azaanalysis.design.follow import follow
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.monitoring import divide_arm
from azaanalysis.design.one_arm import arm_named
from azaanalysis.design.starts import drugs_of
from azaanalysis.errors import DesignError
from azaanalysis.study import Study

Array = np.ndarray


def follow_by_dose(
    cohort: Cohort, study: Study, *, endpoint: str, cuts: Sequence[float], arm: str = ""
) -> FollowUp:
    """Follow the patients of one arm, divided by their first daily dose per kilogram.

    Parameters
    ----------
    cohort, study, endpoint
        As in ``follow``.
    cuts
        Doses in mg per kg of body weight and day at which a new level begins, ascending.
    arm
        The arm; the reference if not given.

    Returns
    -------
    FollowUp
        The rows of that arm, each counting as one. Its arms are the levels; patients without a
        recorded dose or weight are ``not known``.

    Raises
    ------
    DesignError
        If the study has no such arm, it holds several drugs, or the cuts do not ascend.

    Notes
    -----
    A description, and not the effect of a dose: who is given less has a known gene, a weak liver
    or a careful doctor, and differs in all of these.
    """
    ends = [float(cut) for cut in cuts]
    if not ends or not np.all(np.diff(ends) > 0):
        raise DesignError(f"cuts must be numbers in ascending order, for example 1, 2; got {cuts}.")
    arm, arms = arm_named(study, arm), study.comparison.arms
    if len(arms[arm]) > 1:
        raise DesignError(
            f"'{arm}' is a combination, whose parts have doses of their own. Name an arm of one."
        )
    followed = follow(cohort, study, endpoint=endpoint)
    entrants = find_entrants(cohort, study)
    per_kg = _first_dose(entrants, arms[arm][0]) / _weight_kg(entrants)
    names, codes = into_levels(per_kg, ends, is_dose=False)
    level = pd.Series(codes, index=entrants.patients["patient_id"])
    code = level.reindex(followed.frame["patient_id"]).to_numpy(dtype=np.int64)
    words = [name if name == names[-1] else f"{name} mg/kg" for name in names]
    return divide_arm(followed, arm, pd.Series(pd.Categorical.from_codes(code, pd.Index(words))))


def _first_dose(entrants: Entrants, component: str) -> Array:
    """Return the daily dose supplied on time zero, in mg; missing where none is recorded."""
    courses = entrants.cohort.courses
    dose = np.full(len(entrants), np.nan)
    if "dose_mg_per_day" not in courses:
        return dose
    drugs = courses["drug"].cat.categories
    classes = {**{drug: drug for drug in drugs}, **entrants.cohort.drug_classes}
    rank, rows = entrants.rows("courses")
    is_first = days_of(courses["start_date"])[rows] == entrants.index_day[rank]
    is_first &= courses["drug"].isin(drugs_of(component, classes)).to_numpy()[rows]
    mg = courses["dose_mg_per_day"].to_numpy(dtype="float64", na_value=np.nan)
    dose[rank[is_first]] = mg[rows[is_first]]
    return dose


def _weight_kg(entrants: Entrants) -> Array:
    if "weight_kg" not in entrants.patients:
        return np.full(len(entrants), np.nan)
    weight: Array = entrants.patients["weight_kg"].to_numpy(dtype="float64", na_value=np.nan)
    return weight
