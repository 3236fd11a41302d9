"""The shape of every result."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis.result import COLUMNS, Estimate, stack

CURVE = Estimate.from_rows(
    [
        {"arm": arm, "quantity": "risk", "at_days": day, "value": value, "patients": at_risk}
        for arm, day, value, at_risk in [
            ("a", 0, 0.0, 10),
            ("a", 30, 0.2, 10),
            ("a", 60, 0.5, 6),
            ("b", 0, 0.0, 4),
            ("b", 20, 0.25, 4),
        ]
    ],
    about={"notes": ("one",), "smallest_count": 1, "method": "by hand"},
)


def test_an_estimate_always_has_the_same_columns():
    assert tuple(CURVE.frame.columns) == COLUMNS
    assert tuple(Estimate.from_rows([]).frame.columns) == COLUMNS


def test_a_quantity_without_a_name_is_refused():
    with pytest.raises(KeyError, match="hazard_rato"):
        Estimate.from_rows([{"quantity": "hazard_rato"}])


def test_a_step_curve_holds_from_its_day_until_the_next():
    read = CURVE.only(arm="a").at([0, 29, 30, 59.5, 60]).frame

    assert read["value"].tolist() == [0.0, 0.0, 0.2, 0.2, 0.5]
    assert read["at_days"].tolist() == [0, 29, 30, 59.5, 60]
    assert read["patients"].tolist() == [10, 10, 10, 6, 6]


def test_a_day_beyond_the_end_of_a_curve_has_no_value_and_nobody_at_risk():
    read = CURVE.at([25]).frame

    assert read["value"].tolist() == pytest.approx([0.0, np.nan], nan_ok=True)
    assert read["patients"].tolist() == [10, 0]


def test_only_keeps_rows_by_one_word_or_several():
    assert len(CURVE.only(arm="b")) == 2
    assert len(CURVE.only(arm=["a", "b"], quantity="risk")) == 5


def test_stacking_keeps_what_is_common_every_note_and_the_strictest_threshold():
    strict = CURVE.with_about(notes=("one", "two"), smallest_count=5, method="otherwise")
    both = stack(CURVE, strict)

    assert len(both) == 10
    assert both.about == {"notes": ("one", "two"), "smallest_count": 5}


def test_an_estimate_cannot_be_given_another_frame():
    with pytest.raises(AttributeError):
        CURVE.frame = pd.DataFrame()


def test_patient_years_are_those_observed_by_the_day_asked_for():
    # Ten at risk until day 30, six from then on: 10 * 30 + 6 * 15 days by day 45.
    rows = [
        {
            "quantity": "risk",
            "at_days": day,
            "value": 0.1,
            "patients": at_risk,
            "patient_years": years,
        }
        for day, at_risk, years in [(0, 10, 0.0), (30, 10, 300 / 365.25), (60, 6, 480 / 365.25)]
    ]
    read = Estimate.from_rows(rows).at([15, 30, 45, 60]).frame

    assert (read["patient_years"] * 365.25).tolist() == pytest.approx([150, 300, 390, 480])
