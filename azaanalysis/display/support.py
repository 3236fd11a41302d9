"""The map of who could receive what."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as Drawing

from azaanalysis.display.basis import SUPPORT
from azaanalysis.display.canvas import LINE, Place, place_axes, write
from azaanalysis.display.figure import Figure, draw_words, finish
from azaanalysis.display.masking import threshold_of
from azaanalysis.display.numbers import HIDDEN, spell_column, spell_fixed
from azaanalysis.display.statement import NOT_WEIGHED
from azaanalysis.display.style import INK, WIDTH, widest, wrap_to
from azaanalysis.display.style import SMALL as SMALL_SIZE
from azaanalysis.display.summaries import masked_footnotes, spell_marked
from azaanalysis.display.table import Column, Table
from azaanalysis.small_counts import LINKED, SHOWN, SMALL, is_small, protect
from azaanalysis.vocab import in_words, sentence_case

# From nobody to everybody; words on it keep a contrast of 4.5 to 1.
_SHADES = LinearSegmentedColormap.from_list("support", ["#F3E3D6", "#FFFFFF", "#9CC3E6"])
_MEANING = (
    "Open: the share of the group whose preference score for the arm is at least a fifth of an "
    "even share among the arms."
)


def tabulate_support(
    frame: pd.DataFrame, *, smallest_count: int | None = None, caption: str = ""
) -> Table:
    """Tabulate, for groups of patients, who received each arm and to whom it was open.

    Parameters
    ----------
    frame
        The result of ``measure_support``.
    smallest_count
        Smallest count that may be shown; that of the frame if not given.
    caption
        Words above the table, in place of the usual ones.
    """
    k = threshold_of(frame, smallest_count)
    marked = _marked(frame, k)
    arms = list(dict.fromkeys(marked["arm"]))
    columns = [Column("Patients", is_number=False)]
    for arm in arms:
        columns += [Column(word, group=sentence_case(arm)) for word in ("Received", "Open")]
    rows, groups = [], []
    for (covariate, level), cells in marked.groupby(["covariate", "level"], sort=False):
        found = cells.set_index("arm").loc[arms].to_dict("records")
        values = [
            text
            for cell in found
            for text in (spell_marked(cell["received"], cell["mark"], k), _open(cell))
        ]
        rows.append((sentence_case(str(level)), *values))
        groups.append(_heading(str(covariate)))
    return Table(
        caption or "Who could receive what",
        tuple(columns),
        tuple(rows),
        tuple(groups),
        (
            NOT_WEIGHED if frame.empty else _MEANING,
            *masked_footnotes(marked["mark"], smallest_count=k),
        ),
        basis=SUPPORT,
    )


def draw_support(
    frame: pd.DataFrame, *, smallest_count: int | None = None, caption: str = ""
) -> Figure:
    """Draw the map of who could receive what: groups of patients down, arms across.

    A cell holds the share of the group to whom the arm was open; a cross says that nobody of the
    group received it.

    Parameters
    ----------
    frame, smallest_count, caption
        As for :func:`tabulate_support`.
    """
    if frame.empty:
        return draw_words(NOT_WEIGHED, caption=caption or "Who could receive what")
    k = threshold_of(frame, smallest_count)
    marked = _marked(frame, k)
    words = caption or "Who could receive what: percent of each group to whom the arm was open."
    words += f" {_MEANING} ×: nobody of the group received it."
    return finish(lambda: _draw(marked), caption=words, alt=_alt(marked), basis=SUPPORT)


def _marked(frame: pd.DataFrame, k: int) -> pd.DataFrame:
    """Mark small counts, and one more of the group from which they could be worked out."""
    marked = frame.reset_index(drop=True)
    marked["mark"] = SHOWN
    marked["mark"] = marked["mark"].astype(object).mask(is_small(marked["received"], k), SMALL)
    for rows in marked.groupby(["covariate", "level"], sort=False).groups.values():
        counts = marked.loc[rows, "received"]
        marked.loc[rows, "mark"] = protect(counts, marked.loc[rows, "mark"].to_numpy(), k)
    marked["is_few"] = is_small(marked["patients"], k)
    marked.loc[marked["is_few"], "mark"] = LINKED
    return marked


def _heading(covariate: str) -> str:
    return {"": "All", "arm": "Received"}.get(covariate, spell_column(covariate))


def _open(cell: dict[object, object] | pd.Series) -> str:
    if cell["is_few"]:
        return HIDDEN
    return f"{spell_fixed(100 * float(str(cell['share_open'])), 0)}%"


def _alt(marked: pd.DataFrame) -> str:
    parts = []
    for arm, cells in marked.groupby("arm", sort=False):
        known = cells[(cells["covariate"] != "arm") & ~cells["is_few"]]
        closed = known[known["share_open"] < 0.5]
        named = [
            f"{_heading(str(row['covariate'])).lower()} {in_words(str(row['level']))} "
            f"({_open(row)})"
            for row in closed.to_dict("records")
        ]
        overall = _open(known.iloc[0]) if len(known) else HIDDEN
        few = f", fewer than half of: {', '.join(named)}" if named else ""
        parts.append(f"{in_words(str(arm))} open to {overall} of all{few}")
    return f"Who could receive what. {'; '.join(parts)}."


def _draw(marked: pd.DataFrame) -> Drawing:
    arms = list(dict.fromkeys(marked["arm"]))
    groups = list(marked.groupby(["covariate", "level"], sort=False))
    labels = [f"{_heading(str(c))}: {in_words(str(level))}" for (c, level), _ in groups]
    left = min(widest(labels, SMALL_SIZE), 3.0) + 0.2
    width = WIDTH - left - 0.05
    head = LINE * max(len(wrap_to(sentence_case(arm), width / len(arms))) for arm in arms) + 0.15
    drawing = Drawing(figsize=(WIDTH, head + LINE * 1.25 * len(groups) + 0.05))
    axes = place_axes(drawing, Place(left, head, width, LINE * 1.25 * len(groups)))
    axes.set_xlim(0, len(arms))
    axes.set_ylim(len(groups), 0)
    axes.axis("off")
    for column, arm in enumerate(arms):
        middle = left + width * (column + 0.5) / len(arms)
        for i, words in enumerate(wrap_to(sentence_case(arm), width / len(arms))):
            write(drawing, middle, 0.1 + LINE * i, words, ha="center", weight="bold")
    for row, ((_, cells), label) in enumerate(zip(groups, labels, strict=True)):
        height = head + LINE * 1.25 * (row + 0.5)
        write(drawing, left - 0.08, height, wrap_to(label, 3.0)[0], ha="right")
        for column, cell in enumerate(cells.set_index("arm").loc[arms].to_dict("records")):
            _draw_cell(axes, column, row, cell)
    return drawing


def _draw_cell(axes: Axes, column: int, row: int, cell: dict[object, object]) -> None:
    share = 0.5 if cell["is_few"] else float(str(cell["share_open"]))
    axes.fill_between(
        [column + 0.02, column + 0.98], row + 0.06, row + 0.94, color=_SHADES(share), lw=0
    )
    nobody = cell["received"] == 0 and cell["covariate"] != "arm" and not cell["is_few"]
    words = f"{_open(cell)} ×" if nobody else _open(cell)
    axes.text(
        column + 0.5, row + 0.5, words, ha="center", va="center", fontsize=SMALL_SIZE, color=INK
    )
