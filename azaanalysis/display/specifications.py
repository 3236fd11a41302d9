"""A specification curve: every answer in order, and beneath it the choices behind each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from azaanalysis.display.axis import difference_ticks
from azaanalysis.display.basis import WAYS
from azaanalysis.display.canvas import Place, place_axes, write
from azaanalysis.display.figure import Figure, finish
from azaanalysis.display.numbers import spell_fixed, spell_level
from azaanalysis.display.source import Source
from azaanalysis.display.style import GRID, INK, SMALL, SOFT_INK, WIDTH, style_arms, widest, wrap_to
from azaanalysis.display.subgroup_rows import SubgroupRows
from azaanalysis.display.ways import choices_of, specifications_of, values_of
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words, sentence_case

_CURVE, _ROW, _GAP, _BETWEEN = 1.9, 0.17, 0.3, 0.16


def draw_specifications(estimate: Estimate, *, caption: str = "") -> Figure:
    """Draw all answers of a specification curve, one column for each arm against the reference.

    Parameters
    ----------
    estimate
        The result of ``estimate_ways`` of ``list_specifications``. Small counts are suppressed.
    caption
        Words for the caption, in place of the usual first sentence.

    Notes
    -----
    Answers stand in order of size; filled if the interval leaves zero out. The diamond is the way
    of the study, on its last day. Ways that were refused stand at the right, as crosses.
    Source: Simonsohn, Simmons and Nelson (2020), Nat Hum Behav 4:1208-1214.
    """
    ready = SubgroupRows.of(estimate)
    every = specifications_of(estimate, ready)
    words = (
        f"{caption or 'The difference in cumulative incidence under every combination of choices.'}"
        f" Above: answers in order of size, with {spell_level(estimate.about)}; filled where it "
        "leaves zero out; diamond: the study's own way on its last day; crosses: refused. Beneath: "
        "the choices behind each answer."
    )
    alt = ". ".join(_in_words(every, arm, ready.reference) for arm in ready.arms)

    def draw() -> Drawing:
        return _draw(every, ready)

    return finish(draw, caption=words, alt=f"{alt}.", sources=(Source(ready.shown),), basis=WAYS)


def _in_words(every: pd.DataFrame, arm: str, reference: str) -> str:
    of_arm = every[every["arm"] == arm]
    value = of_arm["value"].dropna()
    refused = len(of_arm) - len(value)
    pair = f"{sentence_case(arm)} v {in_words(reference)}"
    if value.empty:
        return f"{pair}: all {refused} ways refused"
    ends = [spell_fixed(100 * end, 1) for end in (value.min(), value.median(), value.max())]
    return (
        f"{pair}: {len(value)} answers from {ends[0]} to {ends[2]} percentage points, median "
        f"{ends[1]}; {refused} refused"
    )


def _draw(every: pd.DataFrame, ready: SubgroupRows) -> Drawing:
    lines = _matrix(every)
    left = 0.15 + max(widest([name for name, _ in lines], is_bold=True), 0.8)
    width = (WIDTH - left - _BETWEEN * (len(ready.arms) - 1) - 0.05) / len(ready.arms)
    pairs = [f"{sentence_case(arm)} v {in_words(ready.reference)}" for arm in ready.arms]
    titles = [wrap_to(pair, 0.88 * width) for pair in pairs]
    top = 0.12 + 0.16 * max(map(len, titles))
    beneath = top + _CURVE + _GAP
    drawing = Drawing(figsize=(WIDTH, beneath + _ROW * len(lines) + 0.1))
    colours = style_arms(ready.estimate.about.get("arms", (ready.reference, *ready.arms)))
    ticks = _ticks(every)
    for place, (arm, title) in enumerate(zip(ready.arms, titles, strict=True)):
        start = left + place * (width + _BETWEEN)
        for i, line in enumerate(title):
            word_colour = colours[arm].word_colour
            write(drawing, start, 0.1 + 0.16 * i, line, weight="bold", color=word_colour)
        of_arm = _in_order(every[every["arm"] == arm])
        axes = place_axes(drawing, Place(start, top, width, _CURVE))
        _draw_curve(axes, of_arm, ticks, colours[arm].colour, is_first=place == 0)
        below = place_axes(drawing, Place(start, beneath, width, _ROW * len(lines)))
        _draw_matrix(below, of_arm, lines, colours[arm].colour)
    for i, (name, word) in enumerate(lines):
        middle = beneath + _ROW * (i + 0.5)
        inset, text, weight = (0.17, word, "normal") if word else (0.05, name, "bold")
        write(drawing, inset, middle, text, weight=weight)
    write(drawing, 0.05, top + 0.1, "Difference,")
    write(drawing, 0.05, top + 0.26, "points")
    return drawing


def _matrix(every: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the lines beneath the curve: a heading for each choice, then its values."""
    lines = []
    for name in choices_of(every):
        lines.append((name, ""))
        lines += [(name, value) for value in values_of(every, name)]
    return lines


