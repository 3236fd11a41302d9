"""One question asked in several ways: tables of answers, of their spread, and of refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from azaanalysis.disclosure import suppress
from azaanalysis.display.basis import WAYS
from azaanalysis.display.numbers import (
    HIDDEN,
    spell_fixed,
    spell_interval,
    spell_level,
    spell_value,
)
from azaanalysis.display.source import Source
from azaanalysis.display.subgroup_rows import NOT_COMPARED, SubgroupRows
from azaanalysis.display.table import Column, Table
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words, sentence_case


def tabulate_estimands(estimate: Estimate, *, digits: int = 1, caption: str = "") -> Table:
    """Tabulate the same comparison under several estimands, small counts suppressed first.

    Parameters
    ----------
    estimate
        The result of ``estimate_ways`` of ``list_estimands`` on one day.
    digits
        Decimals of percentages.
    caption
        Words above the table, in place of the usual ones.
    """
    ready = SubgroupRows.of(estimate)
    columns = [Column("Estimand", is_number=False)]
    columns += [Column(f"{sentence_case(arm)} v {in_words(ready.reference)}") for arm in ready.arms]
    rows = []
    for name, topic, level in ready.groups:
        cells = [_difference(ready, name, arm, digits) for arm in ready.arms]
        rows.append((in_words(level) or topic, *cells))
    headings = tuple(topic if level else "" for _, topic, level in ready.groups)
    label = str(estimate.about.get("endpoint_label", "Risk"))
    usual = f"{label} by day {estimate.about['at_day']:,.0f}: one comparison, several estimands"
    notes = (
        f"Difference in cumulative incidence, percentage points ({spell_level(estimate.about)}).",
        *refusals_in_words(estimate),
    )
    shown = suppress(estimate)
    sources = tuple(
        Source(shown, _rows_of(shown, [name for name, *_ in ready.groups], arm), (1 + place,))
        for place, arm in enumerate(ready.arms)
    )
    return Table(caption or usual, tuple(columns), tuple(rows), headings, notes, sources=sources)


def _rows_of(shown: Estimate, names: list[str], arm: str) -> tuple[int, ...]:
    """Return where each way of one arm stands in an estimate; -1 if it does not."""
    columns = zip(shown.frame["endpoint"], shown.frame["arm"], strict=True)
    where = {key: row for row, key in enumerate(columns)}
    return tuple(where.get((name, arm), -1) for name in names)


def _difference(ready: SubgroupRows, name: str, arm: str, digits: int) -> str:
    row = ready.row(name, arm, "risk_difference")
    if row is None or (pd.isna(row.value) and not row.was_known):
        return NOT_COMPARED
    if pd.isna(row.value):
        return HIDDEN
    value = spell_value(row, digits=digits).rstrip("%")
    return f"{value} ({spell_interval(row, digits=digits)})"


def refusals_in_words(estimate: Estimate) -> Iterator[str]:
    """Yield one sentence for each reason, with the ways and arms that it holds for."""
    reasons: dict[str, list[str]] = {}
    for way, arm, reason in estimate.about["refused"]:
        name = in_words(way.split(": ")[-1])
        where = f"{name} ({in_words(arm)})" if arm else name
        reasons.setdefault(reason.rstrip("."), []).append(where)
    for reason, names in reasons.items():
        yield f"Not compared, because {reason[:1].lower()}{reason[1:]}: {'; '.join(names)}."


def tabulate_refusals(estimate: Estimate, *, caption: str = "") -> Table:
    """Tabulate which ways could not be answered, and why: none is dropped in silence.

    Parameters
    ----------
    estimate
        The result of ``estimate_ways``.
    caption
        Words above the table, in place of the usual ones.
    """
    columns = (
        Column("Comparison", is_number=False),
        Column("Of these choices", is_number=False),
        Column("Ways"),
        Column("Reason, of the first", is_number=False),
    )
    kinds: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for way, arm, reason in estimate.about["refused"]:
        # Reasons that differ in their numbers only are one kind.
        kinds.setdefault((arm, re.sub(r"[\d.]+", "#", reason)), []).append((way, reason))
    rows = []
    for (arm, _), members in kinds.items():
        ways = [way for way, _ in members]
        rows.append(
            (
                sentence_case(arm) or "All",
                _in_common(estimate, ways) or in_words(ways[0]),
                f"{len(set(ways)):,}",
                sentence_case(members[0][1].replace("_", " ")),
            )
        )
    if not rows:
        rows.append(("–", "–", "0", "Every way could be answered."))
    usual = "What could not be answered, and why"
    return Table(caption or usual, columns, tuple(rows), basis=WAYS)


def _in_common(estimate: Estimate, labels: list[str]) -> str:
    """Name the choices that some ways share, and all values of those in which they differ less."""
    choices = dict(estimate.about["ways"])
    members = [dict(choices[label]) for label in labels]
    parts = []
    for name in dict.fromkeys(name for member in members for name in member):
        values = list(dict.fromkeys(member.get(name, "") for member in members))
        if len(values) == 1:
            parts.append(f"{name} {values[0]}")
    return ", ".join(parts) or ("any" if any(members) else "")


def tabulate_specifications(estimate: Estimate, *, digits: int = 1, caption: str = "") -> Table:
    """Tabulate how far the answers of a specification curve spread, and by which choice.

    Parameters
    ----------
    estimate
        The result of ``estimate_ways`` of ``list_specifications``.
    digits
        Decimals of percentages.
    caption
        Words above the table, in place of the usual ones.
    """
    ready = SubgroupRows.of(estimate)
    columns = (
        Column("Choice", is_number=False),
        *(Column("Answered", group="Ways"), Column("Refused", group="Ways")),
        *(Column(word, group="Difference, points") for word in ("Smallest", "Median", "Largest")),
        *(Column(word, group="Interval") for word in ("Above zero", "Holds zero", "Below zero")),
    )
    every = specifications_of(estimate, ready)
    rows, headings = [], []
    for arm in ready.arms:
        of_arm = every[every["arm"] == arm]
        for label, chosen in _choices(of_arm):
            rows.append((label, *_spread(chosen, digits)))
            headings.append(f"{sentence_case(arm)} v {in_words(ready.reference)}")
    notes = (
        "The same patients stand behind all ways: many that agree are not many confirmations.",
    )
    label = str(estimate.about.get("endpoint_label", "Risk"))
    usual = f"{label}: how far the answer depends on choices"
    return Table(caption or usual, columns, tuple(rows), tuple(headings), notes, basis=WAYS)


def specifications_of(estimate: Estimate, ready: SubgroupRows) -> pd.DataFrame:
    """Return one row per way, day and arm, refused ones included, with a column per choice."""
    shown = ready.rows[ready.rows["quantity"] == "risk_difference"]
    days = sorted(shown["at_days"].unique())
    rows = []
    for place, (label, choices) in enumerate(estimate.about["ways"]):
        for day in days:
            rows += [
                {"way": label, "arm": arm, "at_days": day, "is_own": place == 0, **dict(choices)}
                for arm in ready.arms
            ]
    every = pd.DataFrame(rows)
    if len(days) > 1:
        every["Day of the answer"] = [f"{day:,.0f}" for day in every["at_days"]]
    numbers = shown[["endpoint", "arm", "at_days", "value", "lower", "upper"]]
    return every.merge(
        numbers.rename(columns={"endpoint": "way"}), how="left", on=["way", "arm", "at_days"]
    )


def choices_of(every: pd.DataFrame) -> list[str]:
    """Return the columns of a frame of specifications that hold choices."""
    fixed = {"way", "arm", "at_days", "is_own", "value", "lower", "upper"}
    return [column for column in every.columns if column not in fixed]


def values_of(every: pd.DataFrame, choice: str) -> list[str]:
    """Return the values of a choice: numbers in order of size, words as they come."""
    values = [str(value) for value in every[choice].dropna().unique()]
    are_numbers = all(value.replace(",", "").isdigit() for value in values)
    return sorted(values, key=lambda v: int(v.replace(",", ""))) if are_numbers else values


def _choices(of_arm: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    yield "All", of_arm
    for name in choices_of(of_arm):
        for value in values_of(of_arm, name):
            yield f"{name}: {value}", of_arm[of_arm[name] == value]


def _spread(chosen: pd.DataFrame, digits: int) -> tuple[str, ...]:
    known = chosen[chosen["value"].notna()]
    value = known["value"]
    numbers = (value.min(), value.median(), value.max()) if len(known) else (np.nan,) * 3
    above, below = int((known["lower"] > 0).sum()), int((known["upper"] < 0).sum())
    holds = len(known) - above - below
    return (
        f"{len(known):,}",
        f"{len(chosen) - len(known):,}",
        *(spell_fixed(100 * number, digits) for number in numbers),
        *(f"{count:,}" for count in (above, holds, below)),
    )
