"""Times to event as the source itself derived them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from azaanalysis.design.assemble import assemble
from azaanalysis.design.days import days_of
from azaanalysis.design.entrants import Entrants
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError
from azaanalysis.settings import RecordedEndpoint
from azaanalysis.study import Study
from azaanalysis.wording import nearest


def follow_recorded(entrants: Entrants, study: Study, endpoint: str) -> FollowUp:
    """Take the times as the source derived them; they must count from the same time zero."""
    settings = study.endpoint(endpoint)
    assert isinstance(settings, RecordedEndpoint)
    times = entrants.cohort.require("times", for_what=f"endpoint '{endpoint}'")
    known = list(times["endpoint"].astype("category").cat.categories)
    if settings.parameter not in known:
        raise DesignError(
            f"The study asks for the recorded time '{settings.parameter}', which the times table "
            f"does not hold; {nearest(settings.parameter, known)}"
        )
    rank, rows = entrants.rows("times")
    wanted = (times["endpoint"] == settings.parameter).to_numpy()[rows]
    records = times.iloc[rows[wanted]].set_axis(rank[wanted]).sort_index()
    starts, attrition = entrants.starts.iloc[records.index], entrants.attrition.copy()
    attrition.keep_starts(starts, "Has a recorded time", "no record of the endpoint")
    _refuse_other_time_zero(records, starts, settings.parameter)
    entrants = replace(entrants, starts=starts.reset_index(drop=True))
    found = sorted(records["cause"].dropna().astype(str).unique())
    causes = settings.causes or {cause: (cause,) for cause in found}
    _refuse_unnamed(found, causes, settings.parameter)
    codes = {word: k for k, words in enumerate(causes.values(), 1) for word in words}
    status = records["cause"].astype(object).map(codes).fillna(0).to_numpy(dtype=np.int64)
    time, horizon = records["time_days"].to_numpy(), study.horizon_of(endpoint)
    status = np.where(time > horizon, 0, status)
    ended = np.array(["as recorded by the source", "horizon"], dtype=object)[(time > horizon) * 1]
    columns = {
        "exit_days": np.minimum(time, horizon),
        "status": status,
        "n_events": (status == 1),
        "last_absent_days": np.where(status == 1, 0.0, np.minimum(time, horizon)),
        "end_reason": pd.Categorical(np.where(status > 0, settings.parameter, ended)),
    }
    return assemble(entrants, study, attrition, endpoint, columns, tuple(causes), len(causes))


def _refuse_unnamed(
    found: list[str], causes: Mapping[str, tuple[str, ...]], parameter: str
) -> None:
    """Refuse recorded causes that the study does not name: they would be taken for censored."""
    named = [word for words in causes.values() for word in words]
    unnamed = [word for word in found if word not in named]
    if unnamed:
        raise DesignError(
            f"'{parameter}' was recorded with the cause '{unnamed[0]}', which the endpoint's "
            f"causes do not name; {nearest(unnamed[0], named)} Add it to the study file."
        )
    if not causes:
        raise DesignError(
            f"Nobody has '{parameter}' recorded with a cause, so all are censored. "
            "Fill the column 'cause' of the times table."
        )


def _refuse_other_time_zero(records: pd.DataFrame, starts: pd.DataFrame, parameter: str) -> None:
    if records.index.has_duplicates:
        count = int(records.index.duplicated().sum())
        raise DesignError(
            f"The times table holds {count:,} second records of '{parameter}' for the same "
            "patient. Keep one per patient."
        )
    differs = days_of(records["start_date"]) != starts["index_day"].to_numpy()
    if differs.any():
        raise DesignError(
            f"In {int(differs.sum()):,} of {len(records):,} records of '{parameter}' the time "
            "counts from another day than the first supply. Times from different days cannot be "
            "compared; correct start_date in the times table, or the courses."
        )
