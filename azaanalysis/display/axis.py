"""Ticks and scales: time in the reader's unit, percent, and ratios."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, cast

import numpy as np

from azaanalysis.display.numbers import spell_fixed
from azaanalysis.vocab import DAYS_PER_MONTH

TimeUnit = Literal["days", "weeks", "months"]
DAYS_PER: dict[str, float] = {"days": 1.0, "weeks": 7.0, "months": DAYS_PER_MONTH}
_STEPS: dict[str, tuple[float, ...]] = {
    "days": (1, 2, 5, 7, 10, 14, 30, 60, 90, 180, 360, 720),
    "weeks": (1, 2, 4, 8, 12, 13, 26, 39, 52, 78, 104, 156, 208),
    "months": (1, 2, 3, 6, 12, 18, 24, 36, 60, 120),
}


def spell_time(day: float, unit: TimeUnit) -> str:
    """Spell a day in the reader's unit: ``"26 weeks"``, ``"1 week"``."""
    number = spell_fixed(day / DAYS_PER[unit], 0)
    return f"{number} {unit.removesuffix('s') if number == '1' else unit}"


def choose_time_unit(last_day: float, about: Mapping[str, Any]) -> TimeUnit:
    """Take the unit of the study, or the one a clinician would speak in."""
    if about.get("time_unit") in DAYS_PER:
        return cast(TimeUnit, about["time_unit"])
    if last_day <= 28:
        return "days"
    return "weeks" if last_day <= 550 else "months"


def time_ticks(last_day: float, unit: TimeUnit, *, most: int = 8) -> list[float]:
    """Return the days of round ticks in the given unit, from 0 to the end of follow-up.

    A step that ends close to the end of follow-up is preferred: 13 weeks in a study of a year.
    """
    # A year of 365 days has its twelfth month at 365.25: near enough to be the last tick.
    end = 1.005 * last_day / DAYS_PER[unit]
    steps = [step for step in _STEPS[unit] if end // step <= most]
    steps = steps or [_STEPS[unit][-1] * math.ceil(end / _STEPS[unit][-1] / most)]
    closing = [step for step in steps if step * (end // step) >= 0.95 * end and end // step >= 2]
    ticks = np.arange(0, end, (closing or steps)[0]) * DAYS_PER[unit]
    return [float(tick) for tick in np.minimum(ticks, last_day)]


def percent_top(highest: float) -> float:
    """Return the upper end of an axis of proportions: round, and never above 1."""
    for top in (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        if highest <= 0.98 * top:
            return top
    return 1.0


def percent_ticks(top: float) -> np.ndarray:
    """Return four to six ticks from 0 to the upper end."""
    pieces = {0.15: 3, 0.3: 3, 0.6: 6, 0.4: 4, 0.7: 7, 0.8: 4, 0.2: 4, 0.02: 4}.get(top, 5)
    return np.linspace(0, top, pieces + 1)


def ratio_ticks(lowest: float, highest: float) -> list[float]:
    """Return ticks for a logarithmic axis that holds both ends and 1."""
    lowest, highest = min(lowest, 0.8), max(highest, 1.25)
    many = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]
    few = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4]
    chosen = few if lowest >= 0.25 and highest <= 4 else many
    below = [tick for tick in chosen if tick <= lowest][-1:]
    above = [tick for tick in chosen if tick >= highest][:1]
    start, end = (below or chosen[:1])[0], (above or chosen[-1:])[0]
    return [tick for tick in chosen if start <= tick <= end]


def rate_ticks(highest: float) -> list[float]:
    """Return round ticks from 0 to just above the highest number."""
    if not highest > 0:
        return [0.0, 1.0]
    scale = 10.0 ** math.floor(math.log10(highest / 4))
    step = next(scale * m for m in (1, 2, 2.5, 5, 10, 20) if 5 * scale * m >= highest)
    return [step * i for i in range(math.ceil(round(highest / step, 9)) + 1)]


def difference_ticks(lowest: float, highest: float) -> list[float]:
    """Return round ticks that hold both ends and zero, no difference, somewhere between."""
    widest = max(-lowest, highest)
    ticks = rate_ticks(widest)
    step = ticks[1]
    below = math.ceil(round(max(-lowest, 0.0) / step, 9))
    above = math.ceil(round(max(highest, 0.0) / step, 9))
    return [step * i for i in range(-max(below, 1), max(above, 1) + 1)]
