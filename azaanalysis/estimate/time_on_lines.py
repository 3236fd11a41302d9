"""How long each line of treatment lasts, by what was taken."""

from __future__ import annotations

from dataclasses import replace

from azaanalysis.cohort import Cohort
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.line_follow_up import follow_line
from azaanalysis.errors import DesignError
from azaanalysis.estimate.restricted_mean import estimate_restricted_mean
from azaanalysis.result import Estimate, stack
from azaanalysis.study import Study


def estimate_time_on_lines(
    cohort: Cohort,
    study: Study,
    followed: FollowUp,
    *,
    horizon_days: float = 365,
    n_lines: int = 3,
    level: float = 0.95,
) -> Estimate:
    """Estimate the mean time on each line within a horizon, for each treatment.

    Parameters
    ----------
    cohort, study, followed
        As in ``follow_line``, whose other choices are taken as they are.
    horizon_days
        Days since the beginning of the line, up to which its time counts.
    n_lines
        How many lines.
    level
        Coverage of each interval.

    Returns
    -------
    Estimate
        ``restricted_mean_days`` for each line (``endpoint``) and treatment (``arm``): the mean time
        until the line ended, or the patient died, within the horizon. The first line is weighted as
        ``followed`` is, later ones are not. A line that nobody began often enough is left out.

    Raises
    ------
    DesignError, EstimationError
        As ``follow_line`` and ``estimate_restricted_mean``.

    Notes
    -----
    Treatments of a later line were given to different patients for reasons; their times describe
    what happened, and do not compare drugs. Where an arm was not observed until the horizon, the
    line is read until the last day on which all arms were, and a note says so.
    """
    made = []
    for line in range(1, n_lines + 1):
        try:
            of_line = follow_line(cohort, study, followed, line=line)
        except DesignError:
            # The first line is everybody: an error in it is one of the data.
            if line == 1:
                raise
            break
        of_line = replace(of_line, about={**of_line.about, "horizon_days": horizon_days})
        found = estimate_restricted_mean(of_line, level=level).only(quantity="restricted_mean_days")
        made.append(found)
    return _told_together(made)


def _told_together(made: list[Estimate]) -> Estimate:
    """Put lines under each other; say where what the limits contain differs."""
    contents = dict.fromkeys(str(each.about["interval"]) for each in made)
    together = stack(*made)
    about = {"interval": "; later lines: ".join(contents), "cause_heading": "Reason"}
    return together.with_about(**about, endpoint_label="", arm_heading="Treatment")
