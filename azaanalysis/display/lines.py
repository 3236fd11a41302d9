"""Who went from which treatment to which: the table of steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.display.masking import threshold_of
from azaanalysis.display.numbers import NOT_KNOWN
from azaanalysis.display.summaries import masked_footnotes, spell_marked
from azaanalysis.display.table import Column, Table
from azaanalysis.small_counts import LINKED, SHOWN, SMALL, is_small, protect
from azaanalysis.vocab import sentence_case

_NUMERALS = ("zeroth", "first", "second", "third", "fourth", "fifth", "sixth")


def tabulate_lines(
    frame: pd.DataFrame, *, smallest_count: int | None = None, caption: str = ""
) -> Table:
    """Tabulate who went from which treatment to which, with shares of those who left from there.

    Parameters
    ----------
    frame
        The result of ``measure_lines``.
    smallest_count
        Smallest count that may be shown. Taken from ``frame.attrs["smallest_count"]`` if not given,
        and 5 if that is not there either.
    caption
        Words above the table, in place of the usual ones.

    Returns
    -------
    Table
        A column for each treatment, a group of rows for each line: what came next. The rules by
        which lines are read stand beneath.
    """
    k = threshold_of(frame, smallest_count)
    marked = mark_lines(frame, smallest_count=k)
    sources = [s for s in frame["source"].cat.categories if (frame["source"] == s).any()]
    columns = (
        Column("What came next", is_number=False),
        *(Column(sentence_case(source), group="Patients (%) on") for source in sources),
    )
    rows, groups = [], []
    for line, steps in marked.groupby("line", sort=True):
        for cells in _rows_of_line(steps, sources, k):
            rows.append(cells)
            groups.append(f"After the {name_line(int(str(line)))} line")
    notes = (
        *masked_footnotes(marked["mark"], marked["source_mark"], smallest_count=k),
        *frame.attrs.get("rules", ()),
    )
    usual = f"What came next within {frame.attrs.get('horizon_days', 0):,} days of the first start"
    return Table(caption or usual, columns, tuple(rows), tuple(groups), notes)


def name_line(line: int) -> str:
    """Spell the number of a line: ``"second"``."""
    return _NUMERALS[line] if line < len(_NUMERALS) else f"{line}th"


def _rows_of_line(steps: pd.DataFrame, sources: list[str], k: int) -> Iterator[tuple[str, ...]]:
    """Yield the cells of all who began each treatment, then of each that came next."""
    began = {str(step["source"]): step for step in steps.to_dict("records")}
    whole = (
        spell_marked(began[s]["total"], began[s]["source_mark"], k) if s in began else NOT_KNOWN
        for s in sources
    )
    yield ("All who began it", *whole)
    # Nobody went where there is no step; where nobody began, nothing is known.
    otherwise = {source: "0" if source in began else NOT_KNOWN for source in sources}
    for target, cells in steps.groupby("target", observed=True):
        went = {str(step["source"]): _cell(step, k) for step in cells.to_dict("records")}
        spelled = otherwise | went
        yield (sentence_case(str(target)), *(spelled[source] for source in sources))


def _cell(step: Mapping[Any, Any], k: int) -> str:
    text = spell_marked(step["patients"], step["mark"], k)
    if step["mark"] or step["source_mark"]:
        return text
    return f"{text} ({100 * step['patients'] / step['total']:.0f}%)"


def mark_lines(frame: pd.DataFrame, *, smallest_count: int) -> pd.DataFrame:
    """Add totals and marks (shown, small, linked) to steps from treatment to treatment.

    Steps add up to those who began a treatment, and to those who came to the next one: a small
    step takes others with it until neither sum gives it away. A treatment that few began is masked
    with all steps that lead there or on from there.

    Returns
    -------
    DataFrame
        ``mark`` of each step; ``total`` and ``source_mark`` of those who began its source;
        ``arrived`` and ``target_mark`` of all who came to its target.
    """
    steps = frame.reset_index(drop=True)
    counts = steps.groupby(["line", "source"], observed=True)["patients"].transform("sum")
    arrived = steps.groupby(["line", "target"], observed=True)["patients"].transform("sum")
    steps = steps.assign(total=counts, arrived=arrived)
    marks = np.where(is_small(steps["patients"], smallest_count), SMALL, SHOWN).astype(object)
    source_mark = _mark_totals(steps, "source", "total", smallest_count)
    target_mark = _mark_totals(steps, "target", "arrived", smallest_count)
    hidden = (source_mark != SHOWN) | (target_mark != SHOWN) | _leads_on(steps, target_mark)
    marks[hidden & (marks == SHOWN)] = LINKED
    groups = [
        rows
        for names in (["line", "source"], ["line", "target"])
        for rows in steps.groupby(names, observed=True).indices.values()
    ]
    before = None
    while before is None or (marks != before).any():
        before = marks.copy()
        for rows in groups:
            if len(rows) > 1:
                marks[rows] = protect(steps["patients"].iloc[rows], marks[rows], smallest_count)
    return steps.assign(mark=marks, source_mark=source_mark, target_mark=target_mark)


def _mark_totals(steps: pd.DataFrame, side: str, total: str, k: int) -> np.ndarray:
    """Mark small totals of one side, and those from which they could be worked out."""
    made = np.full(len(steps), SHOWN, dtype=object)
    for _, rows in steps.groupby("line"):
        totals = rows.groupby(side, observed=True)[total].first()
        marks = np.where(is_small(totals, k), SMALL, SHOWN).astype(object)
        of_name = dict(zip(totals.index.astype(str), protect(totals, marks, k), strict=True))
        made[rows.index] = [of_name[name] for name in rows[side].astype(str)]
    return made


def _leads_on(steps: pd.DataFrame, target_mark: np.ndarray) -> np.ndarray:
    """Tell which steps go on from a treatment that was masked where it was arrived at."""
    masked = steps[target_mark != SHOWN]
    places = {
        (line + 1, target) for line, target in zip(masked["line"], masked["target"], strict=True)
    }
    came_from = zip(steps["line"], steps["source"], strict=True)
    return np.array([place in places for place in came_from], dtype=bool)
