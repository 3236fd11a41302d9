"""Risk tables that travel: exact on file, exact when put together, refused when unsound."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import (
    estimate_incidence,
    estimate_risk_difference,
    merge,
    read_risk_table,
    risk_table_from_cells,
    tally,
    write_risk_table,
)
from tests.builders import follow_up
from tests.estimate.weighted import confounded, weigh


@pytest.mark.parametrize("ending", ["json", "parquet"])
def test_a_table_is_read_as_it_was_written_to_the_last_digit(tmp_path, ending):
    table = tally(weigh(confounded(200, 3, late=True), ["x1", "x2"]))
    again = read_risk_table(write_risk_table(table, tmp_path / f"table.{ending}"))

    pd.testing.assert_frame_equal(again.cells, table.cells, check_exact=True)
    for name in ("weight_score", "slope", "score_square", "information"):
        assert np.array_equal(getattr(again.stacking, name), getattr(table.stacking, name))
    one, two = (estimate_incidence(t, variance="stacked") for t in (table, again))
    assert one.frame.equals(two.frame)
    assert one.about == two.about


def test_a_table_of_clustered_rows_is_not_written(tmp_path):
    doubled = follow_up(days=[3, 4])
    doubled = replace(doubled, frame=doubled.frame.assign(patient_id="p"))
    with pytest.raises(EstimationError, match="Share the estimates instead"):
        write_risk_table(tally(doubled), tmp_path / "table.json")


def test_another_file_is_refused_by_name(tmp_path):
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    with pytest.raises(EstimationError, match=r"other\.json is not a risk table"):
        read_risk_table(tmp_path / "other.json")
    with pytest.raises(EstimationError, match=r"as \.json or \.parquet, not 'table\.csv'"):
        write_risk_table(tally(follow_up(days=[1])), tmp_path / "table.csv")


patients = st.lists(
    st.tuples(
        st.integers(0, 9), st.integers(0, 2), st.sampled_from("ab"), st.sampled_from([0.5, 1, 3])
    ),
    min_size=4,
    max_size=40,
)


@settings(max_examples=30, deadline=None)
@given(patients, st.data())
def test_the_tables_of_two_sites_put_together_are_the_pooled_one(listed, data):
    listed += [(5, 1, "a", 1), (5, 0, "b", 1)]
    site = data.draw(st.lists(st.booleans(), min_size=len(listed), max_size=len(listed)))
    days, status, arm, weight = map(list, zip(*listed, strict=True))
    pooled = follow_up(days=days, status=status, arm=arm, weight=weight, causes=["one", "two"])
    here = np.array(site)
    sites = [
        tally(replace(pooled, frame=pooled.frame[chosen].reset_index(drop=True)))
        for chosen in (here, ~here)
        if chosen.any()
    ]
    pd.testing.assert_frame_equal(merge(*sites).cells, tally(pooled).cells, check_exact=True)


def test_sites_that_share_a_model_of_weights_have_the_errors_of_all_patients_together():
    pooled = weigh(confounded(200, 5), ["x1"])
    half = np.arange(200) < 90

    def site(chosen):
        score = pooled.weighting.score
        part = replace(
            score,
            design=score.design[chosen],
            residual=score.residual[chosen],
            slope=score.slope[chosen],
        )
        frame = pooled.frame[chosen].reset_index(drop=True)
        return tally(replace(pooled, frame=frame, weighting=replace(pooled.weighting, score=part)))

    ask = {"at_days": [20], "variance": "stacked"}
    together = estimate_risk_difference(merge(site(half), site(~half)), **ask).frame
    expected = estimate_risk_difference(pooled, **ask).frame
    columns = ["value", "std_error"]
    np.testing.assert_allclose(together[columns], expected[columns], rtol=1e-12)


def test_sites_with_models_of_their_own_add_up_as_independent_sites():
    # Two copies of one site: the variance of the pooled risk is half that of one site.
    site = tally(weigh(confounded(200, 6), ["x1"]))
    other = replace(
        site, stacking=replace(site.stacking, information=site.stacking.information * (1 + 1e-12))
    )
    one = estimate_incidence(site, variance="stacked").frame["std_error"]
    two = estimate_incidence(merge(site, other), variance="stacked").frame["std_error"]

    np.testing.assert_allclose(two, one / np.sqrt(2), rtol=1e-9)


def test_tables_that_count_different_things_are_not_put_together():
    one, two = tally(follow_up(days=[1])), tally(follow_up(days=[1], causes=["one", "two"]))
    with pytest.raises(EstimationError, match=r"causes is .* Make both from one study file"):
        merge(one, two)


def test_cells_counted_by_a_database_give_the_curves_of_the_patients():
    made = confounded(300, 9)
    keys = ["arm", "exit_days", "status"]
    counted = made.frame.groupby(keys, observed=True).size().rename("patients").reset_index()
    table = risk_table_from_cells(counted, causes=["one", "two"])

    assert estimate_incidence(table).frame.equals(
        estimate_incidence(replace(made, endpoint="event")).frame
    )


def test_unsound_cells_are_refused_with_every_fault_at_once():
    cells = pd.DataFrame(
        {
            "arm": ["a", "a", "a", None],
            "exit_days": [-1, 5, 5, 5],
            "status": [0, 7, 0, 0],
            "patients": [1, 1, 1.5, 1],
        }
    )
    with pytest.raises(DesignError) as caught:
        risk_table_from_cells(cells)
    for fault in (
        "exit_days is missing, negative",
        "status is not a whole number from 0 to 1",
        "patients is not a whole number",
        "arm or stratum is missing",
    ):
        assert fault in str(caught.value)


def test_cells_without_a_count_are_refused_by_the_name_of_the_column():
    with pytest.raises(DesignError, match="patients is not there"):
        risk_table_from_cells(pd.DataFrame({"arm": ["a"], "exit_days": [1], "status": [0]}))
