"""Which uncertainty an interval contains, and how it is computed from a risk table."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy import sparse

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.curves import Curve
from azaanalysis.estimate.refusals import refuse_level as refuse_level
from azaanalysis.estimate.refusals import refuse_word
from azaanalysis.estimate.tally import RiskTable, Stacking
from azaanalysis.vocab import in_words

Variance = Literal["auto", "robust", "stacked", "bootstrap"]
Chosen = Literal["robust", "stacked", "bootstrap"]
VARIANCES = ("auto", "robust", "stacked", "bootstrap")
# With its reach for small samples (``reach.py``) the stacked interval covered 93-96 % in the worlds
# of ``benchmarks/coverage.py`` at an effective size of 41 in the smallest arm, as a bootstrap that
# fits the weights again did at a hundred times the cost. Smaller arms get that bootstrap.
STACKED_FROM_EFFECTIVE_SIZE = 25
# Below this effective size of an arm no interval that was measured held its level.
TRUSTED_FROM_EFFECTIVE_SIZE = 40


def choose_variance(
    follow_up: FollowUp | RiskTable, table: RiskTable, variance: Variance
) -> Chosen:
    """Choose how uncertainty is computed; refuse what cannot be right.

    ``auto`` is ``robust`` if the weights are known or there are none; with estimated weights it is
    ``stacked`` if every arm is large, and ``bootstrap`` with re-fitted weights if not.

    Raises
    ------
    EstimationError
        If the word is unknown, or the follow-up lacks what the variance needs.
    """
    refuse_word("variance", variance, VARIANCES)
    can_resample = isinstance(follow_up, FollowUp) and _can_weigh_again(follow_up)
    chosen = _automatic(table, can_resample) if variance == "auto" else variance
    if chosen != "bootstrap" and table.is_clustered and table.pairs is None:
        raise EstimationError(
            "The rows of this risk table belong together (patients who appear more than once, or "
            "matched sets), and the table alone does not say which. Give the follow-up itself."
        )
    if chosen == "stacked" and table.stacking is None:
        raise EstimationError(
            "A stacked interval needs the score of the model of the weights, and this follow-up "
            "has none. Ask for variance='bootstrap', or for 'robust' if the weights are known."
        )
    if chosen == "bootstrap" and not can_resample:
        _refuse_bootstrap(follow_up)
    return chosen


def _can_weigh_again(follow_up: FollowUp) -> bool:
    weighting = follow_up.weighting
    return weighting is None or weighting.reweigh is not None or weighting.score is None


def _automatic(table: RiskTable, can_resample: bool) -> Chosen:
    if not table.is_weight_estimated:
        return "robust"
    smallest = min(table.effective_sizes().values())
    is_large = smallest >= STACKED_FROM_EFFECTIVE_SIZE
    if table.stacking is not None and (is_large or not can_resample):
        return "stacked"
    return "bootstrap"


def _refuse_bootstrap(follow_up: FollowUp | RiskTable) -> None:
    if isinstance(follow_up, RiskTable):
        raise EstimationError(
            "A bootstrap draws patients, and a risk table has none. Give the follow-up itself, or "
            "ask for variance='stacked' (weights estimated) or 'robust' (weights known)."
        )
    raise EstimationError(
        "The weights of this follow-up were estimated, but they do not say how to estimate them "
        "again in a resample. Ask for variance='stacked', or weigh with a method that can."
    )


def describe_variance(table: RiskTable, chosen: Chosen, *, extent: str = "") -> dict[str, Any]:
    """Return what ``about`` says of the interval: its content, its method, and warnings."""
    contents = "sampling of patients"
    if table.is_weight_estimated and chosen != "robust":
        contents += " and estimation of the weights"
    elif table.is_weighted:
        contents += ", weights taken as known"
    if chosen == "bootstrap":
        contents += ", bootstrap"
    if table.is_clustered:
        contents += ", rows that belong together taken as one"
    notes = [
        f"The effective sample size of {in_words(arm)} is {size:.0f}, below "
        f"{TRUSTED_FROM_EFFECTIVE_SIZE}: intervals in which it takes part may be too narrow."
        for arm, size in table.effective_sizes().items()
        if size < TRUSTED_FROM_EFFECTIVE_SIZE
    ]
    return {
        "interval": ", ".join(part for part in (contents, extent) if part),
        "variance": chosen,
        "notes": (*table.about.get("notes", ()), *notes),
    }


def covariance_of_arms(table: RiskTable, influence: Array, chosen: Chosen) -> Array:
    """Return the covariance of each two arms at each reading, shape (arms, arms, readings).

    With phi the influence, w the weights, and for estimated weights s the scores, H their
    information and G = sum dw phi, it is the sum over patients of the product of
    ``w phi + s' H^-1 G`` of both arms.
    """
    made = np.einsum("acq,bcq->abq", influence, _times_squares(table, influence))
    if chosen == "stacked" and table.stacking is not None:
        stacking = table.stacking
        gathered = np.einsum("cp,acq->apq", stacking.slope, influence)
        shared = np.einsum("cp,acq->apq", stacking.weight_score, influence)
        pulled = stacking.inverse_information @ gathered
        cross = np.einsum("apq,bpq->abq", pulled, shared)
        square = np.einsum("apq,pr,brq->abq", pulled, stacking.score_square, pulled)
        made = made + cross + cross.transpose(1, 0, 2) + square
    return np.asarray(made)


def _times_squares(table: RiskTable, influence: Array) -> Array:
    """Multiply influences by the products of weights of cells with patients in common."""
    if table.pairs is None:
        return np.asarray(influence * table.counts.weight_squared[:, None])
    return np.stack([table.pairs @ of_arm for of_arm in influence])


def variance_of_curve(table: RiskTable, curve: Curve, chosen: Chosen) -> Array:
    """Return the variance of a curve of one arm on each of its days."""
    made = curve.variance() if table.pairs is None else _clustered_variance(table.pairs, curve)
    if chosen == "stacked" and table.stacking is not None:
        pulled, shared = pull_of_weights(table.stacking, curve)
        made = made + 2 * (pulled * shared).sum(axis=1)
        made += ((pulled @ table.stacking.score_square) * pulled).sum(axis=1)
    return np.asarray(np.maximum(made, 0.0))


def pull_of_weights(stacking: Stacking, curve: Curve) -> tuple[Array, Array]:
    """Return, on each day, H^-1 G and the sum of w phi s."""
    gathered = curve.slope(stacking.slope)
    pulled = gathered @ stacking.inverse_information
    return pulled, curve.slope(stacking.weight_score)


def _clustered_variance(pairs: sparse.csr_array, curve: Curve, at_once: int = 64) -> Array:
    """Return the variance on each day where rows belong together, a few days at once."""
    here = pairs[curve.grid.rows][:, curve.grid.rows]
    days = np.eye(len(curve.grid.days))
    parts = []
    for start in range(0, len(days), at_once):
        influence = curve.influence(days[start : start + at_once])
        parts.append((influence * (here @ influence)).sum(axis=0))
    return np.concatenate(parts)
