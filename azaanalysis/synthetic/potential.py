"""The same invented people under each strategy, as cohorts that any analysis can read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.synthetic.block_tables import Recipe
from azaanalysis.synthetic.cohort import as_cohort, typed_as_made
from azaanalysis.synthetic.draws import blocks
from azaanalysis.synthetic.formulary import open_formulary
from azaanalysis.synthetic.frames import Words, frame_tables, identifiers, join_tables
from azaanalysis.synthetic.mechanism import Block, invent_block, simulate
from azaanalysis.synthetic.parameters import BASE_WORLD, Parameters
from azaanalysis.synthetic.shelf import load_or_make
from azaanalysis.synthetic.tables import history_columns
from azaanalysis.synthetic.truth import people_of, without_censoring

Tables = dict[str, pd.DataFrame]
_KEPT = ("patients", "courses", "visits", "events", "steroids")


@dataclass(frozen=True, eq=False)
class PotentialCohorts:
    """What would be in the tables if everybody had started the same strategy.

    Parameters
    ----------
    people
        As in ``Truth``: what is recorded at the start, and the chance of each strategy, in the
        order of the patients of each cohort.
    cohorts
        One cohort for each strategy, of the same patients under the same names, without blood
        tests. Nobody is lost and nothing ends for administrative reasons.
    """

    people: pd.DataFrame
    cohorts: Mapping[str, Cohort]


def make_potential_cohorts(
    world: str = BASE_WORLD,
    *,
    n_patients: int = 10_000,
    seed: int = 20_240_101,
    horizon_days: int = 365,
) -> PotentialCohorts:
    """Make the cohorts of one population under each strategy of a world.

    ``simulate_truth`` keeps a few days of each life; these keep the tables, so that a truth can be
    had for whatever can be read from tables, by the same code that reads the cohort.

    Parameters
    ----------
    world, n_patients, seed, horizon_days
        As in ``simulate_truth``.

    Raises
    ------
    ParameterError
        As in ``make_cohort``.
    """
    recipe = Recipe(n_patients, seed, world)
    numbers = without_censoring(recipe.numbers, horizon_days)
    key = {"n": n_patients, "seed": seed, "parameters": dict(numbers.numbers)}
    frames = load_or_make("potential", key, lambda: _make(numbers, n_patients, seed))
    cohorts = {}
    for name in open_formulary(numbers).strategies:
        tables = {table: typed_as_made(frames[f"{name}_{table}"]) for table in _KEPT}
        cohorts[name] = as_cohort(recipe, tables)
    return PotentialCohorts(frames["people"], cohorts)


def _make(parameters: Parameters, n_patients: int, seed: int) -> Tables:
    """Return ``people``, and the tables of each strategy by its name and theirs."""
    strategies = open_formulary(parameters).strategies
    people: list[pd.DataFrame] = []
    parts: dict[str, list[Tables]] = defaultdict(list)
    for draws in blocks(n_patients, seed):
        formulary = open_formulary(parameters)
        block = invent_block(draws, formulary, parameters)
        people.append(people_of(block, formulary, parameters))
        for code, name in enumerate(strategies):
            parts[name].append(_tables(block, code, parameters, n_patients))
    made = {"people": pd.concat(people, ignore_index=True)}
    for name, of_blocks in parts.items():
        joined = join_tables(of_blocks)
        made |= {f"{name}_{table}": joined[table] for table in _KEPT}
    return made


def _tables(block: Block, strategy: int, parameters: Parameters, n_patients: int) -> Tables:
    formulary, n = open_formulary(parameters), len(block.patients)
    everybody = block.strategy * 0 + strategy
    history = simulate(block, formulary, parameters, strategy=everybody, has_no_end=True)
    words = Words(identifiers(block.draws.first, n, n_patients), formulary, parameters)
    return frame_tables(history_columns(history, formulary, parameters), words)
