"""Panels of blood tests without patients: by hand, and against R on real thiopurine panels."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis import count_panels, estimate_marker_auc
from azaanalysis.errors import EstimationError
from tests.r_results import r_result
from tests.real_data import real


def panels():
    return pd.DataFrame({"wbc": [2.0, 3.0, 3.0, 5.0, np.nan], "remission": [1, 1, 0, 0, 0]})


def test_the_area_is_the_share_of_pairs_with_ties_counted_half():
    # Pairs (remission, not): (2,3) lost, (2,5) lost, (3,3) half, (3,5) lost: 0.5 of 4.
    made = estimate_marker_auc(panels(), markers=["wbc"], outcome="remission")
    assert made.frame["value"].tolist() == [0.125]


def test_the_area_says_that_patients_are_not_known():
    made = estimate_marker_auc(panels(), markers=["wbc"], outcome="remission")
    assert "cannot be told apart" in made.about["notes"][0]
    assert made.frame[["lower", "upper", "std_error", "patients"]].isna().all(axis=None)


def test_turning_the_outcome_round_turns_the_area_round():
    turned = panels().assign(remission=lambda frame: 1 - frame["remission"])
    one, two = (
        estimate_marker_auc(frame, markers=["wbc"], outcome="remission").frame["value"].iloc[0]
        for frame in (panels(), turned)
    )
    assert one + two == pytest.approx(1)


def test_panels_beyond_a_limit_are_counted_and_those_without_a_value_named():
    made = count_panels(panels(), below={"wbc": 3}, above={"wbc": 2.5})
    assert made["beyond"].tolist() == [1, 3]
    assert made["without_value"].tolist() == [1, 1]


def test_faulty_panels_are_refused():
    with pytest.raises(EstimationError, match="no column 'alt'"):
        estimate_marker_auc(panels(), markers=["alt"], outcome="remission")
    with pytest.raises(EstimationError, match="must be 0 or 1"):
        estimate_marker_auc(panels(), markers=["wbc"], outcome="wbc")
    with pytest.raises(EstimationError, match="have the outcome, or none has"):
        estimate_marker_auc(panels().iloc[:2], markers=["wbc"], outcome="remission")


@pytest.fixture(scope="module")
def thiomon():
    data = pd.read_csv(real("thiomon/thiomon.csv"))
    return data.assign(
        age_y=data["days_of_life"] / 365.25,
        mcv_wbc=data["mcv"] / data["wbc"],
        neutrophils=data["wbc"] * data["neut_percent"] / 100,
        lymphocytes=data["wbc"] * data["lymph_percent"] / 100,
    )


def test_real_panels_are_as_many_as_r_found(thiomon):
    shape, missing = r_result("thiomon shape"), r_result("thiomon missing")
    assert len(thiomon) == shape["rows"]
    assert thiomon["remission"].sum() == shape["remission"]
    assert thiomon["active"].sum() == shape["active"]
    assert thiomon[list(missing)].isna().sum().to_dict() == missing
    assert thiomon[list(missing)].notna().all(axis=1).sum() == shape["complete_rows"]


def test_areas_of_single_markers_are_those_of_r(thiomon):
    expected = r_result("thiomon auc")
    made = estimate_marker_auc(thiomon, markers=list(expected), outcome="remission").frame
    assert made["value"].tolist() == pytest.approx(list(expected.values()), rel=1e-12)


def test_rows_of_toxicity_are_those_of_r(thiomon):
    expected = r_result("thiomon safety")
    below = {"wbc": 3, "neutrophils": 1, "lymphocytes": 0.5, "plt": 100}
    made = count_panels(thiomon, below=below, above={"alt": 120, "mcv": 100})
    names = ("wbc_below_3", "neutrophils_below_1", "lymphocytes_below_0_5", "plt_below_100")
    names += ("alt_above_120", "mcv_above_100")
    assert made["beyond"].tolist() == [expected[name] for name in names]
    assert made.set_index("marker").loc["alt", "without_value"] == 18
