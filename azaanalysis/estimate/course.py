"""What became of every patient in three respects, ready to be weighed again and again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.follow import follow
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.recurrent import follow_recurrent
from azaanalysis.design.states import AGAIN, FIRST, States, measure_response_states
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate.event_history import EventHistory, MeanCount
from azaanalysis.settings import VisitEndpoint
from azaanalysis.study import Study
from azaanalysis.vocab import DAYS_PER_MONTH, in_words

Array = np.ndarray
PER = 100
# The three respects, in the order of all arrays: the endpoint each stands for in a result.
RESPECTS = ("steroid-free_response", "infection", "discontinuation")


@dataclass(frozen=True)
class Asked:
    """Which endpoints of the study the three respects are, and until which day they are read."""

    response: str
    infection: str
    discontinuation: str
    horizon_days: float


@dataclass(frozen=True, eq=False)
class Course:
    """Response, infections and stopping of the patients of one follow-up.

    Parameters
    ----------
    arms
        Arms with anybody in them, in the order of the study.
    arm
        Place of the arm of each row.
    in_response
        Whether each row was in steroid-free response on each day after time zero; shape
        (rows, days).
    is_observed
        Whether that can be known.
    infections, stops
        Histories of each arm: all infections, whatever is taken, and the end of the treatment.
    row_of_infections
        Row of the follow-up that each row of the histories of infections belongs to.
    horizon_days
        Until which day.
    """

    arms: tuple[str, ...]
    arm: Array
    in_response: Array
    is_observed: Array
    infections: tuple[EventHistory, ...]
    stops: tuple[EventHistory, ...]
    row_of_infections: Array
    horizon_days: float

    def numbers(self, weight: Array) -> Array:
        """Return months in response, infections and stops per 100; shape (arms, 3).

        Parameters
        ----------
        weight
            What each row counts, shape (rows,).
        """
        months, _ = self._months(weight)
        of_infections = weight[self.row_of_infections]
        counted = [self._made(h, of_infections) for h in self.infections]
        stopped = [self._made(h, weight) for h in self.stops]
        events = [[made.mean[self._place(made.history)] for made in m] for m in (counted, stopped)]
        return np.column_stack([months, *(PER * np.array(of_one) for of_one in events)])

    def influence(self, weight: Array) -> Array:
        """Return what one unit of weight of each row does to the numbers; shape (rows, arms, 3)."""
        _, each = self._months(weight)
        influence = np.zeros((len(weight), len(self.arms), len(RESPECTS)))
        of_infections = weight[self.row_of_infections]
        for place, (events, stops) in enumerate(zip(self.infections, self.stops, strict=True)):
            here = self.arm == place
            influence[here, place, 0] = each[here]
            made = self._made(events, of_infections)
            moved = PER * made.influence(np.array([self._place(events)]))[:, 0]
            np.add.at(influence[:, place, 1], self.row_of_infections[events.rows], moved)
            made = self._made(stops, weight)
            moved = PER * made.influence(np.array([self._place(stops)]))[:, 0]
            influence[stops.rows, place, 2] = moved
        return influence

    def _months(self, weight: Array) -> tuple[Array, Array]:
        """Return the months of each arm, and what one unit of weight of each row does to them."""
        by_arm = ((self.arm == np.arange(len(self.arms))[:, None]) * weight).astype(np.float32)
        there, seen = by_arm @ self.in_response, by_arm @ self.is_observed
        seen = np.where(seen > 0, seen, np.nan)
        share = there / seen
        each = np.zeros(len(weight))
        for place in range(len(self.arms)):
            here = self.arm == place
            rest = self.is_observed[here] @ (share[place] / seen[place])
            each[here] = self.in_response[here] @ (1 / seen[place]) - rest
        return share.sum(axis=1) / DAYS_PER_MONTH, each / DAYS_PER_MONTH

    @cached_property
    def by_patient(self) -> Array:
        """Months, infections and stops of each row as observed; shape (rows, 3)."""
        months = (self.in_response * self.is_observed).sum(axis=1) / DAYS_PER_MONTH
        infections, stops = np.zeros(len(months)), np.zeros(len(months))
        for history in self.infections:
            is_early = history.days[history.last] <= self.horizon_days
            rows = self.row_of_infections[history.rows]
            np.add.at(infections, rows, history.events * is_early)
        for history in self.stops:
            is_early = history.days[history.last] <= self.horizon_days
            stops[history.rows] = history.events * is_early
        return np.column_stack([months, infections, stops])

    def _made(self, history: EventHistory, weight: Array) -> MeanCount:
        return replace(history, weight=weight[history.rows]).mean_count()

    def _place(self, history: EventHistory) -> int:
        return int(np.searchsorted(history.days, self.horizon_days, side="right")) - 1


def measure_course(cohort: Cohort, study: Study, followed: FollowUp, asked: Asked) -> Course:
    """Put together what the three respects need to know of each patient.

    Parameters
    ----------
    cohort, study
        Where the follow-up comes from.
    followed
        The follow-up of the end of treatment, one row per patient.
    asked
        The endpoints. Response is judged as the study says, and counts at visits on little or no
        steroid only; infections count until death, whatever is taken.

    Raises
    ------
    DesignError
        If a table is missing, an endpoint is of another kind, or patients have several rows.
    EstimationError
        If an arm was not observed until the horizon.
    """
    if not isinstance(study.endpoint(asked.response), VisitEndpoint):
        raise DesignError(
            f"Time in response needs a finding at visits, and '{asked.response}' is none."
        )
    is_free = {"steroid_free": True}
    without_steroids = study.changed(endpoints={asked.response: is_free})
    as_started = study.changed(endpoints={asked.infection: {"strategy": "as_started"}})
    days = np.arange(1.0, asked.horizon_days + 1)
    of_response = replace(followed, endpoint=asked.response)
    states = measure_response_states(cohort, without_steroids, of_response, days=days)
    events, row = _infections(cohort, as_started, followed, asked.infection)
    arms = tuple(a for a in followed.arms if (followed.frame["arm"] == a).any())
    present = followed.frame["arm"].astype(str)
    course = Course(
        arms,
        pd.Index(arms).get_indexer(pd.Index(present)),
        _in_response(states),
        states.is_observed.astype(np.float32),
        tuple(EventHistory.of(events, arm) for arm in arms),
        tuple(_first_events(EventHistory.of(followed, arm)) for arm in arms),
        row,
        asked.horizon_days,
    )
    _refuse_short(course)
    return course


def _in_response(states: States) -> Array:
    """Return whether each row was in a first or a later response on each day it was seen."""
    found = states.values  # noqa: PD011 - a mapping of our own, no frame
    there: Array = ((found[FIRST] + found[AGAIN]) * states.is_observed).astype(np.float32)
    return there


def _infections(
    cohort: Cohort, study: Study, followed: FollowUp, endpoint: str
) -> tuple[FollowUp, Array]:
    """Return rows from infection to infection, and the row of the follow-up each belongs to."""
    everybody = follow(cohort, study, endpoint=endpoint)
    rows = follow_recurrent(cohort, study, endpoint=endpoint, weighted=everybody)
    row: Array = pd.Index(followed.frame["patient_id"]).get_indexer(rows.frame["patient_id"])
    kept = row >= 0
    return replace(rows, frame=rows.frame[kept].reset_index(drop=True), weighting=None), row[kept]


def _first_events(history: EventHistory) -> EventHistory:
    """Let the first event end a history, so that its mean count is the Aalen-Johansen risk."""
    return replace(history, is_terminal=history.is_terminal | (history.events > 0))


def _refuse_short(course: Course) -> None:
    """Refuse a horizon until which an arm was not observed."""
    by_arm = course.arm == np.arange(len(course.arms))[:, None]
    is_seen = (by_arm.astype(np.float32) @ course.is_observed)[:, -1] > 0
    if not is_seen.all():
        short = in_words(course.arms[int(np.argmin(is_seen))])
        raise EstimationError(
            f"Nobody of {short} was observed until day {course.horizon_days:g}. Give the "
            "endpoint of response a shorter horizon in the study file (horizon_days)."
        )
