"""The arms as they stood on the index day, and how far apart they were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.design.balance import SMD_IN_WORDS, pooled_spread, standardised
from azaanalysis.design.cut_rows import at_time_zero
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.moments import (
    AFTER,
    BEFORE,
    Line,
    Sums,
    groups_of,
    kept_rows,
    lines_of,
    observed_frame,
)
from azaanalysis.result import SMALLEST_COUNT_IF_UNSTATED

_COLUMNS = [
    "covariate",
    "level",
    "kind",
    "arm",
    "n",
    "value",
    "spread",
    "lower",
    "upper",
    "smd",
    "versus",
    "stage",
]


def measure_baseline(follow_up: FollowUp) -> pd.DataFrame:
    """Summarise each baseline covariate in each arm, with standardised differences.

    Parameters
    ----------
    follow_up
        One row per patient, with the covariates of the study. After ``weigh`` the arms are
        summarised twice, as observed and as weighted.

    Returns
    -------
    DataFrame
        One row per covariate, level, kind and arm: ``covariate``, ``level``, ``kind`` (``total``,
        ``count``, ``mean`` or ``missing``), ``arm``, ``n`` (patients, never weighted), ``value`` (a
        proportion of those with a value, of all if missing; or a mean), ``spread`` (standard
        deviation of a mean), ``lower``, ``upper`` (unused here), ``smd`` and ``versus`` (the
        reference); and, if weighted, ``stage`` (``before weighting``, ``after weighting``).

    Notes
    -----
    The standardised difference of an arm from the reference is divided by the square root of the
    mean of their two variances before any weighting (divisor n - 1). Source: Austin (2009), Stat
    Med 28:3083-3107. It says nothing about what was not measured.
    """
    follow_up = at_time_zero(follow_up)
    groups, observed = groups_of(follow_up), observed_frame(follow_up)
    stages = [BEFORE, AFTER] if (AFTER, "") in groups.names else [BEFORE]
    counts = {stage: _members(follow_up, stage) for stage in stages}
    rows: list[dict[str, Any]] = [
        {"stage": stage, "covariate": "", "kind": "total", "arm": arm, "n": int(members.sum())}
        for stage, arms in counts.items()
        for arm, members in arms.items()
    ]
    for covariate in follow_up.covariates:
        for line in lines_of(covariate, observed[covariate]):
            sums = groups.moments(line.entries)
            for stage in stages:
                rows += _by_arm(line, stage, sums, counts[stage], follow_up.reference)
    frame = pd.DataFrame(rows).reindex(columns=_COLUMNS if len(stages) > 1 else _COLUMNS[:-1])
    frame[["level", "versus"]] = frame[["level", "versus"]].fillna("")
    frame["n"] = frame["n"].astype("Int64")
    frame.attrs["smallest_count"] = follow_up.about.get(
        "smallest_count", SMALLEST_COUNT_IF_UNSTATED
    )
    frame.attrs["smd"] = SMD_IN_WORDS
    frame.attrs["withheld"] = follow_up.withheld
    return frame


def _members(follow_up: FollowUp, stage: str) -> dict[str, np.ndarray]:
    """Return who belongs to each arm: everybody once observed, or those who are left."""
    observed = observed_frame(follow_up)
    counted = np.ones(len(observed), dtype=bool) if stage == BEFORE else kept_rows(follow_up)
    return {arm: (observed["arm"] == arm).to_numpy() & counted for arm in follow_up.arms}


def _by_arm(
    line: Line, stage: str, sums: Sums, members: dict[str, np.ndarray], reference: str
) -> Iterator[dict[str, Any]]:
    """Return the rows of one line in one stage."""
    named = {"covariate": line.covariate, "level": line.level, "kind": line.kind, "stage": stage}
    is_counted = ~np.isnan(line.entries) if line.kind == "mean" else line.entries == 1
    for arm, inside in members.items():
        found = sums[stage, arm]
        row = {**named, "arm": arm, "versus": reference, "n": int((inside & is_counted).sum())}
        row["value"] = found.mean
        if line.kind == "mean":
            row["spread"] = np.sqrt(found.variance)
        if arm != reference:
            spread = pooled_spread(sums, (arm, reference))
            row["smd"] = standardised(found.mean - sums[stage, reference].mean, spread)
        yield row
