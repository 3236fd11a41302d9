"""The realism card: published numbers beside simulated ones, and what is naive in each world."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing

from azaanalysis.display.basis import REALISM, WORLDS
from azaanalysis.display.figure import Figure, finish
from azaanalysis.display.numbers import spell_fixed
from azaanalysis.display.rows import Frame, Line, draw_rows
from azaanalysis.display.style import INK, style_arms
from azaanalysis.display.table import Column, Table
from azaanalysis.vocab import sentence_case

_SOURCES = {
    "printed": "printed",
    "counts": "from printed counts",
    "range": "range of studies",
    "tolerance": "stated tolerance",
}
# Whatever lies farther out is drawn at the edge.
_FARTHEST = 3.0
# The second colour of the house.
_UNTUNED = style_arms(["tuned", "untuned"])["untuned"].colour
_GROUPS = {True: "Used to tune the mechanism", False: "Never used for tuning"}


def tabulate_realism(card: pd.DataFrame, *, caption: str = "") -> Table:
    """Tabulate published numbers beside those of the invented patients.

    Parameters
    ----------
    card
        The result of ``measure_realism``.
    caption
        Words above the table, in place of the usual ones.
    """
    columns = (
        Column("Anchor", is_number=False),
        Column("Unit", is_number=False),
        Column("Published (interval)"),
        Column("Interval", is_number=False),
        Column("Simulated (Monte-Carlo)"),
        Column("Inside", is_number=False),
        Column("Source", is_number=False),
    )
    ordered = _tuned_first(card)
    records = ordered.to_dict("records")
    rows = tuple(
        (
            row["label"],
            row["unit"],
            _with_limits(row, "published", "lower", "upper"),
            _SOURCES[row["interval"]],
            _with_limits(row, "simulated", "simulated_lower", "simulated_upper"),
            "yes" if row["is_within"] else "no",
            row["citation"],
        )
        for row in records
    )
    groups = tuple(_GROUPS[row["is_tuned"]] for row in records)
    return Table(
        caption or "Published and simulated numbers",
        columns,
        rows,
        groups,
        (_score(card), "Monte-Carlo: 95% interval of the simulation alone."),
        basis=REALISM,
    )


def draw_realism(card: pd.DataFrame, *, caption: str = "") -> Figure:
    """Draw where each simulated number lies within its published interval.

    Parameters
    ----------
    card
        The result of ``measure_realism``.
    caption
        Words for the caption, in place of the usual first sentence.

    Notes
    -----
    Units differ from anchor to anchor, so the axis counts in published intervals: 0 is the
    published value, -1 and 1 are the ends of its interval.
    """
    ordered = _tuned_first(card)
    lines: list[Line] = []
    for is_tuned, rows in ordered.groupby("is_tuned", sort=False):
        lines += [Line(_GROUPS[bool(is_tuned)]), *map(_line, rows.to_dict("records"))]
    frame = Frame(
        ("Anchor", "Published", "Simulated"),
        (-3, -2, -1, 0, 1, 2, 3),
        "Place in the published interval (−1 and 1 are its ends)",
        null=0.0,
    )
    words = caption or "Where each simulated number lies within its published interval."
    words += " Lines: 95% Monte-Carlo interval. Orange: never used for tuning."
    outside = [
        f"{row['label']}: {_spell(row, 'simulated')} instead of {_spell(row, 'published')}"
        for row in ordered[~ordered["is_within"]].to_dict("records")
    ]
    alt = f"{_score(card)} Outside: {'; '.join(outside) or 'none'}."

    def draw() -> Drawing:
        return draw_rows(lines, frame)

    return finish(draw, caption=words, alt=alt, basis=REALISM)


def tabulate_naive_errors(errors: pd.DataFrame, *, caption: str = "") -> Table:
    """Tabulate what a naive analysis gets wrong in each world.

    Parameters
    ----------
    errors
        The result of ``load_naive_errors``.
    caption
        Words above the table, in place of the usual ones.
    """
    columns = (
        Column("Question", is_number=False),
        Column("Naive analysis", is_number=False),
        Column("True (%)"),
        Column("Naive (%)"),
        Column("Error (points)"),
        Column("Monte-Carlo error"),
    )
    records = errors.to_dict("records")
    rows = tuple(
        (
            row["quantity"],
            row["analysis"],
            *(spell_fixed(row[column], 1) for column in ("truth", "naive", "error")),
            spell_fixed(row["std_error"], 2),
        )
        for row in records
    )
    groups = tuple(sentence_case(row["world"]) for row in records)
    note = "An error within two Monte-Carlo errors may be none."
    words = caption or "What goes wrong in each world"
    return Table(words, columns, rows, groups, (note,), basis=WORLDS)


def _tuned_first(card: pd.DataFrame) -> pd.DataFrame:
    return card.sort_values("is_tuned", ascending=False, kind="stable")


Row = dict[Any, Any]


def _spell(row: Row, column: str) -> str:
    return spell_fixed(row[column], 1 if row["unit"] == "%" else 2)


def _with_limits(row: Row, value: str, lower: str, upper: str) -> str:
    return f"{_spell(row, value)} ({_spell(row, lower)} to {_spell(row, upper)})"


def _line(row: Row) -> Line:
    return Line(
        row["label"],
        _spell(row, "published"),
        _spell(row, "simulated"),
        value=_place(row, "simulated"),
        lower=_place(row, "simulated_lower"),
        upper=_place(row, "simulated_upper"),
        colour=INK if row["is_tuned"] else _UNTUNED,
        size=4.5,
    )


def _place(row: Row, column: str) -> float:
    """Return where a number lies: 0 at the published value, -1 and 1 at the ends."""
    distance = float(row[column] - row["published"])
    end = row["upper"] if distance > 0 else row["lower"]
    half = abs(float(end - row["published"]))
    # A number at the end of its own interval (less than 3 %) has no room on that side.
    place = distance / half if half else float(np.sign(distance)) * _FARTHEST
    return float(np.clip(place, -_FARTHEST, _FARTHEST))


def _score(card: pd.DataFrame) -> str:
    """Say how many anchors lie inside, tuned and untuned."""
    parts = []
    for is_tuned, words in ((True, "used for tuning"), (False, "never used for tuning")):
        rows = card[card["is_tuned"] == is_tuned]
        parts.append(f"{int(rows['is_within'].sum())} of {len(rows)} {words}")
    inside = int(card["is_within"].sum())
    share = spell_fixed(100 * inside / len(card), 0)
    return f"Inside the published interval: {inside} of {len(card)} ({share}%), {', '.join(parts)}."
