"""Say once what neighbouring marks of a drawing share: the same picture in fewer words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_GROUP, _TEXT, _USE = (f"{{{_SVG}}}{name}" for name in ("g", "text", "use"))
_DEFS, _STYLE = f"{{{_SVG}}}defs", f"{{{_SVG}}}style"
_MARKS = frozenset({_TEXT, _USE, f"{{{_SVG}}}path", f"{{{_SVG}}}rect"})
_SHARED = ("clip-path", "style")
_GAP = re.compile(r"(?<=[:;])\s+")
# Straight lines, each by itself, enclose nothing: there is nothing to fill.
_LINES = re.compile(r"(?:M[-\d. ]+[hvl][-\d. ]+)+")
# What matplotlib asks of every element by a rule, which would override what a group says.
_JOINS = "*{stroke-linejoin: round; stroke-linecap: butt}"


def share_marks(svg: str) -> str:
    """Return a drawing of matplotlib's in which neighbours of one style stand in one group.

    Groups that say nothing are dissolved, neighbouring parts of a scale are joined, and a sign that
    is drawn many times carries its style itself. Nothing moves, but that the
    labels of a scale are drawn after its lines.
    """
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    root = ElementTree.fromstring(svg)
    _state_joins(root)
    for element in root.iter():
        if style := element.get("style"):
            element.set("style", _GAP.sub("", style.strip().rstrip(";")).replace("#ffffff", "#fff"))
    _lighten_uses(root)
    _arrange(root)
    return ElementTree.tostring(root, encoding="unicode").replace(" />", "/>")


def _state_joins(root: Element) -> None:
    """Let every mark inherit how lines are joined, so that a group can say it otherwise."""
    for defs in list(root):
        if defs.tag == _DEFS and [one.tag for one in defs] == [_STYLE] and defs[0].text == _JOINS:
            root.remove(defs)
            root.set("stroke-linejoin", "round")


def _lighten_uses(root: Element) -> None:
    """Let a sign say its style itself, as far as all its uses agree; its own words hold anyway."""
    defined = {f"#{one.get('id')}": one for one in root.iter() if one.get("id")}
    uses: dict[str, list[Element]] = {}
    for use in root.iter(_USE):
        uses.setdefault(use.get(f"{{{_XLINK}}}href", ""), []).append(use)
    for sign, members in ((defined[name], uses[name]) for name in uses if name in defined):
        own = sign.get("style", "")
        styles = [_without(use.get("style", ""), own, sign.get("d", "")) for use in members]
        if len(set(styles)) == 1:
            _set_style(sign, ";".join(filter(None, [own, styles[0]])))
            styles = [""] * len(members)
        for use, style in zip(members, styles, strict=True):
            _set_style(use, style)


def _without(style: str, own: str, path: str) -> str:
    """Return the rules of a use that its sign does not state, and that leave a trace."""
    named = {rule.partition(":")[0] for rule in own.split(";")}
    named |= {"fill"} if _LINES.fullmatch(path) else set()
    return ";".join(rule for rule in style.split(";") if rule.partition(":")[0] not in named)


def _set_style(element: Element, style: str) -> None:
    element.attrib.pop("style", None)
    if style:
        element.set("style", style)


def _arrange(parent: Element) -> None:
    """Arrange what stands in a group, from the inside out."""
    for child in parent:
        if child.tag in (_GROUP, _DEFS):
            _arrange(child)
    if parent.tag == _DEFS:
        return
    flat = [one for child in parent for one in (child if _says_nothing(child) else [child])]
    arranged = [one for run in _join_scales(flat) for one in _gather(run)]
    parent[:] = arranged
    parent.text = "\n"
    for child in arranged:
        child.tail = "\n"


def _says_nothing(element: Element) -> bool:
    return element.tag == _GROUP and not element.attrib


def _is_scale(element: Element) -> bool:
    return element.tag == _GROUP and element.attrib == {"class": "scale"}


def _join_scales(children: Iterable[Element]) -> list[list[Element]]:
    """Return runs of children: of other things all, of a scale one group of its parts."""
    runs: list[list[Element]] = []
    for is_scale, members in groupby(children, key=_is_scale):
        if not is_scale:
            runs.append(list(members))
            continue
        parts = [part for member in members for part in _dissolve(member)]
        parts.sort(key=lambda part: part.tag == _TEXT)
        joined = Element(_GROUP, {"class": "scale"})
        joined.extend(parts)
        _arrange(joined)
        runs.append([joined])
    return runs


def _dissolve(group: Element) -> Iterable[Element]:
    """Return the parts of a group, and those of a group in it that only shares their style."""
    for part in group:
        if part.tag == _GROUP and set(part.attrib) <= set(_SHARED):
            for inner in part:
                inner.attrib.update(part.attrib)
                yield inner
        else:
            yield part


def _gather(children: Iterable[Element]) -> Iterable[Element]:
    """Put neighbours of one style into a group that says it for them."""
    for shared, members in groupby(children, key=_shared_of):
        marks = list(members)
        if not shared or len(marks) == 1:
            yield from marks
            continue
        for mark in marks:
            for name in shared:
                del mark.attrib[name[0]]
            mark.tail = "\n"
        group = Element(_GROUP, dict(shared))
        group.extend(marks)
        group.text = "\n"
        yield group


def _shared_of(element: Element) -> tuple[tuple[str, str], ...]:
    """Return what a mark could say together with its neighbours; nothing if it could not."""
    style = element.get("style", "")
    # Opacity of a group is that of the group as a whole.
    if element.tag not in _MARKS or element.get("id") or re.search(r"(?:^|;)opacity:", style):
        return ()
    return tuple((name, element.attrib[name]) for name in _SHARED if name in element.attrib)
