"""Unbroken spells on drugs: supplies joined over short gaps, short overlaps read as a switch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from azaanalysis.design.days import NEVER, days_of, earliest, in_order, latest_so_far, starts_group
from azaanalysis.design.entrants import Entrants
from azaanalysis.design.starts import components_of, drugs_of
from azaanalysis.design.treatment import OVERLAP_DAYS


def number_parts(entrants: Entrants) -> dict[str, int]:
    """Return, for each drug of the courses, the number of the arms' part it stands for; else -1."""
    drugs = entrants.cohort.courses["drug"].cat.categories
    classes = {**{drug: drug for drug in drugs}, **entrants.cohort.drug_classes}
    part_of = dict.fromkeys(drugs, -1)
    for number, part in enumerate(components_of(entrants.comparison)):
        part_of |= dict.fromkeys(drugs_of(part, classes), number)
    return part_of


def find_spells(
    entrants: Entrants, part_of: Mapping[str, int], *, is_cut: bool = False
) -> pd.DataFrame:
    """Return the unbroken spells of each start's patient on each part.

    Parameters
    ----------
    entrants
        Who was followed.
    part_of
        Number of the part that each drug stands for; drugs of one part are one treatment, and
        those with a number below 0 do not count.
    is_cut
        Whether to leave out what came before time zero. Supplies of the arms' own parts that go on
        then are cut; of other drugs, only those that begin later count.

    Returns
    -------
    DataFrame
        ``rank`` (place among the starts), ``part``, ``begin`` and ``end`` (first and last day of
        supply, since 1970-01-01; ``NEVER`` if it went on).
    """
    rank, rows = entrants.rows("courses")
    courses = entrants.cohort.courses
    numbers = np.array([part_of[drug] for drug in courses["drug"].cat.categories])
    part = numbers[courses["drug"].cat.codes.to_numpy()[rows]]
    begin, end = (days_of(courses[c])[rows] for c in ("start_date", "stop_date"))
    gap_days = entrants.comparison.permissible_gap_days
    unseen = end + gap_days > entrants.observed_to[rank]
    if "stop_reason" in courses:
        unseen &= courses["stop_reason"].isna().to_numpy()[rows]
    # A supply without a reason to stop, after which the gap was not observed, may have gone on.
    end = np.where(unseen, NEVER, end)
    wanted = part >= 0
    if is_cut:
        zero = entrants.index_day[rank]
        # A part of a combination may have begun just before the combination was complete.
        is_own = part < len(components_of(entrants.comparison))
        wanted &= (begin >= zero) | (is_own & (end >= zero))
        begin = np.maximum(begin, zero)
    spells = pd.DataFrame({"rank": rank, "part": part, "begin": begin, "end": end})[wanted]
    return _bridged(spells, gap_days)


def _bridged(spells: pd.DataFrame, gap_days: int) -> pd.DataFrame:
    """Join the spells of one drug that lie no further apart than the permissible gap."""
    group = (spells["rank"] * (spells["part"].max() + 1) + spells["part"]).to_numpy()
    order = in_order(group, spells["begin"])
    spells, group = spells.iloc[order], group[order]
    latest = latest_so_far(group, spells["end"].to_numpy())
    without = spells["begin"].to_numpy() - np.append(0, latest[:-1])[: len(latest)] - 1
    number = np.cumsum(starts_group(group) | (without > gap_days))
    joined = spells.groupby(number).agg(
        {"rank": "first", "part": "first", "begin": "min", "end": "max"}
    )
    return joined.reset_index(drop=True)


def end_at_switch(spells: pd.DataFrame) -> pd.DataFrame:
    """End a spell where another drug begins that it outlasts by less than 30 days: a switch."""
    spells = spells.assign(spell=np.arange(len(spells)))
    pairs = spells.merge(spells, on="rank", suffixes=("", "_other"))
    pairs = pairs[
        (pairs["part"] != pairs["part_other"])
        & (pairs["begin_other"] > pairs["begin"])
        & (pairs["begin_other"] <= pairs["end"])
        & (pairs["end"] - pairs["begin_other"] < OVERLAP_DAYS)
    ]
    first = earliest(len(spells), pairs["spell"].to_numpy(), pairs["begin_other"].to_numpy())
    return spells.assign(end=np.where(first < NEVER, first, spells["end"]))
