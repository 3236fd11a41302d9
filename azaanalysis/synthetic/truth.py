"""The truth of a world: the same patients, with the same luck, under each strategy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.errors import ParameterError
from azaanalysis.synthetic.baseline import GENOTYPES, SMOKING, Patients
from azaanalysis.synthetic.choice import choice_log_odds
from azaanalysis.synthetic.draws import blocks
from azaanalysis.synthetic.formulary import Formulary, open_formulary
from azaanalysis.synthetic.mechanism import Block, invent_block, simulate
from azaanalysis.synthetic.metabolites import first_dose_per_kg
from azaanalysis.synthetic.outcomes import Reading, read_outcomes
from azaanalysis.synthetic.parameters import (
    BASE_WORLD,
    DAYS_PER_WEEK,
    Parameters,
    as_parameters,
)
from azaanalysis.synthetic.populations import Target, chances_to_be_drawn, target_weights
from azaanalysis.synthetic.shelf import load_or_make

DEFAULT_READING = Reading()


@dataclass(frozen=True, eq=False)
class Truth:
    """Potential outcomes of one population under each strategy of a world.

    Parameters
    ----------
    people
        One row per person: what is recorded at the start, and the probability of each
        strategy (``chance_STRATEGY``).
    outcomes
        For each strategy one row per person, in the same order.
    infections
        For each strategy one row per infection that counts: ``person``, ``kind``, ``day``.
    weight
        How much each person counts in the target population.
    horizon_days
        How far the patients were followed; nobody is censored before.
    about
        World, patients, seed, conventions and target population.
    """

    people: pd.DataFrame
    outcomes: Mapping[str, pd.DataFrame]
    infections: Mapping[str, pd.DataFrame]
    weight: np.ndarray
    horizon_days: int
    about: Mapping[str, object]

    @property
    def strategies(self) -> tuple[str, ...]:
        """The strategies that are compared, the reference first."""
        return tuple(self.outcomes)

    def among(
        self,
        target: Target = "ate",
        *,
        strategies: Sequence[str] | None = None,
        treated: str | None = None,
    ) -> Truth:
        """Return the truth in another target population.

        Parameters
        ----------
        target
            ``ate`` (all who start one of the strategies), ``att`` (those who start ``treated``)
            or ``overlap``.
        strategies
            Strategies of the study; those of this truth if None. They define the population,
            too: who starts none of them is not in the study.
        treated
            For ``att`` only.

        Raises
        ------
        ParameterError
            If the target or a strategy is unknown, or ``att`` is asked without ``treated``.
        """
        chosen = tuple(strategies or self.strategies)
        self.refuse_unknown(*chosen, *([treated] if treated else []))
        weight = target_weights(self.people, target=target, strategies=chosen, treated=treated)
        about = {**self.about, "target": target}
        about |= {"treated": treated} if target == "att" else {}
        outcomes = {name: self.outcomes[name] for name in chosen}
        infections = {name: self.infections[name] for name in chosen}
        return Truth(self.people, outcomes, infections, weight, self.horizon_days, about)

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
        infections = {name: _of_people(frame, kept) for name, frame in self.infections.items()}
        about = {**self.about, "population": condition}
        weight = self.weight[kept]
        return Truth(self.people[kept], outcomes, infections, weight, self.horizon_days, about)

    def refuse_unknown(self, *strategies: str) -> None:
        """Raise an error if one of these is not a strategy of this truth."""
        for strategy in strategies:
            if strategy not in self.outcomes:
                known = ", ".join(self.strategies)
                raise ParameterError(
                    f"'{strategy}' is not a strategy of this world; it has {known}."
                )


def _of_people(infections: pd.DataFrame, kept: np.ndarray) -> pd.DataFrame:
    """Keep the infections of some people, who get new places."""
    is_kept = kept[infections["person"]]
    place = np.cumsum(kept) - 1
    return infections[is_kept].assign(person=lambda rows: place[rows["person"]])


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
    numbers = without_censoring(as_parameters(parameters, world), horizon_days)
    wanted = Wanted(numbers, n_patients, seed, reading, horizon_days)
    return truth_of(wanted, world)


@dataclass(frozen=True, eq=False)
class Wanted:
    """What a truth is simulated from; for one overlap only where ``overlap`` names strategies."""

    numbers: Parameters
    n_patients: int
    seed: int
    reading: Reading
    horizon_days: int
    overlap: tuple[str, ...] = ()

    @property
    def strategies(self) -> tuple[str, ...]:
        """The strategies that are followed."""
        return self.overlap or open_formulary(self.numbers).strategies

    @property
    def key(self) -> dict[str, object]:
        """What the simulation depends on."""
        size = {"n": self.n_patients, "seed": self.seed, "overlap": self.overlap}
        read = {"horizon": self.horizon_days, "reading": repr(self.reading)}
        return {**size, **read, "parameters": dict(self.numbers.numbers)}


def truth_of(wanted: Wanted, world: str) -> Truth:
    """Take a truth from the shelf, or simulate it."""
    frames = load_or_make("truth", wanted.key, lambda: _potential_outcomes(wanted))
    about = {"world": world, "n_patients": wanted.n_patients, "seed": wanted.seed}
    about |= {"reading": wanted.reading, "target": "ate"}
    people, strategies = frames["people"], wanted.strategies
    outcomes = {name: frames[name] for name in strategies}
    infections = {name: frames[f"infections_{name}"] for name in strategies}
    weight = target_weights(people, target="ate", strategies=strategies)
    return Truth(people, outcomes, infections, weight, wanted.horizon_days, about)


def without_censoring(parameters: Parameters, horizon_days: int) -> Parameters:
    """Switch off what a study censors, and follow for as long as asked."""
    drugs = parameters.keys("available_from")
    changes = {f"administrative.{drug}": 0.0 for drug in drugs}
    changes |= {"lost_to_follow_up": 0.0}
    changes |= {"follow_up_weeks_most": horizon_days // DAYS_PER_WEEK + 1.0}
    return parameters.changed(changes)


def _potential_outcomes(wanted: Wanted) -> dict[str, pd.DataFrame]:
    """Return ``people`` and, for each strategy, the outcomes of the same people."""
    parameters, reading = wanted.numbers, wanted.reading
    formulary = open_formulary(parameters)
    parts: dict[str, list[pd.DataFrame]] = defaultdict(list)
    done = 0
    for draws in blocks(wanted.n_patients, wanted.seed):
        block = invent_block(draws, formulary, parameters)
        people = people_of(block, formulary, parameters)
        if wanted.overlap:
            chance = chances_to_be_drawn(people, wanted.overlap)
            kept = draws.stream("kept").random(len(people)) < chance
            block, people = block.only(kept), people[kept].assign(chance_drawn=chance[kept])
        parts["people"].append(people)
        for name in wanted.strategies:
            strategy = np.full(len(people), formulary.strategies.index(name))
            history = simulate(block, formulary, parameters, strategy=strategy, has_no_end=True)
            found = read_outcomes(history, formulary, parameters, reading, wanted.horizon_days)
            parts[name].append(found.days)
            place = found.infections["person"] + done
            parts[f"infections_{name}"].append(found.infections.assign(person=place))
        done += len(people)
    return {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()}


def people_of(block: Block, formulary: Formulary, parameters: Parameters) -> pd.DataFrame:
    """Return what is recorded of each person at the start, and the chance of each strategy."""
    patients = block.patients
    log_odds = choice_log_odds(patients, block.traits, formulary, parameters)
    odds = np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
    chance = odds / odds.sum(axis=1, keepdims=True)
    columns = dict(zip((f"chance_{s}" for s in formulary.strategies), chance.T, strict=True))
    dose = first_dose_per_kg(block, parameters)
    return pd.DataFrame({**_recorded(patients), "dose_mg_per_kg": dose, **columns})


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
        "tpmt": _gene(patients.tpmt, patients.is_tpmt_tested),
        "nudt15": _gene(patients.nudt15, patients.is_nudt15_tested),
        "lookback_days": patients.lookback_days,
        "index_year": years + 1970,
    }


def _gene(genotype: np.ndarray, is_tested: np.ndarray) -> np.ndarray:
    """Return what is recorded of a gene."""
    return np.where(is_tested, np.array(GENOTYPES)[genotype], "untested")
