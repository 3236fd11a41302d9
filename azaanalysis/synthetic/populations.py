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
    total: np.ndarray = chance.sum(axis=1)
    if target == "ate":
        return total
    if target == "att":
        if treated is None:
            raise ParameterError("Target 'att' needs treated=, the strategy whose users it is.")
        return np.asarray(people[f"chance_{treated}"])
    if target == "overlap":
        with np.errstate(divide="ignore", invalid="ignore"):
            overlap: np.ndarray = total / (total[:, None] / chance).sum(axis=1)
        finite: np.ndarray = np.nan_to_num(overlap)
        return finite
    raise ParameterError(f"target must be 'ate', 'att' or 'overlap'; got '{target}'.")
