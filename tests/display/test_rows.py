"""Estimates as rows: an interval that leaves the axis ends in an arrow on that side."""

import pytest
from matplotlib.figure import Figure

from azaanalysis.display.rows import Line, draw_interval
from azaanalysis.vocab import lower_first


@pytest.mark.parametrize(
    ("lower", "upper", "arrows"),
    [
        (-12.5, 5.5, [("<", -5.0)]),
        (-1.0, 9.0, [(">", 8.0)]),
        (-9.0, 9.0, [("<", -5.0), (">", 8.0)]),
        (-1.0, 1.0, []),
    ],
)
def test_an_arrow_stands_at_the_end_that_the_interval_leaves(lower, upper, arrows):
    axes = Figure().add_subplot()
    axes.set_xlim(-5, 8)

    draw_interval(axes, Line("", "", "", 0.0, lower, upper), 0.0)

    found = [(line.get_marker(), line.get_xdata()[0]) for line in axes.lines]
    assert [one for one in found if one[0] in "<>"] == arrows


def test_names_keep_their_capitals_inside_a_sentence():
    told = [lower_first(words) for words in ("Hazard ratio", "E-value of it", "ALT above 5", "")]

    assert told == ["hazard ratio", "E-value of it", "ALT above 5", ""]
