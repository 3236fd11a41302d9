"""The propensity model of a follow-up: who could have received which arm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.adjustment import rule_in_words
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.model_columns import ModelColumns, drop_determined, make_model_columns
from azaanalysis.design.multinomial import fit_multinomial, predict_chances
from azaanalysis.design.penalised import fit_penalised
from azaanalysis.design.set_aside import set_aside
from azaanalysis.design.support import keep_supported, refuse_separation
from azaanalysis.design.target_weights import is_within
from azaanalysis.design.weighting import ScoreParts
from azaanalysis.settings_weighting import WeightingSettings

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Propensity:
    """Chances of each arm, and the model they come from.

    Parameters
    ----------
    columns
        The model matrix, all rows of the follow-up.
    classes
        Arm of each row, as its place in the order of the study.
    coefficients
        Of each arm but the first, shape (k - 1, q).
    information
        Of the coefficients; None under a penalty.
    chances
        Fitted, of all rows and arms, shape (n, k).
    """

    columns: ModelColumns
    classes: Array
    coefficients: Array
    information: Array | None
    chances: Array

    def chances_again(self, times: Array) -> Array:
        """Fit with each row counted so many times, starting where the first fit ended."""
        times = np.asarray(times, dtype="float64")
        matrix, n_arms = self.columns.matrix, self.chances.shape[1]
        if self.information is None:
            return predict_chances(matrix, fit_penalised(matrix, self.classes, n_arms, times=times))
        again = fit_multinomial(matrix, self.classes, n_arms, times=times, start=self.coefficients)
        return predict_chances(matrix, again.coefficients)

    def score_parts(self, slope: Array) -> ScoreParts | None:
        """Return what a stacked interval needs, given how weights move with the model."""
        if self.information is None:
            return None
        observed = self.classes[:, None] == np.arange(1, self.chances.shape[1])
        residual = observed - self.chances[:, 1:]
        return ScoreParts(self.columns.matrix, residual, slope, self.information)


def fit_propensity(
    follow_up: FollowUp, names: tuple[str, ...], choices: WeightingSettings
) -> tuple[Propensity, FollowUp]:
    """Fit the chance of each arm among those whom support and trimming leave.

    Returns
    -------
    tuple
        The model, and the follow-up of those it was fitted on.

    Raises
    ------
    DesignError
        If the covariates tell the arms apart, or trimming leaves an arm empty.
    """
    follow_up = keep_supported(follow_up, names, choices)
    model = _fit(follow_up, names, choices)
    if not choices.trim.is_asked_for:
        return model, follow_up
    shares = np.bincount(model.classes) / len(model.classes)
    inside = is_within(model.chances, shares, choices.trim)
    reason = rule_in_words(choices.trim)
    trimmed = set_aside(follow_up, inside, step="After trimming", reason=reason)
    return _fit(trimmed, names, choices), trimmed


def _fit(follow_up: FollowUp, names: tuple[str, ...], choices: WeightingSettings) -> Propensity:
    classes = follow_up.frame["arm"].cat.codes.to_numpy().astype("int64")
    n_arms = len(follow_up.arms)
    columns = make_model_columns(
        follow_up.frame[list(names)], splines=choices.splines, missing=choices.missing
    )
    information: Array | None = None
    if choices.penalty == "l1":
        coefficients = fit_penalised(columns.matrix, classes, n_arms)
    else:
        columns = drop_determined(columns)
        fitted = fit_multinomial(columns.matrix, classes, n_arms)
        if not fitted.has_converged:
            refuse_separation(follow_up, names)
        coefficients, information = fitted.coefficients, fitted.information
    chances = predict_chances(columns.matrix, coefficients)
    return Propensity(columns, classes, coefficients, information, chances)
