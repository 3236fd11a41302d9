"""One endpoint under several strategies for what intervenes, one under the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from azaanalysis.cohort import Cohort
from azaanalysis.design.beside import Beside
from azaanalysis.design.follow import follow
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.strategies import under_strategies
from azaanalysis.design.weigh import weigh
from azaanalysis.estimate.contrasts import estimate_risk_difference
from azaanalysis.estimate.incidence import estimate_incidence
from azaanalysis.estimate.variance import Variance
from azaanalysis.result import Estimate, stack
from azaanalysis.study import Study


def estimate_under_strategies(
    cohort: Cohort,
    study: Study,
    *,
    endpoint: str,
    at_days: Sequence[float] | None = None,
    level: float = 0.95,
    variance: Variance = "auto",
) -> Estimate:
    """Estimate the risk of an endpoint, and its differences, under each strategy.

    Which share responds is not one question: it depends on what is done about those who stop,
    switch or die first. ``describe_strategies`` says what each strategy asks.

    Parameters
    ----------
    cohort, study, endpoint
        As in ``follow``. Arms are weighted as the study says.
    at_days
        Days since time zero; those that the study shows if None.
    level, variance
        As in ``estimate_incidence``.

    Returns
    -------
    Estimate
        ``risk`` of the endpoint's own causes in each arm, then ``risk_difference`` against the
        reference, day by day. ``endpoint`` names the strategy.

    Raises
    ------
    StudyError, DesignError, EstimationError
        As in ``follow``, ``weigh`` and ``estimate_incidence``.

    Notes
    -----
    Strategies are other questions, not better and worse answers to one. While on treatment rests
    on an assumption that the data cannot check: that leaving the drug tells nothing about
    response. Source of the words: ICH E9(R1) (2019).
    """
    days = [d for d in at_days or study.show.at_days if d <= study.horizon_of(endpoint)]
    parts: list[Estimate] = []
    beside = Beside(days)
    for name, asked in under_strategies(study, endpoint=endpoint).items():
        balanced = weigh(follow(cohort, asked, endpoint=endpoint))
        beside.add(name, balanced)
        found = _estimates(balanced, days, level, variance)
        parts += [part.only(cause=balanced.own_causes).named(name) for part in found]
    of_risk = [part for part in parts if (part.frame["quantity"] == "risk").any()]
    others = [part for part in parts if part not in of_risk]
    return beside.leave_out(stack(*of_risk, *others))


def _estimates(
    balanced: FollowUp, days: Sequence[float], level: float, variance: Variance
) -> Iterator[Estimate]:
    risk = estimate_incidence(balanced, level=level, variance=variance)
    yield risk.only(quantity="risk").at(days)
    if len(balanced.arms) > 1:
        yield estimate_risk_difference(balanced, at_days=days, level=level, variance=variance)
