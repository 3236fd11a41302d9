"""Everything that the checks of a design look at, worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.days import NEVER, days_of
from azaanalysis.design.eligibility import Candidates, prior_biologics
from azaanalysis.design.entrants import Entrants
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.starts import components_of, drugs_of
from azaanalysis.study import Study

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Scene:
    """A cohort, a study, who enters, and the follow-up of each endpoint that can be followed."""

    cohort: Cohort
    study: Study
    entrants: Entrants
    follow_ups: dict[str, FollowUp]

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms, in the order of the study."""
        return tuple(self.study.comparison.arms)

    @cached_property
    def arm(self) -> Array:
        """Arm of each start, as its place in the order of the study."""
        return self.entrants.starts["arm"].cat.codes.to_numpy()

    @cached_property
    def sizes(self) -> Array:
        """Number of starts of each arm."""
        return np.bincount(self.arm, minlength=len(self.arms))

    @cached_property
    def big(self) -> list[int]:
        """Arms with enough starts to speak of shares."""
        return [code for code, size in enumerate(self.sizes) if size >= ENOUGH]

    def share(self, holds: Array) -> Array:
        """Return the share of each arm in which something holds."""
        n = np.bincount(self.arm, holds.astype("float64"), minlength=len(self.arms))
        out: Array = np.divide(n, self.sizes, out=np.zeros(len(self.arms)), where=self.sizes > 0)
        return out

    @cached_property
    def courses(self) -> pd.DataFrame:
        """Courses of the study drugs: position, drug, start, stop; by patient, drug and time."""
        classes = self.cohort.drug_classes
        parts = components_of(self.study.comparison)
        drugs = {drug for part in parts for drug in drugs_of(part, classes)}
        courses = self.cohort.courses
        wanted = courses["drug"].isin(drugs).to_numpy()
        made = pd.DataFrame(
            {
                "position": self.cohort.positions("courses")[wanted],
                "drug": courses["drug"].cat.codes.to_numpy()[wanted],
                "start": days_of(courses["start_date"])[wanted],
                "stop": days_of(courses["stop_date"])[wanted],
            }
        )
        return made.sort_values(["position", "drug", "start"], ignore_index=True)

    @cached_property
    def gaps(self) -> Array:
        """Days without supply between each course and the next of the same drug; -1 if none."""
        courses = self.courses
        same = courses[["position", "drug"]].diff().eq(0).all(axis=1).to_numpy()[1:]
        gap = courses["start"].to_numpy()[1:] - courses["stop"].to_numpy()[:-1] - 1
        return np.append(np.where(same, np.maximum(gap, 0), -1), -1)[: len(courses)]

    @cached_property
    def are_dispensings(self) -> bool:
        """Whether courses are single supplies, most of them followed by a refill.

        In other data a course is a spell of years; supplies and refills cannot be seen there.
        """
        refilled = (self.gaps >= 0) & (self.gaps <= REFILL_WITHIN)
        return len(self.gaps) >= ENOUGH and bool(refilled.mean() >= 0.5)

    @cached_property
    def earlier_biologics(self) -> Array:
        """Biologics and JAK inhibitors of each start before time zero; missing if not known."""
        found = Candidates(self.cohort, self.entrants.starts)
        return prior_biologics(found).to_numpy("float64", na_value=np.nan)

    @cached_property
    def potential_days(self) -> Array:
        """Days from time zero to the end of observation of each start."""
        first_day = self.study.comparison.first_day
        days: Array = self.entrants.observed_to - self.entrants.index_day + first_day
        return days

    @cached_property
    def has_stopped(self) -> Array:
        """Whether the treatment of each start was seen to end."""
        stopped: Array = self.entrants.treatment.stop_day < NEVER
        return stopped


# Fewer than this say nothing about a share.
ENOUGH = 20
# A supply that follows within half a year of the last is a refill, not another treatment.
REFILL_WITHIN = 180
