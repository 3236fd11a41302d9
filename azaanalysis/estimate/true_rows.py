"""The true value of one row of an estimate, in a truth that is simulated already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.synthetic import (
    Truth,
    true_mean_count,
    true_persistence,
    true_rate,
    true_rate_difference,
    true_rate_ratio,
    true_risk,
    true_risk_difference,
    true_risk_ratio,
)
from azaanalysis.vocab import years_of_unit

Row = dict[Any, Any]
BESIDE = ["quantity", "cause", "arm", "versus", "at_days", "unit", "value", "lower", "upper"]
ADDED = ["truth", "truth_error", "is_within"]
OF_RATES = {"rate", "rate_difference", "rate_ratio", "mean_count"}


@dataclass(frozen=True, eq=False)
class Asked:
    """The truth of one question.

    Parameters
    ----------
    truth
        Of whom, and for how long.
    endpoint
        What the mechanism calls it.
    arms
        What the mechanism calls each arm of the study.
    causes
        For each cause of the study what it is in the mechanism; several reasons add up.
    stopping
        Whether the end of treatment competes with infections or ends what is seen of them.
    watched
        The follow-up that rates were estimated from.
    """

    truth: Truth
    endpoint: str
    arms: Mapping[str, str]
    causes: Mapping[str, tuple[str, ...]]
    stopping: Literal["competing", "censored"] = "competing"
    watched: FollowUp | None = None

    def beside(self, row: Row) -> Row | None:
        """Return an estimate with its truth beside it; None if there is none, or no interval."""
        if np.isnan([float(row["lower"]), float(row["upper"])]).any():
            return None
        made = self._of_rates(row) if row["quantity"] in OF_RATES else self._of_risks(row)
        if made is None or made.empty or made["value"].isna().any():
            return None
        # Whoever stops does so for one reason: the risks of reasons add up.
        true, error = float(made["value"].sum()), float(np.hypot.reduce(made["std_error"]))
        kept = {column: row[column] for column in BESIDE}
        is_within = bool(row["lower"] <= true <= row["upper"])
        return {**kept, "truth": true, "truth_error": error, "is_within": is_within}

    def _of_risks(self, row: Row) -> pd.DataFrame | None:
        """Return the true values of a risk, one row for each reason of its cause."""
        days, arm = [row["at_days"]], self.arms[row["arm"]]
        causes = self.causes.get(row["cause"], ())
        if row["quantity"] == "survival" and self.endpoint == "discontinuation":
            return true_persistence(self.truth, at_days=days).only(arm=arm).frame
        if row["quantity"] == "risk":
            made = true_risk(self.truth, self.endpoint, at_days=days).only(arm=arm)
            return made.only(cause=causes).frame
        compare = {"risk_difference": true_risk_difference, "risk_ratio": true_risk_ratio}
        if row["quantity"] not in compare or not row["versus"]:
            return None
        if row["quantity"] == "risk_ratio" and len(causes) > 1:
            return None
        arms = {"arm": arm, "versus": self.arms[row["versus"]]}
        made = compare[row["quantity"]](self.truth, self.endpoint, **arms, at_days=days)
        return made.only(cause=causes).frame

    def _of_rates(self, row: Row) -> pd.DataFrame | None:
        """Return the true value of a rate, a comparison of rates or a mean count."""
        quantity, (kind,), arm = row["quantity"], self.causes[row["cause"]], self.arms[row["arm"]]
        if quantity == "mean_count":
            days, truth = [row["at_days"]], self.truth
            made = true_mean_count(truth, kind, at_days=days, stopping=self.stopping)
            return made.only(arm=arm).frame
        if self._at_risk is None:
            return None
        options: dict[str, Any] = {"watched": self._at_risk}
        if quantity != "rate_ratio":
            options["per_years"] = years_of_unit(row["unit"])
        if quantity == "rate":
            return true_rate(self.truth, kind, **options).only(arm=arm).frame
        options |= {"arm": arm, "versus": self.arms[row["versus"]]}
        compare = {"rate_difference": true_rate_difference, "rate_ratio": true_rate_ratio}
        return compare[quantity](self.truth, kind, **options).frame

    @cached_property
    def _at_risk(self) -> Mapping[str, np.ndarray] | None:
        """For each strategy the weight at risk in the study on each day."""
        if self.watched is None:
            return None
        rows, at_risk = self.watched.frame, {}
        for arm, name in self.arms.items():
            of_arm = rows[(rows["arm"] == arm).to_numpy()]
            last = np.floor(of_arm["exit_days"].to_numpy(dtype=float)).astype(np.int64)
            leaving = np.bincount(last, of_arm["weight"], self.truth.horizon_days + 1)
            at_risk[name] = np.cumsum(leaving[::-1])[::-1]
        return at_risk
