"""Invented patients block by block, in one process or several, always the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from multiprocessing import get_context

import pandas as pd

from azaanalysis.errors import ParameterError
from azaanalysis.schema import check_tables
from azaanalysis.synthetic.draws import Draws, blocks
from azaanalysis.synthetic.formulary import open_formulary
from azaanalysis.synthetic.frames import Words, frame_tables, identifiers
from azaanalysis.synthetic.mechanism import invent_block, simulate
from azaanalysis.synthetic.parameters import BASE_WORLD, Parameters, as_parameters
from azaanalysis.synthetic.tables import history_columns

Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True, eq=False)
class Recipe:
    """Everything an invented cohort depends on, besides the version of this package.

    Parameters
    ----------
    n_patients, seed, world, parameters
        As in ``make_cohort``.
    """

    n_patients: int
    seed: int
    world: str = BASE_WORLD
    parameters: Parameters | pd.DataFrame | None = None

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing, before any patient is made."""
        if self.n_patients < 1:
            raise ParameterError(f"n_patients must be at least 1; got {self.n_patients}.")
        open_formulary(self.numbers)

    @cached_property
    def numbers(self) -> Parameters:
        """The checked parameters."""
        return as_parameters(self.parameters, self.world)


def describe(recipe: Recipe) -> str:
    """Return where the patients come from, for the source of a cohort."""
    return f"invented patients (world {recipe.world}, seed {recipe.seed})"


def make_blocks(recipe: Recipe, *, processes: int = 1) -> Iterator[Tables]:
    """Yield the checked tables of one block of patients after another.

    Every block has its own random numbers, so neither the number of processes nor their speed
    changes a patient, and blocks come in the order of the patients.

    Raises
    ------
    ParameterError
        If ``processes`` is less than 1.
    """
    if processes < 1:
        raise ParameterError(f"processes must be at least 1; got {processes}.")
    tasks = ((draws, recipe.n_patients, recipe.numbers) for draws in blocks_of(recipe))
    if processes == 1:
        for task in tasks:
            yield make_tables(*task)
        return
    # A fresh interpreter for each process: a fork would copy the locks of running threads.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        # Two blocks a process wait at most, so that a slow reader does not fill the memory.
        waiting: deque[Future[Tables]] = deque()
        waiting.extend(pool.submit(make_tables, *task) for task in islice(tasks, 2 * processes))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(make_tables, *task) for task in islice(tasks, 1))


def blocks_of(recipe: Recipe) -> Iterator[Draws]:
    """Yield the random numbers of each block of a recipe."""
    return blocks(recipe.n_patients, recipe.seed)


def make_tables(draws: Draws, n_patients: int, parameters: Parameters) -> Tables:
    """Invent the patients of one block and return their checked tables."""
    formulary = open_formulary(parameters)
    history = simulate(invent_block(draws, formulary, parameters), formulary, parameters)
    words = Words(identifiers(draws.first, draws.n, n_patients), formulary, parameters)
    tables = frame_tables(history_columns(history, formulary, parameters), words)
    # No rule of the schema looks across patients, so block by block is as good as all at
    # once, and takes a fraction of the memory.
    check_tables(tables)
    return tables
