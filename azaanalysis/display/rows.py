"""Estimates as rows: words, a dot with its interval, numbers. Used by forest plots and rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D

from azaanalysis.display.canvas import Place, place_axes, write
from azaanalysis.display.style import GRID, INK, SMALL, SOFT_INK, WIDTH, widest, wrap_to

_ROW, _HEADER, _PAD, _WIDEST_LABEL = 0.24, 0.34, 0.18, 2.3


@dataclass(frozen=True)
class Line:
    """One row of the figure; a heading has words only.

    Parameters
    ----------
    label
        Words at the left.
    counts, numbers
        Cells left and right of the axis.
    value, lower, upper
        Dot and interval on the axis; not a number if they cannot be shown.
    colour
        Colour of dot and interval.
    size
        Side of the dot in points.
    """

    label: str
    counts: str = ""
    numbers: str = ""
    value: float = float("nan")
    lower: float = float("nan")
    upper: float = float("nan")
    colour: str = INK
    size: float = 6.0

    @property
    def is_heading(self) -> bool:
        """Whether the row only names those below it."""
        return not self.numbers


@dataclass(frozen=True)
class Frame:
    """What stands around the rows: headings of the columns, axis, words beneath it."""

    headers: tuple[str, str, str]
    ticks: Sequence[float]
    axis_label: str
    is_log: bool = False
    null: float | None = None
    sides: tuple[str, str] = ("", "")


def draw_rows(lines: Sequence[Line], frame: Frame) -> Drawing:
    """Draw rows of words, dots with intervals, and numbers, each column in its own place.

    The axis takes the width that the words leave, so nothing is ever cut off.
    """
    has_headings = any(line.is_heading for line in lines)
    indent = 0.12 if has_headings else 0.0
    labels = [wrap_to(line.label, _WIDEST_LABEL, SMALL) for line in lines]
    heights = [_ROW + 0.14 * (len(words) - 1) for words in labels]
    names = [word for words in labels for word in words]
    first = max(widest([*names, frame.headers[0]], is_bold=True) + indent, 0.6)
    second = widest([frame.headers[1], *(line.counts for line in lines)], is_bold=True)
    third = widest([frame.headers[2], *(line.numbers for line in lines)], is_bold=True)
    left = 0.05 + first + _PAD + second + _PAD
    width = WIDTH - left - _PAD - third - 0.05
    below = 0.55 + (0.34 if any(frame.sides) else 0.0)
    drawing = Drawing(figsize=(WIDTH, _HEADER + sum(heights) + below))
    axes = place_axes(drawing, Place(left, _HEADER, width, sum(heights)))
    _dress(axes, frame, sum(heights))
    _write_headers(drawing, frame, (0.05, left - _PAD, WIDTH - 0.05))
    middle = _HEADER
    for line, words, height in zip(lines, labels, heights, strict=True):
        middle += height / 2
        inset = 0.05 + (0 if line.is_heading else indent)
        for i, word in enumerate(words):
            up = 0.14 * (i - (len(words) - 1) / 2)
            weight = "bold" if line.is_heading else "normal"
            write(drawing, inset, middle + up, word, weight=weight)
        write(drawing, left - _PAD, middle, line.counts, ha="right")
        write(drawing, WIDTH - 0.05, middle, line.numbers, ha="right")
        draw_interval(axes, line, middle - _HEADER)
        middle += height / 2
    _write_sides(drawing, axes, frame, Place(left, middle + 0.62, width, 0))
    return drawing


def _dress(axes: Axes, frame: Frame, height: float) -> None:
    axes.set_xscale("log" if frame.is_log else "linear")
    axes.set_xlim(frame.ticks[0], frame.ticks[-1])
    axes.set_xticks(list(frame.ticks), [f"{tick:g}" for tick in frame.ticks])
    axes.minorticks_off()
    axes.set_ylim(height, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(frame.axis_label)
    axes.grid(axis="x", color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    if frame.null is not None:
        axes.axvline(frame.null, color=INK, lw=0.9)


def _write_headers(drawing: Drawing, frame: Frame, places: tuple[float, float, float]) -> None:
    top = _HEADER / 2 - 0.03
    for header, place, side in zip(frame.headers, places, ("left", "right", "right"), strict=True):
        write(drawing, place, top, header, ha=side, weight="bold")
    wide, high = drawing.get_size_inches()
    ends = np.array([0.05, WIDTH - 0.05]) / wide
    drawing.add_artist(Line2D(ends, [1 - (_HEADER - 0.06) / high] * 2, color=INK, lw=0.8))


def draw_interval(axes: Axes, line: Line, height: float) -> None:
    """Draw one dot and its interval; an arrow where the interval leaves the axis."""
    if not np.isfinite(line.value):
        return
    start, end = axes.get_xlim()
    style: dict[str, Any] = {"color": line.colour, "clip_on": False}
    low = line.lower if np.isfinite(line.lower) else line.value
    high = line.upper if np.isfinite(line.upper) else line.value
    axes.plot(
        [max(low, start), min(high, end)], [height] * 2, lw=1.4, solid_capstyle="butt", **style
    )
    for is_beyond, edge, marker in ((low < start, start, "<"), (high > end, end, ">")):
        if is_beyond:
            axes.plot([edge], [height], marker=marker, ms=5, **style)
    if start <= line.value <= end:
        axes.plot([line.value], [height], marker="s", ms=line.size, mew=0, **style)


def _write_sides(drawing: Drawing, axes: Axes, frame: Frame, place: Place) -> None:
    """Write which side of the null line is better for whom, clear of the line and the edges."""
    if not any(frame.sides) or frame.null is None:
        return
    in_axes = axes.transAxes.inverted().transform(axes.transData.transform((frame.null, 0)))
    middle = place.left + place.width * float(in_axes[0])
    rooms = (middle - 0.15, WIDTH - middle - 0.15)
    for text, room, ha, sign in zip(frame.sides, rooms, ("right", "left"), (-1, 1), strict=True):
        for i, words in enumerate(wrap_to(text, room, SMALL)):
            at = middle + sign * 0.08
            write(drawing, at, place.top + 0.15 * i, words, ha=ha, color=SOFT_INK)


def scale_size(events: float, most: float) -> float:
    """Return the side of a square whose area follows the events behind the number."""
    if not (np.isfinite(events) and most > 0):
        return 5.0
    return 4.0 + 5.5 * float(np.sqrt(events / most))
