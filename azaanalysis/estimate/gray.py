"""Gray's test that the cumulative incidence of a cause is the same in all arms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError
from azaanalysis.estimate.arm_hazards import observed
from azaanalysis.estimate.cells import Array
from azaanalysis.estimate.compare import refuse_one_arm
from azaanalysis.estimate.grid import ratio
from azaanalysis.estimate.proportional import Test, chi_square
from azaanalysis.estimate.tally import RiskTable, tally
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words


def estimate_gray_test(
    follow_up: FollowUp | RiskTable, *, rho: float = 0.0, stratum: str | None = None
) -> Estimate:
    """Test whether the cumulative incidence of each own cause is the same in all arms.

    It compares the hazards of the subdistribution, in which whoever had another cause first stays
    at risk for ever; so it sees risks, and not hazards as the log-rank test does.

    Parameters
    ----------
    follow_up
        One row per patient, or its risk table; at least two arms, every patient counts as one,
        nobody enters late.
    rho
        Days count by (1 - F)^rho, with F the pooled incidence just before the day: above 0 early
        differences count more.
    stratum
        A categorical covariate; patients are compared within each of its levels.

    Returns
    -------
    Estimate
        For each own cause one row ``gray_test`` (chi-square; ``unit`` gives the degrees of freedom)
        and one row ``gray_test_p``. Both are missing if nobody had the event.

    Raises
    ------
    DesignError
        If there is only one arm, or the follow-up is weighted or entered late.
    EstimationError
        If the stratum is no covariate.

    Notes
    -----
    Source: Gray (1988), Ann Stat 16:1141-1154, with the variance of R's ``cmprsk::cuminc``, which
    corrects for ties. It rejects also where only the hazard of a competing cause differs, because
    that changes the risk of this one. Assumes that censoring tells nothing about the cause.
    """
    table = tally(follow_up, stratum=stratum)
    refuse_one_arm(table.arms)
    _refuse_weights_and_late_entry(table)
    rows = []
    for number, cause in enumerate(table.causes[: table.n_own], 1):
        test = _test(table, number, rho)
        seen = observed(table, number, table.arms)
        row = {"endpoint": table.endpoint, "cause": cause, "unit": f"{test.freedom} df"}
        row |= {"patients": seen["patients"], "events": seen["events"]}
        rows.append({**row, "quantity": "gray_test", "value": test.statistic})
        rows.append({**row, "quantity": "gray_test_p", "value": test.p})
    method = "Gray's test" if rho == 0 else f"Gray's test, rho {rho:g}"
    by = f", stratified by {in_words(stratum)}" if stratum else ""
    about = {**table.about, "method": method + by, "level": None, "interval": "none"}
    return Estimate.from_rows(rows, about=about)


def _refuse_weights_and_late_entry(table: RiskTable) -> None:
    if table.is_weighted:
        raise DesignError(
            "Gray's test counts every patient as one, but the follow-up is weighted. Take "
            "estimate_fine_gray(...), whose robust test of the arm holds with weights."
        )
    if (table.keys.entry_days > 0).any():
        raise DesignError(
            "Gray's test needs everybody from day 0, but some enter late. Take "
            "estimate_log_rank(...), which compares cause-specific hazards."
        )


def _test(table: RiskTable, number: int, rho: float) -> Test:
    score, covariance = np.zeros(len(table.arms)), np.zeros((len(table.arms),) * 2)
    for stratum in range(len(table.strata)):
        here = table.keys.stratum == stratum
        days, day = np.unique(table.keys.exit_days[here], return_inverse=True)
        arm, status = table.keys.arm[here], table.keys.status[here]
        patients = table.counts.patients[here].astype(float)

        def by_day(counted: Array, arm: Array = arm, day: Array = day, n: int = len(days)) -> Array:
            sums = np.bincount(arm * n + day, counted, minlength=len(table.arms) * n)
            return sums.reshape(len(table.arms), n)

        leaving = by_day(patients)
        at_risk = np.cumsum(leaving[:, ::-1], axis=1)[:, ::-1]
        own, other = by_day(patients * (status == number)), by_day(patients * (status > 0))
        days_of = _Days(at_risk, own, other - own, rho)
        score += days_of.score
        covariance += days_of.covariance
    seen = np.flatnonzero(np.diag(covariance) > 0)[:-1]
    return chi_square(score[seen], covariance[np.ix_(seen, seen)])


@dataclass(frozen=True, eq=False)
class _Days:
    """What happens in each arm (first axis) on each day (last axis) of a stratum.

    With Y at risk, S survival free of any cause just before the day, F the incidence of the own
    cause just before it, all of one arm: those at risk in the subdistribution are estimated by
    Y (1 - F) / S, and the pooled incidence grows by own events over the sum of R = Y / S.
    """

    at_risk: Array
    own: Array
    other: Array
    rho: float

    @cached_property
    def free_after(self) -> Array:
        """S at the end of each day."""
        free: Array = np.cumprod(1 - ratio(self.own + self.other, self.at_risk), axis=1)
        return free

    @cached_property
    def free_before(self) -> Array:
        """S just before each day."""
        return _before(self.free_after, 1.0)

    @cached_property
    def reach(self) -> Array:
        """R of each arm: those at risk over the share that is still free."""
        return ratio(self.at_risk, self.free_before)

    @cached_property
    def everybody(self) -> Array:
        """R of all arms together."""
        everybody: Array = self.reach.sum(axis=0)
        return everybody

    @cached_property
    def events(self) -> Array:
        """Own events of all arms together."""
        events: Array = self.own.sum(axis=0)
        return events

    @cached_property
    def pooled(self) -> Array:
        """Pooled incidence at the end of each day."""
        pooled: Array = np.cumsum(ratio(self.events, self.everybody))
        return pooled

    @cached_property
    def importance(self) -> Array:
        """How much each day counts."""
        importance: Array = (1 - _before(self.pooled, 0.0)) ** self.rho
        return importance

    @cached_property
    def score(self) -> Array:
        """Own events less those expected if all arms had the same incidence."""
        risk = np.cumsum(ratio(self.free_before * self.own, self.at_risk), axis=1)
        at_risk = self.reach * (1 - _before(risk, 0.0))
        expected = self.events * ratio(at_risk, at_risk.sum(axis=0))
        score: Array = (self.own - expected) @ self.importance
        return score

    @cached_property
    def covariance(self) -> Array:
        """Covariance of the score, from the martingales of both kinds of events in each arm.

        An event in arm k moves the score of arm i at once (``now``) and, through the incidence
        and survival of arm k, on all later days (``later``).
        """
        share = ratio(self.reach, self.everybody)
        same = np.eye(len(self.own))[:, :, None]
        now = self.importance * self.reach[:, None] * (same - share[None])
        step = ratio(self.events, self.everybody * (1 - _before(self.pooled, 0.0)))
        so_far = np.cumsum(now * step, axis=2)
        later = so_far[:, :, -1:] - so_far
        left = np.where(self.free_after > 0, ratio(1 - self.pooled, self.free_after), 0.0)
        moved = now + later * (1 - left)
        covariance = np.einsum("ikt,jkt,kt->ij", moved, moved, self._spread_of_own())
        moved = later * left
        covariance += np.einsum("ikt,jkt,kt->ij", moved, moved, self._spread_of_other())
        return np.asarray(covariance)

    def _spread_of_own(self) -> Array:
        """Variance of the own events expected in each arm, ties as drawn without replacement."""
        tied = ratio(self.events - 1, self.everybody * self.free_before - 1)
        tied = np.where(self.events > 1, 1 - tied, 1.0)
        drawn = ratio(self.free_before * self.events, self.everybody * self.at_risk)
        return np.asarray(tied * drawn)

    def _spread_of_other(self) -> Array:
        tied = np.where(self.other > 1, 1 - ratio(self.other - 1, self.at_risk - 1), 1.0)
        drawn = ratio(self.free_before**2 * self.other, self.at_risk**2)
        return np.asarray(tied * drawn)


def _before(values: Array, first: float) -> Array:
    """Move a step function by a day: its value just before each day."""
    begin = np.full((*values.shape[:-1], 1), first)
    return np.concatenate([begin, values[..., :-1]], axis=-1)
