"""Who could have received what: preference scores, their overlap, and what weights cost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.design.cut_rows import at_time_zero
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.moments import lines_of
from azaanalysis.design.target_weights import preference_scores
from azaanalysis.errors import DesignError
from azaanalysis.result import SMALLEST_COUNT_IF_UNSTATED

Array = np.ndarray

# Two drugs are in equipoise for a patient whose preference score lies between these.
# Source: Walker et al. (2013), Comp Eff Res 3:11-20.
EQUIPOISE = (0.3, 0.7)
# An arm is open to a patient whose preference score for it is at least this part of an even
# share: a tenth for two arms, a twentieth for four.
_OPEN = 0.2
# Numbers are cut at these quantiles for the map of who could receive what.
_CUTS = (0.25, 0.5, 0.75)
_QUANTILES = {"lowest": 0.0, "p01": 0.01, "median": 0.5, "p99": 0.99, "largest": 1.0}


def measure_weights(follow_up: FollowUp) -> pd.DataFrame:
    """Measure the weights of each arm, and how many patients they leave in effect.

    Returns
    -------
    DataFrame
        One row per arm: ``arm``; ``patients``; ``weighted``, those with a weight above 0;
        ``mean``, ``lowest``, ``p01``, ``median``, ``p99`` and ``largest`` weight of those, with the
        mean weight of the arm set to 1; ``effective`` (Kish's number: as many patients of equal
        weight would be as precise) and ``effective_share`` of the patients.
    """
    follow_up = at_time_zero(follow_up)
    rows = []
    for arm, members in follow_up.frame.groupby("arm", observed=False):
        weight = members["weight"].to_numpy()
        positive = weight[weight > 0]
        effective = positive.sum() ** 2 / np.square(positive).sum() if len(positive) else 0.0
        row = {"arm": str(arm), "patients": len(weight), "weighted": len(positive)}
        if len(positive):
            relative = positive / positive.mean()
            row |= {name: float(np.quantile(relative, q)) for name, q in _QUANTILES.items()}
        row |= {"effective": effective, "effective_share": effective / max(len(weight), 1)}
        rows.append(row)
    return _with_threshold(pd.DataFrame(rows), follow_up)


def measure_preference(follow_up: FollowUp, *, n_bins: int = 20) -> pd.DataFrame:
    """Count patients by preference score, for each arm against the reference.

    The preference score is the chance of the arm as it would be if both arms were of one size:
    0.5 means that nothing spoke for one or the other.

    Parameters
    ----------
    follow_up
        After ``weigh``.
    n_bins
        Bins of equal width from 0 to 1.

    Returns
    -------
    DataFrame
        One row per comparison (``arm``, ``versus``), arm ``received`` and bin (``score_from``,
        ``score_to``): ``patients``; ``share`` of those who received it, and ``weighted_share``,
        the same with the weights.
        Empty if the study says that nobody is weighed.

    Raises
    ------
    DesignError
        If the follow-up has no chances of treatment.
    """
    if n_bins < 1:
        raise DesignError(f"Scores need at least one bin; got n_bins={n_bins}.")
    follow_up = at_time_zero(follow_up)
    edges = np.linspace(0, 1, n_bins + 1)
    rows = []
    for arm, versus, scores, received, weight in _pairs(follow_up):
        for name in (arm, versus):
            members = received == name
            counts = np.histogram(scores[members], edges)[0]
            weights = np.histogram(scores[members], edges, weights=weight[members])[0]
            total = max(weights.sum(), 1e-300)
            for bin_from, bin_to, count, sum_ in zip(
                edges[:-1], edges[1:], counts, weights, strict=True
            ):
                rows.append(
                    (arm, versus, name, bin_from, bin_to, count, count / counts.sum(), sum_ / total)
                )
    columns = ["arm", "versus", "received", "score_from", "score_to", "patients"]
    frame = pd.DataFrame(rows, columns=[*columns, "share", "weighted_share"])
    return _with_threshold(frame, follow_up)


def measure_equipoise(follow_up: FollowUp) -> pd.DataFrame:
    """Measure how many patients of two arms could as well have received the other.

    Returns
    -------
    DataFrame
        One row per arm and the reference (``versus``): ``patients`` of both; ``in_equipoise``,
        those with a preference score from 0.3 to 0.7; ``share``.
        Empty if the study says that nobody is weighed.

    Raises
    ------
    DesignError
        If the follow-up has no chances of treatment.
    """
    follow_up = at_time_zero(follow_up)
    rows = []
    for arm, versus, scores, _, _ in _pairs(follow_up):
        inside = int(((scores >= EQUIPOISE[0]) & (scores <= EQUIPOISE[1])).sum())
        rows.append((arm, versus, len(scores), inside, inside / max(len(scores), 1)))
    columns = ["arm", "versus", "patients", "in_equipoise", "share"]
    return _with_threshold(pd.DataFrame(rows, columns=columns), follow_up)


def measure_support(follow_up: FollowUp) -> pd.DataFrame:
    """Measure, for groups of patients, which arms were open to them.

    Returns
    -------
    DataFrame
        One row per group of patients and arm: ``covariate``; ``level`` (of a number, the quarter
        it lies in); ``patients`` of the group; ``arm``; ``received``, how many of them received
        it; ``chance``, their mean fitted chance of it; ``share_open``, how many of them had
        a preference score for it of at least a fifth of an even share.
        Empty if the study says that nobody is weighed.

    Raises
    ------
    DesignError
        If the follow-up has no chances of treatment.
    """
    follow_up = at_time_zero(follow_up)
    if follow_up.is_left_as_observed:
        return _with_threshold(pd.DataFrame(columns=_SUPPORT), follow_up)
    chances = _chances_of(follow_up)
    arms = follow_up.arms
    codes = follow_up.frame["arm"].cat.codes.to_numpy()
    shares = np.bincount(codes, minlength=len(arms)) / len(codes)
    is_open = preference_scores(chances, shares) >= _OPEN / len(arms)
    rows: list[dict[str, Any]] = []
    for covariate, level, inside in _groups(follow_up):
        group = {"covariate": covariate, "level": level, "patients": int(inside.sum())}
        for place, arm in enumerate(arms):
            row = {"arm": arm, "received": int((codes[inside] == place).sum())}
            row["chance"] = float(chances[inside, place].mean())
            rows.append({**group, **row, "share_open": float(is_open[inside, place].mean())})
    return _with_threshold(pd.DataFrame(rows), follow_up)


_SUPPORT = ["covariate", "level", "patients", "arm", "received", "chance", "share_open"]


def _groups(follow_up: FollowUp) -> Iterator[tuple[str, str, Array]]:
    """Return groups of patients that are not empty: by arm received, then by each covariate."""
    frame = follow_up.frame
    yield "", "all patients", np.ones(len(frame), dtype=bool)
    for arm in follow_up.arms:
        yield "arm", arm, (frame["arm"] == arm).to_numpy()
    weighting = follow_up.weighting
    for name in weighting.covariates if weighting else ():
        column = frame[name]
        is_number = pd.api.types.is_numeric_dtype(column.dtype)
        if is_number and not pd.api.types.is_bool_dtype(column.dtype):
            column = _quarters(column)
        for line in lines_of(name, column):
            inside = line.entries == 1
            level = line.level or ("missing" if line.kind == "missing" else "yes")
            if inside.any():
                yield name, level, inside


def _quarters(column: pd.Series) -> pd.Series:
    """Return the quarter of each number in words; few distinct numbers stay as they are."""
    numbers = column.astype("Float64").astype("float64")
    if numbers.nunique() <= 5:
        return numbers.map("{:g}".format, na_action="ignore").astype("category")
    spread = numbers.max() - numbers.min()
    # Rounded before it cuts, so that what is written is what was done.
    is_whole = (numbers.dropna() % 1 == 0).all()
    digits = 0 if is_whole else 1 - int(np.floor(np.log10(spread)))
    cuts = np.unique(np.round(np.quantile(numbers.dropna(), _CUTS), digits))
    words = [f"{cut:.{max(digits, 0)}f}" for cut in cuts]
    names = [f"below {words[0]}", *(f"{a} to below {b}" for a, b in pairwise(words))]
    names.append(f"{words[-1]} or more")
    return pd.cut(numbers, [-np.inf, *cuts, np.inf], right=False, labels=names)


def _pairs(follow_up: FollowUp) -> Iterator[tuple[str, str, Array, Array, Array]]:
    """Return each arm and the reference with their preference scores, arms and weights."""
    if follow_up.is_left_as_observed:
        return
    chances = _chances_of(follow_up)
    arm_of = follow_up.frame["arm"].to_numpy()
    weight = follow_up.frame["weight"].to_numpy()
    base = follow_up.arms.index(follow_up.reference)
    for place, arm in enumerate(follow_up.arms):
        if place == base:
            continue
        both = (arm_of == arm) | (arm_of == follow_up.reference)
        share = float((arm_of[both] == arm).mean())
        pair = chances[np.ix_(both, [place, base])]
        scores = preference_scores(pair, np.array([share, 1 - share]))[:, 0]
        yield arm, follow_up.reference, scores, arm_of[both], weight[both]


def _chances_of(follow_up: FollowUp) -> Array:
    if follow_up.weighting is None or follow_up.weighting.chances is None:
        raise DesignError(
            "Preference scores come from a model of who receives which arm, and this follow-up "
            "has none. Pass it through weigh() first."
        )
    return follow_up.weighting.chances


def _with_threshold(frame: pd.DataFrame, follow_up: FollowUp) -> pd.DataFrame:
    frame.attrs["smallest_count"] = follow_up.about.get(
        "smallest_count", SMALLEST_COUNT_IF_UNSTATED
    )
    frame.attrs["arms"] = follow_up.arms
    frame.attrs["withheld"] = follow_up.withheld
    return frame
