"""The whole report as one PDF: cover, contents with page numbers, running titles, tags."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from html import unescape
from pathlib import Path

from azaanalysis.display.figure import font_files
from azaanalysis.report.pages import Chapter, Site, describe_site, render

PAPER_NAME = "report.pdf"
_SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_LABEL = re.compile(r'aria-label="([^"]*)"')
_TARGET = re.compile(r'\b(id|aria-labelledby)="([\w-]+)"')
_LINK = re.compile(r'\bhref="([\w.-]*?)(\.html)?(#[\w-]+)?"')
_FONTS = re.compile(r"'Helvetica Neue'[^;\"]*sans-serif")
_PARENT = re.compile(r'<a class="parent"[^>]*>(.*?)</a>', re.DOTALL)
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
    path.write_bytes(
        page.write_pdf(
            font_config=FontConfiguration(),
            pdf_variant="pdf/ua-1",
            pdf_identifier=site.study.hash.encode(),
        )
    )
    return path


def _for_paper(chapter: Chapter) -> str:
    """Return the body of a chapter with names that are its own, and drawings as images."""
    drawn = _SVG.sub(_as_image, _PARENT.sub(r"\1", chapter.body))
    marked = drawn.replace('<tr><th scope="rowgroup"', '<tr class="heading"><th scope="rowgroup"')
    body = _TARGET.sub(rf'\1="{chapter.name}-\2"', marked)
    return _LINK.sub(lambda found: _inner_link(found, chapter.name), body)


def _as_image(found: re.Match[str]) -> str:
    drawing = found.group()
    label = _LABEL.search(drawing)
    alt = label.group(1) if label else "Figure"
    # WeasyPrint draws points as if they were pixels, at three quarters of the size.
    drawing = _POINTS.sub(r'\1"', _FONTS.sub("DejaVu Sans", drawing), count=2)
    return f'<img alt="{alt}" src="{_pack(drawing.encode(), "image/svg+xml")}">'


def _pack(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _inner_link(found: re.Match[str], here: str) -> str:
    """Turn a link between pages into one between chapters; drop one to another file."""
    name, is_page, anchor = found.groups()
    if name and not is_page:
        return ""
    target = name or here
    return f'href="#{target}-{unescape(anchor[1:])}"' if anchor else f'href="#{target}"'
