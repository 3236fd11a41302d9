"""Generalised estimating equations: averages over patients with several rows each."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from scipy.special import ndtri

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.refusals import needs_rows, refuse_level, refuse_word
from azaanalysis.estimate.regression import CountRows
from azaanalysis.result import Estimate

Response = Literal["count", "any"]
Correlation = Literal["independence", "exchangeable"]


def estimate_gee(
    follow_up: FollowUp,
    *,
    response: Response = "count",
    correlation: Correlation = "exchangeable",
    covariates: Sequence[str] = (),
    level: float = 0.95,
) -> Estimate:
    """Estimate ratios averaged over patients who are seen in several rows.

    Parameters
    ----------
    follow_up
        Several rows per patient (visits, periods), with the same ``patient_id``; not weighted. Uses
        ``n_events``, the days under observation and the covariates.
    response
        ``count``: events by time at risk (Poisson, logarithmic link). ``any``: whether a row has
        an event (binomial, logistic link), time aside.
    correlation
        How rows of a patient are taken to go together when they are put together:
        ``independence`` or ``exchangeable``. The interval holds either way.
    covariates
        Further columns, as in ``estimate_cox``; they may change from row to row.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        One row ``rate_ratio`` (or ``odds_ratio``) for each coefficient. ``std_error`` is that of
        the log ratio. ``about`` holds ``intercept``.

    Raises
    ------
    EstimationError
        If the follow-up is weighted, events happened in no time, or a setting means nothing.
    DesignError
        If a covariate is absent, or there is nothing to estimate.

    Notes
    -----
    By statsmodels; robust (sandwich) errors by patient without correction. Source: Liang and Zeger
    (1986), Biometrika 73:13-22. With fewer than about 40 patients the interval is too narrow.
    """
    refuse_level(level)
    _refuse(follow_up, response, correlation)
    model = CountRows.of(follow_up, covariates)
    coefficients, errors = _solve(model, response, correlation)
    reach = float(ndtri((1 + level) / 2))
    rows = []
    for place, coefficient in enumerate(model.terms.coefficients, start=1):
        step = model.terms.spread[place - 1]
        log_ratio, error = coefficients[place] / step, errors[place] / step
        limits = np.exp([log_ratio, log_ratio - reach * error, log_ratio + reach * error])
        named = {"arm": coefficient.name, "versus": coefficient.versus, "unit": coefficient.unit}
        numbers = dict(zip(("value", "lower", "upper"), limits.tolist(), strict=True))
        rows.append({**model.observed(), **named, **numbers, "std_error": error})
    about = {
        **follow_up.about,
        "method": f"generalised estimating equations, {correlation} correlation",
        "level": level,
        "variance": "robust",
        "interval": "sampling of patients, whatever ties their rows together",
        "intercept": model.intercept(coefficients),
        "notes": (*follow_up.about.get("notes", ()), *model.notes),
    }
    quantity = "rate_ratio" if response == "count" else "odds_ratio"
    return Estimate.from_rows([{**row, "quantity": quantity} for row in rows], about=about)


def _refuse(follow_up: FollowUp, response: str, correlation: str) -> None:
    refuse_word("response", response, get_args(Response))
    refuse_word("correlation", correlation, get_args(Correlation))
    needs_rows(follow_up)
    if follow_up.is_weighted:
        raise EstimationError(
            "These equations take every patient as one, but the follow-up is weighted. Use "
            "estimate_poisson, whose robust errors take rows of a patient together."
        )


def _solve(model: CountRows, response: str, correlation: str) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients and robust errors."""
    import statsmodels.api as sm

    structures = sm.cov_struct.Independence, sm.cov_struct.Exchangeable
    is_count, counts = response == "count", model.counts
    fitted = sm.GEE(
        counts.events if is_count else (counts.events > 0).astype(float),
        counts.design,
        groups=model.follow_up.frame["patient_id"].to_numpy()[model.rows],
        family=sm.families.Poisson() if is_count else sm.families.Binomial(),
        cov_struct=structures[correlation == "exchangeable"](),
        offset=np.log(counts.years) if is_count else None,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: Any = fitted.fit(maxiter=500, ctol=1e-12)
    if not (found.converged and np.isfinite(found.bse).all()):
        raise EstimationError(
            "The estimating equations do not settle. Try correlation='independence', or fewer "
            "covariates."
        )
    return np.asarray(found.params), np.asarray(found.bse)
