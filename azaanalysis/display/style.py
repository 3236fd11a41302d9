"""How every figure looks: size, ink, the colour and line of each arm."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

# Two columns of a medical journal, about 180 mm; text stays readable in print and on a screen.
WIDTH = 7.2
BODY, SMALL, TINY = 9.0, 8.0, 7.5
INK, SOFT_INK, GRID = "#1a1d21", "#5b636b", "#e4e7ea"

# Okabe and Ito (2008), Color universal design; the order puts the strongest contrasts first.
_ARM_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_ARM_LINES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (5, 2, 1.2, 2)), (0, (1.5, 1.5)))
# Reasons are areas, not lines: a muted set that cannot be mistaken for an arm (after P. Tol).
_REASON_COLOURS = (
    *("#88A5C4", "#E8B89B", "#A9C5A0", "#C9A9C9", "#E3D18A", "#9CC9C9", "#BDBDBD"),
    *("#D98F9F", "#8F8FB5", "#B5A27A"),
)

_SETTINGS: dict[str, Any] = {
    # DejaVu comes with matplotlib, so that the layout is the same on every machine.
    "font.family": ["DejaVu Sans"],
    "font.size": BODY,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.labelsize": BODY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.formatter.use_mathtext": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.width": 0.8,
    "ytick.major.width": 0.8,
    "xtick.major.size": 3.5,
    "ytick.major.size": 3.5,
    "figure.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "azaanalysis",
    "pdf.fonttype": 42,
    "path.simplify": False,
}


@dataclass(frozen=True)
class ArmStyle:
    """Colour of lines and areas, a darker one for words, and the dashes of the line."""

    colour: str
    word_colour: str
    line: Any


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the style of the house; nothing outside the block is changed."""
    with mpl.rc_context(), warnings.catch_warnings():
        # A name in a script that the font lacks is drawn by the reader's own font.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)  # type: ignore[arg-type]
        yield


def style_arms(arms: Sequence[str]) -> dict[str, ArmStyle]:
    """Give each arm its colour and line, by its place in the study."""
    styles = {}
    for place, arm in enumerate(arms):
        colour = _ARM_COLOURS[place % len(_ARM_COLOURS)]
        line = _ARM_LINES[place % len(_ARM_LINES)]
        styles[arm] = ArmStyle(colour, _darken(colour), line)
    return styles


def colour_reasons(reasons: Sequence[str]) -> dict[str, str]:
    """Give each reason its area colour, by its place in the endpoint."""
    return {r: _REASON_COLOURS[i % len(_REASON_COLOURS)] for i, r in enumerate(reasons)}


def width_of(text: str, size: float = SMALL, *, is_bold: bool = False) -> float:
    """Return the width of a line of text in inches."""
    font = FontProperties(family=["DejaVu Sans"], size=size, weight="bold" if is_bold else "normal")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        width, _, _ = text_to_path.get_text_width_height_descent(text, font, False)
    return float(width) / 72


def widest(texts: Sequence[str], size: float = SMALL, *, is_bold: bool = False) -> float:
    """Return the width of the widest of several lines of text in inches; 0 if there is none."""
    return max((width_of(text, size, is_bold=is_bold) for text in texts), default=0.0)


def wrap_to(text: str, inches: float, size: float = SMALL) -> list[str]:
    """Break text into lines that fit; a word longer than a line is cut with an ellipsis."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if width_of(longer, size) <= inches or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return [_shorten(line, inches, size) for line in lines]


def _shorten(line: str, inches: float, size: float) -> str:
    if width_of(line, size) <= inches:
        return line
    kept = line[: max(1, int(len(line) * inches / width_of(line, size)))]
    while len(kept) > 1 and width_of(kept + "…", size) > inches:
        kept = kept[:-1]
    return kept + "…"


def _darken(colour: str) -> str:
    """Return a darker shade, so that words in an arm's colour reach a contrast of 4.5 to 1."""
    red, green, blue = (int(255 * 0.74 * part) for part in to_rgb(colour))
    return f"#{red:02x}{green:02x}{blue:02x}"
