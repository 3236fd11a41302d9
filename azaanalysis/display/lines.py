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
from azaanalysis.small_counts import LINKED, SHOWN, SMALL, is_safe, is_small, protect
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
    counts = steps["patients"]
    sides = {"source": _node_of(steps, "source", 0), "target": _node_of(steps, "target", 1)}
    # The sum of those who left is that of those who came, wherever both are counted.
    totals = pd.concat([counts.groupby(sides[side]).sum() for side in ("target", "source")])
    totals = totals[~totals.index.duplicated()]
    nodes = pd.Series(np.where(is_small(totals, smallest_count), SMALL, SHOWN), totals.index)
    nodes = nodes.astype(object)
    told = nodes.index.isin([f"1 {arm}" for arm in frame.attrs.get("withheld", ())])
    nodes = pd.Series(np.where(told & (nodes == SHOWN), LINKED, nodes), nodes.index, dtype=object)
    marks = np.where(is_small(counts, smallest_count), SMALL, SHOWN).astype(object)
    before = -1
    while before < (n_hidden := int((marks != SHOWN).sum() + (nodes != SHOWN).sum())):
        before = n_hidden
        for node in sides.values():
            marks[(nodes[node].to_numpy() != SHOWN) & (marks == SHOWN)] = LINKED
            _protect_steps(steps, node, marks, smallest_count)
            _hide_telling_nodes(steps["patients"], node, (marks, nodes), smallest_count)
        _protect_nodes(totals, nodes, smallest_count)
    return steps.assign(
        mark=marks,
        total=totals[sides["source"]].to_numpy(),
        source_mark=nodes[sides["source"]].to_numpy(),
        arrived=totals[sides["target"]].to_numpy(),
        target_mark=nodes[sides["target"]].to_numpy(),
    )


def _node_of(steps: pd.DataFrame, side: str, further: int) -> pd.Series:
    """Name the bar that each step leaves from or comes to: the line, and what is taken."""
    return (steps["line"] + further).astype(str) + " " + steps[side].astype(str)


def _protect_steps(steps: pd.DataFrame, node: pd.Series, marks: np.ndarray, k: int) -> None:
    """Hide further steps until the sum of a bar gives none away."""
    for rows in steps.groupby(node).indices.values():
        if len(rows) > 1:
            marks[rows] = protect(steps["patients"].iloc[rows], marks[rows], k)


def _hide_telling_nodes(
    counts: pd.Series, node: pd.Series, marked: tuple[np.ndarray, pd.Series], k: int
) -> None:
    """Hide a bar whose sum gives a step away even when all of its steps are hidden."""
    marks, nodes = marked
    for rows in counts.groupby(node).indices.values():
        hidden = rows[marks[rows] != SHOWN]
        if len(hidden) and not is_safe(counts.to_numpy()[hidden], marks[hidden], k):
            bar = node.iloc[rows[:1]]
            nodes[bar[(nodes[bar] == SHOWN).to_numpy()]] = LINKED


def _protect_nodes(totals: pd.Series, nodes: pd.Series, k: int) -> None:
    """Hide further bars of a line until their sum gives none away."""
    line = totals.index.str.split(" ").str[0]
    for names in totals.groupby(line).groups.values():
        nodes[names] = protect(totals[names], nodes[names].to_numpy(), k)
