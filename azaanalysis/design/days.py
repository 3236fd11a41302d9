"""Dates as whole days, and small tools for rows that belong to patients."""

from __future__ import annotations

import numpy as np
import pandas as pd

# A day no one lives to see: stands for "never" among days since 1970.
NEVER = np.int64(10**7)


def days_of(dates: pd.Series, *, missing: np.int64 = NEVER) -> np.ndarray:
    """Return dates as whole days since 1970-01-01; a missing date becomes ``missing``."""
    values = dates.to_numpy(dtype="datetime64[s]").astype("datetime64[D]")
    return np.where(np.isnat(values), missing, values.astype(np.int64))


def years_of(days: pd.Series) -> np.ndarray:
    """Return days since 1970-01-01 as calendar years with a fraction: 2020.5 is July 2020."""
    years: np.ndarray = 1970 + days.to_numpy(dtype="float64") / 365.2425
    return years


def earliest(n_patients: int, positions: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Return the earliest day of each patient, ``NEVER`` where there is none."""
    first = np.full(n_patients, NEVER)
    np.minimum.at(first, positions, days)
    return first


def in_order(groups: np.ndarray | pd.Series, days: np.ndarray | pd.Series) -> np.ndarray:
    """Return the order of rows by group and, within a group, by day; ties stay as they were."""
    # One key for both is several times faster than sorting by two.
    key = np.asarray(groups, dtype=np.int64) * (4 * NEVER) + np.asarray(days, dtype=np.int64)
    return np.argsort(key, kind="stable")


def starts_group(positions: np.ndarray) -> np.ndarray:
    """Mark the first row of each patient in rows sorted by patient."""
    return np.append(True, positions[1:] != positions[:-1])[: len(positions)]


def latest_so_far(positions: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Return the running maximum of ``days`` within each patient, in rows sorted by patient."""
    # One running maximum serves all patients, because each patient's days are lifted above
    # everything that a patient before could reach.
    lift = positions * (2 * NEVER)
    return np.maximum.accumulate(days + lift) - lift
