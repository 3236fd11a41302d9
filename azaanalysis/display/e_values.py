"""How strong an unmeasured cause must be, and how strong the measured ones are: tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.disclosure import suppress
from azaanalysis.display.basis import CONFOUNDING
from azaanalysis.display.numbers import (
    spell_column,
    spell_fixed,
    spell_interval,
    spell_level,
    spell_value,
)
from azaanalysis.display.source import Source
from azaanalysis.display.table import Column, Table
from azaanalysis.result import Estimate
from azaanalysis.vocab import QUANTITIES, in_words, sentence_case

RATIOS = ("risk_ratio", "rate_ratio", "hazard_ratio", "odds_ratio")


def tabulate_e_values(estimate: Estimate, *, caption: str = "") -> Table:
    """Tabulate ratios with their E-values, small counts suppressed first.

    Parameters
    ----------
    estimate
        The result of ``estimate_e_values``.
    caption
        Words above the table, in place of the usual ones.
    """
    shown = suppress(estimate).frame
    is_ratio = shown["quantity"].isin(RATIOS).to_numpy()
    ratios = shown[is_ratio]
    columns = (
        Column("Comparison", is_number=False),
        *(Column("Day"), Column("Ratio")),
        Column(sentence_case(spell_level(estimate.about))),
        *(Column("Estimate", group="E-value"), Column("Limit nearest to 1", group="E-value")),
    )
    rows, headings = [], []
    behind: dict[str, list[int]] = {"e_value": [], "e_value_of_limit": []}
    row: Any
    for row in ratios.itertuples():
        own = _same_comparison(shown, row)
        values = [own[own["quantity"] == q]["value"] for q in behind]
        for places, value in zip(behind.values(), values, strict=True):
            found = shown.index.get_indexer(value.index[:1])
            places.append(int(found[0]) if len(found) else -1)
        day = "" if pd.isna(row.at_days) else f"{row.at_days:,.0f}"
        pair = f"{sentence_case(row.arm)} v {in_words(row.versus)}"
        cells = [spell_fixed(value.iloc[0], 2) if len(value) else "" for value in values]
        rows.append((pair, day, spell_value(row), spell_interval(row), *cells))
        headings.append(QUANTITIES[row.quantity].label)
    notes = (
        "E-value: how strongly, as a risk ratio, an unmeasured cause would have to go with both "
        "the arm and the outcome, beyond what was measured, to explain the ratio away. 1: "
        "nothing is needed.",
    )
    usual = "How strong an unmeasured cause would have to be"
    printed = suppress(estimate)
    sources = (
        Source(printed, tuple(np.flatnonzero(is_ratio).tolist()), (2, 3)),
        *(
            Source(printed, tuple(places), (4 + i,))
            for i, places in enumerate(behind.values())
            if max(places, default=-1) >= 0
        ),
    )
    return Table(caption or usual, columns, tuple(rows), tuple(headings), notes, sources=sources)


def _same_comparison(shown: pd.DataFrame, row: Any) -> pd.DataFrame:
    keep = np.ones(len(shown), dtype=bool)
    for name in ("endpoint", "cause", "arm", "versus"):
        keep &= (shown[name] == getattr(row, name)).to_numpy()
    days = shown["at_days"].fillna(-1) == np.nan_to_num(row.at_days, nan=-1)
    same: pd.DataFrame = shown[keep & days.to_numpy()]
    return same


def tabulate_confounding(frame: pd.DataFrame, *, most: int = 4, caption: str = "") -> Table:
    """Tabulate the measured causes that could have moved each comparison the most.

    Parameters
    ----------
    frame
        The result of ``measure_confounding``.
    most
        How many of each comparison.
    caption
        Words above the table, in place of the usual ones.
    """
    columns = (
        Column("Measured cause", is_number=False),
        *(Column("Goes with the arm"), Column("Goes with the outcome")),
        Column("Could make of no difference"),
    )
    rows, headings = [], []
    for (arm, versus), part in frame.groupby(["arm", "versus"], sort=False):
        for row in part.head(most).itertuples():
            numbers = (row.to_arm, row.to_outcome, row.joint)
            rows.append((name_cause(row), *(spell_fixed(number, 2) for number in numbers)))
            headings.append(f"{sentence_case(str(arm))} v {in_words(str(versus))}")
    notes = (
        "Risk ratios of 1 or more, as observed, before weighting. The last column is the ratio "
        "that such a cause could produce at most if it were left out and nothing else differed.",
    )
    usual = "How strong the measured causes are: the strongest of each comparison"
    return Table(caption or usual, columns, tuple(rows), tuple(headings), notes, basis=CONFOUNDING)


def name_cause(row: Any) -> str:
    """Name a covariate and its level in words."""
    covariate, level = str(row.covariate), str(row.level)
    name = spell_column(covariate)
    return name if level == "yes" else f"{name}: {in_words(level)}"
