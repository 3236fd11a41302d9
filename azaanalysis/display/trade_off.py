"""Benefit and harm of the arms on one page: the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from azaanalysis.blocking import block, find_blocked
from azaanalysis.disclosure import find_masked, smallest_count_of, suppress
from azaanalysis.display.numbers import BLOCKED, HIDDEN, NOT_KNOWN, spell_fixed, spell_level
from azaanalysis.display.summaries import masked_footnotes
from azaanalysis.display.table import Column, Table
from azaanalysis.errors import EstimationError
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words, sentence_case

# How each respect is called above its column, in the order of the table.
HEADINGS = {
    "steroid-free_response": "Months in steroid-free {finding}",
    "infection": "{infection} per 100",
    "discontinuation": "Stops per 100",
}
_JOINTLY = {"all_three": "Better in all three", "none_of_them": "Better in none"}


def tabulate_trade_off(estimate: Estimate, *, digits: int = 1, caption: str = "") -> Table:
    """Tabulate what each arm gives and costs, and how it stands to the reference.

    Parameters
    ----------
    estimate
        The result of ``estimate_trade_off``. Small counts are suppressed first.
    digits
        Decimals of months and of counts per 100.
    caption
        Words above the table, in place of the usual ones.

    Returns
    -------
    Table
        The arms; the differences to the reference; and in which share of joint draws an arm was
        better than the reference: more months, fewer infections, fewer stops.

    Raises
    ------
    EstimationError
        If the estimate is no trade-off.
    """
    shown = ready(estimate)
    days = float(shown["at_days"].max())
    rows: list[tuple[str, ...]] = []
    groups: list[str] = []
    for heading, part in _parts(shown, estimate):
        for arm, cells in part.groupby("arm", sort=False):
            rows.append(tuple(_row(str(arm), cells, digits)))
            groups.append(heading)
    columns = (
        Column("Arm", is_number=False),
        *(Column(name_respect(estimate, respect)) for respect in HEADINGS),
        *(Column(words) for words in _JOINTLY.values()),
    )
    usual = f"What each arm gives and costs within {days:,.0f} days of the first supply"
    notes = tuple(_footnotes(estimate, rows))
    return Table(caption or usual, columns, tuple(rows), tuple(groups), notes)


def name_respect(estimate: Estimate, respect: str) -> str:
    """Name one of the three respects, with the finding and the infections that were asked for."""
    return HEADINGS[respect].format(
        finding=estimate.about.get("finding", "response"),
        infection=estimate.about.get("infection", "Infections"),
    )


def ready(estimate: Estimate) -> pd.DataFrame:
    """Return suppressed rows, and whether each was blocked or blanked.

    Raises
    ------
    EstimationError
        If the estimate is no trade-off.
    """
    if "months_in_response" not in set(estimate.frame["quantity"]):
        raise EstimationError("This is no trade-off; give the result of estimate_trade_off.")
    is_blocked = find_blocked(estimate)
    shown = suppress(block(estimate)).frame
    return shown.assign(
        is_blocked=is_blocked,
        is_blanked=shown["value"].isna() & block(estimate).frame["value"].notna(),
    )


def _parts(shown: pd.DataFrame, estimate: Estimate) -> Iterator[tuple[str, pd.DataFrame]]:
    level = spell_level(estimate.about)
    is_share = shown["quantity"] == "draws_in_favour"
    is_gap = shown["quantity"].str.endswith("_difference")
    reference = in_words(str(shown.loc[is_gap, "versus"].iloc[0]))
    yield f"Expected ({level})", shown[~is_share & ~is_gap]
    yield f"Difference to {reference} ({level})", shown[is_gap]
    yield f"Share of joint draws in which it was better than {reference}", shown[is_share]


def _row(arm: str, cells: pd.DataFrame, digits: int) -> Iterator[str]:
    by_respect = {str(row.endpoint): row for row in cells.itertuples()}
    is_gap = bool((cells["versus"] != "").any())
    yield sentence_case(arm)
    for respect in (*HEADINGS, *_JOINTLY):
        yield spell_cell(by_respect[respect], digits, is_gap) if respect in by_respect else ""


def spell_cell(row: Any, digits: int, is_gap: bool) -> str:
    """Spell one number with its limits, or a share in percent."""
    if row.is_blocked or row.is_blanked:
        return BLOCKED if row.is_blocked else HIDDEN
    if row.quantity == "draws_in_favour":
        return _spell_share(row.value)
    sign = "+" if is_gap and round(row.value, digits) > 0 else ""
    value, lower, upper = (spell_fixed(n, digits) for n in (row.value, row.lower, row.upper))
    return f"{sign}{value} ({lower} to {upper})" if value != NOT_KNOWN else NOT_KNOWN


def _spell_share(share: float) -> str:
    """Spell a share of draws; never as all or none of them, which draws cannot tell."""
    if share < 0.005:
        return "<1%"
    return ">99%" if share > 0.995 else f"{100 * share:.0f}%"


def _footnotes(estimate: Estimate, rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield (
        "Response counts on the first treatment only; infections count until death, whatever is "
        "taken; stops are those of the first treatment, for any reason."
    )
    yield f"Intervals and draws: {estimate.about.get('interval', '')}."
    yield (
        "Better: more months, fewer infections, fewer stops. The three numbers of a draw belong "
        "together. A share of draws is no chance that a drug is better: it knows of no bias."
    )
    marks, k = find_masked(estimate), smallest_count_of(estimate)
    cells = [cell for row in rows for cell in row]
    yield from masked_footnotes(marks["patients"], marks["events"], cells, smallest_count=k)
    yield from block(estimate).about.get("notes", ())
