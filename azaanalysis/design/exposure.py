"""Person-time by what changes after time zero: the drug in use, a dose, the last test result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.changing import measure_changing
from azaanalysis.design.drug_in_use import measure_drug_in_use
from azaanalysis.design.entrants import Entrants, find_entrants
from azaanalysis.design.follow_up import CONTINUES, FollowUp
from azaanalysis.design.over_time import Changing
from azaanalysis.design.recurrent import follow_recurrent
from azaanalysis.errors import DesignError
from azaanalysis.study import Study
from azaanalysis.vocab import sentence_case

Array = np.ndarray
DOSE = "prednisolone_mg_per_day"
NO_DRUG, OTHER_DRUGS = "no_study_drug", "another_combination"
NONE, NOT_KNOWN = "none", "not known"
# The column that keeps the arm a patient started in, once rows are told apart by something else.
STARTED = "arm_started"


def follow_by_drug(
    cohort: Cohort, study: Study, *, endpoint: str, lag_days: int | None = None
) -> FollowUp:
    """Follow patients through all their time, told apart by the drug in use.

    Whoever changes drug contributes time and events to each. Nothing ends follow-up but death,
    the end of observation and the horizon.

    Parameters
    ----------
    cohort, study
        As in :func:`follow`.
    endpoint
        Name of an endpoint of kind ``event`` with ``count: all``.
    lag_days
        Days after the last supply that still count for a drug, unless another study drug begins
        before; ``lag_days`` of the endpoint if not given.

    Returns
    -------
    FollowUp
        Several rows per patient. ``arm`` is the drug in use: the arm of the study whose drugs are
        in use together, ``another_combination`` of study drugs, or ``no_study_drug``. The arm
        that was started is the covariate ``arm_started``.

    Raises
    ------
    DesignError
        If the endpoint does not count all events.

    Notes
    -----
    An event on the day of a change belongs to what was in use before it. Gaps between supplies
    up to ``permissible_gap_days`` are bridged; an overlap shorter than 30 days is a switch. Time
    on a drug is not assigned but came about, by what happened before: these rates describe, and
    covariates of time zero do not make them comparable.
    Source: Schneeweiss and Avorn (2005), J Clin Epidemiol 58:323-337 (exposure over time).
    """
    settings = study.endpoint(endpoint)
    lag = settings.lag_days if lag_days is None else lag_days
    through = dict.fromkeys(("discontinuation", "switch", "add_on"), "treatment_policy")
    kept = [event for event in settings.competing if event == "death"]
    changes = {"strategy": "as_started", "intercurrent": through, "competing": kept}
    followed = follow_recurrent(
        cohort, study.changed(endpoints={endpoint: changes}), endpoint=endpoint
    )
    entrants = find_entrants(cohort, study)
    names = (*study.comparison.arms, OTHER_DRUGS, NO_DRUG)
    state = measure_drug_in_use(entrants, first_day=study.comparison.first_day, lag_days=lag)
    split = split_by_state(followed, entrants, state, names)
    note = (
        f"A drug counts for {lag} days after its last supply, unless another study drug begins. "
        "Events on the day of a change belong to what was in use before."
    )
    return told_apart(split, "Drug in use", study.comparison.reference, note)


def follow_by_level(
    cohort: Cohort,
    study: Study,
    *,
    endpoint: str,
    of: str,
    cuts: Sequence[float],
    carry_days: int | None = None,
) -> FollowUp:
    """Follow patients as the study says, told apart by a dose or a test result of the moment.

    Parameters
    ----------
    cohort, study
        As in :func:`follow`.
    endpoint
        Name of an endpoint of kind ``event`` with ``count: all``.
    of
        ``prednisolone_mg_per_day``, or a test of the labs table.
    cuts
        Where levels end and begin, ascending; a level contains its lower end. A dose of zero is a
        level of its own.
    carry_days
        How long a test result is taken to be known; until the next one if not given.

    Returns
    -------
    FollowUp
        Several rows per patient. ``arm`` is the level: of a dose, that of the day before; of a
        test, that of the last result before the day, so that a count taken in the infection
        itself does not answer for it. ``not known`` where there was none.

    Raises
    ------
    DesignError
        If the cuts do not ascend, or the endpoint does not count all events.

    Notes
    -----
    A cohort without such a table, or without the test, has all its time at ``not known``, with a
    note. Dose and count follow how ill a patient is: the rates describe.
    """
    ends = [float(cut) for cut in cuts]
    if not ends or not np.all(np.diff(ends) > 0):
        raise DesignError(
            f"cuts must be numbers in ascending order, for example 10, 20; got {cuts}."
        )
    followed = follow_recurrent(cohort, study, endpoint=endpoint)
    entrants = find_entrants(cohort, study)
    heading = "Prednisolone, mg" if of == DOSE else sentence_case(of)
    note = "Events of a day belong to what was in use, or known, the day before."
    if has_values(cohort, of):
        measured = measure_changing(entrants, of, first_day=study.comparison.first_day)
    else:
        measured = Changing(of, *(np.zeros(0) for _ in range(3)))
        note = f"The cohort has no table or test from which '{of}' could be known."
    names, codes = into_levels(measured.value, ends, is_dose=of == DOSE)
    known = _while_known(replace(measured, value=codes), len(names) - 1, carry_days)
    split = split_by_state(followed, entrants, known, names)
    return told_apart(split, heading, NONE if of == DOSE else names[-2], note)


def split_by_state(
    follow_up: FollowUp, entrants: Entrants, state: Changing, names: Sequence[str]
) -> FollowUp:
    """Cut rows where a state changes, and make the state their arm.

    Parameters
    ----------
    follow_up
        Rows of (entry, exit], several per patient or one; an event is at the end of its row.
    entrants
        The starts that ``state`` numbers its rows by.
    state
        From each day, that day not included, a place among ``names``; the last place before any.
    names
        What the places are called: the new arms.
    """
    frame = follow_up.frame.reset_index(drop=True)
    place = pd.Series(np.arange(len(entrants)), index=entrants.patients["patient_id"])
    start = place.reindex(frame["patient_id"]).to_numpy()
    changes = _changes_only(state)
    first_day = float(follow_up.about.get("first_day", 0))
    piece, entry, leave = _pieces(changes, start, frame, first_day)
    cut = frame.iloc[piece].reset_index(drop=True)
    is_last = np.append(piece[1:] != piece[:-1], True)[: len(piece)]
    # Time zero may be day 1; before it, the state is that of the day itself.
    code = changes.on(start[piece], np.maximum(entry, first_day))
    code = np.where(np.isnan(code), len(names) - 1, code).astype(np.int64)
    cut[STARTED] = cut["arm"]
    cut["arm"] = pd.Categorical.from_codes(code, categories=pd.Index(list(names)))
    cut["entry_days"], cut["exit_days"] = entry, leave
    for column in ("status", "n_events"):
        cut[column] = cut[column].where(is_last, 0)
    reasons = cut["end_reason"].astype("category")
    if CONTINUES not in reasons.cat.categories:
        reasons = reasons.cat.add_categories([CONTINUES])
    cut["end_reason"] = reasons.where(is_last, CONTINUES)
    return replace(follow_up, frame=cut, covariates=(STARTED, *follow_up.covariates))


def _changes_only(state: Changing) -> Changing:
    """Sort by row and day, and keep the last value of a day where it is a new one."""
    order = np.lexsort((state.day, state.row))
    row, day, value = (values[order] for values in (state.row, state.day, state.value))
    is_last = np.append((row[1:] != row[:-1]) | (day[1:] != day[:-1]), True)[: len(row)]
    row, day, value = row[is_last], day[is_last], value[is_last]
    is_new = np.append(True, (row[1:] != row[:-1]) | (value[1:] != value[:-1]))[: len(row)]
    return Changing(state.name, row[is_new], day[is_new], value[is_new])


def _pieces(
    changes: Changing, start: Array, frame: pd.DataFrame, first_day: float
) -> tuple[Array, Array, Array]:
    """Return the row each piece comes from, and its ends."""
    entered, left = frame["entry_days"].to_numpy(), frame["exit_days"].to_numpy()
    lift = 4 * (np.abs(changes.day).max(initial=0) + left.max(initial=0) + 1)
    key = changes.row * lift + changes.day
    first = np.searchsorted(key, start * lift + np.maximum(entered, first_day), side="right")
    n_cuts = np.maximum(np.searchsorted(key, start * lift + left, side="left") - first, 0)
    piece = np.repeat(np.arange(len(start)), n_cuts + 1)
    nth = np.arange(len(piece)) - np.repeat(np.cumsum(n_cuts + 1) - n_cuts - 1, n_cuts + 1)
    day = np.append(changes.day, 0.0)
    at = first[piece] + nth
    begin = np.where(nth > 0, day[np.minimum(at - 1, len(day) - 1)], entered[piece])
    end = np.where(nth < n_cuts[piece], day[np.minimum(at, len(day) - 1)], left[piece])
    return piece, begin, end


def has_values(cohort: Cohort, of: str) -> bool:
    """Tell whether the cohort can say anything about a dose or a test."""
    if of == DOSE:
        return "steroids" in cohort.tables
    labs = cohort.tables.get("labs")
    return labs is not None and of in set(labs["test"].cat.categories)


def into_levels(value: Array, cuts: list[float], *, is_dose: bool) -> tuple[tuple[str, ...], Array]:
    """Return the names of the levels, the unknown last, and the place of each value."""
    middle = (f"{low:g} to below {high:g}" for low, high in pairwise(cuts))
    names = (f"below {cuts[0]:g}", *middle, f"{cuts[-1]:g} or more")
    codes = np.digitize(np.nan_to_num(value), cuts).astype(float)
    if is_dose:
        names = (NONE, *names)
        # Doses are added and taken away again: what is left of rounding is no dose.
        codes = np.where(value > 1e-6, codes + 1, 0.0)
    return (*names, NOT_KNOWN), np.where(np.isnan(value), len(names), codes)


def _while_known(state: Changing, unknown: int, carry_days: int | None) -> Changing:
    """Let each value be forgotten after some days, unless another came before."""
    if carry_days is None:
        return state
    row = np.concatenate([state.row, state.row])
    day = np.concatenate([state.day, state.day + carry_days])
    value = np.concatenate([state.value, np.full(len(state.value), float(unknown))])
    latest = Changing("latest", state.row, state.day, state.day).on(row, day)
    is_kept = (np.arange(len(row)) < len(state.row)) | (latest == day - carry_days)
    return Changing(state.name, row[is_kept], day[is_kept], value[is_kept])


def told_apart(follow_up: FollowUp, heading: str, reference: str, note: str) -> FollowUp:
    """Say in ``about`` what the arms are now."""
    label = str(follow_up.about.get("endpoint_label", follow_up.endpoint))
    arm = follow_up.frame["arm"]
    unseen = {OTHER_DRUGS, NO_DRUG, NOT_KNOWN} - set(arm.unique())
    # remove_categories would sort those that stay.
    named = arm.cat.set_categories([name for name in arm.cat.categories if name not in unseen])
    follow_up = replace(follow_up, frame=follow_up.frame.assign(arm=named))
    about = {
        **follow_up.about,
        "arms": follow_up.arms,
        "reference": reference,
        "arm_heading": heading,
        "estimand": f"{label} by {heading[:1].lower()}{heading[1:]}, as it came about.",
        "notes": (*follow_up.about.get("notes", ()), note),
    }
    return replace(follow_up, about=about)
