"""What if those lost fared otherwise: a table of scenarios, and where the conclusion turns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D

from azaanalysis.disclosure import suppress
from azaanalysis.display.axis import difference_ticks
from azaanalysis.display.basis import LOST
from azaanalysis.display.canvas import Place, place_axes, write
from azaanalysis.display.figure import Figure, finish
from azaanalysis.display.numbers import (
    NOT_KNOWN,
    spell_fixed,
    spell_interval,
    spell_level,
    spell_value,
)
from azaanalysis.display.source import Source
from azaanalysis.display.style import (
    GRID,
    INK,
    SMALL,
    WIDTH,
    style_arms,
    width_of,
    wrap_to,
)
from azaanalysis.display.table import Column, Table
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.lost import Scenario
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words, sentence_case

_HEIGHT, _GAP = 1.9, 0.3
# Ratios that the table shows; the figure has those between them, too.
_TABULATED = (0.2, 0.5, 1.0, 2.0, 5.0, 0.0, np.inf)


def tabulate_lost(estimate: Estimate, *, digits: int = 1, caption: str = "") -> Table:
    """Tabulate the difference if those lost were at another risk, and where it turns.

    Parameters
    ----------
    estimate
        The result of ``estimate_if_lost_differ``. Small counts are suppressed first.
    digits
        Decimals of percentages.
    caption
        Words above the table, in place of the usual ones.
    """
    shown = _shown(estimate)
    gaps = shown[shown["quantity"] == "risk_difference"]
    chosen = [
        s
        for s in estimate.about["scenarios"]
        if s.of_arm in _TABULATED and s.of_reference in _TABULATED
    ]
    columns = [Column("If, after they were lost, the hazard was", is_number=False)]
    arms = list(gaps["arm"].unique())
    reference = str(gaps["versus"].iloc[0])
    columns += [Column(f"{sentence_case(arm)} v {in_words(reference)}") for arm in arms]
    rows = []
    for scenario in chosen:
        cells = []
        for arm in arms:
            row = next(
                gaps[(gaps["arm"] == arm) & (gaps["endpoint"] == scenario.name)].itertuples()
            )
            value = spell_value(row, digits=digits).rstrip("%")
            limits = spell_interval(row, digits=digits)
            cells.append(NOT_KNOWN if pd.isna(row.value) else f"{value} ({limits})")
        rows.append((_scenario_in_words(scenario, reference), *cells))
    rows += [_tipping_row(shown, arms, side) for side in ("arm", reference)]
    label = str(estimate.about.get("endpoint_label", "Risk"))
    usual = f"{label} by day {estimate.about['at_day']:,.0f}, if those lost were different"
    notes = (_shares(shown, digits), *(estimate.about.get("notes", ())))
    names = [
        [s.name for s in chosen] + [f"lost of {side}" for side in (arm, reference)] for arm in arms
    ]
    sources = tuple(
        Source(Estimate(shown, estimate.about), _places(shown, of_arm, arm), (1 + i,))
        for i, (arm, of_arm) in enumerate(zip(arms, names, strict=True))
    )
    return Table(
        caption or usual, tuple(columns), tuple(rows), (), notes, sources=sources, basis=LOST
    )


def _places(shown: pd.DataFrame, names: list[str], arm: str) -> tuple[int, ...]:
    """Return where each line of one arm stands in the estimate."""
    keys = zip(shown["endpoint"], shown["arm"], strict=True)
    where = {key: row for row, key in enumerate(keys)}
    return tuple(where.get((name, arm), -1) for name in names)


def _shown(estimate: Estimate) -> pd.DataFrame:
    if "scenarios" not in estimate.about:
        raise EstimationError(
            "This estimate has no scenarios; give that of estimate_if_lost_differ."
        )
    return suppress(estimate).frame


def _scenario_in_words(scenario: Scenario, reference: str) -> str:
    own, other = scenario.of_arm, scenario.of_reference
    if own == other == 1:
        return "that of those followed (the estimate)"
    if {own, other} == {0.0, np.inf}:
        words = {0.0: "none", np.inf: "all"}
        return f"the extreme: {words[own]} of the arm has it, {words[other]} of the reference"
    side, ratio = ("the arm", own) if own != 1 else (in_words(reference), other)
    return f"{ratio:g} times as high in {side}"


def _tipping_row(shown: pd.DataFrame, arms: list[str], side: str) -> tuple[str, ...]:
    cells = []
    for arm in arms:
        name = f"lost of {arm if side == 'arm' else side}"
        keep = (shown["quantity"] == "tipping_hazard_ratio") & (shown["arm"] == arm)
        value = shown.loc[keep & (shown["endpoint"] == name), "value"].iloc[0]
        cells.append(NOT_KNOWN if pd.isna(value) else f"{value:.2f}")
    place = "the arm" if side == "arm" else in_words(side)
    return (f"Hazard ratio of those lost of {place} that brings the interval to zero", *cells)


def _shares(shown: pd.DataFrame, digits: int) -> str:
    rows = shown[shown["quantity"] == "share_lost"].itertuples()
    parts = [f"{in_words(str(row.arm))} {spell_value(row, digits=digits)}" for row in rows]
    return (
        "Difference in cumulative incidence, in percentage points. Lost before the day "
        f"without an event, weighted: {', '.join(parts)}. {NOT_KNOWN}: none between 1/50 and 50."
    )


def draw_lost(estimate: Estimate, *, caption: str = "") -> Figure:
    """Draw the difference against the hazard ratio of those lost, one panel for each arm.

    Parameters
    ----------
    estimate
        The result of ``estimate_if_lost_differ``. Small counts are suppressed first.
    caption
        Words for the caption, in place of the usual first sentence.
    """
    shown = _shown(estimate)
    gaps = shown[shown["quantity"] == "risk_difference"]
    arms, reference = list(gaps["arm"].unique()), str(gaps["versus"].iloc[0])
    words = (
        f"{caption or 'The difference if those lost were at another hazard than those followed.'} "
        f"Solid line with band: those lost of the arm; dashed: those lost of "
        f"{in_words(reference)}. Bands: {spell_level(estimate.about)}. At 1 both are the estimate."
    )
    alt = ". ".join(_in_words(estimate, gaps, arm, reference) for arm in arms)
    styles = style_arms(estimate.about.get("arms", (reference, *arms)))

    def draw() -> Drawing:
        left = 0.55
        width = (WIDTH - left - _GAP * (len(arms) - 1) - 0.12) / len(arms)
        titles = [
            wrap_to(f"{sentence_case(a)} v {in_words(reference)}", 0.88 * width) for a in arms
        ]
        top = 0.12 + 0.16 * max(map(len, titles))
        drawing = Drawing(figsize=(WIDTH, top + _HEIGHT + 0.76))
        seen = 100 * gaps[["lower", "upper"]].to_numpy(float)
        seen = seen[np.isfinite(seen)]
        ticks = difference_ticks(float(seen.min(initial=0)), float(seen.max(initial=1)))
        for place, (arm, title) in enumerate(zip(arms, titles, strict=True)):
            start = left + place * (width + _GAP)
            for i, line in enumerate(title):
                at, colour = 0.1 + 0.16 * i, styles[arm].word_colour
                write(drawing, start, at, line, weight="bold", color=colour)
            axes = place_axes(drawing, Place(start, top, width, _HEIGHT))
            _dress(axes, ticks, is_first=place == 0)
            sides = (
                (True, styles[arm].colour, "-"),
                (False, styles[reference].colour, (0, (4, 2))),
            )
            for of_arm, colour, dashes in sides:
                ratio, numbers = _line(estimate, gaps, arm, of_arm=of_arm)
                value, lower, upper = 100 * numbers.T
                axes.fill_between(ratio, lower, upper, color=colour, alpha=0.13, lw=0)
                axes.plot(ratio, value, color=colour, ls=dashes, lw=1.6)
        label = "Hazard of those lost, times that of those followed (logarithmic axis)"
        write(drawing, left, top + _HEIGHT + 0.42, label)
        _draw_key(drawing, left, top + _HEIGHT + 0.64, reference)
        return drawing

    return finish(draw, caption=words, alt=f"{alt}.", sources=(Source(suppress(estimate)),))


def _draw_key(drawing: Drawing, left: float, top: float, reference: str) -> None:
    """Say beneath the panels whose lost a solid and a dashed line are about."""
    wide, high = drawing.get_size_inches()
    for words, dashes in (("the arm", "-"), (in_words(reference), (0, (4, 2)))):
        ends = np.array([left, left + 0.32]) / wide
        drawing.add_artist(Line2D(ends, [1 - top / high] * 2, color=INK, ls=dashes, lw=1.4))
        write(drawing, left + 0.4, top, f"those lost of {words}")
        left += 0.7 + width_of(f"those lost of {words}", SMALL)


def _dress(axes: Axes, ticks: list[float], *, is_first: bool) -> None:
    axes.set_xscale("log")
    axes.set_xlim(0.1, 10)
    axes.set_xticks([0.1, 0.2, 0.5, 1, 2, 5, 10], ["0.1", "0.2", "0.5", "1", "2", "5", "10"])
    axes.minorticks_off()
    axes.set_ylim(ticks[0], ticks[-1])
    axes.set_yticks(ticks, [f"{tick:g}".replace("-", "−") if is_first else "" for tick in ticks])
    axes.tick_params(labelsize=SMALL)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y", color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    axes.axhline(0, color=INK, lw=0.9)
    if is_first:
        axes.set_ylabel("Difference (percentage points)", fontsize=SMALL)


def _line(
    estimate: Estimate, gaps: pd.DataFrame, arm: str, *, of_arm: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return hazard ratios of those lost of one side, with value, lower and upper limit."""
    found = []
    of_one = gaps[gaps["arm"] == arm].set_index("endpoint")
    for scenario in estimate.about["scenarios"]:
        own, other = scenario.of_arm, scenario.of_reference
        moved, rest = (own, other) if of_arm else (other, own)
        if rest == 1 and 0 < moved < np.inf:
            numbers = of_one.loc[scenario.name, ["value", "lower", "upper"]]
            found.append((moved, *numbers.to_numpy(float)))
    table = np.array(sorted(found))
    return table[:, 0], table[:, 1:]


def _in_words(estimate: Estimate, gaps: pd.DataFrame, arm: str, reference: str) -> str:
    parts = list(_ends_in_words(estimate, gaps, arm, reference))
    return f"{sentence_case(arm)} v {in_words(reference)}: {'; '.join(parts)}"


def _ends_in_words(
    estimate: Estimate, gaps: pd.DataFrame, arm: str, reference: str
) -> Iterator[str]:
    for of_arm, name in ((True, arm), (False, reference)):
        ratio, numbers = _line(estimate, gaps, arm, of_arm=of_arm)
        first, last = 100 * numbers[0, 0], 100 * numbers[-1, 0]
        yield (
            f"those lost of {in_words(name)} from {ratio[0]:g} to {ratio[-1]:g} times the hazard, "
            f"difference {spell_fixed(first, 1)} to {spell_fixed(last, 1)} points"
        )
