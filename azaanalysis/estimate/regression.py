"""Regression of counts: rate ratios adjusted for covariates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from scipy.special import ndtri

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.contributions import Contributions
from azaanalysis.estimate.count_model import Correction, CountFit, Counts
from azaanalysis.estimate.person_time import PersonTime
from azaanalysis.estimate.refusals import refuse_level, refuse_word
from azaanalysis.estimate.regression_errors import (
    ChosenErrors,
    RegressionVariance,
    choose_for_regression,
)
from azaanalysis.estimate.terms import Terms, complete_rows, make_terms, model_columns
from azaanalysis.result import Estimate


def estimate_poisson(
    follow_up: FollowUp,
    *,
    covariates: Sequence[str] = (),
    level: float = 0.95,
    variance: RegressionVariance = "auto",
    correction: Correction = "HC0",
) -> Estimate:
    """Estimate rate ratios adjusted for covariates, by Poisson regression.

    Parameters
    ----------
    follow_up
        One row per patient, or several. Uses ``n_events`` and the days under observation (their
        logarithm is the offset).
    covariates
        Further columns, as in ``estimate_cox``.
    level
        Coverage of the interval, between 0 and 1.
    variance
        ``model``: counts are Poisson. ``robust``: whatever their spread, rows of a patient taken
        together. ``stacked``: contains the estimation of the weights too. ``auto``: stacked where
        weights come from a model, else robust.
    correction
        For few rows, of robust errors: ``HC0`` none, ``HC1`` factor n / (n - p) (with clusters G /
        (G - 1) * (n - 1) / (n - p)), ``HC3`` each row divided by one less its leverage.

    Returns
    -------
    Estimate
        One row ``rate_ratio`` for each coefficient, named as in ``estimate_cox``. ``std_error`` is
        that of the log ratio. ``about`` holds ``intercept`` (log rate per patient-year),
        ``log_likelihood`` and ``aic``.

    Raises
    ------
    EstimationError
        If events happened in no time, a group has no event, or a setting means nothing.
    DesignError
        If a covariate is absent, or there is nothing to estimate.

    Notes
    -----
    Fitted by statsmodels. Source: White (1982), Econometrica 50:1-25 (robust errors); Zou (2004),
    Am J Epidemiol 159:702-706. Ratios hold among patients alike in the covariates.
    """
    plan = _Plan(level, variance, correction)
    return _estimate(follow_up, covariates, plan, is_spread=False)


def estimate_negative_binomial(
    follow_up: FollowUp,
    *,
    covariates: Sequence[str] = (),
    level: float = 0.95,
    variance: RegressionVariance = "auto",
    correction: Correction = "HC0",
) -> Estimate:
    """Estimate rate ratios adjusted for covariates where counts vary more than Poisson counts.

    Parameters
    ----------
    follow_up, covariates, level, correction
        As in ``estimate_poisson``.
    variance
        As in ``estimate_poisson``, but ``auto`` is ``model`` where nobody is weighted and patients
        have one row each: the spread is in the model.

    Returns
    -------
    Estimate
        As of ``estimate_poisson``. ``about`` holds ``spread`` too: the variance of a count is mean
        plus spread * mean^2, and a spread of zero means that counts vary no more than Poisson.

    Raises
    ------
    EstimationError, DesignError
        As in ``estimate_poisson``, and if the spread has no finite estimate.

    Notes
    -----
    NB2 by maximum likelihood. Errors take the spread as known and use the expected information, as
    MASS::glm.nb does in R; statsmodels' own differ by some percent, because it uses the observed
    information of all parameters. Source: Lawless (1987), Can J Stat 15:209-225.
    """
    plan = _Plan(level, variance, correction)
    return _estimate(follow_up, covariates, plan, is_spread=True)


@dataclass(frozen=True)
class _Plan:
    """The wishes of the caller, kept together."""

    level: float
    variance: RegressionVariance
    correction: Correction


def _estimate(
    follow_up: FollowUp, covariates: Sequence[str], plan: _Plan, *, is_spread: bool
) -> Estimate:
    refuse_level(plan.level)
    refuse_word("correction", plan.correction, get_args(Correction))
    model = CountRows.of(follow_up, covariates)
    fit = model.counts.fit_spread() if is_spread else model.counts.fit()
    usual = "model" if is_spread else "robust"
    chosen = choose_for_regression(follow_up, plan.variance, usual=usual)
    covariance = _covariance(model, fit, chosen, plan.correction)
    reach = float(ndtri((1 + plan.level) / 2))
    rows = [{**model.observed(), **row} for row in _ratios(model, fit, covariance, reach)]
    n_parameters = len(fit.coefficients) + is_spread
    about = {
        **follow_up.about,
        "method": "negative binomial regression (NB2)" if is_spread else "Poisson regression",
        "level": plan.level,
        "variance": chosen.word,
        "interval": chosen.contents,
        "intercept": model.intercept(fit.coefficients),
        "log_likelihood": fit.log_likelihood,
        "aic": 2 * n_parameters - 2 * fit.log_likelihood,
        "notes": (*follow_up.about.get("notes", ()), *model.notes),
    }
    return Estimate.from_rows(rows, about=about | ({"spread": fit.spread} if is_spread else {}))


@dataclass(frozen=True, eq=False)
class CountRows:
    """The rows of a follow-up that have time and all values, ready for a model of counts."""

    follow_up: FollowUp
    rows: Array
    terms: Terms
    counts: Counts
    notes: tuple[str, ...]

    @classmethod
    def of(cls, follow_up: FollowUp, covariates: Sequence[str]) -> CountRows:
        """Take the rows; refuse events in no time.

        Raises
        ------
        EstimationError
            If events happened in rows without time, or there is no event.
        """
        time = PersonTime.of(follow_up)
        timeless = (time.years == 0) & (time.events > 0)
        if timeless.any():
            raise EstimationError(
                f"{int(timeless.sum()):,} rows have events but no time at risk, so they have no "
                "rate. Count days from 1 (first_day), or leave these rows out and say so."
            )
        columns = model_columns(follow_up, covariates, ())
        complete, notes = complete_rows(follow_up, columns)
        rows = np.flatnonzero(complete & (time.years > 0) & (time.weight > 0))
        if not time.events[rows].sum() > 0:
            raise EstimationError("There is no event, so no rates can be compared.")
        terms = make_terms(follow_up, columns, rows)
        design = np.column_stack([np.ones(len(rows)), terms.design.T])
        counts = Counts(time.events[rows], time.years[rows], design, time.weight[rows])
        made = cls(follow_up, rows, terms, counts, notes)
        made.refuse_empty_groups()
        return made

    def refuse_empty_groups(self) -> None:
        """Refuse a level, or its complement, without any event: its ratio is zero or infinite."""
        events = self.counts.events > 0
        for coefficient, line in zip(self.terms.coefficients, self.terms.design, strict=True):
            if not coefficient.unit and np.ptp(line[events]) == 0:
                raise EstimationError(
                    f"'{coefficient.name}' or what it is compared with has no event, so that there "
                    "is no finite ratio. Leave it out, or put levels together."
                )

    def everybody(self, influence: Array) -> Array:
        """Return influences for all rows of the follow-up; those left out do nothing."""
        spread_out = np.zeros((len(self.follow_up.frame), influence.shape[1]))
        spread_out[self.rows] = influence
        return spread_out

    def intercept(self, coefficients: Array) -> float:
        """Return the intercept on the scale of the covariates."""
        return float(coefficients[0] - coefficients[1:] @ (self.terms.mean / self.terms.spread))

    def observed(self) -> dict[str, Any]:
        """Return what was observed in these rows, before weighting, and how they are named."""
        cause = self.follow_up.causes[0] if self.follow_up.n_own == 1 else ""
        return {
            "endpoint": self.follow_up.endpoint,
            "cause": cause,
            "patients": self.follow_up.frame["patient_id"].iloc[self.rows].nunique(),
            "events": self.counts.events.sum(),
            "patient_years": self.counts.years.sum(),
        }


def _covariance(
    model: CountRows, fit: CountFit, chosen: ChosenErrors, correction: Correction
) -> Array:
    """Return the covariance of the coefficients."""
    if chosen.word == "model":
        return fit.model_covariance
    influence, factor = fit.influence, 1.0
    n, p = influence.shape
    clusters = model.follow_up.clusters
    if correction == "HC3":
        influence = influence / (1 - fit.leverage)[:, None]
    if correction == "HC1":
        groups = n if clusters is None else len(np.unique(np.asarray(clusters)[model.rows]))
        factor = groups / (groups - 1) * (n - 1) / (n - p)
    given = Contributions.of(model.follow_up, is_stacked=chosen.word == "stacked")
    return factor * given.covariance(model.everybody(influence))


def _ratios(
    model: CountRows, fit: CountFit, covariance: Array, reach: float
) -> Iterator[dict[str, Any]]:
    for place, coefficient in enumerate(model.terms.coefficients, start=1):
        step = model.terms.spread[place - 1]
        log_ratio = fit.coefficients[place] / step
        error = float(np.sqrt(covariance[place, place])) / step
        low, high = np.exp([log_ratio - reach * error, log_ratio + reach * error])
        yield {
            "arm": coefficient.name,
            "versus": coefficient.versus,
            "unit": coefficient.unit,
            "quantity": "rate_ratio",
            "value": float(np.exp(log_ratio)),
            "lower": float(low),
            "upper": float(high),
            "std_error": error,
        }
