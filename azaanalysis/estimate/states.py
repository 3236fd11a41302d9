"""Weighted means over patients day by day: steroid dose, share in response, visits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from azaanalysis.cohort import Cohort
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.states import (
    States,
    count_visits,
    measure_response_states,
    measure_steroid_states,
)
from azaanalysis.estimate.reach import normal_reach
from azaanalysis.estimate.refusals import refuse_level
from azaanalysis.result import Estimate
from azaanalysis.study import Study
from azaanalysis.vocab import DAYS_PER_YEAR

Array = np.ndarray
_CONTENTS = "sampling of patients, weights taken as known"
_WEEK = 7


def estimate_steroids(
    cohort: Cohort,
    study: Study,
    follow_up: FollowUp,
    *,
    low_mg_per_day: float = 5,
    level: float = 0.95,
) -> Estimate:
    """Estimate how much steroid the arms take over time, and what share takes little.

    A slow drug is bridged with steroids: a response on it may be the steroid's.

    Parameters
    ----------
    cohort, study
        Where the follow-up comes from.
    follow_up
        One row per patient, weighted or not; its horizon is that of the curves.
    low_mg_per_day
        Prednisolone-equivalent dose up to which a patient counts as free of steroids.
    level
        Coverage of each interval.

    Returns
    -------
    Estimate
        For each arm and day ``mean_dose_mg`` (of all who are observed, those without steroid as
        0), ``cumulative_dose_mg`` (the area under it since time zero) and ``low_dose_share``.
        ``patients`` are those observed on the day; ``events`` of a share are those in it.

    Raises
    ------
    DesignError
        If the cohort has no steroids, or a patient comes twice.

    Notes
    -----
    Doses count whatever becomes of the first treatment. Those who leave observation are taken to
    have gone on like those who stay. The variance is that of a weighted mean, and of a sum of
    such means, by the influence of each patient.
    """
    refuse_level(level)
    days = np.arange(study.horizon_of(follow_up.endpoint) + 1.0)
    states = measure_steroid_states(
        cohort, study, follow_up, days=days, low_mg_per_day=low_mg_per_day
    )
    rows: list[dict[str, Any]] = []
    for arm in follow_up.arms:
        means = _Means.of(follow_up, states, arm)
        dose, low = states.values["prednisolone"], states.values["low_dose"]
        rows += means.rows("mean_dose_mg", *means.daily(dose), level)
        rows += means.rows("cumulative_dose_mg", *means.summed(dose), level)
        made = means.rows("low_dose_share", *means.daily(low), level, top=1.0)
        rows += _with_counts(made, means.counted(low))
    return _estimate(follow_up, rows, level, "weighted mean of those observed on the day")


def estimate_share_in_response(
    cohort: Cohort, study: Study, follow_up: FollowUp, *, level: float = 0.95
) -> Estimate:
    """Estimate what share is in its first response, has lost it, or has it back, week by week.

    The cumulative incidence counts a response once and for all; a response that is lost again
    has left a patient with little. Who stopped the first treatment or died is in no response.

    Parameters
    ----------
    cohort, study, follow_up, level
        As in ``estimate_steroids``; the endpoint has to be a finding at visits.

    Returns
    -------
    Estimate
        ``share_in_state`` for each arm and week, with ``cause`` the state: ``first_response``,
        ``response_lost`` or ``response_again``. ``events`` are those in it on the day.

    Raises
    ------
    DesignError
        If the endpoint is no finding at visits, or a patient comes twice.

    Notes
    -----
    A state is seen at visits and taken to last until the next, so that every change is seen late.
    Pepe, Longton and Thornquist (1991), Stat Med 10:413-421, is the idea of a prevalence of
    response; here it is a mean of those observed, not a difference of two curves.
    """
    refuse_level(level)
    horizon = float(study.horizon_of(follow_up.endpoint))
    days = np.append(np.arange(0.0, horizon, _WEEK), horizon)
    states = measure_response_states(cohort, study, follow_up, days=days)
    rows: list[dict[str, Any]] = []
    for arm in follow_up.arms:
        means = _Means.of(follow_up, states, arm)
        for state, values in states.values.items():
            made = means.rows("share_in_state", *means.daily(values), level, top=1.0)
            counted = _with_counts(made, means.counted(values))
            rows += [row | {"cause": state} for row in counted]
    return _estimate(follow_up, rows, level, "weighted share of those observed on the day")


def estimate_visit_rate(
    cohort: Cohort, study: Study, follow_up: FollowUp, *, level: float = 0.95
) -> Estimate:
    """Estimate how often each arm is seen, until its follow-up ends.

    An arm that is seen more often is seen to respond sooner, by as much as half an interval.

    Parameters
    ----------
    cohort, study, follow_up, level
        As in ``estimate_share_in_response``.

    Returns
    -------
    Estimate
        ``rate`` of visits per patient-year in each arm; ``events`` are visits as observed.

    Notes
    -----
    Visits at which the finding could not be judged do not count. The interval is that of a ratio
    of weighted sums, patients being independent.
    """
    refuse_level(level)
    n_visits = count_visits(cohort, study, follow_up)
    frame, rows = follow_up.frame, []
    years = ((frame["exit_days"] - frame["entry_days"]) / DAYS_PER_YEAR).to_numpy()
    for arm in follow_up.arms:
        here = (frame["arm"] == arm).to_numpy()
        w, n, t = frame["weight"].to_numpy()[here], n_visits[here], years[here]
        rate = (w * n).sum() / (w * t).sum()
        error = np.sqrt(((w * (n - rate * t)) ** 2).sum()) / (w * t).sum()
        reach = normal_reach(level) * error
        limits = {"lower": max(rate - reach, 0.0), "upper": rate + reach, "std_error": error}
        counts = {"patients": here.sum(), "events": n.sum(), "patient_years": t.sum()}
        unit = {
            "endpoint": "visits",
            "arm": arm,
            "quantity": "rate",
            "unit": "visits per patient-year",
            "value": rate,
        }
        rows.append({**unit, **limits, **counts})
    return _estimate(follow_up, rows, level, "visits over time followed, weighted")


@dataclass(frozen=True, eq=False)
class _Means:
    """Weighted means of one arm on each day, of those observed then."""

    arm: str
    here: Array
    days: Array
    weight: Array
    observed: Array

    @property
    def patients(self) -> Array:
        """Those observed on each day."""
        number: Array = self.observed.sum(axis=0)
        return number

    @classmethod
    def of(cls, follow_up: FollowUp, states: States, arm: str) -> _Means:
        """Weigh those of an arm who are observed, day by day, to a sum of 1."""
        here = (follow_up.frame["arm"] == arm).to_numpy()
        observed = states.is_observed[here]
        weight = follow_up.frame["weight"].to_numpy()[here][:, None] * observed
        total = weight.sum(axis=0)
        shared = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
        return cls(arm, here, states.days, shared, observed)

    def daily(self, values: Array) -> tuple[Array, Array]:
        """Return the mean of each day with its standard error."""
        mean, influence = self._mean(values)
        return mean, np.sqrt((influence**2).sum(axis=0))

    def summed(self, values: Array) -> tuple[Array, Array]:
        """Return the sum of the means of the days after time zero, with its standard error."""
        mean, influence = self._mean(values)
        mean[0], influence[:, 0] = 0.0, 0.0
        error = np.sqrt((np.cumsum(influence, axis=1) ** 2).sum(axis=0))
        return np.cumsum(mean), error

    def counted(self, values: Array) -> Array:
        """Return how many of those observed are in a state on each day, as observed."""
        inside = (values[self.here] > 0) & self.observed
        total: Array = inside.sum(axis=0)[self.patients > 0]
        return total

    def _mean(self, values: Array) -> tuple[Array, Array]:
        """Return means, and the influence of each patient on them."""
        x = values[self.here]
        mean = (self.weight * x).sum(axis=0)
        return mean, self.weight * (x - mean)

    def rows(
        self, quantity: str, value: Array, error: Array, level: float, *, top: float = np.inf
    ) -> Iterator[dict[str, Any]]:
        """Yield a row for each day on which somebody is observed."""
        reach, patients = normal_reach(level) * error, self.patients
        for place in np.flatnonzero(patients):
            yield {
                "arm": self.arm,
                "quantity": quantity,
                "at_days": self.days[place],
                "value": value[place],
                "lower": max(value[place] - reach[place], 0.0),
                "upper": min(value[place] + reach[place], top),
                "std_error": error[place],
                "patients": patients[place],
            }


def _with_counts(rows: Iterator[dict[str, Any]], counts: Array) -> Iterator[dict[str, Any]]:
    """Add how many are in the state, so that small numbers of them can be held back."""
    for row, count in zip(rows, counts, strict=True):
        yield row | {"events": count}


def _estimate(
    follow_up: FollowUp, rows: Sequence[dict[str, Any]], level: float, method: str
) -> Estimate:
    """Return rows as an estimate; those without an endpoint of their own have none."""
    about = {**follow_up.about, "method": method, "level": level, "interval": _CONTENTS}
    if any("endpoint" in row for row in rows):
        return Estimate.from_rows(rows, about={**about, "endpoint_label": ""})
    named = {"endpoint": follow_up.endpoint if rows and "cause" in rows[0] else ""}
    return Estimate.from_rows([{**named, **row} for row in rows], about=about)
