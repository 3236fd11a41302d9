"""Figures of curves over time: cumulative incidence, survival, mean number of events."""

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
    rate_ticks,
    time_ticks,
)
from azaanalysis.display.canvas import (
    LABEL,
    LINE,
    Place,
    at_risk_height,
    draw_at_risk_table,
    draw_legend,
    draw_steps,
    dress_axes,
    flow_arms,
    label_ends,
    name_counts,
    names_need_lines,
    place_axes,
    write,
)
from azaanalysis.display.curves import Panel, describe_curves, make_panels, order_arms, source_of
from azaanalysis.display.figure import Figure, finish
from azaanalysis.display.numbers import name_quantity, spell_endpoint, spell_level
from azaanalysis.display.style import BODY, SMALL, WIDTH, ArmStyle, style_arms, widest, wrap_to
from azaanalysis.result import Estimate
from azaanalysis.vocab import QUANTITIES, in_words, sentence_case

_GAP = 0.72  # inches between neighbouring panels
_CELL = 0.66  # inches that a cell of the table beneath the axis needs
_STATES = "share_in_state"


@dataclass(frozen=True)
class _Room:
    """How the width is shared out: panels side by side, and what stands left and right."""

    columns: int
    left: float
    right: float
    has_labels: bool

    @property
    def panel_width(self) -> float:
        """Width of one panel in inches."""
        return (WIDTH - self.left - self.right - _GAP * (self.columns - 1)) / self.columns


@dataclass(frozen=True)
class _Plan:
    """Everything a drawing of curves needs to know before the first line is drawn."""

    panels: list[Panel]
    styles: dict[str, ArmStyle]
    ticks: list[float]
    unit: TimeUnit
    last_day: float
    shares: tuple[np.ndarray, ...]
    heading: str
    counts: str
    room: _Room

    @property
    def arms(self) -> list[str]:
        """Arms that have a curve, in the order of the study."""
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
    source = source_of(estimate, plan.panels, quantity=quantity, ticks=plan.ticks)
    return finish(lambda: _draw_incidence(plan), caption=words, alt=alt, sources=(source,))


def draw_mean_count(
    estimate: Estimate,
    *,
    time_unit: TimeUnit | None = None,
    least_at_risk: int | None = None,
    caption: str = "",
) -> Figure:
    """Draw the mean number of events per 100 patients over time, with numbers at risk beneath.

    Parameters
    ----------
    estimate
        The result of ``estimate_mean_count`` over all days. Small counts are suppressed first.
    time_unit, least_at_risk, caption
        As in :func:`draw_incidence`.

    Raises
    ------
    EstimationError
        If the estimate holds no such curve.

    Notes
    -----
    A patient may have several events, so that a curve may rise above 100. Events beneath the axis
    are all that have happened so far, not patients.
    """
    plan = _plan_incidence(estimate, "mean_count", time_unit, least_at_risk)
    alt = describe_curves(plan.panels, ticks=plan.ticks, unit=plan.unit, what=plan.heading, sign="")
    words = f"{caption or plan.heading + '.'} {_how_to_read(estimate, 'mean_count')}"
    source = source_of(estimate, plan.panels, quantity="mean_count", ticks=plan.ticks)
    return finish(lambda: _draw_incidence(plan), caption=words, alt=alt, sources=(source,))


def _first_quantity(estimate: Estimate) -> str:
    return "risk" if (estimate.frame["quantity"] == "risk").any() else "survival"


def _plan_incidence(
    estimate: Estimate, quantity: str, time_unit: TimeUnit | None, least_at_risk: int | None
) -> _Plan:
    """Lay the figure out with names at the ends of the curves, or else with a legend."""
    last_day = float(np.nanmax(estimate.frame["at_days"].to_numpy(), initial=1))
    unit = time_unit or choose_time_unit(last_day, estimate.about)
    n_panels = len(estimate.only(quantity=quantity).frame[["endpoint", "cause"]].drop_duplicates())
    for has_labels in (True, False) if n_panels == 1 else (False,):
        room = _make_room(estimate, n_panels, has_labels=has_labels)
        ticks = time_ticks(last_day, unit, most=max(2, int(room.panel_width / _CELL)))
        panels = make_panels(estimate, quantity=quantity, ticks=ticks, least_at_risk=least_at_risk)
        shares = _shares(panels, quantity)
        if has_labels and _end_apart(panels[0], last_day, float(shares[0][-1])):
            break
    known, _ = order_arms(estimate)
    heading = _heading(estimate, panels, quantity)
    words = (heading, name_counts(quantity))
    return _Plan(panels, style_arms(known), ticks, unit, last_day, shares, *words, room)


def _shares(panels: list[Panel], quantity: str) -> tuple[np.ndarray, ...]:
    """Return the ticks of each panel's axis, from zero to above all curves and their bands.

    Causes are compared with one another, on one scale. States are not: few have lost a response
    and fewer have it back, and on the scale of the first response neither would be seen.
    """
    highest = max(panel.highest for panel in panels)
    if quantity == "mean_count":
        return (np.array(rate_ticks(highest)),) * len(panels)
    if quantity == _STATES:
        return tuple(percent_ticks(percent_top(panel.highest)) for panel in panels)
    return (percent_ticks(1.0 if quantity == "survival" else percent_top(highest)),) * len(panels)


