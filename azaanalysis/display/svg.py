"""Drawings as small as their print allows: the same picture, a third of the bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

# A tenth of a point is finer than print; the digits behind it differ between machines.
_PER_POINT = 10
_TOKEN = re.compile(r"[A-Za-z]|-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")
_PATH = re.compile(r'(?<= d=")[^"]+')
# Within a tag only: a number that a reader reads, such as a p value, keeps its digits.
_NUMBER = re.compile(r"-?\d+\.\d{3,}(?=[^<>]*>)")
_NO_TURN = re.compile(r' transform="rotate\(-?0(?:\.0+)? [^)]*\)"')
_NOTHING = re.compile(r'<g(?: id="[^"]*")?>\s*</g>|<g id="[^"]*"/>')
_INDENT = re.compile(r">\s*\n\s*<")

_Point = tuple[int, int]


def shrink_svg(svg: str, *, font: str) -> str:
    """Return the same drawing in fewer bytes.

    Parameters
    ----------
    svg
        What matplotlib has written.
    font
        The family that every text names; it is named once, for all of them.

    Notes
    -----
    Paths are written in steps of a tenth of a point, each from the one before. Points that leave
    no trace at that size are left out, so a curve of a thousand days is as long as it is wide.
    """
    svg = _PATH.sub(lambda found: shorten_path(found.group()), svg)
    svg = _NUMBER.sub(lambda found: _spell(round(float(found.group()), 2)), svg)
    svg = svg.replace(f"font-family: {font}; ", "").replace(f"; font-family: {font}", "")
    svg = svg.replace("<svg ", f'<svg font-family="{font}" ', 1)
    svg = _INDENT.sub(">\n<", _NO_TURN.sub("", svg))
    while (emptier := _INDENT.sub(">\n<", _NOTHING.sub("", svg))) != svg:
        svg = emptier
    return svg


def shorten_path(path: str) -> str:
    """Return a path of lines in steps from point to point; one with curves with fewer digits."""
    tokens = _TOKEN.findall(path)
    if {token for token in tokens if token.isalpha()} - {"M", "L", "z"}:
        return " ".join(t if t.isalpha() else _spell(round(float(t), 1)) for t in tokens)
    return "".join(_write_line(points, closed) for points, closed in _read_lines(tokens))


def _read_lines(tokens: list[str]) -> Iterator[tuple[list[_Point], bool]]:
    """Return the points of each line in tenths, and whether it is closed."""
    points: list[_Point] = []
    numbers: list[int] = []
    for token in tokens:
        if token == "M" and points:
            yield points, False
            points = []
        elif token == "z":
            yield points, True
            points = []
        elif not token.isalpha():
            numbers.append(round(float(token) * _PER_POINT))
            if len(numbers) == 2:
                points.append((numbers[0], numbers[1]))
                numbers = []
    if points:
        yield points, False


def _write_line(points: list[_Point], closed: bool) -> str:
    kept = _without_idle(points)
    (x, y), *_ = kept
    parts = [f"M{_spell(x / _PER_POINT)} {_spell(y / _PER_POINT)}"]
    for (left, top), (right, bottom) in pairwise(kept):
        across, down = right - left, bottom - top
        parts.append(_step(across / _PER_POINT, down / _PER_POINT))
    # A dot is a line of no length; without a step nothing would be drawn.
    if len(kept) == 1 and len(points) > 1:
        parts.append("h0")
    return "".join(parts) + ("z" if closed else "")


def _step(across: float, down: float) -> str:
    if not down:
        return f"h{_spell(across)}"
    if not across:
        return f"v{_spell(down)}"
    return f"l{_spell(across)} {_spell(down)}"


def _without_idle(points: list[_Point]) -> list[_Point]:
    """Leave out points that repeat the one before, or lie straight between their neighbours."""
    kept: list[_Point] = []
    for point in points:
        if kept and point == kept[-1]:
            continue
        if len(kept) > 1 and _is_between(kept[-2], kept[-1], point):
            kept[-1] = point
        else:
            kept.append(point)
    return kept


def _is_between(before: _Point, point: _Point, after: _Point) -> bool:
    """Tell whether a point lies on the way, along one axis, from its neighbour to the next."""
    for axis, other in ((0, 1), (1, 0)):
        if before[axis] == point[axis] == after[axis]:
            return (point[other] - before[other]) * (after[other] - point[other]) > 0
    return False


def _spell(number: float) -> str:
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    text = re.sub(r"^(-?)0\.", r"\1.", text)
    return "0" if text in ("-0", "", "-") else text
