"""How the weights of a follow-up came about: what an interval has to know of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

Array = np.ndarray

# The population that censoring weights aim at: everybody, had all kept to the protocol.
KEPT = "protocol_kept"


@dataclass(frozen=True, eq=False)
class ScoreParts:
    """What each row gives to a model of weights, and what its weight takes from the model.

    A model with q columns and k classes has p = q (k - 1) coefficients, class by class from the
    second on. The score of row i is ``kron(residual[i], design[i])``; the derivative of its
    weight by the coefficients is ``kron(slope[i], design[i])``. Kept apart like this, a million
    rows take q + 2 (k - 1) numbers each instead of 2 p.

    Parameters
    ----------
    design
        Model matrix, shape (n, q).
    residual
        Class observed (0 or 1) minus its fitted chance, for each class but the first;
        shape (n, k - 1).
    slope
        Derivative of the weight by the linear predictor of each class but the first;
        shape (n, k - 1).
    information
        Minus the second derivative of the log likelihood, shape (p, p).
    """

    design: Array
    residual: Array
    slope: Array
    information: Array


@dataclass(frozen=True, eq=False)
class Weighting:
    """Where the weights of a follow-up come from.

    Parameters
    ----------
    target
        Population the weights aim at: ``ate``, ``att``, ``overlap``, or another word that
        ``method`` explains.
    method
        In words, for the report: how the weights were made.
    covariates
        Baseline columns that the model uses.
    chances
        Fitted chance of each arm for each row, shape (n, k), arms in the order of the study; None
        if the weights do not come from chances of treatment.
    score
        Parts of the score of the model, for intervals that contain the uncertainty of the
        weights; None if the weights do not depend smoothly on a model (matching, clones).
    reweigh
        Given how often each row is drawn (shape (n,), whole numbers or not), fits the model again
        and returns the weight of one copy of each row; None if that cannot be done.
    cluster
        Code of the group within which rows are not independent (matched sets), shape (n,);
        None if there are no such groups.
    tilt
        How much each row counts in the target population, shape (n,): 1 for ``ate``; None if
        nobody can say.
    observed, kept
        The follow-up's rows before any were set aside, and which of them are left; None if
        all are.
    notes
        What a reader should know: truncation, trimming, levels put together.
    """

    target: str
    method: str
    covariates: tuple[str, ...] = ()
    chances: Array | None = None
    score: ScoreParts | None = None
    reweigh: Callable[[Array], Array] | None = None
    cluster: Array | None = None
    tilt: Array | None = None
    observed: pd.DataFrame | None = None
    kept: Array | None = None
    notes: tuple[str, ...] = ()

    @property
    def widening_coefficients(self) -> int:
        """How many fitted coefficients a small-sample interval has to allow for.

        All of the model's, but none for overlap weights: these never exceed one, so that no
        coefficient moves a weight far.
        """
        return 0 if self.score is None or self.target == "overlap" else len(self.score.information)


def spread_weighting(weighting: Weighting, row: Array, is_first: Array) -> Weighting:
    """Return the weighting of rows that were cut out of weighted rows.

    Parameters
    ----------
    weighting
        That of the rows before.
    row
        For each new row, the row it was cut from.
    is_first
        Whether it is the first that was cut from it: a patient adds to the score of a model once,
        however many rows there are, and the model is fitted again on those first rows.
    """
    score, reweigh = weighting.score, weighting.reweigh
    if score is not None:
        residual = score.residual[row] * is_first[:, None]
        score = ScoreParts(score.design[row], residual, score.slope[row], score.information)

    def again(times: Array) -> Array:
        assert reweigh is not None
        of_rows: Array = reweigh(times[is_first])[row]
        return of_rows

    return replace(
        weighting,
        chances=None if weighting.chances is None else weighting.chances[row],
        score=score,
        reweigh=None if reweigh is None else again,
        cluster=None if weighting.cluster is None else weighting.cluster[row],
        tilt=None if weighting.tilt is None else weighting.tilt[row],
    )


def select_weighting(weighting: Weighting, rows: Array, n_rows: int) -> Weighting:
    """Return the weighting of some of ``n_rows`` rows.

    Fitted again, its model counts the rows that were left out once, as the first fit did.
    """
    score, reweigh = weighting.score, weighting.reweigh
    if score is not None:
        parts = (score.design[rows], score.residual[rows], score.slope[rows])
        score = ScoreParts(*parts, score.information)

    def again(times: Array) -> Array:
        assert reweigh is not None
        of_all = np.ones(n_rows)
        of_all[rows] = times
        of_rows: Array = reweigh(of_all)[rows]
        return of_rows

    return replace(
        weighting,
        chances=None if weighting.chances is None else weighting.chances[rows],
        score=score,
        reweigh=None if reweigh is None else again,
        cluster=None if weighting.cluster is None else weighting.cluster[rows],
        tilt=None if weighting.tilt is None else weighting.tilt[rows],
    )


def compose(
    first: Weighting, second: Weighting, *, first_weight: Array, second_weight: Array
) -> Weighting:
    """Return the weighting of rows whose weights are the product of two.

    The target is that of the one that compares arms. If one of the two has a score, intervals
    contain its uncertainty and take the other as known; if both have one, neither is kept, and
    only the bootstrap contains both.
    """
    own, other, factor = first, second, second_weight
    if second.score is not None:
        own, other, factor = second, first, first_weight
    score = own.score if other.score is None else None
    if score is not None:
        score = replace(score, slope=score.slope * factor[:, None])
    again = first.reweigh, second.reweigh

    def reweigh(times: Array) -> Array:
        assert again[0] is not None
        assert again[1] is not None
        product: Array = again[0](times) * again[1](times)
        return product

    return replace(
        first if second.target == KEPT else second,
        method=f"{first.method}; {second.method}",
        covariates=tuple(dict.fromkeys((*first.covariates, *second.covariates))),
        score=score,
        reweigh=None if None in again else reweigh,
        cluster=first.cluster if second.cluster is None else second.cluster,
        notes=(*first.notes, *second.notes),
    )
