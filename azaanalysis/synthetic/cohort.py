"""Invented patients, as a checked cohort."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from azaanalysis.cohort import Cohort, LoadingReport
from azaanalysis.synthetic.block_tables import Recipe, describe, make_blocks
from azaanalysis.synthetic.formulary import open_formulary
from azaanalysis.synthetic.frames import join_tables
from azaanalysis.synthetic.metabolites import ALLOPURINOL
from azaanalysis.synthetic.parameters import BASE_WORLD, Parameters
from azaanalysis.synthetic.shelf import load_or_make
from azaanalysis.vocab import drug_classes_by_name

Progress = Callable[[int, int], None]


def make_cohort(
    n_patients: int,
    *,
    seed: int,
    world: str = BASE_WORLD,
    parameters: Parameters | pd.DataFrame | None = None,
    processes: int = 1,
    progress: Progress | None = None,
) -> Cohort:
    """Invent a cohort by simulating a mechanism forward in time, week by week.

    Patients with a chronic disease start a strategy that suits their severity, history and
    calendar year; the drug works after a delay or not at all; steroids bridge the delay; blood
    counts fall and are found only when tested; infections recur; and treatment ends for
    competing reasons. Everything numeric is a row of ``load_parameters(world)``.

    Parameters
    ----------
    n_patients
        How many patients, at least 1.
    seed
        Same seed and same version of the package: the same bytes.
    world
        Name of a world.
    parameters
        A changed table of parameters (``load_parameters(world).changed({...})`` or its
        ``frame`` edited by hand); those of the world if None.
    processes
        How many processes share the work; the patients are the same whatever the number. More
        than one pays from some hundred thousand patients on.
    progress
        Called with patients done and patients in all, after each block.

    Returns
    -------
    Cohort
        Six checked tables, ``is_synthetic`` and with nothing to hide (``smallest_count`` 1).
        ``patients`` has one more column, ``severity_score`` (0 to 10, on the index day).

    Raises
    ------
    ParameterError
        If there is no such world, a value lies outside its allowed range, an arm has no drug,
        or ``n_patients`` is less than 1.

    Notes
    -----
    Assumes that within a week hazards are constant, and that choice of treatment depends on
    the recorded covariates alone unless ``unmeasured_choice`` says otherwise. Most behaviour is
    anchored to published numbers (see the table's citations), the rest is marked assumption:
    the cohort teaches nothing about real drugs.
    """
    recipe = Recipe(n_patients, seed, world, parameters)
    parts, done = [], 0
    for tables in make_blocks(recipe, processes=processes):
        parts.append(tables)
        done += len(tables["patients"])
        if progress is not None:
            progress(done, n_patients)
    return as_cohort(recipe, join_tables(parts))


def keep_cohort(n_patients: int, *, seed: int, world: str = BASE_WORLD) -> Cohort:
    """Return an invented cohort from disk, or make it and keep it there for the next time.

    Parameters and errors as in :func:`make_cohort`. It is kept under ``.cache/azaanalysis`` of the
    working directory, by everything that it depends on: size, seed, world, and the mechanism
    itself. Deleting that folder does no harm.
    """
    recipe = Recipe(n_patients, seed, world)

    def make() -> dict[str, pd.DataFrame]:
        return dict(make_cohort(n_patients, seed=seed, world=world).tables)

    key = {"n_patients": n_patients, "seed": seed, "world": world}
    kept = load_or_make("cohort", key, make)
    return as_cohort(recipe, {name: typed_as_made(frame) for name, frame in kept.items()})


def typed_as_made(frame: pd.DataFrame) -> pd.DataFrame:
    """Undo what Parquet does to types: dates in milliseconds, another store of strings."""
    stores = {"datetime64[ms]": "datetime64[s]", "string": "string[pyarrow]"}
    types = {name: stores[str(kind)] for name, kind in frame.dtypes.items() if str(kind) in stores}
    return frame.astype(types)


def as_cohort(recipe: Recipe, joined: dict[str, pd.DataFrame]) -> Cohort:
    """Return checked tables as the cohort of a recipe."""
    formulary = open_formulary(recipe.numbers)
    return Cohort(
        tables=joined,
        source=describe(recipe),
        is_synthetic=True,
        smallest_count=1,
        report=_nothing_loaded(joined),
        drug_classes={
            **dict(zip(formulary.drugs[1:], formulary.classes[1:], strict=True)),
            ALLOPURINOL: drug_classes_by_name()[ALLOPURINOL],
        },
    )


def _nothing_loaded(tables: dict[str, pd.DataFrame]) -> LoadingReport:
    """Return the report of a cohort that came from no file: nothing resolved or set aside."""
    rows = [
        {
            "file": "",
            "table": name,
            "rows_read": len(frame),
            "rows_kept": len(frame),
            "rows_set_aside": 0,
        }
        for name, frame in tables.items()
    ]
    notes = ["file", "table", "column", "kind", "found", "read_as", "rows", "reason"]
    return LoadingReport(pd.DataFrame(rows), pd.DataFrame(columns=notes))
