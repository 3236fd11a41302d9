"""The hazard ratio of an arm, straight from the risk table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, get_args

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.estimate.arm_hazards import (
    ArmHazards,
    ArmRatios,
    ChosenHere,
    choose_here,
    describe_here,
    no_numbers,
    observed,
)
from azaanalysis.estimate.compare import refuse_one_arm
from azaanalysis.estimate.limits import How, Interval, Numbers, interval_of, symmetric_interval
from azaanalysis.estimate.partial_likelihood import Ties
from azaanalysis.estimate.refusals import refuse_level, refuse_word
from azaanalysis.estimate.resample import USUAL, Resampling
from azaanalysis.estimate.tally import RiskTable, tally
from azaanalysis.estimate.variance import Variance
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words


def estimate_hazard_ratio(
    follow_up: FollowUp | RiskTable,
    *,
    level: float = 0.95,
    variance: Variance = "auto",
    stratum: str | None = None,
    ties: Ties = "efron",
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate the hazard ratio of each arm against the reference, for each own cause.

    The cause-specific hazard is the rate, on each day, among those to whom nothing has happened
    yet; the other causes end a patient's time. The ratio is taken to be the same on every
    day, which a test beside it questions: a small ``proportional_hazards_p`` says that one
    number does not describe the comparison.

    Parameters
    ----------
    follow_up
        One row per patient, or its risk table; at least two arms. Uses ``arm``, ``entry_days``,
        ``exit_days``, ``status`` and ``weight``.
    level
        Coverage of the interval, between 0 and 1.
    variance
        ``robust`` takes weights as known, ``stacked`` contains that they were estimated,
        ``bootstrap`` draws patients and estimates the weights again; ``auto`` chooses, and takes
        the error of the model if everybody counts as one.
    stratum
        A categorical covariate; hazards are compared within each of its levels.
    ties
        ``efron`` (as R) or ``breslow`` (as SAS).
    resampling
        How a bootstrap is done: resamples, seed, progress.

    Returns
    -------
    Estimate
        For each cause of the endpoint itself (not those that compete), and each arm but the
        reference (``versus``): one row ``hazard_ratio`` and one row
        ``proportional_hazards_p``. ``std_error`` is that of the log hazard ratio.
        ``patients``, ``events`` and ``patient_years`` are of both arms together, before
        weighting. A ratio for which one of the arms has no event is missing, with a note.

    Raises
    ------
    EstimationError
        If ``level`` is not a proportion, the stratum is no covariate, or the variance asked for
        cannot be had.
    DesignError
        If there is only one arm.

    Notes
    -----
    Cox regression on the indicators of the arms, by Newton's method on the days with events. Its
    influence function gives the robust and the stacked error. The score test of a ratio that
    changes with one minus the Kaplan-Meier curve questions proportional hazards, as
    ``cox.zph`` does in R since 3.0. Source: Cox (1972), J R Stat Soc B 34:187-220; Efron
    (1977), J Am Stat Assoc 72:557-565; Lin and Wei (1989), J Am Stat Assoc 84:1074-1078;
    Grambsch and Therneau (1994), Biometrika 81:515-526. Association as observed: nothing is
    adjusted for but by the weights.
    """
    refuse_level(level)
    refuse_word("ties", ties, get_args(Ties))
    table = tally(follow_up, stratum=stratum)
    refuse_one_arm(table.arms)
    chosen = choose_here(follow_up, table, variance)
    how = How(level, "robust" if chosen == "model" else chosen, stratum, resampling)
    interval = interval_here(follow_up, table, partial(log_ratios, ties=ties), how, chosen)
    rows: list[dict[str, Any]] = []
    for number, cause in enumerate(table.causes[: table.n_own], 1):
        named = {"endpoint": table.endpoint, "cause": cause, "versus": table.reference}
        tests = _tests_by_arm(table, number, ties, chosen)
        for place, arm in other_arms(table):
            row = {**named, "arm": arm, **observed(table, number, [arm, table.reference])}
            ratio = as_ratio(interval, (number - 1, place))
            rows.append({**row, **ratio, "quantity": "hazard_ratio"})
            p = tests[arm] if np.isfinite(ratio["value"]) else np.nan
            rows.append({**row, "quantity": "proportional_hazards_p", "value": p})
    return Estimate.from_rows(rows, about=about_ratios(table, rows, how, chosen, ties))


def interval_here(
    follow_up: FollowUp | RiskTable,
    table: RiskTable,
    statistic: Callable[[RiskTable, ChosenHere], Numbers],
    how: How,
    chosen: ChosenHere,
) -> Interval:
    """Return log ratios with limits, by the variance that was chosen."""
    if chosen == "model":
        return symmetric_interval(statistic(table, chosen), how.level)
    return interval_of(follow_up, table, statistic, how)


def log_ratios(table: RiskTable, chosen: ChosenHere, *, ties: Ties) -> Numbers:
    """Return the log ratio of each arm, shape (causes, arms); missing for the reference."""
    fits = [ArmRatios.of(ArmHazards(table, k), ties) for k in range(1, table.n_own + 1)]
    made = [no_numbers(len(table.arms)) if fit is None else fit.numbers(chosen) for fit in fits]
    return Numbers(np.stack([m.value for m in made]), np.stack([m.std_error for m in made]))


def other_arms(table: RiskTable) -> list[tuple[int, str]]:
    """Return position and name of each arm but the reference."""
    return [(place, arm) for place, arm in enumerate(table.arms) if arm != table.reference]


def as_ratio(interval: Interval, place: tuple[int, ...]) -> dict[str, float]:
    """Return a ratio with its limits, and the standard error of its logarithm."""
    logs = (interval.value[place], interval.lower[place], interval.upper[place])
    value, lower, upper = (float(np.exp(number)) for number in logs)
    error = float(interval.std_error[place])
    return {"value": value, "lower": lower, "upper": upper, "std_error": error}


def _tests_by_arm(
    table: RiskTable, number: int, ties: Ties, chosen: ChosenHere
) -> dict[str, float]:
    """Return the p value of the test of proportional hazards for each arm."""
    fit = ArmRatios.of(ArmHazards(table, number), ties)
    p_values = dict.fromkeys(table.arms, float("nan"))
    if fit is not None:
        tested = zip(fit.arms, fit.tests(chosen), strict=True)
        p_values |= {table.arms[arm]: test.p for arm, test in tested}
    return p_values


def about_ratios(
    table: RiskTable,
    rows: Sequence[dict[str, Any]],
    how: How,
    chosen: ChosenHere,
    ties: Ties,
) -> dict[str, Any]:
    """Return what the ratios of arms are about, with a note for each that is missing."""
    about = describe_here(table, chosen)
    ratios = [row for row in rows if row["quantity"] != "proportional_hazards_p"]
    missing = [_no_ratio(row) for row in ratios if np.isnan(row["value"])]
    by = f", stratified by {in_words(how.stratum)}" if how.stratum else ""
    method = f"Cox regression, {ties.capitalize()} ties{by}"
    notes = (*about["notes"], *missing)
    return {**table.about, **about, "method": method, "level": how.level, "notes": notes}


def _no_ratio(row: dict[str, Any]) -> str:
    window = f" ({row['unit']})" if row.get("unit") else ""
    return (
        f"No hazard ratio for {in_words(row['cause'])} with {in_words(row['arm'])} against "
        f"{in_words(row['versus'])}{window}: one of the two had no event while the other was at "
        "risk beside it."
    )
