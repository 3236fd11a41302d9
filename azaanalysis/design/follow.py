"""Follow new users from time zero to the endpoint, or to whatever came first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.assemble import assemble, rank_of
from azaanalysis.design.days import NEVER, days_of
from azaanalysis.design.endpoints import (
    Dated,
    dated_events,
    first_days,
    last_days_before,
    response_visits,
)
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.recorded import follow_recorded
from azaanalysis.design.starts import find_starts
from azaanalysis.design.treatment import Treatment, follow_treatment
from azaanalysis.settings import (
    ENDED_NOT_STOPPED,
    DiscontinuationEndpoint,
    EventEndpoint,
    RecordedEndpoint,
    VisitEndpoint,
)
from azaanalysis.study import Study

EMPTY = Dated(np.array([], dtype=np.int64), np.array([], dtype=np.int64))


@dataclass(frozen=True)
class _Ending:
    """One way in which follow-up can end: its name, its status, its day for each patient."""

    name: str
    status: int
    day: np.ndarray


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
        One row per patient who enters the comparison, in the order of ``cohort.patients``.

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
    starts, attrition = find_starts(cohort, study)
    if isinstance(settings, RecordedEndpoint):
        return follow_recorded(cohort, study, starts, attrition, endpoint)
    index_day = starts["index_day"].to_numpy()
    treatment = follow_treatment(cohort, starts, study.comparison)
    outcome = _outcome(cohort, starts, treatment, settings)
    competing = _competing(cohort, starts, treatment, settings)
    endings = [
        *_own_endings(outcome, settings),
        *(_Ending(e.name, len(outcome.causes) + k, e.day) for k, e in enumerate(competing, 1)),
        *_censoring(cohort, starts, treatment, study, endpoint),
    ]
    exit_day, status, reason = _first_of(endings)
    first_day = study.comparison.first_day
    absent = last_days_before(outcome.absent, exit_day, otherwise=index_day)
    n_own = len(outcome.causes)
    counts_all = _events_until(exit_day, outcome.counted)
    columns = {
        "exit_days": (exit_day - index_day + first_day).astype("float64"),
        "status": status,
        "n_events": counts_all if _counts_all(settings) else (status > 0) & (status <= n_own),
        "last_absent_days": (absent - index_day + first_day).astype("float64"),
        "end_reason": pd.Categorical(reason),
    }
    causes = (*outcome.causes, *(ending.name for ending in competing))
    return assemble(cohort, study, starts, attrition, endpoint, columns, causes, n_own)


def _counts_all(settings: object) -> bool:
    return isinstance(settings, EventEndpoint) and settings.count == "all"


def _events_until(exit_day: np.ndarray, counted: Dated) -> np.ndarray:
    """Count the events of each patient up to and on the day follow-up ends."""
    in_time = counted.day <= exit_day[counted.rank]
    return np.bincount(counted.rank[in_time], minlength=len(exit_day))


def _own_endings(outcome: _Outcome, settings: object) -> list[_Ending]:
    """Return the endpoint's own endings; none if all events count: the first ends nothing."""
    if _counts_all(settings):
        return []
    return [
        _Ending(cause, number, day)
        for number, (cause, day) in enumerate(zip(outcome.causes, outcome.days, strict=True), 1)
    ]


def _outcome(
    cohort: Cohort, starts: pd.DataFrame, treatment: Treatment, settings: object
) -> _Outcome:
    """Return the causes of an endpoint and the day of each for every patient."""
    n, index_day = len(starts), starts["index_day"].to_numpy()
    rank = rank_of(cohort, starts)
    if isinstance(settings, DiscontinuationEndpoint):
        return _discontinuation(treatment, settings)
    if isinstance(settings, VisitEndpoint):
        found, absent = response_visits(cohort, rank, index_day, settings)
        return _Outcome((settings.finding,), (first_days(n, found),), found, absent)
    assert isinstance(settings, EventEndpoint)
    found = dated_events(cohort, rank, index_day, settings)
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


def _competing(
    cohort: Cohort, starts: pd.DataFrame, treatment: Treatment, settings: object
) -> list[_Ending]:
    """Return the competing events that the endpoint names; death first, it cannot be undone."""
    named = getattr(settings, "competing", ())
    # Who completed a planned course or was lost did not give up the drug, and a lag that lets
    # events count after the last supply lets them come first.
    is_stop = ~np.isin(treatment.reason, ENDED_NOT_STOPPED)
    days = {
        "death": _death(cohort, starts),
        "discontinuation": np.where(is_stop, _lagged(treatment, settings), NEVER),
        "switch": treatment.switch_day,
    }
    return [_Ending(name, 0, days[name]) for name in days if name in named]


def _lagged(treatment: Treatment, settings: object) -> np.ndarray:
    """Return the day on which events stop counting after the last supply."""
    lag = getattr(settings, "lag_days", 0)
    return np.where(treatment.stop_day < NEVER, treatment.stop_day + lag, NEVER)


def _death(cohort: Cohort, starts: pd.DataFrame) -> np.ndarray:
    if "death_date" not in cohort.patients:
        return np.full(len(starts), NEVER)
    death: np.ndarray = days_of(cohort.patients["death_date"])[starts["position"].to_numpy()]
    return death


def _censoring(
    cohort: Cohort, starts: pd.DataFrame, treatment: Treatment, study: Study, endpoint: str
) -> list[_Ending]:
    """Return the endings that only stop the counting."""
    settings, position = study.endpoint(endpoint), starts["position"].to_numpy()
    index_day = starts["index_day"].to_numpy()
    horizon = index_day + study.horizon_of(endpoint) - study.comparison.first_day
    endings = [_Ending("death", 0, _death(cohort, starts))]
    if isinstance(settings, DiscontinuationEndpoint):
        is_end = np.isin(treatment.reason, settings.censor)
        # A death without a date is known only as the end of supply.
        is_end |= (treatment.reason == "death") & (_death(cohort, starts) == NEVER)
        ended = np.where(is_end, treatment.stop_day, NEVER)
        endings.append(_Ending("treatment ended as planned or lost", 0, ended))
    if study.strategy_of(endpoint) == "on_treatment":
        if not isinstance(settings, DiscontinuationEndpoint):
            endings.append(_Ending("treatment stopped", 0, _lagged(treatment, settings)))
        endings.append(_Ending("another study drug", 0, treatment.switch_day))
    observed_to = days_of(cohort.patients["observed_to"])[position]
    endings.append(_Ending("horizon", 0, horizon))
    endings.append(_Ending("end of observation", 0, observed_to))
    return endings


def _first_of(endings: list[_Ending]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the day, status and name of what came first; on one day the earlier in the list."""
    days = np.stack([ending.day for ending in endings])
    which = days.argmin(axis=0)
    status = np.array([ending.status for ending in endings])[which]
    names = np.array([ending.name for ending in endings], dtype=object)[which]
    return days.min(axis=0), status, names
