"""Variances that hold when a model is wrong, weighted, clustered, or its weights are estimated."""

from __future__ import annotations

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.weighting import ScoreParts
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.arm_hazards import ChosenHere
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.partial_likelihood import BLOCK
from azaanalysis.estimate.refusals import refuse_word
from azaanalysis.estimate.row_scores import RowScores
from azaanalysis.estimate.variance import (
    STACKED_FROM_EFFECTIVE_SIZE,
    TRUSTED_FROM_EFFECTIVE_SIZE,
    VARIANCES,
    Variance,
)
from azaanalysis.vocab import in_words


def choose_for_rows(follow_up: FollowUp, variance: Variance) -> ChosenHere:
    """Choose how the uncertainty of a model of single rows is computed.

    ``auto`` is the error of the model if everybody counts as one and has one row, robust if the
    weights are known; with estimated weights stacked if every arm is large, and a bootstrap if
    not, as for the numbers of a risk table.

    Raises
    ------
    EstimationError
        If the word is unknown, or the follow-up lacks what the variance needs.
    """
    refuse_word("variance", variance, VARIANCES)
    weighting = follow_up.weighting
    has_score = weighting is not None and weighting.score is not None
    can_resample = not has_score or (weighting is not None and weighting.reweigh is not None)
    if variance == "stacked" and not has_score:
        raise EstimationError(
            "A stacked interval needs the score of the model of the weights, and this follow-up "
            "has none. Ask for variance='bootstrap', or for 'robust' if the weights are known."
        )
    if variance == "bootstrap" and not can_resample:
        raise EstimationError(
            "The weights of this follow-up were estimated, but they do not say how to estimate "
            "them again in a resample. Ask for variance='stacked', or weigh with a method that can."
        )
    if variance != "auto":
        return variance
    if has_score:
        is_large = min(effective_sizes(follow_up).values()) >= STACKED_FROM_EFFECTIVE_SIZE
        return "stacked" if is_large or not can_resample else "bootstrap"
    is_plain = not follow_up.is_weighted and follow_up.clusters is None
    return "model" if is_plain else "robust"


def effective_sizes(follow_up: FollowUp) -> dict[str, float]:
    """Return the effective sample size of each arm: (sum w)^2 / sum w^2."""
    weight, codes = follow_up.frame["weight"].to_numpy(), follow_up.frame["arm"].cat.codes
    size = len(follow_up.arms)
    sums = np.bincount(codes, weight, minlength=size)
    squares = np.bincount(codes, np.square(weight), minlength=size)
    sizes = np.divide(sums**2, squares, out=np.zeros(size), where=squares > 0)
    return dict(zip(follow_up.arms, sizes.tolist(), strict=True))


def warn_of_small_arms(follow_up: FollowUp) -> tuple[str, ...]:
    """Return a note for each arm of a weighted follow-up in which no interval can be trusted."""
    if not follow_up.is_weighted:
        return ()
    return tuple(
        f"The effective sample size of {in_words(arm)} is {size:.0f}, below "
        f"{TRUSTED_FROM_EFFECTIVE_SIZE}: intervals in which it takes part may be too narrow."
        for arm, size in effective_sizes(follow_up).items()
        if size < TRUSTED_FROM_EFFECTIVE_SIZE
    )


def describe_for_rows(follow_up: FollowUp, chosen: ChosenHere) -> str:
    """Say in words which uncertainty an interval contains."""
    if chosen == "model":
        return "sampling of patients, model-based"
    parts = ["sampling of patients"]
    weighting = follow_up.weighting
    is_estimated = weighting is not None and weighting.score is not None
    if is_estimated and chosen != "robust":
        parts = ["sampling of patients and estimation of the weights"]
    elif follow_up.is_weighted:
        parts.append("weights taken as known")
    if chosen == "bootstrap":
        parts.append("bootstrap")
    if follow_up.clusters is not None:
        parts.append("rows that belong together taken as one")
    return ", ".join(parts)


def sandwich(
    influence: Array | RowScores, weight: Array, *, score: ScoreParts | None, clusters: Array | None
) -> Array:
    """Return the covariance of estimates from the influence of each row.

    Parameters
    ----------
    influence
        What one unit of weight of each row does to each estimate, shape (p, n); gone through line
        by line if rows are in groups and weights known.
    weight
        Weight of each row.
    score
        Parts of the score of the model of the weights; None takes the weights as known.
    clusters
        Code of the group of each row; rows of a group are taken together. None if rows are
        independent.
    """
    if clusters is not None and score is None:
        return _square_of_sums([np.bincount(clusters, line * weight) for line in influence])
    lines = np.asarray(influence)
    through = None if score is None else _through_the_weights(lines, score)
    if clusters is None or through is None:
        return _square(lines, weight, through)
    both = zip(lines, through, strict=True)
    return _square_of_sums([np.bincount(clusters, own * weight + moved) for own, moved in both])


def _square_of_sums(sums: list[Array]) -> Array:
    """Return the products of the sums of clusters, summed over clusters."""
    stacked = np.stack(sums)
    return np.asarray(stacked @ stacked.T)


def _square(influence: Array, weight: Array, through: Array | None) -> Array:
    """Sum the products of what each row does, block by block to spare memory."""
    covariance = np.zeros((len(influence), len(influence)))
    for start in range(0, len(weight), BLOCK):
        part = slice(start, start + BLOCK)
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
