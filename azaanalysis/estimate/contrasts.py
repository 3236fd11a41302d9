"""Risks of the arms at given days, compared: difference, ratio, number needed to treat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.estimate.compare import (
    Plan,
    Question,
    Reading,
    answer,
    differences,
    log_ratios,
    observed_until,
    on_days,
    refuse_one_arm,
)
from azaanalysis.estimate.curve_limits import largest_risk_without_event
from azaanalysis.estimate.grid import Grid
from azaanalysis.estimate.refusals import refuse_level, sound_days
from azaanalysis.estimate.resample import USUAL, Resampling
from azaanalysis.estimate.tally import RiskTable, tally
from azaanalysis.estimate.variance import Variance
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words, sentence_case


def estimate_risk_difference(
    follow_up: FollowUp | RiskTable,
    *,
    at_days: Sequence[float],
    level: float = 0.95,
    variance: Variance = "auto",
    stratum: str | None = None,
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate the difference in cumulative incidence between each arm and the reference.

    The difference of two Aalen-Johansen risks on one day: how many more (or fewer) of a hundred
    have had the event by then. Positive means more events than in the reference.

    Parameters
    ----------
    follow_up
        One row per patient, or its risk table; at least two arms.
    at_days
        Days since time zero.
    level
        Coverage of each interval, between 0 and 1.
    variance
        ``robust`` takes weights as known, ``stacked`` contains that they were estimated,
        ``bootstrap`` draws patients and estimates the weights again, ``auto`` chooses.
    stratum
        A categorical covariate: risks are then standardised to its distribution over all arms.
    resampling
        How a bootstrap is done: resamples, seed, progress.

    Returns
    -------
    Estimate
        For each cause, each arm but the reference (``versus``) and each day one row
        ``risk_difference``, between -1 and 1. ``patients``, ``events`` (of the cause, by the
        day) and ``patient_years`` (by the day) are of both arms together, before weighting. A
        day on which an arm was no longer observed has no value.

    Raises
    ------
    EstimationError
        If ``level`` is not a proportion, a day is negative, an arm has nobody in it, or the
        variance cannot be had.
    DesignError
        If there is only one arm.

    Notes
    -----
    The interval is symmetric on the scale of the difference; where an arm has had no event yet
    it is widened by the exact limit of that arm (Zou and Donner (2008), Stat Med
    27:1693-1702). Source: influence functions of
    the Aalen-Johansen estimator; with estimated weights stacked estimating equations, Stefanski
    and Boos (2002), Am Stat 56:29-38. A difference is an effect only if the weights have
    removed all confounding and leaving observation tells nothing about the risk.
    """
    table = _counted(follow_up, at_days, level, stratum)
    readings = _of_each_cause(table, at_days)
    question = Question(readings, differences, ["risk_difference"] * len(readings))
    made = answer(follow_up, table, [question], Plan(level, variance, stratum, resampling))
    made = _beside_no_event(made, table, level)
    return made.with_about(method="difference of Aalen-Johansen risks")


