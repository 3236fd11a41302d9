"""Estimates on disk: CSV for a spreadsheet, JSON for a program, small counts already blank."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from azaanalysis.disclosure import smallest_count_of, suppress
from azaanalysis.display.basis import FILES
from azaanalysis.display.numbers import spell_count
from azaanalysis.display.source import as_plain, as_rows
from azaanalysis.display.table import Column, Table, guard_formula
from azaanalysis.errors import ReportError
from azaanalysis.report.curves import LONGEST
from azaanalysis.result import STEPS_ONLY, Estimate
from azaanalysis.study import Study
from azaanalysis.vocab import QUANTITIES, lower_first

# The exporter tells the notebook here where its report lies. A notebook that is opened by
# hand, or run by a test, finds nothing and writes nothing.
FOLDER_VARIABLE = "AZAANALYSIS_REPORT_FOLDER"
# Taken up into the results of the whole report once every notebook is done.
NOTEBOOK_RESULTS = "estimates.json"
_UNTOLD = ("releases", "shown_days")


def write_estimates(estimates: Mapping[str, Estimate], *, notebook: str, study: Study) -> Table:
    """Write estimates beside the report of a notebook, small counts suppressed first.

    While a report is being made, every estimate becomes ``<notebook>/<name>.csv``, and a part of
    the report's ``results.json``. At any other time nothing is written. The table that is
    returned is the same in both cases. Of a curve only the days are written on which
    it moves: a row holds until the next. Those at risk are known on these days only.

    Parameters
    ----------
    estimates
        Estimates by the name that their files shall have.
    notebook
        Name of the notebook without its ending: ``"04_discontinuation"``.
    study
        The study that the numbers belong to.

    Returns
    -------
    Table
        One row for each file: quantities, rows, and rows in which something was masked.

    Raises
    ------
    ReportError
        If a name cannot be that of a file, or an estimate was made under another study.
    """
    shown = {name: _only_steps(suppress(estimate)) for name, estimate in estimates.items()}
    for name, estimate in shown.items():
        _refuse_foreign(name, estimate, study)
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder:
        _write(Path(folder) / notebook, shown, notebook=notebook, study=study)
    columns = (
        Column("File", is_number=False),
        Column("Quantities", is_number=False),
        Column("Rows"),
        Column("Rows with a masked count"),
    )
    rows = tuple(_row(name, estimate) for name, estimate in shown.items())
    return Table("Results as files", columns, rows, basis=FILES)


def _row(name: str, estimate: Estimate) -> tuple[str, str, str, str]:
    labels = [QUANTITIES[quantity].label for quantity in estimate.frame["quantity"].unique()]
    words = ", ".join([*labels[:1], *map(lower_first, labels[1:])])
    masked = spell_count(estimate.about.get("masked", 0))
    return f"{name}.csv", words, spell_count(len(estimate)), masked


def _refuse_foreign(name: str, estimate: Estimate, study: Study) -> None:
    if not name.isidentifier():
        raise ReportError(
            f"'{name}' cannot be the name of a file of results. Use letters, digits and "
            "underscores, for example 'risk'."
        )
    # An estimate of a sensitivity analysis was made under the study with one setting changed.
    made_under = estimate.about.get("base_study", estimate.about.get("study", study.hash))
    if made_under != study.hash:
        raise ReportError(
            f"The estimate '{name}' was made under another version of the study "
            f"({made_under}) than the one given ({study.hash}). Run the notebook from the top."
        )


def _write(folder: Path, shown: Mapping[str, Estimate], *, notebook: str, study: Study) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, estimate in shown.items():
        # A spreadsheet needs no more digits of a long curve; the Parquet file has them.
        digits = "%.7g" if len(estimate) <= LONGEST else "%.5g"
        _for_spreadsheet(estimate.frame).to_csv(
            folder / f"{name}.csv", index=False, lineterminator="\n", float_format=digits
        )
    results = {
        "notebook": notebook,
        "study": {"title": study.title, "name": study.name, "hash": study.hash},
        "cohort": next((str(e.about["cohort"]) for e in shown.values() if "cohort" in e.about), ""),
        "smallest_count": max((smallest_count_of(e) for e in shown.values()), default=1),
        "masked_rows": sum(int(e.about.get("masked", 0)) for e in shown.values()),
        # A truth was computed without a study; it is written for this one.
        "estimates": {
            name: _as_plain(Estimate(estimate.frame, {"study": study.hash, **estimate.about}))
            for name, estimate in shown.items()
        },
    }
    text = json.dumps(results, ensure_ascii=False, allow_nan=False)
    (folder / NOTEBOOK_RESULTS).write_text(text + "\n", encoding="utf-8")


def _for_spreadsheet(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with text that no spreadsheet takes for a formula."""
    texts = [name for name, column in frame.items() if column.dtype == object]
    return frame.assign(**{str(name): frame[name].map(guard_formula) for name in texts})


def _as_plain(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate as lists and words: columns once, then one list for each row."""
    # What may be shown was decided before; how it was decided would tell of single patients.
    about = as_plain({key: e for key, e in estimate.about.items() if key not in _UNTOLD})
    return {
        "about": about,
        "columns": list(estimate.frame.columns),
        "rows": as_rows(estimate.frame),
    }


def _only_steps(estimate: Estimate) -> Estimate:
    """Leave out the days of a curve on which no number moved: each step holds until the next.

    A number moves if it does in the digits that are written. Its last bits depend on how many
    threads multiplied a matrix.
    """
    frame = estimate.frame
    keys = ["endpoint", "cause", "arm", "versus", "quantity"]
    numbers = frame[["value", "lower", "upper", "events"]].map(as_plain).astype("float64")
    before = numbers.groupby([frame[key] for key in keys], dropna=False).shift()
    is_still = (numbers.eq(before) | (numbers.isna() & before.isna())).all(axis=1)
    is_edge = ~frame.duplicated(keys, keep="first") | ~frame.duplicated(keys, keep="last")
    kept = ~is_still | is_edge | frame["at_days"].isna()
    if smallest_count_of(estimate) > 1:
        # The days between two steps that are shown are those on which single patients left.
        is_first = ~frame.duplicated(keys, keep="first")
        kept &= numbers.notna().any(axis=1) | frame["at_days"].isna() | is_first
    about = estimate.about if kept.all() else {**estimate.about, STEPS_ONLY: True}
    return Estimate(frame[kept], about)
