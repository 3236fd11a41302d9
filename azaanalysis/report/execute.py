"""Execute a notebook with another study, and say in plain words what went wrong."""

from __future__ import annotations

import asyncio
import copy
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from azaanalysis import errors
from azaanalysis.errors import ReportError
from azaanalysis.handling import listed
from azaanalysis.report.outputs import outputs_of
from azaanalysis.report.results import FOLDER_VARIABLE
from azaanalysis.study import Study
from azaanalysis.vocab import in_words

# Called after each cell with the name of the notebook, cells done and cells in all.
Progress = Callable[[str, int, int], None]

_LONGEST_CELL_SECONDS = 1800
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
_ENDPOINT = re.compile(r"""\bendpoint\s*=\s*["']([^"']+)["']""")
# A row that is picked out of an estimate may be named by a group or a way: no endpoint is asked.
_PICKED = re.compile(r"\.only\([^()]*\)")


def read_notebook(path: Path) -> Any:
    """Read a notebook file.

    Raises
    ------
    ReportError
        If the file is missing or is no notebook.
    """
    try:
        return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except FileNotFoundError:
        raise ReportError(f"There is no notebook {path.name}. Check the name.") from None
    except Exception:
        raise ReportError(
            f"{path.name} cannot be read as a notebook. Open it in JupyterLab and save it again."
        ) from None


def endpoints_asked(notebook: Any) -> tuple[str, ...]:
    """Return the endpoints that the code of a notebook names."""
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return tuple(dict.fromkeys(_ENDPOINT.findall(_PICKED.sub("", code))))


def why_left_out(notebook: Any, study: Study) -> str:
    """Return why a notebook does not belong to a study; empty if it does."""
    absent = [name for name in endpoints_asked(notebook) if name not in study.endpoints]
    if absent:
        return f"the study has no endpoint {listed([*map(in_words, absent)], last='or')}"
    is_about_invented = notebook.metadata.get("azaanalysis", {}).get("patients") == "invented"
    return "it is about invented patients" if is_about_invented and not study.is_synthetic else ""


def execute_notebook(
    notebook: Any,
    *,
    path: Path,
    study_path: Path,
    folder: Path | None,
    progress: Progress | None = None,
) -> Any:
    """Execute a notebook with the given study, in a kernel of its own.

    The cell tagged ``parameters`` stays as it is; a cell after it says which study.

    Parameters
    ----------
    notebook
        The notebook as read; it is not changed.
    path
        Its file; the kernel works in the folder of it.
    study_path
        The study file.
    folder
        Folder of the report, told to the notebook for ``write_estimates``; without one
        nothing is written.
    progress
        Called after each cell with name, cells done and cells in all.

    Returns
    -------
    The executed notebook.

    Raises
    ------
    ReportError
        If a cell fails. It names the notebook, the section and the reason.
    """
    notebook = copy.deepcopy(notebook)
    _set_study(notebook, path=path, study_path=study_path)
    client = NotebookClient(
        notebook,
        timeout=_LONGEST_CELL_SECONDS,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.on_cell_complete = _report_to(progress, notebook, path.stem)
    environment = {**os.environ, FOLDER_VARIABLE: str(folder or "")}
    try:
        asyncio.run(client.async_execute(env=environment))
    except CellExecutionError as error:
        raise _explain(notebook, path.name, error.ename, error.evalue) from None
    except (DeadKernelError, CellTimeoutError) as error:
        raise _explain(notebook, path.name, type(error).__name__, "") from None
    return notebook


def _report_to(progress: Progress | None, notebook: Any, name: str) -> Callable[..., None]:
    n_cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    done = iter(range(1, n_cells + 1))

    def tell(**_: Any) -> None:
        if progress is not None:
            progress(name, next(done, n_cells), n_cells)

    return tell


def _set_study(notebook: Any, *, path: Path, study_path: Path) -> None:
    """Put a cell after the one tagged ``parameters`` that names the study file."""
    tagged = [
        i for i, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", ())
    ]
    if not tagged:
        raise ReportError(
            f"{path.name} has no cell tagged 'parameters', so it cannot be given a study. "
            "Tag the cell that holds STUDY = ... (right-hand panel of JupyterLab)."
        )
    # A relative path keeps the name of the analyst's home out of the executed notebook.
    study = os.path.relpath(study_path.resolve(), path.parent.resolve()).replace(os.sep, "/")
    fields = {"source": f"STUDY = {study!r}", "metadata": {"tags": ["injected"]}, "id": "the-study"}
    cell = nbformat.v4.new_code_cell(**fields)  # type: ignore[no-untyped-call]
    notebook.cells.insert(tagged[0] + 1, cell)


def _explain(notebook: Any, name: str, kind: str, message: str) -> ReportError:
    section = _section_of_failure(notebook)
    where = f"{name}, section '{section}'" if section else name
    known = {
        "DeadKernelError": "Python stopped, most often because memory ran out. Close other "
        "programs, or try with fewer patients.",
        "CellTimeoutError": f"A cell took longer than {_LONGEST_CELL_SECONDS // 60} minutes.",
    }
    if kind in known:
        return ReportError(f"{where}: {known[kind]}")
    if issubclass(getattr(errors, kind, type(None)), errors.AzaError):
        return ReportError(f"{where}: {message}")
    return ReportError(
        f"{where}: the notebook stopped with {kind}: {message}\n"
        "Open the notebook and run it from the top to see the line that failed."
    )


def _section_of_failure(notebook: Any) -> str:
    """Return the last heading above the first cell that did not finish."""
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = ([heading, *_HEADING.findall(cell.source)])[-1]
        elif any(output.output_type == "error" for output in outputs_of([cell])):
            return heading
    return heading
