"""What changed between two reports: settings, patients, events, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pandas as pd

from azaanalysis.display.numbers import spell_count, spell_interval, spell_value
from azaanalysis.display.table import Column, Table
from azaanalysis.report.reasons import CountChange, count_changes, explain, warn_of_small
from azaanalysis.report.record import as_estimates, read_record
from azaanalysis.result import Estimate, stack
from azaanalysis.vocab import QUANTITIES, in_words

_KEYS = ["notebook", "estimate", "endpoint", "cause", "arm", "versus", "quantity", "unit"]
_LARGE = 10.0
_NUMBERS, _COUNTS = ("value", "lower", "upper"), ("patients", "events")


class Change(NamedTuple):
    """One number in two reports."""

    key: tuple[str, ...]
    at_days: float
    old: Any
    new: Any
    relative: float
    flip: str

    def is_beyond(self, tolerance: float) -> bool:
        """Tell whether the value moved by more than the tolerance, or a conclusion flipped."""
        return bool(self.flip) or self.relative > tolerance


@dataclass(frozen=True)
class Comparison:
    """Two reports side by side.

    Parameters
    ----------
    reasons
        Sentences that say what differs before any estimate: settings, data, versions.
    changes
        Every number that is not the same in both, in the order of the new report.
    n_same
        How many numbers are the same in both.
    notes
        What a reader must mind.
    counts
        How many patients and events each arm of each endpoint had and has, where that changed.
    """

    reasons: tuple[str, ...]
    changes: tuple[Change, ...]
    n_same: int
    notes: tuple[str, ...] = ()
    counts: tuple[CountChange, ...] = ()

    def beyond(self, tolerance: float) -> tuple[Change, ...]:
        """Return the changes that are larger than the tolerance, or flip a conclusion."""
        return tuple(change for change in self.changes if change.is_beyond(tolerance))


def compare_results(old: str | Path, new: str | Path) -> Comparison:
    """Compare the results of two reports, estimate by estimate.

    Parameters
    ----------
    old, new
        Folders of the reports, or their ``results.json``.

    Returns
    -------
    Comparison
        A curve is compared on the days that the study shows, because two data cuts move on
        different days; everything else row by row. The relative change of a row is the largest
        move of its value or limits, as a share of the old value or, where that is larger, of half
        the old interval: near no difference a share of the value alone would mean nothing. P
        values are subtracted. It is infinite for a row that only one report has.

    Raises
    ------
    ReportError
        If one of the two holds no results.
    """
    before, after = read_record(old), read_record(new)
    days = sorted({*_shown_days(before), *_shown_days(after)})
    pairs = list(_pairs(_points(before, days), _points(after, days)))
    changes = tuple(change for change in pairs if not _is_same(change))
    reasons = tuple(explain(before, after, has_changes=bool(changes)))
    counts = tuple(count_changes(changes))
    notes = tuple(warn_of_small(before, after, counts))
    return Comparison(reasons, changes, len(pairs) - len(changes), notes, counts)


def tabulate_changes(comparison: Comparison, *, tolerance: float = 0.0) -> Table:
    """Tabulate the changes that are larger than the tolerance, or flip a conclusion."""
    shown = comparison.beyond(tolerance)
    columns = [Column("Estimate", is_number=False), Column("Day")]
    for group in ("Old", "New"):
        columns += [Column("value", group=group), Column("interval", group=group)]
        columns += [Column("patients", group=group), Column("events", group=group)]
    columns += [Column("Change"), Column("Conclusion", is_number=False)]
    rows = tuple(_row(change) for change in shown)
    caption = f"Numbers that moved by more than {100 * tolerance:g}%, or say something else"
    groups = tuple(": ".join(change.key[:2]) for change in shown)
    return Table(caption, tuple(columns), rows, groups, comparison.notes)


def tabulate_counts(comparison: Comparison) -> Table:
    """Tabulate how many patients and events each arm of each endpoint had and has."""
    columns = [Column("Arm", is_number=False)]
    for group in ("Patients", "Events"):
        columns += [Column(header, group=group) for header in ("old", "new", "more or fewer")]
    counts = comparison.counts
    rows = tuple(
        (in_words(one.arm), *_counts(one.patients), *_counts(one.events)) for one in counts
    )
    groups = tuple(", ".join(in_words(w) for w in (one.endpoint, one.cause) if w) for one in counts)
    return Table("Patients and events that came or went", tuple(columns), rows, groups)


def _counts(pair: tuple[float, float]) -> tuple[str, str, str]:
    old, new = pair
    moved = "" if pd.isna(old) or pd.isna(new) else f"{new - old:+,.0f}"
    return spell_count(old), spell_count(new), moved


def _row(change: Change) -> tuple[str, ...]:
    _, _, endpoint, cause, arm, versus, quantity, _ = change.key
    words = (QUANTITIES[quantity].label, endpoint, cause)
    name = ", ".join(in_words(word) for word in words if word)
    arms = in_words(arm) + (f" against {in_words(versus)}" if versus else "")
    day = "" if pd.isna(change.at_days) else f"{change.at_days:g}"
    moved = f"{change.relative:.1%}" if change.relative < _LARGE else f">{_LARGE:.0%}"
    cells = [cell for row in (change.old, change.new) for cell in _cells(row)]
    return (f"{name}: {arms}" if arms else name, day, *cells, moved, change.flip)


def _cells(row: Any) -> list[str]:
    if row is None:
        return [""] * 4
    counts = [spell_count(row.patients), spell_count(row.events)]
    return [spell_value(row), spell_interval(row), *counts]


def _points(record: Mapping[str, Any], days: list[float]) -> dict[tuple[Any, ...], Any]:
    """Return the rows that are compared, by what they are about and their day (-1 for none)."""
    points = {}
    for notebook, name, estimate in as_estimates(record):
        for row in map(_as_row, _read(estimate, days).frame.to_dict("records")):
            key = (notebook, name, *(getattr(row, field) for field in _KEYS[2:]))
            day = -1.0 if pd.isna(at_days := row.at_days) else float(at_days)
            points[key, day] = row
    return points


def _as_row(cells: dict[Any, Any]) -> Any:
    return SimpleNamespace(**cells)


def _read(estimate: Estimate, days: list[float]) -> Estimate:
    """Read curves on the given days; leave points as they are."""
    frame = estimate.frame
    # A curve begins with time zero, which is day 0 or day 1; points are given for later days.
    is_curve = frame.groupby(_KEYS[2:])["at_days"].transform("min") <= 1
    points, curves = Estimate(frame[~is_curve]), Estimate(frame[is_curve])
    if not is_curve.any():
        return points
    # Written curves hold only the days on which they move, so only the size of the arm is exact.
    sizes = curves.frame.groupby(_KEYS[2:])["patients"].first()
    read = curves.at(days).frame.drop(columns="patients").join(sizes, on=_KEYS[2:])
    return stack(points, Estimate(read))


def _pairs(old: dict[Any, Any], new: dict[Any, Any]) -> Iterator[Change]:
    for key, day in dict.fromkeys([*new, *old]):
        before, after = old.get((key, day)), new.get((key, day))
        at_days = float("nan") if day == -1 else day
        yield Change(key, at_days, before, after, _relative(before, after), _flip(before, after))


def _relative(old: Any, new: Any) -> float:
    """Return how far value or limits moved: as a share of the old, or plainly for a p value."""
    if old is None or new is None or pd.isna(old.value) != pd.isna(new.value):
        return float("inf")
    if QUANTITIES[new.quantity].scale == "p_value":
        return float(abs(new.value - old.value))
    half_width = (old.upper - old.lower) / 2
    scale = max(abs(old.value), 0.0 if pd.isna(half_width) else half_width)
    moves = [abs(b - a) for a, b in _in_both(old, new, _NUMBERS)]
    if not any(moves):
        return 0.0
    return float(max(moves) / scale) if scale else float("inf")


def _is_same(change: Change) -> bool:
    if change.flip:
        return False
    return all(a == b for a, b in _in_both(change.old, change.new, (*_NUMBERS, *_COUNTS)))


def _in_both(old: Any, new: Any, fields: Sequence[str]) -> list[tuple[float, float]]:
    """Return the numbers that stand in both rows."""
    if old is None or new is None:
        return []
    pairs = [(getattr(old, field), getattr(new, field)) for field in fields]
    return [(float(a), float(b)) for a, b in pairs if not pd.isna(a) and not pd.isna(b)]


def _flip(old: Any, new: Any) -> str:
    """Say whether a conclusion changed: direction, clearness, masking, or one report lacks it."""
    if old is None:
        return "only in the new report"
    if new is None:
        return "only in the old report"
    null = QUANTITIES[new.quantity].null
    if null is None:
        return _masking(old, new)
    turned = (old.value - null) * (new.value - null) < 0
    was, now = (bool(row.lower > null or row.upper < null) for row in (old, new))
    clearer = {(False, True): "now excludes no difference", (True, False): "no longer excludes it"}
    words = [*(["direction turned"] if turned else []), clearer.get((was, now), "")]
    return "; ".join(filter(None, words)) or _masking(old, new)


def _masking(old: Any, new: Any) -> str:
    if pd.isna(old.value) == pd.isna(new.value):
        return ""
    return "is now missing or masked" if pd.isna(new.value) else "was missing or masked"


def _shown_days(record: Mapping[str, Any]) -> list[float]:
    return [float(day) for day in record["settings"].get("show", {}).get("at_days", ())]
