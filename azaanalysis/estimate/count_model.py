"""Counts with a logarithmic link and time at risk: the fit of a model, and its errors."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import digamma, gammaln

from azaanalysis.errors import EstimationError
from azaanalysis.estimate.cells import Array

Correction = Literal["HC0", "HC1", "HC3"]
# Below this spread a negative binomial is a Poisson count to four digits of its variance; beyond
# the other nothing but zeros and single bursts is left.
_LEAST_SPREAD, _MOST_SPREAD = 1e-4, 1e4


@dataclass(frozen=True, eq=False)
class Counts:
    """What a model of counts is fitted to.

    Parameters
    ----------
    events
        Count of each row.
    years
        Patient-years of each row, above zero.
    design
        Shape (n, p), its first column ones.
    weight
        Weight of each row.
    """

    events: Array
    years: Array
    design: Array
    weight: Array

    def fit(self, spread: float = 0.0) -> CountFit:
        """Fit at a given spread: the variance is mean + spread * mean^2.

        Raises
        ------
        EstimationError
            If the likelihood has no maximum that can be found.
        """
        import statsmodels.api as sm

        family = sm.families.NegativeBinomial(alpha=spread) if spread else sm.families.Poisson()
        model = sm.GLM(
            self.events,
            self.design,
            family=family,
            offset=np.log(self.years),
            var_weights=self.weight,
        )
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            # Tight, because its usual stop leaves the sixth digit open.
            found: Any = model.fit(tol=1e-13, tol_criterion="params", maxiter=200)
        coefficients = np.asarray(found.params)
        if not (found.converged and np.isfinite(coefficients).all()):
            raise EstimationError(
                "The model of counts does not settle on a maximum. A group without events has no "
                "finite ratio: leave it out, or put levels together."
            )
        return CountFit(self, coefficients, spread)

    def fit_spread(self) -> CountFit:
        """Fit the spread too, by maximum likelihood; zero if counts vary no more than Poisson."""
        least = self.fit()
        # The derivative by the spread where it is zero.
        if self.weight @ ((self.events - least.mean) ** 2 - self.events) <= 0:
            return least

        def slope(log_spread: float) -> float:
            spread = float(np.exp(log_spread))
            return self.fit(spread).slope_of_spread(spread)

        least_log, most_log = np.log(_LEAST_SPREAD), np.log(_MOST_SPREAD)
        if slope(least_log) <= 0:
            return least
        if slope(most_log) > 0:
            raise EstimationError(
                "The spread of the counts has no finite estimate: hardly anybody has an event, and "
                "a few have very many. Describe these patients instead."
            )
        root = brentq(slope, least_log, most_log, xtol=1e-13, rtol=1e-13)
        return self.fit(float(np.exp(root)))


@dataclass(frozen=True, eq=False)
class CountFit:
    """A model of counts at its maximum; ``spread`` is alpha of the negative binomial (NB2)."""

    counts: Counts
    coefficients: Array
    spread: float

    @cached_property
    def mean(self) -> Array:
        """Expected count of each row."""
        mean: Array = self.counts.years * np.exp(self.counts.design @ self.coefficients)
        return mean

    @cached_property
    def _working(self) -> Array:
        """Weight of each row in the information: mean / (1 + spread * mean)."""
        working: Array = self.mean / (1 + self.spread * self.mean)
        return working

    @cached_property
    def model_covariance(self) -> Array:
        """Inverse of the expected information, the spread taken as known (as R's glm.nb)."""
        design, weight = self.counts.design, self.counts.weight
        information = design.T @ (design * (weight * self._working)[:, None])
        inverse: Array = np.linalg.inv(information)
        return inverse

    @cached_property
    def influence(self) -> Array:
        """What one unit of weight of each row does to the coefficients, shape (n, p)."""
        off = (self.counts.events - self.mean) / (1 + self.spread * self.mean)
        influence: Array = (self.counts.design * off[:, None]) @ self.model_covariance
        return influence

    @cached_property
    def leverage(self) -> Array:
        """Share of each row in its own fitted value."""
        design = self.counts.design
        pull = ((design @ self.model_covariance) * design).sum(axis=1)
        leverage: Array = self.counts.weight * self._working * pull
        return leverage

    @cached_property
    def log_likelihood(self) -> float:
        """At the maximum, with all constants."""
        y, mean, weight = self.counts.events, self.mean, self.counts.weight
        if not self.spread:
            return float(weight @ (y * np.log(mean) - mean - gammaln(y + 1)))
        size = 1 / self.spread
        constant = gammaln(y + size) - gammaln(size) - gammaln(y + 1)
        return float(
            weight
            @ (constant + y * np.log(mean / (mean + size)) - size * np.log1p(self.spread * mean))
        )

    def slope_of_spread(self, spread: float) -> float:
        """Return the derivative of the log likelihood by the spread, at this mean."""
        y, mean, size = self.counts.events, self.mean, 1 / spread
        by_size = (
            digamma(y + size) - digamma(size) - np.log1p(spread * mean) + (mean - y) / (mean + size)
        )
        return float(-(size**2) * (self.counts.weight @ by_size))
