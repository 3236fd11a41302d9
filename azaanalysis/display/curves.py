"""Step curves made ready to be drawn: suppressed, stopped where few remain, put into words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.disclosure import smallest_count_of, suppress
from azaanalysis.display.axis import TimeUnit, spell_time
from azaanalysis.display.numbers import HIDDEN, spell_count, spell_fixed, spell_threshold
from azaanalysis.display.source import Source
from azaanalysis.errors import EstimationError
from azaanalysis.result import Estimate
from azaanalysis.small_counts import is_small
from azaanalysis.vocab import in_words

_LEAST_AT_RISK = 10
_MADE_BY = {"mean_count": "estimate_mean_count"}


@dataclass(frozen=True)
class Curve:
    """One step curve: what is drawn, and what is written beneath it.

    Parameters
    ----------
    arm
        Arm of the study.
    days, value, lower, upper
        Steps that may be shown; each holds from its day until the next.
    end_day
        Last day that is drawn; fewer than the least number are at risk after it.
    at_risk, events
        Cells of the table beneath the axis, one for each tick.
    """

    arm: str
    days: np.ndarray
    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    end_day: float
    at_risk: tuple[str, ...]
    events: tuple[str, ...]

    def read(self, day: float) -> tuple[float, float, float] | None:
        """Return value and limits as drawn at a day; None after the end of the curve."""
        if day > self.end_day or not len(self.days):
            return None
        step = max(int(np.searchsorted(self.days, day, side="right")) - 1, 0)
        return float(self.value[step]), float(self.lower[step]), float(self.upper[step])


@dataclass(frozen=True)
class Panel:
    """The curves that share one set of axes."""

    endpoint: str
    cause: str
    curves: tuple[Curve, ...]

    @property
    def highest(self) -> float:
        """Highest value or limit of all curves."""
        tops = [np.nanmax(np.append(c.upper, c.value), initial=0.0) for c in self.curves]
        return float(max(tops, default=0.0))


def order_arms(estimate: Estimate) -> tuple[list[str], list[str]]:
    """Return all arms of the study, and those of this estimate, in the order of the study.

    Colour belongs to the place among all arms, so an arm keeps it when others are left out.
    """
    here = list(dict.fromkeys([*estimate.frame["arm"], *estimate.frame["versus"]]))
    stated = [str(arm) for arm in estimate.about.get("arms", ())]
    known = stated + [arm for arm in here if arm and arm not in stated]
    return known, [arm for arm in known if arm in set(estimate.frame["arm"])]


def make_panels(
    estimate: Estimate, *, quantity: str, ticks: Sequence[float], least_at_risk: int | None = None
) -> list[Panel]:
    """Make the curves of one quantity ready, one panel for each endpoint and cause.

    Parameters
    ----------
    estimate
        An incidence estimate.
    quantity
        ``"risk"``, ``"survival"`` or ``"mean_count"``.
    ticks
        Days at which the numbers at risk are written.
    least_at_risk
        The curve of an arm stops when fewer remain. None: 10, or a tenth of a smaller arm.

    Raises
    ------
    EstimationError
        If the estimate has no curve of that quantity.
    """
    rows = estimate.only(quantity=quantity)
    if rows.frame["at_days"].isna().all():
        found = ", ".join(estimate.frame["quantity"].unique()) or "nothing"
        raise EstimationError(
            f"There is no curve of '{quantity}' to draw; this estimate has: {found}. "
            f"Give the result of {_MADE_BY.get(quantity, 'estimate_incidence')}."
        )
    shown = suppress(estimate).only(quantity=quantity).frame
    _, arms = order_arms(rows)
    k = smallest_count_of(estimate)
    pairs = shown[["endpoint", "cause"]].drop_duplicates().itertuples(index=False, name=None)
    panels = []
    for endpoint, cause in pairs:
        here = (shown["endpoint"] == endpoint) & (shown["cause"] == cause)
        curves = [
            _make_curve(
                shown[here & (shown["arm"] == arm)],
                rows.frame[here & (shown["arm"] == arm)],
                ticks=ticks,
                least=least_at_risk,
                k=k,
            )
            for arm in arms
            if (here & (shown["arm"] == arm)).any()
        ]
        panels.append(Panel(str(endpoint), str(cause), tuple(curves)))
    return panels


def _make_curve(
    shown: pd.DataFrame, given: pd.DataFrame, *, ticks: Sequence[float], least: int | None, k: int
) -> Curve:
    at_risk = shown["patients"].to_numpy(dtype="float64", na_value=np.nan)
    steps = shown[shown["value"].notna()]
    end = _end_day(given, at_risk, least, k)
    steps = steps[steps["at_days"] <= end]
    # Days on which nothing moves would make the drawing ten times as large.
    moves = steps[["value", "lower", "upper"]].diff().fillna(1).ne(0).any(axis=1)
    steps = steps[moves]
    return Curve(
        str(shown["arm"].iloc[0]),
        steps["at_days"].to_numpy(),
        steps["value"].to_numpy(),
        steps["lower"].to_numpy(),
        steps["upper"].to_numpy(),
        end,
        tuple(_at_risk_cell(given, at_risk, day, k) for day in ticks),
        tuple(_events_cell(shown, given, day, k) for day in ticks),
    )


def _end_day(given: pd.DataFrame, at_risk: np.ndarray, least: int | None, k: int) -> float:
    """Return the last day with enough patients still at risk (Pocock 2002, Lancet 359:1686).

    Only numbers at risk that are shown decide, so that the end of a curve tells nothing else.
    """
    days, size = given["at_days"].to_numpy(), given["patients"].max()
    if least is None:
        least = min(_LEAST_AT_RISK, math.ceil((0 if pd.isna(size) else size) / 10))
    few = np.flatnonzero(at_risk < max(least, k if k > 1 else 0))
    return float(days[few[0]] if len(few) else days[-1])


def _at_risk_cell(given: pd.DataFrame, at_risk: np.ndarray, day: float, k: int) -> str:
    place = int(np.searchsorted(given["at_days"].to_numpy(), day, side="left"))
    number = np.append(at_risk, 0.0)[place]
    if not np.isnan(number):
        return spell_threshold(k) if 1 <= number < k else spell_count(number)
    return spell_threshold(k) if _is_arm_small(given, k) else HIDDEN


def _is_arm_small(given: pd.DataFrame, k: int) -> bool:
    return bool(is_small(given["patients"].iloc[:1], k)[0])


def _events_cell(shown: pd.DataFrame, given: pd.DataFrame, day: float, k: int) -> str:
    """Return the events by a day as the drawn curve shows them: at its last step."""
    by_then = (shown["at_days"] <= day).to_numpy()
    released = shown["events"][by_then].dropna()
    happened = given["events"][by_then].dropna()
    if len(happened) and len(released) and released.iloc[-1] == 0 < happened.iloc[-1]:
        # Which of several hidden causes are small would narrow down the others.
        is_all = not shown["cause"].iloc[0]
        return spell_threshold(k) if is_all and happened.iloc[-1] < k else HIDDEN
    return spell_count(released.iloc[-1]) if len(released) else "–"


def source_of(
    estimate: Estimate, panels: Sequence[Panel], *, quantity: str, ticks: Sequence[float]
) -> Source:
    """Return what a drawing of curves prints: value, limits and counts as drawn at each tick."""
    arms = estimate.only(quantity=quantity).frame.drop_duplicates("arm").set_index("arm")
    rows = [
        {
            "endpoint": panel.endpoint,
            "cause": panel.cause,
            "arm": curve.arm,
            "versus": arms["versus"].get(curve.arm, ""),
            "quantity": quantity,
            "unit": arms["unit"].get(curve.arm, ""),
            "at_days": day,
            **dict(zip(("value", "lower", "upper"), curve.read(day) or (), strict=False)),
            "patients": _read_count(at_risk),
            "events": _read_count(events),
        }
        for panel in panels
        for curve in panel.curves
        for day, at_risk, events in zip(ticks, curve.at_risk, curve.events, strict=True)
    ]
    return Source(Estimate.from_rows(rows, about=estimate.about))


def _read_count(cell: str) -> int | None:
    """Return a count as it was written beneath an axis; nothing if it is masked."""
    digits = cell.replace(",", "")
    return int(digits) if digits.isdigit() else None


def describe_curves(
    panels: Sequence[Panel], *, ticks: Sequence[float], unit: TimeUnit, what: str, sign: str = "%"
) -> str:
    """Put curves into words: a hundred times the value and its limits at up to three ticks."""
    days = [ticks[i] for i in sorted({len(ticks) // 3, 2 * len(ticks) // 3, len(ticks) - 1})]
    parts = []
    for panel in panels:
        lines = [_describe_curve(curve, days, unit, sign) for curve in panel.curves]
        name = f"{in_words(panel.cause)}: " if panel.cause else ""
        parts.append(name + "; ".join(lines))
    return f"{what}. {'. '.join(parts)}."


def _describe_curve(curve: Curve, days: Sequence[float], unit: TimeUnit, sign: str) -> str:
    readings = [(day, curve.read(day)) for day in days if day > 0]
    # A curve that has not left its beginning because its events are too few to show must not
    # be read out as a zero that is known for certain.
    is_masked = any("<" in cell or HIDDEN in cell for cell in curve.events)
    words = [
        f"{_too_few(read) if is_masked and _is_start(read) else _hundredfold(read, sign)} "
        f"at {spell_time(day, unit)}"
        for day, read in readings
        if read is not None
    ]
    return f"{in_words(curve.arm) or 'all'} " + (", ".join(words) or "not shown")


def _is_start(read: tuple[float, float, float]) -> bool:
    value, lower, upper = read
    return value in (0.0, 1.0) and lower == upper


def _too_few(read: tuple[float, float, float]) -> str:
    return "too few events to show" if read[0] == 0 else "too few events to show a fall"


def _hundredfold(read: tuple[float, float, float], sign: str) -> str:
    value, lower, upper = (spell_fixed(100 * number, 1) for number in read)
    return f"{value}{sign} ({lower} to {upper})" if not math.isnan(read[1]) else f"{value}{sign}"
