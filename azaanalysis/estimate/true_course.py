"""The true trade-off, next treatments and times beside their estimates, for invented patients."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.follow import follow
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.line_follow_up import follow_line, follow_next_line
from azaanalysis.estimate.course import PER, RESPECTS, Asked, measure_course
from azaanalysis.estimate.once import once_each
from azaanalysis.estimate.true_answer import (
    UNKNOWN,
    nothing_known,
    strategy_of_arm,
    why_not,
)
from azaanalysis.estimate.true_rows import ADDED, BESIDE
from azaanalysis.result import Estimate
from azaanalysis.study import Study
from azaanalysis.synthetic import make_potential_cohorts
from azaanalysis.synthetic.populations import target_weights

Array = np.ndarray
_PEOPLE = 20_000
_UNIT = np.array([1.0, PER, PER])


def compare_course_with_truth(
    estimates: Estimate, study: Study, *, endpoint: str = "response", n_patients: int = _PEOPLE
) -> pd.DataFrame:
    """Set the true values of trade-offs, next treatments and time on the first line beside them.

    The same invented people start each strategy, nobody is lost, and the same code reads their
    tables as reads those of the cohort. What is left of an estimate's error is therefore its own.

    Parameters
    ----------
    estimates
        Any of: the result of ``estimate_trade_off``; ``risk`` of ``follow_next_line`` on single
        days; ``restricted_mean_days`` of the first line from ``estimate_time_on_lines``.
    study
        The question that they answer.
    endpoint
        That of the trade-off.
    n_patients
        People for whom the truth is made.

    Returns
    -------
    DataFrame
        As ``compare_with_truth`` returns it; ``cause`` says of what. No rows if patients are real
        or not weighted; ``attrs["reason"]`` says which.

    Notes
    -----
    Shares of draws and later lines have no truth: who comes to a later line, and when, is itself an
    outcome. Eligibility is judged by the study's own rules in every cohort.
    """
    reason = why_not(study, "discontinuation")
    if reason or study.source.synthetic is None:
        return nothing_known(reason)
    days = float(np.nanmax(estimates.frame["at_days"].to_numpy(), initial=1.0))
    potential = make_potential_cohorts(
        study.source.synthetic.world, n_patients=n_patients, horizon_days=int(max(days, 365))
    )
    named = strategy_of_arm(study, tuple(potential.cohorts))
    weight = _weights(study, potential.people, named)
    lives = _same_people(
        {
            arm: _Lives.of(arm, potential.cohorts[name], _Asked(study, endpoint, weight))
            for arm, name in named.items()
        }
    )
    rows = [made for row in estimates.frame.to_dict("records") if (made := _beside(row, lives))]
    found = pd.DataFrame(rows, columns=[*BESIDE, *ADDED])
    order = {quantity: place for place, quantity in enumerate(found["quantity"].unique())}
    found = found.sort_values("quantity", key=lambda names: names.map(order), kind="stable")
    found.attrs["reason"] = "" if len(found) else UNKNOWN
    return found


def _weights(study: Study, people: pd.DataFrame, named: dict[str, str]) -> Array:
    """Return how much each person counts in the population to which the study weighs."""
    weighting = study.weighting
    assert weighting is not None
    treated = None
    if weighting.target == "att":
        treated = named[weighting.of_arm or study.comparison.reference]
    weight = target_weights(
        people, target=weighting.target, strategies=tuple(named.values()), treated=treated
    )
    # Who was not observed for long enough may enter with a later drug, but not with this one.
    is_seen = people["lookback_days"] >= study.comparison.washout_days
    return np.where(is_seen, weight, 0.0)


@dataclass(frozen=True, eq=False)
class _Asked:
    """The question, the endpoint of the trade-off, and how much each person counts."""

    study: Study
    endpoint: str
    weight: Array


@dataclass(frozen=True, eq=False)
class _Lives:
    """What became of the same people under one strategy, person by person.

    Parameters
    ----------
    cohort, study, endpoint
        Where it is read from, and how.
    followed
        The end of treatment of each person who is eligible, with the weight in the population.
    """

    cohort: Cohort
    study: Study
    endpoint: str
    followed: FollowUp

    @classmethod
    def of(cls, arm: str, cohort: Cohort, asked: _Asked) -> _Lives:
        """Follow those who enter with the drug that all of them started."""
        followed = follow(cohort, asked.study, endpoint="discontinuation")
        place = pd.Index(cohort.patients["patient_id"]).get_indexer(followed.frame["patient_id"])
        frame = followed.frame.assign(weight=asked.weight[place])
        frame = frame[(frame["arm"] == arm) & (frame["weight"] > 0)].reset_index(drop=True)
        return cls(cohort, asked.study, asked.endpoint, replace(followed, frame=frame))

    def only(self, patients: set[str]) -> _Lives:
        """Keep some patients, in the same order."""
        frame = self.followed.frame
        kept = frame[frame["patient_id"].isin(patients)].reset_index(drop=True)
        return replace(self, followed=replace(self.followed, frame=kept))

    @property
    def weight(self) -> Array:
        """How much each person counts."""
        weight: Array = self.followed.frame["weight"].to_numpy()
        return weight

    @cached_property
    def following(self) -> FollowUp:
        """The next treatment of each person."""
        return follow_next_line(self.cohort, self.study, self.followed)

    def has_next(self, treatment: str, day: float) -> Array:
        """Tell who had begun a treatment next by a day."""
        causes, frame = list(self.following.causes), self.following.frame
        number = causes.index(treatment) + 1 if treatment in causes else -1
        has = (frame["status"] == number) & (frame["exit_days"] <= day)
        return has.to_numpy(dtype=float)

    def days_on_first(self, horizon_days: float) -> Array:
        """Return the days of each person on the first line, up to a horizon."""
        line = follow_line(self.cohort, self.study, self.followed, line=1, fewest=1)
        days: Array = np.minimum(line.frame["exit_days"].to_numpy(), horizon_days)
        return days


@once_each
def _respects(lives: _Lives, horizon_days: float) -> Array:
    """Return months in response, infections and stops of each person, in the usual units."""
    asked = Asked(lives.endpoint, "infection", "discontinuation", horizon_days)
    course = measure_course(lives.cohort, lives.study, lives.followed, asked)
    made: Array = course.by_patient * _UNIT
    return made


def _same_people(lives: dict[str, _Lives]) -> dict[str, _Lives]:
    """Keep those who are eligible under every strategy: a few had used one of the drugs before."""
    names = [set(life.followed.frame["patient_id"]) for life in lives.values()]
    shared = set.intersection(*names)
    return {arm: life.only(shared) for arm, life in lives.items()}


def _beside(row: dict[Any, Any], lives: dict[str, _Lives]) -> dict[str, Any] | None:
    """Return an estimate with its truth beside it; None if there is none."""
    if row["arm"] not in lives or not {row["versus"]} <= {"", *lives} or pd.isna(row["value"]):
        return None
    own = _values(row, lives[row["arm"]])
    if own is None:
        return None
    values, cause = own
    weight = lives[row["arm"]].weight
    if row["versus"]:
        other = _values(row, lives[row["versus"]])
        assert other is not None
        # The same people, in the same order, under both strategies.
        values = values - other[0]
    true = float((weight * values).sum() / weight.sum())
    error = float(np.sqrt(((weight * (values - true)) ** 2).sum()) / weight.sum())
    kept = {column: row[column] for column in BESIDE} | {"cause": cause}
    is_within = bool(row["lower"] <= true <= row["upper"])
    return {**kept, "truth": true, "truth_error": error, "is_within": is_within}


def _values(row: dict[Any, Any], lives: _Lives) -> tuple[Array, str] | None:
    """Return what an estimate is the mean of, person by person, and what to call it."""
    quantity, respect, day = row["quantity"], row["endpoint"], row["at_days"]
    if quantity.startswith(("months_in_response", "events_per_100")):
        return _respects(lives, day)[:, RESPECTS.index(respect)], respect
    if quantity == "risk" and respect == "next_treatment":
        return lives.has_next(row["cause"], day), row["cause"]
    if quantity == "restricted_mean_days" and respect == "end_of_line_1" and not row["versus"]:
        return lives.days_on_first(day), "first_line"
    return None
