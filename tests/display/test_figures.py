"""Figures: the same bytes for the same numbers, the numbers in words, nothing cut or covered."""

import itertools
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from azaanalysis.display import (
    draw_attrition,
    draw_forest,
    draw_incidence,
    draw_rates,
    draw_stacked_incidence,
)
from azaanalysis.display.axis import rate_ticks, ratio_ticks, time_ticks
from azaanalysis.display.canvas import spread
from azaanalysis.display.style import house_style, style_arms, wrap_to
from azaanalysis.errors import EstimationError
from azaanalysis.result import Estimate
from tests.display import builders

LONG = "a_very_long_arm_name_that_nobody_would_choose_but_somebody_will"
FOUR = ("azathioprine", "azathioprine_with_anti_tnf", "anti_tnf", "jak_inhibitor")
FIGURES = {
    "one panel": lambda: draw_incidence(builders.curves()),
    "three panels": lambda: draw_incidence(builders.curves(causes=builders.CAUSES)),
    "two causes": lambda: draw_incidence(builders.curves(causes=builders.CAUSES[:2])),
    "survival": lambda: draw_incidence(builders.curves(), quantity="survival"),
    "masked": lambda: draw_incidence(builders.curves(patients=60, smallest_count=5)),
    "one arm": lambda: draw_incidence(builders.curves(arms=("azathioprine",))),
    "no arm": lambda: draw_incidence(builders.curves(arms=("",))),
    "six arms": lambda: draw_incidence(builders.curves(arms=tuple("abcdef"), patients=80)),
    "a month": lambda: draw_incidence(builders.curves(days=28)),
    "four years": lambda: draw_incidence(builders.curves(days=1461)),
    "stacked": lambda: draw_stacked_incidence(builders.curves(causes=builders.CAUSES)),
    "stacked, masked": lambda: draw_stacked_incidence(
        builders.curves(causes=builders.CAUSES, patients=80, smallest_count=5)
    ),
    "forest": lambda: draw_forest(builders.hazard_ratios()),
    "forest, one pair": lambda: draw_forest(
        builders.hazard_ratios(endpoints=("response",)).only(arm="anti_tnf")
    ),
    "rates": lambda: draw_rates(builders.rates()),
    "rates, masked": lambda: draw_rates(builders.rates(counts=(31, 3, 0), smallest_count=5)),
    "four long arms": lambda: draw_incidence(
        builders.curves(arms=FOUR, causes=(*builders.CAUSES, "remission"), patients=900)
    ),
    "four long arms, one panel": lambda: draw_incidence(builders.curves(arms=FOUR, days=1095)),
    "four long arms, stacked": lambda: draw_stacked_incidence(
        builders.curves(arms=FOUR, causes=builders.CAUSES)
    ),
    "six large arms, stacked": lambda: draw_stacked_incidence(
        builders.curves(arms=tuple("abcdef"), causes=builders.CAUSES, patients=250_000)
    ),
    "attrition": lambda: draw_attrition(builders.attrition(), smallest_count=1),
    "attrition, masked": lambda: draw_attrition(builders.attrition(small=True)),
}


@pytest.fixture(scope="module")
def figures():
    return {name: draw() for name, draw in FIGURES.items()}


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_cut_off_or_covered_by_other_text(figures, name):
    drawing = figures[name].drawing
    boxes = _boxes_of_texts(drawing)

    width, height = drawing.get_size_inches() * drawing.dpi
    for text, box in boxes:
        assert box.x0 >= -1, text
        assert box.y0 >= -1, text
        assert box.x1 <= width + 1, text
        assert box.y1 <= height + 1, text
    for (text, box), (other, other_box) in itertools.combinations(boxes, 2):
        assert not _overlap(box, other_box), (text, other)


def _boxes_of_texts(drawing):
    with house_style():
        canvas = FigureCanvasAgg(drawing)
        canvas.draw()
        renderer = canvas.get_renderer()
        texts = [t for t in drawing.findobj(Text) if t.get_visible() and t.get_text().strip()]
        return [(t.get_text(), t.get_window_extent(renderer)) for t in texts]


def _overlap(one, other):
    wide = min(one.x1, other.x1) - max(one.x0, other.x0)
    high = min(one.y1, other.y1) - max(one.y0, other.y0)
    return wide > 1 and high > 2.5


