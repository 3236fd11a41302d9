"""Messages an analyst understands, from what a validator found in a settings file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known word, or all of them if none is near."""
    known = list(known)
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    close += [name for name in by_lower if name.startswith(word.lower())]
    if close:
        return f"did you mean '{by_lower[close[0]]}'?"
    return f"known are: {', '.join(known)}"


def ordinal(number: int) -> str:
    """Spell a place in a row: ``second``, ``third``, ``13th``."""
    words = ("first", "second", "third", "fourth", "fifth", "sixth")
    return words[number - 1] if number <= len(words) else f"{number}th"


def explain_validation(
    error: ValidationError, written: dict[str, Any], model: type[BaseModel], *, file: str
) -> str:
    """Return every fault of a settings file in words: where, what was found, what to do."""
    lines = [_sentence(fault, model) for fault in error.errors(include_url=False)]
    count = "1 fault" if len(lines) == 1 else f"{len(lines)} faults"
    return "\n".join([f"{file} cannot be used yet ({count}):", *(f"  {line}" for line in lines)])


def _sentence(fault: Any, model: type[BaseModel]) -> str:
    place = _without_tags(fault["loc"])
    where = " > ".join(str(step) for step in place) or "the file"
    kind, found = fault["type"], fault["input"]
    if kind == "extra_forbidden":
        return (
            f"{where}: this key is not known; {nearest(str(place[-1]), _keys_beside(fault, model))}"
        )
    if kind == "missing":
        return f"{where}: this key is missing; add it"
    if kind == "union_tag_not_found":
        return f"{where}: 'kind' is missing; give one of visit, event, discontinuation, recorded"
    if kind == "union_tag_invalid":
        known = [tag.strip("' ") for tag in fault["ctx"]["expected_tags"].split(",")]
        return (
            f"{where} > kind: found '{fault['ctx']['tag']}'; {nearest(fault['ctx']['tag'], known)}"
        )
    if kind == "literal_error":
        known = [
            word.strip("' ") for word in fault["ctx"]["expected"].replace(" or ", ", ").split(",")
        ]
        return f"{where}: found {found!r}; {nearest(str(found), known)}"
    if kind == "value_error":
        return f"{where}: {fault['ctx']['error']}"
    return f"{where}: found {found!r}; {fault['msg'][:1].lower()}{fault['msg'][1:]}"


def _without_tags(place: tuple[Any, ...]) -> list[Any]:
    """Drop what a validator adds to a place: the kind of an endpoint, the branch of a union."""
    steps = list(place)
    if steps[:1] == ["endpoints"] and len(steps) > 2:
        del steps[2]
    return [s for s in steps if not str(s).startswith(("literal[", "dict[", "tuple[", "function-"))]


def _keys_beside(fault: Any, model: type[BaseModel]) -> list[str]:
    """Return the keys that the model knows at the place of an unknown key."""
    annotation: Any = model
    for step in fault["loc"][:-1]:
        annotation = _step_into(annotation, step)
    models = _models(annotation)
    return list(dict.fromkeys(name for found in models for name in found.model_fields))


def _step_into(annotation: Any, step: Any) -> Any:
    """Return what stands at a step below an annotation: a field, or the branch of a union."""
    models = _models(annotation)
    for model in models:
        if step in _kinds(model):
            return model
        if step in model.model_fields:
            return model.model_fields[step].annotation
    return annotation


def _kinds(model: type[BaseModel]) -> tuple[Any, ...]:
    """Return the words of a model's ``kind``, by which a union chooses it."""
    kind = model.model_fields.get("kind")
    return get_args(kind.annotation) if kind else ()


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Return the models that an annotation can hold, however deep inside unions and mappings."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]
