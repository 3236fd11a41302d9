"""The true risks of one arm, divided by a trait of the start, beside their estimates."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from azaanalysis.estimate.true_answer import (
    PEOPLE,
    SEED,
    UNKNOWN,
    causes_of,
    conditions_of,
    nothing_known,
    reading_of,
    strategy_of_arm,
    truth_name,
    why_not,
)
from azaanalysis.estimate.true_rows import ADDED, BESIDE, Asked
from azaanalysis.estimate.true_subgroups import condition_of
from azaanalysis.result import Estimate
from azaanalysis.study import Study
from azaanalysis.synthetic import load_parameters, simulate_overlap_truth
from azaanalysis.synthetic.formulary import open_formulary


def compare_levels_with_truth(
    estimates: Estimate,
    study: Study,
    *,
    endpoint: str,
    by: str,
    cuts: Sequence[float] = (),
    n_patients: int = PEOPLE,
) -> pd.DataFrame:
    """Set the true risks of those who start the reference, level by level, beside their estimates.

    Parameters
    ----------
    estimates
        Rows of ``risk`` on single days, with the levels as arms: of ``follow_by_dose`` or
        ``follow_by_trait`` in the reference arm.
    study, endpoint
        The question that they answer.
    by
        ``dose_mg_per_kg`` (the first dose), ``tpmt`` or ``nudt15`` (as recorded), or another trait
        that the simulated people have.
    cuts
        Where levels of a number begin, as in ``follow_by_dose``.
    n_patients
        People who are invented for the truth; those who start the reference are followed.

    Returns
    -------
    DataFrame
        As ``compare_with_truth`` returns it, the level in ``arm``: what would be seen at each level
        if nobody were lost. It describes, as the estimates do: who is given less differs in more.
    """
    reference, settings = study.comparison.reference, study.endpoint(endpoint)
    asked, synthetic = truth_name(settings, endpoint), study.source.synthetic
    reason = why_not(study, endpoint) or ("" if asked else UNKNOWN)
    if reason or asked is None or synthetic is None:
        return nothing_known(reason)
    world = synthetic.world
    known = open_formulary(load_parameters(world)).strategies
    strategy = strategy_of_arm(study, known)[reference]
    truth = simulate_overlap_truth(
        world,
        (strategy,),
        n_patients=n_patients,
        seed=SEED,
        horizon_days=study.horizon_of(endpoint),
        reading=reading_of(study, endpoint),
    ).where(" and ".join(conditions_of(study)))
    rows, causes = estimates.only(quantity="risk").frame, causes_of(study, endpoint, asked)
    beside = []
    for level in rows["arm"].unique():
        condition = condition_of(by, level, cuts)
        if not condition or truth.people.query(condition).empty:
            continue
        asks = Asked(truth.where(condition), asked, {level: strategy}, causes)
        own = rows[(rows["arm"] == level) & rows["cause"].isin(list(causes))]
        beside += [asks.beside(row) for row in own.to_dict("records")]
    found = pd.DataFrame([row for row in beside if row], columns=[*BESIDE, *ADDED])
    found.attrs["reason"] = "" if len(found) else UNKNOWN
    return found
