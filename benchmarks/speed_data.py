"""Columns to be timed on: day-granular times with heavy ties, ten covariates, three arms."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

Array = np.ndarray
Columns = dict[str, Array]

HORIZON_DAYS = 1095
N_COVARIATES = 10
N_ARMS = 3
N_CAUSES = 3
ROWS_PER_PERSON = 3
COVARIATES = tuple(f"x{number}" for number in range(N_COVARIATES))
_EFFECTS = np.linspace(-0.3, 0.3, N_COVARIATES)


def make_columns(n: int, seed: int = 20261124) -> Columns:
    """Draw one row per person: covariates, arm, weight, last day and how it ended."""
    rng = np.random.default_rng(seed)
    covariates = {name: rng.standard_normal(n) for name in COVARIATES}
    prognosis = sum(effect * x for effect, x in zip(_EFFECTS, covariates.values(), strict=True))
    arm = (rng.random(n) + 0.1 * covariates["x0"] > np.array([[0.4], [0.75]])).sum(axis=0)
    event = rng.standard_exponential(n) / (0.0008 * np.exp(prognosis + 0.1 * arm))
    lost = rng.standard_exponential(n) / 0.0004
    last = np.minimum(np.minimum(event, lost), HORIZON_DAYS)
    status = np.where(event <= last, rng.integers(1, N_CAUSES + 1, n), 0)
    return {
        "exit_days": np.ceil(last).astype(np.int16),
        "status": status.astype(np.int8),
        "arm": arm.astype(np.int8),
        "weight": rng.uniform(0.5, 2.0, n),
        **covariates,
    }


def split_rows(columns: Columns, seed: int = 20261125) -> Columns:
    """Cut each person's follow-up into three rows, the first covariate changing between them.

    A person is followed for at least three days here, so that no row is empty.
    """
    rng = np.random.default_rng(seed)
    last = np.maximum(columns["exit_days"], ROWS_PER_PERSON)
    first_cut = 1 + np.floor(rng.random(len(last)) * (last - 2) / 2).astype(np.int16)
    second_cut = first_cut + 1 + np.floor(rng.random(len(last)) * (last - first_cut - 1))
    ends = np.column_stack([first_cut, np.minimum(second_cut, last - 1), last]).astype(np.int16)
    starts = np.column_stack([np.zeros_like(first_cut), ends[:, :2]])
    is_last = np.tile(np.arange(ROWS_PER_PERSON) == ROWS_PER_PERSON - 1, len(last))
    repeated = {name: np.repeat(columns[name], ROWS_PER_PERSON) for name in columns}
    repeated["x0"] = repeated["x0"] + 0.3 * rng.standard_normal(len(is_last))
    return repeated | {
        "entry_days": starts.ravel(),
        "exit_days": ends.ravel(),
        "status": np.where(is_last, repeated["status"], 0).astype(np.int8),
        "person": np.repeat(np.arange(len(last), dtype=np.int32), ROWS_PER_PERSON),
    }


def write_columns(columns: Columns, folder: Path) -> None:
    """Write each column as raw numbers, with a list of types: Python and R read the same files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, column in columns.items():
        column.tofile(folder / f"{name}.raw")
    types = {name: column.dtype.str for name, column in columns.items()}
    (folder / "types.json").write_text(json.dumps(types), encoding="utf-8")


def read_columns(folder: Path, names: tuple[str, ...], rows: int | None = None) -> Columns:
    """Read some columns, or their first rows."""
    types = json.loads((folder / "types.json").read_text(encoding="utf-8"))
    count = -1 if rows is None else rows
    return {name: np.fromfile(folder / f"{name}.raw", types[name], count) for name in names}
