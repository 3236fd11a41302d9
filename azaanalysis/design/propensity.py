"""The propensity model of a follow-up: who could have received which arm."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.model_columns import ModelColumns, drop_determined, make_model_columns
from azaanalysis.design.multinomial import fit_multinomial, predict_chances
from azaanalysis.design.penalised import fit_penalised
from azaanalysis.design.support import refuse_separation, rows_with_support, spell_aside
from azaanalysis.design.weighting import ScoreParts
from azaanalysis.design.weights import is_within
from azaanalysis.errors import DesignError
from azaanalysis.settings_weighting import Trimming, WeightingSettings
from azaanalysis.vocab import in_words

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
    in_model
        Rows that the model was fitted on, shape (n,).
    kept
        Rows that are in the target population as far as support and trimming go, shape (n,).
    chances
        Fitted, of all rows and arms, shape (n, k).
    notes
        Who was set aside, and which columns were left out.
    """

    columns: ModelColumns
    classes: Array
    coefficients: Array
    information: Array | None
    in_model: Array
    kept: Array
    chances: Array
    notes: tuple[str, ...] = ()

    def chances_again(self, times: Array) -> Array:
        """Fit with each row counted so many times, starting where the first fit ended."""
        times = np.asarray(times, dtype="float64") * self.in_model
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
        residual = (observed - self.chances[:, 1:]) * self.in_model[:, None]
        return ScoreParts(self.columns.matrix, residual, slope, self.information)


def fit_propensity(
    follow_up: FollowUp, names: tuple[str, ...], choices: WeightingSettings
) -> Propensity:
    """Fit the chance of each arm, set aside whom the trimming says, and fit again if asked to.

    Raises
    ------
    DesignError
        If the covariates tell the arms apart, or trimming leaves an arm empty.
    """
    kept, notes = rows_with_support(follow_up, names, choices)
    columns = make_model_columns(
        follow_up.frame[list(names)], splines=choices.splines, missing=choices.missing
    )
    model = _fit_rows(follow_up, names, choices, columns, kept)
    if choices.trim.is_asked_for:
        shares = np.bincount(model.classes[kept], minlength=len(follow_up.arms)) / kept.sum()
        inside = kept & is_within(model.chances, shares, choices.trim)
        _refuse_empty(inside, model, follow_up)
        aside = spell_aside(follow_up, kept & ~inside)
        notes = (*notes, f"{aside} by trimming: {_rule_in_words(choices.trim)}.")
        if choices.trim.refit:
            model = _fit_rows(follow_up, names, choices, columns, inside)
        model = replace(model, kept=inside)
    return replace(model, notes=(*notes, *model.columns.notes))


def _fit_rows(
    follow_up: FollowUp,
    names: tuple[str, ...],
    choices: WeightingSettings,
    columns: ModelColumns,
    rows: Array,
) -> Propensity:
    """Fit the model on some rows; chances are those of all rows."""
    classes = follow_up.frame["arm"].cat.codes.to_numpy().astype("int64")
    n_arms = len(follow_up.arms)
    times = None if rows.all() else rows.astype("float64")
    information: Array | None = None
    if choices.penalty == "l1":
        coefficients = fit_penalised(columns.matrix, classes, n_arms, times=times)
    else:
        columns = drop_determined(columns, None if times is None else rows)
        fitted = fit_multinomial(columns.matrix, classes, n_arms, times=times)
        if not fitted.has_converged:
            refuse_separation(follow_up, names, rows)
        coefficients, information = fitted.coefficients, fitted.information
    chances = predict_chances(columns.matrix, coefficients)
    return Propensity(columns, classes, coefficients, information, rows, rows, chances)


def _rule_in_words(trim: Trimming) -> str:
    if trim.least_preference is not None:
        return f"their preference score for some arm is below {trim.least_preference:g}"
    return f"their chance of some arm is below {trim.least_chance:g}"


def _refuse_empty(inside: Array, model: Propensity, follow_up: FollowUp) -> None:
    left = np.bincount(model.classes[inside], minlength=len(follow_up.arms))
    if (left == 0).any():
        arm = in_words(follow_up.arms[int(np.argmin(left))])
        raise DesignError(
            f"Trimming leaves nobody in {arm}: the arms hardly overlap. Trim less, or compare "
            "other arms."
        )
