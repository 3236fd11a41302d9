"""The hazards of the arms of a risk table, and their ratios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.limits import Numbers
from azaanalysis.estimate.partial_likelihood import RUN_AWAY, Hazards, Moment, Ties, maximise
from azaanalysis.estimate.proportional import Test, proportion_tests, time_scale
from azaanalysis.estimate.risk_sets import RiskSets
from azaanalysis.estimate.row_scores import RowScores
from azaanalysis.estimate.tally import RiskTable
from azaanalysis.estimate.variance import (
    Chosen,
    Variance,
    choose_variance,
    covariance_of_arms,
    describe_variance,
)
from azaanalysis.vocab import DAYS_PER_YEAR

ChosenHere = Literal["model"] | Chosen
Window = tuple[float, float]
ALWAYS: Window = (-np.inf, np.inf)


def choose_here(
    follow_up: FollowUp | RiskTable, table: RiskTable, variance: Variance
) -> ChosenHere:
    """Choose how uncertainty is computed: from the model if everybody counts as one."""
    chosen = choose_variance(follow_up, table, variance)
    is_plain = not table.is_weighted and not table.is_clustered
    return "model" if variance == "auto" and is_plain else chosen


def describe_here(table: RiskTable, chosen: ChosenHere) -> dict[str, Any]:
    """Return what ``about`` says of an interval."""
    if chosen != "model":
        return describe_variance(table, chosen)
    notes = tuple(table.about.get("notes", ()))
    return {"interval": "sampling of patients, model-based", "variance": chosen, "notes": notes}


@dataclass(frozen=True, eq=False)
class ArmHazards:
    """The cells of a risk table, as arrays, and what happens to them.

    Parameters
    ----------
    table
        Patients counted.
    number
        The cause, from 1 on.
    window
        Only events after the first and up to the second day are looked at.
    """

    table: RiskTable
    number: int
    window: Window = ALWAYS

    @property
    def arm(self) -> Array:
        """Position of the arm of each cell."""
        return self.table.keys.arm

    @cached_property
    def patients(self) -> Array:
        """How many patients who count (with a weight above zero) each cell has."""
        return self.table.counts.counting.astype(float)

    @property
    def stratum(self) -> Array | None:
        """Code of the stratum of each cell; None if there is one."""
        if len(self.table.strata) == 1:
            return None
        return self.table.keys.stratum

    @property
    def leave(self) -> Array:
        """Day of exit of each cell."""
        return self.table.keys.exit_days

    @cached_property
    def is_event(self) -> Array:
        """Whether a cell ends in the cause, within the window, and is ever at risk."""
        entry, weight = self.table.keys.entry_days, self.table.counts.weight
        status = self.table.keys.status == self.number
        is_seen = (self.leave > self.window[0]) & (self.leave <= self.window[1])
        is_event: Array = status & is_seen & (weight > 0) & ((entry < self.leave) | (entry == 0))
        return is_event

    def hazards(self, arms: Array, ties: Ties) -> Hazards:
        """Return the partial likelihood of arms, each against all that are not among them."""
        return Hazards(
            design=np.stack([self.arm == arm for arm in arms]).astype(float),
            weight=self.table.counts.weight.copy(),
            is_event=self.is_event,
            sets=self.risk_sets(),
            counts=self.patients,
            ties=ties,
        )

    def risk_sets(self, *, by_stratum: bool = True) -> RiskSets:
        """Place the cells on the days of the cause."""
        stratum = self.stratum if by_stratum else None
        return RiskSets.of(self.table.keys.entry_days, self.leave, self.is_event, stratum)

    def time_scale(self, sets: RiskSets) -> Array:
        """Return one minus the Kaplan-Meier curve of everybody, for each slot."""
        whole = self.risk_sets(by_stratum=False)
        scale = time_scale("km", whole, self.is_event, self.leave, self.patients)
        return scale[np.searchsorted(whole.days, sets.days)]


def observed(
    table: RiskTable, number: int, arms: Sequence[str], window: Window = ALWAYS
) -> dict[str, Any]:
    """Return patients, events of a cause and patient-years of some arms, before weighting.

    Of a window: those who were seen in it, and what they contributed to it.
    """
    start, end = window
    keys = table.keys
    here = keys.of_arms(arms)
    entry, leave = keys.entry_days[here], keys.exit_days[here]
    patients, is_event = table.counts.patients[here], keys.status[here] == number
    days = np.clip(np.minimum(leave, end) - np.maximum(entry, start), 0, None)
    is_seen = (leave > start) & (entry < end)
    return {
        "patients": int(patients[is_seen].sum()),
        "events": int(patients[is_seen & is_event & (leave <= end)].sum()),
        "patient_years": float((patients * days).sum()) / DAYS_PER_YEAR,
    }


def covariance_here(table: RiskTable, influence: Array, chosen: ChosenHere) -> Array:
    """Return the covariance of numbers from what one unit of weight of each cell does to them.

    A bootstrap has none of its own; what a formula can contain stands in.
    """
    by_formula: Chosen = "robust" if chosen == "robust" or table.stacking is None else "stacked"
    made: Array = covariance_of_arms(table, influence[:, :, None], by_formula)[:, :, 0]
    return made


def no_numbers(n_arms: int) -> Numbers:
    """Return missing numbers, one for each arm."""
    return Numbers(np.full(n_arms, np.nan), np.full(n_arms, np.nan))


@dataclass(frozen=True, eq=False)
class ArmRatios:
    """Ratios of the hazards of arms to that of the reference, at the maximum.

    Parameters
    ----------
    source
        Cells and cause.
    arms
        Positions of the arms that are in the model.
    moment
        The partial likelihood at its maximum.
    """

    source: ArmHazards
    arms: Array
    moment: Moment

    @classmethod
    def of(cls, source: ArmHazards, ties: Ties) -> ArmRatios | None:
        """Fit one model with an indicator for each arm; None if the reference has no event."""
        table = source.table
        reference = table.arms.index(table.reference)
        with_events = np.unique(source.arm[source.is_event])
        arms = with_events[with_events != reference]
        if len(arms) == 0 or reference not in with_events:
            return None
        hazards = source.hazards(arms, ties)
        # An arm without events adds nothing: its best ratio is zero.
        hazards.weight[~np.isin(source.arm, with_events)] = 0.0
        return cls(source, arms, maximise(hazards))

    @cached_property
    def inverse(self) -> Array:
        """Inverse of the information: the covariance of the log ratios if the model is right."""
        inverse: Array = np.linalg.pinv(self.moment.information(), hermitian=True)
        return inverse

    @cached_property
    def influence(self) -> Array:
        """What one unit of weight of each cell does to the log ratios; shape (arms, cells)."""
        influence: Array = self.inverse @ np.asarray(RowScores.of(self.moment))
        return influence

    def numbers(self, chosen: ChosenHere) -> Numbers:
        """Return log ratios and errors in the order of the table, missing where there is none."""
        covariance = (
            self.inverse
            if chosen == "model"
            else covariance_here(self.source.table, self.influence, chosen)
        )
        made = no_numbers(len(self.source.table.arms))
        finite = (np.abs(self.moment.coefficients) < RUN_AWAY) & self.moment.says_something
        made.value[self.arms[finite]] = self.moment.coefficients[finite]
        made.std_error[self.arms[finite]] = np.sqrt(np.diag(covariance)[finite])
        return made

    def tests(self, chosen: ChosenHere) -> list[Test]:
        """Test for each arm of the model whether its ratio stays the same."""
        scale = self.source.time_scale(self.source.risk_sets())
        single = [np.array([line]) for line in range(len(self.arms))]

        def robust(rows: RowScores) -> Array:
            return covariance_here(self.source.table, np.asarray(rows), chosen)

        covariance = None if chosen == "model" else robust
        return proportion_tests(self.moment, scale, single, covariance=covariance)
