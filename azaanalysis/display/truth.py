"""The true answer beside the estimate, for invented patients."""

from __future__ import annotations

import pandas as pd

from azaanalysis.display.basis import TRUTH
from azaanalysis.display.numbers import spell, spell_column, spell_count
from azaanalysis.display.statement import Statement
from azaanalysis.display.table import Column, Table
from azaanalysis.vocab import QUANTITIES, in_words, sentence_case

_RATES = (
    "The truth of a rate is that of people who are watched for as long as those of the study: a "
    "rate that changes with time depends on it."
)


def tabulate_truth(frame: pd.DataFrame, *, digits: int = 1) -> Table | Statement:
    """Tabulate estimates with the truth beside them; for real patients, say why there is none.

    Parameters
    ----------
    frame
        The result of ``compare_with_truth`` or ``compare_subgroups_with_truth``.
    digits
        Decimals of percentages.
    """
    if frame.empty:
        return Statement((str(frame.attrs["reason"]),), "truth")
    has_groups = "group" in frame
    second = "Group" if has_groups else "Reason"
    columns = (
        *(Column("Arm", is_number=False), Column("Compared with", is_number=False)),
        *(Column(second, is_number=False), Column("Day")),
        *(Column("Truth"), Column("Estimate"), Column("Interval")),
        Column("Interval holds the truth", is_number=False),
    )
    rows = tuple(_cells(row, digits) for row in frame.to_dict("records"))
    groups = tuple(_heading(*of) for of in zip(frame["quantity"], frame["unit"], strict=True))
    held = int(frame["is_within"].sum())
    notes = (
        f"The interval holds the truth in {held:,} of {len(frame):,} rows. Days and arms come from "
        "the same patients, so that rows are missed together.",
        "Truth: the same invented people under each strategy, nobody lost; its Monte-Carlo "
        f"standard error is at most {_largest_error(frame)}.",
        *([_RATES] if frame["quantity"].str.startswith("rate").any() else []),
    )
    return Table("Truth and estimate", columns, rows, groups, notes, basis=TRUTH)


def _largest_error(frame: pd.DataFrame) -> str:
    """Spell the largest error of a truth: in points, or, of other scales, as a share of reaches."""
    if all(QUANTITIES[quantity].scale == "probability" for quantity in frame["quantity"]):
        return f"{100 * float(frame['truth_error'].max()):.1f} percentage points"
    reach = (frame["upper"] - frame["lower"]) / 2
    share = float((frame["truth_error"] / reach.where(reach > 0)).max())
    return f"{100 * share:.0f}% of the way from an estimate to its limit"


def _heading(quantity: str, unit: str) -> str:
    kind = QUANTITIES[quantity]
    if kind.scale == "rate" and unit:
        return f"{kind.label} {unit}"
    return kind.label + (" (%)" if kind.scale == "probability" else "")


def _group(name: str) -> str:
    """Spell a group: ``"age_years: under 40"`` becomes ``"Age (years): under 40"``."""
    trait, _, level = name.partition(": ")
    return ": ".join(filter(None, (spell_column(trait), in_words(level))))


def _cells(row: dict[object, object], digits: int) -> tuple[str, ...]:
    scale = QUANTITIES[str(row["quantity"])].scale
    truth, value, lower, upper = (
        spell(float(str(row[name])), scale=scale, digits=digits)
        for name in ("truth", "value", "lower", "upper")
    )
    return (
        sentence_case(str(row["arm"])),
        in_words(str(row["versus"])) or "–",
        _group(str(row["group"])) if "group" in row else sentence_case(str(row["cause"])) or "Any",
        spell_count(row["at_days"]),
        *(truth, value, f"{lower} to {upper}"),
        "yes" if row["is_within"] else "no",
    )
