"""The arms compared within groups of patients, and whether the groups differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.design.beside import Beside
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.subgroups import EVERYBODY, Subgroup
from azaanalysis.errors import AzaError, EstimationError
from azaanalysis.estimate.contrasts import estimate_risk_difference, estimate_risk_ratio
from azaanalysis.estimate.interaction import Compared, adjust_holm, compare_groups
from azaanalysis.estimate.refusals import refuse_level, sound_days
from azaanalysis.estimate.tally import tally
from azaanalysis.estimate.variance import STACKED_FROM_EFFECTIVE_SIZE, Variance
from azaanalysis.result import ASKED, Estimate, stack
from azaanalysis.vocab import in_words

_SCALES: dict[str, tuple[Callable[..., Estimate], str, str]] = {
    "risk_difference": (
        estimate_risk_difference,
        "difference_of_differences",
        "difference_interaction_p",
    ),
    "risk_ratio": (estimate_risk_ratio, "ratio_of_ratios", "ratio_interaction_p"),
}
_NUMBERS = ["value", "lower", "upper", "std_error"]


def estimate_subgroups(
    subgroups: Sequence[Subgroup], *, at_day: float, level: float = 0.95
) -> Estimate:
    """Estimate risk differences and ratios within groups, and test whether the groups differ.

    Nothing is shrunk towards the whole: each group stands with what its own patients say, and
    with an interval as wide as they are few.

    Parameters
    ----------
    subgroups
        What ``follow_subgroups`` returns.
    at_day
        Day since time zero.
    level
        Coverage of each interval, between 0 and 1.

    Returns
    -------
    Estimate
        For each group, and each arm but the reference, one row ``risk_difference`` and one
        ``risk_ratio`` of the endpoint; ``endpoint`` holds trait and level (``tpmt: normal``). Then,
        for each trait and arm, ``difference_of_differences`` and ``ratio_of_ratios`` of each level
        against the first, and the p values of the test that all levels are alike, on both scales;
        that on the scale of differences also after Holm's adjustment for all traits and arms.
        A comparison with less than 25 patients in effect in one of its two arms, or blocked by the
        gate, has no numbers; ``about["refused"]`` holds endpoint, arm and reason.

    Raises
    ------
    EstimationError
        If there is no group, ``level`` is not a proportion, or the day is negative.

    Notes
    -----
    Groups share no patient and each has weights of its own, so their estimates are independent and
    the covariance of the Wald test is diagonal: sum (x - mean)^2 / v, chi-square with one degree
    less than levels (Cochran (1954), Biometrics 10:101-129). v is the square of the standard
    error that the limits imply, robust or with the estimation of weights in it, so that the
    small-sample reach of the limits is in the test. Whether groups differ depends on the scale: a
    ratio that is the same everywhere is a difference that is not (VanderWeele and Knol (2014),
    Epidemiol Methods 3:33-72). Holm (1979), Scand J Stat 6:65-70.
    """
    refuse_level(level)
    sound_days([at_day])
    if not subgroups:
        raise EstimationError("There is no subgroup; give what follow_subgroups() returns.")
    groups = [_Group.of(one, at_day, level) for one in subgroups]
    frame = pd.concat([group.frame for group in groups], ignore_index=True)
    refused = [(group.name, arm, reason) for group in groups for arm, reason in group.refused]
    tests = pd.DataFrame(list(_tests(groups, level)))
    about = _about(groups, level) | {"refused": tuple(refused), "at_day": at_day}
    about["groups"] = tuple((g.name, g.subgroup.trait, g.subgroup.level) for g in groups)
    frame = _without_small_totals(pd.concat([frame, adjust_holm(tests)]), groups)
    return _without_told_levels(Estimate(frame, about), groups, at_day)


@dataclass(frozen=True, eq=False)
class _Group:
    """One group with its comparisons, and why some are not made."""

    subgroup: Subgroup
    frame: pd.DataFrame
    refused: tuple[tuple[str, str], ...]
    about: dict[str, Any]

    @property
    def name(self) -> str:
        """Trait and level, as they stand in ``endpoint``."""
        return ": ".join(filter(None, (self.subgroup.trait, self.subgroup.level)))

    @classmethod
    def of(cls, subgroup: Subgroup, at_day: float, level: float) -> _Group:
        """Compare the arms within one group on one day."""
        follow_up = subgroup.follow_up
        empty = pd.DataFrame()
        if follow_up is None:
            return cls(subgroup, empty, (("", subgroup.refusal),), {})
        try:
            made = [
                _on_scale(estimator, follow_up, at_day, level) for estimator, *_ in _SCALES.values()
            ]
        except AzaError as refused:
            return cls(subgroup, empty, (("", str(refused)),), {})
        name = ": ".join(filter(None, (subgroup.trait, subgroup.level)))
        both = stack(*made).named(name)
        reasons = dict(_reasons(follow_up))
        both.frame.loc[both.frame["arm"].isin(list(reasons)), _NUMBERS] = np.nan
        about = {**made[0].about, "releases": both.about.get("releases", ())}
        about[ASKED] = both.about[ASKED]
        return cls(subgroup, both.frame, tuple(reasons.items()), about)


def _on_scale(
    estimator: Callable[..., Estimate], follow_up: FollowUp, at_day: float, level: float
) -> Estimate:
    # Groups too small for a stacked interval are not shown, so no bootstrap is needed for them.
    table = tally(follow_up)
    variance: Variance = "stacked" if table.stacking is not None else "auto"
    made = estimator(follow_up, at_days=[at_day], level=level, variance=variance)
    return made.only(cause=follow_up.own_causes)


def _reasons(follow_up: FollowUp) -> Iterator[tuple[str, str]]:
    """Say of each arm why it is not compared with the reference in this group."""
    sizes = tally(follow_up).effective_sizes()
    blocked = {arm: reason for arm, _, reason in follow_up.about.get("blocked", ())}
    for arm in (arm for arm in follow_up.arms if arm != follow_up.reference):
        least = min((arm, follow_up.reference), key=lambda name: sizes[name])
        if sizes[least] < STACKED_FROM_EFFECTIVE_SIZE:
            yield (
                arm,
                f"{in_words(least)} has fewer than {STACKED_FROM_EFFECTIVE_SIZE} patients in "
                "effect here",
            )
        elif arm in blocked:
            yield arm, f"the arms are not alike enough: {blocked[arm]}"


def _tests(groups: Sequence[_Group], level: float) -> Iterator[dict[str, Any]]:
    """Yield the contrasts and tests of each trait, arm by arm."""
    traits = dict.fromkeys(g.subgroup.trait for g in groups if g.subgroup.trait != EVERYBODY)
    for trait in traits:
        tested = [g for g in groups if g.subgroup.trait == trait and g.subgroup.is_tested]
        shown = [group for group in tested if len(group.frame)]
        arms = dict.fromkeys(arm for group in shown for arm in group.frame["arm"])
        for arm in arms:
            for quantity, (_, contrast, test) in _SCALES.items():
                compared = [_compared(group, arm, quantity) for group in shown]
                yield from compare_groups(trait, compared, (contrast, test), level)


def _compared(group: _Group, arm: str, quantity: str) -> Compared:
    frame = group.frame
    row = frame[(frame["arm"] == arm) & (frame["quantity"] == quantity)].iloc[0]
    return Compared(group.subgroup.level, row.to_dict(), is_log=quantity == "risk_ratio")


def _about(groups: Sequence[_Group], level: float) -> dict[str, Any]:
    """Return what holds of all groups; notes that speak of one only are left out."""
    whole = groups[0]
    how = "observed" if whole.about.get("weighting_settings") is None else "weighted"
    dropped = ("blocked", "notes", "weighting")
    about = {key: entry for key, entry in whole.about.items() if key not in dropped}
    notes = dict.fromkeys(note for group in groups for note in group.subgroup.notes)
    return {
        **about,
        "releases": tuple(r for group in groups for r in group.about.get("releases", ())),
        "level": level,
        "method": f"differences and ratios of Aalen-Johansen risks, {how} within each group",
        "notes": tuple(notes),
    }


def _without_small_totals(frame: pd.DataFrame, groups: Sequence[_Group]) -> pd.DataFrame:
    """Leave out the counts of a trait if an arm of one of its levels is too small to be shown.

    The counts of the other levels and of everybody would give it away.
    """
    made = frame.reset_index(drop=True).copy()
    smallest = groups[0].subgroup.smallest_count
    for group in groups:
        if any(0 < n < smallest for n in group.subgroup.counts):
            named = made["endpoint"].str.startswith(f"{group.subgroup.trait}: ")
            made.loc[named, ["patients", "events", "patient_years"]] = np.nan
    return made


def _without_told_levels(made: Estimate, groups: Sequence[_Group], at_day: float) -> Estimate:
    """Leave out the counts of levels that, beside everybody, tell of a few."""
    beside = Beside([at_day])
    traits: dict[str, list[str]] = {}
    for group in groups:
        if group.subgroup.follow_up is not None:
            beside.add(group.name, group.subgroup.follow_up)
        if group.subgroup.trait != EVERYBODY:
            traits.setdefault(group.subgroup.trait, []).append(group.name)
    return beside.leave_out_levels(made, whole=EVERYBODY, traits=traits)
