"""A follow-up reduced to counts: all that the curve estimators need to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp

_CELL = ["arm", "entry_days", "exit_days", "status"]


@dataclass(frozen=True, eq=False)
class RiskTable:
    """Patients counted by arm, day of entry, day of exit and status.

    However many patients there are, the table has no more rows than there are distinct days;
    it is sufficient for curves, their robust variances, log-rank tests and crude rates.

    Parameters
    ----------
    cells
        ``arm`` (categorical, in the order of the study), ``entry_days``, ``exit_days``,
        ``status``; ``patients``; ``weight`` and ``weight_squared`` (sums over the patients of
        the cell).
    endpoint, causes, n_own, about
        As in the follow-up it was made from.
    """

    cells: pd.DataFrame
    endpoint: str
    causes: tuple[str, ...]
    n_own: int
    about: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Freeze ``about``."""
        object.__setattr__(self, "about", MappingProxyType(dict(self.about)))

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms, in the order of the study."""
        return tuple(self.cells["arm"].cat.categories)


def tally(follow_up: FollowUp | RiskTable) -> RiskTable:
    """Count a follow-up by arm, entry, exit and status; a risk table is returned as it is."""
    if isinstance(follow_up, RiskTable):
        return follow_up
    frame = follow_up.frame[[*_CELL, "weight"]]
    counted = (
        frame.assign(patients=1, weight_squared=np.square(frame["weight"]))
        .groupby(_CELL, observed=True)[["patients", "weight", "weight_squared"]]
        .sum()
        .reset_index()
    )
    return RiskTable(
        counted, follow_up.endpoint, follow_up.causes, follow_up.n_own, follow_up.about
    )
