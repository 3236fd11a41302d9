"""Who could have received what: weights, preference scores, and the map of support."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from azaanalysis.display.basis import EQUIPOISE, WEIGHTS
from azaanalysis.display.canvas import LINE as LINE_HEIGHT
from azaanalysis.display.canvas import Place, draw_legend, flow_arms, place_axes
from azaanalysis.display.figure import Figure, draw_words, finish
from azaanalysis.display.masking import threshold_of
from azaanalysis.display.numbers import HIDDEN, spell_count, spell_fixed
from azaanalysis.display.rows import Frame, Line, draw_rows
from azaanalysis.display.statement import NOT_WEIGHED
from azaanalysis.display.style import GRID, WIDTH, style_arms, wrap_to
from azaanalysis.display.summaries import masked_footnotes, spell_marked
from azaanalysis.display.table import Column, Table
from azaanalysis.small_counts import LINKED, SHOWN, SMALL, protect
from azaanalysis.vocab import in_words, sentence_case

_EQUIPOISE = (0.3, 0.7)
# Below this effective number no interval of a weighted arm can be trusted; measured, see the
# decisions in CONTRIBUTING.
_TOO_FEW = 40
_TICKS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)


def tabulate_weights(
    frame: pd.DataFrame, *, smallest_count: int | None = None, caption: str = ""
) -> Table:
    """Tabulate the weights of each arm, and how many patients they leave in effect.

    Parameters
    ----------
    frame
        The result of ``measure_weights``.
    smallest_count
        Smallest count that may be shown; that of the frame if not given.
    caption
        Words above the table, in place of the usual ones.
    """
    k = threshold_of(frame, smallest_count)
    if _is_unweighted(frame):
        frame = frame.iloc[:0]
    headers = ("Patients", "Lowest", "1%", "Median", "99%", "Largest", "Effective", "Share")
    columns = (Column("Arm", is_number=False), *(Column(header) for header in headers))
    rows, marks = [], []
    for row in frame.to_dict("records"):
        mark = SMALL if 0 < row["patients"] < k else SHOWN
        mark = LINKED if row["arm"] in frame.attrs.get("withheld", ()) else mark
        marks.append(mark)
        names = ("lowest", "p01", "median", "p99", "largest")
        numbers = [spell_fixed(row.get(name), 2) for name in names]
        effective = [spell_fixed(row["effective"], 0), f"{100 * row['effective_share']:.0f}%"]
        shown = [spell_count(row["patients"]), *numbers, *effective]
        hidden = [spell_marked(row["patients"], mark, k), *[""] * 7]
        rows.append((sentence_case(row["arm"]), *(hidden if mark else shown)))
    notes = ["Weights are shown with the mean of each arm set to 1.", _EFFECTIVE]
    notes = notes if rows else [NOT_WEIGHED]
    few = [in_words(r["arm"]) for r in frame.to_dict("records") if r["effective"] < _TOO_FEW]
    if few:
        notes.append(f"Fewer than {_TOO_FEW} in effect: no interval can be trusted in {few[0]}.")
    return Table(
        caption or "What the weights leave of each arm",
        columns,
        tuple(rows),
        footnotes=(*notes, *masked_footnotes(marks, smallest_count=k)),
        basis=WEIGHTS,
    )


_EFFECTIVE = (
    "Effective: the number of patients of equal weight that would be as precise "
    "(sum of weights squared, over the sum of squared weights)."
)


def draw_weights(
    frame: pd.DataFrame, *, smallest_count: int | None = None, caption: str = ""
) -> Figure:
    """Draw the spread of the weights of each arm, with the effective number of patients.

    Parameters
    ----------
    frame, smallest_count, caption
        As for :func:`tabulate_weights`.
    """
    if _is_unweighted(frame):
        return draw_words(NOT_WEIGHED, caption=caption or "Weights")
    k = threshold_of(frame, smallest_count)
    is_withheld = frame["arm"].isin(frame.attrs.get("withheld", ()))
    shown = frame[(frame["patients"] >= k) & ~is_withheld]
    styles = style_arms(list(frame["arm"]))
    lines = [
        Line(
            sentence_case(row["arm"]),
            spell_count(row["patients"]),
            f"{spell_fixed(row['effective'], 0)} ({100 * row['effective_share']:.0f}%)",
            row["median"],
            max(row["p01"], _TICKS[0]),
            row["p99"],
            styles[row["arm"]].colour,
        )
        for row in shown.to_dict("records")
    ]
    low = float(shown["p01"].clip(lower=_TICKS[0]).min()) if len(shown) else 1.0
    high = float(shown["p99"].max()) if len(shown) else 1.0
    ticks = _ticks_around(low, high)
    axis = Frame(
        ("Arm", "Patients", "Effective"), ticks, "Weight (mean of the arm: 1)", is_log=True
    )
    words = "Weights: the median, and from the 1st to the 99th percentile, on a logarithmic axis."
    parts = "; ".join(
        f"{line.label}: median {spell_fixed(line.value, 2)}, 1% to 99% "
        f"{spell_fixed(line.lower, 2)} to {spell_fixed(line.upper, 2)}, "
        f"{line.numbers} of {line.counts} patients in effect"
        for line in lines
    )
    return finish(
        lambda: draw_rows(lines, axis),
        caption=f"{caption or words} {_EFFECTIVE}",
        alt=f"{parts}.",
        basis=WEIGHTS,
    )


def _is_unweighted(frame: pd.DataFrame) -> bool:
    """Return whether every patient counts as one."""
    return bool((frame["lowest"] == 1).all() and (frame["largest"] == 1).all())


def _ticks_around(low: float, high: float) -> list[float]:
    first = max((i for i, tick in enumerate(_TICKS) if tick <= low), default=0)
    last = min((i for i, tick in enumerate(_TICKS) if tick >= high), default=len(_TICKS) - 1)
    return list(_TICKS[first : max(last, first + 1) + 1])


def tabulate_equipoise(
    frame: pd.DataFrame, *, smallest_count: int | None = None, caption: str = ""
) -> Table:
    """Tabulate how many patients could as well have received the other arm.

    Parameters
    ----------
    frame
        The result of ``measure_equipoise``.
    smallest_count, caption
        As for :func:`tabulate_weights`.
    """
    k = threshold_of(frame, smallest_count)
    headers = ("Patients of both arms", "In equipoise", "Share")
    columns = [Column("Arm", is_number=False), Column("Compared with", is_number=False)]
    rows, marks = [], []
    for row in frame.to_dict("records"):
        outside = row["patients"] - row["in_equipoise"]
        mark = SMALL if 0 < row["in_equipoise"] < k else LINKED if 0 < outside < k else SHOWN
        withheld = {row["arm"], row["versus"]} & {*frame.attrs.get("withheld", ())}
        mark = LINKED if withheld else mark
        marks.append(mark)
        share = "" if mark else f"{100 * row['share']:.0f}%"
        inside = spell_marked(row["in_equipoise"], mark, k)
        names = (sentence_case(row["arm"]), in_words(row["versus"]))
        both = HIDDEN if withheld else spell_count(row["patients"])
        rows.append((*names, both, inside, share))
    note = "In equipoise: preference score from 0.3 to 0.7, 0.5 meaning that nothing spoke for one."
    note = NOT_WEIGHED if frame.empty else note
    return Table(
        caption or "Who could as well have received the other arm",
        (*columns, *(Column(header) for header in headers)),
        tuple(rows),
        footnotes=(note, *masked_footnotes(marks, smallest_count=k)),
        basis=EQUIPOISE,
    )


def draw_preference(
    frame: pd.DataFrame, *, smallest_count: int | None = None, caption: str = ""
) -> Figure:
    """Draw the preference scores of each arm and the reference, one panel for each comparison.

    Areas count patients as observed, lines as weighted. Bins with few patients are left out.

    Parameters
    ----------
    frame
        The result of ``measure_preference``.
    smallest_count, caption
        As for :func:`tabulate_weights`.
    """
    k = threshold_of(frame, smallest_count)
    is_few = _few_in_bins(frame, k)
    shown = frame.assign(
        share=frame["share"].mask(is_few), weighted_share=frame["weighted_share"].mask(is_few)
    )
    if frame.empty:
        return draw_words(NOT_WEIGHED, caption=caption or "Preference scores")
    pairs = list(shown.groupby(["arm", "versus"], sort=False))
    arms = list(frame.attrs.get("arms", dict.fromkeys([*shown["versus"], *shown["arm"]])))
    words = caption or (
        "Preference scores: the chance of the first arm as if both were of one size. Areas: "
        "patients as observed; lines: as weighted; grey: equipoise, from 0.3 to 0.7."
    )
    alt = "; ".join(_preference_in_words(lines) for _, lines in pairs)
    return finish(
        lambda: _draw_preference(pairs, arms), caption=words, alt=f"{alt}.", basis=EQUIPOISE
    )


def _few_in_bins(frame: pd.DataFrame, k: int) -> pd.Series:
    """Mark the bins of few patients, and others from whose total they could be worked out."""
    is_few = frame["patients"].between(1, k - 1)
    for rows in frame.groupby(["arm", "versus", "received"], sort=False).groups.values():
        marks = np.where(is_few.loc[rows], SMALL, SHOWN).astype(object)
        is_few.loc[rows] = protect(frame["patients"].loc[rows], marks, k) != SHOWN
    return is_few


def _preference_in_words(lines: pd.DataFrame) -> str:
    parts = []
    for received, bins in lines.groupby("received", sort=False):
        middle = (bins["score_from"] + bins["score_to"]) / 2
        inside = middle.between(*_EQUIPOISE)
        share = bins["share"][inside].sum()
        typical = middle[bins["share"].fillna(0).cumsum().searchsorted(0.5) + bins.index[0]]
        parts.append(
            f"{in_words(str(received))}: median score near {spell_fixed(typical, 2)}, "
            f"{100 * share:.0f}% in equipoise"
        )
    arm, versus = lines[["arm", "versus"]].iloc[0]
    return f"{sentence_case(arm)} v {in_words(versus)}: {', '.join(parts)}"


def _draw_preference(pairs: Sequence[tuple[object, pd.DataFrame]], arms: list[str]) -> Drawing:
    top = 0.3 + LINE_HEIGHT * (flow_arms(arms)[-1][1] + 1)
    per_row = min(len(pairs), 3)
    n_rows = -(-len(pairs) // per_row)
    width = (WIDTH - 0.2 - 0.25 * (per_row - 1)) / per_row
    drawing = Drawing(figsize=(WIDTH, top + n_rows * 2.1 + 0.15))
    styles = style_arms(arms)
    draw_legend(drawing, arms, styles, top=0.15)
    for number, (_, lines) in enumerate(pairs):
        row, column = divmod(number, per_row)
        at = Place(0.1 + column * (width + 0.25), top + row * 2.1, width, 1.45)
        axes = place_axes(drawing, at)
        axes.axvspan(*_EQUIPOISE, color=GRID, lw=0)
        for received, bins in lines.groupby("received", sort=False):
            _draw_bins(axes, bins, styles[str(received)].colour)
        _dress_preference(axes, str(lines["arm"].iloc[0]), width)
    return drawing


def _draw_bins(axes: Axes, bins: pd.DataFrame, colour: str) -> None:
    edges = np.append(bins["score_from"], bins["score_to"].iloc[-1])
    share = bins["share"].fillna(0).to_numpy()
    weighted = bins["weighted_share"].fillna(0).to_numpy()
    axes.stairs(share, edges, fill=True, color=colour, alpha=0.3, lw=0)
    axes.stairs(weighted, edges, color=colour, lw=1.5)


def _dress_preference(axes: Axes, arm: str, width: float) -> None:
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.3, 0.5, 0.7, 1], ["0", "0.3", "0.5", "0.7", "1"])
    axes.set_yticks([])
    axes.set_ylim(bottom=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("\n".join(wrap_to(f"Preference for {in_words(arm)}", width)))