def _in_order(of_arm: pd.DataFrame) -> pd.DataFrame:
    """Return answers in order of size, then what was refused."""
    return of_arm.sort_values("value", na_position="last", kind="stable").reset_index(drop=True)


def _ticks(every: pd.DataFrame) -> list[float]:
    seen = 100 * every[["lower", "upper"]].to_numpy(float)
    seen = seen[np.isfinite(seen)]
    return difference_ticks(float(seen.min(initial=0)), float(seen.max(initial=0.01)))


def _draw_curve(
    axes: Axes, of_arm: pd.DataFrame, ticks: list[float], colour: str, *, is_first: bool
) -> None:
    axes.set_xlim(-1, len(of_arm))
    axes.set_xticks([])
    axes.set_ylim(ticks[0], ticks[-1])
    axes.set_yticks(ticks, [f"{tick:g}".replace("-", "−") if is_first else "" for tick in ticks])
    axes.tick_params(axis="y", length=0, labelsize=SMALL)
    axes.grid(axis="y", color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.axhline(0, color=INK, lw=0.9)
    place = np.arange(len(of_arm))
    value, low, high = (100 * of_arm[c].to_numpy(float) for c in ("value", "lower", "upper"))
    axes.vlines(place, low, high, color=colour, lw=0.7, alpha=0.55)
    clear = (low > 0) | (high < 0)
    known = np.isfinite(value)
    style: dict[str, Any] = {"ls": "", "marker": "o", "ms": 2.4, "mew": 0.6, "mec": colour}
    axes.plot(place[known & clear], value[known & clear], mfc=colour, **style)
    axes.plot(place[known & ~clear], value[known & ~clear], mfc="white", **style)
    own = (of_arm["is_own"] & (of_arm["at_days"] == of_arm["at_days"].max())).to_numpy()
    axes.plot(place[own], value[own], ls="", marker="D", ms=5.5, color=INK, zorder=5)
    at = np.full((~known).sum(), ticks[0] + 0.04 * (ticks[-1] - ticks[0]))
    axes.plot(place[~known], at, ls="", marker="x", ms=2.4, mew=0.6, color=SOFT_INK)


def _draw_matrix(
    axes: Axes, of_arm: pd.DataFrame, lines: list[tuple[str, str]], colour: str
) -> None:
    axes.set_xlim(-1, len(of_arm))
    axes.set_ylim(len(lines), 0)
    axes.axis("off")
    known = of_arm["value"].notna().to_numpy()
    for i, (name, value) in enumerate(lines):
        if not value:
            continue
        chosen = (of_arm[name] == value).to_numpy()
        axes.axhline(i + 0.5, color=GRID, lw=0.5, zorder=0)
        for rows, ink in ((chosen & known, colour), (chosen & ~known, SOFT_INK)):
            at = np.flatnonzero(rows)
            axes.plot(at, np.full(len(at), i + 0.5), ls="", marker="|", ms=5, mew=0.9, color=ink)
