"""The whole report as one PDF: cover, contents with page numbers, running titles, tags."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from functools import cache
from html import unescape
from pathlib import Path

from azaanalysis.display.figure import font_files
from azaanalysis.report.pages import Chapter, Site, describe_site, render
from azaanalysis.report.paper_index import shorten_index
from azaanalysis.report.tables import TABLE_MARK

PAPER_NAME = "report.pdf"
_TABLE = re.compile(r'<table class="aza-table">.*?</table>', re.DOTALL)
_CELL = re.compile(r"<t[hd]\b")
_FOLDED = re.compile(r"<details\b.*?</details>", re.DOTALL)
_SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_LABEL = re.compile(r'aria-label="([^"]*)"')
_TARGET = re.compile(r'\b(id|aria-labelledby)="([\w-]+)"')
_LINK = re.compile(r'\bhref="([\w.-]*?)(\.html)?(#[\w-]+)?"')
_FONTS = re.compile(r"'Helvetica Neue'[^;\"]*sans-serif")
_PARENT = re.compile(r'<a class="parent"[^>]*>(.*?)</a>', re.DOTALL)
_TEXT = re.compile(r'<text style="([^"]*)" x="([-\d.]+)"([^>]*)>([^<]*)</text>')
_TEXTS = re.compile(r'<g style="([^"]*text-anchor[^"]*)">((?:\s*<text [^>]*>[^<]*</text>)+)\s*</g>')
_ANCHOR = re.compile(r";text-anchor:(middle|end)|text-anchor:(middle|end);")
_SIZE = re.compile(r"font-size:([\d.]+)px")
_BOLD = re.compile(r"font-weight:(?:bold|[6-9]00)")
_POINTS = re.compile(r'(\b(?:width|height)="[\d.]+)pt"')
_NO_LIBRARY = (
    "The report is complete as pages, but there is no PDF: WeasyPrint cannot find the system "
    "library Pango (Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0; macOS: brew "
    "install pango; Windows: see WeasyPrint's page on installation)."
)


def find_obstacle() -> str:
    """Return a sentence that says why no PDF can be made here; nothing if one can."""
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError):
        return _NO_LIBRARY
    return ""


def write_paper(chapters: Sequence[Chapter], site: Site, *, path: Path) -> Path:
    """Write the chapters as one PDF.

    Parameters
    ----------
    chapters
        Summary, notebooks, methods and so on, in their order.
    site
        The study and the manifest, for the cover.
    path
        The file to write.

    Notes
    -----
    Tagged as PDF/UA-1. Drawings become images with their numbers as alternative text. Nothing is
    fetched: the fonts are those that come with matplotlib, so that it looks alike everywhere.
    """
    from weasyprint import HTML
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

    fonts = font_files().items()
    context = {
        "aza": describe_site(site),
        "question": site.study.question,
        "manifest": site.manifest,
        "fonts": {name: _pack(file.read_bytes(), "font/ttf") for name, file in fonts},
        "chapters": [(one, _for_paper(one)) for one in chapters if one.is_on_paper],
    }
    html = render("paper.html.j2", context)
    page = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=["data"]))
    pdf = page.write_pdf(
        font_config=FontConfiguration(),
        pdf_variant="pdf/ua-1",
        pdf_identifier=site.study.hash.encode(),
    )
    path.write_bytes(shorten_index(pdf))
    return path


def _for_paper(chapter: Chapter) -> str:
    """Return the body of a chapter with names that are its own, and drawings as images."""
    unfolded = _FOLDED.sub("", chapter.body)
    drawn = _SVG.sub(_as_image, _PARENT.sub(r"\1", unfolded))
    sized = _TABLE.sub(_name_size, drawn)
    marked = sized.replace('<tr><th scope="rowgroup"', '<tr class="heading"><th scope="rowgroup"')
    body = _TARGET.sub(rf'\1="{chapter.name}-\2"', marked)
    return _LINK.sub(lambda found: _inner_link(found, chapter.name), body)


def _name_size(found: re.Match[str]) -> str:
    """Say of a table how large it is: selectors that count take WeasyPrint a third of its time."""
    table = found.group()
    cells = [len(_CELL.findall(row)) for row in table.split("<tr")[1:]]
    columns, rows = max(cells, default=0), len(cells)
    sizes = {"many": columns >= 10, "most": columns >= 12, "crowded": columns >= 13}
    names = [name for name, is_so in {**sizes, "short": rows <= 11}.items() if is_so]
    return table.replace(TABLE_MARK, f'class="{" ".join(["aza-table", *names])}"', 1)


def _as_image(found: re.Match[str]) -> str:
    drawing = found.group()
    label = _LABEL.search(drawing)
    alt = label.group(1) if label else "Figure"
    # WeasyPrint draws points as if they were pixels, at three quarters of the size.
    drawing = _POINTS.sub(r'\1"', _FONTS.sub("DejaVu Sans", drawing), count=2)
    drawing = _TEXT.sub(_place_text, _TEXTS.sub(_style_each, drawing))
    return f'<img alt="{alt}" src="{_pack(drawing.encode(), "image/svg+xml")}">'


def _style_each(found: re.Match[str]) -> str:
    """Give each text of a group its style."""
    return found.group(2).replace("<text ", f'<text style="{found.group(1)}" ')


def _place_text(found: re.Match[str]) -> str:
    """Let a text begin where it would have begun: WeasyPrint takes an object for each that ends."""
    style, x, rest, words = found.groups()
    anchor, size = _ANCHOR.search(style), _SIZE.search(style)
    if not anchor or not size:
        return found.group()
    width = _width_of(unescape(words), bool(_BOLD.search(style))) * float(size.group(1))
    begins = float(x) - width * (0.5 if "middle" in anchor.group() else 1.0)
    return f'<text style="{_ANCHOR.sub("", style)}" x="{begins:.2f}"{rest}>{words}</text>'


@cache
def _width_of(words: str, is_bold: bool) -> float:
    """Return how wide words are set in the font of the paper, in units of its size."""
    advances, otherwise = _advances("DejaVuSans-Bold" if is_bold else "DejaVuSans")
    return sum(advances.get(ord(letter), otherwise) for letter in words)


@cache
def _advances(font: str) -> tuple[dict[int, float], float]:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    with TTFont(font_files()[font]) as file:
        widths, per_size = file["hmtx"], file["head"].unitsPerEm
        letters = file["cmap"].getBestCmap().items()
        known = {letter: widths[glyph][0] / per_size for letter, glyph in letters}
        return known, widths[".notdef"][0] / per_size


def _pack(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _inner_link(found: re.Match[str], here: str) -> str:
    """Turn a link between pages into one between chapters; drop one to another file."""
    name, is_page, anchor = found.groups()
    if name and not is_page:
        return ""
    target = name or here
    return f'href="#{target}-{unescape(anchor[1:])}"' if anchor else f'href="#{target}"'
