"""How well a schedule of tests is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.reach import normal_reach
from azaanalysis.estimate.refusals import refuse_level
from azaanalysis.result import Estimate
from azaanalysis.settings_monitoring import MonitoringSettings

Array = np.ndarray


def estimate_adherence(
    tests: FollowUp, *, schedule: MonitoringSettings, level: float = 0.95
) -> Estimate:
    """Estimate, window by window of a schedule, the share of patients who were tested in it.

    Parameters
    ----------
    tests
        Rows from one test to the next, as ``follow_recurrent`` returns them.
    schedule
        The windows in which a test is due. A test counts for the window it falls in, and for no
        other; on the first day of a window it counts for the one before.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        Quantity ``schedule_kept``, for each arm and window; ``at_days`` is the last day of the
        window. ``patients`` are those under treatment through all of it, ``events`` those of them
        with a test.

    Raises
    ------
    EstimationError
        If ``level`` is not a proportion, or no window ends before follow-up does.

    Notes
    -----
    Who stops or leaves within a window owes no test in it. Weights are honoured and taken as known.
    Limits: Wilson (1927), J Am Stat Assoc 22:209-212, with the effective sample size for n.
    """
    refuse_level(level)
    rows = [row for row in _windows(tests, schedule, normal_reach(level)) if row["patients"]]
    if not rows:
        raise EstimationError(
            "Nobody was followed through any window of the schedule. Shorten its windows, or "
            "lengthen the follow-up."
        )
    about = {
        **tests.about,
        "method": f"Wilson's interval; schedule: {schedule.guideline}",
        "level": level,
        "interval": "sampling of patients, weights taken as known",
    }
    named = {"endpoint": tests.endpoint, "quantity": "schedule_kept"}
    return Estimate.from_rows([{**named, **row} for row in rows], about=about)


def _windows(
    tests: FollowUp, schedule: MonitoringSettings, reach: float
) -> Iterator[dict[str, Any]]:
    """Yield arms in order, and the windows of each."""
    patient, _ = pd.factorize(tests.frame["patient_id"])
    is_test = (tests.frame["n_events"] > 0).to_numpy()
    leave = tests.frame["exit_days"].to_numpy()
    first = np.unique(patient, return_index=True)[1]
    until = np.zeros(len(first))
    np.maximum.at(until, patient, leave)
    arm, weight = tests.frame["arm"].to_numpy()[first], tests.frame["weight"].to_numpy()[first]
    horizon = int(until.max(initial=0))
    for name in tests.arms:
        for start, end in schedule.windows(horizon):
            is_due = (arm == name) & (until >= end)
            inside = patient[is_test & (leave > start) & (leave <= end)]
            is_tested = np.isin(np.flatnonzero(is_due), inside)
            numbers = _share(is_tested, weight[is_due], reach)
            yield {"arm": name, "at_days": end, **numbers}


def _share(is_tested: Array, weight: Array, reach: float) -> dict[str, Any]:
    """Return the weighted share with Wilson's limits at the effective sample size."""
    counts = {"patients": len(weight), "events": int(is_tested.sum())}
    if not weight.sum() > 0:
        return counts
    share = float(weight @ is_tested / weight.sum())
    size = float(weight.sum() ** 2 / (weight**2).sum())
    squeeze = 1 + reach**2 / size
    middle = (share + reach**2 / (2 * size)) / squeeze
    half = reach / squeeze * np.sqrt(share * (1 - share) / size + reach**2 / (4 * size**2))
    error = float(np.sqrt(max(share * (1 - share), 0.0) / size))
    numbers = {"value": share, "lower": middle - half, "upper": middle + half, "std_error": error}
    return counts | numbers
