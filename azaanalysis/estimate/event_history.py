"""Repeated events of one arm on the grid of its days, and what each row does to their mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError
from azaanalysis.estimate.grid import ratio
from azaanalysis.estimate.refusals import needs_rows
from azaanalysis.vocab import in_words

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class EventHistory:
    """The rows of one arm: intervals at risk, each with what happened at its end.

    A patient is at risk after the day of entry up to and on the day of exit; from the beginning
    if entry is day 0.

    Parameters
    ----------
    rows
        Positions of the rows in the frame of the follow-up.
    days
        Distinct days on which something happened or somebody came or left, from day 0.
    first, last
        For each row the position of its first and last day at risk.
    events
        How many events happened on the last day.
    is_terminal
        Whether something that ends the history for good (death) happened on the last day.
    weight
        Weight of each row.
    """

    rows: Array
    days: Array
    first: Array
    last: Array
    events: Array
    is_terminal: Array
    weight: Array

    @classmethod
    def of(cls, follow_up: FollowUp, arm: str) -> EventHistory:
        """Take the rows of one arm.

        Raises
        ------
        DesignError
            If the arm has nobody in it, or only patients of weight zero.
        """
        frame = follow_up.frame
        rows = np.flatnonzero((frame["arm"] == arm).to_numpy())
        weight = frame["weight"].to_numpy(dtype=float)[rows]
        if not weight.sum() > 0:
            raise DesignError(
                f"The arm '{arm}' has nobody in it, so there is nothing to estimate. The attrition "
                "table shows where its patients left; or take the arm out of the study file."
            )
        entry, leave = (
            frame[column].to_numpy(dtype=float)[rows] for column in ("entry_days", "exit_days")
        )
        days = np.unique(np.concatenate([[0.0], entry, leave]))
        status = frame["status"].to_numpy()[rows]
        is_later = _is_later(frame.iloc[rows])
        return cls(
            rows=rows,
            days=days,
            first=np.where((entry == 0) & ~is_later, 0, np.searchsorted(days, entry) + 1),
            last=np.searchsorted(days, leave),
            events=frame["n_events"].to_numpy(dtype=float)[rows],
            is_terminal=status > follow_up.n_own,
            weight=weight,
        )

    def on_last_day(self, values: Array) -> Array:
        """Sum values of the rows over each day of exit."""
        sums: Array = np.bincount(self.last, values, minlength=len(self.days))
        return sums

    def at_risk(self, values: Array) -> Array:
        """Sum values over the rows at risk on each day."""
        size = len(self.days) + 1
        leaving: Array = np.bincount(self.last + 1, values, minlength=size)
        entering: Array = np.bincount(self.first, values, minlength=size)
        # Counted from the end, so that where all leave exactly nothing is left over.
        later: Array = np.cumsum((leaving - entering)[::-1])[::-1]
        return later[1:]

    def mean_count(self) -> MeanCount:
        """Return the mean count of events by each day."""
        at_risk = self.at_risk(self.weight)
        rate = ratio(self.on_last_day(self.weight * self.events), at_risk)
        hazard = ratio(self.on_last_day(self.weight * self.is_terminal), at_risk)
        before = np.append(1.0, np.cumprod(1 - hazard)[:-1])
        inverse = ratio(np.ones_like(at_risk), at_risk)
        mean = np.cumsum(before * rate)
        return MeanCount(
            history=self,
            mean=mean,
            gain=before * inverse,
            loss=inverse,
            gained=np.cumsum(before * inverse * rate),
            lost=np.cumsum(inverse * hazard),
            lost_mean=np.cumsum(mean * inverse * hazard),
        )


@dataclass(frozen=True, eq=False)
class MeanCount:
    """The mean number of events per patient by each day, with what its influences are made of.

    With Y the weight at risk, dR = dN/Y the rate of events among the living, dL = dD/Y the hazard
    of the terminal event and S its survival, the mean is mu(t) = sum S(u-) dR(u), and one unit of
    weight in a row does ::

        phi(t) = sum S(u-)/Y(u) [dN - dR] - mu(t) sum 1/Y(u) [dD - dL] + sum mu(u)/Y(u) [dD - dL]

    with sums over days u up to t, and dR and dL only on days at risk.
    """

    history: EventHistory
    mean: Array
    gain: Array
    loss: Array
    gained: Array
    lost: Array
    lost_mean: Array

    def influence(self, at: Array) -> Array:
        """Return what one unit of weight in each row does to the mean at positions on the grid.

        Shape (rows of the arm, positions).
        """
        history = self.history
        first, last = history.first[:, None], history.last[:, None]
        now, has_left = np.minimum(last, at), last <= at
        died = history.is_terminal[:, None] & has_left

        def while_at_risk(summed: Array) -> Array:
            padded = np.append(0.0, summed)
            return np.where(now >= first, padded[now + 1] - padded[first], 0.0)

        own = np.where(has_left, self.gain[last] * history.events[:, None], 0.0)
        own = own - while_at_risk(self.gained)
        loss = np.where(died, self.loss[last], 0.0) - while_at_risk(self.lost)
        weighted = np.where(died, self.mean[last] * self.loss[last], 0.0)
        weighted = weighted - while_at_risk(self.lost_mean)
        influence: Array = own - self.mean[at] * loss + weighted
        return influence

    @property
    def drift(self) -> Array:
        """What a unit of weight at risk has lost of the mean by each day, ends set aside."""
        return np.asarray(self.gained + self.lost_mean)

    def influence_of_all(self, n: int, at: Array) -> Array:
        """Return the same for all n rows of the follow-up; those of other arms do nothing."""
        influence = np.zeros((n, len(at)))
        influence[self.history.rows] = self.influence(at)
        return influence

    def position(self, at_days: Array) -> Array:
        """Return the position on the grid at which a day is read."""
        found: Array = np.searchsorted(self.history.days, at_days, side="right") - 1
        return found


def _is_later(frame: pd.DataFrame) -> Array:
    """Mark rows that are not the first of their patient: they begin after the day of entry."""
    order = np.lexsort([frame["exit_days"], frame["entry_days"]])
    is_later = np.zeros(len(frame), dtype=bool)
    is_later[order] = frame["patient_id"].iloc[order].duplicated().to_numpy()
    return is_later


def check_event_rows(follow_up: FollowUp) -> None:
    """Refuse rows that are not intervals at risk with at most an event at their end.

    Raises
    ------
    DesignError
        If events are counted without their days, intervals of a patient overlap, a patient is in
        two arms, or goes on after the terminal event.
    """
    needs_rows(follow_up)
    frame = follow_up.frame
    is_own = frame["status"].between(1, follow_up.n_own)
    if ((frame["n_events"] > 0) != is_own).any():
        raise DesignError(
            f"In {int(((frame['n_events'] > 0) != is_own).sum()):,} of {len(frame):,} rows events "
            "are counted whose days are not known. Repeated events need one row for each interval "
            "at risk, with status 1 if it ends with an event: follow_recurrent makes them."
        )
    order = np.lexsort([frame["exit_days"], frame["entry_days"], frame["patient_id"]])
    rows = frame.iloc[order]
    same = rows["patient_id"].eq(rows["patient_id"].shift())
    ended = rows["status"].shift().gt(follow_up.n_own)
    faults = {
        "begin before the interval before them ends": same
        & (rows["entry_days"] < rows["exit_days"].shift()),
        f"follow {in_words(follow_up.causes[-1])}, after which nothing can": same & ended,
        "belong to a patient who is in another arm too": same
        & (rows["arm"].cat.codes != rows["arm"].cat.codes.shift()),
    }
    lines = [f"  {int(found.sum()):,} {fault}" for fault, found in faults.items() if found.any()]
    if lines:
        raise DesignError("\n".join([f"Of {len(frame):,} intervals at risk:", *lines]))
