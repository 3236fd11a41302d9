from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azaanalysis.load import dates
from azaanalysis.load.cells import kind_of, read_numbers, read_truths
from azaanalysis.load.dates import read_dates

DATES = st.lists(st.dates(date(1900, 1, 1), date(2100, 1, 1)), min_size=1, max_size=20, unique=True)


@given(DATES)
def test_iso_dates_are_read_as_they_are(days: list[date]) -> None:
    assert read_dates([str(day) for day in days]).meanings == days


@given(DATES)
def test_a_stated_format_is_read_whatever_the_dates(days: list[date]) -> None:
    words = [f"{day:%d/%m/%Y}" for day in days]
    assert read_dates(words, date_format="DD/MM/YYYY").meanings == days


@given(DATES)
def test_an_unstated_order_is_never_guessed(days: list[date]) -> None:
    reading = read_dates([f"{day:%d/%m/%Y}" for day in days])
    if all(day.day <= 12 for day in days):
        assert set(reading.troubles) == {dates.AMBIGUOUS}
    else:
        assert reading.meanings == days


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_exactly(number: float) -> None:
    assert read_numbers([repr(number)]).meanings == [number]


@pytest.mark.parametrize(
    ("word", "date_format", "day"),
    [
        ("02JAN2014", None, date(2014, 1, 2)),
        ("2 Jan 2014", None, date(2014, 1, 2)),
        ("2014/01/02", None, date(2014, 1, 2)),
        ("2014-01-02T08:30", None, date(2014, 1, 2)),
        ("44197", "excel", date(2021, 1, 1)),
        ("19725", "sas", date(2014, 1, 2)),
        ("20140102", "YYYYMMDD", date(2014, 1, 2)),
        ("02-Jan-2014", "DD-MMM-YYYY", date(2014, 1, 2)),
    ],
)
def test_dates_that_leave_no_doubt_are_read(word: str, date_format: str | None, day: date) -> None:
    assert read_dates([word], date_format=date_format).meanings == [day]


@pytest.mark.parametrize("word", ["inf", "nan", "0x10", "1_000", "1e", "--1", "١٢"])
def test_what_only_a_program_calls_a_number_is_refused(word: str) -> None:
    assert read_numbers([word]).troubles[0] is not None


@pytest.mark.parametrize(("word", "truth"), [("Yes", True), ("n", False), ("1", True), ("2", None)])
def test_truths_are_few_words(word: str, truth: bool | None) -> None:
    assert read_truths([word]).meanings == [truth]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["1", "2.5"], "number"),
        (["1", "2", "lost"], "number"),
        (["a", "b", "3"], "text"),
        (["2020-01-01"], "date"),
        (["true", "False"], "truth"),
        ([], "text"),
    ],
)
def test_an_unknown_column_is_judged_by_what_it_holds(words: list[str], kind: str) -> None:
    assert kind_of(words) == kind
