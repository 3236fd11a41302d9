"""True rates and mean counts of infections: of people who are watched like those of a study.

A rate depends on how long people are watched wherever the hazard changes with time. Its truth is
therefore that of the time at risk of the study: the true rate on each day, of those still at risk
when nobody is lost, averaged over the days on which the study watched somebody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from azaanalysis.errors import ParameterError
from azaanalysis.result import Estimate
from azaanalysis.synthetic.outcomes import INFECTIONS
from azaanalysis.synthetic.true_values import as_estimate, mean_of, refuse_late, with_error
from azaanalysis.synthetic.truth import Truth
from azaanalysis.vocab import DAYS_PER_YEAR, per_patient_years
from azaanalysis.wording import nearest

Array = np.ndarray
Watched = Mapping[str, Array]


def true_rate(
    truth: Truth, endpoint: str, *, per_years: float = 100, watched: Watched | None = None
) -> Estimate:
    """Return the true rate of infections, all of them counted.

    Parameters
    ----------
    truth
        As in :func:`true_risk`.
    endpoint
        ``infection``, ``serious_infection``, ``opportunistic_infection`` or ``herpes_zoster``.
    per_years
        Patient-years in the denominator.
    watched
        For each strategy how many patients of a study, or how much weight of them, were at risk
        on day 0, 1, 2 and so on: the rate of people who are watched for as long. Without it the
        rate up to the horizon of people of whom nobody is lost.

    Raises
    ------
    ParameterError
        If the endpoint is no kind of infection, or the study watched beyond the horizon.
    """
    rows = []
    for strategy in truth.strategies:
        made = _rate(truth, strategy, endpoint, watched)
        row = with_error(made.value * per_years, made.influence * per_years)
        rows.append({"arm": strategy, "unit": per_patient_years(per_years), **row})
    return as_estimate(truth, rows, endpoint, "rate")


def true_rate_difference(
    truth: Truth,
    endpoint: str,
    *,
    arm: str,
    versus: str,
    per_years: float = 100,
    watched: Watched | None = None,
) -> Estimate:
    """Return the true difference in rates between two strategies.

    The same people have the same luck under both, so the Monte-Carlo error is that of the paired
    difference. Everything else as in :func:`true_rate`.
    """
    truth.refuse_unknown(arm, versus)
    first, second = (_rate(truth, strategy, endpoint, watched) for strategy in (arm, versus))
    value = (first.value - second.value) * per_years
    row = with_error(value, (first.influence - second.influence) * per_years)
    named = {"arm": arm, "versus": versus, "unit": per_patient_years(per_years)}
    return as_estimate(truth, [{**named, **row}], endpoint, "rate_difference")


def true_rate_ratio(
    truth: Truth, endpoint: str, *, arm: str, versus: str, watched: Watched | None = None
) -> Estimate:
    """Return the true ratio of the rates of two strategies.

    As :func:`true_rate_difference`; the Monte-Carlo error is linearised. Missing where there is
    no infection under ``versus``.
    """
    truth.refuse_unknown(arm, versus)
    first, second = (_rate(truth, strategy, endpoint, watched) for strategy in (arm, versus))
    row: dict[str, float] = {"value": np.nan}
    if second.value:
        value = first.value / second.value
        row = with_error(value, (first.influence - value * second.influence) / second.value)
    return as_estimate(truth, [{"arm": arm, "versus": versus, **row}], endpoint, "rate_ratio")


def true_mean_count(
    truth: Truth,
    endpoint: str,
    *,
    at_days: Sequence[float],
    stopping: Literal["competing", "censored"] = "competing",
) -> Estimate:
    """Return the true mean number of infections of a person by a day, under each strategy.

    All infections in the time that counts are counted, and nobody has any after death: the
    marginal mean of recurrent events with a terminal event.

    Parameters
    ----------
    truth, at_days
        As in :func:`true_risk`.
    endpoint
        A kind of infection.
    stopping
        What the end of treatment is, where infections count on treatment only. ``competing``:
        nobody has any after it either. ``censored``: it ends what is seen, so that the mean is
        the one of people who go on like those still on treatment on each day.

    Raises
    ------
    ParameterError
        As in :func:`true_rate`, and if a day lies beyond the horizon.

    Notes
    -----
    Source: Cook and Lawless (1997), Stat Med 16:911-924; Ghosh and Lin (2000), Biometrics
    56:554-562.
    """
    refuse_late(truth, at_days)
    rows = []
    for strategy in truth.strategies:
        days = _Days.of(truth, strategy, endpoint)
        for at in at_days:
            row = days.mean_count(int(at)) if stopping == "censored" else days.plain_count(at)
            rows.append({"arm": strategy, "at_days": at, **row})
    return as_estimate(truth, rows, endpoint, "mean_count")


@dataclass(frozen=True, eq=False)
class _Rate:
    """A rate per patient-year, and what each person adds to its error."""

    value: float
    influence: Array


@dataclass(frozen=True, eq=False)
class _Days:
    """People under one strategy, day by day.

    Parameters
    ----------
    leave
        Last day at risk of each person, the horizon at most.
    died
        Whether death ended the time at risk.
    person, day
        Of each infection: the row of its person, and when.
    weight
        How much each person counts.
    n_days
        Days from day 0 to the horizon.
    """

    leave: Array
    died: Array
    person: Array
    day: Array
    weight: Array
    n_days: int

    @classmethod
    def of(cls, truth: Truth, strategy: str, endpoint: str) -> _Days:
        """Take the people of a truth; refuse an endpoint that is no kind of infection."""
        if endpoint not in INFECTIONS:
            raise ParameterError(
                f"There is no true rate or mean count of '{endpoint}'; "
                f"{nearest(endpoint, INFECTIONS)}"
            )
        found, infections = truth.outcomes[strategy], truth.infections[strategy]
        of_kind = infections[(infections["kind"] == endpoint).to_numpy()]
        return cls(
            leave=found["exposed_days"].to_numpy(),
            died=(found["death_day"] == found["exposed_days"]).to_numpy(),
            person=of_kind["person"].to_numpy(),
            day=of_kind["day"].to_numpy(),
            weight=truth.weight,
            n_days=truth.horizon_days + 1,
        )

    @cached_property
    def at_risk(self) -> Array:
        """Weight at risk on each day."""
        leaving = np.bincount(self.leave, self.weight, self.n_days)
        at_risk: Array = np.cumsum(leaving[::-1])[::-1]
        return at_risk

    @cached_property
    def rate(self) -> Array:
        """Infections on each day per person at risk."""
        return self._per_risk(np.bincount(self.day, self.weight[self.person], self.n_days))

    @cached_property
    def hazard(self) -> Array:
        """Deaths on each day per person at risk."""
        return self._per_risk(np.bincount(self.leave, self.weight * self.died, self.n_days))

    def _per_risk(self, sums: Array) -> Array:
        rates: Array = np.zeros(self.n_days)
        np.divide(sums, self.at_risk, out=rates, where=self.at_risk > 0)
        return rates

    def summed(self, per_day: Array, until: int | None = None) -> Array:
        """Sum over each person's infections, less what those at risk have on average.

        ``per_day`` says how much a person at risk on a day adds by an infection on it.
        """
        last = self.n_days - 1 if until is None else until
        is_in = self.day <= last
        own = np.bincount(self.person[is_in], per_day[self.day[is_in]], len(self.leave))
        expected = np.cumsum(per_day * self.rate)[np.minimum(self.leave, last)]
        sums: Array = own - expected
        return sums

    def over(self, watched: Array) -> _Rate:
        """Return the rate in the time at risk of a study."""
        watched = np.pad(watched, (0, self.n_days - len(watched)))
        # Day 0 is the day on which time begins: it has events but no length.
        years = watched[1:].sum() / DAYS_PER_YEAR
        if not years:
            return _Rate(np.nan, np.zeros(len(self.leave)))
        each = self._per_risk(watched) / years
        return _Rate(float((watched * self.rate).sum() / years), self.weight * self.summed(each))

    def plain_count(self, at: float) -> dict[str, float]:
        """Return the mean number of infections by a day of all people."""
        is_in = self.day <= at
        count = np.bincount(self.person[is_in], minlength=len(self.leave)).astype(float)
        return mean_of(count, self.weight)

    def mean_count(self, at: int) -> dict[str, float]:
        """Return the mean number of infections by a day, leaving but not dying taken as censored.

        The error is that of Ghosh and Lin: infections weigh by the share alive, and a death takes
        away what was still to come.
        """
        alive = np.append(1.0, np.cumprod(1 - self.hazard)[:-1])
        mean = np.cumsum(alive * self.rate)
        to_come = self._per_risk(np.maximum(mean[at] - mean, 0.0))
        gone = np.minimum(self.leave, at)
        lost = np.where(self.died & (self.leave <= at), to_come[gone], 0.0)
        lost = lost - np.cumsum(to_come * self.hazard)[gone]
        influence = self.weight * (self.summed(self._per_risk(alive), at) - lost)
        return with_error(float(mean[at]), influence)


def _rate(truth: Truth, strategy: str, endpoint: str, watched: Watched | None) -> _Rate:
    days = _Days.of(truth, strategy, endpoint)
    if watched is not None:
        if len(watched[strategy]) > days.n_days:
            raise ParameterError(
                f"The study watched for {len(watched[strategy]) - 1:,} days, and this truth ends "
                f"on day {truth.horizon_days:,}. Simulate the truth with a longer horizon_days."
            )
        return days.over(watched[strategy])
    found = truth.outcomes[strategy]
    years = found["exposed_time"].to_numpy() / DAYS_PER_YEAR
    count, total = found[f"n_{endpoint}"].to_numpy(), float((truth.weight * years).sum())
    value = float((truth.weight * count).sum()) / total
    return _Rate(value, truth.weight * (count - value * years) / total)
