"""The rate of an arm beside that of the reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError
from azaanalysis.estimate.limits import Numbers
from azaanalysis.estimate.person_time import PersonTime
from azaanalysis.estimate.rate_variance import RateVariance, choose_variance
from azaanalysis.estimate.rates import limits_of_rates
from azaanalysis.estimate.refusals import needs_follow_up
from azaanalysis.estimate.tally import RiskTable
from azaanalysis.vocab import in_words


@dataclass(frozen=True, eq=False)
class RatePair:
    """One arm and the reference, by their numbers.

    Parameters
    ----------
    time
        Events and time of all arms.
    variance
        As chosen: ``exact``, ``robust``, ``stacked`` or ``bootstrap``.
    arm, reference
        Numbers of the two arms.
    """

    time: PersonTime
    variance: str
    arm: int
    reference: int

    @property
    def is_exact(self) -> bool:
        """Whether counts are taken as Poisson."""
        return self.variance == "exact"

    def named(self) -> dict[str, Any]:
        """Return the arms, and what was observed of both together."""
        seen = self.time.observed().iloc[[self.arm, self.reference]].sum()
        counts = {str(column): number for column, number in seen.items()}
        arms = self.time.arms
        return {"arm": arms[self.arm], "versus": arms[self.reference], **counts}

    def of_both(self, values: np.ndarray) -> np.ndarray:
        """Pick the arm and the reference out of values of all arms."""
        return values[[self.arm, self.reference]]

    def spread(self) -> np.ndarray:
        """Return the covariance of the two rates."""
        chosen = [self.arm, self.reference]
        covariance: np.ndarray = self.time.covariance(self.variance)[np.ix_(chosen, chosen)]
        return covariance

    def log_error(self) -> float:
        """Return the standard error of the log ratio; missing if a rate is zero or missing."""
        rates = self.of_both(self.time.rates())
        if not (rates > 0).all():
            return float("nan")
        contrast = np.array([1.0, -1.0]) / rates
        return float(np.sqrt(contrast @ self.spread() @ contrast))

    def log_reach(self, level: float) -> float:
        """Return how many standard errors the interval of the log ratio reaches.

        The log of a rate is pulled only by patients with events, who are fewer than the arm.
        """
        pulling = float(self.of_both(self.time.effective_events()).min())
        return self.time.reach(self.variance, level, pulling=pulling)

    def difference(self, level: float) -> tuple[float, tuple[float, float], float]:
        """Return the difference of the rates, its limits and its standard error.

        With correlation c of the two rates (0 unless weights or matching tie them), each limit is
        away from the difference by sqrt(a^2 - 2 c a b + b^2), a and b the distances of the
        two rates from their own limits.
        """
        rates = self.of_both(self.time.rates())
        own, other = self.of_both(limits_of_rates(self.time, self.variance, level))
        spread = self.spread()
        product = np.sqrt(spread[0, 0] * spread[1, 1])
        tie = spread[0, 1] / product if product > 0 else 0.0

        def away(a: float, b: float) -> float:
            return float(np.sqrt(a**2 - 2 * tie * a * b + b**2))

        value = float(rates[0] - rates[1])
        lower = value - away(rates[0] - own[0], other[1] - rates[1])
        upper = value + away(own[1] - rates[0], rates[1] - other[0])
        error = np.sqrt(spread[0, 0] + spread[1, 1] - 2 * spread[0, 1])
        return value, (lower, upper), float(error)

    def log_ratio(self, time: PersonTime) -> Numbers:
        """Return the log ratio in other rows (a resample), with its robust error."""
        here = replace(self, time=time, variance="robust")
        rates = here.of_both(time.rates())
        value = np.log(rates[0] / rates[1]) if (rates > 0).all() else np.nan
        return Numbers(np.array([value]), np.array([here.log_error()]))

    def plain_difference(self, time: PersonTime) -> Numbers:
        """Return the difference in other rows (a resample), with its robust error."""
        here = replace(self, time=time, variance="robust")
        rates, spread = here.of_both(time.rates()), here.spread()
        error = np.sqrt(spread[0, 0] + spread[1, 1] - 2 * spread[0, 1])
        return Numbers(np.array([rates[0] - rates[1]]), np.array([error]))

    def notes(self) -> Iterator[str]:
        """Say why there is no ratio, if there is none."""
        arms, rates = self.time.arms, self.of_both(self.time.rates())
        who = f"{in_words(arms[self.arm])} against {in_words(arms[self.reference])}"
        if np.isnan(rates).any():
            yield f"No rate ratio of {who}: one of the two was not followed for any time."
        elif rates[1] == 0:
            yield f"No rate ratio of {who}: {in_words(arms[self.reference])} had no event."
        elif rates[0] == 0 and not self.is_exact:
            yield (
                f"The rate ratio of {who} is zero and its interval is not known: limits on the "
                "log scale need an event in both."
            )


def pair_rates(follow_up: FollowUp | RiskTable, variance: RateVariance) -> Iterator[RatePair]:
    """Return each arm beside the reference.

    Raises
    ------
    DesignError
        If there is only one arm, or the variance asked for would be wrong.
    """
    needs_follow_up(follow_up)
    arms = follow_up.arms
    if len(arms) < 2:
        raise DesignError(
            f"A comparison needs at least two arms, but there is only '{arms[0]}'. "
            "Add an arm to the study file, or show the arm by its rate."
        )
    time = PersonTime.of(follow_up)
    chosen = choose_variance(time, variance, can_draw=True)
    reference = arms.index(str(follow_up.about.get("reference", arms[0])))
    for number in range(len(arms)):
        if number != reference:
            yield RatePair(time, chosen, number, reference)
