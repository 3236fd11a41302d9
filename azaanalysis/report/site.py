"""The whole report: every notebook executed, then written as pages, paper, tables and numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import azaanalysis
from azaanalysis.errors import ReportError
from azaanalysis.report.absent import is_absent
from azaanalysis.report.answers import answer_pages
from azaanalysis.report.curves import ARCHIVE_NAME, DRAWINGS_NAME, pack_files
from azaanalysis.report.execute import Progress, execute_notebook, read_notebook, why_left_out
from azaanalysis.report.ledger import record_printed
from azaanalysis.report.linked import refuse_beside, set_aside
from azaanalysis.report.manifest import make_manifest, threshold_of
from azaanalysis.report.outputs import outputs_of
from azaanalysis.report.page import Page, read_page
from azaanalysis.report.pages import Site, compose_chapters, write_chapters
from azaanalysis.report.paper import PAPER_NAME, find_obstacle, write_paper
from azaanalysis.report.record import JSON_NAME, PARQUET_NAME, gather_results, write_record
from azaanalysis.report.results import NOTEBOOK_RESULTS
from azaanalysis.report.rounds import find_earlier, make_until_safe
from azaanalysis.report.tables import write_tables
from azaanalysis.report.verify import forget_report, seal_report
from azaanalysis.report.word import WORD_NAME, write_word
from azaanalysis.study import Study, load_study

# A kernel takes one core and the memory of one cohort.
OWN_STUDY = Path("notebooks") / "study.yml"
_AT_ONCE = 2
_KINDS = (".csv", ".json", ".svg")
_PACKED = {ARCHIVE_NAME: "the curves for a spreadsheet", DRAWINGS_NAME: "the figures, to paste"}


@dataclass(frozen=True)
class _Job:
    """What the making of every page has in common."""

    study: Study
    study_path: Path
    folder: Path
    progress: Progress | None


def write_report(  # noqa: PLR0913 - one keyword for each option of the command
    study_path: str | Path,
    *,
    notebooks: Sequence[str | Path] | None = None,
    folder: str | Path | None = None,
    progress: Progress | None = None,
    tell: Callable[[str], None] | None = None,
    all_tables: bool = False,
    previous: str | Path | None = None,
    paper: bool = True,
) -> Path:
    """Execute the notebooks with a study and write the report in every form.

    Parameters
    ----------
    study_path
        The study file.
    notebooks
        Notebook files; all of the project's ``notebooks`` folder if not given. A notebook
        that asks for an endpoint the study does not have is left out, and the summary says so.
    folder
        Where the report goes, inside the project. If not given: ``reports/synthetic`` for the
        study that comes with it, ``reports/invented/<study name>`` for others on invented
        patients, ``reports/real/<study name>`` for real ones. An earlier report there is replaced.
    progress
        Called after each cell with the name of the notebook, cells done and cells in all.
        Two notebooks are executed at a time, so the names alternate.
    tell
        Called with each sentence that the analyst should read: why there is no PDF, for example.
    all_tables
        Whether the Word file holds every table, not only the main ones.
    previous
        Folder of an earlier report that readers may have; the one in ``folder`` if not given.
        Of real patients nothing is published that gives small counts away beside it.
    paper
        Whether there is a PDF.

    Returns
    -------
    Path
        The summary, ``index.html``. Beside it: a page for each notebook, methods and manifest,
        ``report.pdf``, ``tables.docx``, ``results.json``, ``results.parquet``, and for each
        notebook a folder with its tables, estimates and figures.

    Raises
    ------
    StudyError
        If the study file cannot be used.
    ReportError
        If a notebook fails; the pages of the others are written all the same. If small counts
        follow from the report and an earlier one; nothing is written then.
    """
    study_path = Path(study_path).resolve()
    study = load_study(study_path)
    root = find_project()
    paths = [Path(path).resolve() for path in notebooks] if notebooks else all_notebooks(root)
    target = (
        Path(folder).resolve()
        if folder
        else root / _place_of(study, is_own=study_path == root / OWN_STUDY)
    )
    read = {path: read_notebook(path) for path in paths}
    left_out = _left_out(read, study)
    chosen = {path: book for path, book in read.items() if path.stem not in dict(left_out)}
    earlier = find_earlier(Path(previous) if previous else target, study, is_named=bool(previous))
    with set_aside(target, is_real=threshold_of(study) > 1) as place:
        job = _Job(study, study_path, place, progress)
        if place == target:
            forget_report(target)
            target.mkdir(parents=True, exist_ok=True)
        made = make_until_safe(lambda: _make_all(job, chosen), study, place, tell=tell)
        pages = tuple(_with_main(page, all_tables) for page in made if isinstance(page, Page))
        failed = [p for p, page in zip(chosen, made, strict=True) if not isinstance(page, Page)]
        left_out += [(path.stem, "it could not be executed") for path in failed]
        written = {path.stem: book for path, book in chosen.items() if path not in failed}
        if earlier is not None:
            record = gather_results(place, notebooks=list(written), study=study)
            refuse_beside(record, earlier, name=Path(previous or target).name)
        finish_report(
            pages, written, study=study, folder=place, left_out=left_out, tell=tell, paper=paper
        )
        if place != target:
            forget_report(target)
    if failed:
        faults = [fault for fault in made if isinstance(fault, ReportError)]
        raise ReportError("\n\n".join(str(fault) for fault in faults))
    return target / "index.html"


def _make_all(job: _Job, chosen: Mapping[Path, Any]) -> list[Page | ReportError]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda item: _attempt(job, *item), chosen.items()))


def finish_report(  # noqa: PLR0913 - one keyword for each wish
    pages: Sequence[Page],
    notebooks: Mapping[str, Any],
    *,
    study: Study,
    folder: Path,
    left_out: Sequence[tuple[str, str]] = (),
    tell: Callable[[str], None] | None = None,
    paper: bool = True,
) -> Path:
    """Write everything that is made of all pages together, and seal it.

    Parameters
    ----------
    pages
        The pages of the notebooks, in their order.
    notebooks
        The same notebooks as they were before they were executed, by name.
    study
        The study they were executed with.
    folder
        Folder of the report, in which the notebooks have left their estimates.
    left_out
        Notebooks without a page, each with the reason.
    tell
        Called with each sentence that the analyst should read.
    paper
        Whether there is a PDF.

    Returns
    -------
    Path
        The summary, ``index.html``.
    """
    record = gather_results(folder, notebooks=list(notebooks), study=study)
    pages, answers = answer_pages(pages, record, study)
    record["printed"] = record_printed(pages, record)
    packed = pack_files(folder, list(notebooks))
    files = [*write_record(record, folder), *packed]
    for page in pages:
        (folder / page.name / NOTEBOOK_RESULTS).unlink(missing_ok=True)
        write_tables(page.tables, folder / page.name)
        files += sorted((folder / page.name).iterdir())
    manifest = make_manifest(notebooks, study=study, record=record)
    obstacle = find_obstacle() if paper else ""
    has_paper = paper and not obstacle
    forms = tuple(_forms(has_paper=has_paper, packed=[path.name for path in packed]))
    site = Site(study, pages, record, manifest, answers, tuple(left_out), forms)
    chapters = compose_chapters(site, folder=folder)
    files += write_chapters(chapters, site, folder=folder)
    files.append(write_word(pages, folder / WORD_NAME, study=study))
    if has_paper:
        files.append(write_paper(chapters, site, path=folder / PAPER_NAME))
    if obstacle and tell is not None:
        tell(obstacle)
    seal_report(folder, manifest, files=[path.relative_to(folder).as_posix() for path in files])
    return folder / "index.html"


def _with_main(page: Page, all_tables: bool) -> Page:
    """Return the page with every table among its main ones, if that is wished."""
    if not all_tables:
        return page
    return replace(page, main_tables=tuple(range(1, len(page.tables) + 1)))


def _forms(*, has_paper: bool, packed: Sequence[str]) -> Iterator[tuple[str, str]]:
    if has_paper:
        yield PAPER_NAME, "the whole report on paper"
    yield WORD_NAME, "the main tables, to paste from"
    yield JSON_NAME, "the numbers, for a program"
    yield PARQUET_NAME, "the same and every day of the curves, for R, Python or SQL"
    yield from ((name, _PACKED[name]) for name in packed)


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


def _place_of(study: Study, *, is_own: bool) -> Path:
    if study.is_synthetic and is_own:
        return Path("reports") / "synthetic"
    patients = "invented" if study.is_synthetic else "real"
    return Path("reports") / patients / re.sub(r"[^\w.-]+", "_", study.name)


def _left_out(notebooks: dict[Path, Any], study: Study) -> list[tuple[str, str]]:
    reasons = {path.stem: why_left_out(notebook, study) for path, notebook in notebooks.items()}
    return [(name, reason) for name, reason in reasons.items() if reason]


def _attempt(job: _Job, path: Path, notebook: Any) -> Page | ReportError:
    """Make one page; a failure is kept until the others are done."""
    try:
        return _make_page(job, path, notebook)
    except ReportError as error:
        return error


def _make_page(job: _Job, path: Path, notebook: Any) -> Page:
    files = job.folder / path.stem
    _clear(files)
    executed = execute_notebook(
        notebook,
        path=path,
        study_path=job.study_path,
        folder=job.folder,
        progress=job.progress,
    )
    files.mkdir(exist_ok=True)
    _write_figures(executed, files)
    return read_page(executed, name=path.stem)


def _clear(files: Path) -> None:
    """Take away what an earlier run wrote: a file that is no longer made must not stay."""
    for path in files.glob("*") if files.is_dir() else ():
        if path.suffix in _KINDS:
            path.unlink()


def _write_figures(executed: Any, files: Path) -> None:
    drawings = [
        output.data["image/svg+xml"]
        for output in outputs_of(executed.cells)
        if "image/svg+xml" in output.get("data", {}) and not is_absent(output)
    ]
    for number, drawing in enumerate(drawings, 1):
        (files / f"figure_{number}.svg").write_text(drawing, encoding="utf-8")
