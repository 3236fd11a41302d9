"""Benefit and harm on one page: response without steroids, infections and stopping, jointly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from azaanalysis.cohort import Cohort
from azaanalysis.design.follow import follow
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.weigh import weigh
from azaanalysis.estimate.compare import refuse_one_arm
from azaanalysis.estimate.contributions import Contributions
from azaanalysis.estimate.course import RESPECTS, Asked, Course, measure_course
from azaanalysis.estimate.reach import normal_reach, reach_of_rows
from azaanalysis.estimate.refusals import refuse_level
from azaanalysis.estimate.resample import USUAL, Resample, Resampling, bootstrap
from azaanalysis.estimate.tally import tally
from azaanalysis.estimate.variance import Chosen, Variance, choose_variance, describe_variance
from azaanalysis.protocol import endpoint_label
from azaanalysis.result import Estimate
from azaanalysis.study import Study

Array = np.ndarray
_DRAWS = 10_000
_METHOD = "weighted means of the same patients in three respects"
_QUANTITIES = ("months_in_response", "events_per_100", "events_per_100")
# More months are better, more infections and stops are worse.
_GOOD = np.array([1.0, -1.0, -1.0])
ALL, NONE = "all_three", "none_of_them"


def estimate_trade_off(
    cohort: Cohort,
    study: Study,
    *,
    endpoint: str = "response",
    level: float = 0.95,
    variance: Variance = "auto",
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate what each arm gives and costs over one horizon, with joint uncertainty.

    Expected months in steroid-free response, serious infections and stops per 100 patients, all
    counted from the first supply and in the same weighted patients; and the difference of each arm
    to the reference.

    Parameters
    ----------
    cohort, study
        Where the patients come from, and the question. The study has the endpoints ``infection``
        (all of them) and ``discontinuation``.
    endpoint
        A finding at visits: ``response``, or ``remission``. Its horizon is that of all three.
    level
        Coverage of each interval.
    variance
        ``robust`` takes weights as known, ``stacked`` contains their estimation, ``bootstrap``
        draws patients within arms and weighs them again, ``auto`` chooses as for curves.
    resampling
        How a bootstrap is done.

    Returns
    -------
    Estimate
        Per arm ``months_in_response`` and twice ``events_per_100``; ``endpoint`` says of what. Per
        arm but the reference their differences, and ``draws_in_favour``: the share of joint draws
        in which the arm was better than the reference in one respect, in ``all_three`` or in
        ``none_of_them``. ``about["joint"]`` holds, for each such arm, the covariance of its three
        differences. ``patients`` and ``events`` are as observed by then.

    Raises
    ------
    StudyError, DesignError, EstimationError
        As in ``follow``, ``weigh``, ``bootstrap``; if an endpoint is of another kind, a table is
        missing, or an arm was not observed until the horizon.

    Notes
    -----
    Each respect has its own strategy (ICH E9(R1), 2019). Response counts on the first treatment
    only: who has stopped is in none (composite). Infections count until death, whatever is taken
    (treatment policy), so that stopping early does not look like protection. Stopping is an event,
    with death competing. Months are the area under the weighted share of those observed on each
    day; a state lasts from one visit to the next. Infections: Ghosh and Lin (2000), Biometrics
    56:554-562. Stops: Aalen and Johansen.

    What each patient does to all numbers is known (their influence), so that the numbers have one
    joint covariance, with the estimation of the weights in it (Stefanski and Boos (2002), Am Stat
    56:29-38). Joint draws come from the normal distribution with this covariance, or are the
    resamples. A share of draws says how often other patients of the same kind would turn the order;
    it is no chance that a drug is better, for it knows no prior and no bias.
    """
    refuse_level(level)
    followed = weigh(follow(cohort, study, endpoint="discontinuation"))
    refuse_one_arm(followed.arms)
    chosen = choose_variance(followed, tally(followed), variance)
    horizon = float(study.horizon_of(endpoint))
    asked = Asked(endpoint, "infection", "discontinuation", horizon)
    course = measure_course(cohort, study, followed, asked)
    joint = _joint(course, followed, chosen, resampling)
    reach = normal_reach(level)
    if chosen != "bootstrap":
        reach = reach_of_rows(followed, chosen, level)
    reference = course.arms.index(followed.reference)
    others = [place for place in range(len(course.arms)) if place != reference]
    rows = list(_rows_of_arms(course, joint, reach))
    for place in others:
        rows += _rows_of_gap(course, (place, reference), joint, reach)
    spread = {course.arms[p]: np.cov(joint.gap(p, reference), rowvar=False) for p in others}
    about: dict[str, Any] = {
        **{key: entry for key, entry in followed.about.items() if key != "estimand"},
        **describe_variance(tally(followed), chosen),
        **_named(study, asked),
        "endpoint_label": "",
        "horizon_days": horizon,
        "level": level,
        "method": _METHOD,
        "joint": {arm: covariance.tolist() for arm, covariance in spread.items()},
    }
    return Estimate.from_rows(rows, about=about)


