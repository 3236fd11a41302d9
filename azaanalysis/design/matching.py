"""Matched pairs and strata of the propensity score: the other ways to use it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.propensity import fit_propensity
from azaanalysis.design.refusals import needs_patients
from azaanalysis.design.set_aside import set_aside
from azaanalysis.design.weigh import choices_of, covariates_of, with_weights
from azaanalysis.design.weighting import Weighting
from azaanalysis.errors import DesignError
from azaanalysis.settings_weighting import WeightingSettings
from azaanalysis.vocab import count_of, in_words
from azaanalysis.wording import nearest

Array = np.ndarray
_NOBODY = -1


@dataclass(frozen=True)
class MatchingChoices:
    """How partners are found.

    Parameters
    ----------
    scale
        What nearness is measured on: the ``logit`` of the propensity score, or the ``chance``.
    caliper
        Longest distance to a partner, in standard deviations of the score among all patients; no
        limit if None. Source of 0.2: Austin (2011), Pharm Stat 10:150-161.
    with_replacement
        Whether a patient may be the partner of several.
    order
        Who chooses first: the ``largest`` score, or the order of the ``data``.
    """

    scale: Literal["logit", "chance"] = "logit"
    caliper: float | None = 0.2
    with_replacement: bool = False
    order: Literal["largest", "data"] = "largest"


def weigh_by_matching(
    follow_up: FollowUp,
    *,
    of_arm: str | None = None,
    matching: MatchingChoices | None = None,
    settings: WeightingSettings | None = None,
) -> FollowUp:
    """Match each patient of one arm with the nearest of the other, one to one.

    Parameters
    ----------
    follow_up
        One row per patient, not yet weighted, two arms.
    of_arm
        The arm whose patients choose partners, and for whom the comparison then stands; the one
        that is not the reference if not given.
    matching
        How partners are found; within 0.2 standard deviations of the logit if not given.
    settings
        Covariates, curves and missing values of the propensity model; those of the study if not
        given.

    Returns
    -------
    FollowUp
        Those who have a partner: ``weight`` 1 for the arm that chose, for its partners how
        often they were chosen. ``clusters`` are the matched sets.

    Raises
    ------
    DesignError
        If there are more than two arms, or nobody finds a partner.

    Notes
    -----
    Greedy: each in turn takes the nearest who is left, of two equally near the first in the
    data. Intervals take the sets as given (robust by matched set); an ordinary bootstrap is
    wrong for matched data (Abadie and Imbens 2008, Econometrica 76:1537-1557). Source: Stuart
    (2010), Stat Sci 25:1-21.
    """
    needs_patients(follow_up)
    how = matching or MatchingChoices()
    chooser = _chooser(follow_up, of_arm)
    choices = choices_of(follow_up, "att", settings).model_copy(update={"of_arm": chooser})
    names = covariates_of(follow_up, choices)
    follow_up = replace(follow_up, frame=follow_up.frame.reset_index(drop=True))
    model, narrowed = fit_propensity(follow_up, names, choices)
    chances = model.chances[:, follow_up.arms.index(chooser)]
    score = np.log(chances / (1 - chances)) if how.scale == "logit" else chances
    is_choosing = (narrowed.frame["arm"] == chooser).to_numpy()
    partner = _partners(score, is_choosing, how)
    times, cluster = _sets(partner, is_choosing)
    reason = "nobody left to choose from is near enough"
    kept = times > 0
    matched = set_aside(narrowed, kept, step="Matched", reason=reason)
    weighting = Weighting(
        "att",
        _method(how, chooser, len(names)),
        names,
        model.chances[kept],
        cluster=cluster[kept],
        tilt=is_choosing[kept].astype("float64"),
        notes=model.columns.notes,
    )
    return with_weights(matched, times[kept], weighting, observed=follow_up)


def _chooser(follow_up: FollowUp, of_arm: str | None) -> str:
    if len(follow_up.arms) != 2:
        raise DesignError(
            f"Pairs are made of two arms, but there are {len(follow_up.arms)}. Compare two arms "
            "at a time, or use weigh(), which takes any number."
        )
    if of_arm and of_arm not in follow_up.arms:
        raise DesignError(f"There is no arm '{of_arm}'; {nearest(of_arm, follow_up.arms)}")
    others = [arm for arm in follow_up.arms if arm != follow_up.reference]
    return of_arm or others[0]


def _method(how: MatchingChoices, chooser: str, n_names: int) -> str:
    again = "with" if how.with_replacement else "without"
    limit = "" if how.caliper is None else f", within {how.caliper:g} standard deviations"
    return (
        f"one-to-one matching of {in_words(chooser)} on the {how.scale} of a propensity model "
        f"with {count_of(n_names, 'covariate')}, {again} replacement{limit}"
    )


def _partners(score: Array, is_choosing: Array, how: MatchingChoices) -> Array:
    """Return the row of each chooser's partner, in order of rows; -1 if there is none."""
    choosers, others = np.flatnonzero(is_choosing), np.flatnonzero(~is_choosing)
    order = np.arange(len(choosers))
    if how.order == "largest":
        order = np.argsort(-score[choosers], kind="stable")
    limit = np.inf if how.caliper is None else how.caliper * float(score.std(ddof=1))
    pool = _Pool(score[others], keeps=how.with_replacement)
    partner = np.full(len(choosers), _NOBODY)
    for turn in order.tolist():
        found = pool.take_nearest(float(score[choosers[turn]]), limit)
        if found != _NOBODY:
            partner[turn] = others[found]
    return partner


