"""Figures of levels over time."""

import re

import pandas as pd
import pytest

from azaanalysis import draw_trajectory
from azaanalysis.errors import EstimationError
from azaanalysis.result import Estimate, stack

ABOUT = {"smallest_count": 1, "time_unit": "weeks", "level": 0.95, "interval": "sampling"}


def course(quantity="mean_level", unit="(10^9/L)"):
    rows = [
        {"arm": arm, "at_days": day, "value": value, "lower": 0.9 * value, "upper": 1.1 * value}
        for arm in ("azathioprine", "anti_tnf")
        for day, value in ((7, 0.5), (28, 0.75))
    ]
    named = {"endpoint": "wbc", "quantity": quantity, "unit": unit, "patients": 50, "events": 20}
    return Estimate.from_rows([{**named, **row} for row in rows], about=ABOUT)


def test_the_numbers_of_each_arm_stand_in_the_words():
    figure = draw_trajectory(course())
    assert re.search(r"azathioprine: 0.50* at 1 week, 0.750* at 4 weeks; anti-TNF: 0.5", figure.alt)


def test_a_share_is_drawn_in_percent():
    assert "75.0% at 4 weeks" in draw_trajectory(course("schedule_kept", "")).alt


def test_single_patients_are_named_in_the_caption_only_if_they_are_drawn():
    lines = pd.DataFrame({"arm": "anti_tnf", "line": 1, "days": [0.0, 9.0], "value": [0.4, 0.6]})
    drawn = draw_trajectory(course(), individuals=lines)
    assert "single invented patients" in drawn.caption
    assert "single invented patients" not in draw_trajectory(course()).caption
    assert drawn.svg != draw_trajectory(course()).svg


def test_hidden_numbers_are_not_drawn():
    few = Estimate(course().frame.assign(patients=3), {**ABOUT, "smallest_count": 5})
    assert "0.50" not in draw_trajectory(few).alt


def test_many_days_are_drawn_and_read_out_week_by_week():
    days = range(366)
    rows = [
        {
            "arm": "azathioprine",
            "at_days": day,
            "value": 1.0 + day,
            "lower": day,
            "upper": 2.0 + day,
        }
        for day in days
    ]
    named = {"quantity": "mean_dose_mg", "patients": 50}
    daily = Estimate.from_rows([{**named, **row} for row in rows], about=ABOUT)
    (source,) = draw_trajectory(daily).sources

    # Days 0, 7, ... 364, and the last.
    assert source.estimate.frame["at_days"].tolist() == [*range(0, 365, 7), 365]


def test_several_quantities_are_refused():
    with pytest.raises(EstimationError, match="One quantity at several days"):
        draw_trajectory(stack(course(), course("schedule_kept")))
