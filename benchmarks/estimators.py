"""Time the estimators beside everything a user would pick instead.

Run ``python -m benchmarks.estimators`` for all tasks at 10,000 to 10,000,000 persons, or choose:
``--tasks km,cox --sizes 10000,100000 --engines ours,R_survival``. Each measurement is a process of
its own. A peer is stopped after ``--limit`` seconds, and is not run with ten times as many persons
where that would take it longer. Results go to ``benchmarks/estimators.csv`` as they
come; a run that was stopped goes on from there. ``benchmarks/SPEED.md`` is made from it.
"""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from rich.console import Console

from benchmarks.speed_data import make_columns, read_columns, split_rows, write_columns
from benchmarks.speed_ours import SIZES, TASKS
from benchmarks.speed_page import write_page
from benchmarks.speed_peers import MODULES, PEERS
from benchmarks.stopwatch import measure, one_pass_seconds

HERE = Path(__file__).parent
R_SCRIPT = HERE / "speed_peers.R"
# Which package of R does which task.
R_PEERS = {
    "km": ("R_survival",),
    "weighted_km": ("R_survival",),
    "aj": ("R_survival", "R_cmprsk"),
    "log_rank": ("R_survival",),
    "cox": ("R_survival",),
    "weighted_cox": ("R_survival",),
    "start_stop_cox": ("R_survival",),
    "fine_gray": ("R_cmprsk", "R_survival"),
    "bootstrap_curve": ("R_survival",),
    "two_arm_propensity": ("R_survival",),
}
_FROM_R = {"R_survival": "survival", "R_cmprsk": "cmprsk"}
# Reading the data and starting up are not part of what is timed, but take time as well.
_TO_START_SECONDS = 60
_OUR_LIMIT_SECONDS = 600
_WARM_UP_ROWS = 1_000

app = typer.Typer(add_completion=False)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    tasks: Annotated[str, typer.Option(help="'all', or names with commas.")] = "all",
    sizes: Annotated[str, typer.Option(help="'all', or numbers of persons.")] = "all",
    engines: Annotated[str, typer.Option(help="'all', or names with commas.")] = "all",
    limit: Annotated[int, typer.Option(help="Seconds after which a peer is stopped.")] = 20,
    memory_gb: Annotated[float, typer.Option(help="Memory that each may take.")] = 18,
    into: Annotated[Path, typer.Option(help="File of results.")] = HERE / "estimators.csv",
) -> None:
    """Time every task in a process of its own, and write the table."""
    if context.invoked_subcommand:
        return
    wanted = list(TASKS) if tasks == "all" else tasks.split(",")
    persons = SIZES if sizes == "all" else [int(size) for size in sizes.split(",")]
    _say_who_is_absent()
    for size in persons:
        with tempfile.TemporaryDirectory() as folder:
            chosen = [task for task in wanted if size in TASKS[task].sizes or sizes != "all"]
            _run_size(chosen, size, engines, Path(folder), limit, memory_gb, into)
    if into == HERE / "estimators.csv":
        write_page(into, HERE / "SPEED.md")


@app.command("one", hidden=True)
def measure_one(task: str, engine: str, folder: Path, limit: int) -> None:
    """Measure one task of one engine here and now, and print what it cost."""
    names = TASKS[task].reads
    prepare = TASKS[task].ours if engine == "ours" else PEERS[task][engine]
    prepare(read_columns(folder, names, _WARM_UP_ROWS))()
    columns = read_columns(folder, names)
    passed = one_pass_seconds(columns.values())
    work = prepare(columns)
    # Work in C or Rust does not listen to Python's signals: the system stops the process.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(limit)
    cost = measure(work)
    signal.alarm(0)
    print(json.dumps([cost.seconds, cost.peak_bytes, cost.repeats, passed]))


def _run_size(
    tasks: Sequence[str],
    size: int,
    engines: str,
    folder: Path,
    limit: int,
    memory_gb: float,
    into: Path,
) -> None:
    console = Console()
    jobs = [
        (task, engine)
        for task in tasks
        for engine in engines_of(task)
        if engines == "all" or engine in engines.split(",")
        if not _has(into, task, engine, size)
    ]
    if not jobs:
        return
    columns = make_columns(size)
    write_columns(columns, folder / "rows")
    if any(TASKS[task].is_split for task, _ in jobs):
        write_columns(split_rows(columns), folder / "split")
    del columns
    for task, engine in jobs:
        data = folder / ("split" if TASKS[task].is_split else "rows")
        with console.status(f"{task} with {size:,} persons: {engine}"):
            row = _measure(task, engine, size, data, limit, memory_gb, into)
        seconds = f"{row['seconds']:.4g} s" if row["seconds"] == row["seconds"] else ""
        console.print(f"{size:>12,}  {task:20} {engine:16} {seconds}{row['outcome']}")
        made = pd.DataFrame([row])
        made.to_csv(into, mode="a", header=not into.exists(), index=False, float_format="%.6g")


