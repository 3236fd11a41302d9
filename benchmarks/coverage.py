"""Count how often intervals hold the truth, and make the coverage table.

Run ``python benchmarks/coverage.py --cohorts 2000 --cells all --seed 20261124``. Cells are written
to ``benchmarks/coverage.csv`` as they finish; a run that was stopped goes on from there. The
readable table ``benchmarks/COVERAGE.md`` is made from the file at the end, or alone by
``--cohorts 0``. With ``--peers`` the same worlds are shown to other packages.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from benchmarks.cells import (
    EVERYTHING,
    Asked,
    Cell,
    ask_cohorts,
    choose_cells,
    judge,
    put_together,
    summarise,
)
from benchmarks.coverage_page import write_page
from benchmarks.questions import PEERS, QUESTIONS

HERE = Path(__file__).parent
_KEY = ["world", "arms", "target", "n", "quantity", "asked"]
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# A bootstrap costs a thousand times a formula: it is judged by half as many cohorts.
_SHARE_OF_BOOTSTRAP = 0.5


def main(
    cohorts: Annotated[int, typer.Option(help="Cohorts in each cell; 0 only writes the page.")],
    cells: Annotated[str, typer.Option(help="'all', or patterns: 'no_effect-*,*-5000'.")] = "all",
    seed: Annotated[int, typer.Option(help="Seed of all cohorts.")] = 20261124,
    variance: Annotated[str, typer.Option(help="auto, robust, stacked or bootstrap.")] = "auto",
    quantities: Annotated[str, typer.Option(help="'all', or names with commas.")] = "all",
    peers: Annotated[bool, typer.Option(help="Ask other packages instead.")] = False,
    processes: Annotated[int, typer.Option(help="Processes side by side.")] = 2,
    into: Annotated[Path | None, typer.Option(help="File of results.")] = None,
) -> None:
    """Draw cohorts from known worlds and count how often intervals hold the truth."""
    path = into or HERE / ("coverage_peers.csv" if peers else "coverage.csv")
    names = _names(quantities, PEERS if peers else QUESTIONS)
    if cohorts:
        run(choose_cells(cells), names, path, cohorts, seed, variance, processes)
    if into is None:
        write_page(HERE)


def _names(wanted: str, offered: Sequence[str]) -> list[str]:
    names = list(offered) if wanted == "all" else wanted.split(",")
    unknown = [name for name in names if name not in EVERYTHING]
    if unknown:
        raise SystemExit(f"There is no quantity '{unknown[0]}'. There are: {', '.join(offered)}.")
    return names


def run(
    cells: Sequence[Cell],
    names: Sequence[str],
    path: Path,
    cohorts: int,
    seed: int,
    variance: str,
    processes: int,
) -> None:
    """Fill the cells that the file does not have yet, and add each to it when it is done."""
    jobs = {}
    for cell in cells:
        missing = [q for q in names if not _has(path, cell, q, seed, variance)]
        if missing:
            jobs[cell] = missing
    # One thread for each process, which the new processes read as they start: the matrices are
    # small, and threads would only wait for each other.
    os.environ |= dict.fromkeys(_THREADS, "1")
    console = Console()
    console.print(f"{len(cells) - len(jobs)} of {len(cells)} cells are in {path.name} already.")
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    with (
        Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as progress,
        ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool,
    ):
        overall = progress.add_task("cells", total=len(jobs))
        for cell, missing in jobs.items():
            asked = _fill(cell, missing, pool, progress, cohorts, seed, variance)
            _append(path, cell, asked, seed, variance)
            progress.advance(overall)


def _fill(
    cell: Cell,
    names: Sequence[str],
    pool: ProcessPoolExecutor,
    progress: Progress,
    cohorts: int,
    seed: int,
    variance: str,
) -> Asked:
    """Ask the first half of the cohorts everything, the others what needed no bootstrap."""
    half = round(cohorts * _SHARE_OF_BOOTSTRAP)
    bar = progress.add_task(cell.name, total=cohorts)
    parts = []
    for cohort_range, by_bootstrap in ((range(half), True), (range(half, cohorts), False)):
        kept = names if by_bootstrap else _without_bootstrap(parts, names)
        waiting = [
            pool.submit(ask_cohorts, cell, part, kept, seed=seed, variance=variance)
            for part in _in_parts(cohort_range if kept else range(0))
        ]
        for part in _finished(waiting):
            parts.append(part)
            progress.advance(bar, len(part.effective_size))
    progress.remove_task(bar)
    return put_together(parts)


def _finished(waiting: list[Future[Asked]]) -> Iterator[Asked]:
    for future in as_completed(waiting):
        yield future.result()


def _in_parts(cohorts: range, size: int = 25) -> list[range]:
    return [cohorts[start : start + size] for start in range(0, len(cohorts), size)]


def _without_bootstrap(parts: Sequence[Asked], names: Sequence[str]) -> list[str]:
    """Return the questions that were mostly answered by a formula."""
    chosen = {q: [word for part in parts for word in part.chosen.get(q, [])] for q in names}
    return [q for q in names if sum("bootstrap" in w for w in chosen[q]) <= len(chosen[q]) / 2]


def _has(path: Path, cell: Cell, quantity: str, seed: int, variance: str) -> bool:
    if not path.exists():
        return False
    done = pd.read_csv(path)
    if set(done["seed"]) - {seed}:
        raise SystemExit(f"{path.name} was made with another seed; move it away, or use --into.")
    wanted = [cell.world, cell.n_arms, cell.target, cell.n, quantity, variance]
    return bool((done[_KEY] == wanted).all(axis=1).any())


def _append(path: Path, cell: Cell, asked: Asked, seed: int, variance: str) -> None:
    made = pd.DataFrame(list(summarise(cell, asked)))
    made["verdict"] = [judge(row) for row in made.to_dict("records")]
    made = made.assign(asked=variance, seed=seed, date=f"{datetime.now(UTC):%Y-%m-%d}")
    made.to_csv(path, mode="a", header=not path.exists(), index=False, float_format="%.6g")


if __name__ == "__main__":
    typer.run(main)
