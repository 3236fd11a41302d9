"""Figures of levels over time, single patients behind their mean if they are invented."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from azaanalysis.disclosure import suppress
from azaanalysis.display.axis import (
    DAYS_PER,
    TimeUnit,
    choose_time_unit,
    rate_ticks,
    spell_time,
    time_ticks,
)
from azaanalysis.display.canvas import (
    LINE,
    Place,
    draw_legend,
    flow_arms,
    place_axes,
    write,
)
from azaanalysis.display.curves import order_arms
from azaanalysis.display.figure import Figure, finish
from azaanalysis.display.numbers import name_quantity, spell_level, spell_value
from azaanalysis.display.source import Source
from azaanalysis.display.style import BODY, GRID, WIDTH, ArmStyle, style_arms
from azaanalysis.errors import EstimationError
from azaanalysis.result import Estimate
from azaanalysis.vocab import QUANTITIES, in_words, sentence_case

_HEIGHT, _LEFT = 3.1, 0.5
# More days than this are drawn week by week: a figure has no more points.
_MOST_DAYS, _WEEK = 100, 7


def draw_trajectory(
    estimate: Estimate,
    *,
    individuals: pd.DataFrame | None = None,
    time_unit: TimeUnit | None = None,
    caption: str = "",
) -> Figure:
    """Draw a level or a share over time, by arm, with its band.

    Parameters
    ----------
    estimate
        One quantity at several days: the result of ``estimate_trajectory`` or of
        ``estimate_adherence``, or a mean dose of ``estimate_steroids``, which is drawn week by
        week. Small counts are suppressed first.
    individuals
        Lines of invented patients to be drawn behind, as ``sample_individuals`` returns them.
    time_unit
        ``"days"``, ``"weeks"`` or ``"months"``; that of the study if not given.
    caption
        Words for the caption, in place of the usual first sentence.

    Raises
    ------
    EstimationError
        If the estimate holds several quantities, or belongs to no days.
    """
    shown = suppress(estimate).frame
    quantities = shown["quantity"].unique()
    if len(quantities) != 1 or shown["at_days"].isna().any():
        raise EstimationError(
            "One quantity at several days can be drawn over time; this estimate has "
            f"{', '.join(quantities) or 'nothing'}. Choose with only(quantity=...)."
        )
    shown = _by_week(shown)
    unit = time_unit or choose_time_unit(float(shown["at_days"].max()), estimate.about)
    lines = pd.DataFrame() if individuals is None else individuals
    what = _what(estimate)
    words = f"{caption or what + '.'} Bands: {spell_level(estimate.about)}"
    words += f" ({estimate.about.get('interval', '')}). {_method(estimate)}"
    words += " Thin lines: single invented patients." if len(lines) else ""
    alt = f"{what}. {_in_words(shown, unit)}."
    return finish(
        lambda: _draw(estimate, shown, lines, unit, what),
        caption=words,
        alt=alt,
        sources=(Source(Estimate(shown, estimate.about)),),
    )


def _by_week(shown: pd.DataFrame) -> pd.DataFrame:
    """Keep one day of each week, and the last of each arm, where there are many."""
    if shown["at_days"].nunique() <= _MOST_DAYS:
        return shown
    is_last = ~shown.duplicated("arm", keep="last")
    kept: pd.DataFrame = shown[(shown["at_days"] % _WEEK == 0) | is_last]
    return kept


def _what(estimate: Estimate) -> str:
    first = estimate.frame.iloc[0]
    name = name_quantity(estimate, first["quantity"], first["endpoint"])
    if QUANTITIES[first["quantity"]].scale == "probability":
        return f"{QUANTITIES[first['quantity']].label} (%)"
    return f"{name} {first['unit']}".strip()


def _method(estimate: Estimate) -> str:
    method = str(estimate.about.get("method", ""))
    return f"{method[:1].upper()}{method[1:]}."


def _in_words(shown: pd.DataFrame, unit: TimeUnit) -> str:
    parts = []
    for arm, rows in shown.groupby("arm", sort=False):
        # Five readings tell the course; the table beside the figure has all.
        places = np.unique(np.linspace(0, len(rows) - 1, min(5, len(rows))).astype(int))
        readings = [_reading(row, unit) for row in rows.iloc[places].itertuples()]
        parts.append(f"{in_words(str(arm))}: {', '.join(readings)}")
    return "; ".join(parts)


def _reading(row: Any, unit: TimeUnit) -> str:
    return f"{spell_value(row)} at {spell_time(row.at_days, unit)}"


def _draw(
    estimate: Estimate, shown: pd.DataFrame, lines: pd.DataFrame, unit: TimeUnit, what: str
) -> Drawing:
    known, arms = order_arms(estimate)
    styles = style_arms(known)
    head = 0.62 + LINE * flow_arms(arms)[-1][1]
    drawing = Drawing(figsize=(WIDTH, head + _HEIGHT + 0.55))
    write(drawing, 0.05, 0.14, what, fontsize=BODY, weight="bold")
    draw_legend(drawing, arms, styles, top=0.42)
    axes = place_axes(drawing, Place(_LEFT, head, WIDTH - _LEFT - 0.25, _HEIGHT))
    _dress(axes, shown, lines, unit)
    for arm in arms:
        _draw_arm(axes, shown[shown["arm"] == arm], lines, styles[arm])
    return drawing


def _dress(axes: Axes, shown: pd.DataFrame, lines: pd.DataFrame, unit: TimeUnit) -> None:
    """Set both axes from zero: a cut axis makes a small fall look like a large one."""
    last = float(shown["at_days"].max())
    ticks = time_ticks(last, unit)
    seen = [*shown[["value", "upper"]].to_numpy(float).ravel()]
    seen += [] if lines.empty else lines.loc[lines["days"] <= last, "value"].tolist()
    is_share = QUANTITIES[shown["quantity"].iloc[0]].scale == "probability"
    heights = (
        [0, 0.2, 0.4, 0.6, 0.8, 1]
        if is_share
        else rate_ticks(max((y for y in seen if y == y), default=0.0))
    )
    axes.set_xlim(0, last * 1.005)
    axes.set_xticks(ticks, [f"{tick / DAYS_PER[unit]:.0f}" for tick in ticks])
    axes.set_ylim(0, heights[-1])
    axes.set_yticks(heights, [f"{100 * y:.0f}" if is_share else f"{y:g}" for y in heights])
    axes.grid(axis="y", color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"{sentence_case(unit)} since the start of treatment")


def _draw_arm(axes: Axes, rows: pd.DataFrame, lines: pd.DataFrame, style: ArmStyle) -> None:
    own = lines[lines["arm"] == rows["arm"].iloc[0]] if len(lines) else lines
    for _, line in own.groupby("line") if len(own) else ():
        axes.plot(line["days"], line["value"], color=style.colour, lw=0.5, alpha=0.35)
    days, value = rows["at_days"].to_numpy(), rows["value"].to_numpy()
    lower, upper = rows["lower"].to_numpy(), rows["upper"].to_numpy()
    if QUANTITIES[rows["quantity"].iloc[0]].scale == "probability":
        # A share belongs to the whole window that ends on its day.
        days = np.append(0.0, days)
        value, lower, upper = (np.append(numbers[:1], numbers) for numbers in (value, lower, upper))
        axes.fill_between(days, lower, upper, step="pre", color=style.colour, alpha=0.18, lw=0)
        axes.step(days, value, where="pre", color=style.colour, ls=style.line, lw=1.6)
        return
    axes.fill_between(days, lower, upper, color=style.colour, alpha=0.18, lw=0)
    axes.plot(days, value, color=style.colour, ls=style.line, lw=1.8)
