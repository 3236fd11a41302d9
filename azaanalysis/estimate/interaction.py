"""Whether a comparison differs between independent groups: contrasts and Wald tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2

from azaanalysis.estimate.reach import normal_reach


@dataclass(frozen=True)
class Compared:
    """A comparison of two arms in one group.

    Parameters
    ----------
    level
        What the group is called.
    row
        The row of the estimate.
    is_log
        Whether limits are symmetric on the log scale.
    """

    level: str
    row: dict[Any, Any]
    is_log: bool

    @property
    def numbers(self) -> tuple[float, float, float]:
        """Value, lower and upper limit on the scale on which they are compared."""
        value, lower, upper = (float(self.row[name]) for name in ("value", "lower", "upper"))
        if not self.is_log:
            return value, lower, upper
        with np.errstate(divide="ignore", invalid="ignore"):
            value, lower, upper = (float(np.log(number)) for number in (value, lower, upper))
        return value, lower, upper

    @property
    def is_known(self) -> bool:
        """Whether there is a number with both limits."""
        return bool(np.isfinite(self.numbers).all())


def compare_groups(
    trait: str, compared: Sequence[Compared], quantities: tuple[str, str], level: float
) -> Iterator[dict[str, Any]]:
    """Yield the contrast of each group with the first, then the p value that all are alike.

    Nothing where fewer than two groups have numbers.
    """
    known = [one for one in compared if one.is_known]
    if len(known) < 2:
        return
    contrast, test = quantities
    common = {"arm": known[0].row["arm"], "versus": known[0].row["versus"]}
    counts = {name: sum(one.row[name] for one in known) for name in ("patients", "events")}
    common |= {"at_days": known[0].row["at_days"], "cause": known[0].row["cause"], **counts}
    for one in known[1:]:
        limits = contrast_limits(one.numbers, known[0].numbers)
        shown = np.exp(limits) if one.is_log else np.array(limits)
        named = {"endpoint": f"{trait}: {one.level} v {known[0].level}", "quantity": contrast}
        yield {**common, **named, **dict(zip(("value", "lower", "upper"), shown, strict=True))}
    value, lower, upper = np.array([one.numbers for one in known]).T
    p = p_of_heterogeneity(value, (upper - lower) / (2 * normal_reach(level)))
    yield {**common, "endpoint": trait, "quantity": test, "value": p}


def contrast_limits(
    first: tuple[float, float, float], second: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Return the difference of two independent numbers with limits made from theirs.

    Each side reaches as far as the two distances that make it so, squared and added: Zou and
    Donner (2008), Stat Med 27:1693-1702.
    """
    (value, lower, upper), (other, other_lower, other_upper) = first, second
    gap = value - other
    below = float(np.hypot(value - lower, other_upper - other))
    above = float(np.hypot(upper - value, other - other_lower))
    return gap, gap - below, gap + above


def p_of_heterogeneity(value: np.ndarray, std_error: np.ndarray) -> float:
    """Return the p value of the test that independent numbers have one mean.

    sum w (x - m)^2 with w = 1 / se^2 and m their weighted mean, chi-square with one degree less
    than numbers. Source: Cochran (1954), Biometrics 10:101-129.
    """
    weight = 1 / np.square(std_error)
    mean = (weight * value).sum() / weight.sum()
    distance = float((weight * np.square(value - mean)).sum())
    return float(chi2.sf(distance, len(value) - 1))


def adjust_holm(tests: pd.DataFrame) -> pd.DataFrame:
    """Add the p values of differences, adjusted for their number.

    The i-th smallest of m is multiplied by m - i + 1, and none is smaller than the one before.
    Source: Holm (1979), Scand J Stat 6:65-70.
    """
    if tests.empty:
        return tests
    chosen = tests[tests["quantity"] == "difference_interaction_p"]
    p = chosen["value"].to_numpy()
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    factors = np.arange(len(p), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    added = chosen.assign(quantity="difference_interaction_p_holm", value=adjusted)
    return pd.concat([tests, added], ignore_index=True)
