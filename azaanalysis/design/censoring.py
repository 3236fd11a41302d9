"""Weights for those who are censored because they depart from the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import CONTINUES, FollowUp
from azaanalysis.design.leaving import Departures, Leaving, prepare_leaving
from azaanalysis.design.periods import Pieces, cut_follow_up
from azaanalysis.design.weighting import KEPT, Weighting, compose, spread_weighting
from azaanalysis.vocab import count_of

Array = np.ndarray


def weigh_departures(
    follow_up: FollowUp,
    departures: Departures,
    *,
    counted: tuple[Array, Array] | None = None,
) -> FollowUp:
    """Weigh those who keep to the protocol to stand for those who do not.

    In each arm and period the chance of staying is fitted by a pooled logistic model on
    person-periods, from baseline and from what is known at the start of the period. A row is cut
    into periods; each piece is weighted by one over the chance of having stayed until then.

    Parameters
    ----------
    follow_up
        Rows that end at the departure, if there was one. Weights it has already are multiplied.
    departures
        Who departed, and why one might.
    counted
        Row and day (since time zero) of each event, if all events count; else those of
        ``n_events`` stay with the end of the row.

    Returns
    -------
    FollowUp
        Several rows per patient, with ``entry_days``, ``exit_days`` and ``weight``. ``weighting``
        can be fitted again for a bootstrap.

    Notes
    -----
    Within a period the weight is that of the mean moment at which it is needed: if those who
    depart do so at the end of a period, the weight of its beginning; if at its beginning, that
    of its end; in between, in proportion. Sources: Robins and Finkelstein (2000), Biometrics
    56:779-788; Hernán, Brumback and Robins (2000), Epidemiology 11:561-570. The assumption most
    likely to fail: nothing else that predicts the outcome decides about departing.
    """
    frame = follow_up.frame
    entry, leave = (frame[c].to_numpy("float64") for c in ("entry_days", "exit_days"))
    pieces = cut_follow_up(entry, leave, departures.cuts)
    model = prepare_leaving(follow_up, pieces, departures)
    merged = _Merged.of(pieces, model)
    weight = model.weights()[merged.first]
    rows = _cut_rows(follow_up, pieces, merged, _places(pieces, merged, departures.cuts, counted))
    weighting = _weighting(departures, model, merged, weight)
    row = pieces.row[merged.first]
    if follow_up.weighting is not None:
        is_first = np.append(True, row[1:] != row[:-1])
        before = spread_weighting(follow_up.weighting, row, is_first)
        old = frame["weight"].to_numpy()[row]
        weighting = compose(before, weighting, first_weight=old, second_weight=weight)
    rows["weight"] *= weight
    notes = (*follow_up.about.get("notes", ()), *weighting.notes)
    about = {**follow_up.about, "weighting": weighting.method, "notes": notes}
    return replace(follow_up, frame=rows, weighting=weighting, about=about)


@dataclass(frozen=True, eq=False)
class _Merged:
    """Neighbouring pieces whose weight must be the same, put together again.

    ``first`` and ``last`` are the first and last piece of each, ``group`` says for each piece
    where it went.
    """

    first: Array
    last: Array
    group: Array

    @classmethod
    def of(cls, pieces: Pieces, model: Leaving) -> _Merged:
        """Merge where neither the period before nor the one after can change the weight."""
        follows = np.append(False, pieces.row[1:] == pieces.row[:-1])
        changes = np.append(True, model.changes_after[:-1] | model.changes_before[1:])
        is_first = ~follows | changes
        group = np.cumsum(is_first) - 1
        first = np.flatnonzero(is_first)
        return cls(first, np.append(first[1:], len(pieces)) - 1, group)


def _places(
    pieces: Pieces, merged: _Merged, cuts: Array, counted: tuple[Array, Array] | None
) -> Array | None:
    """Return for each counted event the merged piece it falls into."""
    if counted is None:
        return None
    places: Array = merged.group[pieces.containing(*counted, cuts)]
    return places


def _cut_rows(
    follow_up: FollowUp, pieces: Pieces, merged: _Merged, places: Array | None
) -> pd.DataFrame:
    """Return the rows of a follow-up in pieces; what ends a row stays with its last piece."""
    rows: pd.DataFrame = follow_up.frame.iloc[pieces.row[merged.first]].reset_index(drop=True)
    ends = pieces.is_last[merged.last]
    rows["entry_days"], rows["exit_days"] = pieces.entry[merged.first], pieces.exit[merged.last]
    rows["status"] = np.where(ends, rows["status"], 0)
    if places is None:
        rows["n_events"] = np.where(ends, rows["n_events"], 0)
    else:
        rows["n_events"] = np.bincount(places, minlength=len(rows))
    rows["last_absent_days"] = np.where(ends, rows["last_absent_days"], rows["exit_days"])
    reasons = rows["end_reason"].cat.add_categories([CONTINUES])
    rows["end_reason"] = reasons.where(ends, CONTINUES)
    return rows


def _weighting(departures: Departures, model: Leaving, merged: _Merged, weight: Array) -> Weighting:
    def reweigh(times: Array) -> Array:
        again = model.weights(np.asarray(times, dtype="float64")[merged.group])
        of_rows: Array = again[merged.first]
        return of_rows

    return Weighting(
        target=KEPT,
        method=_method(departures),
        covariates=departures.covariates,
        reweigh=reweigh,
        notes=(
            f"Censoring weights have mean {weight.mean():.2f} and go from {weight.min():.2f} to "
            f"{weight.max():.2f}.",
        ),
    )


def _method(departures: Departures) -> str:
    kind = "stabilised " if departures.is_stabilised else ""
    names = [*departures.covariates, *(one.name for one in departures.changing)]
    known = count_of(len(names), "covariate")
    over_time = f", {len(departures.changing)} of them over time" if departures.changing else ""
    return (
        f"{kind}inverse-probability-of-censoring weights from pooled logistic models by arm "
        f"({known}{over_time})"
    )


def period_cuts(last_day: float, period_days: float, *, also: Sequence[float] = ()) -> Array:
    """Return the days at which periods end, every so many days, and at some days more."""
    regular = np.arange(period_days, max(last_day, period_days), period_days, dtype="float64")
    cuts: Array = np.union1d(regular, [day for day in also if day > 0])
    return cuts
