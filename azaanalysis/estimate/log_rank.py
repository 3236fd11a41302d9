"""Tests whether the hazards of arms are equal, day by day."""

from __future__ import annotations

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.estimate.arm_hazards import (
    ArmHazards,
    ChosenHere,
    choose_here,
    covariance_here,
    observed,
)
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.compare import refuse_one_arm
from azaanalysis.estimate.grid import ratio
from azaanalysis.estimate.partial_likelihood import Hazards, moment
from azaanalysis.estimate.proportional import Test, chi_square
from azaanalysis.estimate.row_scores import RowScores
from azaanalysis.estimate.tally import RiskTable, tally
from azaanalysis.estimate.variance import Variance
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words


def estimate_log_rank(
    follow_up: FollowUp | RiskTable,
    *,
    rho: float = 0.0,
    gamma: float = 0.0,
    variance: Variance = "auto",
    stratum: str | None = None,
) -> Estimate:
    """Test whether the hazards of all arms are equal, for each cause of the endpoint itself.

    Parameters
    ----------
    follow_up
        One row per patient, or its risk table; at least two arms.
    rho, gamma
        Days count by S^rho (1 - S)^gamma, with S the pooled Kaplan-Meier curve of the cause just
        before the day: (0, 0) is the log-rank test, (1, 0) Peto's, which looks at early
        differences, (0, 1) looks at late ones. Choose before seeing the data.
    variance
        ``auto``: hypergeometric if everybody counts as one; else that of the robust score test,
        stacked if the weights come with the score of their model. A test is not resampled.
    stratum
        A categorical covariate; patients are compared within each of its levels.

    Returns
    -------
    Estimate
        For each cause one row ``log_rank`` (chi-square; ``unit`` gives the degrees of freedom)
        and one row ``log_rank_p``. Both are missing if nobody had the event.

    Raises
    ------
    DesignError
        If there is only one arm.
    EstimationError
        If the stratum is no covariate, or the variance asked for cannot be had.

    Notes
    -----
    Source: Mantel (1966), Cancer Chemother Rep 50:163-170, variance hypergeometric, so that ties
    are exact; Fleming and Harrington (1991), Counting Processes and Survival Analysis; weighted:
    the score test of Cox's model with the variance of Lin and Wei (1989), J Am Stat Assoc
    84:1074-1078. It has little power where hazards cross, as with a drug that works late.
    """
    table = tally(follow_up, stratum=stratum)
    refuse_one_arm(table.arms)
    chosen = choose_here(follow_up, table, variance)
    rows = []
    for number, cause in enumerate(table.causes[: table.n_own], 1):
        test = _test(ArmHazards(table, number), chosen, rho, gamma)
        row = {"endpoint": table.endpoint, "cause": cause, "unit": f"{test.freedom} df"}
        seen = observed(table, number, table.arms)
        row |= {"patients": seen["patients"], "events": seen["events"]}
        rows.append({**row, "quantity": "log_rank", "value": test.statistic})
        rows.append({**row, "quantity": "log_rank_p", "value": test.p})
    method = "log-rank test" if rho == gamma == 0 else f"log-rank test, G({rho:g}, {gamma:g})"
    by = f", stratified by {in_words(stratum)}" if stratum else ""
    about = {**table.about, "method": method + by, "level": None, "interval": "none"}
    return Estimate.from_rows(rows, about=about)


def _test(source: ArmHazards, chosen: ChosenHere, rho: float, gamma: float) -> Test:
    """Return the test of one cause; the last arm is determined by the others."""
    arms = np.arange(len(source.table.arms))
    hazards = source.hazards(arms, "breslow")
    null = moment(hazards, np.zeros(len(arms)))
    at_risk = hazards.sets.over_those_at_risk(hazards.weight)
    factor = _importance(hazards, at_risk, rho, gamma)
    excess = null.score(factor)
    if chosen == "model":
        covariance = _hypergeometric(null.s1, at_risk, hazards.weighted_events, factor)
    else:
        covariance = covariance_here(source.table, np.asarray(RowScores.of(null, factor)), chosen)
    # Arms in which the event could be seen at all; the last of them is determined by the rest.
    seen = np.flatnonzero(np.diag(covariance) > 0)[:-1]
    return chi_square(excess[seen], covariance[np.ix_(seen, seen)])


def _importance(hazards: Hazards, at_risk: Array, rho: float, gamma: float) -> Array:
    """Return S^rho (1 - S)^gamma just before each day, within each stratum."""
    if rho == gamma == 0:
        return np.ones_like(at_risk)
    survival = 1 - ratio(hazards.weighted_events, at_risk)
    starts = np.flatnonzero(np.diff(hazards.sets.days, prepend=np.inf) <= 0)
    before = np.concatenate(
        [np.append(1.0, np.cumprod(part))[:-1] for part in np.split(survival, starts[1:])]
    )
    importance: Array = before**rho * (1 - before) ** gamma
    return importance


def _hypergeometric(by_arm: Array, at_risk: Array, events: Array, factor: Array) -> Array:
    """Return the covariance of the excess of events in each arm, margins fixed."""
    share = by_arm / at_risk
    spread = factor**2 * ratio(events * (at_risk - events), at_risk - 1)
    covariance: Array = np.diag(share @ spread) - (share * spread) @ share.T
    return covariance
