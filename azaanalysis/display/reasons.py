"""The legend of reasons: areas, from the bottom of a stack to its top."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Rectangle

from azaanalysis.display.canvas import LINE, flow, write
from azaanalysis.display.style import SMALL, SOFT_INK, WIDTH, width_of
from azaanalysis.vocab import sentence_case

_ORDER = "(from the bottom up; the line is the total)"


def flow_reasons(reasons: Sequence[str]) -> list[tuple[float, int]]:
    """Return where each reason stands in the legend, and where the words on their order do."""
    widths = [0.47 + width_of(sentence_case(reason), SMALL) for reason in reasons]
    return flow([*widths, width_of(_ORDER, SMALL)], start=0.05, end=WIDTH - 0.05)


def draw_reasons(drawing: Drawing, colours: dict[str, str]) -> None:
    """Write the reasons, each behind its colour, from the bottom of the stack to its top."""
    wide, high = drawing.get_size_inches()
    places = flow_reasons(list(colours))
    for (reason, colour), (left, line) in zip(colours.items(), places, strict=False):
        top = 0.37 + line * LINE
        corner = (left / wide, 1 - (top + 0.06) / high)
        drawing.add_artist(Rectangle(corner, 0.16 / wide, 0.12 / high, color=colour, lw=0))
        write(drawing, left + 0.22, top, sentence_case(reason))
    left, line = places[-1]
    write(drawing, left, 0.37 + line * LINE, _ORDER, color=SOFT_INK)
