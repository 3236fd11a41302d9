"""Benefit against harm: each arm a point with its joint region, the reference at the cross."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Ellipse
from scipy.stats import chi2

from azaanalysis.display.canvas import LINE, Place, draw_legend, flow_arms, place_axes, write
from azaanalysis.display.curves import order_arms
from azaanalysis.display.figure import Figure, draw_words, finish
from azaanalysis.display.numbers import spell_level
from azaanalysis.display.style import (
    BODY,
    GRID,
    INK,
    SMALL,
    SOFT_INK,
    TINY,
    WIDTH,
    ArmStyle,
    style_arms,
)
from azaanalysis.display.trade_off import HEADINGS, name_respect, ready, spell_cell
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words, sentence_case

_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_LEFT, _GAP, _HIGH, _BELOW = 0.62, 0.75, 2.75, 0.62
_MONTHS, *_HARMS = HEADINGS


@dataclass(frozen=True)
class _Point:
    """The differences of one arm: months, then infections and stops, with their covariance."""

    arm: str
    gap: np.ndarray
    covariance: np.ndarray
    marker: str


@dataclass(frozen=True)
class _Plane:
    """Everything that is drawn."""

    points: list[_Point]
    styles: dict[str, ArmStyle]
    names: dict[str, str]
    reference: str
    reach: float


def draw_trade_off(estimate: Estimate, *, caption: str = "") -> Figure:
    """Draw how each arm stands to the reference: months gained against infections and stops.

    Parameters
    ----------
    estimate
        The result of ``estimate_trade_off``. Small counts are suppressed first; an arm of which a
        difference may not be shown is left out.
    caption
        Words for the caption, in place of the usual first sentence.

    Raises
    ------
    EstimationError
        If the estimate is no trade-off.

    Notes
    -----
    The regions are those of two differences at once (chi-square with 2 degrees of freedom), and so
    wider than each interval alone. Where they lie aslant, the two are correlated.
    """
    shown = ready(estimate)
    gaps = shown[shown["quantity"].str.endswith("_difference")]
    known, arms = order_arms(estimate)
    names = {respect: name_respect(estimate, respect) for respect in HEADINGS}
    points = [p for arm in arms if (p := _point(gaps, arm, estimate, known)) is not None]
    what = f"Difference to {in_words(str(gaps['versus'].iloc[0]))}"
    if not points:
        return draw_words("No comparison may be shown.", caption=f"{what}.")
    level = float(estimate.about.get("level", 0.95))
    plane = _Plane(
        points,
        style_arms(known),
        names,
        in_words(str(gaps["versus"].iloc[0])),
        float(np.sqrt(chi2.ppf(level, 2))),
    )
    region = spell_level(estimate.about).replace("interval", "joint regions")
    usual = f"What each arm gives and costs against {plane.reference}, which is the cross."
    words = f"{caption or usual} Ellipses: {region} of both differences "
    words += f"({estimate.about.get('interval', '')}). Best is the lower right."
    return finish(
        lambda: _draw(plane), caption=words, alt=f"{what}. {_in_words(gaps, points, names)}"
    )


def _point(gaps: Any, arm: str, estimate: Estimate, known: list[str]) -> _Point | None:
    of_arm = gaps[gaps["arm"] == arm].set_index("endpoint")["value"].reindex(list(HEADINGS))
    covariance = estimate.about.get("joint", {}).get(arm)
    if covariance is None or of_arm.isna().any():
        return None
    marker = _MARKERS[known.index(arm) % len(_MARKERS)]
    return _Point(arm, of_arm.to_numpy(dtype=float), np.array(covariance), marker)


def _in_words(gaps: Any, points: list[_Point], names: dict[str, str]) -> str:
    parts = []
    for point in points:
        rows = gaps[gaps["arm"] == point.arm].set_index("endpoint", drop=False)
        numbers = ", ".join(
            f"{words[:1].lower()}{words[1:]} {spell_cell(rows.loc[respect], 1, is_gap=True)}"
            for respect, words in names.items()
        )
        parts.append(f"{sentence_case(point.arm)}: {numbers}")
    return "; ".join(parts) + "."


def _draw(plane: _Plane) -> Drawing:
    arms = [point.arm for point in plane.points]
    head = 0.42 + LINE * (1 + flow_arms(arms)[-1][1])
    drawing = Drawing(figsize=(WIDTH, head + _HIGH + _BELOW))
    title = f"Difference to {plane.reference}"
    write(drawing, 0.05, 0.14, title, fontsize=BODY, weight="bold")
    draw_legend(drawing, arms, plane.styles, top=0.4)
    wide = (WIDTH - _LEFT - 0.1 - _GAP) / 2
    for place, harm in enumerate(_HARMS, start=1):
        left = _LEFT + (place - 1) * (wide + _GAP)
        axes = place_axes(drawing, Place(left, head, wide, _HIGH))
        _draw_plane(axes, plane, place, plane.names[harm])
    return drawing


def _draw_plane(axes: Axes, plane: _Plane, harm: int, name: str) -> None:
    pick = [0, harm]
    axes.axhline(0, color=INK, lw=0.9, zorder=1)
    axes.axvline(0, color=INK, lw=0.9, zorder=1)
    reaches = []
    for point in plane.points:
        middle, covariance = point.gap[pick], point.covariance[np.ix_(pick, pick)]
        style = plane.styles[point.arm]
        ellipse = _ellipse(middle, covariance, plane.reach)
        ellipse.set(facecolor=style.colour, alpha=0.2, lw=0, zorder=2)
        axes.add_patch(ellipse)
        edge = _ellipse(middle, covariance, plane.reach)
        edge.set(fill=False, edgecolor=style.colour, lw=1.3, ls=style.line, zorder=3)
        axes.add_patch(edge)
        axes.plot(*middle, marker=point.marker, ms=6, color=style.word_colour, lw=0, zorder=4)
        half = plane.reach * np.sqrt(np.diag(covariance))
        reaches += [middle - half, middle + half]
    _dress(axes, plane, np.array(reaches), name)


def _ellipse(middle: np.ndarray, covariance: np.ndarray, reach: float) -> Ellipse:
    """Return the region in which both differences lie together."""
    size, axis = np.linalg.eigh(covariance)
    width, height = 2 * reach * np.sqrt(np.maximum(size, 0.0))
    angle = float(np.degrees(np.arctan2(axis[1, 0], axis[0, 0])))
    return Ellipse((float(middle[0]), float(middle[1])), width, height, angle=angle)


def _dress(axes: Axes, plane: _Plane, reaches: np.ndarray, name: str) -> None:
    """Set both axes so that the cross is inside, and say where the best of all would lie."""
    low = np.minimum(reaches.min(axis=0), 0.0)
    high = np.maximum(reaches.max(axis=0), 0.0)
    pad = 0.1 * np.maximum(high - low, 1e-9)
    axes.set(
        xlim=(low[0] - pad[0], high[0] + pad[0]), ylim=(low[1] - 1.6 * pad[1], high[1] + pad[1])
    )
    months = plane.names[_MONTHS]
    axes.set_xlabel(f"{months} →", fontsize=SMALL)
    axes.set_ylabel(f"{name} →", fontsize=SMALL)
    axes.grid(color=GRID, lw=0.7, zorder=0)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_formatter(_signed)
    axes.yaxis.set_major_formatter(_signed)
    axes.plot(0, 0, marker="o", ms=5, color=INK, lw=0, zorder=4)
    shared: dict[str, Any] = {"fontsize": TINY, "color": SOFT_INK}
    axes.annotate(
        plane.reference, (0, 0), xytext=(5, 4), textcoords="offset points", zorder=4, **shared
    )
    place: dict[str, Any] = {"transform": axes.transAxes, "ha": "right", "va": "bottom"}
    axes.text(0.985, 0.02, "more months, less harm ↘", **place, **shared)


def _signed(value: float, _: object) -> str:
    if abs(value) < 1e-9:
        return "0"
    return f"{value:+g}".replace("-", "−")
