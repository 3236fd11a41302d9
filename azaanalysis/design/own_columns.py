"""The columns of an analyst's own time-to-event table, as those of a follow-up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from azaanalysis.errors import DesignError


def numbers_of(column: pd.Series) -> np.ndarray:
    """Return a column as numbers; what is none is missing, and refused with its row."""
    numbers: np.ndarray = pd.to_numeric(column, errors="coerce").to_numpy(dtype="float64")
    return numbers


def refuse_contradictions(causes: Sequence[str], n_own: int, smallest_count: int) -> None:
    """Refuse causes that are no list of different words, and counts that do not fit them."""
    if isinstance(causes, str) or len(set(causes)) < len(causes):
        raise DesignError(
            f"causes are a list of different words, for example ['relapse', 'death']; got {causes}."
        )
    if not 1 <= n_own <= len(causes):
        raise DesignError(
            f"n_own says how many of the causes, from the first, are the endpoint itself: from 1 "
            f"to {len(causes)}; got {n_own}."
        )
    if smallest_count < 1:
        raise DesignError(f"smallest_count is 1 (show all) or more; got {smallest_count}.")


def refuse_strange_reference(arms: pd.Series, reference: str | None) -> None:
    """Refuse a reference that is none of the arms."""
    known = list(arms.cat.categories)
    if reference is not None and reference not in known:
        raise DesignError(
            f"The reference '{reference}' is none of the arms: {', '.join(map(str, known))}."
        )


def named_patients(column: pd.Series) -> pd.Series:
    """Return who each row belongs to; refuse rows that belong to nobody."""
    nameless = column.isna().to_numpy()
    if nameless.any():
        raise DesignError(
            f"patient is missing in {nameless.sum():,} of {len(column):,} rows (the first is row "
            f"{int(np.argmax(nameless)) + 1}), so nobody can tell which rows belong together."
        )
    return column.astype("string")


def arms_in_order(arms: pd.Series) -> pd.Series:
    """Return arms as a categorical: in its own order, else as they first appear."""
    if isinstance(arms.dtype, pd.CategoricalDtype):
        return arms.cat.remove_unused_categories()
    words = arms.astype(str).where(arms.notna())
    return words.astype(pd.CategoricalDtype(list(words.dropna().unique())))
