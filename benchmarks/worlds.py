"""Small worlds whose every parameter is known: they judge the estimators.

A world gives six covariates, arms chosen by a multinomial logistic model of them, two causes
that end follow-up, infections that recur until then, and loss to follow-up. A seventh trait,
frailty, raises the hazard of one cause and the rate of infection but not the choice of arm, so
that infections and the end of follow-up depend on each other. All times are whole days.
The model that makes the arms is the one that ``weigh`` fits, so that what an interval misses is
the interval's own fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from azaanalysis.design import FollowUp

Array = np.ndarray

HORIZON_DAYS = 365
CAUSES = ("adverse_event", "lack_of_efficacy")
COVARIATES = ("age", "duration", "crp", "steroids", "smoking", "extensive")
# The last three are present or absent; how often.
_PRESENT = np.array([0.40, 0.30, 0.35])
# The spread of log frailty.
_FRAILTY_SD = 0.6


@dataclass(frozen=True)
class World:
    """What happens to patients, by arm.

    Hazards are per day, for a patient whose covariates and log frailty are zero in arm ``a``.

    Parameters
    ----------
    name
        The world's name.
    effects
        Log hazard ratio of each arm against the first, for each cause and for infections;
        shape (4 arms, 3).
    onset_day
        Day until which no effect is seen.
    lost_per_day
        Hazard of loss to follow-up in each arm.
    """

    name: str
    effects: Array
    onset_day: int = 0
    lost_per_day: Array = field(default_factory=lambda: np.full(4, 0.0008))


ARMS = ("a", "b", "c", "d")
_NO_EFFECT = np.zeros((4, 3))
_EFFECT = np.log([[1.0, 1.0, 1.0], [0.55, 0.80, 1.50], [0.80, 1.10, 0.70], [1.30, 0.70, 1.20]])
_LATE_EFFECT = np.log([[1.0, 1.0, 1.0], [0.35, 0.70, 2.00], [0.70, 1.20, 0.60], [1.60, 0.60, 1.30]])

WORLDS: Mapping[str, World] = MappingProxyType(
    {
        "no_effect": World("no_effect", _NO_EFFECT),
        "confounded": World("confounded", _EFFECT),
        "delayed": World("delayed", _LATE_EFFECT, onset_day=120),
        "censoring": World(
            "censoring", _EFFECT, lost_per_day=np.array([0.0003, 0.0022, 0.0012, 0.0016])
        ),
    }
)

# Per day, for the first cause, the second, and infections.
_BASELINE = np.array([0.00085, 0.00095, 0.0020])
# Rows: first cause, second cause, infections; columns: the covariates, then log frailty.
_PROGNOSIS = np.array(
    [
        [0.25, 0.10, 0.20, 0.30, 0.20, 0.10, 0.00],
        [0.00, 0.20, 0.40, 0.20, 0.10, 0.40, 0.50],
        [0.20, 0.00, 0.20, 0.50, 0.20, 0.00, 1.00],
    ]
)
# Rows: arms; columns: 1, then the covariates.
_CHOICE = {
    2: np.array([[0.0] * 7, [-0.95, 0.35, 0.20, 0.40, 0.40, -0.30, 0.30]]),
    4: np.array(
        [
            [0.0] * 7,
            [-0.95, 0.30, 0.20, 0.35, 0.30, -0.30, 0.30],
            [-0.50, -0.20, 0.25, 0.15, 0.20, 0.20, -0.20],
            [-0.85, 0.15, -0.20, 0.30, -0.20, 0.30, 0.20],
        ]
    ),
}


def draw_traits(normal: Array, uniform: Array) -> Array:
    """Return covariates and log frailty, shape (n, 7).

    Parameters
    ----------
    normal
        Standard normal numbers, shape (n, 4): three covariates and frailty.
    uniform
        Uniform numbers, shape (n, 3): the covariates that are present or absent.
    """
    return np.column_stack([normal[:, :3], uniform < _PRESENT, _FRAILTY_SD * normal[:, 3]])


def chance_of_arms(traits: Array, n_arms: int) -> Array:
    """Return the chance of each arm given the covariates, shape (n, n_arms)."""
    choice = _CHOICE[n_arms]
    odds = np.exp(choice[:, 0] + traits[:, :6] @ choice[:, 1:].T)
    return odds / odds.sum(axis=1, keepdims=True)


def hazards(world: World, traits: Array, arm: Array | int, *, late: bool) -> Array:
    """Return the hazards per day of both causes and of infection, shape (3, n).

    ``late`` says whether the day is after ``onset_day``.
    """
    seen = world.effects[arm].T if late or not world.onset_day else np.zeros((3, 1))
    if seen.ndim == 1:
        seen = seen[:, None]
    return _BASELINE[:, None] * np.exp(_PROGNOSIS @ traits.T + seen)


@dataclass(frozen=True, eq=False)
class Drawn:
    """One simulated cohort: a follow-up, and the day of each infection.

    Parameters
    ----------
    follow_up
        One row per patient, unweighted; ``n_events`` counts the infections.
    patient, day
        Row of the patient and day of each infection.
    """

    follow_up: FollowUp
    patient: Array
    day: Array

    def with_follow_up(self, follow_up: FollowUp) -> Drawn:
        """Return the same infections beside another follow-up of the same patients."""
        return replace(self, follow_up=follow_up)


def draw_cohort(world: World, n: int, n_arms: int, rng: np.random.Generator) -> Drawn:
    """Draw a cohort of ``n`` patients who choose among the first ``n_arms`` arms."""
    traits = draw_traits(rng.standard_normal((n, 4)), rng.random((n, 3)))
    chance = chance_of_arms(traits, n_arms)
    arm = (rng.random((n, 1)) > np.cumsum(chance[:, :-1], axis=1)).sum(axis=1)
    early, late = (hazards(world, traits, arm, late=late) for late in (False, True))
    event_day, cause = _first_event(early, late, world.onset_day, rng)
    lost = np.ceil(rng.standard_exponential(n) / world.lost_per_day[arm])
    exit_day = np.minimum(np.minimum(event_day, lost), HORIZON_DAYS)
    status = np.where(event_day <= exit_day, cause, 0)
    patient, day = _infections(early[2], late[2], world.onset_day, exit_day, rng)
    n_events = np.bincount(patient, minlength=n)
    codes = pd.Categorical.from_codes(arm, categories=list(ARMS[:n_arms]))
    follow_up = _follow_up(codes, exit_day, status, n_events, traits)
    return Drawn(follow_up, patient, day)


def _first_event(
    early: Array, late: Array, onset_day: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return the day of the first event by the inverse of the cumulative hazard, and its cause."""
    all_early, all_late = early[:2].sum(axis=0), late[:2].sum(axis=0)
    drawn = rng.standard_exponential(len(all_early))
    by_onset = all_early * onset_day
    is_late = drawn > by_onset
    time = np.where(is_late, onset_day + (drawn - by_onset) / all_late, drawn / all_early)
    share = np.where(is_late, late[0] / all_late, early[0] / all_early)
    return np.ceil(time), np.where(rng.random(len(time)) < share, 1, 2)


