"""Persistence under several permissible gaps: side by side in a table, and in a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from azaanalysis.disclosure import suppress
from azaanalysis.display.axis import percent_ticks
from azaanalysis.display.beside import tabulate_beside
from azaanalysis.display.canvas import LINE, Place, draw_legend, flow_arms, place_axes, write
from azaanalysis.display.curves import order_arms
from azaanalysis.display.figure import Figure, finish
from azaanalysis.display.numbers import spell_fixed, spell_level
from azaanalysis.display.style import BODY, GRID, WIDTH, ArmStyle, style_arms
from azaanalysis.display.table import Table
from azaanalysis.errors import EstimationError
from azaanalysis.result import Estimate
from azaanalysis.vocab import QUANTITIES, in_words, sentence_case

_HEIGHT, _LEFT, _RIGHT, _BETWEEN = 2.3, 0.45, 0.1, 0.45
# What the quantities are here, in the words of this question.
_GROUPS = {
    QUANTITIES["survival"].label: "Still on treatment (%)",
    QUANTITIES["restricted_mean_difference"].label: "Difference in mean time on treatment (days)",
}
_WHAT = "Still on treatment, by the permissible gap"


def tabulate_gaps(estimate: Estimate, *, digits: int = 1, caption: str = "") -> Table:
    """Tabulate persistence with one pair of columns for each permissible gap.

    Parameters
    ----------
    estimate
        The result of ``estimate_over_gaps``. Small counts are suppressed first.
    digits
        Decimals of percentages.
    caption
        Words above the table, in place of the usual ones.

    Raises
    ------
    EstimationError
        If the estimate is not one over gaps.
    """
    # What the intervals contain is the same for all: it is said once.
    bare = estimate.with_about(method="", interval="")
    columns = {
        sentence_case(name): Estimate(of_gap, bare.about) for name, of_gap in _by_gap(bare).items()
    }
    words = caption or "Time on treatment, by the permissible gap between supplies"
    table = tabulate_beside(columns, digits=digits, caption=words)
    contains = estimate.about.get("interval", "")
    note = f"{sentence_case(spell_level(estimate.about))}: {contains}."
    groups = tuple(_GROUPS.get(group, group) for group in table.groups)
    return replace(table, groups=groups, footnotes=(note, *table.footnotes))


def draw_gaps(estimate: Estimate, *, caption: str = "") -> Figure:
    """Draw the share still on treatment against the permissible gap, one panel for each day.

    Parameters
    ----------
    estimate
        The result of ``estimate_over_gaps``. Small counts are suppressed first.
    caption
        Words for the caption, in place of the usual first sentence.

    Raises
    ------
    EstimationError
        If the estimate is not one over gaps.

    Notes
    -----
    Lines join what the same patients give under one limit and the next; they are no time courses.
    Flat lines mean that the limit does not matter; lines that cross, that it decides.
    """
    gaps = sorted(_days_of(name) for name in _by_gap(estimate))
    shown = suppress(estimate).only(quantity="survival").frame
    shown = shown.assign(gap=shown["endpoint"].map(_days_of))
    known, arms = order_arms(estimate)
    plan = _Plan(shown, gaps, arms, style_arms(known))
    words = f"{caption or _WHAT + '.'} Bars: {spell_level(estimate.about)}"
    words += f" ({estimate.about.get('interval', '')}). Arms are set a little apart."
    return finish(lambda: _draw(plan), caption=words, alt=f"{_WHAT}. {_in_words(plan)}.")


def _by_gap(estimate: Estimate) -> dict[str, pd.DataFrame]:
    frame = estimate.frame
    found = {str(name): rows for name, rows in frame.groupby("endpoint", sort=False)}
    if not found or not all(name.startswith("gap_of_") for name in found):
        raise EstimationError(
            "There are no permissible gaps here. Give the result of estimate_over_gaps."
        )
    return found


def _days_of(name: str) -> int:
    return int(name.removeprefix("gap_of_").removesuffix("_days"))


@dataclass(frozen=True)
class _Plan:
    """What is drawn: rows with their ``gap``, the gaps and arms in order, the style of arms."""

    rows: pd.DataFrame
    gaps: Sequence[int]
    arms: Sequence[str]
    styles: dict[str, ArmStyle]

    @property
    def days(self) -> list[float]:
        """Days that have a panel each."""
        return list(dict.fromkeys(self.rows["at_days"]))

    def of(self, day: float, arm: str) -> pd.DataFrame:
        """Return the rows of one arm on one day, in the order of the gaps."""
        here = (self.rows["at_days"] == day) & (self.rows["arm"] == arm)
        return self.rows[here].sort_values("gap")


def _in_words(plan: _Plan) -> str:
    """Read each arm out under the shortest and the longest limit."""
    parts = []
    for day in plan.days:
        arms = [f"{in_words(arm) or 'all'} {_ends(plan.of(day, arm))}" for arm in plan.arms]
        parts.append(f"Day {day:,.0f}: {'; '.join(arms)}")
    return ". ".join(parts)


def _ends(rows: pd.DataFrame) -> str:
    first, last = rows.iloc[0], rows.iloc[-1]
    return " and ".join(
        f"{spell_fixed(100 * row['value'], 1)}% with a gap of {row['gap']} days"
        if np.isfinite(row["value"])
        else f"not shown with a gap of {row['gap']} days"
        for row in (first, last)
    )


def _draw(plan: _Plan) -> Drawing:
    head = 0.85 + LINE * flow_arms(plan.arms)[-1][1]
    columns = min(len(plan.days), 3)
    lines = -(-len(plan.days) // columns)
    drawing = Drawing(figsize=(WIDTH, head + lines * (_HEIGHT + 0.85) - 0.3))
    write(drawing, 0.05, 0.14, f"{_WHAT} (%)", fontsize=BODY, weight="bold")
    draw_legend(drawing, plan.arms, plan.styles, top=0.42)
    width = (WIDTH - _LEFT - _RIGHT - _BETWEEN * (columns - 1)) / columns
    for number, day in enumerate(plan.days):
        line, column = divmod(number, columns)
        left, top = _LEFT + column * (width + _BETWEEN), head + line * (_HEIGHT + 0.85)
        axes = place_axes(drawing, Place(left, top, width, _HEIGHT))
        write(drawing, left, top - 0.13, f"Day {day:,.0f}", fontsize=BODY, weight="bold")
        _draw_panel(axes, plan, day)
    return drawing


def _draw_panel(axes: Axes, plan: _Plan, day: float) -> None:
    """Draw one day; limits stand at equal distances, as their labels say."""
    places = np.arange(len(plan.gaps))
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.set_xticks(places, [str(gap) for gap in plan.gaps])
    shares = percent_ticks(1.0)
    axes.set_ylim(0, 1)
    axes.set_yticks(shares, [f"{100 * share:g}" for share in shares])
    axes.grid(axis="y", color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Permissible gap (days)")
    for number, arm in enumerate(plan.arms):
        style, rows = plan.styles[arm], plan.of(day, arm)
        x = places + 0.1 * (number - (len(plan.arms) - 1) / 2)
        value = rows["value"].to_numpy()
        axes.plot(x, value, color=style.colour, ls=style.line, lw=1.2, marker="o", ms=3.5)
        axes.vlines(x, rows["lower"], rows["upper"], color=style.colour, lw=1.2)
