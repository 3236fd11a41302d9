"""Characteristics that change after time zero, as the tables of a cohort know them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from azaanalysis.design.days import NEVER, days_of, in_order
from azaanalysis.design.entrants import Entrants
from azaanalysis.design.over_time import Changing
from azaanalysis.errors import DesignError
from azaanalysis.wording import nearest

Array = np.ndarray


def measure_changing(entrants: Entrants, name: str, *, first_day: int = 0) -> Changing:
    """Return the dated values of one characteristic of each start.

    Parameters
    ----------
    entrants
        Who was followed.
    name
        ``visit_value`` (in standard deviations of its measure), ``has_response``,
        ``has_remission``, ``prednisolone_mg_per_day``, or a test of the labs table.
    first_day
        Number of the day of time zero.

    Raises
    ------
    DesignError
        If the cohort does not have the table, or the name is none of these.
    """
    known: dict[str, Callable[[Entrants, str], Changing]] = {
        "visit_value": _visits,
        "has_response": _visits,
        "has_remission": _visits,
        "prednisolone_mg_per_day": _steroids,
    }
    found = known.get(name, _labs)(entrants, name)
    since = found.day - entrants.index_day[found.row] + first_day
    return Changing(name, found.row, since.astype("float64"), found.value)


def _visits(entrants: Entrants, name: str) -> Changing:
    visits = entrants.cohort.require("visits", for_what=f"characteristic '{name}'")
    column = "value" if name == "visit_value" else name
    if column not in visits:
        raise DesignError(
            f"Keeping to the protocol is modelled by '{name}', but the visits have no column "
            f"'{column}'. Add it, or take it out of 'over_time'."
        )
    rank, rows = entrants.rows("visits")
    value = visits[column].to_numpy(dtype="float64", na_value=np.nan)
    if name == "visit_value":
        value = _standardised(pd.Series(value), visits["measure"].reset_index(drop=True))
    return Changing(name, rank, days_of(visits["visit_date"])[rows], value[rows])


def _standardised(value: pd.Series, measure: pd.Series) -> Array:
    by_measure = value.groupby(measure, observed=True)
    spread = by_measure.transform("std")
    return ((value - by_measure.transform("mean")) / spread.where(spread > 0, 1.0)).to_numpy()


def _steroids(entrants: Entrants, name: str) -> Changing:
    """Return the sum of the doses in use: each spell adds its dose, and takes it away after."""
    spells = entrants.cohort.require("steroids", for_what=f"characteristic '{name}'")
    rank, rows = entrants.rows("steroids")
    dose = spells[name].to_numpy("float64", na_value=np.nan)[rows]
    begin, end = (days_of(spells[c])[rows] for c in ("start_date", "stop_date"))
    everybody = np.arange(len(entrants))
    row = np.concatenate([everybody, rank, rank])
    day = np.concatenate([np.full(len(everybody), -NEVER), begin, np.minimum(end + 1, NEVER)])
    change = np.concatenate([np.zeros(len(everybody)), dose, -dose])
    order = in_order(row, day)
    total = np.cumsum(change[order])
    is_first = np.append(True, np.diff(row[order]) > 0)
    start = (total - change[order])[np.flatnonzero(is_first)]
    return Changing(name, row[order], day[order], total - start[row[order]])


def _labs(entrants: Entrants, name: str) -> Changing:
    labs = entrants.cohort.tables.get("labs")
    tests = [] if labs is None else [str(test) for test in labs["test"].cat.categories]
    if labs is None or name not in tests:
        known = ("visit_value", "has_response", "has_remission", "prednisolone_mg_per_day", *tests)
        raise DesignError(
            f"Keeping to the protocol is modelled by '{name}', which is neither a characteristic "
            f"that changes nor a test of the labs table; {nearest(name, known)}"
        )
    rank, rows = entrants.rows("labs")
    wanted = (labs["test"] == name).to_numpy()[rows]
    rank, rows = rank[wanted], rows[wanted]
    value = labs["value"].to_numpy("float64", na_value=np.nan)[rows]
    return Changing(name, rank, days_of(labs["test_date"])[rows], value)
