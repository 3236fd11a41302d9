"""Accelerated failure time: how much longer an arm takes, with a shape assumed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from scipy.special import ndtri

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.contributions import Contributions
from azaanalysis.estimate.interval import visit_bounds
from azaanalysis.estimate.location_scale import LocationScale, LocationScaleFit, Times
from azaanalysis.estimate.partial_likelihood import RUN_AWAY
from azaanalysis.estimate.refusals import needs_rows, refuse_level, refuse_word, sound_days
from azaanalysis.estimate.regression_errors import RegressionVariance, choose_for_regression
from azaanalysis.estimate.terms import Terms, complete_rows, make_terms, model_columns
from azaanalysis.estimate.time_shapes import Distribution
from azaanalysis.result import Estimate
from azaanalysis.vocab import DAYS_PER_YEAR

Array = np.ndarray


def estimate_parametric(  # noqa: PLR0913 - what is known of times, beside what a model asks for
    follow_up: FollowUp,
    *,
    distribution: Distribution = "weibull",
    covariates: Sequence[str] = (),
    seen_at_visits: bool = False,
    at_days: Sequence[float] = (),
    level: float = 0.95,
    variance: RegressionVariance = "auto",
) -> Estimate:
    """Estimate by what factor times are longer in each arm than in the reference.

    Parameters
    ----------
    follow_up
        One row per patient. Other causes than the endpoint's own count as censoring.
    distribution
        Of the times: ``weibull``, ``exponential``, ``lognormal`` or ``loglogistic``.
    covariates
        Further columns, as in ``estimate_cox``.
    seen_at_visits
        Whether an event is known only to have happened after ``last_absent_days``, up to and on
        ``exit_days``; otherwise on ``exit_days``.
    at_days
        Days for which the risk of each arm is given too, averaged over the covariates of all
        patients.
    level
        Coverage of the interval, between 0 and 1.
    variance
        ``model``, ``robust`` (weights known, rows of a patient together) or ``stacked``.

    Returns
    -------
    Estimate
        For each arm and covariate one row ``time_ratio`` (above 1: later); for ``weibull`` and
        ``exponential`` one row ``hazard_ratio`` too. Then ``risk`` by arm and day.
        ``std_error`` is that of the log ratio. ``about`` holds ``intercept``, ``scale``,
        ``log_likelihood`` and ``aic`` as R's ``survreg`` gives them.

    Raises
    ------
    EstimationError
        If an event happened on day 0, there is no event, the model has no maximum, or a setting
        means nothing.
    DesignError
        If a covariate is absent.

    Notes
    -----
    log T = location + scale * error, fitted by Newton's method. Intervals are open on the left and
    closed on the right. Source: Kalbfleisch and Prentice (2002), The Statistical Analysis of
    Failure Time Data, chapter 3. The shape is an assumption: compare with the curve. Rows with
    a missing covariate are left out, with a note.
    """
    _refuse_words(distribution, at_days)
    refuse_level(level)
    fitted = _Fitted.of(follow_up, distribution, covariates, seen_at_visits)
    chosen = choose_for_regression(follow_up, variance)
    covariance = fitted.covariance(chosen)
    reach = float(ndtri((1 + level) / 2))
    rows = [*_ratios(fitted, covariance, reach), *_risks(fitted, covariance, at_days, reach)]
    about = {
        **follow_up.about,
        "method": f"{distribution} model of times" + (", seen at visits" if seen_at_visits else ""),
        "level": level,
        "variance": chosen.word,
        "interval": chosen.contents,
        **fitted.as_in_r(),
        "notes": (*follow_up.about.get("notes", ()), *fitted.notes),
    }
    named = {"endpoint": follow_up.endpoint}
    counted = [{**named, **_observed(fitted, row), **row} for row in rows]
    return Estimate.from_rows(counted, about=about)


def _refuse_words(distribution: str, at_days: Sequence[float]) -> None:
    refuse_word("distribution", distribution, get_args(Distribution))
    # Without days there are ratios only.
    if at_days != () and not (sound_days(at_days) > 0).all():
        raise EstimationError(f"at_days must be above 0, for example [182, 365]; got {at_days}.")


@dataclass(frozen=True, eq=False)
class _Fitted:
    """A model with the rows and terms it was fitted to."""

    follow_up: FollowUp
    rows: Array
    terms: Terms
    fit: LocationScaleFit
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        follow_up: FollowUp,
        distribution: Distribution,
        covariates: Sequence[str],
        seen_at_visits: bool,
    ) -> _Fitted:
        """Take the rows that have all values, and fit."""
        needs_rows(follow_up)
        is_alone = len(follow_up.arms) == 1 and not covariates
        columns = [] if is_alone else model_columns(follow_up, covariates, ())
        weight = follow_up.frame["weight"].to_numpy(dtype=float)
        # Without a column nothing can be missing.
        complete, notes = complete_rows(follow_up, columns or ["arm"])
        rows = np.flatnonzero(complete & (weight > 0))
        terms = make_terms(follow_up, columns, rows)
        times = _times(follow_up, seen_at_visits, rows)
        design = np.column_stack([np.ones(len(rows)), terms.design.T])
        model = LocationScale(times, design, weight[rows], distribution)
        fitted = cls(follow_up, rows, terms, model.fit(), notes)
        fitted.refuse_run_away()
        return fitted

    def refuse_run_away(self) -> None:
        """Refuse ratios that grow for ever."""
        coefficients = self.terms.coefficients
        is_number = np.array([bool(coefficient.unit) for coefficient in coefficients], dtype=bool)
        steps = np.where(is_number, 1.0, self.terms.spread)
        far = np.abs(self.fit.theta[1:-1] / steps) > RUN_AWAY
        if far.any():
            names = [c.name for c, is_far in zip(coefficients, far, strict=True) if is_far]
            raise EstimationError(
                f"The likelihood grows for ever with the ratio of {', '.join(names)}, as when one "
                "of the groups has no event. Leave it out."
            )

    def covariance(self, chosen: Any) -> Array:
        """Return the covariance of intercept (at the mean), coefficients and log scale."""
        if chosen.word == "model":
            return self.fit.model_covariance
        influence = np.zeros((len(self.follow_up.frame), self.fit.influence.shape[1]))
        influence[self.rows] = self.fit.influence
        given = Contributions.of(self.follow_up, is_stacked=chosen.word == "stacked")
        return given.covariance(influence)

    def as_in_r(self) -> dict[str, float]:
        """Return intercept, scale and likelihood on the scale of the covariates."""
        theta, likelihood = self.fit.theta, self.fit.log_likelihood
        shift = self.terms.mean / self.terms.spread
        return {
            "intercept": float(theta[0] - theta[1:-1] @ shift),
            "scale": self.fit.scale,
            "log_likelihood": likelihood,
            "aic": 2 * len(self.fit.free) - 2 * likelihood,
        }


def _times(follow_up: FollowUp, seen_at_visits: bool, rows: Array) -> Times:
    """Return what is known of each time; refuse times that no model can hold."""
    frame = follow_up.frame
    leave = frame["exit_days"].to_numpy(dtype=float)
    is_own = frame["status"].between(1, follow_up.n_own).to_numpy()
    if seen_at_visits:
        left, right = visit_bounds(follow_up)
    else:
        left, right = leave, np.where(is_own, leave, np.inf)
    at_zero = int((right[rows] == 0).sum())
    if at_zero:
        raise EstimationError(
            f"{at_zero:,} events happened on day 0, where the logarithm of time has no value. "
            "Count days from 1 (first_day), or leave these patients out and say so."
        )
    if not np.isfinite(right[rows]).any():
        raise EstimationError("There is no event, so no model of times can be fitted.")
    return Times(frame["entry_days"].to_numpy(dtype=float)[rows], left[rows], right[rows])


def _ratios(fitted: _Fitted, covariance: Array, reach: float) -> Iterator[dict[str, Any]]:
    """Return time ratios, and hazard ratios where the model has them."""
    fit, spread = fitted.fit, fitted.terms.spread
    own = fitted.follow_up.causes[0] if fitted.follow_up.n_own == 1 else ""
    for place, coefficient in enumerate(fitted.terms.coefficients):
        name = {"arm": coefficient.name, "versus": coefficient.versus, "unit": coefficient.unit}
        slope = np.zeros(len(fit.theta))
        slope[place + 1] = 1 / spread[place]
        log_ratio = float(slope @ fit.theta)
        yield {
            **name,
            "cause": own,
            "quantity": "time_ratio",
            **_ratio(log_ratio, slope, covariance, reach),
        }
        if fit.model.distribution in ("weibull", "exponential"):
            by_hazard = -slope / fit.scale
            by_hazard[-1] = log_ratio / fit.scale
            row = _ratio(-log_ratio / fit.scale, by_hazard, covariance, reach)
            yield {**name, "cause": own, "quantity": "hazard_ratio", **row}


def _ratio(log_ratio: float, slope: Array, covariance: Array, reach: float) -> dict[str, float]:
    error = float(np.sqrt(slope @ covariance @ slope))
    limits = np.exp([log_ratio, log_ratio - reach * error, log_ratio + reach * error])
    return dict(zip(("value", "lower", "upper"), limits.tolist(), strict=True)) | {
        "std_error": error
    }


def _risks(
    fitted: _Fitted, covariance: Array, at_days: Sequence[float], reach: float
) -> Iterator[dict[str, Any]]:
    """Return the risk of each arm, averaged over everybody's covariates; log(-log) limits."""
    follow_up, fit = fitted.follow_up, fitted.fit
    own = follow_up.causes[0] if follow_up.n_own == 1 else ""
    for arm in follow_up.arms:
        design = fit.model.design.copy()
        for place, coefficient in enumerate(fitted.terms.coefficients):
            if coefficient.term == "arm":
                is_it = float(coefficient.name == arm)
                centred = (is_it - fitted.terms.mean[place]) / fitted.terms.spread[place]
                design[:, place + 1] = centred
        for day in at_days:
            risks, slopes = fit.risk(day, design)
            risk = float(np.average(risks, weights=fit.model.weight))
            slope = np.average(slopes, axis=0, weights=fit.model.weight)
            error = float(np.sqrt(slope @ covariance @ slope))
            inside = risk < 1
            factor = np.exp(reach * error / abs((1 - risk) * np.log1p(-risk))) if inside else np.nan
            yield {
                "arm": arm,
                "cause": own,
                "quantity": "risk",
                "at_days": day,
                "value": risk,
                "lower": 1 - (1 - risk) ** (1 / factor),
                "upper": 1 - (1 - risk) ** factor,
                "std_error": error,
            }


def _observed(fitted: _Fitted, row: dict[str, Any]) -> dict[str, float]:
    """Count those whom a row is about: one arm, two arms that are compared, or everybody."""
    frame = fitted.follow_up.frame.iloc[fitted.rows]
    about = {row.get("arm"), row.get("versus")} & set(fitted.follow_up.arms)
    if about:
        frame = frame[frame["arm"].isin(about)]
    return {
        "patients": frame["patient_id"].nunique(),
        "events": int(frame["status"].between(1, fitted.follow_up.n_own).sum()),
        "patient_years": (frame["exit_days"] - frame["entry_days"]).sum() / DAYS_PER_YEAR,
    }
