"""The arms of a comparison as arrays: what tests and ratios of hazards start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate.risk_sets import Array, RiskSets
from azaanalysis.estimate.sandwich import Variance, choose_variance, sandwich
from azaanalysis.estimate.tally import RiskTable, tally
from azaanalysis.vocab import DAYS_PER_YEAR


@dataclass(frozen=True, eq=False)
class Compared:
    """The rows of a comparison: cells of a risk table, or single patients.

    Parameters
    ----------
    source
        The follow-up or the table.
    rows
        ``arm``, ``entry_days``, ``exit_days``, ``status``, ``patients``, ``weight``,
        ``weight_squared``.
    stratum
        Code of the stratum of each row; None if there are no strata.
    variance
        ``model``, ``robust`` or ``stacked``.
    """

    source: FollowUp | RiskTable
    rows: pd.DataFrame
    stratum: Array | None
    variance: str

    @classmethod
    def of(
        cls,
        source: FollowUp | RiskTable,
        *,
        variance: Variance = "auto",
        strata: Sequence[str] = (),
    ) -> Compared:
        """Take a follow-up apart, or its table.

        Raises
        ------
        DesignError
            If there is only one arm, or a column of strata is absent.
        EstimationError
            If the variance asked for cannot be had.
        """
        _refuse_one_arm(source.arms)
        if isinstance(source, RiskTable):
            return cls(source, source.cells, None, _of_table(source, variance))
        chosen = choose_variance(source, variance)
        if chosen != "stacked" and source.clusters is None and not strata:
            return cls(source, tally(source).cells, None, chosen)
        weight = source.frame["weight"]
        rows = source.frame.assign(patients=1, weight_squared=np.square(weight))
        return cls(source, rows, stratum_codes(source.frame, strata), chosen)

    @property
    def reference(self) -> str:
        """The arm that the others are compared with."""
        return str(self.source.about.get("reference", self.source.arms[0]))

    @cached_property
    def arm(self) -> Array:
        """Position of the arm of each row."""
        return self.rows["arm"].cat.codes.to_numpy()

    @cached_property
    def weight(self) -> Array:
        """Sum of the weights of each row."""
        return self.rows["weight"].to_numpy(dtype=float)

    @cached_property
    def counts(self) -> Array:
        """Patients of each row."""
        return self.rows["patients"].to_numpy(dtype=float)

    def is_event(self, number: int) -> Array:
        """Whether a row ends in the k-th cause, and counts."""
        counted: Array = (self.rows["status"].to_numpy() == number) & (self.weight > 0)
        return counted

    def risk_sets(self, is_event: Array) -> RiskSets:
        """Place the rows on the days of an event."""
        entry, leave = (self.rows[c].to_numpy(dtype=float) for c in ("entry_days", "exit_days"))
        return RiskSets.of(entry, leave, is_event, self.stratum)

    def covariance(self, influence: Array) -> Array:
        """Return the covariance of estimates of which one unit of weight has this influence."""
        if isinstance(self.source, RiskTable) or len(self.rows) < len(self.source.frame):
            covariance: Array = (influence * self.rows["weight_squared"].to_numpy()) @ influence.T
            return covariance
        weighting = self.source.weighting
        score = weighting.score if weighting is not None and self.variance == "stacked" else None
        return sandwich(influence, self.weight, score=score, clusters=self.source.clusters)

    def observed(self, number: int, arms: Sequence[str]) -> dict[str, Any]:
        """Return patients, events and patient-years of some arms, before weighting."""
        rows = self.rows[self.rows["arm"].isin(arms).to_numpy()]
        patients, days = rows["patients"], rows["exit_days"] - rows["entry_days"]
        return {
            "patients": int(patients.sum()),
            "events": int(patients[rows["status"] == number].sum()),
            "patient_years": float((patients * days).sum()) / DAYS_PER_YEAR,
        }


def stratum_codes(frame: pd.DataFrame, strata: Sequence[str]) -> Array | None:
    """Return the code of the stratum of each row, None if there are no strata.

    Raises
    ------
    DesignError
        If a column is absent, or a stratum is missing.
    """
    if not strata:
        return None
    absent = [column for column in strata if column not in frame]
    if absent:
        raise DesignError(
            f"There is no column {', '.join(map(repr, absent))} to stratify by. There are: "
            f"{', '.join(map(str, frame.columns))}."
        )
    codes: Array = frame.groupby(list(strata), observed=True, dropna=True).ngroup().to_numpy()
    if (codes < 0).any():
        raise DesignError(
            f"The stratum ({', '.join(strata)}) is missing in {(codes < 0).sum():,} of "
            f"{len(codes):,} rows. Give those a level of their own, or leave them out."
        )
    return codes


def _of_table(table: RiskTable, variance: Variance) -> str:
    if variance not in ("auto", "robust"):
        raise EstimationError(
            f"A risk table does not hold what a {variance} interval needs. Give the follow-up, or "
            "take variance='robust'."
        )
    is_plain = np.array_equal(table.cells["weight"], table.cells["patients"])
    return "model" if is_plain and variance == "auto" else "robust"


def _refuse_one_arm(arms: tuple[str, ...]) -> None:
    if len(arms) < 2:
        raise DesignError(
            f"A comparison needs at least two arms, but there is only '{arms[0]}'. "
            "Add an arm to the study file, or show the arm by its curve and its rate."
        )
