"""An outcome that no drug changes, compared between the arms all the same."""

from __future__ import annotations

from azaanalysis.cohort import Cohort
from azaanalysis.design.follow import follow
from azaanalysis.design.together import follow_together
from azaanalysis.design.weigh import weigh
from azaanalysis.estimate.rate_contrasts import estimate_rate_ratio
from azaanalysis.result import Estimate, stack
from azaanalysis.study import Study

NAME = "negative_control"
_WHY_NOT = (
    "The study names no negative control. To have one, add an endpoint called 'negative_control': "
    "an outcome that no drug of the study is thought to change, such as injuries."
)


def estimate_negative_control(
    cohort: Cohort, study: Study, *, endpoint: str = NAME, level: float = 0.95
) -> Estimate:
    """Estimate the rate ratios of an outcome that should not differ between the arms.

    Parameters
    ----------
    cohort, study
        As in ``follow``.
    endpoint
        Name of the endpoint; of one that counts all events the rate of all of them is compared.
    level
        Coverage of each interval, between 0 and 1.

    Returns
    -------
    Estimate
        ``rate_ratio`` of each arm against the reference, first ``as observed``, then, if the study
        weighs, ``as weighted`` (column ``endpoint``). Without such an endpoint there are no
        rows, and ``about["reason"]`` says what to add to the study file.

    Raises
    ------
    DesignError, EstimationError
        As in ``follow``, ``weigh`` and ``estimate_rate_ratio``.

    Notes
    -----
    A ratio away from 1 shows that the arms differ in something else than the drugs. One at 1 shows
    only that causes which the outcome shares with the main one are balanced. Source: Lipsitch,
    Tchetgen Tchetgen and Cohen (2010), Epidemiology 21:383-388.
    """
    if endpoint not in study.endpoints:
        return Estimate.from_rows([], about={"reason": _WHY_NOT, "smallest_count": 1})
    followed = follow_together(follow(cohort, study, endpoint=endpoint))
    asked = {"as observed": followed}
    if study.weighting is not None:
        asked["as weighted"] = weigh(followed)
    parts = []
    for name, follow_up in asked.items():
        found = estimate_rate_ratio(follow_up, level=level).only(quantity="rate_ratio")
        parts.append(found.named(name))
    contains = {"label": parts[0].about.get("endpoint_label", endpoint), "reason": ""}
    # Rows as observed are never blocked: they are there to be doubted.
    blocked = parts[-1].about.get("blocked", ())
    return stack(*parts).with_about(**contains, blocked=blocked, level=level)
