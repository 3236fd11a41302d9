"""How patients are watched: one arm by a trait of its patients, and equal testing of all arms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.days import days_of
from azaanalysis.design.entrants import Entrants, find_entrants
from azaanalysis.design.follow import follow
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.laboratory import tests_after
from azaanalysis.design.recurrent import follow_recurrent
from azaanalysis.errors import DesignError
from azaanalysis.settings import LaboratoryEndpoint
from azaanalysis.study import Study
from azaanalysis.vocab import in_words
from azaanalysis.wording import nearest

Array = np.ndarray
# Testing is dense at first, so the arms are made alike within each of these windows.
_WINDOWS = (28, 91, 182, 365)
# A stream of random numbers of its own: the seed may be the one that the patients were made with,
# and the numbers that made their results must not decide which of them are kept.
_STREAM = 5


def follow_by_trait(
    cohort: Cohort, study: Study, *, endpoint: str, by: str, arm: str = ""
) -> FollowUp:
    """Follow the patients of one arm, divided by a characteristic they had at the start.

    Parameters
    ----------
    cohort, study, endpoint
        As in ``follow``.
    by
        A column of words of the patients table, such as ``tpmt``.
    arm
        The arm; the reference if not given.

    Returns
    -------
    FollowUp
        The rows of that arm, each counting as one. Its arms are the words found, in the order of
        the vocabulary; patients without a word are ``untested``.

    Raises
    ------
    DesignError
        If the study has no such arm, or the table no such column.

    Notes
    -----
    A description: those with one word may differ from the others in more than this. Where the dose
    follows a gene, the difference that is left is smaller than that between equal doses.
    """
    followed = follow(cohort, study, endpoint=endpoint)
    arm = arm or followed.reference
    for word, known, what in (
        (arm, followed.arms, "arm of the study"),
        (by, [str(name) for name in cohort.patients], "column of the patients table"),
    ):
        if word not in known:
            raise DesignError(f"'{word}' is no {what}; {nearest(word, known)}")
    of_patient = cohort.patients.set_index("patient_id")[by].astype("category")
    words = of_patient.reindex(followed.frame["patient_id"]).reset_index(drop=True)
    if "untested" not in words.cat.categories:
        words = words.cat.add_categories("untested")
    return divide_arm(followed, arm, words.fillna("untested"))


def divide_arm(followed: FollowUp, arm: str, words: pd.Series) -> FollowUp:
    """Keep one arm, its patients divided by a word for each row; nobody is weighted."""
    is_arm = (followed.frame["arm"] == arm).to_numpy()
    frame = followed.frame[is_arm].reset_index(drop=True)
    frame["arm"] = words[is_arm].reset_index(drop=True).cat.remove_unused_categories()
    arms = tuple(str(word) for word in frame["arm"].cat.categories)
    about = {
        **followed.about,
        "arms": arms,
        "reference": arms[0],
        "weighting_settings": None,
        "notes": (*followed.about["notes"], f"Only {in_words(arm)}, as observed, not weighted."),
    }
    return replace(followed, frame=frame, about=about, attrition=None)


def thin_tests(
    cohort: Cohort,
    study: Study,
    *,
    endpoint: str,
    seed: int,
    windows: Sequence[int] = _WINDOWS,
) -> Cohort:
    """Leave out blood tests at random until all arms are tested as often as the rarest tested.

    Parameters
    ----------
    cohort, study
        As in ``follow``.
    endpoint
        An endpoint of kind ``laboratory`` with ``count: all`` and no limit: the tests.
    seed
        Of the random numbers. One number decides about all results of a patient's day.
    windows
        Last days of the windows of time since the start within which testing is made equal; the
        last window goes on to the horizon.

    Returns
    -------
    Cohort
        The same patients with fewer laboratory results. Any endpoint can be followed in it.

    Raises
    ------
    DesignError
        If the endpoint does not count all tests, an arm has none, or patients enter several times.

    Notes
    -----
    In a window in which an arm has r tests per patient-day under treatment, and the rarest tested
    arm has r0, each test is kept with probability r0 / r, as observed and before any weighting.
    Assumes that a test left out would have changed nothing, and that tests are taken by plan, not
    because of how the patient felt. Where a finding leads to a lower dose, the first of these
    fails: without the early test the count would have stayed low and been found by the next, so
    the rate after thinning is somewhat too low in the arms that lose tests.
    """
    entrants, test = find_entrants(cohort, study), _test_of(study, endpoint)
    if len(np.unique(entrants.position)) < len(entrants):
        raise DesignError(
            "Tests can be thinned where each patient enters once (entry: first): a test cannot be "
            "kept for one start and left out for another."
        )
    ends = np.array([*windows, np.inf])
    chances = _chances(follow_recurrent(cohort, study, endpoint=endpoint), ends)
    rank, _, day = tests_after(entrants, test)
    samples = np.unique(np.stack([rank, day]), axis=1)
    since = samples[1] - entrants.index_day[samples[0]]
    arm = entrants.starts["arm"].cat.codes.to_numpy()[samples[0]]
    draws = np.random.default_rng([seed, _STREAM]).random(len(since))
    is_left_out = draws >= chances[arm, np.searchsorted(ends, since, side="left")]
    labs = _without(cohort, entrants, samples[:, is_left_out])
    source = f"{cohort.source}, blood tests thinned to the rarest tested arm"
    return replace(cohort, tables={**cohort.tables, "labs": labs}, source=source)


def _test_of(study: Study, endpoint: str) -> str:
    settings = study.endpoint(endpoint)
    limited = ("below", "above", "above_upper_limits")
    if (
        not isinstance(settings, LaboratoryEndpoint)
        or not settings.counts_all
        or any(getattr(settings, name) is not None for name in limited)
    ):
        raise DesignError(
            f"How often arms are tested needs an endpoint of kind 'laboratory' with 'count: all' "
            f"and no limit; '{endpoint}' is none. Add one to the study file."
        )
    return settings.test


def _chances(tests: FollowUp, ends: Array) -> Array:
    """Return the chance to keep a test, for each arm and window; shape (arms, windows)."""
    frame, n_arms = tests.frame, len(tests.arms)
    arm = frame["arm"].cat.codes.to_numpy()
    entry, leave = frame["entry_days"].to_numpy(), frame["exit_days"].to_numpy()
    window = np.searchsorted(ends, leave, side="left")
    counts = np.zeros((n_arms, len(ends)))
    np.add.at(counts, (arm, window), frame["n_events"].to_numpy())
    starts = np.append(0.0, ends[:-1])
    days = np.stack(
        [
            np.bincount(arm, np.clip(leave, a, b) - np.clip(entry, a, b), minlength=n_arms)
            for a, b in zip(starts, ends, strict=True)
        ],
        axis=1,
    )
    untested = [name for name, n in zip(tests.arms, counts.sum(axis=1), strict=True) if n == 0]
    if untested:
        raise DesignError(
            f"Nobody in {in_words(untested[0])} has a test under treatment, so that nothing can be "
            "found at equal testing. Take the arm out of the study."
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = counts / days
        # An arm that nobody is left in does not decide about the others.
        lowest = np.nanmin(np.where(days > 0, rates, np.inf), axis=0)
        chances: Array = np.nan_to_num(np.minimum(lowest / rates, 1.0), nan=1.0)
        return chances


def _without(cohort: Cohort, entrants: Entrants, samples: Array) -> pd.DataFrame:
    """Return the laboratory results but for those of some patients' days."""
    labs = cohort.tables["labs"]
    left_out = entrants.position[samples[0]] * 10**6 + samples[1]
    keys = cohort.positions("labs") * 10**6 + days_of(labs["test_date"])
    return labs[~np.isin(keys, left_out)].reset_index(drop=True)
