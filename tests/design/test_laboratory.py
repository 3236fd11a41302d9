"""Laboratory endpoints: what is seen at which test, and what is refused."""

from dataclasses import replace

import pytest

from azaanalysis import describe_protocol, estimate_rates, follow, follow_recurrent
from azaanalysis.errors import DesignError, StudyError
from tests.builders import cohort, comparison, course, patient, study

WBC = {"kind": "laboratory", "test": "wbc", "below": 3.0, "unit": "10^9/L"}
ALT = {"kind": "laboratory", "test": "alt", "above_upper_limits": 3}
ANY = {"kind": "laboratory", "test": "wbc", "count": "all"}


def result(patient_id, date, value, *, test="wbc", unit="10^9/L", upper=None):
    row = {"patient_id": patient_id, "test_date": date, "test": test, "value": value, "unit": unit}
    return {**row, "upper_limit_normal": upper}


def watched(*labs):
    """Two patients; `a` takes azathioprine from 1 January 2015 for a year, `b` an anti-TNF."""
    return cohort(
        [patient("a"), patient("b")],
        [
            course("a", "azathioprine", "2015-01-01", "2015-12-31", stop_reason="remission"),
            course("b", "infliximab", "2015-01-01"),
        ],
        labs=labs,
    )


def question(**endpoints):
    return study(endpoints=endpoints, comparison=comparison(horizon_days=730))


def first_row(data, settings):
    made = follow(data, question(low=settings), endpoint="low")
    return made.frame.set_index("patient_id").loc["a"]


def test_the_finding_is_dated_by_the_first_test_that_shows_it():
    # Day 7: 5.0, day 14: 2.9 (below 3.0), day 30: 2.0. Seen on day 14, absent until day 7.
    row = first_row(
        watched(
            result("a", "2015-01-08", 5.0),
            result("a", "2015-01-15", 2.9),
            result("a", "2015-01-31", 2.0),
        ),
        WBC,
    )
    assert (row.status, row.exit_days, row.last_absent_days) == (1, 14, 7)


def test_a_value_on_the_limit_is_not_below_it():
    assert first_row(watched(result("a", "2015-01-15", 3.0)), WBC).status != 1


def test_a_test_on_the_index_day_comes_before_the_drug():
    assert first_row(watched(result("a", "2015-01-01", 1.0)), WBC).status != 1


def test_a_test_after_the_end_of_treatment_does_not_count():
    row = first_row(watched(result("a", "2016-01-05", 1.0)), WBC)
    assert (row.status, row.exit_days) == (3, 364)  # stopping competes, after death


def test_two_tests_of_one_day_are_one_and_show_what_either_shows():
    data = watched(result("a", "2015-01-15", 5.0), result("a", "2015-01-15", 2.0))
    assert first_row(data, WBC).last_absent_days == 0
    made = follow(data, question(low=WBC, test=ANY), endpoint="test")
    assert made.frame["n_events"].tolist() == [1, 0]


def test_limits_of_normal_are_those_of_the_laboratory():
    # 130 U/L is above 3 x 40 = 120 in one laboratory and not above 3 x 45 = 135 in another.
    alt = {"test": "alt", "unit": "U/L"}
    strict = watched(result("a", "2015-01-15", 130, upper=40, **alt))
    lenient = watched(result("a", "2015-01-15", 130, upper=45, **alt))
    assert first_row(strict, ALT).status == 1
    assert first_row(lenient, ALT).status != 1


def alt_of(patient_id, date, value, upper):
    return result(patient_id, date, value, test="alt", unit="U/L", upper=upper)


def without_limits(data, *rows):
    """Take limits of normal away that the loader would have asked for."""
    labs = data.tables["labs"].copy()
    labs.loc[list(rows), "upper_limit_normal"] = float("nan")
    return replace(data, tables={**data.tables, "labs": labs})


def test_a_result_without_its_limit_of_normal_shows_nothing():
    days_and_values = [("2015-01-10", 999), ("2015-01-15", 20), ("2015-01-20", 999)]
    data = watched(*(alt_of("a", day, value, 40) for day, value in days_and_values))
    row = first_row(without_limits(data, 0), ALT)
    assert (row.status, row.exit_days, row.last_absent_days) == (1, 19, 14)


def test_no_limit_of_normal_at_all_is_refused():
    data = without_limits(watched(alt_of("a", "2015-01-15", 130, 40)), 0)
    with pytest.raises(DesignError, match="no result has one"):
        first_row(data, ALT)


def test_a_result_in_another_unit_is_refused_not_converted():
    data = watched(result("a", "2015-01-15", 2.0), result("b", "2015-01-15", 5.0))
    with pytest.raises(DesignError, match=r"in cells/uL, but 2 of 2 results are in '10\^9/L'"):
        first_row(data, {**WBC, "below": 3000, "unit": "cells/uL"})


def test_an_unknown_test_is_answered_with_its_nearest_neighbour():
    with pytest.raises(DesignError, match=r"does not hold; .*wbc"):
        first_row(watched(result("a", "2015-01-15", 2.0)), {**WBC, "test": "wbcs"})


def test_every_test_counts_towards_tests_per_patient_year():
    # Patient a: 3 tests in 364 days; b: none in 730 days.
    data = watched(
        result("a", "2015-01-08", 5.0), result("a", "2015-01-15", 2.0), result("a", "2015-06-01", 5)
    )
    made = follow(data, question(test=ANY), endpoint="test")
    rates = estimate_rates(made, per_years=1).frame.set_index("arm")
    assert rates.loc["azathioprine", "value"] == pytest.approx(3 / (364 / 365.25))
    assert rates.loc["anti_tnf", "events"] == 0


def test_tests_cut_the_follow_up_into_the_times_between_them():
    data = watched(result("a", "2015-01-08", 5.0), result("a", "2015-01-15", 2.0))
    rows = follow_recurrent(data, question(test=ANY), endpoint="test").frame
    ours = rows[rows["patient_id"] == "a"]
    assert ours["entry_days"].tolist() == [0, 7, 14]
    assert ours["exit_days"].tolist() == [7, 14, 364]


def test_two_limits_and_a_limit_without_its_unit_are_refused():
    with pytest.raises(ValueError, match="give one of 'below', 'above'"):
        question(low={**WBC, "above": 11})
    with pytest.raises(ValueError, match="need the 'unit' of their number"):
        question(low={"kind": "laboratory", "test": "wbc", "below": 3})


def test_a_count_of_tests_has_no_composite():
    with pytest.raises(StudyError, match="'composite' needs count: first"):
        question(test=ANY).changed(endpoints={"test": {"intercurrent": {"death": "composite"}}})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (WBC, "the first test of white cells after time zero below 3 10^9/L"),
        (ALT, "the first test of ALT after time zero above 3 times the upper limit of normal"),
        (ANY, "every test of white cells after time zero"),
    ],
)
def test_the_protocol_says_which_tests_count(settings, words):
    protocol = describe_protocol(question(low=settings), "low").set_index("part")["choice"]
    assert protocol["Outcome"] == f"Low: {words}."
