"""How alike the arms are, before and after weighting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.design.cut_rows import at_time_zero
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.moments import (
    AFTER,
    BEFORE,
    Groups,
    Line,
    Moments,
    Sums,
    groups_of,
    lines_of,
    observed_frame,
)
from azaanalysis.errors import DesignError
from azaanalysis.result import SMALLEST_COUNT_IF_UNSTATED

TARGET = "target population"
_COLUMNS = [
    "subgroup",
    "covariate",
    "level",
    "kind",
    "arm",
    "versus",
    "stage",
    "smd",
    "chance_spread",
    "variance_ratio",
    "n_fewest",
]
SMD_IN_WORDS = (
    "difference of (weighted) means, divided by the square root of the mean of the arms' "
    "variances before any weighting"
)


def measure_balance(follow_up: FollowUp, *, within: str | None = None) -> pd.DataFrame:
    """Measure how far apart the arms are in each covariate, before and after weighting.

    Parameters
    ----------
    follow_up
        One row per patient; after ``weigh`` for the balance that weights have brought.
    within
        A covariate with levels: balance is also measured among the patients of each level.

    Returns
    -------
    DataFrame
        One row per subgroup (empty: all patients), covariate, level, comparison and stage:
        ``covariate``; ``level``; ``kind`` (``mean``, ``count`` for a level or a truth,
        ``missing``); ``arm`` and ``versus`` (the reference arm, or the target population if there
        are more than two arms); ``stage``; ``smd``, the standardised difference;
        ``chance_spread``, the standard deviation that the difference would have if nothing but
        chance had made it; ``variance_ratio`` (of a number, arm over ``versus``);
        ``n_fewest``, the smallest number of patients in any arm that the row tells of.

    Raises
    ------
    DesignError
        If there are no covariates, or ``within`` is not one with levels.

    Notes
    -----
    The denominator is the square root of the mean of the arms' variances before any
    weighting (divisor n - 1, also for levels), so that weights cannot make a difference smaller by
    widening the spread. ``chance_spread`` takes the weights as known; fitted weights balance
    better than that. Source: Austin and Stuart (2015), Stat Med 34:3661-3679. It says nothing about
    what was not measured.
    """
    follow_up = at_time_zero(follow_up)
    if not follow_up.covariates:
        raise DesignError("There are no covariates to compare the arms in. Name them in the study.")
    observed = observed_frame(follow_up)
    rows: list[dict[str, Any]] = []
    for subgroup, inside in _subgroups(follow_up, within):
        groups = groups_of(follow_up, inside)
        for name in follow_up.covariates:
            if name == within and subgroup:
                continue
            for line in lines_of(name, observed[name]):
                rows += [{"subgroup": subgroup, **row} for row in _compare(line, groups, follow_up)]
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    frame["n_fewest"] = frame["n_fewest"].astype("Int64")
    frame.attrs["smallest_count"] = follow_up.about.get(
        "smallest_count", SMALLEST_COUNT_IF_UNSTATED
    )
    frame.attrs["smd"] = SMD_IN_WORDS
    frame.attrs["arms"] = follow_up.arms
    return frame


def _subgroups(follow_up: FollowUp, within: str | None) -> Iterator[tuple[str, np.ndarray | None]]:
    yield "", None
    if within is None:
        return
    if within not in follow_up.covariates or (
        pd.api.types.is_float_dtype(follow_up.frame[within].dtype)
    ):
        known = ", ".join(follow_up.covariates)
        raise DesignError(
            f"Subgroups are the levels of a covariate, and '{within}' has none. Choose one of the "
            f"covariates that have levels: {known}."
        )
    column = observed_frame(follow_up)[within]
    for level in column.astype("category").cat.remove_unused_categories().cat.categories:
        inside = (column == level).fillna(False).to_numpy(dtype=bool)
        yield f"{within}: {level}", inside


def _compare(line: Line, groups: Groups, follow_up: FollowUp) -> Iterator[dict[str, Any]]:
    """Return the rows of one line: each arm against the reference, and against the target."""
    sums = groups.moments(line.entries)
    stages = [BEFORE, AFTER] if (AFTER, "") in sums else [BEFORE]
    named = {"covariate": line.covariate, "level": line.level, "kind": line.kind}
    for arm, versus in contrasts_of(follow_up):
        spread = pooled_spread(sums, follow_up.arms if versus == TARGET else (arm, versus))
        for stage in stages:
            other = (stages[-1], "") if versus == TARGET else (stage, versus)
            one, two = sums[stage, arm], sums[other]
            yield {
                **named,
                "arm": arm,
                "versus": versus,
                "stage": stage,
                "smd": standardised(one.mean - two.mean, spread),
                "chance_spread": groups.chance_spread((stage, arm), other),
                "variance_ratio": _ratio(one, two) if line.kind == "mean" else np.nan,
                "n_fewest": _fewest(line, sums, follow_up.arms),
            }


def contrasts_of(follow_up: FollowUp) -> list[tuple[str, str]]:
    """Return each arm against the reference and, for many arms, each against the target."""
    reference = follow_up.reference
    pairs = [(arm, reference) for arm in follow_up.arms if arm != reference]
    if len(follow_up.arms) > 2:
        pairs += [(arm, TARGET) for arm in follow_up.arms]
    return pairs


def pooled_spread(sums: Sums, compared: tuple[str, ...]) -> float:
    """Return the square root of the mean variance, before weighting, of the arms compared."""
    return float(np.sqrt(np.mean([sums[BEFORE, arm].variance for arm in compared])))


def standardised(difference: float, spread: float) -> float:
    """Return a difference in units of spread; none over none is no difference."""
    if spread == 0:
        return 0.0 if abs(difference) < 1e-12 else float("nan")
    return float(difference / spread)


def _ratio(one: Moments, two: Moments) -> float:
    return one.variance / two.variance if two.variance > 0 else float("nan")


def _fewest(line: Line, sums: Sums, arms: tuple[str, ...]) -> int:
    """Return the smallest number of patients, with a level or without it, in any arm."""
    totals = [sums[BEFORE, arm].total for arm in arms]
    if line.kind == "mean":
        return round(min(totals))
    inside = [sums[BEFORE, arm].total * sums[BEFORE, arm].mean for arm in arms]
    counts = [*inside, *(total - part for total, part in zip(totals, inside, strict=True))]
    return int(min((round(count) for count in counts if round(count) > 0), default=0))
