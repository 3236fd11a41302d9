"""Ranges of numbers and dates in a study file; an open end is left out."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator


def _plain(end: float | date) -> str:
    return str(end) if isinstance(end, date) else f"{end:g}"


class _Range(BaseModel):
    """Two ends in order: a range that holds nobody is a slip of the pen."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="after")
    def _ends_in_order(self) -> Self:
        low, high = getattr(self, "at_least", None), getattr(self, "at_most", None)
        if low is not None and high is not None and low > high:
            raise ValueError(
                f"nothing is at least {_plain(low)} and at most {_plain(high)}; exchange the two, "
                "or leave one of them out"
            )
        return self


class Span(_Range):
    """A range of numbers; an open end is left out."""

    at_least: float | None = None
    at_most: float | None = None


class Calendar(_Range):
    """A range of dates; an open end is left out."""

    at_least: date | None = None
    at_most: date | None = None
