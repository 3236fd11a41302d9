"""Smaller drawings: the same points, in steps of a tenth of a point."""

import re

from hypothesis import given
from hypothesis import strategies as st

from azaanalysis.display.svg import shorten_path, shrink_svg


def trace(path):
    """The corners of a path that only goes in steps, in tenths."""
    corners = []
    for word, numbers in re.findall(r"([Mhvl])([^Mhvlz]*)", path):
        xy = [round(float(n) * 10) for n in numbers.split()]
        if word == "M":
            corners.append(tuple(xy))
            continue
        across, down = {"h": (*xy, 0), "v": (0, *xy), "l": tuple(xy)}[word]
        corners.append((corners[-1][0] + across, corners[-1][1] + down))
    return corners


def test_a_step_curve_is_written_in_steps_without_idle_points():
    # Right 1 in two halves, back to nothing new, down 2: two steps are left.
    assert shorten_path("M 10 20 L 10.5 20 L 11 20 L 11 20.001 L 11 22 z") == "M10 20h1v2z"
    assert shorten_path("M 1 1 L 2 3 L 0.5 3") == "M1 1l1 2h-1.5"


def test_a_spike_and_a_dot_are_kept():
    assert shorten_path("M 0 0 L 5 0 L 2 0") == "M0 0h5h-3"
    assert shorten_path("M 3 3 L 3 3") == "M3 3h0"


def test_curves_and_several_lines_keep_their_kind():
    assert shorten_path("M 0 0 C 0.123 1 2 3.456 4 5") == "M 0 0 C .1 1 2 3.5 4 5"
    assert shorten_path("M 0 0 L 1 0 M 5 5 L 5 6 z") == "M0 0h1M5 5v1z"


@given(
    st.lists(st.tuples(st.integers(-3000, 3000), st.integers(-3000, 3000)), min_size=2, max_size=40)
)
def test_no_corner_is_lost_and_rounding_does_not_add_up(points):
    path = "M " + " L ".join(f"{x / 10} {y / 10}" for x, y in points)
    corners = trace(shorten_path(path))

    assert corners[0] == points[0]
    assert corners[-1] == points[-1]
    assert set(corners) <= set(points)
    assert max(x for x, _ in corners) == max(x for x, _ in points)
    assert min(y for _, y in corners) == min(y for _, y in points)


def test_the_font_is_named_once_and_empty_groups_are_gone():
    svg = (
        '<svg width="1"><g id="line2d_1"/><g>\n  <g>\n </g></g>\n'
        '  <text style="font-size: 8px; font-family: A, B; fill: #000" '
        'transform="rotate(-0 3 4)">5</text></svg>'
    )
    assert shrink_svg(svg, font="A, B") == (
        '<svg font-family="A, B" width="1">\n'
        '<text style="font-size: 8px; fill: #000">5</text></svg>'
    )
