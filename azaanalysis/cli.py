"""The command line: check, templates, make-cohort, run, report, diff."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from azaanalysis.errors import AzaError, DataError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="""Azathioprine against biologics and JAK inhibitors, fairly compared.

A typical day: **templates** for your tables, **check** until nothing is wrong, **report** for
the reviewers, **run** to go on in the notebooks. **make-cohort** gives you invented patients to
practise on.

Exit codes: 0 all is well; 1 the data, the study or a notebook has faults, which are printed; 2 the
command was not understood; 130 interrupted.
""",
)
_out = Console()
_err = Console(stderr=True)

StudyFile = Annotated[Path, typer.Argument(help="A study file, for example notebooks/study.yml.")]
Notebooks = Annotated[
    list[Path] | None,
    typer.Option("--notebook", help="Only this notebook; may be given several times."),
]


class FileFormat(StrEnum):
    """Formats in which invented patients are written."""

    parquet = "parquet"
    csv = "csv"


@app.command()
def check(
    source: Annotated[
        Path, typer.Argument(help="A study file (.yml), or a folder or file of tables.")
    ],
    mapping: Annotated[
        Path | None, typer.Option(help="Mapping file, if SOURCE is a folder or file of tables.")
    ] = None,
    faults: Annotated[
        Path, typer.Option(help="Where to write the list of faults, if there are any.")
    ] = Path("faults.csv"),
) -> None:
    """Check data, and the study that is to be asked of them; change nothing.

    Every fault is printed at once with file, column, row, what was found, what was expected and
    what to do. The same list is written as CSV to work through. With a study file, the faults of
    the file, of the data and of the design are listed together: questions the data cannot answer,
    immortal time, prevalent users, arms that never meet. Every endpoint is followed as well.

    Example: `azaanalysis check notebooks/study.yml`
    """
    from azaanalysis.cli_check import check_study
    from azaanalysis.display import tabulate_loading_report
    from azaanalysis.sources import load_cohort

    with _plain_errors(faults):
        if source.suffix in (".yml", ".yaml"):
            if not check_study(source, faults, out=_out, err=_err):
                raise typer.Exit(1)
            return
        cohort = load_cohort(source, mapping=mapping)
        _out.print(str(tabulate_loading_report(cohort.report)), highlight=False, markup=False)
        _out.print("No fault that would change a result.", style="green")


@app.command()
def templates(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; made if it is not there.")],
) -> None:
    """Write an empty file for each table, with its columns and their meaning.

    Example: `azaanalysis templates my_data`
    """
    from azaanalysis.schema import write_templates

    with _plain_errors():
        for path in write_templates(folder):
            _out.print(f"wrote {path}", highlight=False)


@app.command()
def make_cohort(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; made if it is not there.")],
    patients: Annotated[int, typer.Option(min=1, help="How many patients.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Same seed and version: the same patients.")] = 1,
    world: Annotated[str, typer.Option(help="World they live in.")] = "inflammatory_bowel_disease",
    file_format: Annotated[
        FileFormat, typer.Option("--format", help="Format of the tables.")
    ] = FileFormat.parquet,
    processes: Annotated[
        int, typer.Option(min=1, help="Processes that share the work; the patients are the same.")
    ] = 1,
) -> None:
    """Invent patients and write their tables, to practise on.

    Example: `azaanalysis make-cohort practice --patients 5000 --format csv`
    """
    from azaanalysis.synthetic.block_tables import Recipe
    from azaanalysis.synthetic.save import write_cohort

    with _plain_errors(), _progress() as bars:
        bar = bars.add_task("Inventing patients", total=patients)
        written = write_cohort(
            Recipe(patients, seed, world),
            folder,
            file_format=file_format.value,
            processes=processes,
            progress=lambda done, total: bars.update(bar, completed=done, total=total),
        )
    for path in written:
        _out.print(f"wrote {path}", highlight=False)


@app.command()
def run(
    study: StudyFile,
    into: Annotated[Path, typer.Option(help="Folder for the executed notebooks.")] = Path(
        "executed"
    ),
    notebook: Notebooks = None,
) -> None:
    """Execute the notebooks with a study and save them with their outputs, to go on with.

    Example: `azaanalysis run my_study.yml --into my_notebooks`
    """
    from azaanalysis.report import store_notebooks

    with _plain_errors(), _progress() as bars:
        written = store_notebooks(study, into=into, notebooks=notebook, progress=_Bars(bars))
    for path in written:
        _out.print(f"wrote {path}", highlight=False)


@app.command()
def report(  # noqa: PLR0913 - one keyword for each option of the command
    study: Annotated[
        Path, typer.Argument(help="A study file; with --verify, the folder of a report.")
    ],
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the report; one in reports/, by kind and name, if not given."
        ),
    ] = None,
    notebook: Notebooks = None,
    all_tables: Annotated[
        bool, typer.Option("--all-tables", help="Put every table into the Word file.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare a report with its manifest; write nothing.")
    ] = False,
    previous: Annotated[
        Path | None, typer.Option(help="Earlier report that readers have; else that in the folder.")
    ] = None,
    paper: Annotated[bool, typer.Option(help="Whether to make the PDF.")] = True,
) -> None:
    """Execute the notebooks with a study and write the report that reviewers read.

    One page for each notebook, a summary, methods and manifest; the same as PDF; the main tables as
    Word, every table as CSV; every number as JSON and Parquet. A notebook whose endpoint the study
    does not have is left out, and the summary says so. With --verify, nothing is executed: every
    file of a report is compared with the digest in its manifest, and whatever was changed is named.

    Example: `azaanalysis report notebooks/study.yml`
    """
    from azaanalysis.report import verify_report, write_report

    if verify:
        with _plain_errors():
            n_files = verify_report(study)
        _out.print(f"All {n_files} files are as they were when the report was made.", style="green")
        return
    said: list[str] = []
    with _plain_errors(), _progress() as bars:
        index = write_report(
            study,
            notebooks=notebook,
            folder=folder,
            progress=_Bars(bars),
            tell=said.append,
            all_tables=all_tables,
            previous=previous,
            paper=paper,
        )
    for sentence in said:
        _err.print(sentence, highlight=False, markup=False, soft_wrap=True)
    _out.print(f"The report is ready: {_short(index)}", highlight=False, soft_wrap=True)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="Folder of the earlier report.")],
    new: Annotated[Path, typer.Argument(help="Folder of the later report.")],
    tolerance: Annotated[
        float, typer.Option(min=0, help="Largest relative change that passes: 0.05 is 5 %.")
    ] = 1e-6,
) -> None:
    """Explain what changed between two reports, estimate by estimate.

    Settings, days and data come first, then how many patients and events came or went in each
    arm, then every number that moved by more than the tolerance, or whose conclusion flipped:
    direction turned, no difference newly excluded or no longer. Exit code 1 if there is any.
    Curves are compared on the days that the study shows. No patient is named.

    Example: `azaanalysis diff reports/real/march reports/real/june --tolerance 0.05`
    """
    from azaanalysis.report.changes import compare_results, tabulate_changes, tabulate_counts

    with _plain_errors():
        found = compare_results(old, new)
    for reason in found.reasons:
        _out.print(reason, highlight=False, markup=False, soft_wrap=True)
    if found.counts:
        _out.print(f"\n{tabulate_counts(found)}", highlight=False, markup=False, soft_wrap=True)
    table = tabulate_changes(found, tolerance=tolerance)
    if table.rows:
        _out.print(f"\n{table}\n", highlight=False, markup=False, soft_wrap=True)
    within = len(found.changes) - len(table.rows)
    _out.print(
        f"{found.n_same:,} numbers are the same, {within:,} moved within the tolerance, "
        f"{len(table.rows):,} beyond it.",
        highlight=False,
    )
    if table.rows:
        raise typer.Exit(1)


class _Bars:
    """One progress bar for each notebook, made when its first cell is done."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, object] = {}

    def __call__(self, name: str, done: int, total: int) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total)
        self._bars.update(self._tasks[name], completed=done)  # type: ignore[arg-type]


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=_err)


def _short(path: Path) -> Path:
    here = Path.cwd().resolve()
    return path.relative_to(here) if path.is_relative_to(here) else path


@contextmanager
def _plain_errors(faults: Path | None = None) -> Iterator[None]:
    """Turn an error of ours into its message and exit code 1; write faults of the data."""
    try:
        yield
    except DataError as error:
        _err.print(str(error), highlight=False, markup=False, soft_wrap=True)
        path = error.write(faults or Path("faults.csv"))
        _err.print(f"The list is in {_short(path.resolve())}.", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except AzaError as error:
        _err.print(str(error), highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except OSError as error:
        what = (error.strerror or "it cannot be read or written").lower()
        _err.print(f"{error.filename or 'A file'}: {what}.", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        _err.print("Interrupted. Files that were complete have been kept.")
        raise typer.Exit(130) from None


def main() -> None:
    """Run the command line."""
    app(prog_name="azaanalysis")


if __name__ == "__main__":
    main()
