"""Read a mapping file, and list everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from azaanalysis.errors import DataError, Fault
from azaanalysis.load.mapping import (
    Condition,
    DaysAfter,
    DrugEntry,
    LoadMapping,
    Options,
    Part,
    Recipe,
)
from azaanalysis.schema import TABLES

Path_ = tuple[str | int, ...]
_HEADING = "The mapping file cannot be used yet."


class _Tree:
    """A YAML file as plain text values, with the line of every key."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Path_, int] = {}
        self.faults: list[Fault] = []

    def plain(self, node: yaml.Node | None, path: Path_ = ()) -> Any:
        """Return a node as dicts, lists and text; nothing is guessed to be a number or a truth."""
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*path, place)) for place, item in enumerate(node.value)]
        return "" if node is None or node.tag.endswith(":null") else node.value

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        own: set[str] = set()
        for key, value in node.value:
            here = (*path, key.value)
            line = key.start_mark.line + 1
            if key.value == "<<":
                entries.update(self.plain(value, path))
                continue
            if key.value in own:
                self.add(here, "the same key twice", "each key once", "remove one", line=line)
            own.add(key.value)
            self.lines[here] = line
            entries[key.value] = self.plain(value, here)
        return entries

    def add(
        self, path: Path_, found: str, expected: str, remedy: str, *, line: int | None = None
    ) -> None:
        """Add a fault at a place in the file."""
        line = self.line(path) if line is None else line
        named = " > ".join(str(step) for step in path if not isinstance(step, int))
        rows = () if line is None else (line,)
        self.faults.append(Fault("mapping", self.file, named, rows, found, expected, remedy))

    def line(self, path: Path_) -> int | None:
        """Return the line of a key, or of the nearest key above it."""
        while path:
            without_places = tuple(step for step in path if not isinstance(step, int))
            line = self.lines.get(path) or self.lines.get(without_places)
            if line:
                return line
            path = path[:-1]
        return None


def read_mapping(
    source: Path | str | Mapping[str, Any] | None, *, rules: Mapping[str, Any] | None = None
) -> LoadMapping:
    """Read a mapping file.

    Parameters
    ----------
    source
        The file, its content as a mapping, or None for no mapping at all.
    rules
        Entries that hold where the source says nothing.

    Raises
    ------
    DataError
        If the file is not a mapping file. Every fault is listed, with its line.
    """
    tree, entries = _read({} if source is None else source)
    _find_unknown_columns(tree, entries)
    mapping = _validated(tree, merged(rules or {}, entries))
    if mapping is None or tree.faults:
        raise DataError(tree.faults, heading=_HEADING)
    return mapping


def _read(source: Path | str | Mapping[str, Any]) -> tuple[_Tree, dict[str, Any]]:
    if isinstance(source, Mapping):
        return _Tree("mapping"), _as_text(source)
    path = Path(source)
    tree = _Tree(path.name)
    if not path.is_file():
        tree.add((), "no such file", "a mapping file", "check its name and folder")
        raise DataError(tree.faults, heading=_HEADING)
    try:
        entries = tree.plain(yaml.compose(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "text that is not UTF-8"
        line = None if mark is None else mark.line + 1
        remedy = "indent with blanks, and put a blank after each colon"
        tree.add((), f"text that is not YAML ({problem})", "a YAML file", remedy, line=line)
        raise DataError(tree.faults, heading=_HEADING) from None
    return tree, entries if isinstance(entries, dict) else {}


def read_entries(file: Traversable) -> dict[str, Any]:
    """Return the entries of a mapping file that is known to be sound."""
    entries: dict[str, Any] = _Tree("").plain(yaml.compose(file.read_text(encoding="utf-8")))
    return entries


def _as_text(entry: Any) -> Any:
    """Write every key and scalar as the text it would be in a file."""
    if isinstance(entry, Mapping):
        return {_as_text(key): _as_text(value) for key, value in entry.items()}
    if isinstance(entry, list | tuple):
        return [_as_text(item) for item in entry]
    if isinstance(entry, bool):
        return str(entry).lower()
    return "" if entry is None else str(entry)


def merged(rules: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    """Put what is stated over the rules, key by key."""
    return {**rules, **{key: _over(rules.get(key), entry) for key, entry in stated.items()}}


def _over(rule: Any, entry: Any) -> Any:
    if isinstance(rule, Mapping) and isinstance(entry, Mapping) and not _makes_a_column(entry):
        return merged(rule, entry)
    if isinstance(rule, list) and isinstance(entry, Mapping):
        return [_over(one, entry) for one in rule]
    return entry


def _makes_a_column(entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry says how a column is made: it then replaces the rule as a whole."""
    return bool({"column", "constant", "days_after", "earliest", "latest"} & set(entry))


def _find_unknown_columns(tree: _Tree, entries: Mapping[str, Any]) -> None:
    """Find columns that the table does not have."""
    for table in TABLES.values():
        parts = entries.get(table.name, [])
        for part in parts if isinstance(parts, list) else [parts]:
            named = part.get("columns", {}) if isinstance(part, Mapping) else {}
            for name in named if isinstance(named, Mapping) else ():
                if name not in table.names:
                    path = (table.name, "columns", name)
                    _unknown(tree, path, name, table.names, f"a column of {table.name}")


def _validated(tree: _Tree, entries: Mapping[str, Any]) -> LoadMapping | None:
    try:
        return LoadMapping.model_validate(entries)
    except ValidationError as error:
        for problem in error.errors():
            _explain(tree, problem["loc"], problem["type"], problem["msg"])
        return None


def _explain(tree: _Tree, path: Path_, kind: str, message: str) -> None:
    if kind == "extra_forbidden":
        allowed = [field.alias or name for name, field in _model_at(path[:-1]).model_fields.items()]
        _unknown(tree, path, str(path[-1]), allowed, "one of the words known here")
        return
    message = message.removeprefix("Value error, ").replace("Input should be", "should be")
    tree.add(path, message, "an entry as the documentation shows it", "correct the entry")


def _unknown(tree: _Tree, path: Path_, word: str, known: Any, expected: str) -> None:
    close = get_close_matches(word, list(known), n=2, cutoff=0.5)
    nearest = f"write {' or '.join(close)}" if close else f"known are {', '.join(known)}"
    tree.add(path, f"'{word}'", expected, nearest)


_MODELS: dict[str, type[BaseModel]] = {
    "defaults": Options,
    "days_after": DaysAfter,
    **dict.fromkeys(TABLES, Part),
}
_MODELS_BELOW: dict[str, type[BaseModel]] = {
    "columns": Recipe,
    "further": Recipe,
    "where": Condition,
    "drugs": DrugEntry,
}


def _model_at(path: Path_) -> type[BaseModel]:
    """Return the kind of entry that stands at a place of the mapping file."""
    steps = [str(step) for step in path if not isinstance(step, int)]
    if not steps:
        return LoadMapping
    if len(steps) > 1 and steps[-2] in _MODELS_BELOW:
        return _MODELS_BELOW[steps[-2]]
    return _MODELS.get(steps[-1], LoadMapping)
