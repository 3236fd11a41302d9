"""Person-time told apart by the drug in use, the steroid dose, and the last test result."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.design import follow, follow_by_drug, follow_by_level, follow_recurrent
from azaanalysis.errors import DesignError
from azaanalysis.estimate import estimate_rates
from azaanalysis.synthetic import make_cohort
from tests.builders import cohort, comparison, course, patient, study

DOSE = "prednisolone_mg_per_day"


def infection(date):
    return {"patient_id": "a", "event_date": date, "event": "infection"}


def question(*, lag_days=0, **compared):
    endpoint = {"kind": "event", "event": "infection", "count": "all", "lag_days": lag_days}
    return study(endpoints={"infection": endpoint}, comparison=comparison(**compared))


def pieces(follow_up):
    return [
        (row.arm, row.entry_days, row.exit_days, row.n_events)
        for row in follow_up.frame.itertuples()
    ]


def one_patient(*courses, events=(), **tables):
    given_courses = [course("a", *each) for each in courses]
    return cohort([patient("a")], given_courses, events=list(events) or [infection("2010-06-01")],
                  **tables)  # fmt: skip


# 2012-01-01 is day 0, 2012-01-31 day 30, 2012-03-01 day 60, 2012-04-10 day 100; the horizon 365.
SWITCH = [
    ("azathioprine", "2012-01-01", "2012-01-31"),
    ("infliximab", "2012-03-01", "2012-04-10"),
]


def test_who_switches_contributes_time_and_events_to_each_drug():
    # Azathioprine to day 30, nothing to day 60, anti-TNF to day 100, then nothing. Infections on
    # days 20 and 70.
    made = one_patient(*SWITCH, events=[infection("2012-01-21"), infection("2012-03-11")])

    followed = follow_by_drug(made, question(permissible_gap_days=10), endpoint="infection")

    assert pieces(followed) == [
        ("azathioprine", 0, 20, 1),
        ("azathioprine", 20, 30, 0),
        ("no_study_drug", 30, 60, 0),
        ("anti_tnf", 60, 70, 1),
        ("anti_tnf", 70, 100, 0),
        ("no_study_drug", 100, 365, 0),
    ]
    assert set(followed.frame["arm_started"]) == {"azathioprine"}


def test_a_lag_counts_on_for_the_last_drug_until_another_begins():
    settings_ = question(permissible_gap_days=10, lag_days=50)

    followed = follow_by_drug(one_patient(*SWITCH), settings_, endpoint="infection")

    # 30 days of the lag after azathioprine are cut short by the anti-TNF; 50 follow that.
    assert pieces(followed) == [
        ("azathioprine", 0, 60, 0),
        ("anti_tnf", 60, 150, 0),
        ("no_study_drug", 150, 365, 0),
    ]


def test_an_infection_on_the_day_of_a_switch_belongs_to_the_drug_before():
    courses = [("azathioprine", "2012-01-01", "2012-02-15"), ("infliximab", "2012-01-31", None)]
    made = one_patient(*courses, events=[infection("2012-01-31")])

    followed = follow_by_drug(made, question(), endpoint="infection")

    # The overlap of 15 days is supply that was left at home.
    assert pieces(followed) == [("azathioprine", 0, 30, 1), ("anti_tnf", 30, 365, 0)]


def test_two_drugs_together_that_are_no_arm_are_a_combination_of_their_own():
    courses = [("azathioprine", "2012-01-01", None), ("infliximab", "2012-01-31", "2012-04-10")]

    followed = follow_by_drug(one_patient(*courses), question(), endpoint="infection")

    assert pieces(followed) == [
        ("azathioprine", 0, 30, 0),
        ("another_combination", 30, 100, 0),
        ("azathioprine", 100, 365, 0),
    ]


def test_supply_for_one_day_counts_with_its_lag():
    made = one_patient(("azathioprine", "2012-01-01", "2012-01-01"))

    followed = follow_by_drug(made, question(lag_days=30), endpoint="infection")

    assert pieces(followed) == [("azathioprine", 0, 30, 0), ("no_study_drug", 30, 365, 0)]


def test_an_infection_belongs_to_the_steroid_dose_of_the_day_before():
    spell = {"patient_id": "a", "start_date": "2012-01-31", "stop_date": "2012-02-29", DOSE: 20.0}
    made = one_patient(
        ("azathioprine", "2012-01-01", None), events=[infection("2012-01-31")], steroids=[spell]
    )

    followed = follow_by_level(made, question(), endpoint="infection", of=DOSE, cuts=[10, 20])

    # The dose of days 30 to 59 stands behind the events of days 31 to 60.
    assert pieces(followed) == [
        ("none", 0, 30, 1),
        ("20 or more", 30, 60, 0),
        ("none", 60, 365, 0),
    ]
    assert followed.arms == ("none", "below 10", "10 to below 20", "20 or more")


def lymphocytes(date, value):
    row = {"patient_id": "a", "test_date": date, "test": "lymphocytes", "value": value}
    return {**row, "unit": "10^9/L"}


def test_a_count_is_known_from_the_day_after_and_forgotten_in_time():
    labs = [lymphocytes("2012-01-31", 0.7), lymphocytes("2012-03-01", 1.2)]
    made = one_patient(("azathioprine", "2012-01-01", None), labs=labs)
    asked = {"endpoint": "infection", "of": "lymphocytes", "cuts": [0.8, 1.0]}

    followed = follow_by_level(made, question(), **asked, carry_days=100)

    assert pieces(followed) == [
        ("not known", 0, 30, 0),
        ("below 0.8", 30, 60, 0),
        ("1 or more", 60, 160, 0),
        ("not known", 160, 365, 0),
    ]


def test_a_cohort_without_the_table_says_that_nothing_is_known():
    made = one_patient(("azathioprine", "2012-01-01", None))

    followed = follow_by_level(made, question(), endpoint="infection", of=DOSE, cuts=[10])

    assert pieces(followed) == [("not known", 0, 365, 0)]
    assert any("no table or test" in note for note in followed.about["notes"])


def test_day_one_as_time_zero_starts_with_the_drug():
    made = one_patient(("azathioprine", "2012-01-01", None))

    followed = follow_by_drug(made, question(first_day=1), endpoint="infection")

    assert [arm for arm, *_ in pieces(followed)] == ["azathioprine"]


def test_cuts_that_do_not_ascend_are_refused():
    made = one_patient(("azathioprine", "2012-01-01", None))

    with pytest.raises(DesignError, match="ascending order, for example 10, 20"):
        follow_by_level(made, question(), endpoint="infection", of=DOSE, cuts=[20, 10])


WORLD = make_cohort(n_patients=1500, seed=7)
ARMS = {"azathioprine": ["azathioprine"], "anti_tnf": ["anti_tnf"], "jak": ["jak_inhibitor"]}


def world_question(lag_days, gap_days=60):
    compared = {"arms": ARMS, "permissible_gap_days": gap_days, "horizon_days": 1095}
    return question(lag_days=lag_days, **compared)


@settings(max_examples=4, deadline=None)
@given(lag=st.integers(0, 120), gap=st.integers(0, 120))
def test_time_on_the_first_drug_is_that_of_follow_on_treatment(lag, gap):
    # A lag that outlasts the gap would bridge it: the drug is taken up again before it is over.
    asked = world_question(min(lag, gap), gap)
    expected = follow(WORLD, asked, endpoint="infection").frame

    frame = follow_by_drug(WORLD, asked, endpoint="infection").frame

    is_own = frame["arm"].astype(str) == frame["arm_started"].astype(str)
    on_first = frame[is_own.groupby(frame["patient_id"]).cummin()]
    found = on_first.groupby("patient_id").agg({"exit_days": "max", "n_events": "sum"})
    # Supply for one day without a lag leaves nobody at risk on it.
    found = found.reindex(expected["patient_id"]).fillna(0)
    np.testing.assert_array_equal(found["exit_days"], expected["exit_days"])
    np.testing.assert_array_equal(found["n_events"], expected["n_events"])


@settings(max_examples=4, deadline=None)
@given(cuts=st.sets(st.integers(1, 60), min_size=1, max_size=4))
def test_levels_share_out_all_time_and_all_events(cuts):
    asked = world_question(30)
    whole = follow_recurrent(WORLD, asked, endpoint="infection").frame

    found = follow_by_level(WORLD, asked, endpoint="infection", of=DOSE, cuts=sorted(cuts)).frame

    years = (whole["exit_days"] - whole["entry_days"]).sum()
    assert (found["exit_days"] - found["entry_days"]).sum() == pytest.approx(years)
    assert found["n_events"].sum() == whole["n_events"].sum()
    assert pd.Series(found["entry_days"] <= found["exit_days"]).all()


def test_infections_rise_with_the_steroid_dose_as_the_world_was_made():
    asked = world_question(30)
    levels = follow_by_level(WORLD, asked, endpoint="infection", of=DOSE, cuts=[20])

    rates = estimate_rates(levels).frame.set_index("arm")

    # The mechanism multiplies the rate of infections with the dose.
    assert rates.loc["20 or more", "lower"] > rates.loc["none", "value"]
