"""The one shape of every result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.errors import EstimationError
from azaanalysis.vocab import DAYS_PER_YEAR, QUANTITIES

_TEXT = ("endpoint", "cause", "arm", "versus", "quantity", "unit")
_NUMBERS = ("at_days", "value", "lower", "upper", "std_error")
_COUNTS = ("patients", "events")
COLUMNS = (*_TEXT, *_NUMBERS, *_COUNTS, "patient_years")
# A result that forgot its threshold is treated as real patients, never as invented ones.
SMALLEST_COUNT_IF_UNSTATED = 5
# In ``about`` of curves from which days are left out on which nobody had an event.
STEPS_ONLY = "steps_only"
_RELEASES = "releases"
# In ``about`` of estimates whose ``endpoint`` names a group or a way: the endpoint itself.
ASKED = "asked_endpoint"
_CURVE = ["endpoint", "cause", "arm", "versus", "quantity"]


@dataclass(frozen=True, eq=False)
class Estimate:
    """Numbers, and what they are about.

    Parameters
    ----------
    frame
        One row per number, always with the columns ``endpoint``, ``cause``, ``arm``,
        ``versus`` (the arm compared with; empty if none), ``quantity`` (a word of
        ``vocab.QUANTITIES``), ``unit``, ``at_days`` (missing if the number belongs to
        no single day), ``value``, ``lower``, ``upper``, ``std_error``, and, as
        observed before any weighting, ``patients``, ``events``, ``patient_years``.
        In a curve ``patients`` are those still at risk on that day and ``events`` those
        that have happened by then.
    about
        What the numbers are about: ``method``, ``level``, ``interval`` (which uncertainty
        it contains), ``notes``, ``smallest_count``, the study's hash, and so on.
    """

    frame: pd.DataFrame
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Give the frame its fixed columns and types; refuse a quantity without a name."""
        frame = pd.DataFrame({name: _typed(self.frame, name) for name in COLUMNS})
        unknown = sorted(set(frame["quantity"]) - set(QUANTITIES))
        if unknown:
            raise KeyError(f"Quantities without an entry in vocab.QUANTITIES: {unknown}")
        object.__setattr__(self, "frame", frame)
        object.__setattr__(self, "about", dict(self.about))

    @classmethod
    def from_rows(
        cls, rows: Iterable[Mapping[str, Any]], *, about: Mapping[str, Any] | None = None
    ) -> Estimate:
        """Build an estimate from rows with named fields; absent fields are missing."""
        return cls(pd.DataFrame(list(rows)), about or {})

    def only(self, **fields: str | Sequence[str]) -> Estimate:
        """Keep the rows whose columns hold the given words, e.g. ``only(cause="death")``."""
        keep = np.ones(len(self.frame), dtype=bool)
        for column, wanted in fields.items():
            words = [wanted] if isinstance(wanted, str) else list(wanted)
            keep &= self.frame[column].isin(words).to_numpy()
        return Estimate(self.frame[keep], self.about)

    def at(self, days: Sequence[float]) -> Estimate:
        """Read step curves at the given days.

        A value holds from its own day until the next. ``patients`` are those at risk on
        the day asked for. A day beyond the end of a curve has no value: nobody was seen then.
        Of a curve whose steps alone are kept, as in the files of a report, ``patients`` and
        ``patient_years`` are missing on the days between.
        """
        curves = self.frame.groupby(_CURVE, sort=False, dropna=False)
        parts = [_read_curve(curve, np.asarray(days, dtype=float)) for _, curve in curves]
        if not parts:
            return self
        read = pd.concat(parts, ignore_index=True)
        if self.about.get(STEPS_ONLY):
            on = [*_CURVE, "at_days"]
            is_kept = pd.MultiIndex.from_frame(read[on]).isin(self.frame.set_index(on).index)
            read.loc[~is_kept, ["patients", "patient_years"]] = np.nan
        return Estimate(read, self.about)

    def until(self, day: float) -> Estimate:
        """Cut step curves off at a day, which gets a row of its own."""
        before = self.frame[(self.frame["at_days"] < day).to_numpy()]
        on_day = self.at([day]).frame
        rows = pd.concat([before, on_day[on_day["value"].notna()]]).reset_index(drop=True)
        # Rows of one curve belong together, in the order of the curves.
        order = rows.groupby(_CURVE, sort=False, dropna=False).ngroup()
        return Estimate(rows.iloc[np.argsort(order, kind="stable")], self.about)

    def named(self, endpoint: str) -> Estimate:
        """Return the same numbers under another word in ``endpoint``, as one part of several.

        What may be shown of them, and which endpoint was asked for, stays known.
        """
        own = self.about.get(_RELEASES, ())
        releases = [replace(release, endpoint=endpoint) for release in own]
        asked = next(iter(self.frame["endpoint"]), endpoint)
        about = {ASKED: asked, **self.about}
        about |= {_RELEASES: tuple(releases)} if releases else {}
        return Estimate(self.frame.assign(endpoint=endpoint), about)

    def with_about(self, **entries: object) -> Estimate:
        """Return the same numbers with further entries in ``about``."""
        return Estimate(self.frame, {**self.about, **entries})

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.frame)


