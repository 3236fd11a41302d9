"""Comparisons within groups as a forest plot, one panel for each comparison."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from azaanalysis.display.axis import difference_ticks, ratio_ticks
from azaanalysis.display.canvas import Place, place_axes, write
from azaanalysis.display.figure import Figure, finish
from azaanalysis.display.numbers import HIDDEN, spell_interval, spell_level, spell_value
from azaanalysis.display.rows import Line, draw_interval, scale_size
from azaanalysis.display.source import Source
from azaanalysis.display.style import GRID, INK, SMALL, SOFT_INK, WIDTH, style_arms, widest, wrap_to
from azaanalysis.display.subgroup_rows import (
    NOT_COMPARED,
    TEST_OF,
    Shown,
    SubgroupRows,
    name_trait,
)
from azaanalysis.result import Estimate
from azaanalysis.vocab import QUANTITIES, in_words, sentence_case

_ROW, _GAP, _AXIS = 0.21, 0.12, 0.55


def draw_subgroups(
    estimate: Estimate, *, quantity: Shown = "risk_difference", caption: str = ""
) -> Figure:
    """Draw comparisons within groups, one panel for each arm against the reference.

    Parameters
    ----------
    estimate
        The result of ``estimate_subgroups``. Small counts are suppressed first.
    quantity
        ``risk_difference`` (in percentage points) or ``risk_ratio`` (logarithmic axis).
    caption
        Words for the caption, in place of the usual first sentence.

    Notes
    -----
    The dashed line is the comparison among everybody: look whether an interval leaves it, not
    whether it leaves the line of no difference. The area of a square follows the events.
    """
    label = _label(estimate, quantity)
    words = (
        f"{caption or f'{label} within groups.'} Dashed: everybody. "
        "p: test that all recorded levels are alike."
    )
    return _figure(estimate, quantity, words)


def draw_estimands(estimate: Estimate, *, caption: str = "") -> Figure:
    """Draw the same comparison under several estimands, one panel for each arm.

    Parameters
    ----------
    estimate
        The result of ``estimate_ways`` of ``list_estimands`` on one day.
    caption
        Words for the caption, in place of the usual first sentence.

    Notes
    -----
    The dashed line is the estimand of the study. Other lines answer other questions: that they
    differ is no contradiction.
    """
    label = _label(estimate, "risk_difference")
    words = f"{caption or f'{label} under several estimands.'} Dashed: as the study says."
    return _figure(estimate, "risk_difference", words)


def _label(estimate: Estimate, quantity: Shown) -> str:
    """Name what is drawn; refuse an estimate without groups."""
    SubgroupRows.of(estimate)
    return f"{QUANTITIES[quantity].label} by day {estimate.about['at_day']:,.0f}"


def _figure(estimate: Estimate, quantity: Shown, words: str) -> Figure:
    ready = SubgroupRows.of(estimate)
    alt = "; ".join(_in_words(ready, arm, quantity) for arm in ready.arms)
    label = _label(estimate, quantity)
    contains = estimate.about.get("interval", "")
    words = f"{words} Lines: {spell_level(estimate.about)}" + (f" ({contains})." * bool(contains))

    def draw() -> Drawing:
        return _draw(ready, quantity)

    sources = (Source(ready.shown),)
    return finish(draw, caption=words.rstrip(".") + ".", alt=f"{label}. {alt}.", sources=sources)


def _in_words(ready: SubgroupRows, arm: str, quantity: str) -> str:
    parts = []
    for name, trait, level in ready.groups:
        row = ready.row(name, arm, quantity)
        label = " ".join(filter(None, (name_trait(trait), in_words(level))))
        if row is None or pd.isna(row.value):
            parts.append(f"{label} {NOT_COMPARED}")
        else:
            value = spell_value(row)
            parts.append(f"{label} {value} ({spell_interval(row)})")
    return f"{sentence_case(arm)} v {in_words(ready.reference)}: {', '.join(parts)}"


@dataclass(frozen=True)
class _Entry:
    """One line of the figure; a heading has no group."""

    label: str
    name: str = ""
    trait: str = ""


def _entries(ready: SubgroupRows) -> list[_Entry]:
    """Return headings and levels from top to bottom."""
    entries, last = [], ""
    for name, trait, level in ready.groups:
        if not level:
            entries.append(_Entry(name_trait(trait), name))
        else:
            if trait != last:
                entries.append(_Entry(name_trait(trait), trait=trait))
            entries.append(_Entry(in_words(level), name))
        last = trait
    return entries


def _draw(ready: SubgroupRows, quantity: Shown) -> Drawing:
    entries, arms = _entries(ready), ready.arms
    left = 0.1 + min(max(widest([e.label for e in entries], is_bold=True) + 0.15, 1.0), 2.0)
    width = (WIDTH - left - _GAP * (len(arms) - 1) - 0.15) / len(arms)
    titles = [
        wrap_to(f"{sentence_case(a)} v {in_words(ready.reference)}", 0.88 * width) for a in arms
    ]
    top = 0.12 + 0.16 * max(map(len, titles))
    height = _ROW * len(entries)
    drawing = Drawing(figsize=(WIDTH, top + height + _AXIS))
    for i, entry in enumerate(entries):
        weight = "normal" if entry.name and ":" in entry.name else "bold"
        inset = 0.05 if weight == "bold" else 0.17
        word = wrap_to(entry.label, left - inset - 0.05)[0]
        write(drawing, inset, top + _ROW * (i + 0.5), word, weight=weight)
    ticks = _ticks(ready, quantity)
    colours = style_arms(ready.estimate.about.get("arms", (ready.reference, *arms)))
    for place, (arm, title) in enumerate(zip(arms, titles, strict=True)):
        start = left + place * (width + _GAP)
        axes = place_axes(drawing, Place(start, top, width, height))
        _dress(axes, ticks, _ends(ready, quantity), height, quantity)
        for i, line in enumerate(title):
            write(
                drawing, start, 0.1 + 0.16 * i, line, weight="bold", color=colours[arm].word_colour
            )
        _fill(axes, ready, arm, quantity, entries, colours[arm].colour)
        for i, entry in enumerate(entries):
            if entry.trait and (p := ready.p(entry.trait, arm, TEST_OF[quantity])):
                sign = "" if p[0] in "<>" else "= "
                middle = top + _ROW * (i + 0.5)
                words = f"p {sign}{p}"
                write(drawing, start + width, middle, words, ha="right", color=SOFT_INK)
    unit = " (percentage points)" if quantity == "risk_difference" else " (logarithmic axis)"
    label = QUANTITIES[quantity].label + unit
    write(drawing, left, top + height + _AXIS - 0.12, label, ha="left")
    return drawing


def _ends(ready: SubgroupRows, quantity: Shown) -> tuple[float, float]:
    """Return the ends of the axis: all values, and the limits of at least half of the rows."""
    rows = ready.rows[ready.rows["quantity"] == quantity]
    seen = rows[["value", "lower", "upper"]].to_numpy(float)
    seen = seen[np.isfinite(seen)]
    if quantity == "risk_ratio":
        seen = np.clip(seen[seen > 0], 0.2, 5.0)
        return float(seen.min(initial=0.8)) / 1.04, float(seen.max(initial=1.25)) * 1.04
    reach = rows[["lower", "upper"]].abs().max(axis=1).dropna()
    typical = reach.median() if len(reach) else 0.0
    far = float(np.nan_to_num([1.5 * rows["value"].abs().max(), typical, 0.01]).max())
    low, high = (
        float(np.clip(end, -far, far)) for end in (seen.min(initial=0), seen.max(initial=0))
    )
    room = 0.04 * (high - low) or 0.01
    return 100 * (low - room), 100 * (high + room)


def _ticks(ready: SubgroupRows, quantity: Shown) -> list[float]:
    """Return the ticks within the ends of the axis, few enough for narrow panels."""
    low, high = _ends(ready, quantity)
    made = ratio_ticks(low, high) if quantity == "risk_ratio" else difference_ticks(low, high)
    inside = [tick for tick in made if low <= tick <= high]
    null = inside.index(1.0 if quantity == "risk_ratio" else 0.0)
    step = -(-len(inside) // 5)
    return inside[null % step :: step]


def _dress(
    axes: Axes, ticks: list[float], ends: tuple[float, float], height: float, quantity: Shown
) -> None:
    is_log = quantity == "risk_ratio"
    axes.set_xscale("log" if is_log else "linear")
    axes.set_xlim(*ends)
    axes.set_xticks(ticks, [f"{tick:g}".replace("-", "−") for tick in ticks])
    axes.minorticks_off()
    axes.set_ylim(height, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    axes.axvline(1.0 if is_log else 0.0, color=INK, lw=0.9)
    axes.tick_params(labelsize=SMALL)


def _fill(
    axes: Axes, ready: SubgroupRows, arm: str, quantity: Shown, entries: list[_Entry], colour: str
) -> None:
    """Draw the intervals of one panel, and the line of everybody."""
    factor = 100.0 if quantity == "risk_difference" else 1.0
    rows = ready.rows[(ready.rows["quantity"] == quantity) & (ready.rows["arm"] == arm)]
    most = float(rows["events"].astype("float64").max())
    whole = ready.row(ready.groups[0][0], arm, quantity)
    if whole is not None and np.isfinite(whole.value):
        axes.axvline(factor * whole.value, color=colour, lw=1.0, ls=(0, (4, 3)), zorder=0)
    for i, entry in enumerate(entries):
        middle = _ROW * (i + 0.5)
        row = ready.row(entry.name, arm, quantity) if entry.name else None
        if entry.name and (row is None or pd.isna(row.value)):
            words = HIDDEN if row is not None and row.was_known else NOT_COMPARED
            axes.text(
                0.98, middle, words, transform=axes.get_yaxis_transform(),
                ha="right", va="center", fontsize=SMALL, color=SOFT_INK, style="italic",
                bbox={"color": "white", "alpha": 0.85, "pad": 1.0},
            )  # fmt: skip
        elif row is not None:
            # Smaller than in a plot of its own, so that a square does not hide its interval.
            size = 0.6 * scale_size(float("nan") if pd.isna(row.events) else row.events, most)
            value, lower, upper = (factor * number for number in (row.value, row.lower, row.upper))
            draw_interval(axes, Line("", "", "", value, lower, upper, colour, size), middle)
