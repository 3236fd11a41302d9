"""The truth of a world: the same patients, with the same luck, under each strategy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.errors import ParameterError
from azaanalysis.synthetic.baseline import SMOKING, Patients
from azaanalysis.synthetic.choice import choice_log_odds
from azaanalysis.synthetic.draws import blocks
from azaanalysis.synthetic.formulary import Formulary, open_formulary
from azaanalysis.synthetic.mechanism import Block, invent_block, simulate
from azaanalysis.synthetic.outcomes import Reading, read_outcomes
from azaanalysis.synthetic.parameters import (
    BASE_WORLD,
    DAYS_PER_WEEK,
    Parameters,
    as_parameters,
)
from azaanalysis.synthetic.shelf import load_or_make

DEFAULT_READING = Reading()


@dataclass(frozen=True, eq=False)
class Truth:
    """Potential outcomes of one population under each strategy of a world.

    Parameters
    ----------
    people
        One row per patient: what is recorded at the start, and the probability of each
        strategy (``chance_STRATEGY``).
    outcomes
        For each strategy one row per patient, in the same order.
    horizon_days
        How far the patients were followed; nobody is censored before.
    about
        World, patients, seed and conventions.
    """

    people: pd.DataFrame
    outcomes: Mapping[str, pd.DataFrame]
    horizon_days: int
    about: Mapping[str, object]

    @property
    def strategies(self) -> tuple[str, ...]:
        """The strategies, the reference first."""
        return tuple(self.outcomes)

    def where(self, condition: str) -> Truth:
        """Return the truth of the people who meet a condition.

        Parameters
        ----------
        condition
            A condition on the columns of ``people``, as ``DataFrame.query`` reads it, for
            example ``"age_years >= 18 and not has_cancer_history"``.
        """
        kept = np.asarray(self.people.eval(condition), dtype=bool)
        if not kept.any():
            raise ParameterError(f"Nobody in this world meets '{condition}'.")
        outcomes = {name: frame[kept] for name, frame in self.outcomes.items()}
        about = {**self.about, "population": condition}
        return Truth(self.people[kept], outcomes, self.horizon_days, about)


def simulate_truth(
    world: str = BASE_WORLD,
    *,
    n_patients: int = 50_000,
    seed: int = 20_240_101,
    horizon_days: int = 1095,
    reading: Reading = DEFAULT_READING,
    parameters: Parameters | pd.DataFrame | None = None,
) -> Truth:
    """Simulate the same patients under each strategy, and keep what became of them.

    Nobody is lost, no data end, nobody stops for administrative reasons: what a study would
    censor does not happen. The luck of a patient in a week is the same under every strategy
    (common random numbers), so that differences are far more precise than either risk.

    Parameters
    ----------
    world, parameters
        As in :func:`make_cohort`.
    n_patients
        Size of the population; the Monte-Carlo error shrinks with its root.
    seed
        Any number; another than that of the cohort to be judged.
    horizon_days
        How far to follow.
    reading
        Conventions by which treatment and infections are read.

    Returns
    -------
    Truth
        Kept on disk under ``.cache/azaanalysis`` of the working directory, by everything that
        it depends on, the source of the mechanism included.

    Raises
    ------
    ParameterError
        As in :func:`make_cohort`.

    Notes
    -----
    Source of the idea: Owen (2013), Monte Carlo theory, methods and examples, section 8.6
    (common random numbers). Assumes that what is censored in a study is censored independently
    of the outcome given the past; where a world breaks this on purpose, the truth is still
    the one without censoring.
    """
    numbers = _without_censoring(as_parameters(parameters, world), horizon_days)
    key = {"n": n_patients, "seed": seed, "horizon": horizon_days, "reading": repr(reading)}

    def make() -> dict[str, pd.DataFrame]:
        return _potential_outcomes(numbers, n_patients, seed, reading, horizon_days)

    frames = load_or_make("truth", {**key, "parameters": dict(numbers.numbers)}, make)
    about = {"world": world, "n_patients": n_patients, "seed": seed, "reading": reading}
    people = frames.pop("people")
    return Truth(people, frames, horizon_days, about)


def _without_censoring(parameters: Parameters, horizon_days: int) -> Parameters:
    """Switch off what a study censors, and follow for as long as asked."""
    drugs = parameters.keys("available_from")
    changes = {f"administrative.{drug}": 0.0 for drug in drugs}
    changes |= {"lost_to_follow_up": 0.0}
    changes |= {"follow_up_weeks_most": horizon_days // DAYS_PER_WEEK + 1.0}
    return parameters.changed(changes)


def _potential_outcomes(
    parameters: Parameters, n_patients: int, seed: int, reading: Reading, horizon_days: int
) -> dict[str, pd.DataFrame]:
    """Return ``people`` and, for each strategy, the outcomes of the same people."""
    formulary = open_formulary(parameters)
    names = ("people", *formulary.strategies)
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in names}
    for draws in blocks(n_patients, seed):
        block = invent_block(draws, formulary, parameters)
        parts["people"].append(_people(block, formulary, parameters))
        for code, name in enumerate(formulary.strategies):
            strategy = np.full(len(block.patients), code)
            history = simulate(block, formulary, parameters, strategy=strategy, has_no_end=True)
            found = read_outcomes(history, formulary, parameters, reading, horizon_days)
            parts[name].append(found)
    return {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()}


def _people(block: Block, formulary: Formulary, parameters: Parameters) -> pd.DataFrame:
    patients = block.patients
    log_odds = choice_log_odds(patients, block.traits, formulary, parameters)
    odds = np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
    chance = odds / odds.sum(axis=1, keepdims=True)
    columns = dict(zip((f"chance_{s}" for s in formulary.strategies), chance.T, strict=True))
    return pd.DataFrame({**_recorded(patients), **columns})


def _recorded(patients: Patients) -> dict[str, np.ndarray]:
    years = patients.index_day.astype("datetime64[D]").astype("datetime64[Y]").astype(int)
    return {
        "age_years": patients.age_years,
        "is_female": patients.is_female,
        "disease": np.array(patients.diseases)[patients.disease],
        "severity_score": patients.severity_score,
        "prior_biologics": patients.prior_biologics,
        "comorbidity_score": patients.comorbidity,
        "has_liver_disease": patients.has_liver_disease,
        "has_cancer_history": patients.has_cancer_history,
        "smoking": np.array(SMOKING)[patients.smoking],
        "lookback_days": patients.lookback_days,
        "index_year": years + 1970,
    }


def target_weights(
    truth: Truth, *, target: str, strategies: Sequence[str], treated: str | None = None
) -> np.ndarray:
    """Return the weight of each person in the target population.

    The population of a study consists of those who start one of its strategies, so people count
    by their chance of doing so. With ``e`` the chance of each strategy among these: ``ate``
    weighs by that chance alone, ``att`` by the chance of the treated strategy, ``overlap`` by
    ``1 / sum(1 / e)`` besides.

    Raises
    ------
    ParameterError
        If the target or a strategy is unknown, or ``att`` is asked without ``treated``.

    Notes
    -----
    Source: Li and Li (2019), Ann Appl Stat 13:2389-2415 (generalised overlap weights).
    """
    unknown = [s for s in (*strategies, *([treated] if treated else [])) if s not in truth.outcomes]
    if unknown:
        known = ", ".join(truth.strategies)
        raise ParameterError(f"'{unknown[0]}' is not a strategy of this world; it has {known}.")
    chance = truth.people[[f"chance_{s}" for s in strategies]].to_numpy()
    total: np.ndarray = chance.sum(axis=1)
    if target == "ate":
        return total
    if target == "att":
        if treated is None:
            raise ParameterError("Target 'att' needs treated=, the strategy whose users it is.")
        return np.asarray(truth.people[f"chance_{treated}"])
    if target == "overlap":
        with np.errstate(divide="ignore", invalid="ignore"):
            overlap: np.ndarray = total / (total[:, None] / chance).sum(axis=1)
        finite: np.ndarray = np.nan_to_num(overlap)
        return finite
    raise ParameterError(f"target must be 'ate', 'att' or 'overlap'; got '{target}'.")
