"""Which study drugs a patient has in use on each day."""

from __future__ import annotations

import numpy as np

from azaanalysis.design.days import NEVER, in_order
from azaanalysis.design.entrants import Entrants
from azaanalysis.design.over_time import Changing
from azaanalysis.design.spells import end_at_switch, find_spells, number_parts
from azaanalysis.design.starts import components_of
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
    spells = end_at_switch(find_spells(entrants, number_parts(entrants)))
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
