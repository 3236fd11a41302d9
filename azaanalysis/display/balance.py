"""How alike the arms are: the love plot, and its numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from azaanalysis.design.balance import TARGET
from azaanalysis.design.moments import AFTER, BEFORE
from azaanalysis.display.basis import BALANCE
from azaanalysis.display.canvas import LINE, Place, place_axes, write
from azaanalysis.display.figure import Figure, finish
from azaanalysis.display.masking import threshold_of
from azaanalysis.display.numbers import HIDDEN, spell_column, spell_fixed
from azaanalysis.display.style import (
    GRID,
    INK,
    SMALL,
    SOFT_INK,
    WIDTH,
    style_arms,
    widest,
    wrap_to,
)
from azaanalysis.display.summaries import masked_footnotes
from azaanalysis.display.table import Column, Table
from azaanalysis.errors import DesignError
from azaanalysis.small_counts import LINKED, SHOWN
from azaanalysis.vocab import in_words, sentence_case

# The mark that most authors take for a difference that does not matter.
# Source: Austin (2009), Stat Med 28:3083-3107.
_MARK = 0.1
_CHANCE = 1.96  # spreads within which 95 of 100 differences that only chance made would lie
_BELOW, _GAP = 0.62, 0.22


def tabulate_balance(
    frame: pd.DataFrame,
    *,
    versus: str | None = None,
    digits: int = 2,
    smallest_count: int | None = None,
    caption: str = "",
) -> Table:
    """Tabulate the standardised differences, before and after weighting.

    Parameters
    ----------
    frame
        The result of ``measure_balance``.
    versus
        ``"target population"`` for each arm against the population the weights aim at; against
        the reference if not given.
    digits
        Decimals of the differences.
    smallest_count
        Smallest count that may be told of; that of the frame if not given.
    caption
        Words above the table, in place of the usual ones.

    Raises
    ------
    DesignError
        If the frame holds no such comparison.
    """
    k = threshold_of(frame, smallest_count)
    rows = _without_few(_chosen(frame, versus), k)
    pages = list(rows[["arm", "stage"]].drop_duplicates().itertuples(index=False, name=None))
    columns = [Column("Characteristic", is_number=False)]
    is_weighted = AFTER in set(rows["stage"])
    columns += [
        Column(_stage(stage) if is_weighted else "As observed", group=sentence_case(arm))
        for arm, stage in pages
    ]
    cells, groups = [], []
    for (subgroup, *_), lines in rows.groupby(_LINE, sort=False):
        found = lines.set_index(["arm", "stage"])
        values = [_cell(found.loc[page], digits) for page in pages]
        cells.append((_label(lines.iloc[0]), *values))
        groups.append(_subgroup(str(subgroup)))
    notes = [f"Standardised difference from the {_other(rows)}: {frame.attrs.get('smd', '')}."]
    notes.append(_chance_in_words(rows))
    masks = [LINKED if HIDDEN in row else SHOWN for row in cells]
    return Table(
        caption or "How far apart the arms are",
        tuple(columns),
        tuple(cells),
        tuple(groups) if any(groups) else (),
        (*notes, *masked_footnotes(masks, smallest_count=k)),
        basis=BALANCE,
    )


def draw_balance(
    frame: pd.DataFrame,
    *,
    versus: str | None = None,
    smallest_count: int | None = None,
    caption: str = "",
) -> Figure:
    """Draw the standardised differences before and after weighting (a love plot).

    One panel for each arm, one line for each characteristic; the band is what chance alone would
    do at these numbers of patients and weights, the dashed lines are at 0.1.

    Parameters
    ----------
    frame, versus, smallest_count, caption
        As for :func:`tabulate_balance`; subgroups are left out.

    Raises
    ------
    DesignError
        If the frame holds no such comparison.
    """
    rows = _chosen(frame, versus)
    k = threshold_of(frame, smallest_count)
    rows = _without_few(rows[rows["subgroup"] == ""], k)
    rows = rows.assign(smd=rows["smd"].mask(rows["is_hidden"]))
    plan = _Plan(rows, frame.attrs.get("arms", tuple(dict.fromkeys(rows["arm"]))))
    other = _other(rows)
    words = f"Standardised differences from the {other}."
    words = f"{caption or words} {_marks_in_words(rows)} {_chance_in_words(rows)}"
    words += f" Dashed lines: {_MARK:g}."
    return finish(plan.draw, caption=words, alt=_alt(rows, other), basis=BALANCE)


_LINE = ["subgroup", "covariate", "level", "kind"]


def _chosen(frame: pd.DataFrame, versus: str | None) -> pd.DataFrame:
    """Return the rows of the comparison asked for."""
    is_target = frame["versus"] == TARGET
    rows = frame[is_target if versus == TARGET else ~is_target]
    if rows.empty:
        raise DesignError(
            f"There is no difference from the {versus or 'reference'} in this frame. It compares "
            f"with: {', '.join(frame['versus'].unique())}."
        )
    return rows


def _without_few(rows: pd.DataFrame, k: int) -> pd.DataFrame:
    """Mark differences on few patients, and those of the other levels of the same characteristic.

    A difference of two shares gives a share away where the other is known, and the shares of all
    levels but one give away the last.
    """
    is_few = rows["n_fewest"].lt(k).fillna(True)
    keys = [rows[key] for key in ("subgroup", "covariate", "arm", "stage")]
    same = is_few.groupby(keys).transform("any") & (rows["kind"] != "mean")
    return rows.assign(is_hidden=is_few | (same if k > 1 else False))


def _other(rows: pd.DataFrame) -> str:
    versus = str(rows["versus"].iloc[0])
    return versus if versus == TARGET else f"reference, {in_words(versus)}"


def _marks_in_words(rows: pd.DataFrame) -> str:
    is_weighted = AFTER in set(rows["stage"])
    return "Hollow: before weighting; filled: after." if is_weighted else "Hollow: as observed."


def _stage(stage: str) -> str:
    return sentence_case(stage.removesuffix(" weighting"))


def _subgroup(subgroup: str) -> str:
    name, _, level = subgroup.partition(": ")
    return f"{spell_column(name)}: {in_words(level)}" if level else ""


def _label(line: pd.Series) -> str:
    level = "missing" if line["kind"] == "missing" else in_words(str(line["level"]))
    return f"{spell_column(str(line['covariate']))}{f': {level}' if level else ''}"


def _cell(row: pd.Series, digits: int) -> str:
    return HIDDEN if row["is_hidden"] else spell_fixed(row["smd"], digits)


def _chance_in_words(rows: pd.DataFrame) -> str:
    """Say between which limits chance alone keeps a difference, in the last stage."""
    last = rows[rows["stage"] == rows["stage"].iloc[-1]]
    limits = _CHANCE * last.groupby("arm", sort=False)["chance_spread"].first()
    spelled = "; ".join(
        f"{in_words(str(arm))} {spell_fixed(limit, 2)}" for arm, limit in limits.items()
    )
    return f"Chance alone would keep 95 of 100 differences within: {spelled}."


def _alt(rows: pd.DataFrame, other: str) -> str:
    parts = []
    for (arm, stage), lines in rows.groupby(["arm", "stage"], sort=False):
        sizes = lines["smd"].abs()
        if sizes.isna().all():
            parts.append(f"{in_words(str(arm))} {stage}: nothing may be shown")
            continue
        largest = lines.iloc[int(sizes.fillna(0).to_numpy().argmax())]
        above = int((sizes > _MARK).sum())
        parts.append(
            f"{in_words(str(arm))} {stage}: largest {spell_fixed(largest['smd'], 2)} "
            f"({_label(largest)}), {above} of {int(sizes.notna().sum())} beyond {_MARK:g}"
        )
    return f"Standardised differences from the {other}. {'; '.join(parts)}."


@dataclass(frozen=True, eq=False)
class _Plan:
    """What is drawn where."""

    rows: pd.DataFrame
    arms: tuple[str, ...]

    def draw(self) -> Drawing:
        """Draw the names at the left, then one panel for each arm."""
        lines = [group for _, group in self.rows.groupby(_LINE, sort=False)]
        labels = [_label(group.iloc[0]) for group in lines]
        left = min(widest(labels, SMALL), 2.4) + 0.15
        shown = list(dict.fromkeys(self.rows["arm"]))
        width = (WIDTH - left - 0.1 - _GAP * (len(shown) - 1)) / len(shown)
        titles = {arm: wrap_to(sentence_case(arm), width, SMALL) for arm in shown}
        top = 0.12 + LINE * max(len(words) for words in titles.values())
        height = LINE * len(lines)
        drawing = Drawing(figsize=(WIDTH, top + height + _BELOW))
        for place, label in enumerate(labels):
            words = wrap_to(label, 2.4, SMALL)[0]
            write(drawing, left - 0.08, top + LINE * (place + 0.5), words, ha="right")
        reach = self._reach()
        for number, (arm, title) in enumerate(titles.items()):
            at = Place(left + number * (width + _GAP), top, width, height)
            self._draw_panel(place_axes(drawing, at), arm, lines, reach)
            colour = style_arms(self.arms)[arm].word_colour
            for i, words in enumerate(title):
                write(drawing, at.left, 0.12 + LINE * i, words, color=colour, weight="bold")
        middle = left + (WIDTH - 0.1 - left) / 2
        label = "Standardised difference"
        write(drawing, middle, top + height + 0.45, label, ha="center", color=SOFT_INK)
        return drawing

    def _reach(self) -> float:
        sizes = self.rows["smd"].abs()
        largest = float(sizes.max()) if sizes.notna().any() else 0.0
        return max(0.25, float(np.ceil(largest * 1.08 * 10) / 10))

    def _draw_panel(self, axes: Axes, arm: str, lines: list[pd.DataFrame], reach: float) -> None:
        """Draw one arm: the band of chance, the marks, a dot before and one after."""
        colour = style_arms(self.arms)[arm].colour
        last = self.rows["stage"].iloc[-1]
        for place, group in enumerate(lines):
            found = group[group["arm"] == arm].set_index("stage")
            limit = _CHANCE * float(found["chance_spread"][last])
            axes.fill_betweenx([place, place + 1], -limit, limit, color=GRID, lw=0)
            for stage, fill in ((BEFORE, "white"), (AFTER, colour)):
                if stage in found.index:
                    value = float(found["smd"][stage])
                    axes.plot([value], [place + 0.5], "o", ms=4.6, mfc=fill, mec=colour, mew=1.1)
        for mark in (-_MARK, _MARK):
            axes.axvline(mark, color=SOFT_INK, lw=0.8, ls=(0, (3, 2)))
        axes.axvline(0, color=INK, lw=0.8)
        _dress(axes, reach, len(lines))


def _dress(axes: Axes, reach: float, n_lines: int) -> None:
    axes.set_xlim(-reach, reach)
    axes.set_ylim(n_lines, 0)
    axes.set_yticks([])
    step = next(s for s in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 1e9) if reach / s < 2.6)
    ticks = [tick for tick in (-2 * step, -step, 0.0, step, 2 * step) if abs(tick) <= reach]
    axes.set_xticks(ticks, [f"{tick:g}".replace("-", "−") for tick in ticks])
    axes.spines["left"].set_visible(False)
