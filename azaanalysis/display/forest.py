"""Figures of single numbers: ratios on a logarithmic axis, rates and their differences."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing

from azaanalysis.blocking import block, find_blocked
from azaanalysis.disclosure import find_masked, smallest_count_of, suppress
from azaanalysis.display.axis import difference_ticks, rate_ticks, ratio_ticks
from azaanalysis.display.curves import order_arms
from azaanalysis.display.figure import Figure, finish
from azaanalysis.display.numbers import (
    BLOCKED,
    HIDDEN,
    NOT_KNOWN,
    name_quantity,
    spell,
    spell_level,
)
from azaanalysis.display.rows import Frame, Line, draw_rows, scale_size
from azaanalysis.display.source import Source
from azaanalysis.display.style import INK, style_arms
from azaanalysis.display.summaries import spell_marked
from azaanalysis.errors import EstimationError
from azaanalysis.result import Estimate
from azaanalysis.vocab import QUANTITIES, in_words, sentence_case

Better = Literal["lower", "higher"]
_GOOD_NEWS = ("response", "remission")


def draw_forest(
    estimate: Estimate, *, better: Better | None = None, digits: int = 2, caption: str = ""
) -> Figure:
    """Draw ratios with their intervals on a logarithmic axis, numbers beside them.

    Parameters
    ----------
    estimate
        Any estimate with ratios (hazard ratios, rate ratios); other quantities in it are left
        out. Small counts are suppressed first.
    better
        Whether a lower or a higher ratio is better for the patient. If not given: higher for
        response and remission, lower for everything else, nothing said if both occur.
    digits
        Decimals of the ratios.
    caption
        Words for the caption, in place of the usual first sentence.

    Raises
    ------
    EstimationError
        If the estimate holds no ratio.

    Notes
    -----
    The area of a square follows the number of events. The axis reaches from 0.1 to 10 at the
    most; an interval beyond it ends in an arrow and is given in full at the right.
    """
    rows = _ready(estimate, scale="ratio")
    quantity = rows["quantity"].iloc[0]
    label = QUANTITIES[quantity].label
    lines = _lines(rows, estimate, digits=digits)
    seen = rows[["value", "lower", "upper"]].to_numpy()
    seen = seen[np.isfinite(seen) & (seen > 0)]
    ticks = ratio_ticks(max(float(seen.min(initial=1)), 0.1), min(float(seen.max(initial=1)), 10.0))
    frame = Frame(
        ("Comparison", "Events / patients", f"{label} ({_short_level(estimate)})"),
        ticks,
        f"{label} (logarithmic axis)",
        is_log=True,
        null=QUANTITIES[quantity].null,
        sides=_sides(rows, better),
    )
    shown = Estimate(rows, estimate.about)
    return _finish(lines, frame, shown, what=_name_all(rows, estimate), caption=caption)


def draw_rates(estimate: Estimate, *, digits: int = 1, caption: str = "") -> Figure:
    """Draw rates with their intervals on an axis from zero, or differences on one around it.

    Parameters
    ----------
    estimate
        The result of ``estimate_rates``, ``estimate_rates_by_window`` or
        ``estimate_rate_difference``; other quantities in it are left out. Small counts are
        suppressed first.
    digits
        Decimals of the rates.
    caption
        Words for the caption, in place of the usual first sentence.

    Raises
    ------
    EstimationError
        If the estimate holds no rate, rates in several units, or rates and differences.

    Notes
    -----
    Differences have zero, no difference, as a line within the axis. Windows of time have a heading
    each. The axis ends at four times the largest number; an interval beyond it ends in an arrow.
    """
    rows = _ready(estimate, scale="rate")
    units = rows["unit"].unique()
    if len(units) > 1:
        raise EstimationError(
            f"These rates have several units ({', '.join(units)}), and one axis has only one. "
            "Draw them one after the other, or estimate them with the same per_years."
        )
    null = _one_null(rows)
    lines = _lines(rows, estimate, digits=digits)
    seen = rows[["value", "lower", "upper"]].to_numpy(float)
    seen = seen[np.isfinite(seen)]
    # One arm with hardly any time must not squeeze all others: its interval ends in an arrow.
    farthest = 4 * float(rows["value"].abs().max()) or np.inf
    ends = float(seen.min(initial=0.0)), float(seen.max(initial=0.0))
    ends = max(ends[0], -farthest), min(ends[1], farthest)
    name = "Rate" if null is None else "Difference"
    heading = str(estimate.about.get("arm_heading", "Arm"))
    counts = "Events / patient-years" if null is None else "Events / patients"
    frame = Frame(
        (heading if null is None else "Comparison", counts, f"{name} ({_short_level(estimate)})"),
        rate_ticks(ends[1]) if null is None else difference_ticks(*ends),
        f"{name} {units[0]}".strip(),
        null=null,
    )
    what = f"{_name_all(rows, estimate)}, {units[0]}".strip(", ")
    return _finish(lines, frame, Estimate(rows, estimate.about), what=what, caption=caption)


def _one_null(rows: pd.DataFrame) -> float | None:
    """Return what means no difference; refuse rates and differences on one axis."""
    nulls = [QUANTITIES[quantity].null for quantity in rows["quantity"].unique()]
    if len(set(nulls)) > 1:
        raise EstimationError(
            "Rates and differences of rates cannot share an axis. Take one of them with "
            "only(quantity=...), and draw the other after it."
        )
    return nulls[0]


def _ready(estimate: Estimate, *, scale: str) -> pd.DataFrame:
    """Return the suppressed rows of one scale, with the marks of what was blanked."""
    marks = find_masked(estimate).add_suffix("_mark")
    marks["is_blocked"] = find_blocked(estimate)
    estimate = block(estimate)
    shown = suppress(estimate).frame.join(marks)
    shown["is_blanked"] = shown["value"].isna() & estimate.frame["value"].notna()
    rows = shown[shown["quantity"].map(lambda q: QUANTITIES[q].scale == scale)]
    if rows.empty:
        found = ", ".join(estimate.frame["quantity"].unique()) or "nothing"
        raise EstimationError(f"There is no {scale} to draw; this estimate has: {found}.")
    return rows


def _lines(rows: pd.DataFrame, estimate: Estimate, *, digits: int) -> list[Line]:
    """Return one line for each row, under headings for endpoint, cause and window if several."""
    known, _ = order_arms(estimate)
    colours = {arm: style.colour for arm, style in style_arms(known).items()}
    most = float(rows["events"].astype("float64").max())
    lines: list[Line] = []
    groups = list(rows.groupby(["endpoint", "cause", "at_days"], sort=False, dropna=False))
    names = len(rows[["endpoint", "cause"]].drop_duplicates())
    for (endpoint, cause, _), members in groups:
        day = float(members["at_days"].iloc[0])
        if len(groups) > 1:
            name = _name(str(endpoint), str(cause)) if names > 1 else ""
            lines.append(Line(", ".join(filter(None, (name, _window(estimate, day)))) or "All"))
        for row in members.itertuples():
            lines.append(_line(row, colours, most, estimate, digits))  # noqa: PERF401
    return lines


def _window(estimate: Estimate, day: float) -> str:
    """Name the days that a number belongs to; nothing if it belongs to none."""
    if not np.isfinite(day):
        return ""
    windows = [float(end) for end in estimate.about.get("windows", ())]
    if day not in windows[1:]:
        return f"Day {day:,.0f}"
    return f"Days {windows[windows.index(day) - 1] + 1:,.0f} to {day:,.0f}"


def _name(endpoint: str, cause: str) -> str:
    return ": ".join(filter(None, (sentence_case(endpoint), in_words(cause)))) or "All"


def _line(row: Any, colours: dict[str, str], most: float, estimate: Estimate, digits: int) -> Line:
    k = smallest_count_of(estimate)
    arm = sentence_case(row.arm) or "All"
    label = f"{arm} v {in_words(row.versus)}" if row.versus else arm
    over = f"{row.patient_years:,.0f}"
    if row.versus or pd.isna(row.patient_years):
        over = spell_marked(row.patients, row.patients_mark, k)
    events = spell_marked(row.events, row.events_mark, k)
    size = scale_size(float("nan") if pd.isna(row.events) else row.events, most)
    return Line(
        label,
        f"{events} / {over}",
        _numbers(row, digits),
        row.value,
        row.lower,
        row.upper,
        colours.get(row.arm, INK),
        size if row.versus else 6.0,
    )


def _numbers(row: Any, digits: int) -> str:
    if row.is_blocked:
        return BLOCKED
    if row.is_blanked:
        return HIDDEN
    if pd.isna(row.value) or not np.isfinite(row.value):
        return "not estimable"
    value = _spell(row.value, digits)
    if pd.isna(row.lower) and pd.isna(row.upper):
        return value
    return f"{value} ({_spell(row.lower, digits)} to {_spell(row.upper, digits)})"


def _spell(value: float, digits: int) -> str:
    if value == float("inf"):
        return "∞"
    return NOT_KNOWN if pd.isna(value) else spell(value, scale="rate", digits=digits)


def _short_level(estimate: Estimate) -> str:
    level = estimate.about.get("level", 0.95)
    return "no interval" if level is None else f"{100 * level:g}% CI"


def _name_all(rows: pd.DataFrame, estimate: Estimate) -> str:
    """Name the quantity, with its endpoint if there is only one."""
    names = rows["endpoint"].unique()
    endpoint = names[0] if len(names) == 1 else ""
    return name_quantity(estimate, str(rows["quantity"].iloc[0]), endpoint)


def _sides(rows: pd.DataFrame, better: Better | None) -> tuple[str, str]:
    """Say under the axis whom each side favours; say nothing where it would be wrong."""
    good = {any(word in name for word in _GOOD_NEWS) for name in rows["endpoint"]}
    if better is None and len(good) > 1:
        return ("", "")
    lower_is_better = better == "lower" if better else not good.pop()
    pairs = rows[["arm", "versus"]].drop_duplicates()
    arm, versus = "the first named", "the second named"
    if len(pairs) == 1:
        arm, versus = in_words(pairs["arm"].iloc[0]), in_words(pairs["versus"].iloc[0])
    elif len(pairs["versus"].unique()) == 1:
        arm, versus = "the other arm", in_words(pairs["versus"].iloc[0])
    low, high = (arm, versus) if lower_is_better else (versus, arm)
    return (f"← Favours {low}", f"Favours {high} →")


def _finish(
    lines: list[Line], frame: Frame, estimate: Estimate, *, what: str, caption: str
) -> Figure:
    """Finish the figure of an estimate, suppressed, of which every row is drawn."""
    contains = estimate.about.get("interval", "")
    words = f"{caption or what + '.'} Lines: {spell_level(estimate.about)}"
    words += f" ({contains})." if contains else "."
    if method := estimate.about.get("method"):
        words += f" {method[:1].upper()}{method[1:]}."
    parts, group = [], ""
    for line in lines:
        if line.is_heading:
            group = f"{line.label}, "
        else:
            parts.append(
                f"{group}{line.label}: {line.numbers}, {frame.headers[1].lower()} {line.counts}"
            )
    alt = f"{what}. {'; '.join(parts)}."

    def draw() -> Drawing:
        return draw_rows(lines, frame)

    return finish(draw, caption=words, alt=alt, sources=(Source(estimate),))
