"""Steroid doses, shares in response and visits, day by day."""

import numpy as np
import pytest

from azaanalysis import make_cohort
from azaanalysis.design import follow
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import estimate_share_in_response, estimate_steroids, estimate_visit_rate
from tests.builders import cohort, comparison, course, patient, study

DAYS = {"horizon_days": 120}
RESPONSE = {"response": {"kind": "visit", "judged_by": "measure", **DAYS}}


def visit(patient_id, date, value):
    return {"patient_id": patient_id, "visit_date": date, "measure": "cdai", "value": float(value)}


def steroid(patient_id, start, stop, mg):
    dates = {"start_date": start, "stop_date": stop}
    return {"patient_id": patient_id, **dates, "prednisolone_mg_per_day": float(mg)}


def two_on_azathioprine():
    # 2012-03-01 is day 0, 2012-03-31 day 30, 2012-04-30 day 60, 2012-05-30 day 90. Patient b
    # stops on day 75 (2012-05-15); one patient on anti-TNF makes the other arm.
    courses = [
        course("a", "azathioprine", "2012-03-01"),
        course("b", "azathioprine", "2012-03-01", "2012-05-15", stop_reason="adverse_event"),
        course("c", "infliximab", "2012-03-01"),
    ]
    scores = {"a": (300, 100, 300, 100), "b": (300, 100, 100, 100), "c": (300, 300, 300, 300)}
    dates = ("2012-03-01", "2012-03-31", "2012-04-30", "2012-05-30")
    visits = [
        visit(n, d, v) for n, four in scores.items() for d, v in zip(dates, four, strict=True)
    ]
    # a: 20 mg on days 0 to 9; b: 10 mg on days 0 to 4 and, besides, 10 mg on days 3 to 4.
    steroids = [
        steroid("a", "2012-03-01", "2012-03-10", 20),
        steroid("b", "2012-03-01", "2012-03-05", 10),
        steroid("b", "2012-03-04", "2012-03-05", 10),
    ]
    asked = study(endpoints=RESPONSE)
    made = cohort([patient(name) for name in "abc"], courses, visits=visits, steroids=steroids)
    return made, asked, follow(made, asked, endpoint="response")


def read(estimate, quantity="", cause="", day=0.0, arm="azathioprine"):
    frame = estimate.only(arm=arm, quantity=quantity, cause=cause).frame
    return frame.loc[frame["at_days"] == day, "value"].item()


def test_doses_are_averaged_over_all_and_summed_since_the_start():
    found = estimate_steroids(*two_on_azathioprine())

    # Day 2: 20 and 10. Day 4: 20 and 10 + 10. Day 9: 20 and 0. Day 10: nothing.
    for day, mean in ((2, 15), (4, 20), (9, 10), (10, 0)):
        assert read(found, "mean_dose_mg", day=day) == pytest.approx(mean)
    # Days 1 to 9: a takes 9 x 20 = 180; b takes 4 x 10 and 2 x 10 = 60. The mean is 120.
    assert read(found, "cumulative_dose_mg", day=120) == pytest.approx(120)
    assert read(found, "low_dose_share", day=4) == 0
    assert read(found, "low_dose_share", day=5) == pytest.approx(0.5)
    assert read(found, "mean_dose_mg", day=2, arm="anti_tnf") == 0


def test_the_error_of_a_mean_dose_is_that_of_two_patients():
    frame = estimate_steroids(*two_on_azathioprine()).only(quantity="mean_dose_mg").frame
    row = frame[(frame["at_days"] == 2) & (frame["arm"] == "azathioprine")].iloc[0]

    # 20 and 10: each is 5 from the mean and counts a half: the root of 2 x 2.5 squared.
    assert row["std_error"] == pytest.approx(np.sqrt(2 * 2.5**2))
    assert row["patients"] == 2


def test_first_response_loss_and_recapture_are_told_apart_and_end_with_the_drug():
    found = estimate_share_in_response(*two_on_azathioprine())

    # Day 35: both in the first response. Day 63: a has lost it on day 60. Day 77: b has stopped
    # and is in none. Day 91: a has it back since day 90.
    shares = {
        (35, "first_response"): 1,
        (63, "first_response"): 0.5,
        (63, "response_lost"): 0.5,
        (77, "first_response"): 0,
        (77, "response_lost"): 0.5,
        (91, "response_again"): 0.5,
        (91, "response_lost"): 0,
        (120, "response_again"): 0.5,
    }
    for (day, state), share in shares.items():
        assert read(found, "share_in_state", state, day) == pytest.approx(share), (day, state)


def test_visits_are_counted_until_follow_up_ends_over_the_time_followed():
    found = estimate_visit_rate(*two_on_azathioprine()).only(arm="azathioprine").frame.iloc[0]

    # Both respond at their first visit after the start, on day 30: 2 visits in 60 days.
    assert found["events"] == 2
    assert found["value"] == pytest.approx(2 / (60 / 365.25))


def test_time_out_of_observation_counts_for_no_mean():
    made, asked, _ = two_on_azathioprine()
    seen = made.patients.assign(observed_to=made.patients["observed_to"].mask(
        made.patients["patient_id"] == "b", np.datetime64("2012-03-03", "s")))  # fmt: skip
    shorter = type(made)({**made.tables, "patients": seen}, "rows", True, 1, made.report,
                         made.drug_classes)  # fmt: skip
    followed = follow(shorter, asked, endpoint="response")

    assert read(estimate_steroids(shorter, asked, followed), "mean_dose_mg", day=4) == 20


def test_a_higher_limit_of_a_low_dose_never_lowers_the_share_below_it():
    made = make_cohort(300, seed=5)
    asked = study(endpoints=RESPONSE, comparison=comparison())
    followed = follow(made, asked, endpoint="response")
    low, high = (
        estimate_steroids(made, asked, followed, low_mg_per_day=mg).only(quantity="low_dose_share")
        for mg in (5, 20)
    )
    assert (high.frame["value"] >= low.frame["value"] - 1e-12).all()
    assert high.frame["value"].sum() > low.frame["value"].sum()


def test_states_of_response_add_up_to_no_more_than_everybody():
    made = make_cohort(300, seed=5)
    year = {"response": {"kind": "visit"}}
    asked = study(endpoints=year, comparison=comparison())
    frame = estimate_share_in_response(made, asked, follow(made, asked, endpoint="response")).frame
    total = frame.groupby(["arm", "at_days"])["value"].sum()

    assert total.max() <= 1 + 1e-9
    assert (frame.groupby("cause")["value"].max() > 0).all()


def test_another_kind_of_endpoint_another_cohort_and_no_level_are_refused():
    made, asked, followed = two_on_azathioprine()
    stopping = study()
    with pytest.raises(DesignError, match="no finding at visits"):
        estimate_share_in_response(made, stopping, follow(made, stopping, endpoint="stopping"))
    other = cohort([patient("z"), patient("y")], [course("z", "azathioprine", "2012-03-01"),
                   course("y", "infliximab", "2012-03-01")], visits=[visit("z", "2012-03-31", 100)],
                   steroids=[steroid("z", "2012-03-01", "2012-03-05", 10)])  # fmt: skip
    with pytest.raises(DesignError, match="another cohort or study"):
        estimate_steroids(other, asked, followed)
    with pytest.raises(EstimationError, match="level"):
        estimate_steroids(made, asked, followed, level=95)