def engines_of(task: str) -> list[str]:
    """Return who can do a task here: ours, Python packages and packages of R that are installed."""
    found = ["ours"]
    found += [peer for peer in PEERS.get(task, {}) if find_spec(MODULES[peer])]
    found += [peer for peer in R_PEERS.get(task, ()) if r_version(_FROM_R[peer])]
    return found


def _has(path: Path, task: str, engine: str, size: int) -> bool:
    if not path.exists():
        return False
    done = pd.read_csv(path)
    return bool(((done["task"] == task) & (done["engine"] == engine) & (done["n"] == size)).any())


def _measure(
    task: str, engine: str, size: int, folder: Path, limit: int, memory_gb: float, into: Path
) -> dict[str, Any]:
    """Return one row of results; a peer that was too slow with fewer persons is not tried."""
    row = {"task": task, "engine": engine, "n": size, "limit": limit}
    row |= {"seconds": float("nan"), "peak_bytes": float("nan"), "repeats": 0}
    row |= {"input_bytes": _input_bytes(task, folder), "pass_seconds": float("nan")}
    row |= {"version": _version(engine), "date": f"{datetime.now(UTC):%Y-%m-%d}"}
    if engine == "ours":
        limit = max(limit, _OUR_LIMIT_SECONDS)
    elif outcome := _why_not(into, task, engine, size, limit):
        return row | {"outcome": outcome}
    module = [sys.executable, "-m", "benchmarks.estimators", "one"]
    command = [*module, task, engine, str(folder), str(limit)]
    if engine.startswith("R_"):
        command = ["Rscript", "--vanilla", str(R_SCRIPT), str(folder), task, engine]
    try:
        done = subprocess.run(
            command,
            cwd=HERE.parent,
            capture_output=True,
            text=True,
            timeout=limit + _TO_START_SECONDS,
            preexec_fn=lambda: _limit_memory(memory_gb),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return row | {"outcome": "too slow"}
    return row | _read(done, engine, limit)


def _limit_memory(gigabytes: float) -> None:
    most = int(gigabytes * 1024**3)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _read(done: subprocess.CompletedProcess[str], engine: str, limit: int) -> dict[str, Any]:
    """Read what a measurement printed, or why it did not come to an end."""
    if done.returncode == -signal.SIGALRM:
        return {"outcome": "too slow"}
    if done.returncode != 0:
        words = (done.stderr.strip().splitlines() or ["no message"])[-1]
        is_memory = any(word in done.stderr for word in ("MemoryError", "cannot allocate"))
        return {"outcome": "out of memory" if is_memory else f"failed: {words[:120]}"}
    last = done.stdout.strip().splitlines()[-1]
    found = json.loads(last) if last.startswith("[") else [float(x) for x in last.split()]
    if found[0] > limit:
        return {"outcome": "too slow"}
    names = ("seconds", "peak_bytes", "repeats", "pass_seconds")
    return {**dict(zip(names, found, strict=False)), "outcome": ""}


def _why_not(path: Path, task: str, engine: str, size: int, limit: int) -> str:
    """Return why a peer is not run: it gave up with fewer persons, or would take too long."""
    if not path.exists():
        return ""
    done = pd.read_csv(path, keep_default_na=False, na_values={"seconds": ""})
    smaller = done[(done["task"] == task) & (done["engine"] == engine) & (done["n"] < size)]
    if (smaller["outcome"] != "").any():
        return "not run"
    if smaller.empty:
        return ""
    last = smaller.loc[smaller["n"].idxmax()]
    is_too_slow = float(last["seconds"]) * size / last["n"] > limit
    return f"not run: {last['seconds']:.3g} s at {last['n']:,}" if is_too_slow else ""


def _input_bytes(task: str, folder: Path) -> int:
    return sum((folder / f"{name}.raw").stat().st_size for name in TASKS[task].reads)


def _version(engine: str) -> str:
    if engine.startswith("R_"):
        return r_version(_FROM_R[engine])
    names = {"ours": "azaanalysis", "scikit_survival": "scikit-survival"}
    names |= {"scikit_learn": "scikit-learn"}
    try:
        return version(names.get(engine, engine))
    except PackageNotFoundError:
        return ""


def r_version(package: str) -> str:
    """Return the version of a package of R; empty if R or the package is absent."""
    if package not in _R_VERSIONS:
        _R_VERSIONS[package] = _ask_r(package)
    return _R_VERSIONS[package]


_R_VERSIONS: dict[str, str] = {}


def _ask_r(package: str) -> str:
    if shutil.which("Rscript") is None:
        return ""
    question = f'cat(tryCatch(as.character(packageVersion("{package}")), error = function(e) ""))'
    asked = subprocess.run(
        ["Rscript", "--vanilla", "-e", question], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()


def _say_who_is_absent() -> None:
    absent = list(_absent())
    if absent:
        Console().print(f"Not installed, and left out: {', '.join(absent)}.")


def _absent() -> Iterator[str]:
    yield from (peer for peer, module in MODULES.items() if not find_spec(module))
    yield from (peer for peer, package in _FROM_R.items() if not r_version(package))


if __name__ == "__main__":
    app()