def _infections(
    early: Array, late: Array, onset_day: int, exit_day: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return patient and day of each infection, from day 1 to the last day of follow-up."""
    days_early = np.minimum(exit_day, onset_day)
    n_early, n_late = rng.poisson(early * days_early), rng.poisson(late * (exit_day - days_early))
    rows = np.arange(len(exit_day))
    first, second = np.repeat(rows, n_early), np.repeat(rows, n_late)
    day_first = np.ceil(days_early[first] * (1 - rng.random(len(first))))
    room = (exit_day - days_early)[second]
    day_second = days_early[second] + np.ceil(room * (1 - rng.random(len(second))))
    return np.concatenate([first, second]), np.concatenate([day_first, day_second])


def _follow_up(
    arm: pd.Categorical, exit_day: Array, status: Array, n_events: Array, traits: Array
) -> FollowUp:
    n = len(exit_day)
    frame = pd.DataFrame(
        {
            "patient_id": np.arange(n),
            "arm": arm,
            "entry_days": np.zeros(n),
            "exit_days": exit_day,
            "status": status,
            "n_events": n_events,
            "last_absent_days": exit_day,
            "weight": np.ones(n),
            "end_reason": pd.Categorical.from_codes(np.zeros(n, dtype=np.int8), [""]),
            **dict(zip(COVARIATES, traits.T[:6], strict=True)),
        }
    )
    about = {"smallest_count": 1, "first_day": 0, "horizon_days": HORIZON_DAYS}
    return FollowUp(frame, "discontinuation", CAUSES, 2, covariates=COVARIATES, about=about)
