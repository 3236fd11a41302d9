"""What would be if a competing event did not exist: it only stops the counting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError
from azaanalysis.vocab import in_words
from azaanalysis.wording import nearest


def follow_without(follow_up: FollowUp, *, cause: str) -> FollowUp:
    """Follow the same patients as if a competing event only ended their observation.

    Risks estimated from the result answer another question: what would happen if nobody had the
    competing event, and those who had it were otherwise like those who did not. Set beside the
    risks of the follow-up itself they show how much of a low risk is due to what came first.

    Parameters
    ----------
    follow_up
        Any follow-up with competing causes.
    cause
        The competing cause to do without, such as ``discontinuation``.

    Returns
    -------
    FollowUp
        The same rows and weights; whoever had the cause is censored on that day. The endpoint's
        own causes are named ``..._without_CAUSE``, so that the two are not taken for one another.

    Raises
    ------
    DesignError
        If the cause does not compete here.

    Notes
    -----
    The assumption that stopping tells nothing about the risk of the event is seldom true: who
    stops for an infection, or because of being ill, is not like who goes on.
    Source: Kalbfleisch and Prentice (2002), The statistical analysis of failure time data, 8.2.
    """
    competing = follow_up.causes[follow_up.n_own :]
    if cause not in competing:
        raise DesignError(
            f"'{cause}' does not compete with {in_words(follow_up.endpoint)}; "
            f"{nearest(cause, competing) if competing else 'nothing does.'}"
        )
    number = follow_up.causes.index(cause) + 1
    status = follow_up.frame["status"].to_numpy()
    # Causes after the one that is gone move up by one.
    kept = np.where(status == number, 0, np.where(status > number, status - 1, status))
    own = tuple(f"{name}_without_{cause}" for name in follow_up.own_causes)
    rest = tuple(name for name in competing if name != cause)
    note = f"Without {in_words(cause)}: assumes that it tells nothing about the risk."
    about = {**follow_up.about, "notes": (*follow_up.about.get("notes", ()), note)}
    frame = follow_up.frame.assign(status=kept)
    return replace(follow_up, frame=frame, causes=(*own, *rest), about=about)
