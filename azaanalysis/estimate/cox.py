"""Cox regression on the days with events, and the test of its one assumption."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.cox_model import CoxFit, CoxModel
from azaanalysis.estimate.hazard import as_ratio
from azaanalysis.estimate.limits import (
    Interval,
    spread_of_draws,
    studentised_reach,
    symmetric_interval,
)
from azaanalysis.estimate.partial_likelihood import Ties
from azaanalysis.estimate.proportional import Test, TimeScale
from azaanalysis.estimate.reach import reach_of_rows
from azaanalysis.estimate.refusals import refuse_level, refuse_word
from azaanalysis.estimate.resample import USUAL, Resample, Resampling, bootstrap
from azaanalysis.estimate.sandwich import describe_for_rows
from azaanalysis.estimate.terms import Coefficient
from azaanalysis.estimate.variance import Variance
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words


def estimate_cox(  # noqa: PLR0913 - a model has more choices than a curve
    follow_up: FollowUp,
    *,
    covariates: Sequence[str] = (),
    strata: Sequence[str] = (),
    ties: Ties = "efron",
    level: float = 0.95,
    variance: Variance = "auto",
    resampling: Resampling = USUAL,
) -> Estimate:
    """Estimate hazard ratios adjusted for covariates, for each own cause.

    Hazards of the cause are multiplied by a factor for each covariate, the same on every day; the
    other causes end a patient's time. The arm is a covariate unless there is only one, or it is
    among the strata.

    Parameters
    ----------
    follow_up
        One row per patient, or several with days of entry and exit whose covariates differ; the
        rows of one patient (``patient_id``) are then taken together.
    covariates
        Further columns of the follow-up. A number is taken as it is, words or a categorical level
        by level against the first.
    strata
        Columns; each combination of their values has a baseline hazard of its own.
    ties
        ``efron`` (as R) or ``breslow`` (as SAS).
    level
        Coverage of the interval, between 0 and 1.
    variance
        ``robust`` takes weights as known and rows of one patient or matched set together,
        ``stacked`` contains that weights were estimated, ``bootstrap`` draws patients and
        estimates the weights again; ``auto`` chooses, and takes the error of the model if
        everybody counts as one and has one row.
    resampling
        How a bootstrap is done: resamples, seed, progress.

    Returns
    -------
    Estimate
        For each own cause one row ``hazard_ratio`` for each coefficient: ``arm`` names it (an arm;
        a number; or column and level, as in ``sex: male``) and ``versus`` the level compared
        with (empty for a number, whose ``unit`` says what one step is). Then one row
        ``proportional_hazards_p`` for each term and one, ``all terms``, for all of them.
        ``std_error`` is that of the log ratio. ``patients``, ``events`` and
        ``patient_years`` are of all rows in the model, before weighting.

    Raises
    ------
    EstimationError
        If ``level`` is not a proportion, covariates cannot be told apart, a value is infinite, or
        the variance asked for cannot be had.
    DesignError
        If a column is absent, or there is nothing to estimate.

    Notes
    -----
    Source: Cox (1972), J R Stat Soc B 34:187-220; Efron (1977), J Am Stat Assoc 72:557-565;
    Andersen and Gill (1982), Ann Stat 10:1100-1120 for several rows; Lin and Wei (1989), J Am
    Stat Assoc 84:1074-1078 for robust errors. Assumes hazards in proportion, which the test
    beside it questions, and covariates that tell all about why patients were treated
    differently before a ratio may be called an effect; it holds among patients alike in the
    covariates, not in the population. Rows with a missing covariate are left out, with a note.
    """
    refuse_level(level)
    model = CoxModel.of(follow_up, covariates, strata, ties=ties, variance=variance)
    rows: list[dict[str, Any]] = []
    notes = list(model.notes)
    for number, cause in enumerate(follow_up.own_causes, 1):
        fitted = model.fit(number)
        named = {"endpoint": follow_up.endpoint, "cause": cause, **model.observed(number)}
        interval = interval_of_fit(fitted, number, level, resampling)
        rows += [{**named, **row} for row in ratios_of_fit(fitted, interval)]
        rows += [{**named, **row} for row in _p_values(fitted.proportional("km"))]
        notes += [_no_ratio(cause, coefficient) for coefficient in fitted.run_away]
    about = {
        **follow_up.about,
        "method": _method(ties, strata),
        "level": level,
        "interval": describe_for_rows(follow_up, model.variance),
        "variance": model.variance,
        "notes": (*follow_up.about.get("notes", ()), *notes),
    }
    return Estimate.from_rows(rows, about=about)


def interval_of_fit(fitted: CoxFit, number: int, level: float, resampling: Resampling) -> Interval:
    """Return log ratios with limits; from a bootstrap studentised, as those of risks."""
    model, numbers = fitted.model, fitted.numbers
    if model.variance != "bootstrap":
        steps = reach_of_rows(model.follow_up, model.variance, level)
        return symmetric_interval(numbers, level, steps=steps)

    def in_resample(resample: Resample) -> Array:
        drawn = model.fit(number, resample=resample).numbers
        return np.stack([drawn.value, drawn.std_error])

    known = replace(fitted, copies=np.ones(len(model.rows))).numbers
    drawn = bootstrap(model.follow_up, in_resample, resampling=resampling)
    both = np.stack([known.value, known.std_error])
    reach = studentised_reach(both, drawn, level) * known.std_error
    spread = spread_of_draws(drawn[:, 0])
    return Interval(known.value, spread, known.value - reach, known.value + reach)


def estimate_proportional_hazards(
    follow_up: FollowUp,
    *,
    covariates: Sequence[str] = (),
    strata: Sequence[str] = (),
    ties: Ties = "efron",
    transform: TimeScale = "km",
) -> Estimate:
    """Test whether the hazard ratios of a Cox model stay the same over time.

    Parameters
    ----------
    follow_up, covariates, strata, ties
        As in ``estimate_cox``.
    transform
        The function of time with which a ratio might change: ``km`` (one minus the Kaplan-Meier
        curve), ``rank``, ``identity`` or ``log``. Late changes show best with ``identity``.

    Returns
    -------
    Estimate
        For each own cause and each term (``arm`` names it, the last is ``all terms``) one row
        ``proportional_hazards`` (chi-square; ``unit`` gives the degrees of freedom) and one row
        ``proportional_hazards_p``.

    Raises
    ------
    DesignError, EstimationError
        As ``estimate_cox``.

    Notes
    -----
    The score test of R's ``cox.zph`` since survival 3.0; robust if the follow-up is weighted or
    clustered. Source: Grambsch and Therneau (1994), Biometrika 81:515-526. A large p value says
    that no change was seen, not that there is none; draw the curves too.
    """
    refuse_word("transform", transform, get_args(TimeScale))
    model = CoxModel.of(follow_up, covariates, strata, ties=ties)
    rows = []
    for number, cause in enumerate(follow_up.own_causes, 1):
        tests = model.fit(number).proportional(transform)
        named = {"endpoint": follow_up.endpoint, "cause": cause, **model.observed(number)}
        for term, test in tests.items():
            row = {**named, "arm": term, "unit": f"{test.freedom} df"}
            rows.append({**row, "quantity": "proportional_hazards", "value": test.statistic})
        rows += [{**named, **row} for row in _p_values(tests)]
    about = {
        **follow_up.about,
        "method": f"score test of proportional hazards, time by {transform}",
        "level": None,
        "interval": "none",
        "notes": (*follow_up.about.get("notes", ()), *model.notes),
    }
    return Estimate.from_rows(rows, about=about)


def ratios_of_fit(fitted: CoxFit, interval: Interval) -> Iterator[dict[str, Any]]:
    """Return one row for each coefficient."""
    for place, coefficient in enumerate(fitted.model.terms.coefficients):
        yield {
            "arm": coefficient.name,
            "versus": coefficient.versus,
            "unit": coefficient.unit,
            "quantity": "hazard_ratio",
            **as_ratio(interval, (place,)),
        }


def _p_values(tests: Mapping[str, Test]) -> Iterator[dict[str, Any]]:
    for term, test in tests.items():
        yield {"arm": term, "quantity": "proportional_hazards_p", "value": test.p}


def _method(ties: Ties, strata: Sequence[str]) -> str:
    by = f", stratified by {', '.join(map(in_words, strata))}" if strata else ""
    return f"Cox regression, {ties.capitalize()} ties{by}"


def _no_ratio(cause: str, coefficient: Coefficient) -> str:
    against = f" against {in_words(coefficient.versus)}" if coefficient.versus else ""
    return (
        f"No hazard ratio for {in_words(cause)} with {in_words(coefficient.name)}{against}: the "
        "likelihood has its maximum at no finite ratio, as when one of the groups has no event, or "
        "the groups never come together in a stratum."
    )
