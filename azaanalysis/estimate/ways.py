"""One question asked in several ways, the answers one under the other; refusals stay in sight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from azaanalysis.cohort import Cohort
from azaanalysis.design.beside import Beside
from azaanalysis.design.follow import follow
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.together import follow_together
from azaanalysis.design.ways import Way
from azaanalysis.design.weigh import weigh
from azaanalysis.errors import AzaError, EstimationError
from azaanalysis.estimate.contrasts import estimate_risk_difference
from azaanalysis.estimate.refusals import refuse_level, sound_days
from azaanalysis.estimate.tally import tally
from azaanalysis.estimate.variance import Variance
from azaanalysis.result import Estimate, stack

Progress = Callable[[int, int], None]
INTERRUPTED = "it was interrupted before this one"
_NUMBERS = ["value", "lower", "upper", "std_error"]


def estimate_ways(
    cohort: Cohort,
    ways: Sequence[Way],
    *,
    endpoint: str,
    at_days: Sequence[float] | None = None,
    level: float = 0.95,
    progress: Progress | None = None,
) -> Estimate:
    """Estimate the risk difference of an endpoint in each of several ways of asking.

    Parameters
    ----------
    cohort
        Checked tables.
    ways
        What ``list_estimands`` or ``list_specifications`` returns.
    endpoint
        Name of the endpoint; several causes of its own count as one.
    at_days
        Days since time zero; those beyond the horizon of the endpoint are left out. If None, the
        last two days that the study shows.
    level
        Coverage of each interval, between 0 and 1.
    progress
        Called after each way with how many are done and how many there are. An interruption (from
        the keyboard) ends the work; what was done is kept, and the rest is refused as such.

    Returns
    -------
    Estimate
        For each way, arm but the reference, and day one row ``risk_difference``; ``endpoint`` holds
        the way. ``about["refused"]`` holds way, arm (empty for all) and reason of each answer
        that cannot be given: a design that the data do not carry, or arms that the gate blocks.
        ``about["ways"]`` holds label, topic, name and choices of all.

    Raises
    ------
    EstimationError
        If there is no way, every way is refused, the level is no proportion or a day is negative.

    Notes
    -----
    Ways are no independent confirmations: all use the same patients, and intervals know nothing of
    the choice between them. Source: Simonsohn, Simmons and Nelson (2020), Nat Hum Behav
    4:1208-1214 (specification curve).
    """
    refuse_level(level)
    if not ways:
        raise EstimationError("There is no way to ask. Give list_estimands() or others.")
    at_days = ways[0].study.show.at_days[-2:] if at_days is None else at_days
    sound_days(at_days)
    made = _Made(cohort, endpoint, tuple(at_days), level, Beside(at_days))
    for done, way in enumerate(ways, 1):
        try:
            made.ask(way)
            if progress is not None:
                progress(done, len(ways))
        except KeyboardInterrupt:
            made.refuse_the_rest(ways)
            break
    if not made.parts:
        raise EstimationError(f"No way could be answered. The first: {made.refused[0][2]}")
    stacked = stack(*made.parts)
    return made.beside.leave_out(Estimate(stacked.frame, _about(made, stacked, ways)))


@dataclass(eq=False)
class _Made:
    """What has been answered so far, and what has been refused."""

    cohort: Cohort
    endpoint: str
    at_days: tuple[float, ...]
    level: float
    beside: Beside
    parts: list[Estimate] = field(default_factory=list)
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    _followed: tuple[str, FollowUp] | None = None

    def ask(self, way: Way) -> None:
        """Answer one way, or note why it cannot be."""
        try:
            asked = self._weigh(way)
            days = [day for day in self.at_days if day <= way.study.horizon_of(self.endpoint)]
            table = tally(asked)
            variance: Variance = "stacked" if table.stacking is not None else "auto"
            found = estimate_risk_difference(
                asked, at_days=days, level=self.level, variance=variance
            ).only(cause=asked.own_causes)
        except AzaError as refusal:
            self.refused.append((way.label, "", str(refusal)))
            return
        part = found.named(way.label)
        for arm, _, reason in asked.about.get("blocked", ()):
            part.frame.loc[part.frame["arm"] == arm, _NUMBERS] = np.nan
            self.refused.append((way.label, arm, f"the arms are not alike enough: {reason}"))
        self.beside.add(way.label, asked)
        self.parts.append(part)

    def refuse_the_rest(self, ways: Sequence[Way]) -> None:
        """Note which ways an interruption left open."""
        done = {str(name) for part in self.parts for name in part.frame["endpoint"]}
        done |= {label for label, *_ in self.refused}
        self.refused += [(way.label, "", INTERRUPTED) for way in ways if way.label not in done]

    def _weigh(self, way: Way) -> FollowUp:
        followed, settings = self._follow(way), way.study.weighting
        return weigh(followed) if settings is None else weigh(followed, settings=settings)

    def _follow(self, way: Way) -> FollowUp:
        """Follow the patients; once for all ways that differ in their weights only."""
        key = way.study.model_dump_json(exclude={"weighting"})
        if self._followed is None or self._followed[0] != key:
            followed = follow_together(follow(self.cohort, way.study, endpoint=self.endpoint))
            self._followed = (key, followed)
        return self._followed[1]


def _about(made: _Made, stacked: Estimate, ways: Sequence[Way]) -> dict[str, Any]:
    dropped = ("blocked", "notes", "weighting")
    about = {key: entry for key, entry in made.parts[0].about.items() if key not in dropped}
    groups = [(way.label, way.topic, way.name) for way in ways]
    return {
        **about,
        "releases": stacked.about.get("releases", ()),
        "groups": tuple(groups),
        "ways": tuple((way.label, way.choices) for way in ways),
        "refused": tuple(made.refused),
        "at_day": stacked.frame["at_days"].max(),
        "method": "difference of Aalen-Johansen risks, asked in several ways",
        "notes": (),
    }
