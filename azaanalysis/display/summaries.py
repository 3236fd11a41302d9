"""Tables of what is not an estimate: attrition, protocol, loading report, small frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from azaanalysis.cohort import LoadingReport
from azaanalysis.display.basis import ATTRITION, LOADING, PROTOCOL
from azaanalysis.display.masking import mark_attrition, threshold_of
from azaanalysis.display.numbers import (
    HIDDEN,
    NOT_KNOWN,
    spell_column,
    spell_count,
    spell_fixed,
    spell_threshold,
)
from azaanalysis.display.table import Column, Table
from azaanalysis.small_counts import LINKED, SMALL
from azaanalysis.vocab import sentence_case


def tabulate_attrition(
    frame: pd.DataFrame, *, smallest_count: int | None = None, caption: str = ""
) -> Table:
    """Tabulate who left at which step, and why.

    Parameters
    ----------
    frame
        One row per step, arm and reason, in the order of the steps:

        - ``step`` (text): name of the step;
        - ``arm`` (text): empty before arms are known; afterwards one row per arm. Rows with an
          empty arm may go on after that and then count all arms together;
        - ``patients`` (count): how many remain once this step has been taken;
        - ``reason`` (text): why those who left at this step left; empty if nobody could;
        - ``left`` (count): how many left at this step for this reason. A step with several
          reasons has several rows with the same ``patients``, and
          ``patients`` before - all ``left`` = ``patients``.
    smallest_count
        Smallest count that may be shown; 1 shows everything. Taken from
        ``frame.attrs["smallest_count"]`` if not given, and 5 if that is not there either.
    caption
        Words above the table, in place of the usual ones.

    Returns
    -------
    Table
        One row per step and reason. Arms stand side by side once they are known.
    """
    k = threshold_of(frame, smallest_count)
    marked = mark_attrition(frame, smallest_count=k)
    arms = [str(arm) for arm in marked["arm"].unique() if arm]
    shown = [("", "All")] if (marked["arm"] == "").any() else []
    shown += [(arm, sentence_case(arm)) for arm in arms]
    columns = [Column("Step", is_number=False), Column("Left because", is_number=False)]
    for _, name in shown:
        columns += [Column("Left", group=name), Column("Remain", group=name)]
    marked["is_last"] = ~marked.duplicated(["step", "arm"], keep="last")
    rows = [
        (str(step), str(reason) or NOT_KNOWN, *_attrition_cells(lines, [a for a, _ in shown], k))
        for (step, reason), lines in marked.groupby(["step", "reason"], sort=False)
    ]
    return Table(
        caption or "Who entered the comparison",
        tuple(columns),
        tuple(rows),
        footnotes=masked_footnotes(marked["patients_mark"], marked["left_mark"], smallest_count=k),
        basis=ATTRITION,
    )


def tabulate_protocol(
    frame: pd.DataFrame | Iterable[Sequence[str]], *, caption: str = "What was asked, and how"
) -> Table:
    """Tabulate the protocol: two columns, or pairs, of a part of the design and the choice made."""
    pairs = frame.to_numpy().tolist() if isinstance(frame, pd.DataFrame) else frame
    rows = tuple((str(part), str(choice)) for part, choice, *_ in pairs)
    columns = (Column("Part", is_number=False), Column("Choice", is_number=False))
    return Table(caption, columns, rows, basis=PROTOCOL)


def tabulate_loading_report(report: LoadingReport) -> Table:
    """Tabulate what happened to every row on its way in: rows kept, then every resolution.

    Numbers of rows below the report's ``smallest_count`` are not shown, nor are those of the same
    column, from which they could be worked out.
    """
    k = report.smallest_count
    small = set(
        map(_column_of, report.notes[report.notes["rows"].between(1, k - 1)].to_dict("records"))
    )
    sizes = [
        (str(row["table"]), str(row["file"]), "", _kept(row, k), spell_count(row["rows_read"]))
        for row in report.tables.to_dict("records")
    ]
    notes = [
        (
            ": ".join(filter(None, (str(row["table"]), str(row["column"])))),
            str(row["file"]),
            str(row["found"]),
            f"{row['kind']}: {row['read_as']}" + (f" ({row['reason']})" if row["reason"] else ""),
            _rows(row["rows"], k, is_linked=_column_of(row) in small),
        )
        for row in report.notes.astype(object).where(report.notes.notna(), "").to_dict("records")
    ]
    headers = ("Table", "File", "Found", "What was done", "Rows")
    rows = [*sizes, *notes]
    used = [i for i in range(len(headers)) if any(row[i] for row in rows)]
    columns = tuple(Column(headers[i], is_number=headers[i] == "Rows") for i in used)
    groups = ("Rows",) * len(sizes) + ("Resolved, set aside or worth knowing",) * len(notes)
    cells = tuple(tuple(row[i] for i in used) for row in rows)
    headings = groups if notes else ()
    return Table("How the data were read", columns, cells, headings, basis=LOADING)


def _column_of(row: Mapping[Any, Any]) -> tuple[str, str, str]:
    return str(row["file"]), str(row["table"]), str(row["column"])


def _kept(row: Mapping[Any, Any], k: int) -> str:
    aside = row["rows_set_aside"]
    if aside == 0:
        return "all kept"
    is_small = min(aside, row["rows_kept"]) < k
    kept, left = (_rows(n, k, is_linked=is_small) for n in (row["rows_kept"], aside))
    return f"{kept} kept, {left} set aside"


def _rows(count: int, k: int, *, is_linked: bool) -> str:
    """Spell a number of rows, unless it is small or tells of one that is."""
    if 0 < count < k:
        return spell_threshold(k)
    return HIDDEN if is_linked and count else spell_count(count)


def tabulate_frame(frame: pd.DataFrame, *, caption: str, digits: int = 1) -> Table:
    """Tabulate any small summary frame; column names become headings.

    Nothing is suppressed: use it for settings, codes and descriptions, and
    ``disclosure.suppress_counts`` before it if there are counts of patients.
    """
    columns = tuple(
        Column(spell_column(str(name)), is_number=pd.api.types.is_numeric_dtype(column.dtype))
        for name, column in frame.items()
    )
    cells = [[_any_cell(value, digits) for value in frame[name]] for name in frame.columns]
    return Table(caption, columns, tuple(zip(*cells, strict=True)))


def masked_footnotes(*marks: Iterable[str], smallest_count: int) -> tuple[str, ...]:
    """Say what masked cells mean, if there are any among marks or finished cells."""
    found = {LINKED if mark == HIDDEN else mark for column in marks for mark in column}
    threshold = spell_threshold(smallest_count)
    meanings = {
        SMALL: f"{threshold}: from 1 to {smallest_count - 1}, not shown to protect patients.",
        LINKED: f"{HIDDEN}: not shown, because a count {threshold} could be worked out from it.",
    }
    return tuple(text for mark, text in meanings.items() if mark in found)


def spell_marked(count: Any, mark: str, smallest_count: int) -> str:
    """Spell a count, or what stands in its place."""
    if mark == SMALL:
        return spell_threshold(smallest_count)
    return HIDDEN if mark == LINKED else spell_count(count)


def _attrition_cells(lines: pd.DataFrame, arms: Sequence[str], k: int) -> list[str]:
    cells = []
    for arm in arms:
        line = lines[lines["arm"] == arm]
        if line.empty:
            cells += ["", ""]
            continue
        row = line.iloc[0]
        cells += [
            spell_marked(row["left"], row["left_mark"], k) if row["reason"] else "",
            spell_marked(row["patients"], row["patients_mark"], k) if row["is_last"] else "",
        ]
    return cells


def _any_cell(value: Any, digits: int) -> str:
    if pd.isna(value):
        return NOT_KNOWN
    if isinstance(value, float):
        return spell_fixed(value, digits)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return spell_count(value) if isinstance(value, int) else str(value)
