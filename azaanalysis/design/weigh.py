"""Weights that make the arms comparable in what was measured."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np

from azaanalysis.adjustment import target_in_words
from azaanalysis.design.assemble import refuse_unfit
from azaanalysis.design.cut_rows import cut_again, is_cut, put_together
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.gate import check_gate
from azaanalysis.design.propensity import fit_propensity
from azaanalysis.design.refusals import needs_patients
from azaanalysis.design.set_aside import numbered
from azaanalysis.design.target_weights import Weights, clip_weights, limits_of, weights_of
from azaanalysis.design.weighting import Weighting
from azaanalysis.errors import DesignError
from azaanalysis.settings_weighting import Target, WeightingSettings
from azaanalysis.vocab import count_of, in_words
from azaanalysis.wording import nearest

Array = np.ndarray


def weigh(
    follow_up: FollowUp,
    *,
    target: Target | None = None,
    settings: WeightingSettings | None = None,
) -> FollowUp:
    """Weigh the patients so that the arms are alike in the measured covariates.

    The chance of each arm is fitted by logistic regression (multinomial for more than two arms),
    and each patient is weighted so that every arm stands for the target population.

    Parameters
    ----------
    follow_up
        One row per patient, at least two arms, not yet weighted but for censoring: censoring
        weights (strategy ``per_protocol``, several rows per patient) are multiplied.
    target
        ``"ate"`` everybody, ``"att"`` those of one arm, ``"overlap"`` those who could have
        received any arm; what the study says if not given.
    settings
        All choices at once, in place of the ``weighting`` section of the study.

    Returns
    -------
    FollowUp
        The same rows in the same order with ``weight``, less those whom support or trimming set
        aside (a step of the attrition); ``weighting`` holds what an interval needs to know.

    Raises
    ------
    DesignError
        If the follow-up is weighted already, has one arm only, no covariates or one that cannot
        be used, or if a covariate tells who received which arm, so that the weights do not exist.

    Notes
    -----
    Source: Li and Li (2019), Ann Appl Stat 13:2389-2415. The assumption most likely to fail: no
    further cause of treatment and outcome, beyond these covariates, is left.
    """
    needs_patients(follow_up)
    if target is None and settings is None and follow_up.is_left_as_observed:
        return follow_up
    if is_cut(follow_up):
        whole = weigh(put_together(follow_up), target=target, settings=settings)
        return cut_again(whole, follow_up)
    choices = choices_of(follow_up, target, settings)
    names = covariates_of(follow_up, choices)
    follow_up = replace(follow_up, frame=numbered(follow_up.frame))
    model, narrowed = fit_propensity(follow_up, names, choices)
    of_class = follow_up.arms.index(choices.of_arm or follow_up.reference)

    def weights_from(chances: Array) -> Weights:
        return weights_of(chances, model.classes, choices.target, of_class)

    untouched = weights_from(model.chances)
    limits = limits_of(untouched.values, choices.truncate)
    weights = clip_weights(untouched, limits)

    def reweigh(times: Array) -> Array:
        return clip_weights(weights_from(model.chances_again(times)), limits).values

    weighting = Weighting(
        choices.target,
        method_of(choices, names, follow_up),
        names,
        model.chances,
        model.score_parts(weights.slope),
        reweigh,
        tilt=weights.tilt,
        notes=(*model.columns.notes, *_truncated(weights.values, limits)),
    )
    return with_weights(narrowed, weights.values, weighting, observed=follow_up)


def with_weights(
    follow_up: FollowUp, values: Array, weighting: Weighting, *, observed: FollowUp
) -> FollowUp:
    """Return a follow-up with these weights, and say so in ``about``.

    ``observed`` is the follow-up before anybody was set aside.
    """
    frame = follow_up.frame.copy(deep=False)
    frame["weight"] = values
    if len(frame) < len(observed.frame):
        kept = np.isin(np.arange(len(observed.frame)), frame.index)
        weighting = replace(weighting, observed=observed.frame, kept=kept)
        frame = frame.reset_index(drop=True)
    notes = (*follow_up.about.get("notes", ()), *weighting.notes)
    about = {**follow_up.about, "weighting": weighting.method, "notes": notes}
    weighted = replace(follow_up, frame=frame, weighting=weighting, about=about)
    if "gate_settings" not in about:
        return weighted
    gate = check_gate(weighted)
    about |= {"gate": gate.marks, "blocked": gate.blocked, "notes": (*notes, *gate.notes)}
    return replace(weighted, about=about)


def choices_of(
    follow_up: FollowUp, target: Target | None, settings: WeightingSettings | None
) -> WeightingSettings:
    """Return the choices given, or those of the study, or the usual ones; refuse impossible ones.

    Raises
    ------
    DesignError
        If nobody can be weighed like this.
    """
    choices = settings or follow_up.about.get("weighting_settings") or WeightingSettings()
    if target is not None and target not in get_args(Target):
        raise DesignError(f"No target '{target}'; known are: {', '.join(get_args(Target))}.")
    if target is not None:
        of_arm = choices.of_arm if target == "att" else ""
        choices = choices.model_copy(update={"target": target, "of_arm": of_arm})
    if follow_up.is_weighted or follow_up.weighting is not None:
        raise DesignError("This follow-up is weighted already. Weigh the one that follow() made.")
    sizes = follow_up.frame["arm"].value_counts()
    empty = [arm for arm in follow_up.arms if sizes[arm] == 0]
    if empty or len(follow_up.arms) < 2:
        found = f"nobody is in {in_words(empty[0])}" if empty else "there is only one"
        raise DesignError(f"Weights compare at least two arms with patients, but {found}.")
    if choices.of_arm and choices.of_arm not in follow_up.arms:
        hint = nearest(choices.of_arm, follow_up.arms)
        raise DesignError(f"There is no arm '{choices.of_arm}'; {hint}")
    return choices


def covariates_of(follow_up: FollowUp, choices: WeightingSettings) -> tuple[str, ...]:
    """Return the covariates that the arms are made alike in; refuse those that cannot be used.

    Raises
    ------
    DesignError
        If there are none, or one is absent, a date or free text.
    """
    names = choices.covariates or follow_up.covariates
    absent = [name for name in names if name not in follow_up.covariates]
    if absent or not names:
        missing = f"'{absent[0]}' is not one of them" if absent else "there are none"
        raise DesignError(
            f"The arms are weighed by baseline covariates, but {missing}. The follow-up has: "
            f"{', '.join(follow_up.covariates) or 'no covariates'}. Name them in the study file."
        )
    for name in names:
        refuse_unfit(name, follow_up.frame[name])
    return tuple(names)


def method_of(choices: WeightingSettings, names: tuple[str, ...], follow_up: FollowUp) -> str:
    """Return how the weights were made, in words."""
    kind = "multinomial logistic" if len(follow_up.arms) > 2 else "logistic"
    penalty = " with an L1 penalty" if choices.penalty == "l1" else ""
    return (
        f"weighted to {target_in_words(choices, follow_up.reference)} by a {kind} "
        f"propensity model{penalty} with {count_of(len(names), 'covariate')}"
    )


def _truncated(values: Array, limits: tuple[float, float]) -> tuple[str, ...]:
    if limits == (0.0, np.inf):
        return ()
    share = np.mean((values == limits[0]) | (values == limits[1]))
    bounds = " and ".join(
        f"{word} {limit:.4g}"
        for word, limit in zip(("below", "above"), limits, strict=True)
        if 0 < limit < np.inf
    )
    return (f"Weights {bounds} were cut off there ({100 * share:.1f}% of them).",)
