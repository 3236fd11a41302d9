"""Small counts in summary frames: attrition and baseline."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from azaanalysis.display.path import secure_path
from azaanalysis.result import SMALLEST_COUNT_IF_UNSTATED
from azaanalysis.small_counts import LINKED, SHOWN, SMALL, is_safe, is_small, protect


def threshold_of(frame: pd.DataFrame, smallest_count: int | None) -> int:
    """Return the threshold given, or that of the frame, or the careful one."""
    if smallest_count is not None:
        return smallest_count
    return int(frame.attrs.get("smallest_count", SMALLEST_COUNT_IF_UNSTATED))


def mark_attrition(frame: pd.DataFrame, *, smallest_count: int) -> pd.DataFrame:
    """Add ``patients_mark`` and ``left_mark``: shown, small, or linked to a small count.

    Those who left at a step are what remained before less what remains after. A small number
    of leavers is therefore hidden together with another reason of the same step or, if there
    is none, with the neighbouring step and the number that stands between the two.
    """
    marked = frame.reset_index(drop=True).fillna({"arm": "", "reason": ""})
    marked = marked.astype({"arm": object, "reason": object})
    for column in ("patients", "left"):
        small = is_small(marked[column], smallest_count)
        marked[f"{column}_mark"] = np.where(small, SMALL, SHOWN).astype(object)
    if smallest_count == 1:
        return marked
    for rows in marked.groupby("arm", sort=False).groups.values():
        _protect_path(marked, np.asarray(rows), smallest_count)
    for column in ("patients", "left"):
        _protect_arms(marked, column, smallest_count)
    secure_path(marked, smallest_count)
    if frame.attrs.get("withheld") or _ends_with_few(marked, smallest_count):
        _withhold_arms(marked)
    return marked


def _ends_with_few(marked: pd.DataFrame, k: int) -> bool:
    """Tell if an arm ends small: the sizes of the others stand at the head of other tables."""
    of_arms = marked[marked["arm"] != ""]
    return bool(is_small(of_arms.groupby("arm", sort=False)["patients"].last(), k).any())


def _withhold_arms(marked: pd.DataFrame) -> None:
    """Hide the path from where arms are known: the total less the others would tell of one."""
    arms = np.flatnonzero((marked["arm"] != "").to_numpy())
    steps = marked["step"].iloc[arms].unique()
    hidden = marked["step"].isin(steps) | (marked.index > arms.max(initial=len(marked)))
    for column in ("patients_mark", "left_mark"):
        marked.loc[hidden, column] = LINKED


def mark_baseline(frame: pd.DataFrame, *, smallest_count: int) -> pd.DataFrame:
    """Add ``n_mark`` (shown, small, linked), ``stage`` and ``versus`` to a baseline frame.

    Levels and those without a value add up to the arm, so one masked level takes another
    with it; a truth is masked as well when few are without it.
    """
    marked = frame.reset_index(drop=True)
    for column in ("stage", "versus", "level"):
        filled = marked[column].fillna("") if column in marked else ""
        marked = marked.assign(**{column: filled}).astype({column: object})
    marked["n_mark"] = np.where(is_small(marked["n"], smallest_count), SMALL, SHOWN).astype(object)
    marked["is_share_hidden"] = False
    if smallest_count == 1:
        return marked
    totals = marked[marked["kind"] == "total"].set_index(["stage", "arm"])["n"]
    counts = marked[marked["kind"].isin(["count", "missing"])]
    for (_, *page), cells in counts.groupby(["covariate", "stage", "arm"], sort=False):
        total = totals.get(tuple(page), pd.NA)
        rest = 0 if pd.isna(total) else max(int(total) - int(cells["n"].fillna(0).sum()), 0)
        _protect_levels(marked, cells, rest, smallest_count)
    marked["is_share_hidden"] = _tell_missing(marked)
    # Means hide by their number of patients as well, though they do not show it.
    marked.loc[marked["arm"].isin(frame.attrs.get("withheld", ())), "n_mark"] = LINKED
    return marked


def _tell_missing(marked: pd.DataFrame) -> pd.Series:
    """Tell which percentages have a denominator that would give a hidden number away.

    Percentages are of those with a value: with the size of the arm they count those without one.
    """
    keys = ["covariate", "stage", "arm"]
    hidden = marked[(marked["kind"] == "missing") & (marked["n_mark"] != SHOWN)]
    places = set(hidden[keys].itertuples(index=False, name=None))
    rows = marked[keys].itertuples(index=False, name=None)
    return pd.Series([row in places for row in rows], marked.index) & (marked["kind"] == "count")


def _protect_path(marked: pd.DataFrame, rows: np.ndarray, k: int) -> None:
    """Protect the leavers of one arm: between two shown boxes their sum is known."""
    while any(_protect_segment(marked, rows, part, k) for part in _segments(marked, rows)):
        pass  # a hidden number joins two segments, so the path is cut anew
    tail = rows[rows > _last_shown_box(marked, rows)]
    left = marked["left"].iloc[tail]
    # What remains is what was there less those who left: one of the two must stay open.
    if len(tail) and (marked["left_mark"].iloc[tail] == SHOWN).all() and left.gt(0).any():
        marked.loc[left[left.gt(0)].index[-1], "left_mark"] = LINKED


def _protect_segment(marked: pd.DataFrame, rows: np.ndarray, segment: np.ndarray, k: int) -> bool:
    """Protect the leavers between two shown boxes; tell if a box had to be hidden for it."""
    left = marked["left"].iloc[segment]
    after = protect(left, marked["left_mark"].to_numpy()[segment], k)
    marked.loc[segment, "left_mark"] = after
    hidden = after != SHOWN
    if is_safe(left.to_numpy("float64", na_value=0.0)[hidden], after[hidden], k):
        return False
    return _merge(marked, rows, segment)


def _last_shown_box(marked: pd.DataFrame, rows: np.ndarray) -> int:
    shown = rows[(marked["patients_mark"].to_numpy()[rows] == SHOWN)]
    return int(shown[-1]) if len(shown) else -1


def _segments(marked: pd.DataFrame, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Cut the path of one arm after every step whose remaining number is shown."""
    steps = marked["step"].to_numpy()[rows]
    is_last_of_step = np.append(steps[1:] != steps[:-1], True)
    is_shown = marked["patients_mark"].to_numpy()[rows] == SHOWN
    cuts = np.flatnonzero(is_last_of_step & is_shown) + 1
    yield from (part for part in np.split(rows, cuts) if len(part))


