"""The arms as they stood on the index day, and how far apart they were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp


def measure_baseline(follow_up: FollowUp) -> pd.DataFrame:
    """Summarise each baseline covariate in each arm, with standardised differences.

    Parameters
    ----------
    follow_up
        One row per patient, with the covariates of the study. Weights are not used: this is the
        comparison as observed.

    Returns
    -------
    DataFrame
        One row per covariate, level, kind and arm: ``covariate``, ``level``, ``kind`` (``total``,
        ``count``, ``mean`` or ``missing``), ``arm``, ``n``, ``value`` (a proportion of those with
        a value, of all if missing; or a mean), ``spread`` (standard deviation of a mean),
        ``lower``, ``upper`` (unused here), ``smd`` and ``versus`` (the reference).

    Notes
    -----
    The standardised difference of an arm from the reference is divided by the square root of the
    mean of their two variances, before any weighting. Source: Austin (2009), Stat Med
    28:3083-3107. It says nothing about what was not measured.
    """
    rows: list[dict[str, Any]] = []
    arms = {arm: follow_up.frame["arm"] == arm for arm in follow_up.arms}
    for arm, members in arms.items():
        rows.append({"covariate": "", "kind": "total", "arm": arm, "n": int(members.sum())})
    for covariate in follow_up.covariates:
        for line in _lines(covariate, follow_up.frame[covariate]):
            rows += _by_arm(line, arms, follow_up.reference)
    columns = [
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
    ]
    frame = pd.DataFrame(rows).reindex(columns=columns)
    frame[["level", "versus"]] = frame[["level", "versus"]].fillna("")
    frame["n"] = frame["n"].astype("Int64")
    frame.attrs["smallest_count"] = follow_up.about.get("smallest_count", 5)
    frame.attrs["smd"] = "difference divided by the pooled standard deviation, unweighted"
    return frame


def _lines(covariate: str, column: pd.Series) -> Iterator[dict[str, Any]]:
    """Return one line for each number, level and gap of a covariate, with a value per patient."""
    is_missing = column.isna()
    if pd.api.types.is_bool_dtype(column.dtype):
        truths = column.astype("boolean").astype("Float64").to_numpy("float64", na_value=np.nan)
        yield {"covariate": covariate, "kind": "count", "values": truths}
    elif pd.api.types.is_numeric_dtype(column.dtype):
        numbers = column.to_numpy("float64", na_value=np.nan)
        yield {"covariate": covariate, "kind": "mean", "values": numbers}
    else:
        words = column.astype("category").cat.remove_unused_categories()
        for level in words.cat.categories:
            values = np.where(is_missing, np.nan, (words == level).astype(float))
            yield {"covariate": covariate, "level": str(level), "kind": "count", "values": values}
    if is_missing.any():
        gaps = is_missing.to_numpy("float64")
        yield {"covariate": covariate, "kind": "missing", "values": gaps}


def _by_arm(
    line: dict[str, Any], arms: dict[str, pd.Series], reference: str
) -> Iterator[dict[str, Any]]:
    values = line.pop("values")
    known = {arm: values[members & ~np.isnan(values)] for arm, members in arms.items()}
    for arm, inside in known.items():
        row = {**line, "arm": arm, "versus": reference}
        row["n"] = int(inside.sum()) if line["kind"] != "mean" else len(inside)
        if len(inside):
            row["value"] = inside.mean()
        if line["kind"] == "mean" and len(inside) > 1:
            row["spread"] = inside.std(ddof=1)
        if arm != reference:
            row["smd"] = _standardised_difference(inside, known[reference], line["kind"])
        yield row


def _standardised_difference(inside: np.ndarray, others: np.ndarray, kind: str) -> float:
    """Return the difference of means over the pooled standard deviation; 0/0 is no difference."""
    if min(len(inside), len(others)) < 2:
        return float("nan")
    degrees = 1 if kind == "mean" else 0
    pooled = np.sqrt((inside.var(ddof=degrees) + others.var(ddof=degrees)) / 2)
    difference = inside.mean() - others.mean()
    if pooled == 0:
        return 0.0 if difference == 0 else float("nan")
    return float(difference / pooled)
