"""Which unmeasured causes would explain a ratio away, with the measured ones as a yardstick."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from azaanalysis.disclosure import suppress
from azaanalysis.display.basis import CONFOUNDING
from azaanalysis.display.canvas import Place, place_axes, spread, write
from azaanalysis.display.e_values import RATIOS, name_cause
from azaanalysis.display.figure import Figure, finish
from azaanalysis.display.source import Source
from azaanalysis.display.style import GRID, INK, SMALL, SOFT_INK, WIDTH, style_arms, wrap_to
from azaanalysis.estimate.e_values import as_risk_ratio, is_common_outcome, needed_to_outcome
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words, sentence_case

_HEIGHT, _GAP, _NAMED = 2.1, 0.3, 3
# Inches between the numbers of named causes, and from the highest of these to its number.
_APART, _ABOVE = 0.16, 0.22


@dataclass(frozen=True)
class _Panel:
    """One comparison: the ratio and the limit to be explained away, and the measured causes."""

    arm: str
    versus: str
    ratio: float
    limit: float
    causes: pd.DataFrame


def draw_confounding(estimate: Estimate, frame: pd.DataFrame, *, caption: str = "") -> Figure:
    """Draw which unmeasured causes would explain each ratio away, and how strong measured ones are.

    Parameters
    ----------
    estimate
        The result of ``estimate_e_values``, with one ratio for each comparison.
    frame
        The result of ``measure_confounding``.
    caption
        Words for the caption, in place of the usual first sentence.

    Notes
    -----
    Where no ratio can be shown, the caption says so. A cause on or above a line would be enough.
    Source: Ding and VanderWeele (2016), Epidemiology 27:368-377.
    """
    panels = list(_panels(estimate, frame))
    if not panels:
        words = "No ratio can be shown: all are blocked, hidden or missing."
        return finish(_draw_nothing, caption=words, alt=words)
    words = (
        f"{caption or 'Which unmeasured cause would explain each ratio away.'} Solid line: the "
        "estimate; dashed: the limit nearest to no difference (none if the interval holds it). "
        "Points: measured causes, as observed before weighting; the strongest are "
        "numbered and named beneath."
    )
    alt = ". ".join(_in_words(panel) for panel in panels)
    arms = estimate.about.get("arms", [panels[0].versus, *(panel.arm for panel in panels)])

    def draw() -> Drawing:
        return _draw(panels, list(arms))

    sources = (Source(suppress(estimate)),)
    return finish(draw, caption=words, alt=f"{alt}.", sources=sources, basis=CONFOUNDING)


def _draw_nothing() -> Drawing:
    drawing = Drawing(figsize=(WIDTH, 0.4))
    write(drawing, 0.1, 0.2, "No ratio can be shown.", color=SOFT_INK)
    return drawing


def _panels(estimate: Estimate, frame: pd.DataFrame) -> Iterator[_Panel]:
    shown = suppress(estimate).frame
    for row in shown[shown["quantity"].isin(RATIOS)].itertuples():
        if (panel := _panel(row, frame)) is not None:
            yield panel


def _panel(row: Any, frame: pd.DataFrame) -> _Panel | None:
    if not np.isfinite(row.value):
        return None
    is_common = is_common_outcome(row.events, row.patients)
    value, low, high = (
        as_risk_ratio(float(number), row.quantity, is_common=is_common)
        for number in (row.value, row.lower, row.upper)
    )
    limit = low if value >= 1 else high
    causes = frame[(frame["arm"] == row.arm) & (frame["versus"] == row.versus)]
    return _Panel(row.arm, row.versus, value, 1.0 if low <= 1 <= high else limit, causes)


def _in_words(panel: _Panel) -> str:
    strongest = [
        f"{name_cause(row)} {row.to_arm:.2f} with the arm and {row.to_outcome:.2f} with the outcome"
        for row in panel.causes.head(_NAMED).itertuples()
    ]
    return (
        f"{sentence_case(panel.arm)} v {in_words(panel.versus)}: ratio {panel.ratio:.2f}, limit "
        f"{panel.limit:.2f}; strongest measured causes: {', '.join(strongest) or 'none'}"
    )


def _draw(panels: list[_Panel], arms: list[str]) -> Drawing:
    left = 0.55
    width = (WIDTH - left - _GAP * (len(panels) - 1) - 0.05) / len(panels)
    titles = [
        wrap_to(f"{sentence_case(p.arm)} v {in_words(p.versus)}", 0.88 * width) for p in panels
    ]
    top = 0.12 + 0.16 * max(map(len, titles))
    drawing = Drawing(figsize=(WIDTH, top + _HEIGHT + 0.68 + 0.16 * _NAMED))
    styles = style_arms(arms)
    farthest = _farthest(panels)
    for place, (panel, title) in enumerate(zip(panels, titles, strict=True)):
        start = left + place * (width + _GAP)
        style = styles[panel.arm]
        for i, line in enumerate(title):
            write(drawing, start, 0.1 + 0.16 * i, line, weight="bold", color=style.word_colour)
        axes = place_axes(drawing, Place(start, top, width, _HEIGHT))
        _dress(axes, farthest, is_first=place == 0)
        _draw_lines(axes, panel, style.colour, farthest)
        _draw_causes(axes, panel, farthest)
        for i, row in enumerate(_inside(panel, farthest).head(_NAMED).itertuples()):
            words = wrap_to(f"{i + 1} {name_cause(row)}", width)[0]
            write(drawing, start, top + _HEIGHT + 0.68 + 0.16 * i, words, color=SOFT_INK)
    words = "How many times as common the cause is in one arm (logarithmic axes)"
    write(drawing, left, top + _HEIGHT + 0.42, words)
    return drawing


def _farthest(panels: list[_Panel]) -> float:
    """Return where the axes end: beyond all E-values and all measured causes, at most at 20."""
    numbers = [2.0]
    for panel in panels:
        larger = max(panel.ratio, 1 / panel.ratio)
        numbers += [1.6 * (larger + np.sqrt(larger * (larger - 1)))]
        if len(panel.causes):
            numbers.append(1.2 * float(panel.causes[["to_arm", "to_outcome"]].to_numpy().max()))
    return float(min(max(numbers), 20.0))


def _dress(axes: Axes, farthest: float, *, is_first: bool) -> None:
    ticks = [tick for tick in (1, 1.5, 2, 3, 5, 10, 20) if tick <= farthest]
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(1, farthest)
    axes.set_ylim(1, farthest)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks(ticks, [f"{tick:g}" if is_first else "" for tick in ticks])
    axes.minorticks_off()
    axes.tick_params(labelsize=SMALL)
    axes.grid(color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    if is_first:
        axes.set_ylabel("Risk ratio of the cause", fontsize=SMALL)


def _draw_lines(axes: Axes, panel: _Panel, colour: str, farthest: float) -> None:
    for ratio, dashes, lw in ((panel.ratio, "-", 1.6), (panel.limit, (0, (4, 2)), 1.2)):
        larger = max(ratio, 1 / ratio)
        if larger <= 1:
            continue
        to_arm = np.geomspace(larger * 1.0005, farthest, 300)
        axes.plot(to_arm, needed_to_outcome(larger, to_arm), color=colour, ls=dashes, lw=lw)


def _inside(panel: _Panel, farthest: float) -> pd.DataFrame:
    return panel.causes[(panel.causes[["to_arm", "to_outcome"]] <= farthest).all(axis=1)]


def _draw_causes(axes: Axes, panel: _Panel, farthest: float) -> None:
    inside = _inside(panel, farthest)
    axes.plot(
        inside["to_arm"], inside["to_outcome"], ls="", marker="o", ms=3, color=INK, clip_on=False
    )
    named = inside.head(_NAMED)
    if named.empty:
        return
    # Causes lie close together, low down: their numbers stand side by side above them all.
    width = axes.get_position().width * WIDTH
    across = width * np.log(named["to_arm"].to_numpy()) / np.log(farthest)
    places = spread([float(x) for x in across], _APART, _APART / 2, width - _APART / 2)
    highest = np.log(named["to_outcome"].max()) / np.log(farthest)
    height = min(highest + _ABOVE / _HEIGHT, 0.95)
    for number, (row, x) in enumerate(zip(named.itertuples(), places, strict=True), 1):
        axes.annotate(
            str(number),
            (row.to_arm, row.to_outcome),
            xytext=(x / width, height),
            textcoords="axes fraction",
            ha="center",
            va="center",
            fontsize=SMALL,
            weight="bold",
            bbox={"facecolor": "white", "alpha": 0.85, "lw": 0, "pad": 0.8},
            arrowprops={
                "arrowstyle": "-",
                "lw": 0.6,
                "color": SOFT_INK,
                "shrinkA": 0,
                "shrinkB": 2,
            },
        )
