"""One arm by a trait of its patients; equal testing of all arms; results over time."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from azaanalysis import (
    estimate_rate_ratio,
    estimate_rates,
    follow,
    follow_by_trait,
    follow_levels,
    sample_individuals,
    thin_tests,
)
from azaanalysis.errors import DesignError
from azaanalysis.settings_monitoring import MonitoringSettings
from tests.builders import cohort, comparison, course, patient, study

LOW = {"kind": "laboratory", "test": "wbc", "below": 3.0, "unit": "10^9/L"}
TEST = {"kind": "laboratory", "test": "wbc", "count": "all"}
START = pd.Timestamp("2015-01-01")


def question():
    return study(
        endpoints={"low": LOW, "test": TEST},
        comparison=comparison(horizon_days=364, washout_days=0),
    )


def watched(days_between, *, n=200, share_low=0.03, genes=None, seed=1):
    """Patients of two arms, tested every so many days; each test is low by chance alone."""
    rng = np.random.default_rng(seed)
    patients, courses, labs = [], [], []
    for arm, (drug, every) in enumerate(
        zip(("azathioprine", "infliximab"), days_between, strict=True)
    ):
        for i in range(n):
            name = f"{arm}{i:04d}"
            patients.append(patient(name, tpmt=(genes or {}).get(i)))
            courses.append(course(name, drug, "2015-01-01"))
            for day in range(every, 365, every):
                labs += [
                    {
                        **lab,
                        "patient_id": name,
                        "test_date": str((START + pd.Timedelta(days=day)).date()),
                    }
                    for lab in (
                        {
                            "test": "wbc",
                            "value": 2.0 if rng.random() < share_low else 6.0,
                            "unit": "10^9/L",
                        },
                        {"test": "lymphocytes", "value": 1.5, "unit": "10^9/L"},
                    )
                ]
    return cohort(patients, courses, labs=labs)


@pytest.fixture(scope="module")
def apart():
    """One arm tested every 14 days, the other every 56; both equally often low."""
    return watched((14, 56))


def ratio(data):
    rows = estimate_rate_ratio(follow(data, question(), endpoint="low")).frame
    return rows[rows["quantity"] == "rate_ratio"].iloc[0]


def test_more_tests_find_more_and_equal_testing_takes_the_difference_away(apart):
    # True ratio 1; a quarter of the tests finds about a quarter.
    observed = ratio(apart)
    assert observed.upper < 0.6
    thinned = ratio(thin_tests(apart, question(), endpoint="test", seed=1))
    assert thinned.lower < 1 < thinned.upper


def test_arms_are_tested_alike_after_thinning(apart):
    thinned = thin_tests(apart, question(), endpoint="test", seed=1)
    rates = estimate_rates(follow(thinned, question(), endpoint="test"), per_years=1).frame
    assert rates["value"].iloc[0] == pytest.approx(rates["value"].iloc[1], rel=0.1)
    before = estimate_rates(follow(apart, question(), endpoint="test"), per_years=1).frame
    assert rates["value"].iloc[1] == before["value"].iloc[1]  # the rarest tested arm loses none


def test_arms_that_are_tested_alike_lose_no_test():
    data = watched((28, 28), n=5)
    thinned = thin_tests(data, question(), endpoint="test", seed=3)
    pd.testing.assert_frame_equal(thinned.tables["labs"], data.tables["labs"])


def test_all_results_of_a_day_are_left_out_together(apart):
    labs = thin_tests(apart, question(), endpoint="test", seed=1).tables["labs"]
    assert len(labs) < len(apart.tables["labs"])
    assert labs.groupby(["patient_id", "test_date"]).size().eq(2).all()


def test_the_seed_decides_which_tests_are_left_out(apart):
    one, same, other = (
        thin_tests(apart, question(), endpoint="test", seed=seed).tables["labs"]
        for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(one, same)
    assert not one.equals(other)


def test_thinning_needs_an_endpoint_that_counts_every_test(apart):
    with pytest.raises(DesignError, match="with 'count: all' and no limit; 'low' is none"):
        thin_tests(apart, question(), endpoint="low", seed=1)


def test_an_arm_without_tests_is_named():
    with pytest.raises(DesignError, match="Nobody in anti-TNF has a test under treatment"):
        thin_tests(watched((28, 400), n=3), question(), endpoint="test", seed=1)


def test_one_arm_is_divided_by_what_its_patients_had_and_the_unknown_stay():
    data = watched((28, 28), n=4, genes={0: "normal", 1: "normal", 2: "intermediate"})
    made = follow_by_trait(data, question(), endpoint="low", by="tpmt")
    counts = made.frame["arm"].value_counts().to_dict()
    assert counts == {"normal": 2, "intermediate": 1, "untested": 1}
    assert set(made.frame["patient_id"].str[0]) == {"0"}
    assert made.arms[0] == made.reference


def test_a_column_or_an_arm_that_is_not_there_is_answered_with_the_nearest():
    data = watched((28, 28), n=2)
    with pytest.raises(DesignError, match=r"'tpmd' is no column of the patients table; .*tpmt"):
        follow_by_trait(data, question(), endpoint="low", by="tpmd")
    with pytest.raises(DesignError, match=r"'anti_tnfs' is no arm of the study; .*anti_tnf"):
        follow_by_trait(data, question(), endpoint="low", by="tpmt", arm="anti_tnfs")


def test_levels_are_those_after_the_start_up_to_the_end_of_follow_up():
    data = watched((100, 100), n=1, share_low=0)
    levels = follow_levels(data, question(), endpoint="test")
    assert levels.days.tolist() == [100, 200, 300] * 2
    assert levels.value.tolist() == [6.0] * 6
    assert levels.unit == "10^9/L"


def test_individuals_are_shown_of_invented_patients_only():
    data = watched((28, 28), n=10)
    levels = follow_levels(data, question(), endpoint="test")
    shown = sample_individuals(levels, per_arm=3)
    assert shown.groupby("arm", observed=True)["line"].nunique().tolist() == [3, 3]
    for changes in ({"is_synthetic": False}, {"smallest_count": 5}):
        real = replace(levels.follow_up, about={**levels.follow_up.about, **changes})
        assert sample_individuals(replace(levels, follow_up=real)).empty


def test_the_usual_schedule_is_weekly_for_four_weeks_and_then_every_three_months():
    ends = [end for _, end in MonitoringSettings().windows(365)]
    assert ends == [7, 14, 21, 28, 119, 210, 301]


def test_phases_of_a_schedule_must_follow_one_another():
    with pytest.raises(ValueError, match="'until_days', in ascending order"):
        MonitoringSettings(schedule=({"every_days": 91}, {"every_days": 7, "until_days": 28}))
