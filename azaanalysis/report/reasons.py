"""Why two reports differ: settings, days, patients and events, before any estimate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

_ARM_KEYS = ("endpoint", "cause", "arm")


class CountChange(NamedTuple):
    """Patients and events of one arm of an endpoint, old and new; missing where masked."""

    endpoint: str
    cause: str
    arm: str
    patients: tuple[float, float]
    events: tuple[float, float]


def explain(old: Mapping[str, Any], new: Mapping[str, Any], *, has_changes: bool) -> Iterator[str]:
    """Say what differs between two records apart from their numbers."""
    yield from _changed_settings(old, new)
    yield from _changed_days(old, new)
    yield from _changed_notebooks(old, new)
    was, now = (one["cohort_fingerprint"] or "unknown" for one in (old, new))
    if was != now:
        yield f"The data differ: cohort {was} became {now}."
    else:
        yield f"The data are the same in both (cohort {now})."
    if was == now and old["study"]["hash"] == new["study"]["hash"] and has_changes:
        yield "Neither data nor settings explain a change: look at the versions and the code."


def _changed_settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    if old["study"]["hash"] == new["study"]["hash"]:
        yield "The study file says the same in both."
        return
    before, after = dict(_flat(old["settings"])), dict(_flat(new["settings"]))
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            was, now = before.get(name, "not set"), after.get(name, "not set")
            yield f"Setting {name}: {was} became {now}."


def _flat(settings: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(settings, dict):
        yield prefix, settings
        return
    for name, entry in settings.items():
        yield from _flat(entry, f"{prefix}.{name}" if prefix else str(name))


def _changed_days(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Say how far the data reach, if both know it and it is not the same."""
    was, now = old.get("observed"), new.get("observed")
    if was and now:
        for what, before, after in zip(("begin", "end"), was, now, strict=True):
            if before != after:
                yield f"The data {what} on {after}; they did on {before}."


def _changed_notebooks(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    was, now = ({entry["notebook"] for entry in one["estimates"]} for one in (old, new))
    for name in sorted(was - now):
        yield f"Notebook {name} is only in the old report."
    for name in sorted(now - was):
        yield f"Notebook {name} is only in the new report."


def count_changes(changes: Iterable[Any]) -> Iterator[CountChange]:
    """Return each arm of each endpoint whose number of patients or events changed, once.

    The row with most events stands for the arm: the last day of a curve, or a rate.
    """
    best: dict[tuple[str, ...], Any] = {}
    for change in changes:
        if change.old is None or change.new is None or change.new.versus:
            continue
        pairs = _pairs_of(change)
        moved = any(a != b for a, b in pairs if not pd.isna(a) and not pd.isna(b))
        key = tuple(str(getattr(change.new, name)) for name in _ARM_KEYS)
        if moved and key[2] and (key not in best or _size(change) > _size(best[key])):
            best[key] = change
    for (endpoint, cause, arm), change in best.items():
        patients, events = _pairs_of(change)
        yield CountChange(endpoint, cause, arm, patients, events)


def _pairs_of(change: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    patients, events = (
        (_number(getattr(change.old, name)), _number(getattr(change.new, name)))
        for name in ("patients", "events")
    )
    return patients, events


def _number(count: Any) -> float:
    return float("nan") if pd.isna(count) else float(count)


def _size(change: Any) -> float:
    events = _number(change.new.events)
    return -1.0 if pd.isna(events) else events


def warn_of_small(
    old: Mapping[str, Any], new: Mapping[str, Any], counts: Sequence[CountChange]
) -> Iterator[str]:
    """Warn of two reports from which together a small count can be worked out."""
    k = max(old["smallest_count"], new["smallest_count"])
    pairs = [pair for one in counts for pair in (one.patients, one.events)]
    close = [pair for pair in pairs if 0 < abs(pair[1] - pair[0]) < k]
    if close:
        yield (
            f"{len(close)} counts differ by fewer than {k} between the two reports. Whoever has "
            "both can work out a small count: do not publish both."
        )