def stack(*estimates: Estimate) -> Estimate:
    """Put estimates one under the other; ``about`` keeps what they have in common.

    Notes of all of them are kept, each once. The strictest disclosure threshold wins.
    """
    if not estimates:
        raise EstimationError("There is no estimate to put under another. Name at least one.")
    first, *others = (estimate.about for estimate in estimates)
    common = {
        key: entry for key, entry in first.items() if all(o.get(key) == entry for o in others)
    }
    notes = dict.fromkeys(note for e in estimates for note in e.about.get("notes", ()))
    unstated = SMALLEST_COUNT_IF_UNSTATED
    smallest = max(estimate.about.get("smallest_count", unstated) for estimate in estimates)
    about = {**common, "notes": tuple(notes), "smallest_count": smallest}
    releases = dict.fromkeys(r for e in estimates for r in e.about.get(_RELEASES, ()))
    if any(estimate.about.get(STEPS_ONLY) for estimate in estimates):
        about[STEPS_ONLY] = True
    if releases:
        about[_RELEASES] = tuple(releases)
    return Estimate(pd.concat([estimate.frame for estimate in estimates]), about)


def _typed(frame: pd.DataFrame, name: str) -> Any:
    """Return a column in its fixed type; what is absent is missing, of words empty."""
    column = frame[name] if name in frame else pd.Series(np.nan, frame.index, dtype="float64")
    if name in _COUNTS:
        return column.astype("Int64").array
    if name not in _TEXT:
        return column.to_numpy(dtype="float64", na_value=np.nan)
    words = column.to_numpy(dtype=object)
    is_missing = pd.isna(words)
    return np.where(is_missing, "", words) if is_missing.any() else words


def _read_curve(curve: pd.DataFrame, days: np.ndarray) -> pd.DataFrame:
    """Read one step curve (rows in order of ``at_days``) at the given days."""
    grid = curve["at_days"].to_numpy()
    last_change = np.searchsorted(grid, days, side="right") - 1
    next_grid_day = np.searchsorted(grid, days, side="left")
    read = curve.iloc[np.maximum(last_change, 0)].reset_index(drop=True)
    read["at_days"] = days
    at_risk = curve["patients"].to_numpy(dtype="float64", na_value=np.nan)
    at_risk = np.append(at_risk, 0.0)[next_grid_day]
    read["patients"] = at_risk
    # Those at risk on the day asked for have all been observed since the last day of the curve.
    since_days = np.clip(days - grid[np.maximum(last_change, 0)], 0, None)
    read["patient_years"] += np.nan_to_num(at_risk) * since_days / DAYS_PER_YEAR
    _widen_first_step(read, curve, days)
    unseen = (days > grid[-1]) | (last_change < 0)
    read.loc[unseen, ["value", "lower", "upper", "std_error"]] = np.nan
    return read


def _widen_first_step(read: pd.DataFrame, curve: pd.DataFrame, days: np.ndarray) -> None:
    """Give days after day 0 and before the next of a curve the limits of that next day.

    On day 0 nothing can have happened, and its limits have no width; they do not hold any longer.
    Nobody has left by then, so that those of the next day are the right ones; if something
    happens on it there are none.
    """
    grid = curve["at_days"].to_numpy()
    if len(grid) < 2 or grid[0] != 0:
        return
    limits = ["lower", "upper"]
    is_between = (days > 0) & (days < grid[1]) & (read["lower"] == read["upper"]).to_numpy()
    is_free = bool(curve["value"].iloc[1] == curve["value"].iloc[0])
    read.loc[is_between, limits] = curve[limits].iloc[1].to_numpy() if is_free else np.nan
