"""What neighbouring marks share is said once, and every mark still has its own style."""

from xml.etree import ElementTree

import pytest

from azaanalysis.display import draw_rates
from azaanalysis.display.figure import _render
from azaanalysis.display.shared_marks import share_marks
from tests.display import builders

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
INHERITED = ("fill", "stroke", "stroke-width", "stroke-opacity", "stroke-linecap", "font-size")


def share(marks):
    shared = share_marks(f"{HEAD}{marks}</svg>")
    return shared.removeprefix(shared[: shared.index(">") + 1]).removesuffix("</svg>").split("\n")


def styles(svg):
    """Each mark that is drawn where it stands, with the style and clipping that reach it."""
    found = []

    def read(element, style, clip):
        if element.tag.endswith("}defs"):
            return
        rules = dict(r.split(":", 1) for r in element.get("style", "").split(";") if ":" in r)
        own = {k.strip(): v.strip().replace("#ffffff", "#fff") for k, v in rules.items()}
        style, clip = {**style, **own}, clip | ({element.get("clip-path")} - {None})
        name = element.tag.partition("}")[2]
        if name in ("path", "text"):
            words = element.get("d") or "".join(element.itertext())
            kept = {k: v for k, v in style.items() if k in INHERITED}
            found.append((words, dict(sorted(kept.items())), sorted(clip)))
        for child in element:
            read(child, style, clip)

    read(ElementTree.fromstring(svg), {}, frozenset())
    return found


def test_neighbours_of_one_style_stand_in_one_group():
    marks = "".join(f'<g><path d="M0 {i}h9" style="fill: none; stroke: #aaa"/></g>' for i in "12")

    assert share(marks) == [
        "",
        '<g style="fill:none;stroke:#aaa">',
        '<path d="M0 1h9"/>',
        '<path d="M0 2h9"/>',
        "</g>",
        "",
    ]


def test_marks_that_are_seen_through_are_not_put_together():
    # In one group they would be one layer: where they cross, it would be as light as elsewhere.
    marks = "".join(f'<path d="M0 {i}h9" style="opacity: 0.5"/>' for i in "12")

    assert [line.count("opacity:0.5") for line in share(marks)] == [0, 1, 1, 0]


def test_a_sign_says_its_style_itself_unless_its_uses_differ():
    sign = '<defs><path id="s" d="M0 0v3" style="stroke: #111"/></defs>'
    uses = '<use xlink:href="#s" x="{}" style="fill: #111; stroke: #111; stroke-width: {}"/>'

    alike = share(sign + uses.format(1, 2) + uses.format(5, 2))
    assert '<path id="s" d="M0 0v3" style="stroke:#111;stroke-width:2"/>' in alike[1]
    assert alike[2] == '<use xlink:href="#s" x="1"/>'
    differing = share(sign + uses.format(1, 2) + uses.format(5, 3))
    assert '<path id="s" d="M0 0v3" style="stroke:#111"/>' in differing[1]
    assert differing[3] == '<use xlink:href="#s" x="5" style="stroke-width:3"/>'


def test_the_fill_of_a_sign_that_encloses_something_is_kept():
    sign = '<defs><path id="s" d="M0 0h3v3"/></defs><use xlink:href="#s" style="fill: #111"/>'

    assert '<path id="s" d="M0 0h3v3" style="fill:#111"/>' in share(sign)[1]


def test_the_parts_of_a_scale_are_joined_and_still_told_apart_from_results():
    tick = '<g class="scale"><g><path d="M{0} 0v3"/></g><g><text x="{0}">{0}</text></g></g>'
    joined = share(tick.format(1) + tick.format(5) + '<text x="2">12.3</text>')

    assert joined.count('<g class="scale">') == 1
    assert joined.index('<text x="2">12.3</text>') > joined.index("</g>")
    assert [line for line in joined if "<text" in line][:2] == [
        '<text x="1">1</text>',
        '<text x="5">5</text>',
    ]


def test_every_mark_of_a_figure_keeps_its_style():
    drawn = _render(draw_rates(builders.rates()).drawing, "svg").decode()
    drawn = drawn[drawn.index("<svg") :]
    shared = share_marks(drawn)

    assert shared.count("style=") < drawn.count("style=")
    # Labels of a scale come after its lines; nothing else moves.
    assert sorted(map(str, styles(shared))) == sorted(map(str, styles(drawn)))
    assert len(styles(shared)) > 20


@pytest.mark.parametrize("cap", ["square", "butt"])
def test_a_group_may_say_how_its_lines_end(cap):
    # A rule for every element would override what the group says.
    rule = '<defs><style type="text/css">*{stroke-linejoin: round; stroke-linecap: butt}</style>'
    line = f'<path d="M0 0h9" style="stroke: #111; stroke-linecap: {cap}"/>'
    shared = share_marks(f"{HEAD}{rule}</defs>{line}{line}</svg>")

    assert "<style" not in shared
    assert 'stroke-linejoin="round"' in shared
    assert f'<g style="stroke:#111;stroke-linecap:{cap}">' in shared
