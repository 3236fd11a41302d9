"""Per protocol: those who keep to the treatment stand for those who do not."""

from __future__ import annotations

import numpy as np

from azaanalysis.design.censoring import period_cuts, weigh_departures
from azaanalysis.design.changing import measure_changing
from azaanalysis.design.endings import End
from azaanalysis.design.endpoints import Dated
from azaanalysis.design.entrants import Entrants
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.leaving import Departures
from azaanalysis.study import Study


def weigh_per_protocol(
    follow_up: FollowUp, entrants: Entrants, study: Study, end: End, counted: Dated | None
) -> FollowUp:
    """Weigh a follow-up for departures from the protocol, as the study describes them.

    Parameters
    ----------
    follow_up
        One row per start, ending at the departure if there was one.
    entrants, study
        Who is followed, and the question.
    end
        How each follow-up ended.
    counted
        The events, if all of them count; None if the first one ends follow-up.
    """
    settings, first_day = study.endpoint(follow_up.endpoint), study.comparison.first_day
    adherence = study.comparison.adherence
    changing = [
        measure_changing(entrants, name, first_day=first_day) for name in adherence.over_time
    ]
    departures = Departures(
        deviates=end.deviates,
        cuts=period_cuts(study.horizon_of(follow_up.endpoint), adherence.period_days),
        covariates=follow_up.covariates,
        changing=tuple(changing),
        lag_days=settings.lag_days,
    )
    if counted is None:
        return weigh_departures(follow_up, departures)
    in_time = counted.day <= end.day[counted.rank]
    row = counted.rank[in_time]
    day = (counted.day[in_time] - entrants.index_day[row] + first_day).astype(np.float64)
    return weigh_departures(follow_up, departures, counted=(row, day))
