"""Bootstrap: patients drawn again within their arms, weights estimated again in each resample."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import AzaError, EstimationError
from azaanalysis.estimate.cells import Array, CellIndex, Counts
from azaanalysis.estimate.tally import RiskTable

REPLICATES = 500
SEED = 20_261_124
FEWEST_REPLICATES = 20
Progress = Callable[[int, int], None]
Drawn = TypeVar("Drawn")


@dataclass(frozen=True)
class Resampling:
    """How a bootstrap is done.

    Parameters
    ----------
    n_replicates
        Number of resamples.
    seed
        Seed of the draws; the same seed gives the same numbers.
    progress
        Called after each resample with how many are done and how many there will be; it may stop
        the bootstrap by raising an error.
    """

    n_replicates: int = REPLICATES
    seed: int = SEED
    progress: Progress | None = None

    def __post_init__(self) -> None:
        """Refuse so few resamples that no interval can be read from them."""
        if self.n_replicates < FEWEST_REPLICATES:
            raise EstimationError(
                f"A bootstrap needs at least {FEWEST_REPLICATES} resamples; got "
                f"{self.n_replicates}. Some hundred are usual, {REPLICATES} the default."
            )


USUAL = Resampling()


@dataclass(frozen=True, eq=False)
class Resample:
    """One resample of the rows of a follow-up.

    Parameters
    ----------
    copies
        How often each row was drawn, shape (n,).
    weight
        Weight of one copy of each row, estimated again in this resample, shape (n,).
    """

    copies: Array
    weight: Array

    def table(self, like: RiskTable, index: CellIndex) -> RiskTable:
        """Return a risk table with the same cells, counted in this resample.

        It has no parts for stacked variances: its variance takes weights as known.
        """
        weight = self.copies * self.weight
        counts = Counts(
            patients=index.total(self.copies),
            weight=index.total(weight),
            weight_squared=index.total(weight * self.weight),
            counting=index.total(self.copies * (self.weight > 0)),
        )
        return replace(like, counts=counts, stacking=None, pairs=None)


def bootstrap(
    follow_up: FollowUp,
    statistic: Callable[[Resample], Array],
    *,
    resampling: Resampling = USUAL,
) -> Array:
    """Compute a statistic in resamples of the patients of a follow-up.

    Patients are drawn with replacement within each arm; where rows belong together (clones,
    matched sets) they are drawn together, within the arm if they share one. If the weights say
    how (``weighting.reweigh``) they are estimated again in each resample; otherwise they are
    taken as known.

    Parameters
    ----------
    follow_up
        One row per patient, or rows in clusters.
    statistic
        Given a ``Resample`` returns numbers, always in the same shape. Work that does not depend
        on the draw (sorting, a ``CellIndex``) belongs outside of it. ``Resample.table`` gives a
        risk table.
    resampling
        Number of resamples, seed and a callback for progress.

    Returns
    -------
    array
        One row per replicate. A replicate in which the statistic could not be computed (no
        patient left of an arm, weights that do not converge) holds missing values.

    Raises
    ------
    EstimationError
        If it could not be computed in any replicate.
    """
    return attempts(draw_resamples(follow_up, resampling), statistic, resampling)


def attempts(
    drawn: Iterable[Drawn | None], statistic: Callable[[Drawn], Array], resampling: Resampling
) -> Array:
    """Compute a statistic of everything drawn; missing values where it cannot be."""
    results: list[Array | None] = []
    for resample in drawn:
        results.append(_attempt(statistic, resample))
        if resampling.progress is not None:
            resampling.progress(len(results), resampling.n_replicates)
    shape = next((made.shape for made in results if made is not None), None)
    if shape is None:
        raise EstimationError(
            f"None of {resampling.n_replicates} resamples could be analysed. The arms may be too "
            "small, or the model of the weights has too many covariates for so few patients."
        )
    missing = np.full(shape, np.nan)
    return np.stack([missing if made is None else made for made in results])


def _attempt(statistic: Callable[[Drawn], Array], resample: Drawn | None) -> Array | None:
    if resample is None:
        return None
    try:
        return np.asarray(statistic(resample), dtype=float)
    except (AzaError, np.linalg.LinAlgError):
        return None


def draw_resamples(follow_up: FollowUp, resampling: Resampling) -> Iterator[Resample | None]:
    """Draw resamples one by one; None where the weights could not be estimated."""
    generator = np.random.default_rng(resampling.seed)
    members, group = _groups(follow_up)
    weighting = follow_up.weighting
    reweigh = None if weighting is None else weighting.reweigh
    weight = follow_up.frame["weight"].to_numpy(dtype=float)
    for _ in range(resampling.n_replicates):
        copies = _draw_copies(members, generator)
        copies = copies if group is None else copies[group]
        if reweigh is None:
            yield Resample(copies, weight)
            continue
        try:
            yield Resample(copies, reweigh(copies))
        except (AzaError, np.linalg.LinAlgError):
            yield None


def _groups(follow_up: FollowUp) -> tuple[list[Array], Array | None]:
    """Return the groups to draw from, arm by arm, and for each row the group it belongs to."""
    arm = follow_up.frame["arm"].cat.codes.to_numpy()
    group = follow_up.clusters
    if group is not None:
        n_groups = int(group.max(initial=-1)) + 1
        of_group = np.zeros(n_groups, dtype=arm.dtype)
        of_group[group] = arm
        # A group with members in several arms is drawn whole, from all groups.
        arm = of_group if (of_group[group] == arm).all() else np.zeros(n_groups, dtype=arm.dtype)
    return [np.flatnonzero(arm == code) for code in np.unique(arm)], group


def _draw_copies(members: list[Array], generator: np.random.Generator) -> Array:
    """Return how often each group is drawn, as many from each arm as it has."""
    copies = np.zeros(sum(len(of_arm) for of_arm in members))
    for of_arm in members:
        drawn = generator.integers(0, len(of_arm), len(of_arm), dtype=np.int32)
        copies[of_arm] = np.bincount(drawn, minlength=len(of_arm))
    return copies
