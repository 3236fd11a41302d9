"""Event rates: hand-worked counts, published and R limits, properties, and refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.design import follow_up_from_frame
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate import estimate_rates, estimate_rates_by_window, tally
from azaanalysis.estimate.count_limits import byar_limits
from tests.builders import follow_up
from tests.estimate.trials import cgd_intervals, cgd_patients
from tests.r_results import r_result

LIMITS = ["value", "lower", "upper"]


def test_three_events_in_two_years_have_the_published_limits():
    # One year each and three infections: 3 / 2 years = 150 per 100 patient-years.
    # Garwood's table gives 0.6187 to 8.7673 for a count of 3. Halve for the year.
    two_patients = follow_up(days=[365.25, 365.25], n_events=[3, 0])

    (row,) = estimate_rates(two_patients, per_years=100).frame.itertuples()

    assert row.value == pytest.approx(150)
    assert row.lower == pytest.approx(100 * 0.6187 / 2, rel=1e-4)
    assert row.upper == pytest.approx(100 * 8.7673 / 2, rel=1e-4)
    assert (row.patients, row.events, row.patient_years) == (2, 3, 2)


@pytest.mark.parametrize("arm", ["Placebo", "Xanomeline Low Dose", "Xanomeline High Dose"])
def test_infection_rates_of_the_pilot_trial_have_the_limits_of_r(arm):
    # R: poisson.test(events, person_years).
    known = r_result("infection_counts")[arm]
    made = follow_up(days=[known["person_years"] * 365.25], n_events=[known["events"]])
    (row,) = estimate_rates(made, per_years=1).frame.itertuples()

    assert row.value == pytest.approx(known["rate"], rel=1e-10)
    assert (row.lower, row.upper) == pytest.approx((known["lower"], known["upper"]), rel=1e-8)


@pytest.mark.parametrize("number", range(6))
def test_a_table_of_counts_has_the_exact_limits_of_r(number):
    known = r_result("garwood_table")[number]
    made = follow_up(days=[known["person_years"] * 365.25], n_events=[known["events"]])
    row = estimate_rates(made, per_years=1).frame.loc[0, LIMITS]

    assert list(row) == pytest.approx([known[k] for k in ("rate", "lower", "upper")], rel=1e-8)


@pytest.mark.parametrize("number", range(4))
def test_a_table_of_counts_has_the_limits_of_byar(number):
    known = r_result("byar_table")[number]
    limits = byar_limits(known["events"], known["person_years"], 0.95)

    assert limits == pytest.approx((known["lower"], known["upper"]), rel=1e-8)


@pytest.mark.parametrize(
    ("entry", "arm", "level"),
    [
        ("cgd_rate_placebo_exact", "placebo", 0.95),
        ("cgd_rate_ifn_exact", "rIFN-g", 0.95),
        ("cgd_rate_placebo_exact_90", "placebo", 0.90),
    ],
)
@pytest.mark.parametrize("trial", [cgd_patients, cgd_intervals])
def test_infections_of_the_interferon_trial_have_the_exact_limits_of_r(entry, arm, level, trial):
    made = estimate_rates(trial(), per_years=1, level=level, variance="exact")
    known = r_result(entry)

    assert list(made.only(arm=arm).frame.loc[0, LIMITS]) == pytest.approx(
        [known["rate"], known["lower"], known["upper"]], rel=1e-8
    )


def test_the_interferon_trial_has_its_published_counts():
    # N Engl J Med 1991;324:509: 63 and 65 patients, 20 and 56 infections.
    made = estimate_rates(cgd_intervals()).frame.set_index("arm")

    assert made["patients"].to_dict() == {"placebo": 65, "rIFN-g": 63}
    assert made["events"].to_dict() == {"placebo": 56, "rIFN-g": 20}


def test_no_event_has_the_rate_zero_and_an_upper_limit_of_three_and_a_bit():
    # Minus the logarithm of 0.025, by one year: the "rule of three" at 97.5 %.
    (row,) = estimate_rates(follow_up(days=[365.25]), per_years=1).frame.itertuples()

    assert (row.value, row.lower) == (0, 0)
    assert row.upper == pytest.approx(-np.log(0.025))


def test_an_arm_without_time_has_no_rate():
    (row,) = estimate_rates(follow_up(days=[0])).frame.itertuples()

    assert np.isnan(row.value)
    assert row.patient_years == 0


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=8))
@settings(max_examples=50, deadline=None)
def test_sharing_the_same_time_among_more_patients_changes_nothing(days):
    one = estimate_rates(follow_up(days=[sum(days)], n_events=[2])).frame
    many = estimate_rates(follow_up(days=days, n_events=[2] + [0] * (len(days) - 1))).frame

    np.testing.assert_allclose(many[LIMITS], one[LIMITS])


def test_whole_counts_are_refused_of_a_weighted_follow_up():
    weighted = follow_up(days=[100, 200], weight=[0.5, 1.5])

    with pytest.raises(DesignError, match="Ask for variance='robust'"):
        estimate_rates(weighted, variance="exact")


def test_a_weighted_rate_counts_by_weight():
    # (2 * 1 event) / (2 * 1 year + 1 * 1 year) = 2/3 a year. Influence of each patient per unit
    # of weight: (1 - 2/3) / 3 and (0 - 2/3) / 3; times the weights 2 and 1: 2/9 and -2/9.
    weighted = follow_up(days=[365.25, 365.25], n_events=[1, 0], weight=[2, 1])
    made = estimate_rates(weighted, per_years=1)
    (row,) = made.frame.itertuples()

    assert row.value == pytest.approx(2 / 3)
    assert row.std_error == pytest.approx(np.sqrt(2 * (2 / 9) ** 2))
    assert row.lower < 2 / 3 < row.upper
    assert (row.events, row.patient_years) == (1, 2)
    assert made.about["variance"] == "robust"
    assert "weights taken as known" in made.about["interval"]


def test_a_rate_without_level_has_no_interval():
    made = estimate_rates(follow_up(days=[100], n_events=[1], weight=[2]), level=None)

    assert made.frame[["lower", "upper"]].isna().all(axis=None)
    assert made.about["interval"] == "none"


patients = st.lists(
    st.tuples(st.integers(1, 900), st.integers(0, 4), st.floats(0.1, 5)), min_size=3, max_size=12
)


@given(patients, st.floats(0.01, 100), st.randoms())
@settings(max_examples=50, deadline=None)
def test_order_and_a_common_factor_of_the_weights_change_nothing(rows, factor, random):
    days, events, weight = zip(*rows, strict=True)
    one = estimate_rates(follow_up(days=days, n_events=events, weight=weight), variance="robust")
    random.shuffle(rows)
    days, events, weight = zip(*rows, strict=True)
    scaled = [w * factor for w in weight]
    other = estimate_rates(follow_up(days=days, n_events=events, weight=scaled), variance="robust")

    columns = [*LIMITS, "std_error"]
    np.testing.assert_allclose(other.frame[columns], one.frame[columns], rtol=1e-7, atol=1e-9)


@given(patients, st.integers(1, 99))
@settings(max_examples=50, deadline=None)
def test_a_follow_up_split_in_two_rows_has_the_same_rate_and_error(rows, share):
    days, events, weight = zip(*rows, strict=True)
    frame = pd.DataFrame({"t": days, "s": 0, "e": 0.0, "w": weight, "p": range(len(days))})
    whole = of_frame(frame, events)
    cut = frame["t"] * share / 100
    split = pd.concat([frame.assign(t=cut), frame.assign(e=cut)], ignore_index=True)
    halves = of_frame(split, [0] * len(days) + list(events))

    columns = [*LIMITS, "std_error"]
    np.testing.assert_allclose(halves[columns], whole[columns], rtol=1e-7, atol=1e-9)
    assert halves["patients"].tolist() == whole["patients"].tolist()


def of_frame(frame, events):
    made = follow_up_from_frame(frame, time="t", status="s", entry="e", weight="w", patient="p")
    made.frame["n_events"] = list(events)
    return estimate_rates(made, variance="robust").frame


@given(
    st.lists(
        st.tuples(st.integers(1, 50), st.integers(0, 2), st.sampled_from("ab"), st.floats(0.1, 4)),
        min_size=2,
        max_size=20,
    )
)
@settings(max_examples=50, deadline=None)
def test_a_risk_table_gives_the_rates_of_its_follow_up(rows):
    days, status, arm, weight = zip(*rows, strict=True)
    made = follow_up(days=days, status=status, arm=arm, weight=weight, causes=["own", "other"])
    from_rows = estimate_rates(made, variance="robust").frame
    from_table = estimate_rates(tally(made), variance="robust").frame

    pd.testing.assert_frame_equal(from_table, from_rows, rtol=1e-7, atol=1e-9)


def test_windows_share_out_time_and_events():
    # Patient 1: event on day 100. Patient 2: 250 days without. Windows to day 91, 182 and 365
    # hold 91 + 91, 9 + 91 and 0 + 68 days, and no, one, and no event.
    made = follow_up(days=[100, 250], status=[1, 0])
    frame = estimate_rates_by_window(made, windows=[0, 91, 182, 365], per_years=1).frame

    assert frame["at_days"].tolist() == [91, 182, 365]
    assert frame["events"].tolist() == [0, 1, 0]
    assert frame["patients"].tolist() == [2, 2, 1]
    assert frame["patient_years"].tolist() == pytest.approx(
        [182 / 365.25, 100 / 365.25, 68 / 365.25]
    )
    assert frame.loc[1, "value"] == pytest.approx(365.25 / 100)


@given(st.lists(st.tuples(st.integers(0, 365), st.integers(0, 1)), min_size=1, max_size=12))
@settings(max_examples=50, deadline=None)
def test_windows_add_up_to_the_whole(rows):
    days, status = zip(*rows, strict=True)
    made = follow_up(days=days, status=status)
    windows = estimate_rates_by_window(made, windows=[0, 91, 182, 365]).frame
    whole = estimate_rates(made).frame

    assert windows["events"].sum() == whole["events"].sum()
    assert windows["patient_years"].sum() == pytest.approx(whole["patient_years"].sum())


def test_windows_are_refused_when_the_days_of_events_are_not_known():
    with pytest.raises(DesignError, match="one row for each interval at risk"):
        estimate_rates_by_window(follow_up(days=[100], n_events=[2]), windows=[0, 365])


@pytest.mark.parametrize("windows", [[0, 90, 90], [90], [-1, 90]])
def test_windows_that_do_not_ascend_are_refused(windows):
    with pytest.raises(EstimationError, match="for example"):
        estimate_rates_by_window(follow_up(days=[100]), windows=windows)


@pytest.mark.parametrize("count", [-1, np.nan, np.inf])
def test_counts_that_are_none_are_refused(count):
    with pytest.raises(EstimationError, match="in 1 of 2 rows"):
        estimate_rates(follow_up(days=[1, 1], n_events=[0, count]))


@pytest.mark.parametrize("changes", [{"level": 95}, {"per_years": 0}, {"per_years": -1}])
def test_settings_that_mean_nothing_are_refused(changes):
    with pytest.raises(EstimationError, match="for example"):
        estimate_rates(follow_up(days=[1]), **changes)


def test_a_variance_of_another_name_is_refused():
    with pytest.raises(EstimationError, match="known are: auto, exact"):
        estimate_rates(follow_up(days=[1]), variance="naive")
