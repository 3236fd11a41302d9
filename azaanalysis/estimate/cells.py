"""Rows of a follow-up placed in the cells of a risk table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError

Array = np.ndarray
# The columns of a frame of cells: what makes them differ, and what is summed over them.
KEYS = ("arm", "stratum", "entry_days", "exit_days", "status")
# More slots than this for each row, and sorting the rows is cheaper than counting into slots.
_SLOTS_PER_ROW = 4
_FEW_SLOTS = 50_000
_MOST_STRATA = 100
_DECIMALS = 7
_ROWS_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Coded:
    """A column as whole numbers from zero, and what each of them stands for."""

    codes: Array
    size: int
    meaning: Array | None = None


@dataclass(frozen=True, eq=False)
class Keys:
    """What makes the cells of a risk table differ; shared by all resamples of a bootstrap.

    Parameters
    ----------
    arms, strata
        Names, in the order of the study.
    arm, stratum
        Position of the arm and the stratum of each cell.
    entry_days, exit_days, status
        Of each cell, as in a follow-up.
    """

    arms: tuple[str, ...]
    strata: tuple[str, ...]
    arm: Array
    stratum: Array
    entry_days: Array
    exit_days: Array
    status: Array

    def __len__(self) -> int:
        """Count the cells."""
        return len(self.status)

    def of_arms(self, arms: Sequence[str]) -> Array:
        """Tell which cells belong to any of some arms."""
        chosen = np.isin(self.arms, arms)
        here: Array = chosen[self.arm]
        return here


@dataclass(frozen=True, eq=False)
class Counts:
    """How many patients each cell has, and the sums of their weights and squared weights.

    ``counting`` are those whose weight is above zero: only they can be tied with others.
    """

    patients: Array
    weight: Array
    weight_squared: Array
    counting: Array


def frame_of(keys: Keys, counts: Counts) -> pd.DataFrame:
    """Return cells as a frame, one row each."""
    return pd.DataFrame(
        {
            "arm": pd.Categorical.from_codes(keys.arm, categories=pd.Index(keys.arms)),
            "stratum": pd.Categorical.from_codes(keys.stratum, categories=pd.Index(keys.strata)),
            "entry_days": keys.entry_days,
            "exit_days": keys.exit_days,
            "status": keys.status,
            "patients": counts.patients,
            "weight": counts.weight,
            "weight_squared": counts.weight_squared,
            "counting": counts.counting,
        }
    )


def split_frame(cells: pd.DataFrame) -> tuple[Keys, Counts]:
    """Return the columns of a frame of cells as arrays."""
    arm, stratum = cells["arm"].cat, cells["stratum"].cat
    keys = Keys(
        tuple(arm.categories),
        tuple(stratum.categories),
        arm.codes.to_numpy().astype(np.intp),
        stratum.codes.to_numpy().astype(np.intp),
        cells["entry_days"].to_numpy(dtype=float),
        cells["exit_days"].to_numpy(dtype=float),
        cells["status"].to_numpy(),
    )
    if "counting" not in cells:
        cells = cells.assign(counting=cells["patients"].where(cells["weight"] > 0, 0))
    return keys, Counts(*(cells[field.name].to_numpy() for field in fields(Counts)))


@dataclass(frozen=True, eq=False)
class CellIndex:
    """Which cell each row belongs to; made once, it serves any weights.

    Parameters
    ----------
    keys
        What each cell stands for.
    slot
        For each row its slot, a whole number.
    used
        The slots that hold anybody, in the order of ``keys``.
    patients
        How many rows each cell has.
    n_slots
        How many slots there are.
    """

    keys: Keys
    slot: Array
    used: Array
    patients: Array
    n_slots: int

    def total(self, values: Array) -> Array:
        """Sum values over the rows of each cell."""
        sums: Array = _summed(self.slot, self.n_slots, values)[self.used]
        return sums

    @cached_property
    def position(self) -> Array:
        """For each row the position of its cell in ``keys``."""
        lookup = np.zeros(self.n_slots, dtype=np.intp)
        lookup[self.used] = np.arange(len(self.used))
        position: Array = lookup[self.slot]
        return position


def index_cells(follow_up: FollowUp, stratum: str | None = None) -> CellIndex:
    """Place every row of a follow-up in its cell.

    Raises
    ------
    EstimationError
        If there is no covariate of the name of the stratum, or it is missing for some rows.
    """
    frame = follow_up.frame
    arms: Any = frame["arm"].array
    strata = _strata(follow_up, stratum)
    columns = {
        "arm": Coded(arms.codes, len(arms.categories)),
        "stratum": Coded(strata.codes, len(strata.categories)),
        "entry_days": _coded_days(frame["entry_days"].to_numpy()),
        "exit_days": _coded_days(frame["exit_days"].to_numpy()),
        "status": Coded(frame["status"].to_numpy(), len(follow_up.causes) + 1),
    }
    slot, n_slots = _slots(columns, len(frame))
    if n_slots <= max(_SLOTS_PER_ROW * len(frame), _FEW_SLOTS):
        counts = _summed(slot, n_slots)
        used = np.flatnonzero(counts)
        counts, keys = counts[used], _decoded(columns, used)
    else:
        found, slot, counts = np.unique(slot, return_inverse=True, return_counts=True)
        used, n_slots, keys = np.arange(len(found)), len(found), _decoded(columns, found)
    made = Keys(tuple(arms.categories), tuple(strata.categories), *keys)
    return CellIndex(made, slot, used, counts, n_slots)


def _strata(follow_up: FollowUp, stratum: str | None) -> Any:
    """Return the strata as a categorical; one empty word if there are none."""
    frame = follow_up.frame
    if stratum is None:
        codes: Array = np.zeros(len(frame), dtype=np.int8)
        return pd.Categorical.from_codes(codes, categories=pd.Index([""]))
    if stratum not in follow_up.covariates:
        known = ", ".join(follow_up.covariates) or "none"
        raise EstimationError(
            f"The follow-up has no covariate '{stratum}' to stratify by. It has: {known}."
        )
    strata = pd.Categorical(frame[stratum])
    if (n_missing := int((strata.codes < 0).sum())) > 0:
        raise EstimationError(
            f"The stratum '{stratum}' is missing in {n_missing:,} of {len(frame):,} rows. Make "
            "the missing values a group of their own, or take the rows out in the open."
        )
    # A message about such a stratum would also show the exact value of a patient.
    if len(strata.categories) > _MOST_STRATA:
        raise EstimationError(
            f"'{stratum}' has {len(strata.categories):,} different values, more than "
            f"{_MOST_STRATA}. Strata are few groups: put values together in a new column."
        )
    return strata.rename_categories(str)


def _coded_days(days: Array) -> Coded:
    """Code whole days by themselves; anything finer by its rank."""
    latest = days.max(initial=0)
    if latest == 0:
        return Coded(days, 1)
    if latest <= max(10 * len(days), 100_000):
        whole = days if days.dtype.kind in "iu" else days.astype(np.int32)
        if whole is days or np.array_equal(whole, days):
            return Coded(whole, int(latest) + 1)
    # Days that were computed may miss each other by rounding, as 63 and 62.99999999999999.
    distinct, codes = np.unique(np.round(days, _DECIMALS), return_inverse=True)
    return Coded(codes, len(distinct), distinct.astype(float))


def _slots(columns: dict[str, Coded], n_rows: int) -> tuple[Array, int]:
    """Combine coded columns to one number for each row; constant columns cost nothing."""
    n_all = math.prod(column.size for column in columns.values())
    is_narrow = n_all <= np.iinfo(np.int32).max
    slot: Array = np.zeros(n_rows, dtype=np.int32 if is_narrow else np.intp)
    n_slots = 1
    for column in columns.values():
        if column.size > 1:
            if n_slots > 1:
                slot *= column.size
            slot += column.codes
            n_slots *= column.size
    return slot, n_slots


def _summed(slot: Array, n_slots: int, values: Array | None = None) -> Array:
    """Count the rows of each slot, or sum values over them.

    Many rows are taken in turn, because counting makes a wider copy of all that it is given.
    """
    at_once = max(_ROWS_AT_ONCE, 4 * n_slots)
    sums: Array = np.zeros(n_slots, dtype=float if values is not None else np.intp)
    for start in range(0, len(slot), at_once):
        rows = slice(start, start + at_once)
        sums += np.bincount(slot[rows], None if values is None else values[rows], n_slots)
    return sums


def _decoded(columns: dict[str, Coded], slots: Array) -> list[Array]:
    """Return the columns that slots stand for, in their order."""
    made: dict[str, Array] = {}
    for name, column in reversed(columns.items()):
        slots, code = np.divmod(slots, column.size)
        made[name] = code if column.meaning is None else column.meaning[code]
        if name.endswith("_days"):
            made[name] = made[name].astype(float)
    return [made[name] for name in columns]
