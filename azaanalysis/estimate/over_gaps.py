"""Persistence under several permissible gaps between supplies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from azaanalysis.cohort import Cohort
from azaanalysis.design.follow import follow
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.weigh import weigh
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.incidence import estimate_incidence
from azaanalysis.estimate.restricted_mean import estimate_restricted_mean_difference
from azaanalysis.estimate.variance import Variance
from azaanalysis.result import Estimate, stack
from azaanalysis.settings import DiscontinuationEndpoint
from azaanalysis.study import Study


def estimate_over_gaps(
    cohort: Cohort,
    study: Study,
    *,
    endpoint: str = "discontinuation",
    gap_days: Sequence[int] = (30, 60, 90, 180),
    level: float = 0.95,
    variance: Variance = "auto",
) -> Estimate:
    """Estimate persistence with each of several permissible gaps.

    A treatment goes on over a gap between two supplies, up to a limit that somebody has to choose.
    A longer limit takes more pauses for treatment; a shorter one takes late renewals for stops.

    Parameters
    ----------
    cohort, study
        As in ``follow``. Arms are weighted as the study says.
    endpoint
        An endpoint of kind ``discontinuation``.
    gap_days
        The limits, in days.
    level, variance
        As in ``estimate_incidence``.

    Returns
    -------
    Estimate
        ``survival`` (persistence) of each arm on the days that the study shows, then the
        ``restricted_mean_difference`` in time on treatment against the reference, for each limit.
        ``endpoint`` names the limit: ``gap_of_30_days``.

    Raises
    ------
    EstimationError
        If the endpoint is not the end of treatment, or a limit is negative or given twice.
    StudyError, DesignError
        As in ``follow`` and ``weigh``.

    Notes
    -----
    Everything else stays as the study says, including who enters. Persistence depends on this
    limit more than on most choices: Gardarsdottir et al. (2010), J Clin Epidemiol 63:422-427.
    """
    _refuse(study, endpoint, gap_days)
    days = [day for day in study.show.at_days if day <= study.horizon_of(endpoint)]
    parts = [
        part
        for gap in gap_days
        for part in _estimates(_with_gap(cohort, study, endpoint, gap), days, (level, variance))
    ]
    curves = [part for part in parts if (part.frame["quantity"] == "survival").any()]
    made = stack(*curves, *(part for part in parts if part not in curves))
    # A single day of a curve has a pointwise interval, as any other single number.
    contents = str(parts[0].about["interval"]).removesuffix(", pointwise")
    return made.with_about(interval=contents)


def _with_gap(cohort: Cohort, study: Study, endpoint: str, gap: int) -> FollowUp:
    """Follow with another limit, and name the endpoint after it: what may be shown is its own."""
    changed = study.changed(comparison={"permissible_gap_days": gap})
    followed = weigh(follow(cohort, changed, endpoint=endpoint))
    return replace(followed, endpoint=f"gap_of_{gap}_days")


def _estimates(
    balanced: FollowUp, days: Sequence[float], how: tuple[float, Variance]
) -> Iterator[Estimate]:
    """Yield persistence on some days, and the differences in mean time on treatment."""
    level, variance = how
    curves = estimate_incidence(balanced, level=level, variance=variance)
    yield curves.only(quantity="survival").at(days)
    if len(balanced.arms) > 1:
        gained = estimate_restricted_mean_difference(balanced, level=level, variance=variance)
        yield gained.only(cause="")


def _refuse(study: Study, endpoint: str, gap_days: Sequence[int]) -> None:
    if not isinstance(study.endpoint(endpoint), DiscontinuationEndpoint):
        raise EstimationError(
            f"'{endpoint}' is not the end of treatment, so that its gap cannot be varied here. "
            "Name an endpoint of kind 'discontinuation'."
        )
    if not gap_days or min(gap_days) < 0 or len(set(gap_days)) < len(gap_days):
        raise EstimationError(
            "gap_days are limits in days, none negative and none twice, for example "
            f"[30, 60, 90]; got {list(gap_days)}."
        )
