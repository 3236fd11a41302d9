"""The true answers within groups beside their estimates, where patients are invented."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from azaanalysis.design.subgroups import EVERYBODY
from azaanalysis.estimate.true_answer import compare_with_truth
from azaanalysis.result import Estimate
from azaanalysis.study import Study

# What the simulated people can be divided by.
_WORDS = ("disease", "smoking", "tpmt", "nudt15")
# Effects within genotypes are left to larger truths: few people are of the rare ones.
_LEFT_OUT = ("tpmt", "nudt15")
_TRUTHS = ("has_liver_disease", "has_cancer_history")
_NUMBERS = ("age_years", "prior_biologics", "severity_score", "comorbidity_score", "dose_mg_per_kg")


def compare_subgroups_with_truth(
    estimates: Estimate, study: Study, *, endpoint: str
) -> pd.DataFrame:
    """Set the true differences and ratios within groups beside their estimates.

    Parameters
    ----------
    estimates
        The result of ``estimate_subgroups``.
    study, endpoint
        As in ``compare_with_truth``.

    Returns
    -------
    DataFrame
        As ``compare_with_truth`` returns, with ``group`` besides: one row for each number in a
        group that the simulated people can be divided into, in the target population of that
        group. A group that is everybody under another name comes once. No rows, with the reason
        in ``attrs["reason"]``, where there is no truth.

    Notes
    -----
    Groups by enzyme activity have no truth here; their risks under the reference have one in
    ``compare_levels_with_truth``.
    """
    parts: list[pd.DataFrame] = []
    for name, trait, level in estimates.about["groups"]:
        condition = condition_of(trait, level, study.subgroups.get(trait, ()))
        # Where a trait keeps people out of the study, those without it are everybody.
        is_everybody = trait in study.population.without and level == "no"
        if condition is None or trait in _LEFT_OUT or is_everybody:
            continue
        without = tuple(column for column in study.population.without if column != trait)
        asked = study.changed(population={"without": without})
        rows = estimates.only(endpoint=name)
        found = compare_with_truth(rows, asked, endpoint=endpoint, among=condition)
        parts.append(found.assign(group=name))
    known = [part for part in parts if len(part)]
    made = pd.concat(known, ignore_index=True) if known else parts[0]
    made.attrs["reason"] = "" if known else parts[0].attrs["reason"]
    return made


def condition_of(trait: str, level: str, cuts: Sequence[float]) -> str | None:
    """Return a level as a condition on the simulated people; None if they cannot be so divided."""
    if trait == EVERYBODY:
        return ""
    if trait in _TRUTHS:
        return trait if level == "yes" else f"not {trait}"
    if trait in _WORDS:
        return f"{trait} == '{level}'"
    if trait not in _NUMBERS or not cuts or level.startswith("not known"):
        return None
    lower = [cut for cut in cuts if level.split()[0] == f"{cut:g}"]
    if not lower:
        return f"{trait} < {cuts[0]}"
    higher = [f"{trait} < {cut}" for cut in cuts if cut > lower[0]]
    return " and ".join([f"{trait} >= {lower[0]}", *higher[:1]])
