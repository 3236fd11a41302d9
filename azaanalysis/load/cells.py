"""Read words as numbers, truths and codes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

import pandas as pd

from azaanalysis.load.dates import read_dates
from azaanalysis.load.trouble import Reading, Trouble
from azaanalysis.vocab import as_code

_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_REMEDY = "correct the cell, or list it under 'missing' or 'codes' in the mapping file"
_THOUSANDS = Trouble(
    "'{word}', which may hold a thousands separator or a decimal comma",
    "a plain number such as 1234.5",
    'state decimal: "," or thousands: "," in the mapping file',
)
_DECIMAL = Trouble(
    "'{word}', a decimal comma",
    "a decimal point",
    'state decimal: "," in the mapping file',
)
_LIMIT = Trouble(
    "'{word}', a result beyond a limit of detection",
    "a number",
    "say under 'codes' in the mapping file which number is to stand for it",
)
_UNIT = Trouble("'{word}', a number with text", "a number alone", _REMEDY)
_TEXT = Trouble("'{word}', text where a number belongs", "a number", _REMEDY)
_KINDS = (
    (re.compile(r"[+-]?\d{1,3}([,.' ]\d{3})+([.,]\d+)?$"), _THOUSANDS),
    (re.compile(r"[+-]?\d+,\d+$"), _DECIMAL),
    (re.compile(r"[<>≤≥]=?\s*\d"), _LIMIT),
    (re.compile(r"[+-]?\d"), _UNIT),
)
_FRACTION = Trouble("'{word}'", "a whole number", _REMEDY)
_NO_TRUTH = Trouble("'{word}'", "true or false (yes, no, 1, 0)", _REMEDY)
_TRUTHS = {
    **dict.fromkeys(("true", "yes", "y", "1", "t"), True),
    **dict.fromkeys(("false", "no", "n", "0", "f"), False),
}
# A further column counts as numbers with errors, not as text, if this share of it is numbers.
_MOSTLY = 0.6


def read_numbers(words: Sequence[str], *, decimal: str = ".", thousands: str = "") -> Reading:
    """Read words as numbers; only digits, one sign, one decimal mark and an exponent may occur."""
    plain = pd.Series(words, dtype="object").astype("str")
    if thousands:
        plain = plain.str.replace(thousands, "", regex=False)
    if decimal != ".":
        plain = plain.str.replace(".", "?", regex=False).str.replace(decimal, ".", regex=False)
    is_number = plain.str.fullmatch(_NUMBER).astype(bool)
    # float() reads exactly what another program wrote; pandas may be off by the last digit.
    values = [float(word) if ok else None for word, ok in zip(plain, is_number, strict=True)]
    troubles = [None] * len(words)
    for place in (~is_number.to_numpy()).nonzero()[0]:
        troubles[place] = _number_trouble(words[place])  # type: ignore[call-overload]
    return Reading(values, troubles)


def _number_trouble(word: str) -> Trouble:
    return next((trouble for pattern, trouble in _KINDS if pattern.match(word)), _TEXT)


def read_counts(words: Sequence[str], *, decimal: str = ".", thousands: str = "") -> Reading:
    """Read words as whole numbers."""
    numbers = read_numbers(words, decimal=decimal, thousands=thousands)
    troubles = [
        _FRACTION if trouble is None and value != round(value) else trouble
        for value, trouble in zip(numbers.meanings, numbers.troubles, strict=True)
    ]
    whole = [
        None if trouble else value
        for value, trouble in zip(numbers.meanings, troubles, strict=True)
    ]
    return Reading(whole, troubles)


def read_truths(words: Sequence[str]) -> Reading:
    """Read words as true or false."""
    values = [_TRUTHS.get(word.lower()) for word in words]
    return Reading(values, [_NO_TRUTH if value is None else None for value in values])


def read_codes(words: Sequence[str], *, aliases: Mapping[str, str]) -> Reading:
    """Write words as codes, and resolve other names; whether a code is known is asked later."""
    values = [aliases.get(as_code(word), as_code(word)) for word in words]
    read_as = {word: value for word, value in zip(words, values, strict=True) if word != value}
    return Reading(values, [None] * len(words), read_as)


def kind_of(words: Sequence[str]) -> str:
    """Judge what a column that the schema does not know holds."""
    if not words:
        return "text"
    if all(word.lower() in ("true", "false") for word in words):
        return "truth"
    n_numbers = sum(trouble is None for trouble in read_numbers(words).troubles)
    if n_numbers >= _MOSTLY * len(words):
        return "number"
    dates = read_dates(words)
    return "text" if any(dates.troubles) else "date"


def nearest(word: str, known: Sequence[str]) -> str | None:
    """Return the known name most like a word, if any is."""
    close = get_close_matches(as_code(word), list(known), n=1, cutoff=0.8)
    return close[0] if close else None
