"""The command ``check`` for a study: its file, its data and its design, all faults at once."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from azaanalysis.cohort import Cohort
from azaanalysis.design import follow, measure_follow_up
from azaanalysis.design.checks import Finding, check_design
from azaanalysis.display import tabulate_estimate, tabulate_loading_report
from azaanalysis.errors import DataError, DesignError, StudyError
from azaanalysis.protocol import describe_estimand
from azaanalysis.sources import load_cohort
from azaanalysis.study import Study, load_source, load_study


def check_study(path: Path, faults: Path, *, out: Console, err: Console) -> bool:
    """Print every fault of a study file, its data and its design; tell whether there is none.

    Parameters
    ----------
    path
        The study file.
    faults
        Where to write the faults of the data as CSV, if there are any.
    out, err
        Where to print what was found, and what is wrong.
    """
    study = _read_study(path, err)
    cohort = _read_data(path, faults, out, err)
    if study is None or cohort is None:
        if study is not None:
            _say(err, "The design is checked once the data can be read.")
        return False
    found = check_design(cohort, study)
    for one in found:
        _say(err, f"{one}\n")
    n_errors = sum(one.severity == "error" for one in found)
    _show_endpoints(cohort, study, out)
    _say(out if n_errors == 0 else err, _verdict(found, n_errors))
    return n_errors == 0


def _read_study(path: Path, err: Console) -> Study | None:
    try:
        return load_study(path)
    except StudyError as error:
        _say(err, str(error))
        return None


def _read_data(path: Path, faults: Path, out: Console, err: Console) -> Cohort | None:
    """Load the cohort, even if the rest of the study file has faults."""
    source = load_source(path)
    if source is None:
        return None
    try:
        with err.status("Reading the data ..."):
            cohort = load_cohort(source)
    except DataError as error:
        _say(err, str(error))
        _say(err, f"The list is in {error.write(faults)}.")
        return None
    _say(out, str(tabulate_loading_report(cohort.report)))
    return cohort


def _show_endpoints(cohort: Cohort, study: Study, out: Console) -> None:
    """Print the estimand of each endpoint that can be followed, and how many were."""
    for endpoint in study.endpoints:
        try:
            followed = follow(cohort, study, endpoint=endpoint)
        except DesignError:
            continue  # named among the findings
        _say(out, f"\n{describe_estimand(study, endpoint)}")
        _say(out, str(tabulate_estimate(measure_follow_up(followed))))


def _verdict(found: tuple[Finding, ...], n_errors: int) -> str:
    n_warnings = len(found) - n_errors
    warnings = f"{n_warnings} {'warning' if n_warnings == 1 else 'warnings'}"
    if n_errors:
        errors = f"{n_errors} {'error' if n_errors == 1 else 'errors'}"
        return f"\nThe design has {errors} and {warnings}; see above."
    after = f", with {warnings}: read them before the numbers" if n_warnings else ""
    return f"\nThe data can answer every question of the study{after}."


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