@pytest.mark.parametrize("name", ["stacked", "four long arms, stacked", "six large arms, stacked"])
def test_numbers_beneath_stacked_panels_stand_apart(figures, name):
    boxes = _boxes_of_texts(figures[name].drawing)
    heading = next(box for text, box in boxes if text == "Number at risk")
    beneath = sorted((box.x0, box.x1) for _, box in boxes if box.y1 < heading.y0)

    assert len(beneath) >= 6
    distances = [right[0] - left[1] for left, right in itertools.pairwise(beneath)]
    # A space of this size is some six of these pixels wide.
    assert min(distances) > 6


@pytest.mark.parametrize("name", ["three panels", "stacked", "forest", "attrition"])
def test_drawing_again_gives_the_same_bytes(figures, name):
    again = FIGURES[name]()

    assert again.svg == figures[name].svg
    assert repr(again) == repr(figures[name])


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_valid_xml_with_role_and_label_and_no_repeated_id(figures, name):
    root = ET.fromstring(figures[name].svg)

    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == figures[name].alt
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    assert b"http://" not in figures[name].svg.replace(b"http://www.w3.org/", b"")


def test_notebooks_receive_drawing_and_words(figures):
    bundle, _ = figures["rates"]._repr_mimebundle_()

    assert set(bundle) == {"image/svg+xml", "text/plain"}
    assert bundle["text/plain"].startswith(figures["rates"].caption)
    assert figures["rates"].alt in bundle["text/plain"]


def test_alt_text_holds_the_numbers_that_are_drawn(figures):
    assert "azathioprine: 8.9 (5.7 to 12.5)" in figures["rates"].alt.lower()
    assert "0.62 (0.48 to 0.80)" in figures["forest"].alt
    assert "Started a study drug: 12,480 (7,520 never" in figures["attrition"].alt
    week_52 = builders.curves().only(arm="anti_tnf", quantity="risk").at([364]).frame
    assert f"{100 * week_52['value'][0]:.1f}%" in figures["one panel"].alt


def test_a_small_count_appears_neither_in_the_drawing_nor_in_its_words(figures):
    masked = figures["rates, masked"]

    assert "<5 / 350" in masked.alt
    assert "&lt;5 / 350" in masked.svg.decode()
    assert "0.9 (" not in masked.alt
    assert ">3 / 350" not in masked.svg.decode()


def test_masked_curves_move_only_by_five_events_or_more():
    given = builders.curves(arms=("azathioprine",), patients=150, smallest_count=1)

    line = draw_incidence(given.with_about(smallest_count=5)).drawing.axes[0].get_lines()[0]
    counts = given.only(quantity="risk").frame.set_index("at_days")["events"]
    steps = counts[line.get_xdata()[:-1]].to_numpy()

    assert len(steps) > 3
    assert np.diff(steps).min() >= 5


def test_states_have_scales_of_their_own_and_causes_share_one():
    many, few = 0.6, 0.03
    rows = [
        {"arm": "a", "cause": cause, "at_days": day, "value": share, "lower": share, "upper": share}
        for cause, share in (("first_response", many), ("response_lost", few))
        for day in (0, 100, 200)
    ]
    named = {"quantity": "share_in_state", "patients": 100, "events": 50}
    states = Estimate.from_rows([{**named, **row} for row in rows], about={"smallest_count": 1})
    figure = draw_incidence(states, quantity="share_in_state")

    # The axis of the few ends at 5 percent, that of the many above 60.
    assert "Each panel has its own scale." in figure.caption
    assert b">70<" in figure.svg
    assert b">5<" in figure.svg
    assert "scale" not in draw_incidence(builders.curves(causes=builders.CAUSES)).caption


def test_curves_stop_where_few_remain():
    estimate = builders.curves(arms=("azathioprine",), patients=400)
    at_risk = estimate.only(quantity="risk").frame.set_index("at_days")["patients"]

    line = draw_incidence(estimate, least_at_risk=200).drawing.axes[0].get_lines()[0]

    assert line.get_xdata()[-1] == at_risk[at_risk < 200].index[0]


def test_an_arm_keeps_its_colour_when_another_is_left_out(figures):
    both = draw_rates(builders.rates().only(arm=["anti_tnf", "jak_inhibitor"]))
    colours = style_arms(builders.ARMS)

    assert colours["anti_tnf"].colour.lower() in both.svg.decode().lower()
    assert colours["azathioprine"].colour.lower() not in both.svg.decode().lower()


