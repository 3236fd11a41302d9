"""Distributions of the error of log times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit, ndtr, ndtri

Array = np.ndarray
Distribution = Literal["weibull", "exponential", "lognormal", "loglogistic"]


@dataclass(frozen=True)
class Shape:
    """The distribution of the error z: its parts, each a function of z.

    Parameters
    ----------
    survival, density, density_slope
        S(z), f(z) and f'(z).
    log_density, log_slope, log_bend
        log f(z) with its first and second derivative.
    quantile
        z below which a share p lies.
    """

    survival: Callable[[Array], Array]
    density: Callable[[Array], Array]
    density_slope: Callable[[Array], Array]
    log_density: Callable[[Array], Array]
    log_slope: Callable[[Array], Array]
    log_bend: Callable[[Array], Array]
    quantile: Callable[[Array], Array]


def _extreme(z: Array) -> Array:
    return np.asarray(np.exp(z - np.exp(z)))


_EXTREME = Shape(
    survival=lambda z: np.exp(-np.exp(z)),
    density=_extreme,
    density_slope=lambda z: _extreme(z) * (1 - np.exp(z)),
    log_density=lambda z: z - np.exp(z),
    log_slope=lambda z: 1 - np.exp(z),
    log_bend=lambda z: -np.exp(z),
    quantile=lambda p: np.log(-np.log1p(-p)),
)
_NORMAL = Shape(
    survival=lambda z: ndtr(-z),
    density=lambda z: np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi),
    density_slope=lambda z: -z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi),
    log_density=lambda z: -(z**2) / 2 - np.log(2 * np.pi) / 2,
    log_slope=lambda z: -z,
    log_bend=lambda z: -np.ones_like(z),
    quantile=ndtri,
)
_LOGISTIC = Shape(
    survival=lambda z: expit(-z),
    density=lambda z: expit(z) * expit(-z),
    density_slope=lambda z: expit(z) * expit(-z) * (expit(-z) - expit(z)),
    log_density=lambda z: z - 2 * np.logaddexp(0, z),
    log_slope=lambda z: 1 - 2 * expit(z),
    log_bend=lambda z: -2 * expit(z) * expit(-z),
    quantile=lambda p: np.log(p) - np.log1p(-p),
)
SHAPES = {
    "weibull": _EXTREME,
    "exponential": _EXTREME,
    "lognormal": _NORMAL,
    "loglogistic": _LOGISTIC,
}
