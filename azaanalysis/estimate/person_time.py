"""Events and time at risk, row by row, and how uncertain their rates are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate.contributions import Contributions
from azaanalysis.estimate.reach import reach_of_rows, reach_of_table
from azaanalysis.estimate.refusals import needs_follow_up
from azaanalysis.estimate.tally import RiskTable
from azaanalysis.estimate.variance import (
    TRUSTED_FROM_EFFECTIVE_SIZE,
    Chosen,
    covariance_of_arms,
)
from azaanalysis.vocab import DAYS_PER_YEAR, in_words

Array = np.ndarray


def quotient(numerator: Array, denominator: Array) -> Array:
    """Divide; what is divided by nothing is missing."""
    out: Array = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=out, where=denominator > 0)
    return out


@dataclass(frozen=True, eq=False)
class PersonTime:
    """Events and patient-years of each row: a patient, a spell of one, or a cell of a risk table.

    Parameters
    ----------
    arms
        The arms, in the order of the study.
    arm
        Number of the arm of each row.
    events
        Of each patient of the row; they happened on ``exit_days`` if there is at most one.
    entry_days, exit_days
        Time under observation.
    patients, weight, weight_squared
        How many patients the row stands for, and the sums of their weights and squared weights.
    is_present
        Whether the row has time or events in the window looked at.
    follow_up
        Where the rows come from; None if it was a risk table, or in a resample.
    table
        The risk table that the rows are cells of, if they are.
    """

    arms: tuple[str, ...]
    arm: Array
    events: Array
    entry_days: Array
    exit_days: Array
    patients: Array
    weight: Array
    weight_squared: Array
    is_present: Array
    follow_up: FollowUp | None
    table: RiskTable | None = None

    @classmethod
    def of(cls, source: FollowUp | RiskTable) -> PersonTime:
        """Take the rows of a follow-up, or the cells of a risk table (first events).

        Raises
        ------
        EstimationError
            If a count of events is missing, negative or infinite, or rows of a table belong
            together and it does not say which.
        """
        needs_follow_up(source)
        if isinstance(source, RiskTable) and source.is_clustered and source.pairs is None:
            raise EstimationError(
                "The rows of this risk table belong together (patients who appear more than once, "
                "or matched sets), and the table does not say which. Give the follow-up itself."
            )
        is_table = isinstance(source, RiskTable)
        rows = source.cells if isinstance(source, RiskTable) else source.frame
        patients = rows["patients"].to_numpy(dtype=float) if is_table else np.ones(len(rows))
        events = rows["status"].between(1, source.n_own) if is_table else rows["n_events"]
        weight = rows["weight"].to_numpy(dtype=float)
        squared = rows["weight_squared"].to_numpy(dtype=float) if is_table else weight**2
        return cls(
            arms=source.arms,
            arm=rows["arm"].cat.codes.to_numpy().astype(np.intp),
            events=_whole(events.to_numpy(dtype=float, na_value=np.nan)),
            entry_days=rows["entry_days"].to_numpy(dtype=float),
            exit_days=rows["exit_days"].to_numpy(dtype=float),
            patients=patients,
            weight=weight,
            weight_squared=squared,
            is_present=np.ones(len(rows), dtype=bool),
            follow_up=None if isinstance(source, RiskTable) else source,
            table=source if isinstance(source, RiskTable) else None,
        )

    def reach(self, chosen: str, level: float, *, pulling: float | None = None) -> float:
        """Return how many standard errors an interval reaches, by the variance chosen."""
        if self.table is not None:
            return reach_of_table(self.table, chosen, level, pulling=pulling)
        return reach_of_rows(self.follow_up, chosen, level, pulling=pulling)

    def within(self, start: float, end: float) -> PersonTime:
        """Keep the time after day ``start`` up to day ``end``, with the events in it.

        Raises
        ------
        DesignError
            If a row has several events: only the day of its exit is known.
        """
        if self._has_undated:
            raise DesignError(
                "Some rows count several events, so the days of these are not known. Give one row "
                "for each interval at risk, with an event at its end."
            )
        entry, leave = (np.clip(x, start, end) for x in (self.entry_days, self.exit_days))
        is_inside = (self.exit_days > start) & (self.exit_days <= end)
        # Who has the event on the day of entry itself has it in the first window.
        is_inside |= (start == 0) & (self.exit_days == 0)
        events = np.where(is_inside, self.events, 0.0)
        return replace(
            self,
            events=events,
            entry_days=entry,
            exit_days=leave,
            is_present=(leave > entry) | (events > 0),
        )

    @property
    def _has_undated(self) -> bool:
        """Whether a row counts an event that did not end it, or may have not."""
        end_rows = self.follow_up is not None and self.follow_up.about.get("events_end_rows")
        if not end_rows and (self.events > 1).any():
            return True
        if self.follow_up is None:
            return False
        is_own = self.follow_up.frame["status"].between(1, self.follow_up.n_own).to_numpy()
        return bool(((self.events > 0) & ~is_own).any())

    @property
    def years(self) -> Array:
        """Patient-years of each patient of the row."""
        years: Array = (self.exit_days - self.entry_days) / DAYS_PER_YEAR
        return years

    @property
    def is_weighted(self) -> bool:
        """Whether any patient counts for more or less than one."""
        return bool((self.weight != self.patients).any())

    @property
    def has_score(self) -> bool:
        """Whether it is known how the weights came from a model."""
        if self.table is not None:
            return self.table.stacking is not None
        weighting = None if self.follow_up is None else self.follow_up.weighting
        return weighting is not None and weighting.score is not None

    @property
    def persons(self) -> Array:
        """Code of the patient of each row; in a risk table each cell stands for itself."""
        if self.follow_up is None:
            return np.arange(len(self.arm))
        codes: Array = pd.factorize(self.follow_up.frame["patient_id"])[0]
        return codes

    def in_arms(self, values: Array) -> Array:
        """Sum values of the rows over each arm."""
        sums: Array = np.bincount(self.arm, values, minlength=len(self.arms))
        return sums

    def rates(self) -> Array:
        """Return the weighted events per patient-year of each arm; missing without time."""
        years = self.in_arms(self.weight * self.years)
        events = self.in_arms(self.weight * self.events)
        return quotient(events, years)

    def one_event_more(self) -> Array:
        """Return what one event more would add to the rate of each arm, and to its variance.

        An event falls to a patient in proportion to the time at risk, so that it adds the mean
        weight, over time, by the weighted years of the arm; shape (arms, 2).
        """
        years = self.in_arms(self.weight * self.years)
        mean = quotient(years, self.in_arms(self.patients * self.years))
        squares = self.in_arms(self.weight_squared * self.years)
        mean_square = quotient(squares, self.in_arms(self.patients * self.years))
        return np.stack([quotient(mean, years), quotient(mean_square, years**2)], axis=1)

    def effective_sizes(self) -> Array:
        """Return the effective sample size of each arm: (sum w)^2 / sum w^2, over patients."""
        first = ~pd.DataFrame({"arm": self.arm, "person": self.persons}).duplicated().to_numpy()
        squares = self.in_arms(self.weight_squared * first)
        return quotient(self.in_arms(self.weight * first) ** 2, squares)

    def effective_events(self) -> Array:
        """Return the effective number of those with events: (sum w e)^2 / sum (w e)^2, by arm."""
        total = self.in_arms(self.weight * self.events)
        if self.follow_up is None:
            return quotient(total**2, self.in_arms(self.weight_squared * self.events**2))
        of_patient = pd.Series(self.weight * self.events).groupby([self.arm, self.persons]).sum()
        squares = (of_patient**2).groupby(level=0).sum().reindex(range(len(self.arms)))
        return quotient(total**2, squares.to_numpy())

    def warnings(self) -> list[str]:
        """Say where weights leave too few patients for any interval that was measured."""
        if not self.is_weighted:
            return []
        return [
            f"The effective sample size of {in_words(arm)} is {size:.0f}, below "
            f"{TRUSTED_FROM_EFFECTIVE_SIZE}: intervals in which it takes part may be too narrow."
            for arm, size in zip(self.arms, self.effective_sizes(), strict=True)
            if size < TRUSTED_FROM_EFFECTIVE_SIZE
        ]

    def observed(self) -> pd.DataFrame:
        """Return patients, events and patient-years of each arm, before weighting."""
        if self.follow_up is None:
            patients = self.in_arms(self.patients * self.is_present)
        else:
            frame = self.follow_up.frame[self.is_present]
            patients = frame.groupby("arm", observed=False)["patient_id"].nunique().to_numpy()
        return pd.DataFrame(
            {
                "patients": patients,
                "events": self.in_arms(self.events * self.patients),
                "patient_years": self.in_arms(self.years * self.patients),
            }
        )

    def covariance(self, variance: str) -> Array:
        """Return the covariance of the rates of the arms, per patient-year squared.

        A row of one patient moves the rate of its arm by (events - rate * years) over the
        weighted years of the arm, for each unit of weight (derivative of a ratio of sums).
        """
        rates = self.rates()
        if variance == "exact":
            poisson: Array = np.diag(quotient(rates, self.in_arms(self.years * self.patients)))
            return poisson
        in_arm = self.arm[:, None] == np.arange(len(self.arms))
        years = self.in_arms(self.weight * self.years)
        moved = quotient(self.events - rates[self.arm] * self.years, years[self.arm])
        influence = np.where(in_arm, moved[:, None], 0.0)
        if self.table is not None:
            by_arm = np.nan_to_num(influence.T[:, :, None])
            chosen: Chosen = "stacked" if variance == "stacked" else "robust"
            return covariance_of_arms(self.table, by_arm, chosen)[:, :, 0]
        if self.follow_up is None:
            known: Array = (influence * self.weight_squared[:, None]).T @ influence
            return known
        made = Contributions.of(self.follow_up, is_stacked=variance == "stacked")
        return made.covariance(influence)


def _whole(events: Array) -> Array:
    """Refuse counts that are none."""
    is_faulty = ~(np.isfinite(events) & (events >= 0))
    if is_faulty.any():
        raise EstimationError(
            f"n_events is missing, negative or infinite in {int(is_faulty.sum()):,} of "
            f"{len(events):,} rows (the first is row {int(np.argmax(is_faulty)) + 1}). "
            "Count the events of every row; nobody without an event has an empty count."
        )
    return events
