"""The arms as they were on the index day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from azaanalysis.display.basis import BASELINE
from azaanalysis.display.masking import mark_baseline, threshold_of
from azaanalysis.display.numbers import HIDDEN, NOT_KNOWN, spell_column, spell_count, spell_fixed
from azaanalysis.display.summaries import masked_footnotes, spell_marked
from azaanalysis.display.table import Column, Table
from azaanalysis.small_counts import SHOWN
from azaanalysis.vocab import in_words, sentence_case


def tabulate_baseline(
    frame: pd.DataFrame, *, digits: int = 1, smallest_count: int | None = None, caption: str = ""
) -> Table:
    """Tabulate the arms as they were on the index day ("Table 1").

    Parameters
    ----------
    frame
        One row per covariate, level, kind and arm, in the order to be shown:

        - ``covariate`` (text): column name of the covariate (``"age_years"``; the unit is
          taken from the name);
        - ``level`` (text): level of a covariate with levels; empty for a number or a truth;
        - ``kind`` (text): ``"total"`` (size of the arm, one row per arm, any covariate name),
          ``"count"``, ``"mean"``, ``"median"`` or ``"missing"``;
        - ``arm`` (text);
        - ``n`` (count): patients with this level (count), without a value (missing), with a
          value (mean, median), in the arm (total); always as observed, never weighted;
        - ``value`` (number): proportion from 0 to 1 among those with a value (count), among
          all (missing); the mean; the median. Weighted if the stage is weighted;
        - ``spread`` (number): standard deviation of a mean;
        - ``lower``, ``upper`` (number): first and third quartile of a median;
        - ``smd`` (number): standardised difference of this arm from ``versus``; missing in
          the rows of the reference. May be given for each level or once per covariate;
        - ``versus`` (text, optional): the reference that ``smd`` compares with;
        - ``stage`` (text, optional): ``"before weighting"``, ``"after weighting"``; the stages
          are set side by side. Counts are shown in the first stage only.
    digits
        Decimals of percentages, means and quartiles.
    smallest_count
        Smallest count that may be shown; see :func:`tabulate_attrition`.
    caption
        Words above the table, in place of the usual ones.

    Notes
    -----
    No p values: chance differences in a baseline are no evidence about confounding. The
    denominator of ``smd`` is stated by whoever made the frame, in ``frame.attrs["smd"]``.
    """
    k = threshold_of(frame, smallest_count)
    marked = mark_baseline(frame, smallest_count=k)
    pages = list(marked[["stage", "arm"]].drop_duplicates().itertuples(index=False, name=None))
    compared = _compared(marked)
    lines = marked[marked["kind"] != "total"]
    keys = ["covariate", "level", "kind"]
    rows, groups = [], []
    lines_of = dict(list(lines.groupby("covariate", sort=False)))
    for (covariate, level, kind), cells in lines.groupby(keys, sort=False):
        same = lines_of[str(covariate)][["level", "kind"]].drop_duplicates()
        heading, name = _baseline_names(
            str(covariate), str(level), str(kind), frozenset(same["kind"]), is_single=len(same) == 1
        )
        values = [
            _baseline_cell(cells, page, digits=digits, k=k, has_count=page[0] == pages[0][0])
            for page in pages
        ]
        # A difference from a hidden proportion would give the proportion away, on either side,
        # and so would the differences of all other levels.
        is_open = kind == "mean" or (lines_of[str(covariate)]["n_mark"] == SHOWN).all()
        gaps = [_differences(cells, arm, compared[arm]) if is_open else "" for arm in compared]
        rows.append((name, *values, *gaps))
        groups.append(heading)
    notes = masked_footnotes(marked["n_mark"], smallest_count=k)
    return Table(
        caption or "The arms on the index day",
        _baseline_columns(marked, pages, compared, k),
        tuple(rows),
        tuple(groups),
        (*_smd_footnote(frame, compared), *notes),
        basis=BASELINE,
    )


def _baseline_names(
    covariate: str, level: str, kind: str, kinds: frozenset[str], *, is_single: bool
) -> tuple[str, str]:
    """Return the heading of the group and the name of the line."""
    label = spell_column(covariate)
    shown_as = {"mean": "mean (SD)", "median": "median [Q1, Q3]"}.get(kind, "n (%)")
    if is_single:
        of_level = f": {in_words(level)}" if level else ", missing" if kind == "missing" else ""
        return "", f"{label}{of_level}, {shown_as}"
    name = {"count": sentence_case(level) or "Yes", "missing": "Missing"}.get(kind, "")
    if kinds <= {"count", "missing"}:
        return f"{label}, n (%)", name
    return label, f"{name}, {shown_as}" if name else sentence_case(shown_as)


def _baseline_cell(
    cells: pd.DataFrame, page: tuple[str, str], *, digits: int, k: int, has_count: bool
) -> str:
    row = _row_of(cells, page)
    if row is None:
        return NOT_KNOWN
    if row["n_mark"] != SHOWN:
        return spell_marked(row["n"], row["n_mark"], k)
    return _spell_baseline(row, digits, has_count=has_count)


def _spell_baseline(row: pd.Series, digits: int, *, has_count: bool) -> str:
    if row["kind"] in ("count", "missing"):
        if row["is_share_hidden"]:
            return spell_count(row["n"]) if has_count else HIDDEN
        percent = spell_fixed(100 * row["value"], digits)
        return (
            f"{percent}%"
            if pd.isna(row["n"]) or not has_count
            else f"{spell_count(row['n'])} ({percent}%)"
        )
    value = spell_fixed(row["value"], digits)
    if str(row["covariate"]).endswith("_year"):
        value = value.replace(",", "")  # a calendar year is no count
    if row["kind"] == "mean":
        return f"{value} ({spell_fixed(row['spread'], digits)})"
    return f"{value} [{spell_fixed(row['lower'], digits)}, {spell_fixed(row['upper'], digits)}]"


def _differences(cells: pd.DataFrame, arm: str, stages: list[str]) -> str:
    """Return the difference of an arm at each stage: ``"0.51 → 0.02"``."""
    found = [_difference(cells, (stage, arm)) for stage in stages]
    return " → ".join(cell or NOT_KNOWN for cell in found) if any(found) else ""


def _difference(cells: pd.DataFrame, page: tuple[str, str]) -> str:
    row = _row_of(cells, page)
    is_hidden = row is None or (cells["n_mark"] != SHOWN).any() or pd.isna(row["smd"])
    return "" if is_hidden or row is None else spell_fixed(row["smd"], 2)


def _row_of(cells: pd.DataFrame, page: tuple[str, str]) -> pd.Series | None:
    stage, arm = page
    found = cells[(cells["stage"] == stage) & (cells["arm"] == arm)]
    return None if found.empty else found.iloc[0]


def _compared(marked: pd.DataFrame) -> dict[str, list[str]]:
    """Return the arms that have a standardised difference, each with the stages that have one."""
    with_smd = marked[marked["smd"].notna()]
    by_arm = with_smd.groupby("arm", sort=False)["stage"]
    return {str(arm): [str(stage) for stage in stages.unique()] for arm, stages in by_arm}


def _baseline_columns(
    marked: pd.DataFrame, pages: list[tuple[str, str]], compared: dict[str, list[str]], k: int
) -> tuple[Column, ...]:
    columns = [Column("Characteristic", is_number=False)]
    totals = marked[marked["kind"] == "total"]
    for page in pages:
        total = _row_of(totals, page)
        size = (
            f" (n\u00a0=\u00a0{spell_marked(total['n'], total['n_mark'], k)})"
            if total is not None
            else ""
        )
        columns.append(Column(sentence_case(page[1]) + size, group=sentence_case(page[0])))
    versus = next((in_words(word) for word in marked["versus"] if word), "")
    for arm, stages in compared.items():
        what = f"SMD v {versus}" if versus else "SMD"
        words = [in_words(stage) for stage in stages if stage]
        # "before weighting → after weighting" says its last word once.
        told = " → ".join([*(word.removesuffix(" weighting") for word in words[:-1]), *words[-1:]])
        columns.append(Column(sentence_case(arm), group=", ".join(filter(None, (what, told)))))
    return tuple(columns)


def _smd_footnote(frame: pd.DataFrame, compared: dict[str, list[str]]) -> tuple[str, ...]:
    if not compared:
        return ()
    stated: Mapping[Any, Any] = frame.attrs
    denominator = stated.get("smd", "difference divided by the pooled standard deviation")
    return (f"SMD, standardised mean difference: {denominator}.",)
