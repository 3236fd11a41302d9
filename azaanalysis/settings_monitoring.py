"""When blood is to be tested: the schedule of a guideline, as a setting of the study file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, model_validator

from azaanalysis.settings import Section


class Phase(Section):
    """A part of a schedule: a test every so many days, until a day or for good."""

    every_days: Annotated[int, Field(ge=1)]
    until_days: Annotated[int, Field(ge=1)] | None = None


class MonitoringSettings(Section):
    """The schedule of blood tests that patients are held against, with where it comes from."""

    guideline: str = (
        "British National Formulary, azathioprine: weekly for the first four weeks, then at least "
        "every three months"
    )
    schedule: Annotated[tuple[Phase, ...], Field(min_length=1)] = (
        Phase(every_days=7, until_days=28),
        Phase(every_days=91),
    )

    @model_validator(mode="after")
    def _phases_follow_one_another(self) -> MonitoringSettings:
        ends = [phase.until_days for phase in self.schedule[:-1]]
        days = [end for end in ends if end is not None]
        if len(days) < len(ends) or days != sorted(set(days)):
            raise ValueError("give each phase but the last an 'until_days', in ascending order")
        return self

    def windows(self, horizon_days: int) -> Iterator[tuple[int, int]]:
        """Yield the windows up to the horizon: one test is due after the first day, by the last."""
        day = 0
        for phase in self.schedule:
            end = min(phase.until_days or horizon_days, horizon_days)
            while day + phase.every_days <= end:
                yield day, day + phase.every_days
                day += phase.every_days
