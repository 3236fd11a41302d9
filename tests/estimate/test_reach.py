"""How far intervals reach: Student's t, the coefficients fitted, and the pull of each patient."""

from dataclasses import replace

import numpy as np
import pytest

from azaanalysis.estimate import (
    estimate_incidence,
    estimate_mean_count,
    estimate_rate_ratio,
    estimate_risk_difference,
    merge,
    read_risk_table,
    tally,
    write_risk_table,
)
from azaanalysis.estimate.person_time import PersonTime
from azaanalysis.estimate.reach import (
    normal_reach,
    reach_of_rows,
    reach_of_table,
    small_sample_reach,
)
from tests.builders import follow_up
from tests.estimate.weighted import confounded, weigh


def test_the_reach_of_a_small_sample_is_as_worked_by_hand():
    # The 97.5 % point of Student's t with 40 degrees of freedom is 2.0211 (any table of t).
    # 300 patients and 21 coefficients: sqrt(300 / 279) = 1.03695; 41 / 40 = 1.025.
    reach = small_sample_reach(0.95, patients=300, coefficients=21, effective_size=41)

    assert reach == pytest.approx(2.0211 * 1.03695 * 1.025, rel=1e-4)


def test_in_a_large_sample_the_reach_is_the_normal_one():
    reach = small_sample_reach(0.95, patients=1e7, coefficients=20, effective_size=1e6)

    assert reach == pytest.approx(normal_reach(0.95), rel=1e-5)


def test_a_reach_exists_even_where_nothing_can_be_said():
    assert np.isfinite(small_sample_reach(0.95, patients=3, coefficients=9, effective_size=0.7))


def test_a_table_and_its_patients_reach_equally_far():
    weighted = weigh(confounded(120, 3), ["x1", "x2"])

    expected = reach_of_rows(weighted, "stacked", 0.9)

    assert expected > 1.02 * normal_reach(0.9)
    assert reach_of_table(tally(weighted), "stacked", 0.9) == pytest.approx(expected)
    assert reach_of_rows(weighted, "robust", 0.9) == normal_reach(0.9)


def test_overlap_weights_are_bounded_so_that_their_coefficients_do_not_widen():
    of_all = weigh(confounded(120, 3), ["x1", "x2"])
    of_overlap = replace(of_all, weighting=replace(of_all.weighting, target="overlap"))

    # Two covariates and a constant, two arms: three coefficients for 120 patients.
    ratio = reach_of_rows(of_all, "stacked", 0.95) / reach_of_rows(of_overlap, "stacked", 0.95)

    assert ratio == pytest.approx(np.sqrt(120 / 117))
    assert reach_of_table(tally(of_overlap), "stacked", 0.95) == reach_of_rows(
        of_overlap, "stacked", 0.95
    )


def test_sites_with_their_own_models_allow_for_the_coefficients_of_all(tmp_path):
    sites = [tally(weigh(confounded(120, seed), ["x1", "x2"])) for seed in (3, 4)]

    shared = merge(sites[0], sites[0])
    write_risk_table(merge(*sites), tmp_path / "sites.json")
    read = read_risk_table(tmp_path / "sites.json")

    assert shared.stacking.widening_coefficients == 3
    assert read.stacking.widening_coefficients == 6


def test_rows_of_one_patient_count_as_one():
    weighted = weigh(confounded(80, 4), ["x1"])
    twice = np.repeat(np.arange(80), 2)
    score = weighted.weighting.score
    repeated = replace(
        score,
        design=score.design[twice],
        residual=score.residual[twice],
        slope=score.slope[twice],
    )
    doubled = replace(
        weighted,
        frame=weighted.frame.iloc[twice].reset_index(drop=True),
        weighting=replace(weighted.weighting, score=repeated, reweigh=None),
    )

    assert reach_of_rows(doubled, "stacked", 0.95) == reach_of_rows(weighted, "stacked", 0.95)


def test_by_itself_an_interval_of_estimated_weights_is_stacked_and_reaches_so_far():
    weighted = weigh(confounded(150, 5), ["x1", "x2"])
    made = estimate_risk_difference(weighted, at_days=[9])
    row = made.frame.iloc[0]

    reach = reach_of_rows(weighted, "stacked", 0.95) * row["std_error"]

    assert "weights" in made.about["interval"]
    assert row["upper"] - row["value"] == pytest.approx(reach)
    assert row["value"] - row["lower"] == pytest.approx(reach)


def test_the_log_of_a_rate_ratio_is_pulled_by_those_with_events_alone():
    weighted = weigh(confounded(150, 5), ["x1", "x2"])
    row = estimate_rate_ratio(weighted).frame.iloc[0]
    events = PersonTime.of(weighted).effective_events()

    reach = reach_of_rows(weighted, "stacked", 0.95, pulling=events.min()) * row["std_error"]

    assert reach > 1.002 * reach_of_rows(weighted, "stacked", 0.95) * row["std_error"]
    assert np.log(row["upper"] / row["value"]) == pytest.approx(reach)
    assert np.log(row["value"] / row["lower"]) == pytest.approx(reach)


def test_the_log_of_a_mean_count_is_pulled_by_those_with_events_alone():
    weighted = weigh(confounded(150, 5), ["x1", "x2"])
    row = estimate_mean_count(weighted, at_days=[9]).frame.iloc[0]
    events = PersonTime.of(weighted).effective_events()[0]

    reach = reach_of_rows(weighted, "stacked", 0.95, pulling=events)

    assert reach > 1.002 * reach_of_rows(weighted, "stacked", 0.95)
    assert np.log(row["upper"] / row["value"]) == pytest.approx(
        reach * row["std_error"] / row["value"]
    )


def test_events_of_one_patient_pull_together():
    # Arm a: two rows of one patient with weight 2 and one event each, and one of weight 1 with
    # four events: (4 + 4)^2 / (4^2 + 4^2) = 2. Arm b has no event, so no number.
    made = follow_up(
        days=[5, 9, 9, 9],
        entry=[0, 5, 0, 0],
        arm=["a", "a", "a", "b"],
        weight=[2.0, 2.0, 1.0, 1.0],
        n_events=[1, 1, 4, 0],
    )
    made.frame["patient_id"] = ["one", "one", "two", "three"]

    np.testing.assert_allclose(PersonTime.of(made).effective_events(), [2.0, np.nan])


def test_a_curve_reaches_as_far_as_a_difference():
    weighted = weigh(confounded(150, 6), ["x1", "x2"])
    curve = estimate_incidence(weighted, transform="plain").only(quantity="risk").at([9]).frame

    assert estimate_incidence(weighted).about["variance"] == "stacked"
    reach = reach_of_rows(weighted, "stacked", 0.95) * curve["std_error"]
    np.testing.assert_allclose(curve["upper"] - curve["value"], reach)
