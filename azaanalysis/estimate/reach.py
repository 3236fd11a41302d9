"""How many standard errors an interval reaches to each side."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri, stdtrit

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.estimate.tally import RiskTable


def normal_reach(level: float) -> float:
    """Return how many standard errors an interval reaches to each side."""
    return float(ndtri((1 + level) / 2))


def small_sample_reach(
    level: float,
    *,
    patients: float,
    coefficients: int,
    effective_size: float,
    pulling: float | None = None,
) -> float:
    """Return the reach of an interval whose weights were estimated.

    Parameters
    ----------
    level
        Coverage of the interval, between 0 and 1.
    patients
        Number of independent patients n.
    coefficients
        Number p of coefficients of the model of the weights that widen the interval
        (``Weighting.widening_coefficients``).
    effective_size
        (sum w)^2 / sum w^2 of the smallest arm, m.
    pulling
        The effective number of those who pull a number to themselves; m by default.

    Notes
    -----
    The stacked error is a sum of squares of fitted residuals, so that it is too small: by the
    coefficients that were fitted, sqrt((n - p) / n) as in any regression, and by what each patient
    pulls the own arm to itself, 1 - 1/m (the leverage of HC3; MacKinnon and White (1985), J
    Econom 29:305-325); the logarithm of a rate or a mean count is pulled by those with events
    alone. It is itself uncertain, which Student's t with m - 1 degrees of freedom allows for. All
    three vanish in large samples. With overlap weights, which are bounded, the first made
    intervals too wide (96 to 97 % with four arms of 75) and is left out.
    ``benchmarks/COVERAGE.md`` shows what all cover.
    """
    size = max(effective_size, 2.0)
    fitted = np.sqrt(patients / max(patients - coefficients, 1.0))
    pullers = size if pulling is None else max(pulling, 2.0)
    return float(stdtrit(size - 1, (1 + level) / 2) * fitted * pullers / (pullers - 1))


def reach_of_table(
    table: RiskTable, chosen: str, level: float, *, pulling: float | None = None
) -> float:
    """Return the reach of an interval from a risk table, by the variance that was chosen."""
    if chosen != "stacked" or table.stacking is None:
        return normal_reach(level)
    return small_sample_reach(
        level,
        patients=float(table.counts.patients.sum()),
        coefficients=table.stacking.widening_coefficients,
        effective_size=min(table.effective_sizes().values()),
        pulling=pulling,
    )


def reach_of_rows(
    follow_up: FollowUp | None, chosen: str, level: float, *, pulling: float | None = None
) -> float:
    """Return the reach of an interval from single rows, those of a patient taken as one."""
    weighting = None if follow_up is None else follow_up.weighting
    if chosen != "stacked" or follow_up is None or weighting is None or weighting.score is None:
        return normal_reach(level)
    groups = follow_up.clusters
    first = slice(None) if groups is None else np.unique(groups, return_index=True)[1]
    arm = follow_up.frame["arm"].cat.codes.to_numpy()[first]
    weight = follow_up.frame["weight"].to_numpy(dtype=float)[first]
    squares = np.bincount(arm, weight**2)
    sizes = np.bincount(arm, weight)[squares > 0] ** 2 / squares[squares > 0]
    return small_sample_reach(
        level,
        patients=len(arm),
        coefficients=weighting.widening_coefficients,
        effective_size=float(sizes.min(initial=np.inf)),
        pulling=pulling,
    )
