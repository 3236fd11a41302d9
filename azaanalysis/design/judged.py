"""What visits or tests on the first treatment showed, with what had been measured before each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.changing import measure_changing
from azaanalysis.design.entrants import Entrants, find_entrants
from azaanalysis.design.exposure import has_values, into_levels
from azaanalysis.design.findings import see_finding
from azaanalysis.design.follow import follow
from azaanalysis.design.laboratory import laboratory_tests
from azaanalysis.design.over_time import Changing
from azaanalysis.errors import DesignError
from azaanalysis.settings import LaboratoryEndpoint, VisitEndpoint
from azaanalysis.study import Study
from azaanalysis.vocab import in_words, sentence_case

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Judged:
    """Visits or tests on the first treatment, each with the level known on its day.

    Parameters
    ----------
    frame
        One row per visit or test: ``patient_id``, ``level`` (a category; ``not known`` if nothing
        had been measured in time) and ``present`` (whether the finding was there).
    endpoint
        The finding.
    about
        What an estimate of it says about itself.
    """

    frame: pd.DataFrame
    endpoint: str
    about: Mapping[str, Any]


def judge_by_level(
    cohort: Cohort,
    study: Study,
    *,
    endpoint: str,
    of: str,
    cuts: Sequence[float],
    carry_days: int = 182,
) -> Judged:
    """Set what each visit or test of the reference arm showed beside the last result of a test.

    Parameters
    ----------
    cohort, study
        As in ``follow``.
    endpoint
        A finding at visits (kind ``visit``), or one of blood tests (kind ``laboratory``).
    of
        The test whose results make the levels, such as ``6tgn``.
    cuts
        Where levels end and begin, ascending; a level contains its lower end.
    carry_days
        For how long a result is taken to hold.

    Returns
    -------
    Judged
        Visits or tests after time zero, until the first treatment ends.

    Raises
    ------
    DesignError
        If the endpoint is of another kind, or the cuts do not ascend.

    Notes
    -----
    A cohort without the test has every visit at ``not known``. The level is measured in those who
    are thought to need it, and is as much a mark of who takes the tablets as of what they do: a
    higher share of responders at a higher level does not say that a higher dose would help.
    """
    settings = study.endpoint(endpoint)
    if not isinstance(settings, VisitEndpoint | LaboratoryEndpoint):
        kinds = "'visit' or 'laboratory'"
        raise DesignError(
            f"'{endpoint}' is not of kind {kinds}, so that no visit or test shows it."
        )
    ends = [float(cut) for cut in cuts]
    if not ends or not np.all(np.diff(ends) > 0):
        raise DesignError(
            f"cuts must be numbers in ascending order, for example 235, 450; got {cuts}."
        )
    arm, entrants = study.comparison.reference, find_entrants(cohort, study)
    rank, day, present = _shown(entrants, settings)
    last = np.minimum(entrants.treatment.stop_day, entrants.death_day)
    is_arm = (entrants.starts["arm"] == arm).to_numpy()
    counts = (day <= last[rank]) & (day <= entrants.observed_to[rank]) & is_arm[rank]
    counts &= day - entrants.index_day[rank] <= study.horizon_of(endpoint)
    rank, day, present = rank[counts], day[counts], present[counts]
    value = _last_result(entrants, of, rank, day, carry_days)
    names, codes = into_levels(value, ends, is_dose=False)
    frame = pd.DataFrame(
        {
            "patient_id": entrants.patients["patient_id"].array[rank],
            "level": pd.Categorical.from_codes(codes.astype(np.int64), pd.Index(names)),
            "present": present == 1,
        }
    )
    about = {**follow(cohort, study, endpoint=endpoint).about}
    notes = (*about["notes"], _note(cohort, arm, of, carry_days))
    heading = {"arms": names, "reference": names[0], "arm_heading": sentence_case(of)}
    return Judged(frame, endpoint, {**about, **heading, "notes": notes})


def _note(cohort: Cohort, arm: str, of: str, carry_days: int) -> str:
    if not has_values(cohort, of):
        return f"Only {in_words(arm)}. The laboratory table holds no {in_words(of)}."
    return (
        f"Only {in_words(arm)}, on treatment. The last {in_words(of)} of at most {carry_days} days "
        "before counts; it was measured in those who were chosen for it."
    )


def _shown(
    entrants: Entrants, settings: VisitEndpoint | LaboratoryEndpoint
) -> tuple[Array, Array, Array]:
    """Return whose visit or test it was, on what day, and whether the finding was there."""
    if isinstance(settings, VisitEndpoint):
        seen = see_finding(entrants, settings)
        return seen.rank, seen.day, seen.present
    found, without = laboratory_tests(entrants, settings)
    present = np.repeat([1.0, 0.0], [len(found.rank), len(without.rank)])
    rank, day = (
        np.concatenate([getattr(d, name) for d in (found, without)]) for name in ("rank", "day")
    )
    return rank, day, present


def _last_result(entrants: Entrants, of: str, rank: Array, day: Array, carry_days: int) -> Array:
    """Return the last result of a test on a day or before; missing if it is too old."""
    if not has_values(entrants.cohort, of):
        return np.full(len(rank), np.nan)
    results = measure_changing(entrants, of)
    since = (day - entrants.index_day[rank]).astype("float64")
    measured = Changing("day", results.row, results.day, results.day).on(rank, since)
    value = results.on(rank, since)
    is_old = ~(since - measured <= carry_days)
    return np.where(is_old, np.nan, value)
