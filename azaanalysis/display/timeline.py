"""The design of a study as a drawing: what is looked at before, on and after time zero."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Rectangle

from azaanalysis.display.basis import PROTOCOL
from azaanalysis.display.canvas import LINE, Place, place_axes, write
from azaanalysis.display.figure import Figure, finish
from azaanalysis.display.style import GRID, INK, SMALL, SOFT_INK, WIDTH, wrap_to
from azaanalysis.handling import handle_events
from azaanalysis.protocol import endpoint_label
from azaanalysis.study import Study

_BEFORE, _AFTER = "#88A5C4", "#E8B89B"
_LEFT = 3.0  # width of the words in inches
_BAR = 0.13  # height of a bar in inches
_GAP = 0.14  # between two rows
_EXAMPLE = 0.6  # an intercurrent event is drawn at this share of follow-up, for example


class _Window(NamedTuple):
    """One row of the drawing: a span of days, one day if both ends are the same, an event."""

    name: str
    first_day: float
    last_day: float
    words: str
    event_day: float | None = None


def draw_design(study: Study, *, endpoint: str) -> Figure:
    """Draw when what is looked at: washout, eligibility and covariates, time zero, follow-up.

    Parameters
    ----------
    study
        The study; nothing is drawn that it does not say.
    endpoint
        Name of the endpoint whose follow-up is drawn.

    Returns
    -------
    Figure
        One row for each window, on an axis in days from time zero.

    Raises
    ------
    StudyError
        If the study has no such endpoint.

    Notes
    -----
    After the graphical framework of Schneeweiss et al. (2019), Annals of Internal Medicine
    170:398-406.
    """
    windows = list(_windows(study, endpoint))
    label = endpoint_label(study.endpoint(endpoint), endpoint)
    alt = " ".join(f"{w.name}: {w.words}" for w in windows)
    caption = f"The design for {label[:1].lower()}{label[1:]}. "
    caption += (
        "A cross is an event on a day chosen for example; the bar shows how long follow-up lasts."
    )
    return finish(lambda: _draw(windows), caption=caption, alt=alt, basis=PROTOCOL)


def _windows(study: Study, endpoint: str) -> Iterator[_Window]:
    comparison, zero = study.comparison, study.comparison.first_day
    washout, horizon = comparison.washout_days, study.horizon_of(endpoint)
    if washout:
        words = f"Observed, without the class, for {washout:,} days."
        yield _Window("Washout", zero - washout, zero, words)
    yield _Window("Eligibility and covariates", zero, zero, "As known on the day of first supply.")
    yield _Window("Time zero", zero, zero, f"The first supply, counted as day {zero}.")
    yield _Window("Follow-up", zero, horizon, f"At most {horizon:,} days.")
    for one in handle_events(study, endpoint):
        name = f"When {one.event}"
        day = zero + round(_EXAMPLE * (horizon - zero))
        ends = horizon if one.strategy in ("ignored", "source") else day + one.delay_days
        yield _Window(name, zero, ends, one.in_words(), day)


def _draw(windows: list[_Window]) -> Drawing:
    names = [wrap_to(window.name, _LEFT - 0.5, SMALL) for window in windows]
    words = [wrap_to(window.words, _LEFT - 0.1, SMALL - 0.5) for window in windows]
    heights = [LINE * (len(n) + len(w)) + _GAP for n, w in zip(names, words, strict=True)]
    drawing = Drawing(figsize=(WIDTH, sum(heights) + 0.5))
    axes = place_axes(drawing, Place(_LEFT, 0.05, WIDTH - _LEFT - 0.1, sum(heights)))
    _set_axis(axes, windows, high=sum(heights))
    top = 0.0
    soft = {"color": SOFT_INK, "fontsize": SMALL - 0.5}
    for window, name, lines, height in zip(windows, names, words, heights, strict=True):
        styled = [(line, {"weight": "bold"}) for line in name] + [(line, soft) for line in lines]
        for number, (line, style) in enumerate(styled):
            write(drawing, 0.0, 0.05 + top + _GAP / 2 + LINE * (number + 0.5), line, **style)
        _draw_window(axes, window, middle=top + height / 2)
        top += height
        axes.axhline(top, color=GRID, lw=0.6, zorder=0)
    return drawing


def _set_axis(axes: Axes, windows: list[_Window], *, high: float) -> None:
    first, last = min(w.first_day for w in windows), max(w.last_day for w in windows)
    margin = 0.02 * (last - first)
    axes.set_xlim(first - margin, last + margin)
    axes.set_ylim(high, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("Days from time zero")
    zero = next(w.first_day for w in windows if w.name == "Time zero")
    axes.axvline(zero, color=INK, lw=1.2, zorder=0)


def _draw_window(axes: Axes, window: _Window, *, middle: float) -> None:
    """Draw a span as a bar, one day as a diamond, an event as a cross on the bar it may end."""
    if window.first_day == window.last_day:
        axes.plot(window.first_day, middle, marker="D", ms=6, color=INK)
        return
    colour = _BEFORE if window.name == "Washout" else _AFTER
    corner = (window.first_day, middle - _BAR / 2)
    width = window.last_day - window.first_day
    axes.add_patch(Rectangle(corner, width, _BAR, facecolor=colour, edgecolor="none"))
    if window.event_day is not None:
        axes.plot(window.event_day, middle, marker="X", ms=7, color=INK, mew=0)
