"""Variances that hold when a model is wrong, weighted, clustered, or its weights are estimated."""

from __future__ import annotations

from typing import Literal

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.weighting import ScoreParts
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.risk_sets import Array

_BLOCK = 16_384
Variance = Literal["auto", "robust", "stacked", "bootstrap"]

_CONTENT = {
    "model": "sampling of patients, model-based",
    "robust": "sampling of patients, weights taken as known (robust)",
    "stacked": "sampling of patients and estimation of the weights (stacked)",
}


def choose_variance(follow_up: FollowUp, variance: Variance) -> str:
    """Return ``model``, ``robust`` or ``stacked``: what an interval can and should contain.

    Raises
    ------
    EstimationError
        If the weights do not come with the score of their model, and ``stacked`` is asked for.
    """
    has_score = follow_up.weighting is not None and follow_up.weighting.score is not None
    if variance == "stacked" and not has_score:
        raise EstimationError(
            "A stacked interval needs to know the model of the weights, and this follow-up has "
            "none. Weigh it with weigh(...), or take variance='robust'."
        )
    if variance == "bootstrap":
        raise EstimationError(
            "Ratios of hazards are not resampled yet. Take variance='stacked', or 'robust'."
        )
    if variance != "auto":
        return variance
    if has_score:
        return "stacked"
    is_plain = not follow_up.is_weighted and follow_up.clusters is None
    return "model" if is_plain else "robust"


def in_the_interval(variance: str) -> str:
    """Say in words which uncertainty an interval contains."""
    return _CONTENT[variance]


def sandwich(
    influence: Array, weight: Array, *, score: ScoreParts | None, clusters: Array | None
) -> Array:
    """Return the covariance of estimates from the influence of each row.

    Parameters
    ----------
    influence
        What one unit of weight of each row does to each estimate, shape (p, n).
    weight
        Weight of each row.
    score
        Parts of the score of the model of the weights; None takes the weights as known.
    clusters
        Code of the group of each row; rows of a group are taken together. None if rows are
        independent.
    """
    through = None if score is None else _through_the_weights(influence, score)
    if clusters is None:
        return _square(influence, weight, through)
    sums = np.stack([np.bincount(clusters, line * weight) for line in influence])
    if through is not None:
        sums += np.stack([np.bincount(clusters, line) for line in through])
    covariance: Array = sums @ sums.T
    return covariance


def _square(influence: Array, weight: Array, through: Array | None) -> Array:
    """Sum the products of what each row does, block by block to spare memory."""
    covariance = np.zeros((len(influence), len(influence)))
    for start in range(0, len(weight), _BLOCK):
        part = slice(start, start + _BLOCK)
        total = influence[:, part] * weight[part]
        if through is not None:
            total = total + through[:, part]
        covariance += total @ total.T
    return covariance


def _through_the_weights(influence: Array, score: ScoreParts) -> Array:
    """Return what each row does to the estimates by moving the model of the weights.

    That is s_i' H^-1 G with G the sum over rows of the slope of the weight times the influence.
    """
    gradient = np.concatenate([(influence * slope) @ score.design for slope in score.slope.T], 1)
    pull = np.linalg.solve(score.information, gradient.T)
    by_class = np.split(pull, score.residual.shape[1])
    moved: Array = sum(
        residual * (score.design @ part).T
        for residual, part in zip(score.residual.T, by_class, strict=True)
    )
    return moved
