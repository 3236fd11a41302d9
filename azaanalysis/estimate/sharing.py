"""Risk tables that travel: made from counted cells, put together, written and read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate.cells import KEYS, Array, split_frame
from azaanalysis.estimate.tally import RiskTable, Stacking

_SUMS = ("patients", "weight", "weight_squared", "counting")
_NUMBERS = ("entry_days", "exit_days", *_SUMS)


def risk_table_from_cells(
    cells: pd.DataFrame,
    *,
    causes: Sequence[str] = ("event",),
    n_own: int = 1,
    endpoint: str = "event",
    about: Mapping[str, Any] | None = None,
) -> RiskTable:
    """Make a risk table from cells that a database has counted.

    ``select arm, exit_days, status, count(*) as patients ... group by arm, exit_days, status``
    gives such cells; with weights add ``sum(w) as weight, sum(w * w) as weight_squared``, and
    where some are zero ``sum(w > 0) as counting``.

    Parameters
    ----------
    cells
        One row per cell: ``arm``, ``exit_days``, ``status`` (0 censored, k the k-th of ``causes``)
        and ``patients``; ``entry_days`` (0 if absent), ``stratum``, ``weight`` and
        ``weight_squared`` (each patient counts as one if absent). Rows of one cell are added up.
    causes, n_own, endpoint
        As in a follow-up.
    about
        What the numbers are about; ``reference`` and ``smallest_count`` for example.

    Raises
    ------
    DesignError
        If a column is absent, or holds what no cell can hold: every fault is listed.

    Notes
    -----
    Whether rows of the source belonged together cannot be seen here: each is taken as
    independent of the others.
    """
    absent = [c for c in ("arm", "exit_days", "status", "patients") if c not in cells]
    if absent:
        raise DesignError(
            f"A risk table needs the columns arm, exit_days, status and patients; "
            f"{', '.join(absent)} is not there. It has: {', '.join(map(str, cells.columns))}."
        )
    patients = cells["patients"]
    usual: dict[str, Any] = {"stratum": "", "entry_days": 0.0}
    usual |= {"weight": patients, "weight_squared": patients}
    complete = cells.assign(**{c: usual[c] for c in usual if c not in cells})
    made = complete[[c for c in (*KEYS, *_SUMS) if c in complete]].copy()
    numbers = [c for c in _NUMBERS if c in made]
    made[numbers] = made[numbers].apply(pd.to_numeric, errors="coerce").astype(float)
    made["status"] = pd.to_numeric(made["status"], errors="coerce").astype(float)
    _refuse_unsound(made, len(causes))
    for key in ("arm", "stratum"):
        if not isinstance(made[key].dtype, pd.CategoricalDtype):
            words = made[key].astype(str)
            made[key] = pd.Categorical(words, list(dict.fromkeys(words)))
    typed = made.astype({"status": "int64", "patients": "int64"})
    about = {"first_day": 0, **(about or {})}
    return merge(RiskTable(*split_frame(typed), endpoint, tuple(causes), n_own, about))


def _refuse_unsound(cells: pd.DataFrame, n_causes: int) -> None:
    """Refuse cells that nobody can be in; all faults at once."""
    entry, leave = cells["entry_days"], cells["exit_days"]
    weights = cells[["weight", "weight_squared"]].to_numpy()
    faults = {
        "exit_days is missing, negative or infinite": ~((leave >= 0) & np.isfinite(leave)),
        "entry_days is missing, negative or after exit_days": ~((entry >= 0) & (entry <= leave)),
        f"status is not a whole number from 0 to {n_causes}": ~cells["status"].isin(
            range(n_causes + 1)
        ),
        "patients is not a whole number of at least 0": ~(
            (cells["patients"] >= 0) & (cells["patients"] % 1 == 0)
        ),
        "a sum of weights is missing, negative or infinite": ~(
            (weights >= 0) & np.isfinite(weights)
        ).all(axis=1),
        "arm or stratum is missing": cells[["arm", "stratum"]].isna().any(axis=1),
    }
    lines = [
        f"  {fault} in {np.sum(is_faulty):,} of {len(cells):,} rows "
        f"(the first is row {int(np.argmax(np.asarray(is_faulty))) + 1})"
        for fault, is_faulty in faults.items()
        if np.any(is_faulty)
    ]
    if lines:
        raise DesignError("\n".join(["These cells cannot be used. Mend the rows:", *lines]))


def merge(*tables: RiskTable) -> RiskTable:
    """Put the risk tables of several sites together, as if their patients had been counted at once.

    Parameters
    ----------
    tables
        With the same arms, strata, causes and endpoint. Tables whose weights come from one
        model share it; where each site fitted its own, each keeps its own.

    Raises
    ------
    EstimationError
        If they do not count the same things, or some have weights from a model and some not.
    """
    if not tables:
        raise EstimationError("There is no table to put together. Name at least one.")
    first = tables[0]
    for other in tables[1:]:
        _refuse_unlike(first, other)
    cells = pd.concat([table.cells for table in tables], ignore_index=True)
    groups = cells.groupby(list(KEYS), observed=True, sort=True)
    place = groups.ngroup().to_numpy()
    keys, counts = split_frame(groups[list(_SUMS)].sum().reset_index())
    return replace(
        first,
        keys=keys,
        counts=counts,
        stacking=_merged_stacking(tables, place, len(keys)),
        pairs=first.pairs if len(tables) == 1 else None,
        is_clustered=any(table.is_clustered for table in tables),
        is_weight_estimated=any(table.is_weight_estimated for table in tables),
    )


def _refuse_unlike(first: RiskTable, other: RiskTable) -> None:
    """Refuse tables that count different things."""
    for what in ("endpoint", "causes", "n_own", "arms", "strata", "reference"):
        one, two = getattr(first, what), getattr(other, what)
        if one != two:
            raise EstimationError(
                f"Tables can be put together only if they count the same: {what} is {one!r} in "
                f"the first and {two!r} in another. Make both from one study file."
            )
    if (first.stacking is None) != (other.stacking is None):
        raise EstimationError(
            "One of the tables knows the model of its weights and another does not. Count both "
            "from weighted follow-ups, or both without the model."
        )


def _merged_stacking(tables: Sequence[RiskTable], place: Array, n_cells: int) -> Stacking | None:
    """Add the sums of one shared model, or put those of several models side by side."""
    parts = [table.stacking for table in tables if table.stacking is not None]
    if not parts:
        return None
    ends = np.cumsum([len(table.keys) for table in tables])[:-1]
    places = np.split(place, ends)
    spread = [
        (_added(part.weight_score, where, n_cells), _added(part.slope, where, n_cells))
        for part, where in zip(parts, places, strict=True)
    ]
    scores, slopes = zip(*spread, strict=True)
    if all(np.array_equal(part.information, parts[0].information) for part in parts):
        square = np.sum([part.score_square for part in parts], axis=0)
        added = np.sum(scores, axis=0), np.sum(slopes, axis=0)
        return Stacking(*added, square, parts[0].information, parts[0].widening_coefficients)
    from scipy.linalg import block_diag

    square = block_diag(*(part.score_square for part in parts))
    information = block_diag(*(part.information for part in parts))
    allowed = sum(part.widening_coefficients for part in parts)
    return Stacking(np.hstack(scores), np.hstack(slopes), square, information, allowed)


def _added(values: Array, where: Array, n_cells: int) -> Array:
    total = np.zeros((n_cells, values.shape[1]))
    np.add.at(total, where, values)
    return total


def write_risk_table(table: RiskTable, path: Path | str) -> Path:
    """Write a risk table as JSON (``.json``) or Parquet (``.parquet``); every digit is kept.

    Raises
    ------
    EstimationError
        If the name has another ending, or rows of the table belong together: which ones would
        have to be written patient by patient.

    Notes
    -----
    Cells of few patients are written as they are. Before a table leaves its site they have to be
    held back by the rules of the data owner.
    """
    path = Path(path)
    if table.is_clustered:
        raise EstimationError(
            "The rows of this table belong together (patients who appear more than once, or "
            "matched sets), and a file of counts cannot say which. Share the estimates instead."
        )
    rest = _described(table)
    if path.suffix == ".json":
        columns = {c: table.cells[c].astype(object).tolist() for c in table.cells}
        path.write_text(json.dumps({**rest, "cells": columns}, indent=1), encoding="utf-8")
    elif path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        made = pa.Table.from_pandas(table.cells.astype({"arm": str, "stratum": str}))
        described = {b"azaanalysis": json.dumps(rest).encode()}
        pq.write_table(made.replace_schema_metadata({**made.schema.metadata, **described}), path)
    else:
        raise EstimationError(f"A risk table is written as .json or .parquet, not '{path.name}'.")
    return path


def read_risk_table(path: Path | str) -> RiskTable:
    """Read a risk table that ``write_risk_table`` wrote.

    Raises
    ------
    EstimationError
        If the file is no such table.
    """
    path = Path(path)
    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq

            stored = pq.read_table(path)
            rest = json.loads(stored.schema.metadata[b"azaanalysis"])
            cells = stored.to_pandas()
        else:
            rest = json.loads(path.read_text(encoding="utf-8"))
            cells = pd.DataFrame(rest.pop("cells"))
        return _restored(cells, rest)
    except (KeyError, ValueError, TypeError) as error:
        raise EstimationError(
            f"{path.name} is not a risk table; write one with write_risk_table."
        ) from error


def _described(table: RiskTable) -> dict[str, Any]:
    """Return all of a table but its cells, in words and numbers that JSON knows."""
    stacking = table.stacking
    return {
        "arms": list(table.arms),
        "strata": list(table.strata),
        "endpoint": table.endpoint,
        "causes": list(table.causes),
        "n_own": table.n_own,
        "is_weight_estimated": table.is_weight_estimated,
        "about": {key: entry for key, entry in table.about.items() if _is_plain(entry)},
        "stacking": stacking
        and {of.name: np.asarray(getattr(stacking, of.name)).tolist() for of in fields(stacking)},
    }


def _is_plain(entry: object) -> bool:
    """Tell whether JSON keeps an entry as it is, but for tuples."""
    if isinstance(entry, tuple | list):
        return all(_is_plain(part) for part in entry)
    return entry is None or isinstance(entry, str | int | float | bool)


def _restored(cells: pd.DataFrame, rest: dict[str, Any]) -> RiskTable:
    cells["arm"] = pd.Categorical(cells["arm"], rest["arms"])
    cells["stratum"] = pd.Categorical(cells["stratum"], rest["strata"])
    types = {"status": "int64", "patients": "int64"} | dict.fromkeys(
        ("entry_days", "exit_days", "weight", "weight_squared"), "float64"
    )
    stacking = rest["stacking"]
    about = {
        key: tuple(entry) if isinstance(entry, list) else entry
        for key, entry in rest["about"].items()
    }
    return RiskTable(
        *split_frame(cells.astype(types)),
        rest["endpoint"],
        tuple(rest["causes"]),
        rest["n_own"],
        about,
        stacking and Stacking(**{key: _sums(kept) for key, kept in stacking.items()}),
        is_weight_estimated=rest["is_weight_estimated"],
    )


def _sums(kept: Any) -> Any:
    return np.array(kept) if isinstance(kept, list) else kept
