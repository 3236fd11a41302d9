"""Whether the boxes and leavers of an attrition give one another away."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from azaanalysis.small_counts import LINKED, SHOWN, SMALL

Array = np.ndarray
Cell = tuple[int, str]


def secure_path(marked: pd.DataFrame, k: int) -> None:
    """Hide further cells until every small count could still be two numbers.

    Who remains is who was there less who left, and all are the sum of the arms; from these two
    and the cells that are shown, the least and the largest value of each small count is worked
    out (integer programming). The sizes of the arms at the end stand in other tables.
    """
    small = [cell for cell in _cells(marked) if _mark(marked, cell) == SMALL]
    for cell in _in_order(marked) if small else ():
        if not _gives_away(marked, small, k):
            return
        marked.loc[cell[0], f"{cell[1]}_mark"] = LINKED
    if small and _gives_away(marked, small, k):
        # Nothing is left to hide: which of the hidden ones are small must then not be said.
        for row, column in small:
            marked.loc[row, f"{column}_mark"] = LINKED


def _cells(marked: pd.DataFrame) -> Iterator[Cell]:
    for row in marked.index:
        yield row, "patients"
        yield row, "left"


def _mark(marked: pd.DataFrame, cell: Cell) -> str:
    return str(marked[f"{cell[1]}_mark"].iloc[cell[0]])


def _in_order(marked: pd.DataFrame) -> list[Cell]:
    """Return the cells that may be hidden besides, those that are missed least first."""
    final = marked["step"].iloc[-1]
    by_arm, ends = marked["arm"] != "", (marked["step"].iloc[0], final)
    shown = [
        cell
        for cell in _cells(marked)
        if _mark(marked, cell) == SHOWN
        and marked[cell[1]].iloc[cell[0]] > 0
        and not (cell[1] == "patients" and marked["step"].iloc[cell[0]] in ends)
    ]
    return sorted(
        shown,
        key=lambda cell: (not by_arm.iloc[cell[0]], int(marked[cell[1]].iloc[cell[0]])),
    )


def _gives_away(marked: pd.DataFrame, small: list[Cell], k: int) -> bool:
    """Tell whether any small count can be one number only."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    rules = list(_rules(marked))
    low, high = _bounds(marked, k)
    if not rules:
        return False
    fixed = LinearConstraint(np.array(rules), 0, 0)
    bounds = Bounds(low, high)
    for row, column in small:
        place = 2 * row + (column == "left")
        ends = []
        for sign in (1.0, -1.0):
            aim = np.zeros(len(low))
            aim[place] = sign
            found = milp(aim, constraints=fixed, bounds=bounds, integrality=np.ones(len(low)))
            ends.append(None if found.x is None else round(float(found.x[place])))
        if None not in ends and ends[0] == ends[1]:
            return True
    return False


def _bounds(marked: pd.DataFrame, k: int) -> tuple[Array, Array]:
    """Return what is known of each cell: its number, or what its mark says."""
    final = marked["step"].iloc[-1]
    low, high = [], []
    for cell in _cells(marked):
        mark, count = _mark(marked, cell), float(marked[cell[1]].iloc[cell[0]])
        is_size = cell[1] == "patients" and marked["step"].iloc[cell[0]] == final
        known = mark == SHOWN or (is_size and mark != SMALL)
        low.append(count if known else 1.0 if mark == SMALL else float(k))
        high.append(count if known else k - 1.0 if mark == SMALL else np.inf)
    return np.array(low), np.array(high)


def _rules(marked: pd.DataFrame) -> Iterator[Array]:
    """Yield what holds between the cells, as sums that are nought."""
    size = 2 * len(marked)
    for _, path in marked.groupby("arm", sort=False):
        before: int | None = None
        for _, step in path.groupby("step", sort=False):
            rows = step.index.to_numpy()
            first = np.zeros(size)
            first[2 * rows[0]] = 1.0
            for other in rows[1:]:
                same = first.copy()
                same[2 * other] = -1.0
                yield same
            if before is not None:
                first[2 * before] = -1.0
                first[2 * rows + 1] = 1.0
                yield first
            before = int(rows[0])
    yield from _sums_of_arms(marked)


def _sums_of_arms(marked: pd.DataFrame) -> Iterator[Array]:
    """Yield that all are the sum of the arms, unless somebody entered two of them."""
    size = 2 * len(marked)
    for of_step in marked.groupby(["step", "reason"], sort=False).groups.values():
        arms = [row for row in of_step if marked["arm"].iloc[row]]
        total = [row for row in of_step if not marked["arm"].iloc[row]]
        for column, name in enumerate(("patients", "left")) if arms and total else ():
            if marked[name].iloc[arms].sum() != marked[name].iloc[total[0]]:
                continue
            rule = np.zeros(size)
            rule[[2 * row + column for row in arms]] = -1.0
            rule[2 * total[0] + column] = 1.0
            yield rule
