"""Read dates from text, and find those that cannot be read with certainty."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from azaanalysis.load.trouble import Reading, Trouble

FORMATS = ("excel", "sas")
_EXCEL_EPOCH = date(1899, 12, 30)  # Excel counts a 29 February 1900 that never was
_SAS_EPOCH = date(1960, 1, 1)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]\d{2}:\d{2}.*)?$", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})$", re.ASCII)
_NAMED_MONTH = re.compile(r"(\d{1,2})[-/. ]?([A-Za-z]{3})[a-z]*[-/., ]*(\d{4})$", re.ASCII)
_TOKENS = {
    "YYYY": r"(?P<y>\d{4})",
    "MMM": r"(?P<b>[A-Za-z]{3})[a-z]*",
    "MM": r"(?P<m>\d{1,2})",
    "DD": r"(?P<d>\d{1,2})",
}

_REMEDY = "correct the cell, or list it under 'missing' in the mapping file"
_STATE = "state the order in the mapping file, for example date_format: DD/MM/YYYY"
NO_DATE = Trouble("'{word}', which is no date", "a date such as 2021-03-31", _REMEDY)
NO_SUCH_DAY = Trouble("'{word}', a day that does not exist", "a day of the calendar", _REMEDY)
EXCHANGED = Trouble(
    "'{word}', in which day and month may be exchanged",
    "the same order of day and month in the whole column",
    "correct the order in the source",
)
AMBIGUOUS = Trouble(
    "'{word}', which may be day/month or month/day; so may every other date here",
    "dates as YYYY-MM-DD, or a stated format",
    _STATE,
)
SERIAL = Trouble(
    "'{word}', an Excel serial number (44197 stands for 2021-01-01)",
    "a date such as 2021-03-31",
    "format the column as a date before exporting, or state date_format: excel",
)
TWO_DIGITS = Trouble("'{word}', a year of two digits", "four digits", "export the year in full")
PARTIAL = Trouble("'{word}', an incomplete date", "year, month and day", _REMEDY)
COMPACT = Trouble("'{word}', eight digits", "a date such as 2021-03-31", _STATE.replace("/", ""))
NOT_IN_FORMAT = Trouble("'{word}'", "a date written as the mapping file says", _REMEDY)

_KINDS = (
    (re.compile(r"\d{5}(\.\d+)?$", re.ASCII), SERIAL),
    (re.compile(r"\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2}$", re.ASCII), TWO_DIGITS),
    (re.compile(r"\d{4}([-/.]\d{1,2})?$", re.ASCII), PARTIAL),
    (re.compile(r"\d{1,2}[-/.]\d{4}$", re.ASCII), PARTIAL),
    (re.compile(r"\d{8}$", re.ASCII), COMPACT),
)


def read_dates(words: Sequence[str], *, date_format: str | None = None) -> Reading:
    """Read the different words of a column as dates.

    Without a stated format only an order that is certain is accepted: year first, a month by
    name, or day and month where at least one date of the column fits one order only.
    """
    if date_format is not None:
        return _read_stated(words, date_format)
    day_first, trouble = _order(words)
    found = [_read_one(word, day_first) for word in words]
    values = [item if isinstance(item, date) else None for item in found]
    troubles = [item if isinstance(item, Trouble) else None for item in found]
    return Reading(values, [_or_order(t, w, trouble) for t, w in zip(troubles, words, strict=True)])


def _or_order(found: Trouble | None, word: str, order: Trouble | None) -> Trouble | None:
    return order if order is not None and found is None and _YEAR_LAST.match(word) else found


def _order(words: Sequence[str]) -> tuple[bool | None, Trouble | None]:
    """Return whether the day comes first in dates with the year last, and why it is not known."""
    pairs = [match.groups() for match in map(_YEAR_LAST.match, words) if match]
    n_day_first = sum(int(first) > 12 >= int(second) for first, second, _ in pairs)
    n_month_first = sum(int(second) > 12 >= int(first) for first, second, _ in pairs)
    if not pairs:
        return None, None
    if not n_day_first and not n_month_first:
        return True, AMBIGUOUS
    return n_day_first >= n_month_first, None


def _read_one(word: str, day_first: bool | None) -> date | Trouble:
    if match := _YEAR_FIRST.match(word):
        year, month, day = map(int, match.groups())
        return _calendar(year, month, day)
    if match := _NAMED_MONTH.match(word):
        name = match[2].lower()
        month = _MONTHS.index(name) + 1 if name in _MONTHS else 0
        return _calendar(int(match[3]), month, int(match[1]))
    if match := _YEAR_LAST.match(word):
        first, second, year = map(int, match.groups())
        day, month = (first, second) if day_first else (second, first)
        return _calendar(year, month, day)
    return next((trouble for pattern, trouble in _KINDS if pattern.match(word)), NO_DATE)


def _calendar(year: int, month: int, day: int) -> date | Trouble:
    try:
        return date(year, month, day)
    except ValueError:
        return EXCHANGED if 12 < month <= 31 and 1 <= day <= 12 else NO_SUCH_DAY


def _read_stated(words: Sequence[str], date_format: str) -> Reading:
    read = _reader(date_format)
    values = [read(word) for word in words]
    return Reading(values, [NOT_IN_FORMAT if value is None else None for value in values])


def _reader(date_format: str) -> Callable[[str], date | None]:
    if date_format in FORMATS:
        epoch = _EXCEL_EPOCH if date_format == "excel" else _SAS_EPOCH
        return lambda word: _serial(word, epoch)
    pattern = format_of(date_format)
    return lambda word: _by_pattern(word, pattern) if pattern else None


def _serial(word: str, epoch: date) -> date | None:
    try:
        return epoch + timedelta(days=int(float(word)))
    except (ValueError, OverflowError):
        return None


def _by_pattern(word: str, pattern: re.Pattern[str]) -> date | None:
    match = pattern.fullmatch(word)
    if match is None:
        return None
    parts = match.groupdict()
    name = parts.get("b", "").lower()
    month = int(parts["m"]) if "m" in parts else (_MONTHS.index(name) + 1 if name in _MONTHS else 0)
    found = _calendar(int(parts["y"]), month, int(parts["d"]))
    return found if isinstance(found, date) else None


def format_of(written: str) -> re.Pattern[str] | None:
    """Return the pattern of a format such as DD/MM/YYYY; None if it is not one."""
    tokens = re.findall("YYYY|MMM|MM|DD", written)
    if sorted(tokens) not in (["DD", "MM", "YYYY"], ["DD", "MMM", "YYYY"]):
        return None
    return re.compile(
        re.sub("YYYY|MMM|MM|DD", lambda token: _TOKENS[token[0]], re.escape(written)), re.ASCII
    )
