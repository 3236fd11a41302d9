"""Reasons for the end of treatment, stacked to their total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from azaanalysis.disclosure import smallest_count_of
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
    draw_at_risk,
    dress_axes,
    place_axes,
    visible_steps,
    write,
)
from azaanalysis.display.curves import (
    Curve,
    Panel,
    describe_curves,
    make_panels,
    order_arms,
    source_of,
)
from azaanalysis.display.figure import Figure, finish
from azaanalysis.display.numbers import spell_endpoint
from azaanalysis.display.reasons import draw_reasons, flow_reasons
from azaanalysis.display.style import (
    BODY,
    INK,
    SMALL,
    WIDTH,
    ArmStyle,
    colour_reasons,
    style_arms,
    width_of,
    wrap_to,
)
from azaanalysis.errors import EstimationError
from azaanalysis.result import Estimate
from azaanalysis.vocab import sentence_case

_LEAST_GAP, _EDGE, _END, _HEIGHT = 0.5, 0.45, 0.35, 2.5
_APART = 0.12  # inches between neighbouring numbers beneath the axes, at least


@dataclass(frozen=True)
class _Stack:
    """One arm: its curves, one for each reason, on a common grid of days."""

    arm: str
    curves: tuple[Curve, ...]
    days: np.ndarray
    heights: np.ndarray  # one row for each reason, each on top of the one before
    total: np.ndarray


@dataclass(frozen=True)
class _Room:
    """How the width is shared out: a number beneath the axes needs ``cell`` inches."""

    n: int
    cell: float

    @classmethod
    def of(cls, n: int, largest: float) -> _Room:
        """Return the room of so many panels, whose largest number at risk is given."""
        return cls(n, width_of(f"{largest:,.0f}", SMALL) + _APART)

    @property
    def gap(self) -> float:
        """Distance of neighbouring panels, so that their numbers do not touch either."""
        return max(_LEAST_GAP, self.cell)

    @property
    def panel_width(self) -> float:
        """Width of one panel in inches."""
        return (WIDTH - _EDGE - _END - self.gap * (self.n - 1)) / self.n


@dataclass(frozen=True)
class _Plan:
    stacks: list[_Stack]
    reasons: list[str]
    styles: dict[str, ArmStyle]
    ticks: list[float]
    unit: TimeUnit
    last_day: float
    heading: str
    room: _Room

    @property
    def head(self) -> float:
        """Height of heading, reasons and names of the arms."""
        lines = max(len(self.title_of(stack.arm)) for stack in self.stacks)
        return 0.76 + LINE * (flow_reasons(self.reasons)[-1][1] + lines - 1)

    def title_of(self, arm: str) -> list[str]:
        """Name of an arm, in lines that fit over its panel."""
        return wrap_to(sentence_case(arm) or "All", 0.92 * self.room.panel_width, BODY)

    def cells_of(self, stack: _Stack) -> list[str]:
        """Numbers at risk under each tick; where all would touch, those at both ends only."""
        cells = list(stack.curves[0].at_risk)
        is_crowded = self.room.panel_width < (len(cells) - 1) * self.room.cell
        return [cells[0], *[""] * (len(cells) - 2), cells[-1]] if is_crowded else cells


def draw_stacked_incidence(
    estimate: Estimate, *, time_unit: TimeUnit | None = None, caption: str = ""
) -> Figure:
    """Draw the reasons of each arm stacked to the total, one panel for each arm.

    Parameters
    ----------
    estimate
        The result of ``estimate_incidence`` with one or more causes of one endpoint. Small
        counts are suppressed first; a reason that may not be shown adds nothing to its stack.
    time_unit
        ``"days"``, ``"weeks"`` or ``"months"``; chosen by the length of follow-up if not given.
    caption
        Words for the caption, in place of the usual first sentence.

    Raises
    ------
    EstimationError
        If the estimate holds several endpoints, or no cumulative incidence.

    Notes
    -----
    The reasons add up to the total because each is an Aalen-Johansen incidence; stacking
    one minus Kaplan-Meier per reason would exceed it. There is no room for bands: read
    the intervals in the table or in :func:`draw_incidence`.
    """
    reasons = _reasons_of(estimate, "risk")
    plan, panels = _make_plan(estimate, reasons, time_unit, _Shares("risk", "survival"))
    return _finish(plan, panels, estimate, caption)


def draw_endings(
    estimate: Estimate, *, time_unit: TimeUnit | None = None, caption: str = ""
) -> Figure:
    """Draw why follow-up ended, stacked by reason over time, one panel for each arm.

    Parameters
    ----------
    estimate
        The result of ``measure_endings``. Small counts are suppressed first; a reason that may not
        be shown adds nothing to its stack.
    time_unit, caption
        As in :func:`draw_stacked_incidence`.

    Raises
    ------
    EstimationError
        If the estimate does not say why follow-up ended.

    Notes
    -----
    White above the line are those still followed. Look for a reason that is wider in one arm: if
    it takes those at risk, a curve that treats it as mere censoring is biased.
    """
    reasons = _reasons_of(estimate, "ended")
    plan, panels = _make_plan(estimate, reasons, time_unit, _Shares("ended", "followed"))
    heading = f"Follow-up that has ended, {spell_endpoint(estimate, panels[0].endpoint)} (%)"
    usual = f"Why follow-up ended: {spell_endpoint(estimate, panels[0].endpoint)}."
    return _finish(replace(plan, heading=heading), panels, estimate, caption or usual)


@dataclass(frozen=True)
class _Shares:
    """The quantity whose causes are stacked, and the one that is left over."""

    stacked: str
    rest: str


def _reasons_of(estimate: Estimate, quantity: str) -> list[str]:
    shares = estimate.only(quantity=quantity)
    reasons = [cause for cause in shares.frame["cause"].unique() if cause]
    endpoints = shares.frame["endpoint"].unique()
    if len(endpoints) != 1 or not reasons:
        raise EstimationError(
            f"Stacking needs the causes of one endpoint; this estimate has {len(endpoints)} "
            f"endpoints and {len(reasons)} causes. Keep one endpoint with .only(endpoint=...)."
        )
    return reasons


def _finish(plan: _Plan, panels: list[Panel], estimate: Estimate, caption: str) -> Figure:
    what = plan.heading.removesuffix(" (%)")
    alt = describe_curves(panels, ticks=plan.ticks, unit=plan.unit, what=what)
    k = smallest_count_of(estimate)
    gap = f" White under the line: fewer than {k} events of a reason since its last step."
    white = gap if k > 1 else ""
    words = f"{caption or what + ', by reason.'} The reasons exclude one another and add up.{white}"
    quantity = "ended" if (estimate.frame["quantity"] == "ended").any() else "risk"
    source = source_of(estimate, panels, quantity=quantity, ticks=plan.ticks)
    return finish(lambda: _draw(plan), caption=words, alt=alt, sources=(source,))


def _make_plan(
    estimate: Estimate, reasons: list[str], time_unit: TimeUnit | None, shares: _Shares
) -> tuple[_Plan, list[Panel]]:
    by_reason = estimate.only(cause=[*reasons, ""])
    last_day = float(np.nanmax(estimate.frame["at_days"].to_numpy(), initial=1))
    unit = time_unit or choose_time_unit(last_day, estimate.about)
    known, arms = order_arms(estimate)
    room = _Room.of(len(arms), float(estimate.frame["patients"].max()))
    ticks = time_ticks(last_day, unit, most=max(2, int(room.panel_width / max(0.5, room.cell))))
    panels = make_panels(by_reason, quantity=shares.stacked, ticks=ticks)
    panels = [panel for panel in panels if panel.cause]
    stacks = [_stack(arm, panels, _total(estimate, arm, ticks, shares.rest)) for arm in arms]
    heading = f"Cumulative incidence of {spell_endpoint(estimate, panels[0].endpoint)} (%)"
    plan = _Plan(stacks, reasons, style_arms(known), ticks, unit, last_day, heading, room)
    return plan, panels


def _total(estimate: Estimate, arm: str, ticks: list[float], rest: str) -> Curve | None:
    """Return the curve of those still free of the event, from which the total is read.

    A masked reason adds nothing to a stack; the total must not lose it.
    """
    survival = estimate.only(quantity=rest, arm=arm)
    if survival.frame["at_days"].isna().all():
        return None
    return make_panels(survival, quantity=rest, ticks=ticks)[0].curves[0]


def _stack(arm: str, panels: Sequence[Panel], survival: Curve | None) -> _Stack:
    curves = tuple(c for panel in panels for c in panel.curves if c.arm == arm)
    steps = [curve.days for curve in (*curves, *([survival] if survival else []))]
    days = np.unique(np.concatenate([*steps, [curves[0].end_day, 0.0]]))
    heights = np.cumsum([_read_all(curve, days) for curve in curves], axis=0)
    total = heights[-1] if survival is None else 1 - _read_all(survival, days)
    return _Stack(arm, curves, days, heights, np.maximum(total, heights[-1]))


def _read_all(curve: Curve, days: np.ndarray) -> np.ndarray:
    return np.array([(curve.read(day) or (0.0,))[0] for day in days])


def _draw(plan: _Plan) -> Drawing:
    drawing = Drawing(figsize=(WIDTH, plan.head + _HEIGHT + 0.7 + 2 * LINE))
    write(drawing, 0.05, 0.14, plan.heading, fontsize=BODY, weight="bold")
    colours = colour_reasons(plan.reasons)
    draw_reasons(drawing, colours)
    top_share = percent_top(max(float(stack.total.max()) for stack in plan.stacks))
    for place, stack in enumerate(plan.stacks):
        left = _EDGE + place * (plan.room.panel_width + plan.room.gap)
        axes = place_axes(drawing, Place(left, plan.head, plan.room.panel_width, _HEIGHT))
        dress_axes(
            axes,
            ticks=plan.ticks,
            per=DAYS_PER[plan.unit],
            shares=percent_ticks(top_share),
            last_day=plan.last_day,
        )
        _draw_stack(axes, stack, colours)
        _name_panel(axes, drawing, plan, stack, left)
    return drawing


def _draw_stack(axes: Axes, stack: _Stack, colours: dict[str, str]) -> None:
    kept = visible_steps(axes, stack.days)
    days, below = stack.days[kept], np.zeros(len(kept))
    for colour, height in zip(colours.values(), stack.heights, strict=True):
        above = height[kept]
        axes.fill_between(days, below, above, step="post", color=colour, lw=0)
        axes.step(days, above, where="post", color="white", lw=0.6)
        below = above
    axes.step(days, stack.total[kept], where="post", color=INK, lw=1.2, clip_on=False)


def _name_panel(axes: Axes, drawing: Drawing, plan: _Plan, stack: _Stack, left: float) -> None:
    style = plan.styles[stack.arm]
    for i, line in enumerate(reversed(plan.title_of(stack.arm))):
        top = plan.head - 0.13 - i * LINE
        write(drawing, left, top, line, color=style.word_colour, fontsize=BODY, weight="bold")
    axes.set_xlabel(f"{sentence_case(plan.unit)} since start")
    top = plan.head + _HEIGHT + 0.62
    if left == _EDGE:
        write(drawing, 0.05, top, "Number at risk")
    draw_at_risk(axes, plan.cells_of(stack), ticks=plan.ticks, top=top + LINE)
