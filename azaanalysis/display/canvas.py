"""Pieces that figures share: axes placed in inches, tables under an axis, legends, labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D

from azaanalysis.display.curves import Curve
from azaanalysis.display.style import (
    BODY,
    GRID,
    INK,
    SMALL,
    SOFT_INK,
    WIDTH,
    ArmStyle,
    widest,
    width_of,
    wrap_to,
)
from azaanalysis.vocab import sentence_case

LINE = 0.175  # height of a line of small text in inches
_STEPS_PER_INCH = 100
LABEL = 1.3  # widest line of a label beside a curve in inches


_NAMES_AT = 0.05


class Place(NamedTuple):
    """A rectangle in inches, counted from the upper left corner of the figure."""

    left: float
    top: float
    width: float
    height: float


def place_axes(drawing: Drawing, place: Place) -> Axes:
    """Add axes at a place."""
    wide, high = drawing.get_size_inches()
    bottom = 1 - (place.top + place.height) / high
    return drawing.add_axes((place.left / wide, bottom, place.width / wide, place.height / high))


def write(drawing: Drawing, left: float, top: float, text: str, **style: Any) -> None:
    """Write text at a place in inches; the place is the left end of its middle line."""
    wide, high = drawing.get_size_inches()
    usual: dict[str, Any] = {"fontsize": SMALL, "va": "center", "ha": "left", "color": INK}
    drawing.text(left / wide, 1 - top / high, text, **(usual | style))


def flow(widths: Sequence[float], *, start: float, end: float) -> list[tuple[float, int]]:
    """Set pieces one after the other; return the left edge and the line of each."""
    places, left, line = [], start, 0
    for width in widths:
        if left > start and left + width > end:
            left, line = start, line + 1
        places.append((left, line))
        left += width
    return places


def draw_legend(
    drawing: Drawing, arms: Sequence[str], styles: dict[str, ArmStyle], *, top: float
) -> None:
    """Write the arms, each behind a sample of its line."""
    wide, high = drawing.get_size_inches()
    for arm, (left, line) in zip(arms, flow_arms(arms), strict=True):
        height = top + line * LINE
        ends, heights = np.array([left, left + 0.32]) / wide, [1 - height / high] * 2
        style = styles[arm]
        drawing.add_artist(Line2D(ends, heights, color=style.colour, ls=style.line, lw=1.8))
        name = sentence_case(arm) or "All"
        write(drawing, left + 0.4, height, name, color=style.word_colour, weight="bold")


def flow_arms(arms: Sequence[str]) -> list[tuple[float, int]]:
    """Return where each arm stands in a legend."""
    widths = [0.7 + width_of(sentence_case(arm) or "All", SMALL, is_bold=True) for arm in arms]
    return flow(widths, start=0.07, end=WIDTH)


def draw_steps(axes: Axes, curve: Curve, style: ArmStyle) -> None:
    """Draw one step curve over its band."""
    if not len(curve.days):
        return
    kept = visible_steps(axes, curve.days)
    days = np.append(curve.days[kept], curve.end_day)
    value, lower, upper = (
        np.append(numbers[kept], numbers[-1]) for numbers in (curve.value, curve.lower, curve.upper)
    )
    axes.fill_between(days, lower, upper, step="post", color=style.colour, alpha=0.14, lw=0)
    axes.step(days, value, where="post", color=style.colour, ls=style.line, lw=1.6, clip_on=False)


def visible_steps(axes: Axes, days: np.ndarray) -> np.ndarray:
    """Return the positions of the steps that can be told apart at the size of the axes.

    A study of years has more days than a panel has points; the rest would only make the
    file large. The last step of each point's width is kept, on its own day.
    """
    inches = axes.get_position().width * _drawing_of(axes).get_size_inches()[0]
    point = axes.get_xlim()[1] / (inches * _STEPS_PER_INCH)
    bins = np.floor(days / point)
    return np.flatnonzero(np.append(bins[1:] != bins[:-1], True))


def dress_axes(
    axes: Axes, *, ticks: Sequence[float], per: float, shares: np.ndarray, last_day: float
) -> None:
    """Set both axes: time in the reader's unit, percent from 0."""
    axes.set_xlim(0, max(last_day, ticks[-1]) * 1.005)
    axes.set_xticks(ticks, [f"{tick / per:.0f}" for tick in ticks])
    axes.set_ylim(0, shares[-1])
    axes.set_yticks(shares, [f"{100 * share:g}" for share in shares])
    axes.grid(axis="y", color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def spread(heights: Sequence[float], gap: float, lowest: float, highest: float) -> list[float]:
    """Move labels apart until each has its own line, changing no order and staying inside."""
    if not len(heights):
        return []
    order = np.argsort(heights, kind="stable")
    places = np.asarray(heights, dtype=float)[order]
    for _ in range(200):
        before = places.copy()
        for i in range(len(places) - 1):
            overlap = gap - (places[i + 1] - places[i])
            if overlap > 1e-9:
                places[i] -= overlap / 2
                places[i + 1] += overlap / 2
        places += max(lowest - places[0], 0)
        places -= max(places[-1] - highest, 0)
        if np.allclose(before, places):
            break
    spread_out = np.empty(len(places))
    spread_out[order] = places
    return [float(place) for place in spread_out]


def label_ends(axes: Axes, labels: Sequence[tuple[str, float, float, str]]) -> None:
    """Write names to the right of the axes at the height of each curve's end.

    Parameters
    ----------
    axes
        Axes in their final size and limits.
    labels
        For each curve: its name, the day and the height of its end, the colour of the word.
    """
    low, high = axes.get_ylim()
    inches = axes.get_position().height * _drawing_of(axes).get_size_inches()[1]
    lines = [len(wrap_to(name, LABEL, BODY)) for name, *_ in labels]
    gap = (high - low) * max(lines, default=1) * (BODY * 1.35 / 72) / inches
    heights = spread([height for _, _, height, _ in labels], gap, low + gap / 2, high - gap / 2)
    right = axes.get_xlim()[1]
    for (name, day, end, colour), height in zip(labels, heights, strict=True):
        if abs(height - end) > gap * 0.4 or day < 0.97 * right:
            ends = ([day, right * 1.012], [end, height])
            axes.plot(*ends, color=colour, lw=0.6, ls=":", clip_on=False)
        axes.annotate(
            "\n".join(wrap_to(name, LABEL, BODY)),
            (right, height),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=BODY,
            weight="bold",
            color=colour,
            annotation_clip=False,
        )


def names_need_lines(arms: Sequence[str]) -> bool:
    """Tell whether the names of the arms are too long to stand beside their numbers."""
    return widest([sentence_case(arm) or "All" for arm in arms], is_bold=True) > 1.2


def at_risk_height(arms: Sequence[str]) -> float:
    """Return the height of the table beneath an axis in inches."""
    return LINE * (1 + len(arms) * (2 if names_need_lines(arms) else 1))


def draw_at_risk_table(
    axes: Axes,
    curves: Sequence[Curve],
    *,
    ticks: Sequence[float],
    styles: dict[str, ArmStyle],
    top: float,
    heading: str,
) -> None:
    """Write the numbers at risk and events under an axis, one line for each arm.

    Parameters
    ----------
    axes
        The axes above; cells stand under its ticks.
    curves, ticks, styles
        What to write, where, and in which colour the arms are named.
    top
        Distance of the heading from the upper edge of the figure in inches.
    heading
        Words above the table, which then names the arms, too; without them the names are left
        out, because a panel at the left has them.
    """
    drawing = _drawing_of(axes)
    write(drawing, _NAMES_AT, top, heading, color=SOFT_INK)
    has_lines = names_need_lines([curve.arm for curve in curves])
    for place, curve in enumerate(curves, start=1):
        height = top + place * LINE * (2 if has_lines else 1)
        if heading:
            name, colour = sentence_case(curve.arm) or "All", styles[curve.arm].word_colour
            at = height - (LINE if has_lines else 0)
            write(drawing, _NAMES_AT, at, name, color=colour, weight="bold")
        pairs = zip(curve.at_risk, curve.events, strict=True)
        cells = [f"{at_risk} ({events})" for at_risk, events in pairs]
        draw_at_risk(axes, cells, ticks=ticks, top=height)


def name_counts(quantity: str) -> str:
    """Say what the numbers beneath an axis are."""
    if quantity == "share_in_state" or quantity.endswith("_share"):
        return "Number observed (in this state on the day)"
    return "Number at risk (events so far)"


def draw_at_risk(axes: Axes, cells: Sequence[str], *, ticks: Sequence[float], top: float) -> None:
    """Write one line of cells, each under its tick."""
    drawing = _drawing_of(axes)
    wide, _ = drawing.get_size_inches()
    box, (start, end) = axes.get_position(), axes.get_xlim()
    for tick, cell in zip(ticks, cells, strict=True):
        across = (box.x0 + box.width * (tick - start) / (end - start)) * wide
        write(drawing, across, top, cell, ha="center")


def _drawing_of(axes: Axes) -> Drawing:
    drawing = axes.get_figure()
    assert isinstance(drawing, Drawing)
    return drawing
