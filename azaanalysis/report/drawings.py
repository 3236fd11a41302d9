"""The drawings of a page: their numbers, names that no other drawing has, and their place."""

from __future__ import annotations

import re
from typing import Any

from azaanalysis.report.outputs import outputs_of

_SVG_ID = re.compile(r'(\bid="|url\(#|href="#)([\w-]+)')


def number_figures(cells: list[Any]) -> None:
    """Give each figure its number in the order of the page, its caption and its words."""
    number = 0
    for output in outputs_of(cells):
        data = output.get("data", {})
        if not {"image/svg+xml", "image/png"} & set(data):
            continue
        number += 1
        caption, _, words = str(data.get("text/plain", "")).partition("\n")
        output.metadata["aza"] = {"number": number, "caption": caption, "words": words}
        if "image/svg+xml" in data:
            data["image/svg+xml"] = name_apart(data["image/svg+xml"], f"f{number}-")


def set_drawings_aside(cells: list[Any]) -> dict[str, str]:
    """Put a mark in place of each drawing, and return the drawings by their marks.

    nbconvert reads each page once more as HTML: that takes long for drawings, and turns their
    names (viewBox, clipPath) into others that only a browser understands.
    """
    drawings: dict[str, str] = {}
    for output in outputs_of(cells):
        if drawing := output.get("data", {}).get("image/svg+xml"):
            mark = f"<!--drawing {len(drawings) + 1}-->"
            drawings[mark] = drawing
            output.data["image/svg+xml"] = mark
    return drawings


def name_apart(svg: str, prefix: str) -> str:
    """Give everything named in a drawing a short name that begins with a prefix.

    Two figures may share the name of a clipping path; in one page it would repeat.
    """
    names: dict[str, str] = {}

    def rename(found: re.Match[str]) -> str:
        name = names.setdefault(found.group(2), f"{prefix}{len(names) + 1}")
        return f"{found.group(1)}{name}"

    return _SVG_ID.sub(rename, svg)
