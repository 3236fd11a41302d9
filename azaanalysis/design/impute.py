"""Several plausible versions of a follow-up whose covariates have gaps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.model_columns import drop_determined, make_model_columns
from azaanalysis.design.multinomial import fit_multinomial, predict_chances
from azaanalysis.errors import DesignError

Array = np.ndarray

_ROUNDS = 10  # of the chain; source: van Buuren (2018), Flexible Imputation, section 4.5
_DONORS = 5  # patients with the nearest prediction, of whom one lends his value


def impute(follow_up: FollowUp, *, n_imputations: int = 20, seed: int) -> list[FollowUp]:
    """Fill the gaps in the covariates several times, each time as they could have been.

    Parameters
    ----------
    follow_up
        One row per patient, not yet weighted.
    n_imputations
        How many versions; about as many as percent of patients have a gap.
    seed
        Of the random numbers; the same seed gives the same versions.

    Returns
    -------
    list of FollowUp
        The same rows; only missing covariates differ. Weigh and estimate each, then ``pool``.

    Raises
    ------
    DesignError
        If no covariate has a gap, or one has no value at all.

    Notes
    -----
    Chained equations: each covariate in turn is drawn from a model given the others, the arm,
    how follow-up ended and the cumulative hazard at its end (White and Royston 2009, Stat Med
    28:1982-1998). Numbers by predictive mean matching, words by (multinomial) logistic regression
    with drawn coefficients. Source: van Buuren and Groothuis-Oudshoorn (2011), J Stat Softw
    45(3). The assumption most likely to fail: given what is known, gaps are left to chance.
    """
    covariates = follow_up.frame[list(follow_up.covariates)].reset_index(drop=True)
    gaps = [str(name) for name, column in covariates.items() if column.isna().any()]
    empty = [name for name in gaps if covariates[name].isna().all()]
    if not gaps or empty:
        found = f"'{empty[0]}' has no value at all" if empty else "no covariate has a gap"
        raise DesignError(
            f"There is nothing to impute from: {found}. Weigh the follow-up as it is."
        )
    known = pd.concat([covariates, _outcome(follow_up)], axis=1)
    streams = np.random.default_rng(seed).spawn(n_imputations)
    return [_filled(follow_up, _chain(known, gaps, stream)) for stream in streams]


def _filled(follow_up: FollowUp, completed: pd.DataFrame) -> FollowUp:
    frame = follow_up.frame.copy(deep=False)
    for name in follow_up.covariates:
        frame[name] = completed[name].array
    about = {**follow_up.about, "missing": "multiple imputation by chained equations"}
    return replace(follow_up, frame=frame, about=about)


def _outcome(follow_up: FollowUp) -> pd.DataFrame:
    """Return what the models may know of treatment and outcome."""
    frame = follow_up.frame.reset_index(drop=True)
    status = frame["status"].astype("category")
    return pd.DataFrame(
        {"(arm)": frame["arm"], "(status)": status, "(hazard)": _cumulative_hazard(frame)}
    )


def _cumulative_hazard(frame: pd.DataFrame) -> Array:
    """Return the Nelson-Aalen cumulative hazard of any event at the end of each follow-up."""
    _, place = np.unique(frame["exit_days"].to_numpy(), return_inverse=True)
    leaving = np.bincount(place)
    events = np.bincount(place, weights=frame["status"].to_numpy() > 0)
    at_risk = leaving[::-1].cumsum()[::-1]
    hazard: Array = (events / at_risk).cumsum()[place]
    return hazard


def _chain(known: pd.DataFrame, gaps: list[str], stream: np.random.Generator) -> pd.DataFrame:
    """Fill each gap with a value seen elsewhere, then draw each covariate given all others."""
    completed = known.copy()
    is_missing = {name: known[name].isna().to_numpy() for name in gaps}
    for name, missing in is_missing.items():
        seen = known[name].dropna()
        completed.loc[missing, name] = stream.choice(seen.to_numpy(), missing.sum())
    for _ in range(_ROUNDS):
        for name, missing in is_missing.items():
            others = completed.drop(columns=name)
            matrix = drop_determined(make_model_columns(others, missing="refuse")).matrix
            completed.loc[missing, name] = _draw(matrix, known[name], missing, stream)
    return completed


def _draw(matrix: Array, column: pd.Series, missing: Array, stream: np.random.Generator) -> Array:
    is_truth = pd.api.types.is_bool_dtype(column.dtype)
    if pd.api.types.is_numeric_dtype(column.dtype) and not is_truth:
        return _match_means(matrix, column.to_numpy("float64", na_value=np.nan), missing, stream)
    return _draw_levels(matrix, column, missing, stream)


def _match_means(
    matrix: Array, numbers: Array, missing: Array, stream: np.random.Generator
) -> Array:
    """Lend each gap the value of a patient whose predicted mean is near."""
    seen, wanted = matrix[~missing], numbers[~missing]
    q = matrix.shape[1]
    inverse = np.linalg.inv(seen.T @ seen + 1e-8 * np.eye(q))
    fitted = inverse @ (seen.T @ wanted)
    residual = wanted - seen @ fitted
    freedom = max(len(wanted) - q, 1)
    sigma = np.sqrt(residual @ residual / stream.chisquare(freedom))
    drawn = fitted + sigma * np.linalg.cholesky(inverse) @ stream.normal(size=q)
    order = np.argsort(seen @ fitted, kind="stable")
    places = np.searchsorted((seen @ fitted)[order], matrix[missing] @ drawn)
    donors = min(_DONORS, len(wanted))
    first = np.clip(places - donors // 2, 0, len(wanted) - donors)
    lent: Array = wanted[order[first + stream.integers(donors, size=len(first))]]
    return lent


def _draw_levels(
    matrix: Array, column: pd.Series, missing: Array, stream: np.random.Generator
) -> Array:
    """Draw a level for each gap, from chances with drawn coefficients."""
    words = column[~missing].astype("category").cat.remove_unused_categories()
    levels = words.cat.categories.to_numpy()
    if len(levels) == 1:
        return np.repeat(levels, missing.sum())
    fitted = fit_multinomial(matrix[~missing], words.cat.codes.to_numpy(), len(levels))
    p = fitted.coefficients.size
    # Separated levels leave the information nearly singular: a little is added, as a prior would.
    root = np.linalg.cholesky(np.linalg.inv(fitted.information + 0.1 * np.eye(p)))
    drawn = fitted.coefficients + (root @ stream.normal(size=p)).reshape(fitted.coefficients.shape)
    edges = predict_chances(matrix[missing], drawn).cumsum(axis=1)
    places = (stream.random((missing.sum(), 1)) > edges).sum(axis=1)
    chosen: Array = levels[np.minimum(places, len(levels) - 1)]
    return chosen
