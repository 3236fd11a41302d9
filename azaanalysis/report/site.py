"""The whole report: every notebook executed, a page for each, and the list of pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

import azaanalysis
from azaanalysis.errors import ReportError
from azaanalysis.report.execute import Progress, endpoints_asked, execute_notebook, read_notebook
from azaanalysis.report.manifest import find_commit, find_versions, make_manifest, write_manifest
from azaanalysis.report.page import Page, describe_study, manifest_rows, render_page
from azaanalysis.report.record import gather_results, write_record
from azaanalysis.report.results import NOTEBOOK_RESULTS
from azaanalysis.study import Study, load_study

_TEMPLATES = Path(__file__).parent / "template"
# A kernel takes one core and the memory of one cohort.
_AT_ONCE = 2


@dataclass(frozen=True)
class _Job:
    """What the making of every page has in common."""

    study: Study
    study_path: Path
    folder: Path
    names: tuple[str, ...]
    progress: Progress | None


def write_report(
    study_path: str | Path,
    *,
    notebooks: Sequence[str | Path] | None = None,
    folder: str | Path | None = None,
    progress: Progress | None = None,
) -> Path:
    """Execute the notebooks with a study and write the report as pages and files.

    Parameters
    ----------
    study_path
        The study file.
    notebooks
        Notebook files; all of the project's ``notebooks`` folder if not given. A notebook
        that asks for an endpoint the study does not have is left out, and the list says so.
    folder
        Where the report goes. If not given: ``reports/synthetic`` for invented patients,
        ``reports/real/<study name>`` for others, inside the project.
    progress
        Called after each cell with the name of the notebook, cells done and cells in all.
        Two notebooks are executed at a time, so the names alternate.

    Returns
    -------
    Path
        The list of pages, ``index.html``.

    Raises
    ------
    StudyError
        If the study file cannot be used.
    ReportError
        If a notebook fails. The pages of the others are written all the same.
    """
    study_path = Path(study_path).resolve()
    study = load_study(study_path)
    root = find_project()
    paths = [Path(path).resolve() for path in notebooks] if notebooks else all_notebooks(root)
    target = Path(folder).resolve() if folder else root / _place_of(study)
    written = {path: read_notebook(path) for path in paths}
    left_out = _left_out(written, study)
    chosen = {path: book for path, book in written.items() if path.stem not in dict(left_out)}
    names = tuple(path.stem for path in chosen)
    for name, _ in left_out:
        _forget_page(target, name)
    job = _Job(study, study_path, target, names, progress)
    target.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        made = list(pool.map(lambda item: _attempt(job, *item), chosen.items()))
    pages = [page for page in made if isinstance(page, Page)]
    faults = [fault for fault in made if isinstance(fault, ReportError)]
    left_out += [
        (path.stem, "it could not be executed")
        for path, page in zip(chosen, made, strict=True)
        if isinstance(page, ReportError)
    ]
    index = write_index(pages, study=study, folder=target, left_out=left_out)
    _join_results(target, pages, study)
    if faults:
        raise ReportError("\n\n".join(str(fault) for fault in faults))
    return index


def write_index(
    pages: Sequence[Page],
    *,
    study: Study,
    folder: Path,
    left_out: Sequence[tuple[str, str]] = (),
) -> Path:
    """Write the list of pages: each with its question and the table that answers it.

    Parameters
    ----------
    pages
        The pages, in their order.
    study
        The study they belong to.
    folder
        Folder of the report.
    left_out
        Notebooks without a page, each with the reason.
    """
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=False)
    manifest = {
        "study_hash": study.hash,
        "commit": find_commit(),
        "smallest_count_shown": 1 if study.is_synthetic else study.source.smallest_count,
        "versions": find_versions(),
    }
    context = {
        **describe_study(study),
        "is_list": True,
        "question": study.question,
        "pages": pages,
        "limits": study.limits,
        "left_out": left_out,
        "manifest": manifest_rows(manifest),
    }
    html = environment.get_template("site.html.j2").render(aza=context)
    path = folder / "index.html"
    path.write_text(re.sub(r"\n\s*\n+", "\n", html).strip() + "\n", encoding="utf-8")
    return path


def _forget_page(folder: Path, name: str) -> None:
    """Delete the page and files of a notebook that an earlier report had and this one has not."""
    (folder / f"{name}.html").unlink(missing_ok=True)
    for path in (folder / name).glob("*"):
        if path.suffix in (".csv", ".json", ".svg"):
            path.unlink()


def find_project() -> Path:
    """Return the project: the nearest folder upward that has notebooks, or that of the code."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "notebooks").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    return Path(azaanalysis.__file__).resolve().parent.parent


def all_notebooks(root: Path) -> list[Path]:
    """Return the notebooks of the project, in their order."""
    found = sorted((root / "notebooks").glob("[0-9]*.ipynb"))
    if not found:
        raise ReportError(
            "There are no notebooks to report. They are looked for in the folder 'notebooks' of "
            "the project, with names that begin with a number (04_discontinuation.ipynb)."
        )
    return found


def _place_of(study: Study) -> Path:
    if study.is_synthetic:
        return Path("reports") / "synthetic"
    return Path("reports") / "real" / re.sub(r"[^\w.-]+", "_", study.name)


def _left_out(notebooks: dict[Path, Any], study: Study) -> list[tuple[str, str]]:
    left_out = []
    for path, notebook in notebooks.items():
        absent = [name for name in endpoints_asked(notebook) if name not in study.endpoints]
        if absent:
            reason = f"the study has no endpoint {' or '.join(absent)}"
            left_out.append((path.stem, reason))
    return left_out


def _attempt(job: _Job, path: Path, notebook: Any) -> Page | ReportError:
    """Make one page; a failure is kept until the others are done."""
    try:
        return _make_page(job, path, notebook)
    except ReportError as error:
        return error


def _make_page(job: _Job, path: Path, notebook: Any) -> Page:
    name, files = path.stem, job.folder / path.stem
    _clear(files)
    executed = execute_notebook(
        notebook,
        path=path,
        study_path=job.study_path,
        folder=job.folder,
        progress=job.progress,
    )
    results = files / NOTEBOOK_RESULTS
    manifest = make_manifest(notebook, name=name, study=job.study, results=results)
    write_manifest(manifest, files / "manifest.json")
    _write_figures(executed, files)
    siblings = [other for other in job.names if other != name]
    html, page = render_page(
        executed, name=name, study=job.study, manifest=manifest, siblings=siblings
    )
    (job.folder / f"{name}.html").write_text(html, encoding="utf-8")
    return page


def _join_results(folder: Path, pages: Sequence[Page], study: Study) -> None:
    """Write all results as one file, in place of those of the single notebooks."""
    names = [page.name for page in pages]
    write_record(gather_results(folder, notebooks=names, study=study), folder)
    for name in names:
        (folder / name / NOTEBOOK_RESULTS).unlink(missing_ok=True)


def _clear(files: Path) -> None:
    """Take away what an earlier run wrote: a file that is no longer made must not stay."""
    for path in files.glob("*") if files.is_dir() else ():
        if path.suffix in (".csv", ".json", ".svg"):
            path.unlink()


def _write_figures(executed: Any, files: Path) -> None:
    outputs = [output for cell in executed.cells for output in cell.get("outputs", ())]
    drawings = [
        output.data["image/svg+xml"]
        for output in outputs
        if "image/svg+xml" in output.get("data", {})
    ]
    for number, drawing in enumerate(drawings, 1):
        (files / f"figure_{number}.svg").write_text(drawing, encoding="utf-8")
