"""Which study drugs a patient has in use on each day."""

from __future__ import annotations

import numpy as np
import pandas as pd

from azaanalysis.design.days import NEVER, days_of, in_order, latest_so_far, starts_group
from azaanalysis.design.entrants import Entrants
from azaanalysis.design.over_time import Changing
from azaanalysis.design.starts import components_of, drugs_of
from azaanalysis.design.treatment import OVERLAP_DAYS
from azaanalysis.settings import Comparison

Array = np.ndarray


def measure_drug_in_use(entrants: Entrants, *, first_day: int, lag_days: int) -> Changing:
    """Return, from each day on which it changes, which arm's drugs are in use.

    Parameters
    ----------
    entrants
        Who was followed.
    first_day
        Number of the day of time zero.
    lag_days
        Days after the last supply of all drugs that still count for them.

    Returns
    -------
    Changing
        Place of the arm whose drugs, all of them and no other, are in use; one place after the
        arms for another combination, two after for none. A day's value holds after that day.
    """
    spells = _without_overlap(_spells(entrants))
    rank = np.concatenate([spells["rank"], spells["rank"]])
    day = np.concatenate([spells["begin"], spells["end"]])
    bit = 2 ** spells["part"].to_numpy()
    change = np.concatenate([bit, -bit])
    # What begins comes first among changes of a day, so that supply for one day is not lost.
    order = in_order(rank, day)
    rank, day, change = rank[order], day[order], change[order]
    # Each spell is taken away again, so that every patient begins and ends at nothing.
    in_use = np.cumsum(change)
    rank, day, in_use = _lagged(rank, day, in_use, lag_days)
    since = day - entrants.index_day[rank] + first_day
    return Changing("drug", rank, since.astype("float64"), _arms(in_use, entrants.comparison))


def _spells(entrants: Entrants) -> pd.DataFrame:
    """Return the unbroken spells on each part of the arms: ``rank part begin end``."""
    cohort, comparison = entrants.cohort, entrants.comparison
    rank, rows = entrants.rows("courses")
    courses = cohort.courses
    drugs = courses["drug"].cat.categories
    classes = {**{drug: drug for drug in drugs}, **cohort.drug_classes}
    part_of = dict.fromkeys(drugs, -1)
    for number, part in enumerate(components_of(comparison)):
        part_of |= dict.fromkeys(drugs_of(part, classes), number)
    part = np.array([part_of[drug] for drug in drugs])[courses["drug"].cat.codes.to_numpy()[rows]]
    begin, end = (days_of(courses[c])[rows] for c in ("start_date", "stop_date"))
    unseen = end + comparison.permissible_gap_days > entrants.observed_to[rank]
    if "stop_reason" in courses:
        unseen &= courses["stop_reason"].isna().to_numpy()[rows]
    # A supply without a reason to stop, after which the gap was not observed, may have gone on.
    end = np.where(unseen, NEVER, end)
    wanted = part >= 0
    spells = pd.DataFrame({"rank": rank, "part": part, "begin": begin, "end": end})[wanted]
    return _bridged(spells, comparison.permissible_gap_days)


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


def _without_overlap(spells: pd.DataFrame) -> pd.DataFrame:
    """End a spell where another drug begins that it outlasts by less than 30 days: a switch."""
    spells = spells.assign(spell=np.arange(len(spells)))
    pairs = spells.merge(spells, on="rank", suffixes=("", "_other"))
    pairs = pairs[
        (pairs["part"] != pairs["part_other"])
        & (pairs["begin_other"] > pairs["begin"])
        & (pairs["begin_other"] <= pairs["end"])
        & (pairs["end"] - pairs["begin_other"] < OVERLAP_DAYS)
    ]
    first = pairs.groupby("spell")["begin_other"].min().reindex(spells["spell"])
    return spells.assign(end=first.fillna(spells["end"]).astype(np.int64).to_numpy())


def _lagged(rank: Array, day: Array, in_use: Array, lag_days: int) -> tuple[Array, Array, Array]:
    """Let the last drug count on for some days, unless a drug begins before they are over."""
    is_none = in_use == 0
    following = np.append(np.where(rank[1:] == rank[:-1], day[1:], 4 * NEVER), 4 * NEVER)
    day = np.where(is_none, day + lag_days, day)
    kept = ~is_none | (following[: len(rank)] > day)
    return rank[kept], day[kept], in_use[kept]


def _arms(in_use: Array, comparison: Comparison) -> Array:
    """Return the place of the arm that has exactly these drugs."""
    parts = components_of(comparison)
    n_arms = len(comparison.arms)
    code = np.full(len(in_use), float(n_arms))
    for number, own in enumerate(comparison.arms.values()):
        code[in_use == sum(2 ** parts.index(part) for part in own)] = number
    code[in_use == 0] = n_arms + 1
    return code
