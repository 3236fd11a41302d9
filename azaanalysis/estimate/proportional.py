"""Do hazards stay in proportion? The score test for a ratio that changes with time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import chdtrc

from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.grid import ratio
from azaanalysis.estimate.partial_likelihood import Moment
from azaanalysis.estimate.risk_sets import Sums
from azaanalysis.estimate.row_scores import RowScores

TimeScale = Literal["km", "rank", "identity", "log"]


class Test(NamedTuple):
    """A chi-square test."""

    statistic: float
    freedom: int
    p: float


def proportion_tests(
    fitted: Moment,
    scale: Array,
    terms: Sequence[Array],
    *,
    covariance: Callable[[RowScores], Array] | None = None,
) -> list[Test]:
    """Test whether coefficients change with time.

    Each coefficient may grow by theta g(t), with g the scale of time; the test is that of the
    score for theta = 0, the other coefficients being estimated. Source: Grambsch and Therneau
    (1994), Biometrika 81:515-526, as in R's ``cox.zph`` since survival 3.0.

    Parameters
    ----------
    fitted
        The partial likelihood at its maximum.
    scale
        g(t) for each slot of the risk sets.
    terms
        Positions of the coefficients of each test.
    covariance
        From what one unit of weight of each row gives to the score, the covariance of the
        score: the test is then robust. None takes it from the model.
    """
    slope, information, cross = (
        fitted.score(scale),
        fitted.information(),
        fitted.information(scale),
    )
    projection = np.linalg.lstsq(information, cross, rcond=1e-13)[0].T
    if covariance is None:
        spread = fitted.information(scale**2) - projection @ cross
    else:
        spread = covariance(RowScores.of(fitted, scale, explained=projection))
    return [chi_square(slope[term], spread[np.ix_(term, term)]) for term in terms]


def chi_square(score: Array, covariance: Array) -> Test:
    """Return the test that a score is zero; missing if it cannot vary."""
    freedom = int(np.linalg.matrix_rank(covariance, hermitian=True)) if covariance.size else 0
    if freedom == 0:
        return Test(float("nan"), 0, float("nan"))
    statistic = float(score @ np.linalg.pinv(covariance, hermitian=True) @ score)
    return Test(statistic, freedom, float(chdtrc(freedom, statistic)))


def time_scale(
    transform: TimeScale,
    sets: Sums,
    is_event: Array,
    leave: Array,
    counts: Array | None = None,
) -> Array:
    """Return the scale of time on each day with an event, all strata together.

    ``km``: one minus the Kaplan-Meier curve just before the day; ``rank``: mean rank of the day
    among all days of exit; ``identity``: the day; ``log``: its logarithm.
    """
    days = sets.days
    counts = np.ones(len(leave)) if counts is None else counts
    if transform == "km":
        died = np.bincount(sets.own(is_event), counts[is_event], minlength=len(days))
        alive = np.cumprod(1 - ratio(died, sets.over_those_at_risk(counts)))
        so_far: Array = 1 - np.append(1.0, alive)[:-1]
        return so_far
    if transform == "rank":
        order = np.argsort(leave, kind="stable")
        summed = np.append(0.0, np.cumsum(counts[order]))
        below = summed[np.searchsorted(leave[order], days, side="left")]
        upto = summed[np.searchsorted(leave[order], days, side="right")]
        mean_rank: Array = (below + upto + 1) / 2
        return mean_rank
    scale: Array = np.log(days) if transform == "log" else days
    return scale
