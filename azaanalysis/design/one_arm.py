"""One arm of a study, by name: which it is, and its rows."""

from __future__ import annotations

from dataclasses import replace

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError
from azaanalysis.study import Study
from azaanalysis.wording import nearest


def arm_named(study: Study, arm: str) -> str:
    """Return the arm of that name, the reference if none is given; refuse one that is none."""
    arm, arms = arm or study.comparison.reference, study.comparison.arms
    if arm not in arms:
        raise DesignError(f"'{arm}' is no arm of the study; {nearest(arm, list(arms))}")
    return arm


def only_arm(followed: FollowUp, arm: str) -> FollowUp:
    """Keep the rows of one arm."""
    is_arm = followed.frame["arm"] == arm
    return replace(followed, frame=followed.frame[is_arm].reset_index(drop=True))
