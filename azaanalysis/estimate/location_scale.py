"""Parametric times: log T = location + scale * error, known exactly or up to an interval."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from azaanalysis.errors import EstimationError
from azaanalysis.estimate.time_shapes import SHAPES, Distribution, Shape

Array = np.ndarray
# Newton's step is quadratic: a step of 1e-7 standard errors leaves an error of about 1e-14.
_SMALL_STEP = 1e-14
_MOST_STEPS = 200


@dataclass(frozen=True, eq=False)
class Times:
    """What is known of each time.

    Parameters
    ----------
    entry
        Day from which a row was observed: earlier times could not have been seen.
    left, right
        The time lies after ``left``, up to and on ``right``; right is infinite if it was never
        seen; both are the same if it is known.
    """

    entry: Array
    left: Array
    right: Array


@dataclass(frozen=True, eq=False)
class LocationScale:
    """A model of times, to be fitted.

    Parameters
    ----------
    times
        What is known of each time.
    design
        Shape (n, p), its first column ones.
    weight
        Weight of each row.
    distribution
        Of the times; ``exponential`` is Weibull with scale 1.
    """

    times: Times
    design: Array
    weight: Array
    distribution: Distribution

    @cached_property
    def shape(self) -> Shape:
        """The distribution of the error."""
        return SHAPES[self.distribution]

    def terms(self, theta: Array) -> tuple[Array, Array, Array]:
        """Return log likelihood, slope and bend of each row at (coefficients, log scale).

        Slope by location and log scale, shape (n, 2); bend the second derivatives by location
        twice, by both, by log scale twice, shape (n, 3).
        """
        location, scale = self.design @ theta[:-1], np.exp(theta[-1])
        exact = self.times.left == self.times.right
        # Far from the maximum, and in the branch that a row does not take, numbers run over.
        with np.errstate(all="ignore"):
            parts = [_known(self, location, scale), _between(self, location, scale)]
            late = self._before_entry(location, scale)
        return tuple(
            np.where(exact if known.ndim == 1 else exact[:, None], known, between) - truncated
            for known, between, truncated in zip(*parts, late, strict=True)
        )

    def _before_entry(self, location: Array, scale: float) -> tuple[Array, Array, Array]:
        late = Times(self.times.entry, self.times.entry, np.full(len(location), np.inf))
        model = LocationScale(late, self.design, self.weight, self.distribution)
        return _between(model, location, scale)

    def fit(self) -> LocationScaleFit:
        """Climb the likelihood by Newton's method, halving steps that lead down.

        Raises
        ------
        EstimationError
            If the likelihood has no maximum that can be found.
        """
        theta = self._start()
        free = np.arange(len(theta) - (self.distribution == "exponential"))
        for _ in range(_MOST_STEPS):
            value, slope, information = self.derivatives(theta)
            step = np.zeros_like(theta)
            step[free] = _uphill(slope[free], information[np.ix_(free, free)])
            theta, gain = self._climb(theta, step, value), float(slope @ step)
            if gain < _SMALL_STEP:
                return LocationScaleFit(self, theta, free)
        raise EstimationError(
            f"The {self.distribution} model does not settle on a maximum. An arm without events, "
            "or a covariate that tells events apart exactly, has no finite ratio."
        )

    def _start(self) -> Array:
        finite = np.isfinite(self.times.right)
        guess = np.where(finite, (self.times.left + self.times.right) / 2, self.times.left)
        logs = np.log(np.maximum(guess, 0.5))
        centre = float(np.average(logs, weights=self.weight))
        start = np.zeros(self.design.shape[1] + 1)
        start[0] = centre + 0.5
        if self.distribution != "exponential":
            start[-1] = np.log(max(float(np.std(logs)), 0.1))
        return start

    def derivatives(self, theta: Array) -> tuple[float, Array, Array]:
        """Return the log likelihood, its slope, and minus its second derivative."""
        value, slope, bend = self.terms(theta)
        wide = np.column_stack([self.design * slope[:, [0]], slope[:, 1]])
        p = self.design.shape[1]
        information = np.empty((p + 1, p + 1))
        information[:p, :p] = -self.design.T @ (self.design * (self.weight * bend[:, 0])[:, None])
        information[:p, p] = information[p, :p] = -self.design.T @ (self.weight * bend[:, 1])
        information[p, p] = -(self.weight @ bend[:, 2])
        return float(self.weight @ value), self.weight @ wide, information

    def _climb(self, theta: Array, step: Array, value: float) -> Array:
        for halvings in range(40):
            there = theta + step / 2**halvings
            reached = float(self.weight @ self.terms(there)[0])
            if reached >= value - 1e-10 * abs(value):
                return np.asarray(there)
        return theta


@dataclass(frozen=True, eq=False)
class LocationScaleFit:
    """A model at the maximum of its likelihood; ``free`` are the coefficients that were fitted."""

    model: LocationScale
    theta: Array
    free: Array

    @property
    def scale(self) -> float:
        """Spread of the error."""
        return float(np.exp(self.theta[-1]))

    @cached_property
    def log_likelihood(self) -> float:
        """At the maximum, for times in days."""
        return self.model.derivatives(self.theta)[0]

    @cached_property
    def model_covariance(self) -> Array:
        """Inverse of the information; zero for what was not fitted."""
        information = self.model.derivatives(self.theta)[2]
        covariance = np.zeros_like(information)
        place = np.ix_(self.free, self.free)
        covariance[place] = np.linalg.inv(information[place])
        return covariance

    @cached_property
    def influence(self) -> Array:
        """What one unit of weight of each row does to coefficients and log scale, (n, p + 1)."""
        slope = self.model.terms(self.theta)[1]
        wide = np.column_stack([self.model.design * slope[:, [0]], slope[:, 1]])
        influence: Array = wide @ self.model_covariance
        return influence

    def quantile(self, p: Array, row: Array, covariance: Array) -> tuple[Array, Array]:
        """Return days by which shares p have had the event, and standard errors, for one row."""
        z = self.model.shape.quantile(np.asarray(p))
        days = np.exp(row @ self.theta[:-1] + self.scale * z)
        slope = np.column_stack([np.tile(row, (len(z), 1)), self.scale * z]) * days[:, None]
        errors: Array = np.sqrt(np.einsum("qi,ij,qj->q", slope, covariance, slope))
        return days, errors

    def risk(self, day: float, rows: Array) -> tuple[Array, Array]:
        """Return the risk by a day for each row of a design, and its slope by the coefficients."""
        z = (np.log(day) - rows @ self.theta[:-1]) / self.scale
        slope = np.column_stack([-rows / self.scale, -z])
        return 1 - self.model.shape.survival(z), self.model.shape.density(z)[:, None] * slope


def _uphill(slope: Array, information: Array) -> Array:
    """Return Newton's step; where the likelihood is not concave, one along its slope."""
    try:
        np.linalg.cholesky(information)
        step: Array = np.linalg.solve(information, slope)
    except np.linalg.LinAlgError:
        step = slope / np.maximum(np.abs(np.diag(information)), 1.0)
    return step


