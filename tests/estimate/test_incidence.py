"""Incidence and survival: worked by hand, against R and lifelines, and what must hold."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter

from azaanalysis.design import follow_up_from_frame
from azaanalysis.errors import EstimationError
from azaanalysis.estimate import estimate_incidence
from tests.builders import follow_up
from tests.r_results import r_result
from tests.real_data import real


def curve(estimate, cause, column="value"):
    return estimate.only(cause=cause).frame.set_index("at_days")[column]


def test_a_day_before_anybody_has_left_has_the_limits_of_no_event_among_them():
    # One patient, seen to day 200 without event: a risk p is held against (1 - p), so p <= 0.975.
    one = estimate_incidence(follow_up(days=[200], status=[0]))
    read = one.at([0, 84, 200]).only(quantity="risk").frame
    assert read["upper"].tolist() == pytest.approx([0, 0.975, 0.975])
    assert read["lower"].tolist() == [0, 0, 0]
    survival = one.at([84]).only(quantity="survival").frame.iloc[0]
    assert (survival["lower"], survival["upper"]) == pytest.approx((0.025, 1))
    # With an event on the next day nothing is known of the days between.
    two = estimate_incidence(follow_up(days=[90, 90], status=[1, 0])).at([84])
    assert two.only(quantity="risk").frame["upper"].isna().all()


def test_four_patients_with_two_causes_have_the_curves_worked_by_hand():
    # Day 1: 4 at risk, cause 1 happens to one: S = 3/4, F1 = 1/4.
    # Day 2: 3 at risk, one is censored. Day 3: 2 at risk, cause 2 happens to one:
    # F2 = 3/4 * 1/2 = 3/8, S = 3/8. Day 4: 1 at risk, censored.
    four = follow_up(days=[1, 2, 3, 4], status=[1, 0, 2, 0], causes=["one", "two"])
    made = estimate_incidence(four)

    assert curve(made, "").tolist() == pytest.approx([1, 0.75, 0.75, 0.375, 0.375])
    assert curve(made, "one").tolist() == pytest.approx([0, 0.25, 0.25, 0.25, 0.25])
    assert curve(made, "two").tolist() == pytest.approx([0, 0, 0, 0.375, 0.375])
    assert curve(made, "", "patients").tolist() == [4, 4, 3, 2, 1]
    assert curve(made, "two", "events").tolist() == [0, 0, 0, 1, 1]


def test_the_standard_error_of_survival_is_greenwoods_worked_by_hand():
    # S(3) = 3/8; Greenwood: S^2 (1/(4*3) + 1/(2*1)) = (9/64) (7/12) = 0.08203.
    four = follow_up(days=[1, 2, 3, 4], status=[1, 0, 1, 0])
    error = curve(estimate_incidence(four), "", "std_error").loc[3]

    assert error == pytest.approx(np.sqrt(9 / 64 * 7 / 12))


def test_events_of_one_day_share_one_denominator():
    tied = follow_up(days=[5, 5, 5, 9], status=[1, 1, 2, 0], causes=["one", "two"])
    made = estimate_incidence(tied)

    assert curve(made, "one").loc[5] == pytest.approx(2 / 4)
    assert curve(made, "two").loc[5] == pytest.approx(1 / 4)


def test_patients_who_enter_late_are_at_risk_only_afterwards():
    # The second enters on day 3, after the event of day 2, which had one patient at risk of two.
    late = follow_up(days=[2, 6, 6], status=[1, 1, 0], entry=[0, 3, 0])
    survival = curve(estimate_incidence(late), "")

    assert survival.loc[2] == pytest.approx(1 / 2)
    assert survival.loc[6] == pytest.approx(1 / 4)


def test_the_variance_is_the_sum_of_squared_influences_even_with_weights_and_late_entry():
    rng = np.random.default_rng(3)
    n = 40
    entry = rng.integers(0, 8, n)
    frame = pd.DataFrame({"entry": entry, "time": entry + rng.integers(1, 10, n)})
    frame = frame.assign(status=rng.integers(0, 3, n), weight=rng.uniform(0.2, 2, n))

    def value(weight, cause, column="value"):
        made = follow_up_from_frame(
            frame.assign(weight=weight),
            time="time",
            status="status",
            entry="entry",
            weight="weight",
            causes=["one", "two"],
        )
        return estimate_incidence(made).only(cause=cause).at([9]).frame[column].item()

    for cause in ["", "one", "two"]:
        influence = []
        for i in range(n):
            step = np.zeros(n)
            step[i] = 1e-5
            weight = frame["weight"].to_numpy()
            slope = (value(weight + step, cause) - value(weight - step, cause)) / 2e-5
            influence.append(weight[i] * slope)
        measured = value(frame["weight"], cause, "std_error")
        assert measured == pytest.approx(np.sqrt(np.square(influence).sum()), rel=1e-6)


def test_survival_agrees_with_lifelines():
    rng = np.random.default_rng(4)
    days, status = rng.integers(0, 60, 300), rng.integers(0, 2, 300)
    ours = curve(estimate_incidence(follow_up(days=list(days), status=list(status))), "")
    theirs = KaplanMeierFitter().fit(days, status).survival_function_at_times(ours.index)

    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("arm", ["CBZ", "LTG"])
@pytest.mark.parametrize(("cause", "name"), [("", "(s0)"), ("ISC", "ISC"), ("UAE", "UAE")])
def test_withdrawal_in_the_epilepsy_trial_agrees_with_r(arm, cause, name):
    trial = pd.read_csv(real("survival/epileptic.csv.gz"))
    made = follow_up_from_frame(
        trial, time="with.time", status="with.status2", arm="treat", causes=["ISC", "UAE"]
    )
    expected = r_result("epileptic_aj_treat")[f"treat={arm}"]
    ours = estimate_incidence(made, transform="log").only(arm=arm, cause=cause)
    ours = ours.at(expected["time"]).frame

    columns = {"value": "p", "std_error": "se", "lower": "lower", "upper": "upper"}
    for column, key in columns.items():
        np.testing.assert_allclose(ours[column], expected[name][key], rtol=1e-8)


def test_limits_of_survival_in_the_pilot_trial_agree_with_r():
    import pyreadstat

    times, _ = pyreadstat.read_xport(real("adam_cdiscpilot/adtte.xpt"))
    times = times.assign(event=1 - times["CNSR"])
    made = follow_up_from_frame(times, time="AVAL", status="event", arm="TRTA")
    for arm in made.arms:
        expected = r_result("ttde_km")[f"arm={arm}"]
        ours = estimate_incidence(made).only(arm=arm, quantity="survival")
        ours = ours.at(expected["time"]).frame
        np.testing.assert_allclose(ours["value"], expected["surv"], rtol=1e-9)
        np.testing.assert_allclose(ours["std_error"], expected["std_err_surv"], rtol=1e-9)
        np.testing.assert_allclose(ours["lower"], np.array(expected["lower"], float), rtol=1e-8)
        np.testing.assert_allclose(ours["upper"], np.array(expected["upper"], float), rtol=1e-8)
        assert ours["patients"].tolist() == expected["n_risk"]


rows = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 2), st.floats(0.1, 5)), min_size=1, max_size=30
)


def made_of(listed):
    days, status, weight = map(list, zip(*listed, strict=True))
    return follow_up(days=days, status=status, weight=weight, causes=["one", "two"])


@settings(max_examples=60, deadline=None)
@given(rows)
def test_risks_and_survival_add_up_to_one_whatever_the_data(listed):
    made = estimate_incidence(made_of(listed))
    total = curve(made, "") + curve(made, "one") + curve(made, "two")

    np.testing.assert_allclose(total, 1, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(rows, st.randoms(use_true_random=False), st.floats(0.1, 50))
def test_neither_the_order_of_patients_nor_the_scale_of_weights_matters(listed, random, scale):
    shuffled = [(day, status, weight * scale) for day, status, weight in listed]
    random.shuffle(shuffled)
    one, two = (estimate_incidence(made_of(x)).frame for x in (listed, shuffled))

    columns = ["value", "std_error", "lower", "upper"]
    np.testing.assert_allclose(one[columns], two[columns], rtol=1e-6, atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 2)), min_size=1, max_size=30))
def test_without_censoring_the_risk_is_the_plain_proportion(listed):
    days, status = map(list, zip(*listed, strict=True))
    made = estimate_incidence(follow_up(days=days, status=status, causes=["one", "two"]))

    plain = np.mean([s == 1 for s in status])
    assert curve(made, "one").iloc[-1] == pytest.approx(plain)


@settings(max_examples=40, deadline=None)
@given(rows)
def test_limits_hold_the_value_and_stay_between_zero_and_one(listed):
    frame = estimate_incidence(made_of(listed)).frame.dropna(subset=["lower", "upper"])

    assert (frame["lower"] <= frame["value"] + 1e-9).all()
    assert (frame["upper"] >= frame["value"] - 1e-9).all()
    assert frame["lower"].between(0, 1).all()
    assert frame["upper"].between(0, 1).all()


def test_a_curve_that_reached_everybody_is_known_ever_after_and_another_is_not():
    arms = follow_up(days=[3, 5, 4, 9], status=[1, 1, 1, 0], arm=["a", "a", "b", "b"])
    at_nine = estimate_incidence(arms).only(quantity="survival").at([9, 12]).frame

    assert at_nine["value"].tolist() == pytest.approx([0, np.nan, 0.5, np.nan], nan_ok=True)


def test_the_number_at_risk_between_two_days_is_that_of_the_next():
    made = estimate_incidence(follow_up(days=[10, 20, 20, 40], status=[1, 1, 0, 0]))
    read = made.only(cause="").at([0, 15, 20, 21, 41]).frame

    assert read["patients"].tolist() == [4, 3, 3, 1, 0]


@pytest.mark.parametrize("level", [0, 1, 95, -0.5])
def test_a_level_that_is_no_proportion_is_refused(level):
    with pytest.raises(EstimationError, match=r"between 0 and 1, for example 0\.95"):
        estimate_incidence(follow_up(days=[1]), level=level)


def test_an_arm_of_weight_nothing_is_refused_by_name():
    with pytest.raises(EstimationError, match="The arm 'b' has nobody in it"):
        estimate_incidence(follow_up(days=[1, 2], arm=["a", "b"], weight=[1, 0]))