def _make_room(estimate: Estimate, n_panels: int, *, has_labels: bool) -> _Room:
    _, arms = order_arms(estimate)
    names = [sentence_case(arm) or "All" for arm in arms]
    beside = 0.0 if names_need_lines(arms) else widest(names, SMALL, is_bold=True)
    left = max(0.5, beside + 0.42)
    ends = [line for name in names for line in wrap_to(name, LABEL, BODY)]
    right = widest(ends, BODY, is_bold=True) + 0.2 if has_labels else 0.4
    return _Room(_columns(n_panels, WIDTH - left - right), left, right, has_labels)


def _columns(n_panels: int, width: float) -> int:
    """Return how many panels stand side by side, each wide enough for three ticks."""
    if n_panels < 2:
        return 1
    even = 2 if n_panels in (2, 4) else 3
    return even if (width - _GAP * (even - 1)) / even >= 2 * _CELL else 2


def _end_apart(panel: Panel, last_day: float, top_share: float) -> bool:
    """Tell whether names can stand at the ends of the curves without long lines to them."""
    curves = [curve for curve in panel.curves if len(curve.value)]
    ends = sorted(float(curve.value[-1]) / top_share for curve in curves)
    # Two names may be moved apart a little; three in one place would lose their curves.
    threes = [high - low for low, high in zip(ends, ends[2:], strict=False)]
    return min(threes, default=1.0) > 0.08 and all(c.end_day >= 0.9 * last_day for c in curves)


def _heading(estimate: Estimate, panels: list[Panel], quantity: str) -> str:
    endpoints = list(dict.fromkeys(panel.endpoint for panel in panels if panel.endpoint))
    unit = " per 100 patients" if quantity == "mean_count" else " (%)"
    if len(endpoints) != 1:
        return f"{QUANTITIES[quantity].label}{unit}"
    if quantity == "mean_count":
        return f"{QUANTITIES[quantity].label}{unit}: {spell_endpoint(estimate, endpoints[0])}"
    cause = panels[0].cause if len(panels) == 1 else ""
    what = name_quantity(estimate, quantity, endpoints[0])
    # A cause that only says again what the endpoint says is not said twice.
    is_told = not cause or cause == endpoints[0] or in_words(cause).lower() in what.lower()
    return f"{what} (%)" if is_told else f"{what}: {in_words(cause)} (%)"


def _how_to_read(estimate: Estimate, quantity: str) -> str:
    about, k = estimate.about, smallest_count_of(estimate)
    contains = about.get("interval", "")
    band = f"Bands: {spell_level(about)}" + (f" ({contains})" if contains else "") + "."
    stated = str(about.get("method", ""))
    method = f" {stated[:1].upper()}{stated[1:]}." if stated else ""
    masked = find_masked(estimate.only(quantity=quantity))["events"].ne("").any()
    merged = f" Steps are drawn once {k} events have come together." if masked else ""
    scales = " Each panel has its own scale." if quantity == _STATES else ""
    return f"{band}{method} A curve stops where few remain at risk.{scales}{merged}"


def _draw_incidence(plan: _Plan) -> Drawing:
    rows = math.ceil(len(plan.panels) / plan.room.columns)
    is_single = len(plan.panels) == 1
    height = 3.1 if is_single else 1.9
    table = 0.62 + at_risk_height(plan.arms)
    title = 0.0 if is_single else 0.25
    head = 0.38 if plan.room.has_labels else 0.62 + LINE * flow_arms(plan.arms)[-1][1]
    drawing = Drawing(figsize=(WIDTH, head + rows * (title + height + table) + 0.05))
    write(drawing, 0.05, 0.14, plan.heading, fontsize=BODY, weight="bold")
    if not plan.room.has_labels:
        draw_legend(drawing, plan.arms, plan.styles, top=0.42)
    for place, panel in enumerate(plan.panels):
        row, column = divmod(place, plan.room.columns)
        left = plan.room.left + column * (plan.room.panel_width + _GAP)
        top = head + row * (title + height + table) + title
        axes = _draw_panel(drawing, plan, place, Place(left, top, plan.room.panel_width, height))
        below = top + height + 0.62
        words = plan.counts if column == 0 else ""
        draw_at_risk_table(
            axes, panel.curves, ticks=plan.ticks, styles=plan.styles, top=below, heading=words
        )
        if plan.room.has_labels:
            label_ends(axes, _ends(panel, plan.styles))
    return drawing


def _draw_panel(drawing: Drawing, plan: _Plan, number: int, place: Place) -> Axes:
    axes, panel, shares = place_axes(drawing, place), plan.panels[number], plan.shares[number]
    dress_axes(
        axes, ticks=plan.ticks, per=DAYS_PER[plan.unit], shares=shares, last_day=plan.last_day
    )
    for curve in panel.curves:
        draw_steps(axes, curve, plan.styles[curve.arm])
    start = "the start of treatment" if plan.room.columns == 1 else "start"
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
