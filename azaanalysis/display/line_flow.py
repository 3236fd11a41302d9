"""Who went from which treatment to which: bands that are as wide as patients are many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from azaanalysis.display.figure import Figure, finish
from azaanalysis.display.lines import mark_lines, name_line
from azaanalysis.display.masking import threshold_of
from azaanalysis.display.style import (
    BODY,
    INK,
    SMALL,
    WIDTH,
    style_arms,
    wrap_to,
)
from azaanalysis.display.summaries import masked_footnotes, spell_marked
from azaanalysis.vocab import in_words, sentence_case

_HIGH, _HEAD, _BAR, _GAP, _PITCH = 5.2, 0.42, 0.11, 0.09, 0.31
_LINE = 0.125  # height of a line of a name in inches
_LABEL, _EDGE = 1.28, 0.05
# What is no treatment is grey: lighter the less is known of it.
_ENDS = {
    "still_on_it": "#7d868f",
    "no_further_treatment": "#a7aeb5",
    "died": "#3d444b",
    "follow-up_ended": "#c9cfd5",
}


@dataclass(frozen=True)
class _Node:
    """One treatment in one line: where its bar stands, and what is written beside it."""

    line: int
    name: str
    top: float
    height: float
    words: str


@dataclass(frozen=True)
class _Band:
    """Patients on their way from one bar to the next; heights in inches from the top."""

    line: int
    source: str
    target: str
    leaves: float
    arrives: float
    height: float


@dataclass(frozen=True)
class _Plan:
    """Everything that is drawn, in inches."""

    nodes: list[_Node]
    bands: list[_Band]
    colours: dict[str, str]
    n_lines: int


def draw_lines(
    frame: pd.DataFrame, *, smallest_count: int | None = None, caption: str = ""
) -> Figure:
    """Draw who went from which treatment to which, line by line.

    Parameters
    ----------
    frame
        The result of ``measure_lines``.
    smallest_count
        Smallest count that may be shown. Taken from ``frame.attrs["smallest_count"]`` if not given,
        and 5 if that is not there either. A step that may not be shown has no band, and a bar that
        may not be shown is left out.
    caption
        Words for the caption, in place of the usual first sentence.

    Notes
    -----
    Bars and bands share one scale, so that a band is as wide as its patients are many. They are
    counts: who could not be followed to the horizon ends in a band of its own. The rules by which
    lines are read are part of the caption.
    """
    k = threshold_of(frame, smallest_count)
    marked = mark_lines(frame, smallest_count=k)
    plan = _plan(marked, k)
    rules = " ".join(frame.attrs.get("rules", ()))
    notes = masked_footnotes(marked["mark"], marked["source_mark"], smallest_count=k)
    horizon = frame.attrs.get("horizon_days", 0)
    usual = f"What came next within {horizon:,} days of the first start; a band is as wide as its "
    usual += "patients are many."
    words = " ".join(part for part in (caption or usual, f"Rules: {rules}", *notes) if part)
    return finish(lambda: _draw(plan), caption=words, alt=_in_words(marked, k))


def _in_words(marked: pd.DataFrame, k: int) -> str:
    """Say every step in words, the widest first."""
    parts = []
    for (line, source), steps in marked.groupby(["line", "source"], observed=True):
        first = steps.iloc[0]
        total = spell_marked(first["total"], first["source_mark"], k)
        is_shown = steps["mark"] == ""
        widest = steps[is_shown].sort_values("patients", ascending=False, kind="stable")
        # Those that are masked come last in the order of all tables: theirs gives nothing away.
        ordered = pd.concat([widest, steps[~is_shown]])
        went = ", ".join(
            f"{spell_marked(step['patients'], step['mark'], k)} {in_words(str(step['target']))}"
            for step in ordered.to_dict("records")
        )
        parts.append(
            f"{sentence_case(str(source))} as {name_line(int(str(line)))} line, {total}: {went}"
        )
    return ". ".join(parts) + "."


def _plan(marked: pd.DataFrame, k: int) -> _Plan:
    columns = list(_columns(marked))
    most = max(float(column["patients"].sum()) for column in columns)
    longest = max(len(column) for column in columns)
    per_patient = (_HIGH - _PITCH * 0.5 * (longest - 1)) / max(most, 1.0)
    nodes = [node for line, c in enumerate(columns, 1) for node in _nodes(line, c, per_patient, k)]
    bands = list(_bands(marked, nodes, per_patient))
    return _Plan(nodes, bands, _colours(marked), len(columns))


def _columns(marked: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the bars of each line: ``name``, ``patients`` and ``mark``, from top to bottom."""
    first = marked[marked["line"] == 1].groupby("source", observed=True)
    yield _bars(first[["total", "source_mark"]].first())
    for _, steps in marked.groupby("line"):
        yield _bars(steps.groupby("target", observed=True)[["arrived", "target_mark"]].first())


def _bars(totals: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": totals.index.astype(str),
            "patients": totals.iloc[:, 0].to_numpy(),
            "mark": totals.iloc[:, 1].to_numpy(),
        }
    )


