"""Executed notebooks as notebooks: for an analyst to go on with, or for nbval to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

from azaanalysis.display.source import METADATA
from azaanalysis.report.execute import Progress, execute_notebook, read_notebook, why_left_out
from azaanalysis.report.outputs import outputs_of
from azaanalysis.report.site import all_notebooks, find_project
from azaanalysis.study import load_study


def store_notebooks(
    study_path: str | Path,
    *,
    into: str | Path,
    notebooks: Sequence[str | Path] | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Execute the notebooks with a study and save them with their outputs.

    Parameters
    ----------
    study_path
        The study file.
    into
        Folder for the executed notebooks. If it is the folder they come from, their stored
        outputs are renewed and nothing else in them changes.
    notebooks
        Notebook files; all of the project's ``notebooks`` folder if not given. A notebook that
        asks for an endpoint the study does not have is left out.
    progress
        Called after each cell with the name of the notebook, cells done and cells in all.

    Returns
    -------
    list of Path
        The notebooks written.

    Raises
    ------
    StudyError
        If the study file cannot be used.
    ReportError
        If a notebook fails. Those before it have been saved.
    """
    study_path, into = Path(study_path).resolve(), Path(into).resolve()
    study = load_study(study_path)
    paths = [Path(p).resolve() for p in notebooks] if notebooks else all_notebooks(find_project())
    into.mkdir(parents=True, exist_ok=True)
    written = []
    for path in paths:
        notebook = read_notebook(path)
        if why_left_out(notebook, study):
            continue
        target = into / path.name
        executed = execute_notebook(
            notebook, path=target, study_path=study_path, folder=None, progress=progress
        )
        _forget_sources(executed)
        if target == path:
            _forget_injected(executed)
        nbformat.write(executed, target)  # type: ignore[no-untyped-call]
        written.append(target)
    return written


def _forget_sources(notebook: Any) -> None:
    """Take out what stands behind each table and figure: only a report leads to it."""
    for output in outputs_of(notebook.cells):
        output.get("metadata", {}).pop(METADATA, None)


def _forget_injected(notebook: Any) -> None:
    """Take out the cell that named the study, and number the cells as if it had not been."""
    notebook.cells = [c for c in notebook.cells if "injected" not in c.metadata.get("tags", ())]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, 1):
        cell["execution_count"] = number
        for output in cell["outputs"]:
            if output["output_type"] == "execute_result":
                output["execution_count"] = number
