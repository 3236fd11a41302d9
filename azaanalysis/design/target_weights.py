"""From chances of treatment to weights for a target population."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.settings_weighting import Target, Trimming, Truncation

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights, and how they move with the model.

    Parameters
    ----------
    values
        Weight of each row.
    slope
        Derivative of the weight by the linear predictor of each class but the first, (n, k - 1).
    tilt
        How much each row counts in the target population.
    """

    values: Array
    slope: Array
    tilt: Array


def weights_of(chances: Array, classes: Array, target: Target, of_class: int = 0) -> Weights:
    """Return the weights that make each arm stand for the target population.

    With chances e_j of arm j and the arm z that was received, the weight is h / e_z, where h is 1
    (``ate``), the chance of one arm (``att``) or 1 / sum(1 / e_j) (``overlap``: with two arms the
    chance of the arm that was not received). Log weights move by d log h - (1[z = j] - e_j) for
    each unit of the linear predictor of arm j.

    Source: Li and Li (2019), Ann Appl Stat 13:2389-2415, for two and more arms.
    """
    n, k = chances.shape
    received = np.arange(1, k) == classes[:, None]
    chosen = chances[np.arange(n), classes]
    others = chances[:, 1:]
    if target == "ate":
        tilt, move = np.ones(n), others - received
    elif target == "att":
        tilt, move = chances[:, of_class], (np.arange(1, k) == of_class) - received.astype(float)
    else:
        tilt = _harmonic(chances)
        # A chance of zero has no weight and no slope.
        share = np.divide(tilt[:, None], others, out=np.zeros_like(others), where=others > 0)
        move = share - received
    values = np.divide(tilt, chosen, out=np.zeros(n), where=chosen > 0)
    return Weights(values, values[:, None] * move, tilt)


def _harmonic(chances: Array) -> Array:
    """Return 1 / sum(1 / e_j): nearly zero if any arm was out of reach."""
    with np.errstate(divide="ignore"):
        harmonic: Array = 1 / (1 / chances).sum(axis=1)
    return harmonic


def preference_scores(chances: Array, shares: Array) -> Array:
    """Return the chance of each arm as it would be if all arms were of one size, (n, k).

    Source: Walker et al. (2013), Comp Eff Res 3:11-20, for two arms: the logit of the score is
    the logit of the chance less that of the arm's share.
    """
    relative = chances / shares
    scores: Array = relative / relative.sum(axis=1, keepdims=True)
    return scores


def is_within(chances: Array, shares: Array, trim: Trimming) -> Array:
    """Say which rows the trimming keeps."""
    if trim.least_preference is not None:
        lowest = preference_scores(chances, shares).min(axis=1)
        kept: Array = lowest >= trim.least_preference
    elif trim.least_chance is not None:
        kept = chances.min(axis=1) >= trim.least_chance
    else:
        kept = np.ones(len(chances), dtype=bool)
    return kept


def limits_of(values: Array, truncate: Truncation) -> tuple[float, float]:
    """Return the smallest and the largest weight that may stand."""
    lower, upper = 0.0, np.inf
    if truncate.lower_quantile is not None:
        lower = float(np.quantile(values, truncate.lower_quantile))
    if truncate.upper_quantile is not None:
        upper = float(np.quantile(values, truncate.upper_quantile))
    if truncate.at_most is not None:
        upper = min(upper, truncate.at_most)
    return lower, upper


def clip_weights(weights: Weights, limits: tuple[float, float]) -> Weights:
    """Cut weights off at the limits, where they no longer move."""
    if limits == (0.0, np.inf):
        return weights
    values = np.clip(weights.values, *limits)
    is_cut = values != weights.values
    slope = np.where(is_cut[:, None], 0.0, weights.slope)
    return Weights(values, slope, weights.tilt)
