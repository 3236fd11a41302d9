"""What a study finds by blood tests and records as events, read from a history."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from azaanalysis.synthetic.mechanism import History
from azaanalysis.synthetic.parameters import Parameters
from azaanalysis.synthetic.state import EVENTS

# Decimals to which the laboratory reports each test; limits are held against these.
DECIMALS = {"wbc": 1, "lymphocytes": 2, "alt": 0}
TESTS = tuple(DECIMALS)


class Finding(NamedTuple):
    """A result beyond a limit: below or above it, or above multiples of the limit of normal."""

    name: str
    test: str
    below: float | None = None
    above: float | None = None
    above_upper_limits: float | None = None


def finding_rows(
    finding: Finding, history: History, parameters: Parameters
) -> tuple[np.ndarray, np.ndarray]:
    """Return whose tests after the index day show a finding, and on what days."""
    tests = history.record.tests.joined()
    value, above = np.round(tests[finding.test], DECIMALS[finding.test]), finding.above
    if finding.above_upper_limits is not None:
        above = finding.above_upper_limits * parameters[f"{finding.test}_upper_limit"]
    shows = tests["day"] > 0
    if finding.below is not None:
        shows &= value < finding.below
    if above is not None:
        shows &= value > above
    return tests["patient"][shows].astype(np.int64), tests["day"][shows].astype(np.int64)


def event_rows(event: str, history: History) -> tuple[np.ndarray, np.ndarray]:
    """Return whose events of a kind there are, and on what days."""
    events = history.record.events.joined()
    is_event = events["event"] == EVENTS.index(event)
    return events["patient"][is_event].astype(np.int64), events["day"][is_event].astype(np.int64)
