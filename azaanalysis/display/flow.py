"""The way of the patients into the comparison, as boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import FancyArrowPatch, Rectangle

from azaanalysis.display.canvas import Place, write
from azaanalysis.display.figure import Figure, finish
from azaanalysis.display.masking import mark_attrition, threshold_of
from azaanalysis.display.style import INK, SMALL, SOFT_INK, WIDTH, style_arms, wrap_to
from azaanalysis.display.summaries import masked_footnotes, spell_marked
from azaanalysis.vocab import in_words, sentence_case

_LINE, _PAD, _GAP = 0.155, 0.09, 0.26
_MAIN = Place(0.05, 0, 3.0, 0)
_SIDE = Place(3.45, 0, WIDTH - 3.5, 0)


@dataclass(frozen=True)
class _Step:
    """One box: its name, how many remain, and who left on the way to it."""

    name: str
    patients: str
    leavers: tuple[str, ...]


def draw_attrition(
    frame: pd.DataFrame, *, smallest_count: int | None = None, caption: str = ""
) -> Figure:
    """Draw who entered the comparison: a box for each step, those who left at the side.

    Parameters
    ----------
    frame
        The frame of :func:`tabulate_attrition`: columns ``step``, ``arm``, ``patients``,
        ``reason``, ``left``.
    smallest_count
        Smallest count that may be shown. Taken from ``frame.attrs["smallest_count"]`` if not
        given, and 5 if that is not there either.
    caption
        Words for the caption, in place of the usual first sentence.

    Notes
    -----
    Order and content follow the flow diagram of CONSORT and STROBE: numbers at each stage,
    reasons beside them, the arms at the bottom.
    """
    k = threshold_of(frame, smallest_count)
    marked = mark_attrition(frame, smallest_count=k)
    arms = [str(arm) for arm in marked["arm"].unique() if arm]
    first_of_arms = marked.index[marked["arm"] != ""].min() if arms else len(marked)
    known_from = marked["step"].get(first_of_arms)
    trunk = marked[(marked["arm"] == "") & (marked["step"] != known_from)]
    trunk = trunk[trunk.index < first_of_arms]
    steps = list(_steps(trunk, k))
    branches = {arm: list(_steps(marked[marked["arm"] == arm], k)) for arm in arms}
    notes = masked_footnotes(marked["patients_mark"], marked["left_mark"], smallest_count=k)
    words = " ".join([caption or "From the data to the comparison.", *notes])
    alt = _in_words(steps, branches)
    return finish(lambda: _draw(steps, branches), caption=words, alt=alt)


def _steps(rows: pd.DataFrame, k: int) -> Iterator[_Step]:
    for name, lines in rows.groupby("step", sort=False):
        last = lines.iloc[-1]
        leavers = [
            f"{spell_marked(left, mark, k)} {_lower_first(reason)}"
            for reason, left, mark in lines[["reason", "left", "left_mark"]].to_numpy().tolist()
            if reason and (pd.isna(left) or left > 0 or mark)
        ]
        patients = spell_marked(last["patients"], last["patients_mark"], k)
        yield _Step(str(name), patients, tuple(leavers))


def _lower_first(text: str) -> str:
    """Write a sentence on after a number; an abbreviation keeps its capitals."""
    is_abbreviation = text[1:2].isupper()
    return text if is_abbreviation else text[:1].lower() + text[1:]


def _in_words(steps: Sequence[_Step], branches: dict[str, list[_Step]]) -> str:
    parts = [_step_in_words(step) for step in steps]
    for arm, branch in branches.items():
        parts += [f"{in_words(arm)}, {_step_in_words(step)}" for step in branch]
    return ". ".join(parts) + "."


def _step_in_words(step: _Step) -> str:
    left = f" ({'; '.join(step.leavers)})" if step.leavers else ""
    return f"{step.name}: {step.patients}{left}"


def _draw(steps: Sequence[_Step], branches: dict[str, list[_Step]]) -> Drawing:
    trunk = sum(_trunk_height(step) for step in steps)
    deepest = max((_branch_height(b, len(branches)) for b in branches.values()), default=0.0)
    drawing = Drawing(figsize=(WIDTH, 0.05 + trunk + deepest + 0.05))
    bottom = _draw_trunk(drawing, steps)
    if branches:
        _draw_branches(drawing, branches, bottom, has_trunk=bool(steps))
    return drawing


def _side_lines(step: _Step) -> list[str]:
    return [line for leaver in step.leavers for line in wrap_to(leaver, _SIDE.width - 2 * _PAD)]


def _box_height(lines: int) -> float:
    return lines * _LINE + 2 * _PAD


def _side_height(step: _Step) -> float:
    return _box_height(len(_side_lines(step))) + 0.12 if step.leavers else 0.0


def _name_lines(step: _Step, width: float) -> list[str]:
    return wrap_to(step.name, (width - 2 * _PAD) * 0.92)


def _trunk_height(step: _Step) -> float:
    """Return the height of a box with the way that leads to it."""
    return max(_GAP, _side_height(step)) + _box_height(1 + len(_name_lines(step, _MAIN.width)))


def _draw_trunk(drawing: Drawing, steps: Sequence[_Step]) -> float:
    """Draw the boxes before arms are known; return where the last of them ends."""
    top, middle = 0.05, _MAIN.left + _MAIN.width / 2
    for position, step in enumerate(steps):
        names = _name_lines(step, _MAIN.width)
        way = max(_GAP, _side_height(step)) if position else 0.0
        if position:
            _arrow(drawing, (middle, top), (middle, top + way))
        if position and step.leavers:
            lines = _side_lines(step)
            height = _box_height(len(lines))
            side = _SIDE._replace(top=top + (way - height) / 2, height=height)
            _box(drawing, side, lines, edge=SOFT_INK)
            across = top + way / 2
            _arrow(drawing, (middle, across), (side.left, across))
        top += way
        place = _MAIN._replace(top=top, height=_box_height(1 + len(names)))
        _box(drawing, place, [*names, f"n = {step.patients}"], n_bold=len(names), is_centred=True)
        top += place.height
    return top


def _branch_width(n: int) -> float:
    return (WIDTH - 0.1 - 0.2 * (n - 1)) / n


def _branch_lines(step: _Step, width: float) -> list[str]:
    return [line for leaver in step.leavers for line in wrap_to(leaver, width - 2 * _PAD, SMALL)]


def _branch_height(branch: Sequence[_Step], n: int) -> float:
    width = _branch_width(n)
    return 0.12 + sum(
        _GAP
        + (len(_branch_lines(step, width)) * _LINE + _GAP * 0.6 if step.leavers else 0)
        + _box_height(1 + len(_name_lines(step, width)) + (position == 0))
        for position, step in enumerate(branch)
    )


def _draw_branches(
    drawing: Drawing, branches: dict[str, list[_Step]], top: float, *, has_trunk: bool
) -> None:
    width, styles = _branch_width(len(branches)), style_arms(list(branches))
    middles = [0.05 + i * (width + 0.2) + width / 2 for i in range(len(branches))]
    fork = top + 0.12
    if has_trunk:
        stem = _MAIN.left + _MAIN.width / 2
        _arrow(drawing, (stem, top), (stem, fork), is_arrow=False)
        _arrow(drawing, (min(middles), fork), (max(*middles, stem), fork), is_arrow=False)
    for middle, (arm, branch) in zip(middles, branches.items(), strict=True):
        place = Place(middle - width / 2, fork, width, 0)
        colour = styles[arm].word_colour
        _draw_branch(drawing, branch, place, name=sentence_case(arm), colour=colour)


def _draw_branch(
    drawing: Drawing, branch: Sequence[_Step], place: Place, *, name: str, colour: str
) -> None:
    """Draw the boxes of one arm, one under the other, those who left written between them."""
    top, middle = place.top, place.left + place.width / 2
    for position, step in enumerate(branch):
        leavers = _branch_lines(step, place.width)
        way = _GAP + (len(leavers) * _LINE + _GAP * 0.6 if leavers else 0)
        if leavers:
            height = len(leavers) * _LINE
            start = top + way / 2 - height / 2
            _arrow(drawing, (middle, top), (middle, start - 0.02), is_arrow=False)
            for i, line in enumerate(leavers):
                at = start + (i + 0.5) * _LINE
                write(drawing, middle, at, line, ha="center", color=SOFT_INK)
            _arrow(drawing, (middle, start + height + 0.02), (middle, top + way))
        else:
            _arrow(drawing, (middle, top), (middle, top + way))
        top += way
        names = _name_lines(step, place.width)
        titles = wrap_to(name, (place.width - 2 * _PAD) * 0.92) if position == 0 else []
        words = [*titles, *names, f"n = {step.patients}"]
        box = place._replace(top=top, height=_box_height(len(words)))
        _box(drawing, box, words, edge=colour, n_bold=len(titles), is_centred=True)
        top += box.height


def _box(
    drawing: Drawing,
    place: Place,
    lines: Sequence[str],
    *,
    edge: str = INK,
    n_bold: int = 0,
    is_centred: bool = False,
) -> None:
    """Draw a box with its lines; the first ``n_bold`` are bold and take the colour of the edge."""
    wide, high = drawing.get_size_inches()
    corner = (place.left / wide, 1 - (place.top + place.height) / high)
    size = (place.width / wide, place.height / high)
    drawing.add_artist(Rectangle(corner, *size, fc="white", ec=edge, lw=0.9))
    left = place.left + (place.width / 2 if is_centred else _PAD)
    for i, line in enumerate(lines):
        at = place.top + _PAD + (i + 0.5) * _LINE
        style = {"weight": "bold", "color": edge} if i < n_bold else {}
        write(drawing, left, at, line, ha="center" if is_centred else "left", **style)


def _arrow(
    drawing: Drawing,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    is_arrow: bool = True,
) -> None:
    wide, high = drawing.get_size_inches()
    points = [(x / wide, 1 - y / high) for x, y in (start, end)]
    drawing.add_artist(
        FancyArrowPatch(
            *points,
            arrowstyle="-|>" if is_arrow else "-",
            mutation_scale=7,
            lw=0.9,
            color=INK,
            shrinkA=0,
            shrinkB=0,
        )
    )
