"""What no step of the design can take, refused in the same words everywhere."""

from __future__ import annotations

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError


def needs_patients(given: object) -> None:
    """Refuse what is not the rows of a follow-up: an analyst's own table, or counts.

    Raises
    ------
    DesignError
        With the way from such a table to a follow-up.
    """
    if not isinstance(given, FollowUp):
        raise DesignError(
            f"This needs a follow-up, with a row for each patient; got a {type(given).__name__}. "
            "Make one from a table by follow_up_from_frame(frame, time=..., status=..., arm=...), "
            "or from a cohort by follow(cohort, study, endpoint=...)."
        )