def test_drawing_leaves_the_settings_of_matplotlib_alone(figures):
    before = dict(mpl.rcParams)
    draw_rates(builders.rates())

    assert dict(mpl.rcParams) == before


def test_hostile_words_are_drawn_as_words():
    rates = builders.rates()
    rates.frame["arm"] = ["<script>alert(1)</script>", "$x^2$ and $", LONG]

    figure = draw_rates(Estimate(rates.frame, rates.about))

    ET.fromstring(figure.svg)
    assert "<script" not in figure.svg.decode()
    assert "$x^2$ and $" in figure.svg.decode()


def test_figures_are_saved_without_a_date(tmp_path, figures):
    for kind in ("svg", "pdf", "png"):
        first = figures["rates"].save(tmp_path / f"a.{kind}").read_bytes()
        second = figures["rates"].save(tmp_path / f"b.{kind}").read_bytes()
        assert first == second
    with pytest.raises(ValueError, match=r"saved as \.svg, \.pdf or \.png"):
        figures["rates"].save(tmp_path / "a.docx")


@pytest.mark.parametrize("draw", [draw_incidence, draw_forest, draw_stacked_incidence])
def test_a_figure_of_the_wrong_estimate_is_refused_with_what_there_is(draw):
    with pytest.raises(EstimationError, match="this estimate has"):
        draw(builders.rates())


def test_rates_in_two_units_are_not_put_on_one_axis():
    frame = builders.rates().frame.assign(unit=["per 100", "per 1000", "per 100"])

    with pytest.raises(EstimationError, match="several units"):
        draw_rates(Estimate(frame, {}))


def test_favours_is_left_out_when_endpoints_point_in_both_directions():
    one = draw_forest(builders.hazard_ratios(endpoints=("response",))).svg.decode()
    both = draw_forest(builders.hazard_ratios(endpoints=("response", "death"))).svg.decode()

    assert "Favours" in one
    assert "Favours" not in both


def test_ticks_are_round_and_a_year_ends_on_its_last_tick():
    assert time_ticks(365, "weeks") == [0, 91, 182, 273, 364]
    assert time_ticks(365, "months")[-1] == 365
    assert rate_ticks(12.5) == [0, 2.5, 5, 7.5, 10, 12.5]
    assert ratio_ticks(0.48, 1.9)[0] <= 0.48
    assert ratio_ticks(0.48, 1.9)[-1] >= 1.9


def test_labels_that_touch_are_moved_apart_in_their_order():
    gaps = np.diff(spread([0.5, 0.51, 0.52], 0.1, 0, 1))
    assert gaps == pytest.approx([0.1, 0.1], rel=1e-3)
    assert spread([0.9, 0.1], 0.1, 0, 1) == [0.9, 0.1]


def test_a_word_that_is_too_long_for_its_place_is_cut():
    lines = wrap_to(LONG, 1.0)

    assert len(lines) == 1
    assert lines[0].endswith("…")


def test_a_figure_of_nothing_but_small_counts_is_drawn_empty_and_says_so():
    curve = {"quantity": "survival", "patients": 1, "patient_years": 0.0}
    rows = [
        {**curve, "arm": arm, "at_days": day, "value": 1 - day / 3, "events": day // 3}
        for arm in ("a", "b")
        for day in (0, 3)
    ]
    made = draw_incidence(Estimate.from_rows(rows, about={"smallest_count": 5}))

    assert b"<svg" in made.svg
    assert made.alt


def test_a_masked_reason_is_not_read_out_as_a_certain_zero():
    curve = {"quantity": "risk", "cause": "harm", "arm": "a", "patients": 50, "patient_years": 1.0}
    rows = [
        {**curve, "at_days": day, "value": value, "events": events, "lower": value, "upper": value}
        for day, value, events in [(0, 0.0, 0), (30, 0.02, 1), (90, 0.04, 2)]
    ]
    masked = draw_incidence(Estimate.from_rows(rows, about={"smallest_count": 5}))
    shown = draw_incidence(Estimate.from_rows(rows, about={"smallest_count": 1}))

    assert "0.0%" not in masked.alt
    assert "too few events to show" in masked.alt
    assert "too few" not in shown.alt
