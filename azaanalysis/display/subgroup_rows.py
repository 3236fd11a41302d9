"""Comparisons within groups, made ready to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from azaanalysis.disclosure import find_masked, suppress
from azaanalysis.display.numbers import spell_column, spell_p
from azaanalysis.errors import EstimationError
from azaanalysis.result import Estimate

Shown = Literal["risk_difference", "risk_ratio"]
NOT_COMPARED = "not compared"
TEST_OF = {"risk_difference": "difference_interaction_p", "risk_ratio": "ratio_interaction_p"}


@dataclass(frozen=True, eq=False)
class SubgroupRows:
    """Suppressed rows of subgroups with their marks, and the groups in order."""

    estimate: Estimate
    rows: pd.DataFrame
    groups: tuple[tuple[str, str, str], ...]
    arms: tuple[str, ...]
    reference: str

    @classmethod
    def of(cls, estimate: Estimate) -> SubgroupRows:
        """Suppress small counts, and refuse an estimate without groups."""
        if "groups" not in estimate.about:
            raise EstimationError(
                "This estimate has no subgroups; give that of estimate_subgroups."
            )
        marks = find_masked(estimate).add_suffix("_mark")
        rows = suppress(estimate).frame.join(marks)
        rows["was_known"] = estimate.frame["value"].notna()
        compared = rows[rows["quantity"] == "risk_difference"]
        arms = tuple(compared["arm"].unique())
        return cls(estimate, rows, estimate.about["groups"], arms, str(compared["versus"].iloc[0]))

    def row(self, name: str, arm: str, quantity: str) -> Any:
        """Return one row; None if there is none."""
        rows = self.rows
        found = rows[
            (rows["endpoint"] == name) & (rows["arm"] == arm) & (rows["quantity"] == quantity)
        ]
        return next(found.itertuples(), None)

    @property
    def shown(self) -> Estimate:
        """The estimate as it is printed."""
        return suppress(self.estimate)

    def places(self, keys: Sequence[tuple[str, str]], quantity: str) -> tuple[int, ...]:
        """Return where each pair of group and arm stands in the estimate; -1 if it does not."""
        frame = self.estimate.frame
        columns = zip(frame["endpoint"], frame["arm"], frame["quantity"], strict=True)
        where = {key: row for row, key in enumerate(columns)}
        return tuple(where.get((*key, quantity), -1) for key in keys)

    def p(self, trait: str, arm: str, quantity: str) -> str:
        """Return a p value in words; empty if there was no test."""
        row = self.row(trait, arm, quantity)
        return "" if row is None or pd.isna(row.value) else spell_p(row.value)


def name_trait(trait: str) -> str:
    """Spell a covariate as the heading of its groups."""
    return spell_column(trait)
