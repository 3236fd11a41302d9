"""How many of the tests that were taken show a finding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import beta

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.judged import Judged
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.reach import normal_reach
from azaanalysis.estimate.refusals import refuse_level
from azaanalysis.result import Estimate

Array = np.ndarray


def estimate_found_share(found: FollowUp, *, tests: FollowUp, level: float = 0.95) -> Estimate:
    """Estimate the share of tests that show a finding.

    Where one arm is tested more often than another, rates of findings differ by that alone; the
    share among the tests does not.

    Parameters
    ----------
    found
        Rows of a laboratory endpoint with ``count: all``, as ``follow_recurrent``,
        ``follow_by_testing`` or ``follow_by_level`` return them: ``n_events`` are the tests with
        the finding.
    tests
        The same patients and arms, with all tests counted.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        Quantity ``found_share`` for each arm: tests with the finding among all tests. ``events``
        are the tests with the finding, ``patients`` those with any test. Weights are honoured and
        taken as known.

    Raises
    ------
    EstimationError
        If ``level`` is not a proportion, the arms of the two differ, or an arm has more findings
        than tests.

    Notes
    -----
    The error is that of a ratio of sums over patients, so that many tests of one patient count as
    one patient; limits are symmetric on the log-odds scale. Where no test or every test shows the
    finding, the limits are exact (Clopper and Pearson), with each test on its own: too narrow if a
    few patients had most of the tests.
    Source: Cochran (1977), Sampling techniques, section 9A (ratio of cluster totals).
    """
    refuse_level(level)
    if found.arms != tests.arms:
        raise EstimationError(
            f"The findings have the arms {', '.join(found.arms)}, the tests {', '.join(tests.arms)}"
            ". Follow both in the same way."
        )
    rows = [
        {
            "endpoint": found.endpoint,
            "cause": found.own_causes[0],
            "arm": arm,
            "quantity": "found_share",
            **_share(_by_patient(found, arm), _by_patient(tests, arm), level),
        }
        for arm in found.arms
    ]
    about = {
        **found.about,
        "method": "findings per test, patients as clusters",
        "level": level,
        "interval": "sampling of patients, weights taken as known",
    }
    return Estimate.from_rows(rows, about=about)


def estimate_share_by_level(judged: Judged, *, level: float = 0.95) -> Estimate:
    """Estimate how many visits or tests showed a finding, by what had been measured before.

    Parameters
    ----------
    judged
        Visits or tests with their levels, as ``judge_by_level`` returns them.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        For each level (``arm``) the quantities ``share_of_visits``, how many of the visits or
        tests fell to it (``events``), and ``found_share``, how many of those showed the finding.
        ``patients`` are those with any.

    Raises
    ------
    EstimationError
        If ``level`` is not a proportion, or there is no visit or test.

    Notes
    -----
    Error and limits as in ``estimate_found_share``: patients are the clusters.
    """
    refuse_level(level)
    frame = judged.frame
    if frame.empty:
        raise EstimationError(
            "No visit or test of the reference arm on its treatment; nothing can be shared out."
        )
    rows = []
    for name in frame["level"].cat.categories:
        is_here = frame["level"] == name
        shares = {
            "share_of_visits": (is_here, frame["patient_id"].notna()),
            "found_share": (is_here & frame["present"], is_here),
        }
        for quantity, (found, all_) in shares.items():
            top, bottom = (_counted(frame["patient_id"], flags) for flags in (found, all_))
            named = {"endpoint": judged.endpoint, "cause": judged.endpoint, "arm": name}
            rows.append({**named, "quantity": quantity, **_share(top, bottom, level)})
    rows.sort(key=lambda row: str(row["quantity"]), reverse=True)
    about = {
        **judged.about,
        "method": "findings per visit or test, patients as clusters",
        "level": level,
        "interval": "sampling of patients",
    }
    return Estimate.from_rows(rows, about=about)


def _counted(patient: pd.Series, flags: pd.Series) -> pd.DataFrame:
    """Return the flagged rows of each patient, once plain and once as weighted by one."""
    made = pd.DataFrame({"events": flags.astype(int), "weighted": flags.astype(float)})
    return made.groupby(patient.to_numpy()).sum()


def _by_patient(follow_up: FollowUp, arm: str) -> pd.DataFrame:
    """Return events and weighted events of each patient of an arm."""
    rows = follow_up.frame[follow_up.frame["arm"] == arm]
    made = pd.DataFrame({"events": rows["n_events"], "weighted": rows["n_events"] * rows["weight"]})
    return made.groupby(rows["patient_id"].to_numpy()).sum()


def _share(found: pd.DataFrame, tests: pd.DataFrame, level: float) -> dict[str, Any]:
    found = found.reindex(tests.index).fillna(0)
    events, n_tests = int(found["events"].sum()), int(tests["events"].sum())
    if events > n_tests:
        raise EstimationError(
            f"{events:,} findings among {n_tests:,} tests. The two must count the same patients' "
            "tests of one kind."
        )
    counts = {"patients": int((tests["events"] > 0).sum()), "events": events}
    if not n_tests:
        return counts
    share = float(found["weighted"].sum() / tests["weighted"].sum())
    if events in (0, n_tests):
        return {**counts, "value": share, **_exact(events, n_tests, level)}
    spread = found["weighted"] - share * tests["weighted"]
    error = float(np.sqrt((spread**2).sum()) / tests["weighted"].sum())
    half = normal_reach(level) * error / (share * (1 - share))
    low, high = 1 / (1 + np.exp(-(np.log(share / (1 - share)) + np.array([-half, half]))))
    return {**counts, "value": share, "lower": low, "upper": high, "std_error": error}


def _exact(events: int, n_tests: int, level: float) -> dict[str, float]:
    """Return exact limits of a share of 0 or 1."""
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, events, 1)) if events else 0.0
    high = 1.0 if events else float(beta.ppf(1 - tail, 1, n_tests))
    return {"lower": low, "upper": high}
