"""The hazard ratio of an arm, straight from the risk table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.special import ndtri

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.compared import Compared
from azaanalysis.estimate.partial_likelihood import RUN_AWAY, Hazards, Moment, Ties, maximise
from azaanalysis.estimate.proportional import Test, proportion_tests, time_scale
from azaanalysis.estimate.risk_sets import Array, RiskSets
from azaanalysis.estimate.sandwich import Variance, in_the_interval
from azaanalysis.estimate.tally import RiskTable
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words


def estimate_hazard_ratio(
    follow_up: FollowUp | RiskTable,
    *,
    level: float = 0.95,
    variance: Variance = "auto",
    strata: Sequence[str] = (),
    ties: Ties = "efron",
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
        ``auto``: from the model if everybody counts as one; ``stacked`` if the weights come with
        the score of their model; else ``robust``, which takes weights as known.
    strata
        Columns of the follow-up; hazards are compared within each combination of their values.
    ties
        ``efron`` (as R) or ``breslow`` (as SAS).

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
        If ``level`` is not a proportion, or the variance asked for cannot be had.
    DesignError
        If there is only one arm, or a column of strata is absent.

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
    compared = Compared.of(follow_up, variance=variance, strata=strata)
    rows = [
        {"endpoint": follow_up.endpoint, "cause": cause, "versus": compared.reference, **row}
        for number, cause in enumerate(follow_up.causes[: follow_up.n_own], 1)
        for row in _ratios_of_cause(compared, number, level, ties)
    ]
    ratios = [row for row in rows if row["quantity"] == "hazard_ratio"]
    notes = [_no_ratio(row) for row in ratios if np.isnan(row["value"])]
    about = {
        **follow_up.about,
        "method": f"Cox regression, {ties.capitalize()} ties"
        + (f", stratified by {', '.join(map(in_words, strata))}" if strata else ""),
        "level": level,
        "interval": in_the_interval(compared.variance),
        "notes": (*follow_up.about.get("notes", ()), *notes),
    }
    return Estimate.from_rows(rows, about=about)


def refuse_level(level: float) -> None:
    """Refuse a level of confidence that is not a proportion."""
    if not 0 < level < 1:
        raise EstimationError(f"level must lie between 0 and 1, for example 0.95; got {level}.")


def _no_ratio(row: dict[str, Any]) -> str:
    return (
        f"No hazard ratio for {in_words(row['cause'])} with {in_words(row['arm'])} against "
        f"{in_words(row['versus'])}: one of the two had no event while the other was at risk."
    )


def _ratios_of_cause(
    compared: Compared, number: int, level: float, ties: Ties
) -> Iterator[dict[str, Any]]:
    """Return the rows of one cause: a ratio and its test for each arm but the reference."""
    fitted = fit_arms(compared, compared.is_event(number), ties)
    for arm in compared.source.arms:
        if arm == compared.reference:
            continue
        row = {"arm": arm, **compared.observed(number, [arm, compared.reference])}
        log_ratio, error, p = fitted.get(arm, (np.nan, np.nan, np.nan))
        yield {**row, **as_ratio(log_ratio, error, level), "quantity": "hazard_ratio"}
        yield {**row, "quantity": "proportional_hazards_p", "value": p}


def as_ratio(log_ratio: float, error: float, level: float) -> dict[str, float]:
    """Return a ratio with its limits, and the standard error of its logarithm."""
    reach = float(ndtri((1 + level) / 2)) * error
    value, lower, upper = np.exp([log_ratio, log_ratio - reach, log_ratio + reach])
    return {"value": value, "lower": lower, "upper": upper, "std_error": error}


def fit_arms(
    compared: Compared, is_event: Array, ties: Ties
) -> dict[str, tuple[float, float, float]]:
    """Fit one model with an indicator for each arm.

    Returns the log ratio, its standard error and the p value of its proportional-hazards test by
    arm; an arm whose ratio would be zero or infinite is absent.
    """
    with_events = np.unique(compared.arm[is_event])
    names = compared.source.arms
    reference = names.index(compared.reference)
    others = [arm for arm in with_events if arm != reference]
    if not others or reference not in with_events:
        return {}
    # An arm without events adds nothing: its best ratio is zero.
    kept = np.isin(compared.arm, with_events)
    hazards = Hazards(
        design=np.stack([compared.arm == arm for arm in others]).astype(float),
        weight=compared.weight * kept,
        is_event=is_event,
        sets=compared.risk_sets(is_event),
        counts=compared.counts,
        ties=ties,
    )
    fitted = maximise(hazards)
    errors = np.sqrt(np.diag(_covariance(compared, fitted)))
    tests = _tests_of_arms(compared, fitted)
    return {
        names[arm]: (float(fitted.coefficients[line]), float(errors[line]), tests[line].p)
        for line, arm in enumerate(others)
        if abs(fitted.coefficients[line]) < RUN_AWAY
    }


def _covariance(compared: Compared, fitted: Moment) -> Array:
    inverse: Array = np.linalg.pinv(fitted.information(), hermitian=True)
    if compared.variance == "model":
        return inverse
    return compared.covariance(inverse @ fitted.row_scores)


def _tests_of_arms(compared: Compared, fitted: Moment) -> list[Test]:
    """Test proportional hazards for each arm, on the scale of the Kaplan-Meier curve."""
    hazards, leave = fitted.hazards, compared.rows["exit_days"].to_numpy(dtype=float)
    entry = compared.rows["entry_days"].to_numpy(dtype=float)
    sets = RiskSets.of(entry, leave, hazards.is_event)
    scale = time_scale("km", sets, hazards.is_event, leave, compared.counts)
    of_slot = scale[np.searchsorted(sets.days, hazards.sets.days)]
    robust = None if compared.variance == "model" else compared.covariance
    single = [np.array([line]) for line in range(len(fitted.coefficients))]
    return proportion_tests(fitted, of_slot, single, covariance=robust)
