"""What the estimators should find in the worlds, without estimating anything.

Given covariates and frailty, the chance to reach each day, and to meet each cause on it, have a
closed form. They are averaged over more than a million quasi-random patients, once as they are
(ATE) and once by the overlap of their chances of treatment; that gives one life table for each
arm, as if all had been given it. Every truth is a few sums over life tables. The average is made
from sixteen independent scramblings of one Sobol sequence, so that its own error can be stated.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import root
from scipy.special import ndtri
from scipy.stats import qmc

from benchmarks.worlds import (
    ARMS,
    HORIZON_DAYS,
    WORLDS,
    World,
    chance_of_arms,
    draw_traits,
    hazards,
)

Array = np.ndarray

TARGETS = ("ate", "overlap")
AT_DAY = 182
MEAN_COUNT_DAY = 365
_SCRAMBLINGS = 16
POINTS = 2**16
_SEED = 7_041_776


@dataclass(frozen=True)
class LifeTable:
    """A population given one arm, per head, on days 1 to the horizon.

    Parameters
    ----------
    at_risk
        Share still followed on the day if nobody is lost, shape (days,).
    events
        Share that meets each cause on the day, shape (2, days).
    infections
        Infections on the day.
    seen
        Chance not to have been lost before the day.
    """

    at_risk: Array
    events: Array
    infections: Array
    seen: Array


def life_tables(world: World, traits: Array, n_arms: int) -> dict[tuple[str, str], LifeTable]:
    """Average what the traits imply, for each target population and arm."""
    chance = chance_of_arms(traits, n_arms)
    # Li and Li (2019): the harmonic mean of the chances; with two arms e (1 - e).
    tilt = np.vstack([np.ones(len(traits)), 1 / (1 / chance).sum(axis=1)])
    tilt /= tilt.sum(axis=1, keepdims=True)
    tables = {}
    for number, arm in enumerate(ARMS[:n_arms]):
        by_day = _by_day(world, traits, number, tilt)
        seen = np.exp(-world.lost_per_day[number] * np.arange(HORIZON_DAYS))
        for target, means in zip(TARGETS, by_day, strict=True):
            tables[target, arm] = LifeTable(means[0], means[1:3], means[3], seen)
    return tables


def _by_day(world: World, traits: Array, arm: int, tilt: Array) -> Array:
    """Return at risk, both causes and infections by target and day, shape (2, 4, days)."""
    still = np.ones(len(traits))
    means = np.empty((2, 4, HORIZON_DAYS))
    for day in range(HORIZON_DAYS):
        if day in (0, world.onset_day):
            hazard = hazards(world, traits, arm, late=day >= world.onset_day)
            both = hazard[:2].sum(axis=0)
            leaves = -np.expm1(-both)
            each = np.vstack([np.ones_like(still), hazard[:2] / both * leaves, hazard[2]])
        means[:, :, day] = (tilt * still) @ each.T
        still *= 1 - leaves
    return means


@cache
def scrambled_tables(
    world: str, n_arms: int, points: int
) -> tuple[dict[tuple[str, str], LifeTable], ...]:
    """Return the life tables of each scrambling."""
    tables = []
    for seed in np.random.SeedSequence(_SEED).spawn(_SCRAMBLINGS):
        uniform = qmc.Sobol(7, rng=np.random.default_rng(seed)).random(points)
        traits = draw_traits(ndtri(uniform[:, :4]), uniform[:, 4:])
        tables.append(life_tables(WORLDS[world], traits, n_arms))
    return tuple(tables)


def risk(table: LifeTable) -> float:
    """Return the risk of either cause by ``AT_DAY``."""
    return float(table.events[:, :AT_DAY].sum())


def risk_of_cause(table: LifeTable, cause: int) -> float:
    """Return the risk of one cause by ``AT_DAY``."""
    return float(table.events[cause, :AT_DAY].sum())


def restricted_mean(table: LifeTable) -> float:
    """Return the mean days free of both causes, up to the horizon."""
    return float(table.at_risk.sum())


def mean_count(table: LifeTable) -> float:
    """Return the mean number of infections by ``MEAN_COUNT_DAY``."""
    return float(table.infections[:MEAN_COUNT_DAY].sum())


def rate(table: LifeTable) -> float:
    """Return infections per day at risk, as far as loss to follow-up lets them be seen."""
    return float((table.infections * table.seen).sum() / (table.at_risk * table.seen).sum())


def log_hazard_ratios(tables: list[LifeTable]) -> Array:
    """Return where the Cox model of the first cause comes to rest, for all arms but the first.

    The partial likelihood of an endless cohort in which the arms are equally large (as weights
    make them) and patients are lost as in the world. Deaths of a day are tied by Efron: the
    denominators of the day run from all at risk to all but the dead, here an integral.
    """
    seen = np.array([table.seen for table in tables])
    at_risk = np.array([table.at_risk for table in tables]) * seen
    dead = np.array([table.events[0] for table in tables]) * seen
    nodes, shares = np.polynomial.legendre.leggauss(5)
    left = at_risk - dead * ((nodes + 1) / 2)[:, None, None]

    def score(log_ratios: Array) -> Array:
        pull = np.exp(np.append(0.0, log_ratios))[:, None] * left
        expected = (shares / 2)[:, None, None] * pull / pull.sum(axis=1, keepdims=True)
        found: Array = (dead - dead.sum(axis=0) * expected.sum(axis=0)).sum(axis=1)[1:]
        return found

    return np.asarray(root(score, np.zeros(len(tables) - 1), tol=1e-12).x)


def truths(
    world: str, n_arms: int, target: str, *, points: int = POINTS
) -> dict[str, tuple[float, float]]:
    """Return each quantity's true value and the Monte-Carlo error of it.

    Contrasts are of the second arm against the first; ratios are logarithms. ``points`` is the
    size of each of the sixteen scramblings.
    """
    scrambled = scrambled_tables(world, n_arms, points)
    found = [_truths_of(tables, n_arms, target) for tables in scrambled]
    values = {name: np.array([one[name] for one in found]) for name in found[0]}
    return {
        name: (float(each.mean()), float(each.std(ddof=1) / np.sqrt(_SCRAMBLINGS)))
        for name, each in values.items()
    }


def _truths_of(
    tables: dict[tuple[str, str], LifeTable], n_arms: int, target: str
) -> dict[str, float]:
    of_arm = [tables[target, arm] for arm in ARMS[:n_arms]]
    a, b = of_arm[:2]
    return {
        "risk": risk(b),
        "risk_difference": risk_of_cause(b, 0) - risk_of_cause(a, 0),
        "restricted_mean_difference": restricted_mean(b) - restricted_mean(a),
        "hazard_ratio": float(log_hazard_ratios(of_arm)[0]),
        "rate_ratio": float(np.log(rate(b) / rate(a))),
        "mean_count": mean_count(b),
        "risk_of_cause": risk_of_cause(b, 1),
    }