def _nodes(line: int, bars: pd.DataFrame, per_patient: float, k: int) -> Iterator[_Node]:
    """Place the bars one under the other, so that each has room for its name beside it."""
    shown = bars["patients"].where(bars["mark"] == "", 0).to_numpy(dtype=float)
    heights = shown * per_patient
    top = _HEAD
    for place, (bar, height) in enumerate(zip(bars.to_dict("records"), heights, strict=True)):
        if place:
            top += max(_GAP, _PITCH - (heights[place - 1] + height) / 2)
        count = spell_marked(bar["patients"], bar["mark"], k)
        words = f"{sentence_case(bar['name'])} {f'({count})' if bar['mark'] else count}"
        yield _Node(line, bar["name"], top, height, words)
        top += height


def _bands(marked: pd.DataFrame, nodes: list[_Node], per_patient: float) -> Iterator[_Band]:
    """Yield the bands; each leaves and arrives below the one before it."""
    leaves = {(node.line, node.name): node.top for node in nodes}
    arrives = dict(leaves)
    shown = marked[marked["mark"] == ""]
    for step in shown.to_dict("records"):
        line, source, target = int(step["line"]), str(step["source"]), str(step["target"])
        height = float(step["patients"]) * per_patient
        start, end = leaves[line, source], arrives[line + 1, target]
        leaves[line, source], arrives[line + 1, target] = start + height, end + height
        yield _Band(line, source, target, start, end, height)


def _colours(marked: pd.DataFrame) -> dict[str, str]:
    """Return a colour for each name: treatments as everywhere, other combinations brown."""
    names = [str(name) for name in marked["target"].cat.categories if name not in _ENDS]
    colours = {name: style.colour for name, style in style_arms(names).items()}
    return {**colours, "another_combination": "#8c7a52", **_ENDS}


def _left(plan: _Plan, line: int) -> float:
    """Return the left edge of the bars of a line."""
    span = WIDTH - 2 * (_LABEL + _EDGE) - _BAR
    return _EDGE + _LABEL + span * (line - 1) / (plan.n_lines - 1)


def _draw(plan: _Plan) -> Drawing:
    lowest = max(node.top + node.height for node in plan.nodes)
    high = lowest + 0.12
    drawing = Drawing(figsize=(WIDTH, high))
    axes = drawing.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(high, 0))
    axes.axis("off")
    for band in plan.bands:
        _draw_band(axes, plan, band)
    for line in range(1, plan.n_lines + 1):
        column = [node for node in plan.nodes if node.line == line]
        _head(axes, plan, line)
        for node in column:
            corner = (_left(plan, line), node.top)
            colour = plan.colours[node.name]
            axes.add_patch(Rectangle(corner, _BAR, node.height, color=colour, lw=0))
        _name(axes, plan, column)
    return drawing


def _draw_band(axes: Axes, plan: _Plan, band: _Band) -> None:
    start, end = _left(plan, band.line) + _BAR, _left(plan, band.line + 1)
    middle = (start + end) / 2
    corners = [
        *((start, band.leaves), (middle, band.leaves), (middle, band.arrives)),
        *((end, band.arrives), (end, band.arrives + band.height)),
        *((middle, band.arrives + band.height), (middle, band.leaves + band.height)),
        *((start, band.leaves + band.height), (start, band.leaves)),
    ]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    is_end = band.target in _ENDS
    colour = plan.colours[band.target if is_end else band.source]
    axes.add_patch(
        PathPatch(Path(corners, codes), facecolor=colour, alpha=0.35 if is_end else 0.5, lw=0)
    )


def _head(axes: Axes, plan: _Plan, line: int) -> None:
    words = f"{name_line(line).capitalize()} line" if line == 1 else f"Then: {name_line(line)} line"
    across, side = _left(plan, line) + _BAR, "right"
    if line > 1:
        across, side = _left(plan, line), "left" if line == plan.n_lines else "center"
    axes.text(across, 0.14, words, fontsize=BODY, weight="bold", ha=side, va="center")


def _name(axes: Axes, plan: _Plan, column: list[_Node]) -> None:
    """Write what each bar is beside it: to the left of the first line, else to the right."""
    line = column[0].line
    is_first = line == 1
    edge = _left(plan, line) - 0.06 if is_first else _left(plan, line) + _BAR + 0.06
    side = "right" if is_first else "left"
    for node in column:
        lines = wrap_to(node.words, _LABEL - 0.1, SMALL)
        for number, words in enumerate(lines):
            # Each line by itself: as one block, its lines would be set by another font's widths.
            height = node.top + node.height / 2 + _LINE * (number - (len(lines) - 1) / 2)
            axes.text(
                edge,
                height,
                words,
                fontsize=SMALL,
                ha=side,
                va="center",
                color=INK,
                bbox={"facecolor": "white", "alpha": 0.78, "lw": 0, "pad": 0.6},
            )
