"""Comparison of hazards between arms: hazard ratio and log-rank test."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtri

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate.grid import Grid, ratio
from azaanalysis.estimate.tally import RiskTable, tally
from azaanalysis.result import Estimate
from azaanalysis.vocab import DAYS_PER_YEAR, in_words

# lifelines holds the squared length of the last Newton step against its precision, so that
# its default leaves the fourth digit of a small trial open.
_FIT = {"precision": 1e-18, "r_precision": 1e-15}
# A ratio beyond e^15, over three million, is one that ran away: some arm has no event while
# patients of the other are at risk.
_RUN_AWAY = 15.0


def estimate_hazard_ratio(follow_up: FollowUp, *, level: float = 0.95) -> Estimate:
    """Estimate the hazard ratio of each arm against the reference, for each own cause.

    The cause-specific hazard is the rate, on each day, among those to whom nothing has happened
    yet; the other causes end a patient's time. The ratio is taken to be the same on every
    day, which a test beside it questions: a small ``proportional_hazards_p`` says that one
    number does not describe the comparison.

    Parameters
    ----------
    follow_up
        One row per patient, at least two arms. Uses ``arm``, ``entry_days``, ``exit_days``,
        ``status``.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        For each cause of the endpoint itself (not those that compete), and each arm but the
        reference (``versus``): one row ``hazard_ratio`` and one row
        ``proportional_hazards_p``. ``std_error`` is that of the log hazard ratio.
        ``patients``, ``events`` and ``patient_years`` are of both arms together. A ratio
        for which one of the arms has no event is missing, with a note.

    Raises
    ------
    EstimationError
        If ``level`` is not a proportion.
    DesignError
        If there is only one arm, or the follow-up is weighted.

    Notes
    -----
    Cox regression with Efron's ties, by lifelines; scaled Schoenfeld residuals against ranked
    time test proportional hazards. Source: Cox (1972), J R Stat Soc B 34:187-220; Grambsch and
    Therneau (1994), Biometrika 81:515-526. Association as observed: nothing is adjusted for.
    """
    if not 0 < level < 1:
        raise EstimationError(f"level must lie between 0 and 1, for example 0.95; got {level}.")
    _refuse_one_arm(follow_up.arms)
    if follow_up.is_weighted:
        raise DesignError(
            "This hazard ratio takes every patient as one, but the follow-up is weighted. "
            "Ask it of the unweighted follow-up."
        )
    rows: list[dict[str, Any]] = []
    for number, cause in enumerate(follow_up.causes[: follow_up.n_own], 1):
        named = {"endpoint": follow_up.endpoint, "cause": cause, "versus": follow_up.reference}
        rows += [{**named, **row} for row in _ratios_of_cause(follow_up, number, level)]
    ratios = [row for row in rows if row["quantity"] == "hazard_ratio"]
    notes = [_no_ratio(row) for row in ratios if np.isnan(row["value"])]
    about = {
        **follow_up.about,
        "method": "Cox regression, Efron ties",
        "level": level,
        "interval": "sampling of patients, model-based",
        "notes": (*follow_up.about.get("notes", ()), *notes),
    }
    return Estimate.from_rows(rows, about=about)


def _refuse_one_arm(arms: tuple[str, ...]) -> None:
    if len(arms) < 2:
        raise DesignError(
            f"A comparison needs at least two arms, but there is only '{arms[0]}'. "
            "Add an arm to the study file, or show the arm by its curve and its rate."
        )


def _no_ratio(row: dict[str, Any]) -> str:
    return (
        f"No hazard ratio for {in_words(row['cause'])} with {in_words(row['arm'])} against "
        f"{in_words(row['versus'])}: one of the two had no event while the other was at risk."
    )


def _ratios_of_cause(follow_up: FollowUp, number: int, level: float) -> Iterator[dict[str, Any]]:
    """Return the rows of one cause: a ratio and its test for each arm but the reference."""
    frame = follow_up.frame
    is_event = frame["status"] == number
    fitted = _fit_cox(follow_up, is_event)
    z = float(ndtri((1 + level) / 2))
    for arm in follow_up.arms:
        if arm == follow_up.reference:
            continue
        both = frame["arm"].isin([arm, follow_up.reference])
        days = (frame["exit_days"] - frame["entry_days"])[both]
        row = {"arm": arm, "patients": int(both.sum()), "events": int((both & is_event).sum())}
        row["patient_years"] = days.sum() / DAYS_PER_YEAR
        log_ratio, error, p = fitted.get(arm, (np.nan, np.nan, np.nan))
        value, lower, upper = np.exp([log_ratio, log_ratio - z * error, log_ratio + z * error])
        limits = {"value": value, "lower": lower, "upper": upper, "std_error": error}
        yield {**row, **limits, "quantity": "hazard_ratio"}
        yield {**row, "quantity": "proportional_hazards_p", "value": p}


def _fit_cox(follow_up: FollowUp, is_event: pd.Series) -> dict[str, tuple[float, float, float]]:
    """Fit one model with an indicator for each arm.

    Returns the log ratio, its standard error and the p value of its proportional-hazards test by
    arm; an arm whose ratio would be zero or infinite is absent.
    """
    # Loaded here because lifelines takes a second to import, and only this needs it.
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError
    from lifelines.statistics import proportional_hazard_test

    frame = follow_up.frame
    with_events = set(frame.loc[is_event, "arm"])
    arms = [arm for arm in follow_up.arms if arm in with_events and arm != follow_up.reference]
    if not arms or follow_up.reference not in with_events:
        return {}
    # An arm without events adds nothing: its best ratio is zero.
    kept = frame["arm"].isin([*arms, follow_up.reference])
    design = pd.DataFrame({arm: (frame["arm"] == arm).astype(float) for arm in arms})
    design = design.assign(leave=frame["exit_days"], is_event=is_event.astype(int))[kept]
    delayed = "entry" if (frame["entry_days"] > 0).any() else None
    if delayed:
        design[delayed] = frame["entry_days"][kept]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = CoxPHFitter().fit(
                design, "leave", "is_event", entry_col=delayed, fit_options=_FIT
            )
        except ConvergenceError:
            return {}
        tests = proportional_hazard_test(model, design, time_transform="rank").summary["p"]
    return {
        arm: (model.params_[arm], model.standard_errors_[arm], tests[arm])
        for arm in arms
        if abs(model.params_[arm]) < _RUN_AWAY
    }


def estimate_log_rank(follow_up: FollowUp | RiskTable) -> Estimate:
    """Test whether the hazards of all arms are equal, for each cause of the endpoint itself.

    Parameters
    ----------
    follow_up
        One row per patient, or its risk table; at least two arms.

    Returns
    -------
    Estimate
        For each cause one row ``log_rank`` (chi-square; ``unit`` gives the degrees of freedom)
        and one row ``log_rank_p``. Both are missing if nobody had the event.

    Raises
    ------
    DesignError
        If there is only one arm, or the follow-up is weighted.
    EstimationError
        If an arm has nobody in it.

    Notes
    -----
    Source: Mantel (1966), Cancer Chemother Rep 50:163-170; variance hypergeometric, so that ties
    are exact. It has little power where hazards cross, as with a drug that works late.
    """
    table = tally(follow_up)
    _refuse_one_arm(table.arms)
    if not np.array_equal(table.cells["weight"], table.cells["patients"]):
        raise DesignError(
            "The log-rank test counts every patient as one, but the follow-up is weighted. "
            "Ask it of the unweighted follow-up."
        )
    days = np.unique(np.concatenate([[0.0], table.cells["entry_days"], table.cells["exit_days"]]))
    grids = [Grid.of(table, arm, days=days) for arm in table.arms]
    rows = []
    for number, cause in enumerate(table.causes[: table.n_own], 1):
        statistic, freedom, events = _log_rank(grids, number)
        row = {"endpoint": table.endpoint, "cause": cause, "events": events}
        row |= {"unit": f"{freedom} df", "patients": int(table.cells["patients"].sum())}
        rows.append({**row, "quantity": "log_rank", "value": statistic})
        p = float(chdtrc(freedom, statistic)) if freedom else np.nan
        rows.append({**row, "quantity": "log_rank_p", "value": p})
    about = {**table.about, "method": "log-rank test", "level": None, "interval": "none"}
    return Estimate.from_rows(rows, about=about)


def _log_rank(grids: list[Grid], number: int) -> tuple[float, int, int]:
    """Return the chi-square of one cause, its degrees of freedom and the events."""
    at_risk = np.stack([grid.over_those_at_risk(grid.patients) for grid in grids])
    events = np.stack([grid.on_exit_day(grid.patients * (grid.status == number)) for grid in grids])
    everybody, deaths = at_risk.sum(axis=0), events.sum(axis=0)
    share = ratio(at_risk, everybody)
    excess = (events - share * deaths).sum(axis=1)
    spread = ratio(deaths * (everybody - deaths), everybody - 1)
    covariance = np.diag(share @ spread) - (share * spread) @ share.T
    # Arms in which the event could be seen at all; the last of them is determined by the rest.
    seen = np.flatnonzero(np.diag(covariance) > 0)[:-1]
    if len(seen) == 0:
        return float("nan"), 0, int(deaths.sum())
    solved = np.linalg.solve(covariance[np.ix_(seen, seen)], excess[seen])
    return float(excess[seen] @ solved), len(seen), int(deaths.sum())
