"""Whose truth it is: the target populations of a study, as weights of simulated people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from azaanalysis.errors import ParameterError

Target = Literal["ate", "att", "overlap"]


def target_weights(
    people: pd.DataFrame,
    *,
    target: Target,
    strategies: Sequence[str],
    treated: str | None = None,
) -> np.ndarray:
    """Return the weight of each person in the target population.

    The population of a study consists of those who start one of its strategies, so people count
    by their chance of doing so (columns ``chance_STRATEGY``). With ``e`` the chance of each
    strategy among these: ``ate`` weighs by that chance alone, ``att`` by the chance of the
    treated strategy, ``overlap`` by ``1 / sum(1 / e)`` besides.

    Raises
    ------
    ParameterError
        If the target is unknown, or ``att`` is asked without ``treated``.

    Notes
    -----
    Source: Li and Li (2019), Ann Appl Stat 13:2389-2415 (generalised overlap weights).
    """
    chance = people[[f"chance_{s}" for s in strategies]].to_numpy()
    stands_for = 1 / people["chance_drawn"].to_numpy() if "chance_drawn" in people else 1.0
    if target == "ate":
        everybody: np.ndarray = chance.sum(axis=1) * stands_for
        return everybody
    if target == "att":
        if treated is None:
            raise ParameterError("Target 'att' needs treated=, the strategy whose users it is.")
        return np.asarray(people[f"chance_{treated}"]) * stands_for
    if target == "overlap":
        overlap: np.ndarray = overlap_weights(chance) * stands_for
        return overlap
    raise ParameterError(f"target must be 'ate', 'att' or 'overlap'; got '{target}'.")


def overlap_weights(chance: np.ndarray) -> np.ndarray:
    """Return ``1 / sum(1 / chance)`` of each row: 0 where a strategy cannot be had."""
    with np.errstate(divide="ignore"):
        weight: np.ndarray = 1 / (1 / chance).sum(axis=1)
    return weight


def chances_to_be_drawn(people: pd.DataFrame, strategies: Sequence[str]) -> np.ndarray:
    """Return chances in proportion to the overlap weights; 1 if all chances of strategies agree."""
    chance = people[[f"chance_{s}" for s in strategies]].to_numpy()
    # The largest weight there can be is that of equal chances.
    chances: np.ndarray = overlap_weights(chance) * len(strategies) ** 2
    return chances
