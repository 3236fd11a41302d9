"""What several follow-ups of the same patients would tell beside one another.

Each alone shows no small count (``design/release.py``). But everybody less the women are the men,
and a longer gap less a shorter one are the few whose treatment it lengthens. Whoever puts such
follow-ups into one estimate asks here what has to be left out of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from azaanalysis.design.follow_up import CONTINUES, FollowUp
from azaanalysis.result import SMALLEST_COUNT_IF_UNSTATED, Estimate

# Counts of one follow-up by arm, what is counted, and day.
Counts = Mapping[tuple[str, str, float], int]
_COUNTED = ["patients", "events", "patient_years"]
_NUMBERS = ["value", "lower", "upper", "std_error"]


@dataclass
class Beside:
    """Follow-ups whose results stand in one estimate, each under a name in ``endpoint``.

    Parameters
    ----------
    days
        Days since time zero on which their events are shown.
    """

    days: Sequence[float]
    smallest_count: int = 1
    counts: dict[str, Counts] = field(default_factory=dict)
    unweighted: set[str] = field(default_factory=set)

    def add(self, name: str, follow_up: FollowUp) -> None:
        """Take one follow-up in."""
        k = int(follow_up.about.get("smallest_count", SMALLEST_COUNT_IF_UNSTATED))
        self.smallest_count = max(self.smallest_count, k)
        if k > 1:
            self.counts[name] = count_on_days(follow_up, self.days)
        if not follow_up.is_weighted:
            self.unweighted.add(name)

    def leave_out(self, estimate: Estimate) -> Estimate:
        """Leave out what, beside a follow-up that was taken in before, tells of a few."""
        return self._without(estimate, find_few_apart(self.counts, self.smallest_count))

    def leave_out_levels(
        self, estimate: Estimate, *, whole: str, traits: Mapping[str, Sequence[str]]
    ) -> Estimate:
        """Leave out the levels of each trait that, beside everybody, tell of a few.

        Parameters
        ----------
        estimate
            Rows of everybody and of the levels.
        whole
            The name of everybody.
        traits
            The names of the levels that share no patient, by trait; their comparisons are named
            by the trait as well.
        """
        told: dict[str, set[str]] = {}
        for trait, names in traits.items():
            levels = [self.counts[name] for name in names if name in self.counts]
            arms = find_told_levels(self.counts.get(whole, {}), levels, self.smallest_count)
            rows = [e for e in estimate.frame["endpoint"].unique() if _is_about(e, trait)]
            told |= dict.fromkeys(rows, arms)
            if self.unweighted.intersection(names):
                self.unweighted.update(rows)
        return self._without(estimate, told)

    def _without(self, estimate: Estimate, told: Mapping[str, set[str]]) -> Estimate:
        """Blank counts; of unweighted follow-ups the values too.

        An unweighted share is a count over a count and gives both away; a weighted one is a sum of
        weights that only the data hold.
        """
        made = estimate.frame.reset_index(drop=True).copy()
        for name, arms in told.items():
            rows = made["endpoint"] == name
            rows &= made["arm"].isin(arms) | made["versus"].isin(arms)
            made.loc[rows, _COUNTED] = np.nan
            if name in self.unweighted:
                made.loc[rows, _NUMBERS] = np.nan
        return Estimate(made, estimate.about)


def _is_about(name: str, trait: str) -> bool:
    return name == trait or name.startswith(f"{trait}: ")


def count_on_days(follow_up: FollowUp, days: Sequence[float]) -> Counts:
    """Count the patients of each arm, and those who had left for each cause by some days."""
    frame = follow_up.frame
    last = frame[(frame["end_reason"] != CONTINUES).to_numpy()]
    names = ("censored", *follow_up.causes)
    found: dict[tuple[str, str, float], int] = {}
    for arm in follow_up.arms:
        own = last[(last["arm"] == arm).to_numpy()]
        found[arm, "patients", np.inf] = own["patient_id"].nunique()
        for day in days:
            has_left = (own["exit_days"] <= day).to_numpy()
            by_cause = np.bincount(own["status"].to_numpy()[has_left], minlength=len(names))
            found |= {(arm, n, day): int(c) for n, c in zip(names, by_cause, strict=True)}
    return found


def find_few_apart(counts: Mapping[str, Counts], smallest_count: int) -> dict[str, set[str]]:
    """Find the arms of follow-ups that differ by a few from those before them.

    Parameters
    ----------
    counts
        What ``count_on_days`` found, by the name of the follow-up; the first is always shown.
    smallest_count
        Smallest count that may be shown.

    Returns
    -------
    dict
        For each name the arms of which nothing may be counted.
    """
    told: dict[str, set[str]] = {name: set() for name in counts}
    before: list[str] = []
    for name, own in counts.items():
        for other in before:
            told[name] |= {
                arm
                for arm in _few_apart(own, counts[other], smallest_count)
                if arm not in told[other]
            }
        before.append(name)
    return told


def _few_apart(own: Counts, other: Counts, smallest_count: int) -> Iterator[str]:
    for key in own.keys() & other.keys():
        if 1 <= abs(own[key] - other[key]) < smallest_count:
            yield key[0]


def find_told_levels(whole: Counts, levels: Sequence[Counts], smallest_count: int) -> set[str]:
    """Find the arms in which the counts of levels, with those of everybody, tell of a few.

    Levels share no patient. Those of ``whole`` who are in none of them are one more level: of
    them nothing is shown, but they are what everybody is more than the rest.
    """
    told = set()
    for key in {key for own in levels for key in own}:
        cells = [own.get(key, 0) for own in levels]
        numbers = np.array([*cells, max(whole.get(key, 0) - sum(cells), 0)], dtype="float64")
        if ((numbers >= 1) & (numbers < smallest_count)).any():
            told.add(key[0])
    return told
