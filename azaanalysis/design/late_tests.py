"""Person-time by whether blood was tested when it was due."""

from __future__ import annotations

import numpy as np

from azaanalysis.cohort import Cohort
from azaanalysis.design.entrants import find_entrants
from azaanalysis.design.exposure import split_by_state, told_apart
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.laboratory import tests_after
from azaanalysis.design.one_arm import arm_named, only_arm
from azaanalysis.design.over_time import Changing
from azaanalysis.design.recurrent import follow_recurrent
from azaanalysis.errors import DesignError
from azaanalysis.settings import LaboratoryEndpoint
from azaanalysis.settings_monitoring import MonitoringSettings
from azaanalysis.study import Study
from azaanalysis.vocab import in_words

Array = np.ndarray
ON_TIME, OVERDUE, NOT_DUE = "tested_on_time", "test_overdue", "no_test_due_yet"


def follow_by_testing(
    cohort: Cohort, study: Study, *, endpoint: str, tests: str, arm: str = ""
) -> FollowUp:
    """Follow the patients of one arm, their time told apart by whether a test is overdue.

    A test is overdue from the end of a window of the study's schedule in which there was none,
    until the next test is taken.

    Parameters
    ----------
    cohort, study
        As in ``follow``.
    endpoint
        What is counted: an endpoint of kind ``event`` or ``laboratory`` with ``count: all``.
    tests
        A laboratory endpoint: the tests that are due are those of its ``test``.
    arm
        The arm; the reference if not given.

    Returns
    -------
    FollowUp
        Several rows per patient. ``arm`` is ``tested_on_time``, ``test_overdue`` or, before the
        end of the first window, ``no_test_due_yet``.

    Raises
    ------
    DesignError
        If the study has no such arm, ``tests`` is no laboratory endpoint, or ``endpoint`` does
        not count all events.

    Notes
    -----
    An event, or a test that shows a finding, belongs to the state before it: the test that ends
    being overdue counts as one that came late. Nobody is told by lot to miss a test. Those who do
    may differ in much else, an illness brings people to a test, and what is never tested is never
    found: the numbers describe, and no difference is the effect of a missed test.
    """
    settings = study.endpoint(tests)
    if not isinstance(settings, LaboratoryEndpoint):
        raise DesignError(
            f"Which tests are due is read from an endpoint of kind 'laboratory', and '{tests}' is "
            "none. Name one, for example that of all blood tests."
        )
    arm = arm_named(study, arm)
    followed = only_arm(follow_recurrent(cohort, study, endpoint=endpoint), arm)
    entrants = find_entrants(cohort, study)
    rank, _, day = tests_after(entrants, settings.test)
    since = (day - entrants.index_day[rank] + study.comparison.first_day).astype(float)
    horizon = study.horizon_of(endpoint)
    state = _overdue(rank, since, len(entrants), study.monitoring, horizon)
    split = split_by_state(followed, entrants, state, (ON_TIME, OVERDUE, NOT_DUE))
    note = (
        f"Only {in_words(arm)}. A test is overdue from the end of a window of the schedule without "
        "one until the next test. Events on the day of a test belong to what held before it."
    )
    return told_apart(split, "Blood tests", ON_TIME, note)


def _overdue(
    rank: Array, since: Array, n: int, schedule: MonitoringSettings, horizon_days: int
) -> Changing:
    """Return from when on each starter is on time (0) or overdue (1)."""
    starts, ends = (np.array(days) for days in zip(*schedule.windows(horizon_days), strict=True))
    # The window that each test falls in: after its first day, by its last.
    window = np.searchsorted(ends, since, side="left")
    is_inside = window < len(ends)
    is_inside &= since > starts[np.minimum(window, len(ends) - 1)]
    is_tested = np.zeros((n, len(ends)), dtype=bool)
    is_tested[rank[is_inside], window[is_inside]] = True
    row = np.concatenate([np.repeat(np.arange(n), len(ends)), rank])
    day = np.concatenate([np.tile(ends.astype(float), n), since])
    value = np.concatenate([np.where(is_tested, 0.0, 1.0).ravel(), np.zeros(len(rank))])
    return Changing("overdue", row, day, value)
