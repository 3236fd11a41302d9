"""Fine-Gray regression: ratios of the hazards of subdistributions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError
from azaanalysis.estimate.cox import interval_of_fit, ratios_of_fit
from azaanalysis.estimate.cox_model import CoxFit, CoxModel
from azaanalysis.estimate.partial_likelihood import Hazards, Ties, maximise
from azaanalysis.estimate.refusals import needs_rows, refuse_level, refuse_word
from azaanalysis.estimate.resample import USUAL, Resample
from azaanalysis.estimate.risk_sets import RiskSets
from azaanalysis.estimate.row_scores import RowScores
from azaanalysis.estimate.sandwich import describe_for_rows
from azaanalysis.estimate.subdistribution import Censoring, Convention, SubdistributionSets
from azaanalysis.estimate.variance import Variance
from azaanalysis.result import Estimate

WhereCensored = Literal["within_arm", "pooled"]
READ_WITH_CARE = (
    "A subdistribution hazard ratio compares risks, not mechanisms: it can differ from 1 when only "
    "the hazard of a competing event differs between the arms."
)


def estimate_fine_gray(
    follow_up: FollowUp,
    *,
    covariates: Sequence[str] = (),
    censoring: WhereCensored = "within_arm",
    convention: Convention = "crr",
    level: float = 0.95,
    variance: Variance = "auto",
) -> Estimate:
    """Estimate subdistribution hazard ratios of each own cause: what moves its risk.

    Whoever had a competing event stays at risk for ever, weighted by the chance not to have been
    censored since. A ratio above 1 means a higher cumulative incidence.

    Parameters
    ----------
    follow_up
        One row per patient; nobody enters late.
    covariates
        Further columns, as in ``estimate_cox``; the arm is one unless there is only one.
    censoring
        ``within_arm`` estimates the chance of not being censored in each arm; ``pooled`` in
        everybody, as R does by default. Pooled rejects a true null far too often when arms are
        censored differently.
    convention
        ``crr`` as R's ``cmprsk::crr``: Breslow's ties, patients with an event on a day are still
        at risk of being censored on it, and errors contain that the chance was estimated.
        ``finegray`` as ``survival::finegray`` with ``coxph``: Efron's ties, events come first,
        and the chance is taken as known.
    level
        Coverage of the interval, between 0 and 1.
    variance
        As in ``estimate_cox``, but never from the model.

    Returns
    -------
    Estimate
        For each own cause one row ``subdistribution_hazard_ratio`` for each coefficient, named as
        in ``estimate_cox``.

    Raises
    ------
    DesignError
        If somebody enters late or has several rows, a column is absent, or there is nothing to
        estimate.
    EstimationError
        As ``estimate_cox``.

    Notes
    -----
    Source: Fine and Gray (1999), J Am Stat Assoc 94:496-509. It can differ from 1 when only the
    hazard of a competing cause differs; show the hazard ratios of all causes beside it.
    Assumes that censoring tells nothing about the future, given the arm.
    """
    refuse_level(level)
    refuse_word("censoring", censoring, get_args(WhereCensored))
    refuse_word("convention", convention, get_args(Convention))
    needs_rows(follow_up)
    _refuse_rows(follow_up)
    model = FineGrayModel.made(follow_up, covariates, censoring, convention, variance)
    rows: list[dict[str, Any]] = []
    for number, cause in enumerate(follow_up.own_causes, 1):
        fitted = model.fit(number)
        named = {"endpoint": follow_up.endpoint, "cause": cause, **model.observed(number)}
        interval = interval_of_fit(fitted, number, level, USUAL)
        rows += [
            {**named, **row, "quantity": "subdistribution_hazard_ratio"}
            for row in ratios_of_fit(fitted, interval)
        ]
    where = "within arms" if censoring == "within_arm" else "in everybody"
    about = {
        **follow_up.about,
        "method": f"Fine-Gray regression ({convention}), censoring estimated {where}",
        "level": level,
        "interval": describe_for_rows(follow_up, model.variance),
        "variance": model.variance,
        "notes": (*follow_up.about.get("notes", ()), *model.notes, READ_WITH_CARE),
    }
    return Estimate.from_rows(rows, about=about)


def _refuse_rows(follow_up: FollowUp) -> None:
    is_again = follow_up.frame.duplicated(["patient_id", "arm"])
    if is_again.any():
        raise DesignError(
            f"Fine-Gray regression needs one row per patient, but {is_again.sum():,} of "
            f"{len(is_again):,} rows go on with a patient who has one already. Follow each to the "
            "first event (follow, or follow_up_from_frame with one row each); for repeated events "
            "take estimate_mean_count(...), for covariates that change estimate_cox(...)."
        )
    if (follow_up.frame["entry_days"] > 0).any():
        raise DesignError(
            "Fine-Gray regression needs everybody from day 0, but some rows enter late. Take "
            "estimate_cox(...) for each cause, or leave these rows out."
        )


@dataclass(frozen=True, eq=False)
class FineGrayModel(CoxModel):
    """A Cox model whose risk sets are those of a subdistribution."""

    where: WhereCensored = "within_arm"
    convention: Convention = "crr"

    @classmethod
    def made(
        cls,
        follow_up: FollowUp,
        covariates: Sequence[str],
        where: WhereCensored,
        convention: Convention,
        variance: Variance,
    ) -> FineGrayModel:
        """Make the model matrix."""
        ties: Ties = "breslow" if convention == "crr" else "efron"
        made = cls.of(follow_up, covariates, (), ties=ties, variance=variance)
        # The model's own error takes the weights of those who stay for counts.
        variance_here = "robust" if made.variance == "model" else made.variance
        return replace(made, where=where, convention=convention, variance=variance_here)

    def fit(self, number: int, *, resample: Resample | None = None) -> CoxFit:
        """Fit the subdistribution of the k-th cause, in everybody or in a resample."""
        leave, status = self.column("exit_days"), self.column("status")
        weight, copies = self.weights(resample)
        is_event = (status == number) & (weight > 0)
        group = np.zeros(len(self.rows), dtype=np.int8)
        if self.where == "within_arm":
            group = self.follow_up.frame["arm"].cat.codes.to_numpy()[self.rows]
        censoring = Censoring.of(leave, status, weight, group, self.convention)
        plain = RiskSets.of(self.column("entry_days"), leave, is_event)
        is_other = (status > 0) & (status != number)
        sets = SubdistributionSets.of(plain, is_other, censoring)
        hazards = Hazards(self.terms.design, weight, is_event, sets, copies, self.ties)
        found = maximise(hazards)
        scores = np.asarray(RowScores.of(found))
        if self.convention == "crr":
            sets.add_score_of_censoring(scores, found, censoring)
        return CoxFit(self, found, copies, scores)
