"""A figure as a value: the drawing, its caption, and the same numbers in words."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure as Drawing

from azaanalysis.display.shared_marks import share_marks
from azaanalysis.display.source import Source, pack_sources
from azaanalysis.display.style import WIDTH, house_style
from azaanalysis.display.svg import shrink_svg
from azaanalysis.display.table import one_line

_FONTS = "'Helvetica Neue', Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
_NO_DATE = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}


@dataclass(frozen=True, eq=False)
class Figure:
    """A finished figure; made by the ``draw_...`` functions.

    Parameters
    ----------
    svg
        The drawing as SVG: the same bytes for the same numbers.
    caption
        What the figure shows and what a reader must know to read it.
    alt
        The numbers of the figure in words, for whoever cannot see it.
    drawing
        The drawing itself, for other formats.
    sources
        The results that were drawn, as far as they are printed; empty if they are no estimates.
    basis
        How the numbers arose, if they are no estimates.
    """

    svg: bytes
    caption: str
    alt: str
    drawing: Drawing = field(repr=False)
    sources: tuple[Source, ...] = field(default=(), repr=False)
    basis: str = field(default="", repr=False)

    def save(self, path: str | Path) -> Path:
        """Write the figure as ``.svg``, ``.pdf`` or ``.png`` (300 dots per inch).

        Raises
        ------
        ValueError
            If the file name ends in anything else.
        """
        path = Path(path)
        kind = path.suffix.lower().lstrip(".")
        if kind not in _NO_DATE:
            raise ValueError(f"A figure is saved as .svg, .pdf or .png, not as '{path.suffix}'.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.svg if kind == "svg" else _render(self.drawing, kind))
        return path

    def __repr__(self) -> str:
        return f"{self.caption}\n{self.alt}"

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, str], dict[str, Any]]:
        shown = {"image/svg+xml": self.svg.decode(), "text/plain": repr(self)}
        return shown, pack_sources(self.sources, self.basis)


def finish(
    draw: Callable[[], Drawing],
    *,
    caption: str,
    alt: str,
    sources: Sequence[Source] = (),
    basis: str = "",
) -> Figure:
    """Draw in the style of the house and freeze the result, with what stands behind it."""
    caption, alt = one_line(caption), one_line(alt)
    with house_style():
        drawing = draw()
    svg = _tidy(_render(drawing, "svg").decode(), caption=caption, alt=alt)
    return Figure(svg.encode(), caption, alt, drawing, tuple(sources), basis)


def draw_words(words: str, *, caption: str) -> Figure:
    """Draw a sentence where there is nothing else to draw."""

    def draw() -> Drawing:
        drawing = Drawing(figsize=(WIDTH, 0.5))
        drawing.text(0.0, 0.5, words, ha="left", va="center")
        return drawing

    return finish(draw, caption=caption, alt=words)


def _render(drawing: Drawing, kind: str) -> bytes:
    buffer = io.BytesIO()
    with house_style():
        drawing.savefig(buffer, format=kind, dpi=300, metadata=_NO_DATE[kind])
    return buffer.getvalue()


def _tidy(svg: str, *, caption: str, alt: str) -> str:
    """Make an SVG that can stand inside a page and is the same wherever it was drawn."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # Numbers of an axis are told apart from numbers that are results.
    svg = re.sub(r'<g id="[xy]tick_\d+">', '<g class="scale">', svg)
    # Group names repeat from figure to figure, and a page may hold each name only once.
    svg = re.sub(r'<g id="[a-zA-Z]+[a-zA-Z0-9.]*_\d+">', "<g>", svg)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = share_marks(shrink_svg(svg.replace("'DejaVu Sans'", _FONTS), font=_FONTS))
    heading = f'role="img" aria-label="{escape(alt)}" '
    svg = svg.replace("<svg ", f"<svg {heading}", 1)
    opening = svg.index(">") + 1
    return f"{svg[:opening]}<title>{escape(caption)}</title>{svg[opening:]}".strip() + "\n"


def font_files() -> dict[str, Path]:
    """Return the fonts that come with the drawings, so that a PDF can be set in the same ones."""
    from matplotlib import get_data_path

    folder = Path(get_data_path()) / "fonts" / "ttf"
    return {name: folder / f"{name}.ttf" for name in ("DejaVuSans", "DejaVuSans-Bold")}
