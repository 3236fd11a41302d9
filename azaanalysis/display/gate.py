"""What the gate found, and which comparisons it keeps shut."""

from __future__ import annotations

import math
from typing import Any

from azaanalysis.design.gate import GateResult
from azaanalysis.display.basis import GATE
from azaanalysis.display.numbers import NOT_KNOWN, spell_fixed
from azaanalysis.display.statement import NOT_WEIGHED
from azaanalysis.display.table import Column, Table
from azaanalysis.vocab import in_words, sentence_case

_MARKS = {
    "largest_smd": "Largest standardised difference",
    "equipoise": "In equipoise (preference score 0.3 to 0.7)",
    "effective_share": "Smaller effective share of the two arms",
}


def tabulate_gate(result: GateResult, *, caption: str = "") -> Table:
    """Tabulate each comparison against its pass marks, and say which are blocked.

    Parameters
    ----------
    result
        The result of ``check_gate``.
    caption
        Words above the table, in place of the usual ones.
    """
    columns = (
        Column("Mark", is_number=False),
        Column("Found"),
        Column("Passes if"),
        Column("Passes", is_number=False),
        Column("Where", is_number=False),
    )
    records = result.frame.to_dict("records")
    rows = tuple(
        (
            _MARKS[row["mark"]],
            _spell(row, "found"),
            ("at most " if row["mark"] == "largest_smd" else "at least ") + _spell(row, "limit"),
            "yes" if row["passes"] else "no",
            in_words(row["where"]) or NOT_KNOWN,
        )
        for row in records
    )
    groups = tuple(f"{sentence_case(row['arm'])} v {in_words(row['versus'])}" for row in records)
    return Table(
        caption or "Whether each comparison is fair enough to be shown",
        columns,
        rows,
        groups,
        tuple(_verdicts(result)),
        basis=GATE,
    )


def _spell(row: dict[Any, Any], column: str) -> str:
    number = row[column]
    if math.isinf(number):
        return "without limit"
    return spell_fixed(number, 2) if row["mark"] == "largest_smd" else f"{100 * number:.0f}%"


def _verdicts(result: GateResult) -> list[str]:
    if result.frame.empty:
        return [NOT_WEIGHED]
    if not result.failures:
        return ["Every comparison passes."]
    if result.override:
        return list(result.notes)
    return [
        f"Blocked: {in_words(arm)} v {in_words(versus)} ({reason})."
        for arm, versus, reason in result.blocked
    ]