class _Pool:
    """Those who can still be chosen, by score: equal scores wait in one queue.

    Finds the next queue that is not empty in almost constant time, by skipping the empty ones.
    """

    def __init__(self, scores: Array, *, keeps: bool) -> None:
        values, codes = np.unique(scores, return_inverse=True)
        self._values: list[float] = values.tolist()
        self._queues: list[list[int]] = [[] for _ in values]
        for row in range(len(scores) - 1, -1, -1):
            self._queues[codes[row]].append(row)
        # Where to look next, one place beyond both ends being "nobody".
        self._right = list(range(len(values) + 1))
        self._left = list(range(len(values) + 1))
        self._keeps = keeps

    def take_nearest(self, score: float, limit: float) -> int:
        """Return the nearest who is left, and remove him unless all are kept."""
        place = bisect_right(self._values, score)
        left, right = _follow(self._left, place) - 1, _follow(self._right, place)
        near = [at for at in (left, right) if 0 <= at < len(self._values)]
        distances = [(abs(self._values[at] - score), self._queues[at][-1], at) for at in near]
        distance, row, at = min(distances, default=(np.inf, _NOBODY, _NOBODY))
        if at == _NOBODY or distance > limit:
            return _NOBODY
        if not self._keeps:
            self._queues[at].pop()
            if not self._queues[at]:
                self._right[at], self._left[at + 1] = at + 1, at
        return row


def _follow(links: list[int], place: int) -> int:
    """Return where links lead from a place, and shorten the way for next time."""
    end = place
    while links[end] != end:
        end = links[end]
    while links[place] != end:
        links[place], place = end, links[place]
    return end


def _sets(partner: Array, is_choosing: Array) -> tuple[Array, Array]:
    """Return how often each row is in a set, and the code of its set (its partner's row)."""
    times = np.zeros(len(is_choosing))
    cluster = np.arange(len(is_choosing))
    choosers = np.flatnonzero(is_choosing)
    has_partner = partner != _NOBODY
    if not has_partner.any():
        raise DesignError(
            "Nobody finds a partner within the caliper: the arms do not overlap. Widen the "
            "caliper, or compare other arms."
        )
    times[choosers[has_partner]] = 1.0
    np.add.at(times, partner[has_partner], 1.0)
    cluster[choosers[has_partner]] = partner[has_partner]
    return times, cluster
