"""Run every notebook on every study, one at a time: how long, and how many truths are held.

    python -m benchmarks.diseases --studies lupus_nephritis,sanad --keep executed

Rows are added to ``diseases.csv`` notebook by notebook, a later run replacing the earlier one, and
``DISEASES.md`` is written from it. Studies of real trials are left out where their data are not.
"""

from __future__ import annotations

import argparse
import re
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import pandas as pd

from azaanalysis.report.execute import execute_notebook, read_notebook, why_left_out
from azaanalysis.study import Study, load_study

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parent / "notebooks"
RUNS = HERE / "diseases.csv"
PAGE = HERE / "DISEASES.md"
LONGEST_SECONDS = 60
_HELD = re.compile(r"The interval holds the truth in ([\d,]+) of ([\d,]+) rows")


class Run(NamedTuple):
    """One notebook on one study; ``fault`` is empty if it ran to its end.

    On a machine that others use, ``processor_seconds`` tell more than ``seconds``.
    """

    study: str
    notebook: str
    seconds: float
    processor_seconds: float
    truths: int
    held: int
    tables: int
    figures: int
    fault: str


def main() -> None:
    """Run what was asked for and write the table."""
    asked = _arguments()
    for name in asked.studies:
        path = NOTEBOOKS / "study.yml" if name == "study" else NOTEBOOKS / "studies" / f"{name}.yml"
        study = load_study(path)
        if study.source.folder is not None and not Path(study.source.folder).exists():
            print(f"{name}: its data are not here")
            continue
        for notebook_path in _asked_for(study, asked.notebooks):
            _keep(_run(notebook_path, path, asked.keep))
    _write_page(pd.read_csv(RUNS))


def _asked_for(study: Study, prefixes: list[str]) -> Iterator[Path]:
    """Yield the notebooks that belong to a study."""
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb")):
        is_asked = any(path.stem.startswith(f"{prefix}_") for prefix in prefixes)
        if (is_asked or not prefixes) and not why_left_out(read_notebook(path), study):
            yield path


def _run(path: Path, study_path: Path, folder: Path | None) -> Run:
    fault, executed = "", nbformat.v4.new_notebook()
    started, used = time.perf_counter(), _processor_seconds()
    try:
        executed = execute_notebook(
            read_notebook(path), path=path, study_path=study_path, folder=None
        )
    except Exception as error:  # the table tells what failed; the next notebook is run
        fault = str(error).splitlines()[0]
    took = round(time.perf_counter() - started, 1), round(_processor_seconds() - used, 1)
    if folder is not None:
        kept = folder / study_path.stem
        kept.mkdir(parents=True, exist_ok=True)
        nbformat.write(executed, kept / path.name)
    return Run(study_path.stem, path.stem, *took, *_count(executed), fault)


def _processor_seconds() -> float:
    """Return the processor time of all kernels that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _count(executed: Any) -> tuple[int, int, int, int]:
    """Count truths, those that intervals hold, tables and figures."""
    shown = [
        out.data for cell in executed.cells for out in cell.get("outputs", ()) if "data" in out
    ]
    found = _HELD.findall("\n".join(data.get("text/plain", "") for data in shown))
    held, truths = (sum(int(pair[i].replace(",", "")) for pair in found) for i in (0, 1))
    figures = sum(any(kind.startswith("image/") for kind in data) for data in shown)
    tables = sum("<table" in data.get("text/html", "") for data in shown)
    return truths, held, tables, figures


def _keep(run: Run) -> None:
    """Put the run in the place of the earlier one of the same notebook and study."""
    print(*run, flush=True)
    rows = pd.DataFrame([run])
    if RUNS.exists():
        earlier = pd.read_csv(RUNS)
        is_same = (earlier["study"] == run.study) & (earlier["notebook"] == run.notebook)
        rows = pd.concat([earlier[~is_same], rows])
    rows.sort_values(["study", "notebook"]).to_csv(RUNS, index=False)


def _write_page(runs: pd.DataFrame) -> None:
    """Write the table that is read: one row for each notebook, one column for each study."""
    runs = runs.fillna({"fault": ""})
    told = runs.assign(told=[_tell(run) for run in runs.itertuples()])
    grid = told.set_index(["notebook", "study"])["told"].unstack(fill_value="–")  # noqa: PD010
    rows = [grid.columns, ["---"] * len(grid.columns), *grid.to_numpy()]
    names = ["notebook", "---", *grid.index]
    lines = [f"| {' | '.join([name, *row])} |" for name, row in zip(names, rows, strict=True)]
    PAGE.write_text("\n".join([_ABOVE, *lines, ""]), encoding="utf-8")


def _tell(run: Any) -> str:
    if run.fault:
        return "fails"
    held = f", {run.held} of {run.truths}" if run.truths else ""
    return f"{run.processor_seconds:.0f} s{held}"


_ABOVE = f"""# Every notebook on every study

Seconds of processor time from an empty kernel to the last cell, and how many intervals hold the
truth, of those that have one. A dash: the study does not ask for what the notebook answers. A
notebook should take under {LONGEST_SECONDS} seconds. Intervals are of 95 %, but rows of one table
come from the same patients, so that they miss together. Written by `python -m benchmarks.diseases`.
"""


def _arguments() -> argparse.Namespace:
    every = ["study", *sorted(p.stem for p in (NOTEBOOKS / "studies").glob("*.yml"))]
    every = [name for name in every if not name.endswith("_mapping")]
    parser = argparse.ArgumentParser(description="Run every notebook on every study.")
    parser.add_argument("--studies", type=lambda text: text.split(","), default=every)
    parser.add_argument("--notebooks", type=lambda text: text.split(","), default=[])
    parser.add_argument("--keep", type=Path, help="Folder for the executed notebooks.")
    return parser.parse_args()


if __name__ == "__main__":
    main()
