"""One estimator for several follow-ups, the results one under the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import EstimationError
from azaanalysis.result import Estimate, stack


def estimate_each(
    follow_ups: Mapping[str, FollowUp] | Iterable[FollowUp],
    estimator: Callable[..., Estimate],
    **settings: Any,
) -> Estimate:
    """Estimate the same quantity for several follow-ups.

    Parameters
    ----------
    follow_ups
        Follow-ups that differ in endpoint or cause, such as those of ``follow_kinds``.
    estimator
        Any function that takes a follow-up and returns an estimate.
    settings
        Keywords for it, the same for all.

    Returns
    -------
    Estimate
        The rows of all, in the order given; ``about`` keeps what they have in common.

    Raises
    ------
    EstimationError
        If there is no follow-up.
    """
    given = list(follow_ups.values() if isinstance(follow_ups, Mapping) else follow_ups)
    if not given:
        raise EstimationError("There is no follow-up to estimate from; give at least one.")
    made = [estimator(follow_up, **settings) for follow_up in given]
    return stack(*_say_alike(made))


def _say_alike(made: list[Estimate]) -> list[Estimate]:
    """Keep what the limits contain where it differs: each part of it, once."""
    differing = {
        key: "; or ".join(dict.fromkeys(str(each.about.get(key, "")) for each in made))
        for key in ("method", "interval", "variance")
        if any(key in each.about for each in made)
    }
    return [each.with_about(**differing) for each in made]
