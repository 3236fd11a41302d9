"""What goes wrong early: stopping for harm, and events that end a treatment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from azaanalysis.cohort import Cohort
from azaanalysis.design.follow import follow
from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.weigh import weigh
from azaanalysis.errors import DesignError
from azaanalysis.settings import DiscontinuationEndpoint, EventEndpoint
from azaanalysis.study import Study
from azaanalysis.vocab import in_words
from azaanalysis.wording import nearest

# Such an event is often written down when the drug has been stopped for it.
_LAG_DAYS = 30


def follow_cause(follow_up: FollowUp, *, cause: str) -> FollowUp:
    """Follow the same patients for one cause; all others compete with it.

    Parameters
    ----------
    follow_up
        Any follow-up.
    cause
        One of its causes.

    Returns
    -------
    FollowUp
        The same rows and weights, with this cause as the only one of its own. Risks and hazards
        of the cause do not change.

    Raises
    ------
    DesignError
        If the follow-up has no such cause.
    """
    if cause not in follow_up.causes:
        raise DesignError(
            f"'{cause}' does not end this follow-up; {nearest(cause, follow_up.causes)}"
        )
    others = [name for name in follow_up.causes if name != cause]
    number = np.array([0, *([cause, *others].index(name) + 1 for name in follow_up.causes)])
    status = number[follow_up.frame["status"].to_numpy()]
    # Repeated events are no longer those of the cause alone; the first of it is.
    frame = follow_up.frame.assign(status=status, n_events=(status == 1).astype(np.int64))
    return replace(follow_up, frame=frame, causes=(cause, *others), n_own=1)


def follow_harms(
    cohort: Cohort,
    study: Study,
    *,
    endpoint: str = "discontinuation",
    events: Sequence[str] = ("pancreatitis",),
    weighted: FollowUp | None = None,
) -> dict[str, FollowUp]:
    """Follow the same patients for stopping because of harm, and for events that cause it.

    Parameters
    ----------
    cohort, study
        As in :func:`follow`.
    endpoint
        Name of an endpoint of kind ``discontinuation``.
    events
        Events of the events table. Each is followed as the study's own endpoint says, or else on
        treatment and for 30 days after it, with stopping and death competing.
    weighted
        The follow-up of stopping as ``follow`` and ``weigh`` made it; without it, everybody counts
        as one.

    Returns
    -------
    dict
        A follow-up for each cause of stopping that holds adverse events, and for each event, by
        the name of its own cause (``stopped_for_adverse_event``, ``pancreatitis``); all are of
        the endpoint ``harm``. Where the study does not tell harm from other reasons, it is one
        for each cause, and a note says so. An event of which the cohort has no record at all is
        left out with a note, too: it may not have happened, or not have been written down.

    Raises
    ------
    DesignError
        If the endpoint is not the end of treatment, or ``weighted`` is of another endpoint.
    """
    settings = study.endpoint(endpoint)
    if not isinstance(settings, DiscontinuationEndpoint):
        raise DesignError(
            "Stopping because of harm needs an endpoint of kind 'discontinuation', and "
            f"'{endpoint}' is none. Name one, or add it to the study file."
        )
    stopping = follow(cohort, study, endpoint=endpoint) if weighted is None else weighted
    if stopping.endpoint != endpoint:
        raise DesignError(
            f"The weighted follow-up is that of '{stopping.endpoint}', not of '{endpoint}'. "
            "Give the one of the same endpoint."
        )
    harmful = _harmful_causes(settings)
    known = [event for event in events if _is_recorded(cohort, event)]
    notes = [
        f"The data have no record of any {in_words(event)}, so that it is left out."
        for event in events
        if event not in known
    ]
    if not harmful:
        notes.append("The study does not tell harm from other reasons: all stops are counted.")
    harms = {}
    for cause in harmful or stopping.own_causes:
        name = "stopped" if settings.causes == "any" else f"stopped_for_{cause}"
        harms[name] = _named(follow_cause(stopping, cause=cause), name, notes)
    for event in known:
        followed = _follow_event(cohort, study, event)
        harms[event] = _named(followed if weighted is None else weigh(followed), event, notes)
    return harms


def _named(followed: FollowUp, cause: str, notes: list[str]) -> FollowUp:
    """Name the endpoint alike for all harms, so that their results stand in one table."""
    labels = {"endpoint_label": "Harm", "cause_heading": "Harm"}
    about = {**followed.about, **labels, "notes": (*followed.about.get("notes", ()), *notes)}
    causes = (cause, *followed.causes[1:])
    return replace(followed, endpoint="harm", causes=causes, about=about)


def _harmful_causes(settings: DiscontinuationEndpoint) -> list[str]:
    causes = {} if settings.causes == "any" else settings.causes
    return [cause for cause, reasons in causes.items() if "adverse_event" in reasons]


def _is_recorded(cohort: Cohort, event: str) -> bool:
    events = cohort.tables.get("events")
    return events is not None and bool((events["event"] == event).any())


def _follow_event(cohort: Cohort, study: Study, event: str) -> FollowUp:
    """Follow for the first such event, by the study's own endpoint if it has one."""
    own = [
        name
        for name, settings in study.endpoints.items()
        if isinstance(settings, EventEndpoint) and settings.event == event
        if settings.count == "first" and not settings.where
    ]
    if own:
        return follow_cause(follow(cohort, study, endpoint=own[0]), cause=event)
    settings = {"kind": "event", "event": event, "lag_days": _LAG_DAYS}
    rules = {"competing": ("discontinuation", "death")}
    asked = study.changed(endpoints={event: {**settings, **rules}})
    return follow(cohort, asked, endpoint=event)
