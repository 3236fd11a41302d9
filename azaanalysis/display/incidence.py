"""Figures of curves over time: cumulative incidence, survival, reasons stacked to a total."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from azaanalysis.disclosure import find_masked, smallest_count_of
from azaanalysis.display.axis import (
    DAYS_PER,
    TimeUnit,
    choose_time_unit,
    percent_ticks,
    percent_top,
    time_ticks,
)
from azaanalysis.display.canvas import (
    LINE,
    Place,
    draw_at_risk_table,
    draw_legend,
    draw_steps,
    dress_axes,
    flow_arms,
    label_ends,
    place_axes,
    write,
)
from azaanalysis.display.curves import Panel, describe_curves, make_panels, order_arms
from azaanalysis.display.figure import Figure, finish
from azaanalysis.display.numbers import spell_level
from azaanalysis.display.style import BODY, SMALL, WIDTH, ArmStyle, style_arms, widest
from azaanalysis.result import Estimate
from azaanalysis.vocab import QUANTITIES, in_words, sentence_case

_GAP = 0.72  # inches between neighbouring panels
_CELL = 0.66  # inches that a cell of the table beneath the axis needs


@dataclass(frozen=True)
class _Plan:
    """Everything a drawing of curves needs to know before the first line is drawn."""

    panels: list[Panel]
    styles: dict[str, ArmStyle]
    ticks: list[float]
    unit: TimeUnit
    last_day: float
    top_share: float
    heading: str
    columns: int
    left: float
    right: float

    @property
    def panel_width(self) -> float:
        return (WIDTH - self.left - self.right - _GAP * (self.columns - 1)) / self.columns

    @property
    def arms(self) -> list[str]:
        return list(dict.fromkeys(curve.arm for panel in self.panels for curve in panel.curves))


def draw_incidence(
    estimate: Estimate,
    *,
    time_unit: TimeUnit | None = None,
    quantity: str | None = None,
    least_at_risk: int | None = None,
    caption: str = "",
) -> Figure:
    """Draw curves over time with their bands and the numbers at risk beneath.

    Parameters
    ----------
    estimate
        The result of ``estimate_incidence``: quantity ``risk``, one panel for each cause,
        or ``survival``. Small counts are suppressed first.
    time_unit
        ``"days"``, ``"weeks"`` or ``"months"``; chosen by the length of follow-up if not given.
    quantity
        ``"risk"`` rises from 0; ``"survival"`` falls from 100%. Risk if the estimate has it.
    least_at_risk
        A curve stops where fewer remain. None: 10, or a tenth of an arm below 100 patients.
    caption
        Words for the caption, in place of the usual first sentence.

    Raises
    ------
    EstimationError
        If the estimate holds no such curve.

    Notes
    -----
    Numbers at risk are those just before the day, as observed, before any weighting; events
    are those so far. Layout: extended table of KMunicate (Morris and others 2019, BMJ Open
    9:e030215); a curve stops where few remain (Pocock and others 2002, Lancet 359:1686).
    """
    quantity = quantity or _first_quantity(estimate)
    plan = _plan_incidence(estimate, quantity, time_unit, least_at_risk)
    what = plan.heading.removesuffix(" (%)")
    alt = describe_curves(plan.panels, ticks=plan.ticks, unit=plan.unit, what=what)
    words = f"{caption or what + '.'} {_how_to_read(estimate, quantity)}".strip()
    return finish(lambda: _draw_incidence(plan), caption=words, alt=alt)


def _first_quantity(estimate: Estimate) -> str:
    return "risk" if (estimate.frame["quantity"] == "risk").any() else "survival"


def _plan_incidence(
    estimate: Estimate, quantity: str, time_unit: TimeUnit | None, least_at_risk: int | None
) -> _Plan:
    known, arms = order_arms(estimate.only(quantity=quantity))
    last_day = float(np.nanmax(estimate.frame["at_days"].to_numpy(), initial=1))
    unit = time_unit or choose_time_unit(last_day)
    causes = estimate.only(quantity=quantity).frame[["endpoint", "cause"]].drop_duplicates()
    columns = min(len(causes), 2 if len(causes) in (2, 4) else 3) or 1
    names = [sentence_case(arm) or "All" for arm in arms]
    label_width = widest(names, SMALL, is_bold=True)
    left = max(0.45, label_width + 0.42)
    right = widest(names, BODY, is_bold=True) + 0.2 if columns == 1 else 0.35
    width = (WIDTH - left - right - _GAP * (columns - 1)) / columns
    ticks = time_ticks(last_day, unit, most=max(2, int(width / _CELL)))
    panels = make_panels(estimate, quantity=quantity, ticks=ticks, least_at_risk=least_at_risk)
    highest = max((_highest(panel) for panel in panels), default=1.0)
    top = 1.0 if quantity == "survival" else percent_top(highest)
    heading = _heading(panels, quantity)
    return _Plan(
        panels, style_arms(known), ticks, unit, last_day, top, heading, columns, left, right
    )


def _highest(panel: Panel) -> float:
    tops = [np.nanmax(np.append(c.upper, c.value), initial=0.0) for c in panel.curves]
    return float(max(tops, default=0.0))


def _heading(panels: list[Panel], quantity: str) -> str:
    endpoints = list(dict.fromkeys(panel.endpoint for panel in panels if panel.endpoint))
    label = QUANTITIES[quantity].label
    if len(endpoints) != 1:
        return f"{label} (%)"
    if quantity == "survival":
        return f"{label.replace('the event', in_words(endpoints[0]))} (%)"
    return f"{label} of {in_words(endpoints[0])} (%)"


def _how_to_read(estimate: Estimate, quantity: str) -> str:
    about, k = estimate.about, smallest_count_of(estimate)
    contains = about.get("interval", "")
    band = f"Bands: {spell_level(about)}" + (f" ({contains})" if contains else "") + "."
    stated = str(about.get("method", ""))
    method = f" {stated[:1].upper()}{stated[1:]}." if stated else ""
    masked = find_masked(estimate.only(quantity=quantity))["events"].ne("").any()
    merged = f" Steps are drawn once {k} events have come together." if masked else ""
    return f"{band}{method} A curve stops where few remain at risk.{merged}"


def _draw_incidence(plan: _Plan) -> Drawing:
    rows = math.ceil(len(plan.panels) / plan.columns)
    is_single = len(plan.panels) == 1
    height = 3.1 if is_single else 1.9
    table = 0.62 + LINE * (len(plan.arms) + 1)
    title = 0.0 if is_single else 0.25
    head = 0.38 if is_single else 0.62 + LINE * flow_arms(plan.arms)[-1][1]
    drawing = Drawing(figsize=(WIDTH, head + rows * (title + height + table) + 0.05))
    write(drawing, 0.05, 0.14, plan.heading, fontsize=BODY, weight="bold")
    if not is_single:
        draw_legend(drawing, plan.arms, plan.styles, top=0.42)
    for place, panel in enumerate(plan.panels):
        row, column = divmod(place, plan.columns)
        left = plan.left + column * (plan.panel_width + _GAP)
        top = head + row * (title + height + table) + title
        axes = _draw_panel(drawing, plan, panel, Place(left, top, plan.panel_width, height))
        below = top + height + 0.62
        label_at = 0.05 if column == 0 else None
        draw_at_risk_table(
            axes, panel.curves, ticks=plan.ticks, styles=plan.styles, top=below, label_at=label_at
        )
        if is_single:
            label_ends(axes, _ends(panel, plan.styles))
    return drawing


def _draw_panel(drawing: Drawing, plan: _Plan, panel: Panel, place: Place) -> Axes:
    axes = place_axes(drawing, place)
    shares = percent_ticks(plan.top_share)
    dress_axes(
        axes, ticks=plan.ticks, per=DAYS_PER[plan.unit], shares=shares, last_day=plan.last_day
    )
    for curve in panel.curves:
        draw_steps(axes, curve, plan.styles[curve.arm])
    start = "the start of treatment" if plan.columns == 1 else "start"
    axes.set_xlabel(f"{sentence_case(plan.unit)} since {start}")
    if len(plan.panels) > 1:
        title = sentence_case(panel.cause or panel.endpoint)
        write(drawing, place.left, place.top - 0.13, title, fontsize=BODY, weight="bold")
    return axes


def _ends(panel: Panel, styles: dict[str, ArmStyle]) -> list[tuple[str, float, float, str]]:
    return [
        (sentence_case(c.arm) or "All", c.end_day, float(c.value[-1]), styles[c.arm].word_colour)
        for c in panel.curves
        if len(c.value)
    ]
