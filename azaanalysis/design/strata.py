"""Strata of the propensity score, as weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.propensity import fit_propensity
from azaanalysis.design.refusals import needs_patients
from azaanalysis.design.weigh import choices_of, covariates_of, with_weights
from azaanalysis.design.weighting import Weighting
from azaanalysis.errors import DesignError
from azaanalysis.settings_weighting import Target, WeightingSettings
from azaanalysis.vocab import count_of, in_words

Array = np.ndarray


def weigh_by_strata(
    follow_up: FollowUp,
    *,
    n_strata: int = 5,
    target: Target = "ate",
    settings: WeightingSettings | None = None,
) -> FollowUp:
    """Weigh each arm so that its strata of the propensity score are as large as in the target.

    Parameters
    ----------
    follow_up
        One row per patient, not yet weighted; for ``att`` two arms.
    n_strata
        How many strata, cut at quantiles of the score in the target population.
    target
        ``"ate"`` everybody, or ``"att"`` those of one arm (``of_arm`` of the settings, the
        reference if not given).
    settings
        Covariates, curves and missing values of the propensity model; those of the study if not
        given.

    Returns
    -------
    FollowUp
        The same rows, with ``weight``: how many patients of the target each one stands for.

    Raises
    ------
    DesignError
        If an arm has nobody in some stratum, or the target cannot be had by strata.

    Notes
    -----
    Marginal mean weights: for each arm the strata of the chance of that arm; weight = patients of
    the target in the stratum over those of the arm in it. Source: Hong (2010), J Educ Behav Stat
    35:499-531. Five strata remove about 90 % of the bias (Cochran 1968), not all of it: look at
    the balance. Intervals take the strata as given.
    """
    needs_patients(follow_up)
    if n_strata < 2:
        raise DesignError(f"Strata tell patients apart if there are at least two; got {n_strata}.")
    choices = choices_of(follow_up, target, settings)
    if target == "overlap" or (target == "att" and len(follow_up.arms) != 2):
        raise DesignError(
            "Strata stand for everybody ('ate') or, with two arms, for those of one ('att'). "
            "For anything else use weigh()."
        )
    names = covariates_of(follow_up, choices)
    follow_up = replace(follow_up, frame=follow_up.frame.reset_index(drop=True))
    model, narrowed = fit_propensity(follow_up, names, choices)
    of_class = follow_up.arms.index(choices.of_arm or follow_up.reference)
    is_target = model.classes == of_class if target == "att" else np.ones(len(model.classes), bool)
    values = np.zeros(len(model.classes))
    for place, arm in enumerate(follow_up.arms):
        members = model.classes == place
        values[members] = _stands_for(model.chances[:, place], members, is_target, n_strata, arm)
    weighting = Weighting(
        target,
        f"{n_strata} strata of a propensity model with {count_of(len(names), 'covariate')}, as "
        "weights",
        names,
        model.chances,
        tilt=is_target.astype("float64"),
        notes=model.columns.notes,
    )
    return with_weights(narrowed, values, weighting, observed=follow_up)


def _stands_for(score: Array, members: Array, is_target: Array, n_strata: int, arm: str) -> Array:
    """Return how many of the target each member of an arm stands for."""
    cuts = np.quantile(score[is_target], np.arange(1, n_strata) / n_strata)
    stratum = np.searchsorted(cuts, score, side="left")
    wanted = np.bincount(stratum[is_target], minlength=n_strata)
    there = np.bincount(stratum[members], minlength=n_strata)
    if ((there == 0) & (wanted > 0)).any():
        raise DesignError(
            f"Nobody in {in_words(arm)} lies in one of the {n_strata} strata. Ask for fewer, or "
            "use weigh() with target 'overlap'."
        )
    stands: Array = (wanted / np.maximum(there, 1))[stratum[members]]
    return stands
