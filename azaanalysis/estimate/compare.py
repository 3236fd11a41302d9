"""Numbers read from the curves of the arms, one arm against another, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.curve_limits import NOTHING
from azaanalysis.estimate.limits import How, Interval, Numbers, interval_of
from azaanalysis.estimate.readings import Arms, Factors, Readings
from azaanalysis.estimate.resample import USUAL, Resampling
from azaanalysis.estimate.tally import RiskTable
from azaanalysis.estimate.variance import (
    Chosen,
    Variance,
    choose_variance,
    covariance_of_arms,
    describe_variance,
)
from azaanalysis.result import Estimate
from azaanalysis.vocab import DAYS_PER_YEAR


@dataclass(frozen=True)
class Reading:
    """What is read from a curve.

    Parameters
    ----------
    cause
        0 for survival, k for the risk of the k-th cause.
    at_days
        The days that the numbers belong to.
    factors
        Given the days of a grid, returns one row of factors for each of ``at_days``.
    """

    cause: int
    at_days: Sequence[float]
    factors: Factors

    def of(self, arms: Arms) -> Readings:
        """Read it from the curves of every arm."""
        return arms.read(self.cause, self.factors)


def on_days(at_days: Sequence[float] | Array) -> Factors:
    """Read a curve on given days; beyond its end it has no value."""
    wanted = np.asarray(at_days, dtype=float)

    def factors(days: Array) -> Array:
        made = np.zeros((len(wanted), len(days)))
        made[np.arange(len(wanted)), np.searchsorted(days, wanted, side="right") - 1] = 1.0
        made[wanted > days[-1]] = np.nan
        return made

    return factors


def until_days(horizon_days: Sequence[float]) -> Factors:
    """Read the area under a curve from day 0 to each horizon."""
    wanted = np.asarray(horizon_days, dtype=float)

    def factors(days: Array) -> Array:
        ends = np.minimum(np.append(days[1:], np.inf), wanted[:, None])
        made: Array = np.clip(ends - days, 0.0, None)
        made[wanted > days[-1]] = np.nan
        return made

    return factors


def numbers_of_arms(arms: Arms, reading: Reading, chosen: Chosen) -> Numbers:
    """Return the number of each arm, shape (arms, readings)."""
    read = reading.of(arms)
    return Numbers(read.value, errors_of_influence(arms.table, read.influence, chosen))


def differences(arms: Arms, reading: Reading, chosen: Chosen) -> Numbers:
    """Return each arm less the reference, shape (other arms, readings)."""
    read = reading.of(arms)
    others, reference = _places(arms.table)
    influence = read.influence[others] - read.influence[reference]
    return Numbers(
        read.value[others] - read.value[reference],
        errors_of_influence(arms.table, influence, chosen),
    )


def log_ratios(arms: Arms, reading: Reading, chosen: Chosen) -> Numbers:
    """Return the log of the ratio of each arm to the reference; missing where one is zero."""
    read = reading.of(arms)
    others, reference = _places(arms.table)
    value = np.where(read.value > NOTHING, read.value, np.nan)
    relative = read.influence / value[:, None, :]
    influence = relative[others] - relative[reference]
    logs = np.log(value)
    return Numbers(
        logs[others] - logs[reference], errors_of_influence(arms.table, influence, chosen)
    )


def errors_of_influence(table: RiskTable, influence: Array, chosen: Chosen) -> Array:
    """Return standard errors from influences, shape (first, readings)."""
    variance = np.einsum("aaq->aq", covariance_of_arms(table, influence, chosen))
    errors: Array = np.sqrt(np.maximum(variance, 0.0))
    return errors


def _places(table: RiskTable) -> tuple[list[int], int]:
    arms = list(table.arms)
    reference = arms.index(table.reference)
    return [place for place in range(len(arms)) if place != reference], reference


def refuse_one_arm(arms: Sequence[str]) -> None:
    """Refuse to compare an arm with nothing."""
    if len(arms) < 2:
        raise DesignError(
            f"A comparison needs at least two arms, but there is only '{arms[0]}'. "
            "Add an arm to the study file, or show the arm by its curve and its rate."
        )


Measure = Callable[[Arms, Reading, Chosen], Numbers]


@dataclass(frozen=True)
class Question:
    """What is asked of a follow-up.

    Parameters
    ----------
    readings
        What is read from the curves, one for each cause.
    measure
        Numbers of each arm, or of each arm against the reference.
    quantity
        A word of ``vocab.QUANTITIES`` for each reading.
    back
        From the scale on which intervals are symmetric to the scale on which they are shown.
    """

    readings: Sequence[Reading]
    measure: Measure
    quantity: Sequence[str]
    is_contrast: bool = True
    back: Callable[[Array], Array] = field(default=lambda numbers: numbers)

    def statistic(self, table: RiskTable, chosen: Chosen) -> Numbers:
        """Return the numbers of all readings, shape (readings, arms, days)."""
        arms = Arms(table)
        made = [self.measure(arms, reading, chosen) for reading in self.readings]
        return Numbers(
            np.stack([numbers.value for numbers in made]),
            np.stack([numbers.std_error for numbers in made]),
        )


@dataclass(frozen=True)
class Plan:
    """How a question is answered: the wishes of the caller, kept together."""

    level: float
    variance: Variance
    stratum: str | None = None
    resampling: Resampling = USUAL


def answer(
    follow_up: FollowUp | RiskTable, table: RiskTable, questions: Sequence[Question], plan: Plan
) -> Estimate:
    """Return one row for each reading, arm and day, with its interval."""
    chosen = choose_variance(follow_up, table, plan.variance)
    how = How(plan.level, chosen, plan.stratum, plan.resampling)
    rows: list[dict[str, Any]] = []
    for question in questions:
        interval = interval_of(follow_up, table, question.statistic, how)
        rows += _rows(table, question, interval)
    about = {**table.about, **describe_variance(table, chosen), "level": plan.level}
    if len(table.strata) > 1:
        about["stratum"] = plan.stratum
    return Estimate.from_rows(count_persons(rows, follow_up), about=about)


def count_persons(
    rows: list[dict[str, Any]], follow_up: FollowUp | RiskTable
) -> list[dict[str, Any]]:
    """Let ``patients`` count those of the arms of each number, where some have several rows."""
    if not isinstance(follow_up, FollowUp) or follow_up.clusters is None:
        return rows
    of_rows = [(row["arm"], row.get("versus", "")) for row in rows]
    persons = {arms: _persons(follow_up, arms) for arms in set(of_rows)}
    return [row | {"patients": persons[arms]} for row, arms in zip(rows, of_rows, strict=True)]


def _persons(follow_up: FollowUp, arms: Sequence[str]) -> int:
    """Count the patients, not the rows, of some arms."""
    is_counted = follow_up.frame["arm"].isin(arms)
    return int(follow_up.frame["patient_id"][is_counted].nunique())


def _rows(table: RiskTable, question: Question, interval: Interval) -> Iterator[dict[str, Any]]:
    named = ("", *table.causes)
    reference = table.reference if question.is_contrast else ""
    arms = [arm for arm in table.arms if arm != reference]
    for i, (reading, quantity) in enumerate(zip(question.readings, question.quantity, strict=True)):
        for j, arm in enumerate(arms):
            counted = [arm, reference] if reference else [arm]
            for k, day in enumerate(reading.at_days):
                place = (i, j, k)
                yield {
                    "endpoint": table.endpoint,
                    "cause": named[reading.cause],
                    "arm": arm,
                    "versus": reference,
                    "quantity": quantity,
                    "at_days": day,
                    "value": float(question.back(interval.value[place])),
                    "lower": float(question.back(interval.lower[place])),
                    "upper": float(question.back(interval.upper[place])),
                    "std_error": float(interval.std_error[place]),
                    **observed_until(table, counted, reading.cause, day),
                }


def observed_until(
    table: RiskTable, arms: Sequence[str], cause: int, day: float
) -> dict[str, float]:
    """Count, before weighting, patients of some arms, their events and years until a day."""
    keys = table.keys
    here = keys.of_arms(arms)
    patients, leave, status = table.counts.patients[here], keys.exit_days[here], keys.status[here]
    is_event = status == cause if cause else status > 0
    days = np.clip(np.minimum(leave, day) - keys.entry_days[here], 0, None)
    return {
        "patients": int(patients.sum()),
        "events": int(patients[is_event & (leave <= day)].sum()),
        "patient_years": float((patients * days).sum()) / DAYS_PER_YEAR,
    }
