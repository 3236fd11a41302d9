"""Attacks on the tables of attrition and baseline: boxes, leavers, levels, percentages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.attack_reading import as_code, bounds_of, read_grid
from benchmarks.attack_reports import World
from benchmarks.attack_solver import Puzzle, Solver

Array = np.ndarray
Recovered = tuple[str, str, int]


class Book:
    """Named unknown counts with linear bounds."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.rules: list[tuple[dict[str, float], float, float]] = []

    def bound(self, terms: dict[str, float], low: float, high: float) -> None:
        """Add one bound on a weighted sum."""
        self.names += [name for name in terms if name not in self.names]
        self.rules.append((terms, low, high))

    def recover(self, truth: dict[str, int], k: int, where: str) -> Iterator[Recovered]:
        """Yield the small counts that can be one number only."""
        solver = self._solver(truth)
        for place, name in enumerate(self.names):
            if 1 <= truth[name] < k:
                low, high = solver.span(np.eye(len(self.names))[place])
                if low == high:
                    yield where, name, truth[name]

    def is_known(self, terms: dict[str, float], truth: dict[str, int]) -> bool:
        """Tell whether a weighted sum can be one number only."""
        low, high = self._solver(truth).span(self._row(terms))
        return low == high

    def _row(self, terms: dict[str, float]) -> Array:
        return np.array([terms.get(name, 0.0) for name in self.names])

    def _solver(self, truth: dict[str, int]) -> Solver:
        puzzle = Puzzle([], [], 0, [], [], [])
        for terms, low, high in self.rules:
            value = sum(c * truth[name] for name, c in terms.items())
            if not low - 1e-6 <= value <= high + 1e-6:
                raise AssertionError(f"Misread: {terms}, {low} to {high}, truly {value}")
            puzzle.add(self._row(terms), low, high)
        solver = Solver.__new__(Solver)
        bounds = np.array(puzzle.low), np.array(puzzle.high)
        solver.take(np.array(puzzle.rows), *bounds, len(self.names))
        return solver


def attack_attrition(  # noqa: C901 - every rule of the table in its place
    world: World, folder: Path
) -> Iterator[Recovered]:
    """Work out boxes and leavers of the attrition table from one another."""
    grid = read_grid(folder, "01_infection", "Step")
    frame = world.attrition.fillna({"reason": ""})
    truth, sheet = {}, Book()
    arms = [arm for arm in frame["arm"].unique() if arm]
    # Where whole columns are hidden, what is hidden may be anything.
    is_whole = not any("<" in cell for row in grid for cell in row.values())
    least = 0.0 if is_whole else float(world.k)
    for arm in ("", *arms):
        before = None
        for row in frame[frame["arm"] == arm].to_dict("records"):
            box, left = f"box|{arm}|{row['step']}", f"left|{arm}|{row['step']}"
            truth |= {box: int(row["patients"]), left: int(row["left"])}
            cells = _cells(grid, row["step"], arm)
            for name, cell in ((box, cells[1]), (left, cells[0])):
                if found := bounds_of(cell, linked_from=least):
                    sheet.bound({name: 1.0}, *found)
                else:
                    sheet.bound({name: 1.0}, 0.0, np.inf)
            if before is not None:
                sheet.bound({before: 1.0, left: -1.0, box: -1.0}, 0.0, 0.0)
            before = box
    for step in frame.loc[frame["arm"] != "", "step"].unique():
        for kind in ("box", "left"):
            terms = {f"{kind}||{step}": 1.0} | {f"{kind}|{arm}|{step}": -1.0 for arm in arms}
            if set(terms) <= set(truth):
                sheet.bound(terms, 0.0, 0.0)
    sizes = {
        arm: len(f) for arm, f in world.followed["infection"].frame.groupby("arm", observed=True)
    }
    final = str(frame["step"].iloc[-1])
    for arm, size in _sizes(folder, "01_infection").items():
        if size is not None and arm in sizes:
            sheet.bound({f"box|{arm}|{final}": 1.0}, size, size)
    yield from sheet.recover(truth, world.k, "attrition")


def _cells(grid: list[dict[str, str]], step: str, arm: str) -> tuple[str, str]:
    for row in grid:
        if row["Step"] == step:
            named = {as_code(column): cell for column, cell in row.items()}
            who = arm or "all"
            return named.get(f"{who}_left", ""), named.get(f"{who}_remain", "")
    return "", ""


