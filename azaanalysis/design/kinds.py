"""The same patients and weights, counted for several kinds of infection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.endpoints import dated_events
from azaanalysis.design.entrants import Entrants, find_entrants
from azaanalysis.design.follow import follow
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError
from azaanalysis.settings import EventEndpoint
from azaanalysis.study import Study
from azaanalysis.vocab import in_words

# The kinds of infection, by the columns of the events table that tell them apart.
KINDS: Mapping[str, Mapping[str, bool | str]] = {
    "any_infection": {},
    "serious_infection": {"is_serious": True},
    "opportunistic_infection": {"is_opportunistic": True},
    "herpes_zoster": {"site_of_infection": "herpes_zoster"},
}


def follow_kinds(
    cohort: Cohort, study: Study, *, endpoint: str, weighted: FollowUp | None = None
) -> dict[str, FollowUp]:
    """Follow the same patients for each kind of infection that the events table knows.

    Parameters
    ----------
    cohort, study
        As in :func:`follow`.
    endpoint
        Name of an endpoint of kind ``event`` with ``count: all``. Its rules hold for all kinds:
        who is followed until when, and what makes an episode. Only which events count differs.
    weighted
        The follow-up of that endpoint as ``follow`` and ``weigh`` made it; without it, everybody
        counts as one.

    Returns
    -------
    dict
        A follow-up for each of any, serious and opportunistic infection and herpes zoster, with
        the events of that kind. A kind whose column is absent or empty in the events table is left
        out, and a note says so. Kinds overlap: they are no parts of a sum.

    Raises
    ------
    DesignError
        If the endpoint does not count all events, or patients have several rows.
    """
    settings = study.endpoint(endpoint)
    if not (isinstance(settings, EventEndpoint) and settings.count == "all"):
        raise DesignError(
            f"Kinds of event need an endpoint of kind 'event' with 'count: all', and '{endpoint}' "
            "is none. Add one to the study file."
        )
    followed = follow(cohort, study, endpoint=endpoint) if weighted is None else weighted
    if followed.endpoint != endpoint or followed.frame["patient_id"].duplicated().any():
        raise DesignError(
            f"Kinds of '{endpoint}' need the follow-up of this endpoint with one row per patient: "
            "not one of several starts, clones or periods."
        )
    entrants = find_entrants(cohort, study)
    events = cohort.require("events", for_what=f"endpoint '{endpoint}'")
    of_event = events[(events["event"] == settings.event).to_numpy()]
    columns = set(of_event.columns[of_event.notna().any()])
    about = _about(followed, [kind for kind in KINDS if not set(KINDS[kind]) <= columns])
    kinds = {}
    for kind, where in KINDS.items():
        if set(where) <= columns:
            of_kind = settings.model_copy(update={"where": dict(where)})
            counted = followed.frame.assign(n_events=_count(followed, entrants, of_kind))
            causes = (kind, *followed.causes[1:])
            kinds[kind] = replace(followed, frame=counted, causes=causes, about=about)
    return kinds


def _count(followed: FollowUp, entrants: Entrants, settings: EventEndpoint) -> np.ndarray:
    """Count the events of each row up to and on the day its follow-up ends."""
    found = dated_events(entrants, settings)
    zero = entrants.index_day - entrants.comparison.first_day
    row_of = pd.Series(np.arange(len(followed.frame)), index=followed.frame["patient_id"])
    row = row_of.reindex(entrants.patients["patient_id"]).fillna(-1).to_numpy(dtype=np.int64)
    row, day = row[found.rank], found.day - zero[found.rank]
    leave = followed.frame["exit_days"].to_numpy()
    in_time = (row >= 0) & (day <= leave[row])
    return np.bincount(row[in_time], minlength=len(leave)).astype(np.int64)


def _about(followed: FollowUp, unknown: list[str]) -> dict[str, object]:
    notes = followed.about.get("notes", ())
    missing = [
        f"The events table does not say which infections are: {in_words(k)}." for k in unknown
    ]
    return {
        **followed.about,
        "endpoint_label": "Infection",
        "cause_heading": "Kind",
        "notes": (*notes, *missing),
    }
