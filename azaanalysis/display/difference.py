"""The difference between arms over time, with its band and the line of no difference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from azaanalysis.blocking import block
from azaanalysis.display.axis import DAYS_PER, TimeUnit, choose_time_unit, time_ticks
from azaanalysis.display.canvas import Place, draw_steps, place_axes, write
from azaanalysis.display.curves import Curve, describe_curves, make_panels, order_arms, source_of
from azaanalysis.display.figure import Figure, draw_words, finish
from azaanalysis.display.numbers import name_quantity, spell_level
from azaanalysis.display.style import BODY, GRID, INK, SMALL, SOFT_INK, WIDTH, style_arms
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words, sentence_case

_LEFT, _RIGHT, _GAP, _HEAD, _HIGH, _BELOW = 0.55, 0.15, 0.3, 0.72, 2.1, 0.75
_STEP = 0.1


def draw_incidence_difference(
    estimate: Estimate, *, time_unit: TimeUnit | None = None, caption: str = ""
) -> Figure:
    """Draw how the difference in risk to the reference goes over time, one panel for each arm.

    Parameters
    ----------
    estimate
        The result of ``estimate_incidence_difference``, for one cause:
        ``.only(cause=follow_up.own_causes)``. Small counts are suppressed first; a comparison
        that did not pass the gate is not drawn.
    time_unit
        ``"days"``, ``"weeks"`` or ``"months"``; chosen by the length of follow-up if not given.
    caption
        Words for the caption, in place of the usual first sentence.

    Raises
    ------
    EstimationError
        If the estimate holds no such curve.
    """
    rows = estimate.only(quantity="risk_difference")
    last_day = float(np.nanmax(rows.frame["at_days"].to_numpy(), initial=1))
    unit = time_unit or choose_time_unit(last_day, estimate.about)
    ticks = time_ticks(last_day, unit, most=5)
    panels = make_panels(block(rows), quantity="risk_difference", ticks=ticks)
    curves = [_kept(curve) for panel in panels for curve in panel.curves]
    curves = [curve for curve in curves if len(curve.days)]
    endpoint = str(rows.frame["endpoint"].iloc[0])
    what = name_quantity(rows, "risk_difference", endpoint)
    if not curves:
        return draw_words("No comparison may be shown.", caption=f"{what}.")
    versus = in_words(str(rows.frame["versus"].iloc[0]))
    alt = describe_curves(panels, ticks=ticks, unit=unit, what=what)
    band = f"Bands: {spell_level(estimate.about)} ({estimate.about.get('interval', '')})."
    words = f"{caption or f'{what}, against {versus}.'} {band} Above the line the arm is ahead."

    def draw() -> Drawing:
        return _draw(curves, estimate, (ticks, unit, last_day), f"{what} (percentage points)")

    source = source_of(rows, panels, quantity="risk_difference", ticks=ticks)
    return finish(draw, caption=words, alt=alt, sources=(source,))


def _kept(curve: Curve) -> Curve:
    """Begin a band where it has limits, and the curve with it."""
    has_band = ~np.isnan(curve.lower)
    columns = {n: getattr(curve, n)[has_band] for n in ("days", "value", "lower", "upper")}
    return replace(curve, **columns)


def _draw(
    curves: list[Curve], estimate: Estimate, time: tuple[list[float], TimeUnit, float], heading: str
) -> Drawing:
    known, _ = order_arms(estimate)
    styles = style_arms(known)
    columns = min(3, len(curves))
    rows = -(-len(curves) // columns)
    drawing = Drawing(figsize=(WIDTH, 0.3 + rows * (_HEAD - 0.3 + _HIGH + _BELOW)))
    write(drawing, 0.05, 0.14, heading, fontsize=BODY, weight="bold")
    wide = (WIDTH - _LEFT - _RIGHT - _GAP * (columns - 1)) / columns
    ends = _ends(curves)
    for place, curve in enumerate(curves):
        row, column = divmod(place, columns)
        left = _LEFT + column * (wide + _GAP)
        top = _HEAD + row * (_HEAD - 0.3 + _HIGH + _BELOW)
        axes = place_axes(drawing, Place(left, top, wide, _HIGH))
        _dress(axes, time, ends, has_numbers=column == 0)
        draw_steps(axes, curve, styles[curve.arm])
        style = styles[curve.arm]
        name = sentence_case(curve.arm)
        write(drawing, left, top - 0.16, name, weight="bold", color=style.word_colour)
    return drawing


def _ends(curves: list[Curve]) -> tuple[float, float]:
    """Return the ends of the axis: round, the same in all panels, with zero between them."""
    low = min(float(np.nanmin(curve.lower)) for curve in curves)
    high = max(float(np.nanmax(curve.upper)) for curve in curves)
    return min(np.floor(low / _STEP) * _STEP, -_STEP), max(np.ceil(high / _STEP) * _STEP, _STEP)


def _dress(
    axes: Axes,
    time: tuple[list[float], TimeUnit, float],
    ends: tuple[float, float],
    *,
    has_numbers: bool,
) -> None:
    ticks, unit, last_day = time
    axes.set_xlim(0, max(last_day, ticks[-1]) * 1.005)
    axes.set_xticks(ticks, [f"{tick / DAYS_PER[unit]:.0f}" for tick in ticks])
    axes.set_xlabel(f"{sentence_case(unit)} since start", fontsize=SMALL)
    step = _STEP if ends[1] - ends[0] <= 8 * _STEP else 2 * _STEP
    shares = np.arange(np.ceil(ends[0] / step - 1e-9), np.floor(ends[1] / step + 1e-9) + 1) * step
    axes.set_ylim(*ends)
    axes.set_yticks(shares, [_points(share) if has_numbers else "" for share in shares])
    axes.grid(axis="y", color=GRID, lw=0.7)
    axes.axhline(0, color=INK, lw=0.9)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_color(SOFT_INK)
    axes.tick_params(axis="y", length=0)


def _points(share: float) -> str:
    points = round(100 * share)
    return f"+{points}" if points > 0 else f"{points}".replace("-", "−")
