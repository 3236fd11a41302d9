"""An endpoint with several causes of its own, taken as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from azaanalysis.design.follow_up import FollowUp


def follow_together(follow_up: FollowUp) -> FollowUp:
    """Take the endpoint's own causes as one event, for questions that need a single number.

    Parameters
    ----------
    follow_up
        Any follow-up.

    Returns
    -------
    FollowUp
        The same rows and weights; whichever of its own causes came first, the event is named as
        the endpoint. Competing causes stay as they are. With one own cause nothing changes.

    Notes
    -----
    Whether a treatment ended because of harm or because it did not work is then one and the same:
    show the causes apart elsewhere.
    """
    if follow_up.n_own == 1:
        return follow_up
    status, n_own = follow_up.frame["status"].to_numpy(), follow_up.n_own
    made = np.where(status > n_own, status - n_own + 1, np.minimum(status, 1))
    note = f"Counted together: {', '.join(follow_up.own_causes)}.".replace("_", " ")
    about = {**follow_up.about, "notes": (*follow_up.about.get("notes", ()), note)}
    causes = (follow_up.endpoint, *follow_up.causes[n_own:])
    frame = follow_up.frame.assign(status=made)
    return replace(follow_up, frame=frame, causes=causes, n_own=1, about=about)