def _merge(marked: pd.DataFrame, rows: np.ndarray, segment: np.ndarray) -> bool:
    """Hide the number that closes a segment or, at the end of the path, the one that opens it."""
    box = segment[-1:] if segment[-1] != rows[-1] else rows[rows < segment[0]][-1:]
    if not len(box) or marked["patients_mark"].iloc[box[0]] != SHOWN:
        return False
    same_step = rows[(marked["step"].iloc[rows] == marked["step"].iloc[box[0]]).to_numpy()]
    marked.loc[same_step, "patients_mark"] = LINKED
    return True


def _protect_arms(marked: pd.DataFrame, column: str, k: int) -> None:
    """Protect one arm from being worked out as the total less the other arms."""
    arms = marked[marked["arm"] != ""]
    for rows in arms.groupby(["step", "reason"], sort=False).groups.values():
        marks = marked.loc[rows, f"{column}_mark"].to_numpy()
        if len(rows) > 1:
            marked.loc[rows, f"{column}_mark"] = protect(marked.loc[rows, column], marks, k)


def _protect_levels(marked: pd.DataFrame, cells: pd.DataFrame, rest: int, k: int) -> None:
    counts = [*cells["n"], rest]
    hidden_rest = SMALL if 1 <= rest < k else SHOWN
    marks = np.array([*marked.loc[cells.index, "n_mark"], hidden_rest], dtype=object)
    if (marks == SHOWN).all():
        return
    after = protect(counts, marks, k)
    numbers = pd.array(counts, dtype="Int64").to_numpy("float64", na_value=0.0)
    hidden = after != SHOWN
    if not is_safe(numbers[hidden], after[hidden], k):
        # Nothing is left to hide: which of the hidden ones are small must then not be said.
        after[hidden] = LINKED
    marked.loc[cells.index, "n_mark"] = after[:-1]
