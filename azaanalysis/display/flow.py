"""The way of the patients into the comparison, as boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import FancyArrowPatch, Rectangle

from azaanalysis.display.basis import ATTRITION
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
    steps = _where_somebody_left([list(_steps(trunk, k))])[0]
    paths = [list(_steps(marked[marked["arm"] == arm], k)) for arm in arms]
    branches = dict(zip(arms, _where_somebody_left(paths), strict=True))
    notes = masked_footnotes(marked["patients_mark"], marked["left_mark"], smallest_count=k)
    usual = "From the data to the comparison; steps at which nobody left are not drawn."
    words = " ".join([caption or usual, *notes])
    alt = _in_words(steps, branches)
    return finish(lambda: _draw(steps, branches), caption=words, alt=alt, basis=ATTRITION)


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


def _where_somebody_left(paths: list[list[_Step]]) -> list[list[_Step]]:
    """Keep the first step of each path, and those at which somebody left on any of them."""
    eventful = {step.name for path in paths for step in path if step.leavers}
    return [[s for i, s in enumerate(path) if i == 0 or s.name in eventful] for path in paths]


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
    deepest = 0.12 + sum(level.way + level.box for level in _levels(branches))
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


@dataclass(frozen=True)
class _Level:
    """Lines that the boxes of all arms take at one step, so that they stand in one row."""

    titles: int
    names: int
    leavers: int

    @property
    def way(self) -> float:
        """Height of the arrow that leads to the boxes."""
        return _GAP + (self.leavers * _LINE + _GAP * 0.6 if self.leavers else 0)

    @property
    def box(self) -> float:
        """Height of the boxes."""
        return _box_height(1 + self.names + self.titles)


def _titles(arm: str, width: float) -> list[str]:
    return wrap_to(sentence_case(arm), (width - 2 * _PAD) * 0.92)


def _leaver_lines(step: _Step, width: float) -> list[str]:
    return [line for leaver in step.leavers for line in wrap_to(leaver, width - 2 * _PAD, SMALL)]


def _levels(branches: dict[str, list[_Step]]) -> list[_Level]:
    width = _branch_width(len(branches)) if branches else 0.0
    levels = []
    for position in range(max(map(len, branches.values()), default=0)):
        steps = [branch[position] for branch in branches.values() if position < len(branch)]
        titles = max(len(_titles(arm, width)) for arm in branches) if position == 0 else 0
        names = max(len(_name_lines(step, width)) for step in steps)
        levels.append(_Level(titles, names, max(len(_leaver_lines(s, width)) for s in steps)))
    return levels


def _draw_branches(
    drawing: Drawing, branches: dict[str, list[_Step]], top: float, *, has_trunk: bool
) -> None:
    width, styles = _branch_width(len(branches)), style_arms(list(branches))
    middles = [0.05 + i * (width + 0.2) + width / 2 for i in range(len(branches))]
    fork = top + 0.12
    if has_trunk:
        stem = _MAIN.left + _MAIN.width / 2
        _arrow(drawing, (stem, top), (stem, fork), is_arrow=False)
        ends = (min(*middles, stem), max(*middles, stem))
        _arrow(drawing, (ends[0], fork), (ends[1], fork), is_arrow=False)
    levels = _levels(branches)
    for middle, (arm, branch) in zip(middles, branches.items(), strict=True):
        place = Place(middle - width / 2, fork, width, 0)
        _draw_branch(drawing, branch, place, levels, titles=(arm, styles[arm].word_colour))


def _draw_branch(
    drawing: Drawing,
    branch: Sequence[_Step],
    place: Place,
    levels: Sequence[_Level],
    *,
    titles: tuple[str, str],
) -> None:
    """Draw the boxes of one arm, one under the other, those who left written between them."""
    arm, colour = titles
    top = place.top
    for position, (step, level) in enumerate(zip(branch, levels, strict=False)):
        _draw_way(drawing, place._replace(top=top, height=level.way), step)
        top += level.way
        heading = _titles(arm, place.width) if position == 0 else []
        words = [*heading, *_name_lines(step, place.width), f"n = {step.patients}"]
        box = place._replace(top=top, height=level.box)
        _box(drawing, box, words, edge=colour, n_bold=len(heading), is_centred=True)
        top += level.box


def _draw_way(drawing: Drawing, place: Place, step: _Step) -> None:
    """Draw the arrow to the next box, broken by the words about those who left."""
    middle, bottom = place.left + place.width / 2, place.top + place.height
    lines = _leaver_lines(step, place.width)
    if not lines:
        _arrow(drawing, (middle, place.top), (middle, bottom))
        return
    height = len(lines) * _LINE
    start = place.top + place.height / 2 - height / 2
    _arrow(drawing, (middle, place.top), (middle, start - 0.02), is_arrow=False)
    for i, line in enumerate(lines):
        write(drawing, middle, start + (i + 0.5) * _LINE, line, ha="center", color=SOFT_INK)
    _arrow(drawing, (middle, start + height + 0.02), (middle, bottom))


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
    start = place.top + (place.height - len(lines) * _LINE) / 2
    for i, line in enumerate(lines):
        at = start + (i + 0.5) * _LINE
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