def _named(study: Study, asked: Asked) -> dict[str, str]:
    """Return what the finding and the infections are called, in the plural."""
    settings = study.endpoint(asked.response)
    label = endpoint_label(study.endpoint(asked.infection), asked.infection).removesuffix("s")
    return {"finding": getattr(settings, "finding", asked.response), "infection": f"{label}s"}


@dataclass(frozen=True, eq=False)
class _Joint:
    """The numbers of all arms, their standard errors, and draws of all of them together.

    ``value`` and ``spread`` have shape (arms, 3), ``drawn`` (draws, arms, 3).
    """

    value: Array
    covariance: Array
    drawn: Array

    @property
    def spread(self) -> Array:
        """Standard errors of the numbers of the arms."""
        errors: Array = np.sqrt(np.einsum("aiai->ai", self.covariance))
        return errors

    def gap(self, place: int, reference: int) -> Array:
        """Return the draws of the differences of an arm."""
        gaps: Array = self.drawn[:, place] - self.drawn[:, reference]
        return gaps

    def spread_of_gap(self, place: int, reference: int) -> Array:
        """Return the standard errors of the differences of an arm."""
        pick = np.zeros(len(self.value))
        pick[place], pick[reference] = 1.0, -1.0
        errors: Array = np.sqrt(np.einsum("a,aibi,b->i", pick, self.covariance, pick))
        return errors


def _joint(course: Course, followed: FollowUp, chosen: Chosen, resampling: Resampling) -> _Joint:
    """Return the numbers with their joint covariance, and draws from it."""
    weight = followed.frame["weight"].to_numpy(dtype=float)
    value = course.numbers(weight)
    if chosen == "bootstrap":

        def statistic(resample: Resample) -> Array:
            return course.numbers(resample.copies * resample.weight)

        drawn = bootstrap(followed, statistic, resampling=resampling)
        drawn = drawn[~np.isnan(drawn).any(axis=(1, 2))]
        covariance = np.cov(drawn.reshape(len(drawn), -1), rowvar=False)
    else:
        given = Contributions.of(followed, is_stacked=chosen == "stacked")
        covariance = given.covariance(course.influence(weight).reshape(len(weight), -1))
        generator = np.random.default_rng(resampling.seed)
        drawn = generator.multivariate_normal(value.ravel(), covariance, _DRAWS, method="eigh")
        drawn = drawn.reshape(_DRAWS, *value.shape)
    return _Joint(value, covariance.reshape(*value.shape, *value.shape), drawn)


def _rows_of_arms(course: Course, joint: _Joint, reach: float) -> Iterator[dict[str, Any]]:
    for i, (respect, quantity) in enumerate(zip(RESPECTS, _QUANTITIES, strict=True)):
        for place, arm in enumerate(course.arms):
            limits = _limits(joint.value[place, i], joint.spread[place, i], reach)
            named = {"endpoint": respect, "arm": arm, "quantity": quantity}
            lower = max(limits["lower"], 0.0)
            yield {**named, **limits, **_counts(course, [place], i), "lower": lower}


def _rows_of_gap(
    course: Course, places: tuple[int, int], joint: _Joint, reach: float
) -> Iterator[dict[str, Any]]:
    """Yield the three differences of an arm, and how the draws stand to them."""
    arm, versus = (course.arms[place] for place in places)
    named = {"arm": arm, "versus": versus}
    gap, spread = joint.value[places[0]] - joint.value[places[1]], joint.spread_of_gap(*places)
    is_better = joint.gap(*places) * _GOOD > 0
    for i, (respect, quantity) in enumerate(zip(RESPECTS, _QUANTITIES, strict=True)):
        shared = {**named, "endpoint": respect, **_counts(course, places, i)}
        yield {**shared, "quantity": f"{quantity}_difference", **_limits(gap[i], spread[i], reach)}
        yield {**shared, "quantity": "draws_in_favour", "value": is_better[:, i].mean()}
    for word, share in ((ALL, is_better.all(axis=1)), (NONE, (~is_better).all(axis=1))):
        fewest = min((_counts(course, places, i) for i in range(3)), key=lambda c: c["events"])
        told = {"quantity": "draws_in_favour", "value": share.mean()}
        yield {**named, "endpoint": word, **told, **fewest}


def _limits(value: float, spread: float, reach: float) -> dict[str, float]:
    limits = {"value": value, "lower": value - reach * spread, "upper": value + reach * spread}
    return {**limits, "std_error": spread}


def _counts(course: Course, places: Sequence[int], respect: int) -> dict[str, float]:
    """Count patients, and those ever in response, infections or stops, as observed."""
    here = np.isin(course.arm, places)
    seen = course.by_patient[here, respect]
    events = (seen > 0).sum() if respect == 0 else seen.sum()
    return {"patients": int(here.sum()), "events": int(events), "at_days": course.horizon_days}
