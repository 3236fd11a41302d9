"""Follow new users from time zero to the endpoint, or to whatever came first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.assemble import assemble
from azaanalysis.design.days import NEVER
from azaanalysis.design.endings import End, Ending, first_of, intercurrent_endings
from azaanalysis.design.endpoints import (
    Dated,
    dated_events,
    first_days,
    last_days_before,
    response_visits,
)
from azaanalysis.design.entrants import Entrants, find_entrants
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.laboratory import laboratory_tests
from azaanalysis.design.per_protocol import weigh_per_protocol
from azaanalysis.design.recorded import follow_recorded
from azaanalysis.design.treatment import Treatment
from azaanalysis.settings import (
    DiscontinuationEndpoint,
    Endpoint,
    EventEndpoint,
    LaboratoryEndpoint,
    RecordedEndpoint,
    VisitEndpoint,
)
from azaanalysis.study import Study

EMPTY = Dated(np.array([], dtype=np.int64), np.array([], dtype=np.int64))


@dataclass(frozen=True)
class _Outcome:
    """What an endpoint contributes: its causes with their days, and dated rows to count."""

    causes: tuple[str, ...]
    days: tuple[np.ndarray, ...]
    counted: Dated = EMPTY
    absent: Dated = EMPTY


def follow(cohort: Cohort, study: Study, *, endpoint: str) -> FollowUp:
    """Follow the new users of every arm for one endpoint.

    Time zero is the day of the first supply. Days are counted from ``first_day`` of the study:
    0 if the index date is day 0, 1 if it is day 1. Follow-up ends at whatever comes first: the
    endpoint, a competing event, the end of what the strategy lets count, the end of
    observation, the horizon. If two fall on one day, that order decides.

    Parameters
    ----------
    cohort
        Checked tables.
    study
        The question.
    endpoint
        Name of an endpoint of the study.

    Returns
    -------
    FollowUp
        One row per patient who enters the comparison, in the order of ``cohort.patients``; one per
        eligible start where the study says ``entry: every``. Where an intercurrent event is handled
        as ``hypothetical`` (strategy ``per_protocol``), follow-up ends at it, and those who go on
        are weighted for those who do not: several rows per patient, each with its own weight.

    Raises
    ------
    StudyError
        If the study has no such endpoint.
    DesignError
        If the cohort cannot answer it: an unknown drug, a table or column that is not there,
        nobody left after eligibility.

    Notes
    -----
    Assumes that whoever has no record of an event did not have it while observed, and that
    leaving observation tells nothing about the risk that follows.
    Source: Hernán and Robins (2016), Am J Epidemiol 183:758-764 (time zero, eligibility and
    assignment on the same day); Ray (2003), Am J Epidemiol 158:915-920 (new users).
    """
    settings = study.endpoint(endpoint)
    entrants = find_entrants(cohort, study)
    if isinstance(settings, RecordedEndpoint):
        return follow_recorded(entrants, study, endpoint)
    outcome = _outcome(entrants, settings, endpoint)
    n_own = len(outcome.causes)
    intercurrent, competing = intercurrent_endings(entrants, study, endpoint, n_own)
    endings = [*_own_endings(outcome, settings), *intercurrent]
    end = first_of([*endings, *_end_of_data(entrants, study, endpoint)])
    columns = _columns(entrants, study, end, outcome, settings.counts_all)
    causes = (*outcome.causes, *competing)
    made = assemble(entrants, study, entrants.attrition, endpoint, columns, causes, n_own)
    if not any(ending.deviates for ending in endings):
        return made
    counted = outcome.counted if settings.counts_all else None
    return weigh_per_protocol(made, entrants, study, end, counted)


def _columns(
    entrants: Entrants, study: Study, end: End, outcome: _Outcome, counts_all: bool
) -> dict[str, object]:
    """Return what a follow-up says about how each start ended."""
    zero = entrants.index_day - study.comparison.first_day
    absent = last_days_before(outcome.absent, end.day, otherwise=entrants.index_day)
    is_own = (end.status > 0) & (end.status <= len(outcome.causes))
    return {
        "exit_days": (end.day - zero).astype("float64"),
        "status": end.status,
        "n_events": _events_until(end.day, outcome.counted) if counts_all else is_own,
        "last_absent_days": (absent - zero).astype("float64"),
        "end_reason": pd.Categorical(end.reason),
    }


def _events_until(exit_day: np.ndarray, counted: Dated) -> np.ndarray:
    """Count the events of each patient up to and on the day follow-up ends."""
    in_time = counted.day <= exit_day[counted.rank]
    return np.bincount(counted.rank[in_time], minlength=len(exit_day))


def _own_endings(outcome: _Outcome, settings: Endpoint) -> list[Ending]:
    """Return the endpoint's own endings; none if all events count: the first ends nothing."""
    if settings.counts_all:
        return []
    return [
        Ending(cause, number, day)
        for number, (cause, day) in enumerate(zip(outcome.causes, outcome.days, strict=True), 1)
    ]


def _outcome(entrants: Entrants, settings: Endpoint, name: str) -> _Outcome:
    """Return the causes of an endpoint and the day of each for every start."""
    n = len(entrants)
    if isinstance(settings, DiscontinuationEndpoint):
        return _discontinuation(entrants.treatment, settings)
    if isinstance(settings, VisitEndpoint):
        found, absent = response_visits(entrants, settings)
        return _Outcome((settings.finding,), (first_days(n, found),), found, absent)
    if isinstance(settings, LaboratoryEndpoint):
        found, absent = laboratory_tests(entrants, settings)
        return _Outcome((name,), (first_days(n, found),), found, absent)
    assert isinstance(settings, EventEndpoint)
    found = dated_events(entrants, settings)
    return _Outcome((settings.event,), (first_days(n, found),), found)


def _discontinuation(treatment: Treatment, settings: DiscontinuationEndpoint) -> _Outcome:
    """Split the end of treatment by reason; what no cause names becomes ``other_reason``.

    A supply that ends because the patient died is a death, not a stop, unless a cause says so.
    """
    seen = {str(reason) for reason in pd.unique(treatment.reason)} - {""}
    open_reasons = seen - {*settings.censor, "death"}
    if settings.causes == "any":
        causes = {"discontinuation": tuple(open_reasons)}
    else:
        causes = dict(settings.causes)
    unnamed = open_reasons - {reason for reasons in causes.values() for reason in reasons}
    if unnamed:
        causes["other_reason"] = tuple(unnamed)
    reason = pd.Series(treatment.reason)
    days = [np.where(reason.isin(r), treatment.stop_day, NEVER) for r in causes.values()]
    return _Outcome(tuple(causes), tuple(days))


def _end_of_data(entrants: Entrants, study: Study, endpoint: str) -> list[Ending]:
    """Return the horizon and the end of observation."""
    horizon = entrants.index_day + study.horizon_of(endpoint) - study.comparison.first_day
    return [
        Ending("horizon", 0, horizon),
        Ending("end of observation", 0, entrants.observed_to),
    ]
