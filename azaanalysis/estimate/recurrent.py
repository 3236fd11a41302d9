"""Repeated events: the mean number by each day, with death as an end, and its comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.compare import refuse_one_arm
from azaanalysis.estimate.contributions import Contributions
from azaanalysis.estimate.event_history import EventHistory, MeanCount, check_event_rows
from azaanalysis.estimate.mean_count_variance import variance_on_all_days
from azaanalysis.estimate.person_time import PersonTime, quotient
from azaanalysis.estimate.reach import reach_of_rows
from azaanalysis.estimate.refusals import refuse_level, refuse_word, sound_days
from azaanalysis.result import Estimate
from azaanalysis.vocab import DAYS_PER_YEAR

Array = np.ndarray
CountVariance = Literal["auto", "robust", "stacked"]


def estimate_mean_count(
    follow_up: FollowUp,
    *,
    at_days: Sequence[float] | None = None,
    level: float = 0.95,
    variance: CountVariance = "auto",
) -> Estimate:
    """Estimate the mean number of events per patient by each day.

    Patients who die have no further events, but they stay in the mean: it counts what happens in a
    world in which patients die. Competing causes of the follow-up are such ends; without them the
    mean is the sum of the rates of each day (Nelson and Aalen's over repeated events).

    Parameters
    ----------
    follow_up
        One row for each interval at risk (``entry_days``, ``exit_days``), rows of one patient with
        the same ``patient_id``; ``status`` 1 if an event happened at its end, above ``n_own`` if
        the patient died (or came to another end), 0 if neither.
    at_days
        Days since time zero on which the curve is wanted; by default all on which it may change.
    level
        Coverage of each pointwise interval, between 0 and 1.
    variance
        ``robust`` takes weights as known, ``stacked`` contains their estimation, ``auto``
        is ``stacked`` where the weights come from a model.

    Returns
    -------
    Estimate
        A curve ``mean_count`` for each arm, one row per distinct day. ``patients`` are at risk on
        that day, ``events`` have happened by then, ``patient_years`` have been observed by then,
        all before weighting. The interval is symmetric on the log scale.

    Raises
    ------
    EstimationError
        If a setting means nothing.
    DesignError
        If rows are no intervals at risk, or an arm has nobody in it.

    Notes
    -----
    Source: Ghosh and Lin (2000), Biometrics 56:554-562; without terminal event Lawless and Nadeau
    (1995), Technometrics 37:158-168. The variance sums squared influences by patient, so that it
    holds however events cluster in patients. Assumes that whoever is censored would have gone on
    like those who stay.
    """
    refuse_level(level)
    check_event_rows(follow_up)
    chosen = _chosen(follow_up, variance)
    days = None if at_days is None else sound_days(at_days)
    given = Contributions.of(follow_up, is_stacked=chosen == "stacked")
    pulling = PersonTime.of(follow_up).effective_events()
    curves = []
    for arm, events in zip(follow_up.arms, pulling, strict=True):
        made = EventHistory.of(follow_up, arm).mean_count()
        error = np.sqrt(variance_on_all_days(made, given))
        steps = reach_of_rows(follow_up, chosen, level, pulling=events)
        curves.append(_curve(made, error, steps).assign(arm=arm))
    about = {**follow_up.about, **_described(chosen, level), "method": _method(follow_up)}
    rows = pd.concat(curves).assign(**_named(follow_up), quantity="mean_count")
    return Estimate(rows, about) if days is None else Estimate(rows, about).at(days.tolist())


def estimate_mean_count_difference(
    follow_up: FollowUp,
    *,
    at_days: Sequence[float],
    level: float = 0.95,
    variance: CountVariance = "auto",
) -> Estimate:
    """Estimate how many more events per patient each arm has by a day than the reference.

    Parameters
    ----------
    follow_up, level, variance
        As in ``estimate_mean_count``; at least two arms.
    at_days
        Days since time zero.

    Returns
    -------
    Estimate
        For each arm but the reference and each day one row ``mean_count_difference``. A day
        after the last one observed in an arm has no value.

    Raises
    ------
    EstimationError, DesignError
        As in ``estimate_mean_count``, and if there is only one arm.
    """
    return _compare(follow_up, at_days, _Plan("mean_count_difference", level, variance))


def estimate_mean_count_ratio(
    follow_up: FollowUp,
    *,
    at_days: Sequence[float],
    level: float = 0.95,
    variance: CountVariance = "auto",
) -> Estimate:
    """Estimate how many times as many events per patient each arm has by a day as the reference.

    Parameters
    ----------
    follow_up, at_days, level, variance
        As in ``estimate_mean_count_difference``.

    Returns
    -------
    Estimate
        For each arm but the reference and each day one row ``mean_count_ratio``; ``std_error`` is
        that of its logarithm. Missing where an arm has had no event by the day.

    Raises
    ------
    EstimationError, DesignError
        As in ``estimate_mean_count``, and if there is only one arm.

    Notes
    -----
    Unlike the ratio of rates among those alive it counts an arm that dies sooner as one with fewer
    events; read it beside survival.
    """
    return _compare(follow_up, at_days, _Plan("mean_count_ratio", level, variance))


def _chosen(follow_up: FollowUp, variance: CountVariance) -> str:
    """Choose ``auto``; refuse a stacked variance without a model of the weights."""
    has_score = follow_up.weighting is not None and follow_up.weighting.score is not None
    refuse_word("variance", variance, get_args(CountVariance))
    if variance == "auto":
        return "stacked" if has_score else "robust"
    if variance == "stacked" and not has_score:
        raise EstimationError(
            "A stacked interval needs the score of the model of the weights, and this follow-up "
            "has none. Ask for variance='robust' if the weights are known, or weigh first."
        )
    return variance


def _described(chosen: str, level: float) -> dict[str, Any]:
    contents = {
        "robust": "sampling of patients, rows of a patient taken as one, weights as known",
        "stacked": "sampling of patients, rows of a patient taken as one, estimation of weights",
    }
    return {"variance": chosen, "level": level, "interval": contents[chosen]}


def _method(follow_up: FollowUp) -> str:
    has_end = (follow_up.frame["status"] > follow_up.n_own).any()
    return "Ghosh-Lin mean count" if has_end else "Nelson-Aalen mean count"


def _named(follow_up: FollowUp) -> dict[str, Any]:
    cause = follow_up.causes[0] if follow_up.n_own == 1 else ""
    return {"endpoint": follow_up.endpoint, "cause": cause, "unit": "per patient"}


def _curve(made: MeanCount, error: Array, steps: float) -> pd.DataFrame:
    """Return the curve of one arm; where nothing has happened yet it has no limits."""
    history, mean = made.history, made.mean
    ones = np.ones(len(history.rows))
    reach = np.exp(steps * quotient(error, mean))
    at_risk = history.at_risk(ones)
    days_seen = np.cumsum(at_risk * np.diff(history.days, prepend=0.0))
    return pd.DataFrame(
        {
            "at_days": history.days,
            "value": mean,
            "lower": mean / reach,
            "upper": mean * reach,
            "std_error": error,
            "patients": at_risk.round(),
            "events": np.cumsum(history.on_last_day(history.events)).round(),
            "patient_years": days_seen / DAYS_PER_YEAR,
        }
    )


@dataclass(frozen=True)
class _Plan:
    """What is asked of two arms."""

    quantity: str
    level: float
    variance: CountVariance

    @property
    def is_ratio(self) -> bool:
        """Whether arms are divided, not subtracted."""
        return self.quantity == "mean_count_ratio"


def _compare(follow_up: FollowUp, at_days: Sequence[float], plan: _Plan) -> Estimate:
    """Compare each arm with the reference on each day."""
    refuse_level(plan.level)
    check_event_rows(follow_up)
    refuse_one_arm(follow_up.arms)
    days = sound_days(at_days)
    chosen = _chosen(follow_up, plan.variance)
    given = Contributions.of(follow_up, is_stacked=chosen == "stacked")
    means, influences = {}, {}
    for arm in follow_up.arms:
        made = EventHistory.of(follow_up, arm).mean_count()
        at = made.position(days)
        means[arm] = np.where(days <= made.history.days[-1], made.mean[at], np.nan)
        influences[arm] = made.influence_of_all(len(follow_up.frame), at)
    reference, pulling = follow_up.reference, PersonTime.of(follow_up).effective_events()
    rows: list[dict[str, Any]] = []
    for arm in (arm for arm in follow_up.arms if arm != reference):
        pair = (arm, reference)
        value, influence = _contrast(
            [means[a] for a in pair], [influences[a] for a in pair], is_ratio=plan.is_ratio
        )
        error = np.sqrt(np.square(given.from_influence(influence)).sum(axis=0))
        error = np.where(np.isfinite(value), error, np.nan)
        fewest = pulling[[follow_up.arms.index(a) for a in pair]].min() if plan.is_ratio else None
        steps = reach_of_rows(follow_up, chosen, plan.level, pulling=fewest)
        rows += _rows(follow_up, pair, days, _limits(value, steps * error, error, plan))
    about = {**follow_up.about, **_described(chosen, plan.level), "method": _method(follow_up)}
    named = {**_named(follow_up), "quantity": plan.quantity}
    return Estimate.from_rows([{**named, **row} for row in rows], about=about)


def _contrast(
    means: list[Array], influences: list[Array], *, is_ratio: bool
) -> tuple[Array, Array]:
    """Return the difference of two means or of their logarithms, and the influence on it."""
    if not is_ratio:
        return means[0] - means[1], influences[0] - influences[1]
    seen = [np.where(mean > 0, mean, np.nan) for mean in means]
    relative = [moved / mean for moved, mean in zip(influences, seen, strict=True)]
    return np.log(seen[0]) - np.log(seen[1]), relative[0] - relative[1]


def _limits(value: Array, reach: Array, error: Array, plan: _Plan) -> pd.DataFrame:
    limits = {"value": value, "lower": value - reach, "upper": value + reach}
    back = np.exp if plan.is_ratio else np.asarray
    shown = {name: back(numbers) for name, numbers in limits.items()}
    return pd.DataFrame({**shown, "std_error": error})


def _rows(
    follow_up: FollowUp, pair: tuple[str, str], days: Array, limits: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return one row for each day, with what was observed of both arms by then."""
    frame = follow_up.frame[follow_up.frame["arm"].isin(pair)]
    rows: list[dict[str, Any]] = []
    for day, numbers in zip(days, limits.to_dict("records"), strict=True):
        observed = (frame["exit_days"].clip(upper=day) - frame["entry_days"]).clip(lower=0).sum()
        seen = {
            "patients": frame["patient_id"].nunique(),
            "events": frame["n_events"][frame["exit_days"] <= day].sum(),
            "patient_years": observed / DAYS_PER_YEAR,
        }
        named = {"arm": pair[0], "versus": pair[1], "at_days": day}
        rows.append({**named, **{str(name): n for name, n in numbers.items()}, **seen})
    return rows