def estimate_risk_ratio(
    follow_up: FollowUp | RiskTable,
    *,
    at_days: Sequence[float],
    level: float = 0.95,
    variance: Variance = "auto",
    stratum: str | None = None,
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate the ratio of the cumulative incidence of each arm to that of the reference.

    Parameters
    ----------
    follow_up, at_days, level, variance, stratum, resampling
        As in ``estimate_risk_difference``.

    Returns
    -------
    Estimate
        For each cause, each arm but the reference and each day one row ``risk_ratio``;
        ``std_error`` is that of its log. Missing, with a note, where an arm has had no event.

    Raises
    ------
    EstimationError, DesignError
        As in ``estimate_risk_difference``.

    Notes
    -----
    The interval is symmetric on the log scale (Katz et al. (1978), Biometrics 34:469-474, with
    the variances of Aalen-Johansen risks). A ratio of small risks can be large while hardly anybody
    is concerned: show it beside the difference.
    """
    table = _counted(follow_up, at_days, level, stratum)
    readings = _of_each_cause(table, at_days)
    question = Question(readings, log_ratios, ["risk_ratio"] * len(readings), back=np.exp)
    made = answer(follow_up, table, [question], Plan(level, variance, stratum, resampling))
    notes = [
        f"No ratio of {in_words(cause)} on day {day:g} for {in_words(arm)}: one of the two arms "
        "had no event by then, or was no longer observed."
        for cause, day, arm, value in made.frame[["cause", "at_days", "arm", "value"]].to_numpy()
        if np.isnan(value)
    ]
    notes = [*made.about["notes"], *notes]
    return made.with_about(method="ratio of Aalen-Johansen risks", notes=tuple(notes))


def estimate_number_needed_to_treat(
    follow_up: FollowUp | RiskTable,
    *,
    at_days: Sequence[float],
    level: float = 0.95,
    variance: Variance = "auto",
    stratum: str | None = None,
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate how many patients have to be treated for one event more than in the reference.

    One over the risk difference: positive for one event more, negative for one event fewer.
    Whether an event is a benefit (response) or a harm (infection), the reader knows.

    Parameters
    ----------
    follow_up, at_days, level, variance, stratum, resampling
        As in ``estimate_risk_difference``.

    Returns
    -------
    Estimate
        One row ``number_needed_to_treat`` for each risk difference. Where the interval of the
        difference holds zero, the numbers that agree with the data run from one sign through
        infinity to the other, so that no pair of limits can hold them: the limits are missing and
        a note gives both ends. There is no standard error.

    Raises
    ------
    EstimationError, DesignError
        As in ``estimate_risk_difference``.

    Notes
    -----
    Source: Altman (1998), BMJ 317:1309-1312; Altman and Andersen (1999), BMJ 319:1492-1495.
    """
    gaps = estimate_risk_difference(
        follow_up,
        at_days=at_days,
        level=level,
        variance=variance,
        stratum=stratum,
        resampling=resampling,
    )
    rows: list[dict[str, Any]] = [
        {str(column): entry for column, entry in row.items()}
        for row in gaps.frame.to_dict("records")
    ]
    notes = [note for row in rows if (note := _through_infinity(row))]
    return Estimate.from_rows(
        [_inverted(row) for row in rows],
        about={
            **gaps.about,
            "method": "one over the difference of Aalen-Johansen risks",
            "notes": (*gaps.about["notes"], *notes),
        },
    )


def _inverted(row: dict[str, Any]) -> dict[str, Any]:
    """Return one over a difference; no limits if its interval holds zero."""
    lower, upper = row["lower"], row["upper"]
    holds = lower * upper > 0
    return {
        **row,
        "quantity": "number_needed_to_treat",
        "value": 1 / row["value"] if row["value"] else np.nan,
        "lower": 1 / upper if holds else np.nan,
        "upper": 1 / lower if holds else np.nan,
        "std_error": np.nan,
    }


def _through_infinity(row: dict[str, Any]) -> str:
    """Say in words which numbers agree with a difference whose interval holds zero."""
    lower, upper = row["lower"], row["upper"]
    if not lower <= 0 <= upper:
        return ""
    ends = [
        f"from {1 / abs(limit):.0f} patients for one event {word} to infinity"
        for limit, word in ((lower, "fewer"), (upper, "more"))
        if limit
    ]
    return (
        f"{sentence_case(row['arm'])}, {in_words(row['cause'])} by day {row['at_days']:g}: the "
        f"interval of the difference holds zero, so the numbers needed run "
        f"{' and '.join(ends)}."
    )


def _beside_no_event(made: Estimate, table: RiskTable, level: float) -> Estimate:
    """Widen the limits of differences with an arm that has had no event yet.

    Such an arm seems to have no spread. With u its largest risk that agrees with no event, and r
    the reach due to the other arm, the limit on its side is sqrt(r^2 + u^2) away.
    """
    frame = made.frame.copy()
    for place, row in frame.iterrows():
        cause, day = table.causes.index(row["cause"]) + 1, row["at_days"]
        own, other = (_possible(table, row[c], cause, day, level) for c in ("arm", "versus"))
        if own or other:
            reach = np.nan_to_num(row["upper"] - row["value"])
            frame.loc[place, "upper"] = min(row["value"] + np.hypot(reach, own), 1.0)
            frame.loc[place, "lower"] = max(row["value"] - np.hypot(reach, other), -1.0)
    return Estimate(frame, made.about)


def _possible(table: RiskTable, arm: str, cause: int, day: float, level: float) -> float:
    """Return the largest risk of an arm that has had no event until a day; zero if it had one."""
    if observed_until(table, [arm], cause, day)["events"]:
        return 0.0
    grid = Grid.of(table, arm)
    possible = np.append(largest_risk_without_event(grid, level), np.nan)
    return float(possible[np.searchsorted(grid.days, day)])


def _counted(
    follow_up: FollowUp | RiskTable, at_days: Sequence[float], level: float, stratum: str | None
) -> RiskTable:
    refuse_level(level)
    sound_days(at_days)
    table = tally(follow_up, stratum=stratum)
    refuse_one_arm(table.arms)
    return table


def _of_each_cause(table: RiskTable, at_days: Sequence[float]) -> list[Reading]:
    days = on_days(at_days)
    return [Reading(cause, at_days, days) for cause in range(1, len(table.causes) + 1)]
