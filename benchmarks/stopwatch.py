"""Seconds and peak memory of one piece of work, in a process of its own."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
# Work is repeated until it took this long altogether, at least once, at most seven times.
_ENOUGH_SECONDS = 1.0
_MOST_REPEATS = 7


@dataclass(frozen=True)
class Cost:
    """Seconds of the fastest repeat, and bytes above what was there before."""

    seconds: float
    peak_bytes: float
    repeats: int


def measure(work: Callable[[], object]) -> Cost:
    """Do the work a few times; the first time its memory is watched as well."""
    gc.collect()
    # Linear algebra takes a buffer for each thread once, whatever is worked on.
    _ = np.ones((512, 512)) @ np.ones((512, 512))
    before = _reset_peak()
    seconds = [_time(work)]
    peak = _kilobytes("VmHWM") * 1024 - before
    while sum(seconds) < _ENOUGH_SECONDS and len(seconds) < _MOST_REPEATS:
        seconds.append(_time(work))
    return Cost(min(seconds), max(peak, 0), len(seconds))


def _time(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _reset_peak() -> float:
    """Let the peak begin where memory stands now; return that in bytes."""
    if _CLEAR.exists():
        _CLEAR.write_text("5", encoding="ascii")
    return _kilobytes("VmRSS") * 1024


def _kilobytes(name: str) -> float:
    if not _STATUS.exists():
        return float("nan")
    for line in _STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return float(line.split()[1])
    return float("nan")


def one_pass_seconds(columns: Iterable[np.ndarray]) -> float:
    """Return how long it takes to sum every column once: the least any method could do."""
    columns = list(columns)
    return min(_time(lambda: [column.sum() for column in columns]) for _ in range(3))
