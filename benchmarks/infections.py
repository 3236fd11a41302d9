"""A drawn cohort as intervals at risk, each ending with an infection or with follow-up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from azaanalysis.design import FollowUp
from azaanalysis.design.weighting import Weighting
from benchmarks.worlds import Drawn

Array = np.ndarray


def follow_infections(drawn: Drawn) -> FollowUp:
    """Return one row per interval between infections; whatever ends follow-up is terminal.

    Weights were estimated from one row a patient. They are repeated with the rows, and so are
    their slopes; the score of a patient stands in the first row only, because it is one.
    """
    follow_up = drawn.follow_up
    frame = follow_up.frame
    patient, leave, n_events, status = _intervals(drawn)
    is_first = np.append(True, patient[1:] != patient[:-1])
    entry = np.where(is_first, 0.0, np.append(0.0, leave[:-1]))
    rows = frame.iloc[patient].reset_index(drop=True)
    rows = rows.assign(entry_days=entry, exit_days=leave, n_events=n_events, status=status)
    weighting = follow_up.weighting
    return replace(
        follow_up,
        frame=rows,
        endpoint="infection",
        causes=("infection", "end_of_follow_up"),
        n_own=1,
        weighting=None if weighting is None else _repeat(weighting, patient, is_first),
    )


def _intervals(drawn: Drawn) -> tuple[Array, Array, Array, Array]:
    """Return patient, last day, infections and status of each interval, in order.

    An infection on the day on which follow-up ends stands before the end, which then has an
    interval of no length.
    """
    frame = drawn.follow_up.frame
    counted = pd.Series(1, index=[drawn.patient, drawn.day]).groupby(level=[0, 1]).sum()
    patient, day = (counted.index.get_level_values(level).to_numpy() for level in (0, 1))
    everybody = np.arange(len(frame))
    ends = np.where(frame["status"] > 0, 2, 0)
    # Who leaves without anything on the day of the last infection has no interval after it.
    is_over = np.zeros(len(frame), dtype=bool)
    is_over[patient[day == frame["exit_days"].to_numpy()[patient]]] = True
    kept = everybody[~is_over | (ends > 0)]
    patient = np.concatenate([patient, kept])
    day = np.concatenate([day, frame["exit_days"].to_numpy()[kept]])
    n_events = np.concatenate([counted.to_numpy(), np.zeros(len(kept), dtype=int)])
    status = np.concatenate([np.ones(len(counted), dtype=int), ends[kept]])
    order = np.lexsort([status == 2, day, patient])
    return patient[order], day[order], n_events[order], status[order]


def _repeat(weighting: Weighting, patient: Array, is_first: Array) -> Weighting:
    """Let the rows of a patient share what is known of the weight."""
    score = weighting.score
    if score is not None:
        score = replace(
            score,
            design=score.design[patient],
            residual=score.residual[patient] * is_first[:, None],
            slope=score.slope[patient],
        )
    return replace(weighting, chances=None, score=score, reweigh=None, cluster=None)
