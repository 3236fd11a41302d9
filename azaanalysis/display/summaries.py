"""Tables of what is not an estimate: attrition, baseline, protocol, loading report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from azaanalysis.cohort import LoadingReport
from azaanalysis.disclosure import mark_attrition, mark_baseline, threshold_of
from azaanalysis.display.numbers import (
    LINKED,
    NOT_KNOWN,
    spell_column,
    spell_count,
    spell_fixed,
    spell_threshold,
)
from azaanalysis.display.table import Column, Table
from azaanalysis.vocab import in_words, sentence_case


def tabulate_attrition(
    frame: pd.DataFrame, *, smallest_count: int | None = None, caption: str = ""
) -> Table:
    """Tabulate who left at which step, and why.

    Parameters
    ----------
    frame
        One row per step, arm and reason, in the order of the steps:

        - ``step`` (text): name of the step;
        - ``arm`` (text): empty before arms are known; afterwards one row per arm. Rows with an
          empty arm may go on after that and then count all arms together;
        - ``patients`` (count): how many remain once this step has been taken;
        - ``reason`` (text): why those who left at this step left; empty if nobody could;
        - ``left`` (count): how many left at this step for this reason. A step with several
          reasons has several rows with the same ``patients``, and
          ``patients`` before - all ``left`` = ``patients``.
    smallest_count
        Smallest count that may be shown; 1 shows everything. Taken from
        ``frame.attrs["smallest_count"]`` if not given, and 5 if that is not there either.
    caption
        Words above the table, in place of the usual ones.

    Returns
    -------
    Table
        One row per step and reason. Arms stand side by side once they are known.
    """
    k = threshold_of(frame, smallest_count)
    marked = mark_attrition(frame, smallest_count=k)
    arms = [str(arm) for arm in marked["arm"].unique() if arm]
    shown = [("", "All")] if (marked["arm"] == "").any() else []
    shown += [(arm, sentence_case(arm)) for arm in arms]
    columns = [Column("Step", is_number=False), Column("Left because", is_number=False)]
    for _, name in shown:
        columns += [Column("Left", group=name), Column("Remain", group=name)]
    rows = [
        (str(step), str(reason) or NOT_KNOWN, *_attrition_cells(lines, [a for a, _ in shown], k))
        for (step, reason), lines in marked.groupby(["step", "reason"], sort=False)
    ]
    return Table(
        caption or "Who entered the comparison",
        tuple(columns),
        tuple(rows),
        footnotes=masked_footnotes(marked["patients_mark"], marked["left_mark"], smallest_count=k),
    )


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
          the rows of the reference. Repeated or given once per covariate: the first is shown;
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
    sizes = lines.drop_duplicates(keys)["covariate"].value_counts()
    for (covariate, level, kind), cells in lines.groupby(keys, sort=False):
        is_single = sizes[covariate] == 1
        heading, name = _baseline_names(str(covariate), str(level), str(kind), is_single)
        values = [_baseline_cell(cells, page, digits=digits, k=k) for page in pages]
        is_first = not rows or groups[-1] != heading or is_single
        differences = [_difference(cells, page) for page in compared]
        rows.append((name, *values, *(differences if is_first or any(differences) else differences)))
        groups.append(heading)
    notes = masked_footnotes(marked["n_mark"], smallest_count=k)
    return Table(
        caption or "The arms on the index day",
        _baseline_columns(marked, pages, compared, k),
        tuple(rows),
        tuple(groups),
        (*_smd_footnote(frame, compared), *notes),
    )
