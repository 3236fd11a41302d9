"""Work that is done once for each value it is made from."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

Source = TypeVar("Source")
Made = TypeVar("Made")
Rest = ParamSpec("Rest")


def once_each(
    make: Callable[Concatenate[Source, Rest], Made],
) -> Callable[Concatenate[Source, Rest], Made]:
    """Keep what a function makes of an immutable value for as long as that value lives.

    Several estimators ask the same of one follow-up, and all resamples of a bootstrap the same
    of its cells. What is made must not hold on to the value, or both would stay for ever.
    """
    kept: WeakKeyDictionary[Any, dict[tuple[Hashable, ...], Made]] = WeakKeyDictionary()

    def found(source: Source, *rest: Rest.args, **named: Rest.kwargs) -> Made:
        of_source = kept.setdefault(source, {})
        asked = (*rest, *named.items())
        if asked not in of_source:
            of_source[asked] = make(source, *rest, **named)
        return of_source[asked]

    return update_wrapper(found, make)  # type: ignore[return-value]