def _known(model: LocationScale, location: Array, scale: float) -> tuple[Array, Array, Array]:
    """Return the terms of times that are known."""
    logs = np.log(np.where(model.times.right > 0, np.minimum(model.times.right, 1e300), 1.0))
    z = (logs - location) / scale
    slope, bend = model.shape.log_slope(z), model.shape.log_bend(z)
    return (
        model.shape.log_density(z) - np.log(scale) - logs,
        np.stack([-slope / scale, -z * slope - 1], axis=1),
        np.stack([bend / scale**2, (slope + z * bend) / scale, z * (slope + z * bend)], axis=1),
    )


def _between(model: LocationScale, location: Array, scale: float) -> tuple[Array, Array, Array]:
    """Return the terms of times known up to an interval: log(S(a) - S(b))."""
    (za, fa, ga, sa), (zb, fb, gb, sb) = (
        _edge(model.shape, edge, location, scale) for edge in (model.times.left, model.times.right)
    )
    chance = np.maximum(sa - sb, 1e-300)
    a, b = -fa / chance, fb / chance
    aa, bb, ab = -ga / chance - a**2, gb / chance - b**2, -a * b
    # z moves by -1/scale with the location and by -z with the log scale.
    both = za * a + zb * b
    curved = za * aa + zb * bb + ab * (za + zb)
    twice = za**2 * aa + zb**2 * bb + 2 * za * zb * ab
    return (
        np.log(chance),
        np.stack([-(a + b) / scale, -both], axis=1),
        np.stack([(aa + bb + 2 * ab) / scale**2, (curved + a + b) / scale, twice + both], axis=1),
    )


def _edge(
    shape: Shape, days: Array, location: Array, scale: float
) -> tuple[Array, Array, Array, Array]:
    """Return z, density, its slope and survival at an edge of an interval; 0 and infinity too."""
    is_inside = (days > 0) & np.isfinite(days)
    z = np.where(is_inside, (np.log(np.where(is_inside, days, 1.0)) - location) / scale, 0.0)
    survival = np.where(is_inside, shape.survival(z), days <= 0)
    density = np.where(is_inside, shape.density(z), 0.0)
    slope = np.where(is_inside, shape.density_slope(z), 0.0)
    return z, density, slope, survival