def _sizes(folder: Path, name: str) -> dict[str, int | None]:
    """Read the sizes of the arms from the headings of the baseline table."""
    grid = read_grid(folder, name, "Characteristic")
    found: dict[str, int | None] = {}
    for heading in grid[0] if grid else ():
        if match := re.match(r"(.+?) \(n\s=\s(.+)\)$", heading.replace("\xa0", " ")):
            is_count = match[2].replace(",", "").isdigit()
            found[as_code(match[1])] = int(match[2].replace(",", "")) if is_count else None
    return found


def attack_baseline(world: World, folder: Path) -> Iterator[Recovered]:
    """Work out levels from their total, their percentages and the differences between arms."""
    for number, (endpoint, frame) in enumerate(world.baseline.items(), 1):
        name = f"{number:02}_{endpoint}"
        grid, sizes = read_grid(folder, name, "Characteristic"), _sizes(folder, name)
        for covariate in ("sex", "smoking", "prior_cancer"):
            rows = frame[
                (frame["covariate"] == covariate) & frame["kind"].isin(["count", "missing"])
            ]
            sheet, truth = Book(), {}
            for arm, own in rows.groupby("arm"):
                _bound_levels(
                    sheet, truth, grid, (str(arm), covariate), own, sizes.get(str(arm)), world.k
                )
            if truth:
                yield from sheet.recover(truth, world.k, f"baseline of {endpoint}")


def _bound_levels(sheet, truth, grid, key, own, size, k) -> None:  # noqa: ANN001
    """Add what a table tells of the levels of one covariate in one arm."""
    arm, covariate = key
    names = {}
    cells = [_level_cell(grid, arm, covariate, _label(row)) for row in own.to_dict("records")]
    # What is hidden with a whole arm may be anything; beside "<5" it is no small count.
    least = float(k) if any("<" in cell for cell in cells) else 0.0
    for row in own.to_dict("records"):
        label = _label(row)
        name = f"{arm}|{covariate}|{label}"
        names[label], truth[name] = name, int(row["n"])
        cell = _level_cell(grid, arm, covariate, label)
        sheet.bound({name: 1.0}, *(_count_bounds(cell, least) or (0.0, np.inf)))
    if size is None:
        return
    # Levels and those without a value are everybody; a truth has only those of whom it is true.
    rest = f"{arm}|{covariate}|rest"
    truth[rest] = size - sum(truth[name] for name in names.values())
    sheet.bound({**dict.fromkeys(names.values(), 1.0), rest: 1.0}, size, size)
    if len(own) > 1:
        sheet.bound({rest: 1.0}, 0.0, 0.0)
    missing = names.get("missing")
    for label, name in names.items():
        share = _share(_level_cell(grid, arm, covariate, label))
        if share is not None:
            # n = share * (total - missing), give or take the rounding of the percentage.
            part = {missing: 1.0} if missing and label != "missing" else {}
            for half, low, high in ((5e-4, -np.inf, 0.0), (-5e-4, 0.0, np.inf)):
                terms = {name: 1.0, **dict.fromkeys(part, share + half)}
                move = (share + half) * size
                sheet.bound(terms, low + move, high + move)


def _label(row: dict[str, Any]) -> str:
    return "missing" if row["kind"] == "missing" else str(row["level"])


def _level_cell(grid: list[dict[str, str]], arm: str, covariate: str, label: str) -> str:
    for row in grid:
        group, line = row.get("Group", ""), row["Characteristic"]
        about = as_code((group or line).split(",")[0].split(":")[0])
        named = as_code(line.split(",")[0]) if group else "true"
        if about == covariate and (named == label.lower() or (not group and label != "missing")):
            for heading, cell in row.items():
                if as_code(heading.split(" (")[0]) == arm:
                    return cell
    return ""


def _count_bounds(cell: str, least: float) -> tuple[float, float] | None:
    return bounds_of(cell.split(" (")[0], linked_from=least) if cell else None


def _share(cell: str) -> float | None:
    found = re.search(r"([\d.]+)%", cell)
    return float(found[1]) / 100 if found else None
