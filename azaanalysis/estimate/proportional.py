"""Do hazards stay in proportion? The score test for a ratio that changes with time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import chdtrc

from azaanalysis.estimate.grid import ratio
from azaanalysis.estimate.partial_likelihood import Moment
from azaanalysis.estimate.risk_sets import Array, RiskSets

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
    covariance: Callable[[Array], Array] | None = None,
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
        spread = covariance(fitted.score_of_rows(scale) - projection @ fitted.score_of_rows())
    return [chi_square(slope[term], spread[np.ix_(term, term)]) for term in terms]


def chi_square(score: Array, covariance: Array) -> Test:
    """Return the test that a score is zero; missing if it cannot vary."""
    freedom = int(np.linalg.matrix_rank(covariance, hermitian=True)) if covariance.size else 0
    if freedom == 0:
        return Test(float("nan"), 0, float("nan"))
    statistic = float(score @ np.linalg.pinv(covariance, hermitian=True) @ score)
    return Test(statistic, freedom, float(chdtrc(freedom, statistic)))


def time_scale(
    transform: TimeScale, entry: Array, leave: Array, is_event: Array, counts: Array
) -> tuple[Array, Array]:
    """Return the days with events and the scale of time on each.

    ``km``: one minus the Kaplan-Meier curve just before the day; ``rank``: mean rank of the day
    among all days of exit; ``identity``: the day; ``log``: its logarithm.
    """
    sets = RiskSets.of(entry, leave, is_event)
    days = sets.days
    if transform == "km":
        died = np.bincount(sets.own[is_event], counts[is_event], minlength=len(days))
        alive = np.cumprod(1 - ratio(died, sets.over_those_at_risk(counts)))
        return days, 1 - np.append(1.0, alive)[:-1]
    if transform == "rank":
        order = np.argsort(leave, kind="stable")
        so_far = np.append(0.0, np.cumsum(counts[order]))
        below = so_far[np.searchsorted(leave[order], days, side="left")]
        upto = so_far[np.searchsorted(leave[order], days, side="right")]
        return days, (below + upto + 1) / 2
    return days, np.log(days) if transform == "log" else days
