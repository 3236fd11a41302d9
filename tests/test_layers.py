"""Imports go down the street only, and modules stay small."""

import ast
from pathlib import Path

import pytest

import azaanalysis

PACKAGE = Path(azaanalysis.__file__).parent
# From the ground up; what stands on one floor may use its neighbours and all below.
FLOORS = [
    {"vocab", "errors"},
    {"schema", "result", "small_counts", "wording"},
    {"cohort", "settings", "settings_monitoring", "settings_spans", "settings_weighting", "study"},
    {"adjustment", "handling", "protocol"},
    {"load", "synthetic", "sources"},
    {"design"},
    {"estimate"},
    {"blocking", "disclosure", "withheld"},
    {"display"},
    {"report"},
    {"cli", "cli_check"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from _full_names(node)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _full_names(node):
    if node.module == "azaanalysis":
        return [f"azaanalysis.{alias.name}" for alias in node.names]
    return [node.module]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_its_own_floor_or_below(path):
    if path == PACKAGE / "__init__.py":
        pytest.skip("the public names may come from everywhere")
    above = [
        name
        for name in imported(path)
        if name.startswith("azaanalysis.")
        and not name.startswith("azaanalysis.__")
        and FLOOR[name.split(".")[1]] > FLOOR[room(path)]
    ]
    assert not above


def test_every_room_has_a_floor():
    rooms = {room(path) for path in MODULES} - {"__init__", "__main__"}
    assert rooms == set(FLOOR)


@pytest.mark.parametrize(("library", "owner"), [("matplotlib", "display"), ("nbconvert", "report")])
def test_a_library_is_imported_by_its_owner_only(library, owner):
    users = {
        room(path) for path in MODULES for name in imported(path) if name.split(".")[0] == library
    }
    assert users == {owner}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_has_fewer_than_300_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 300


def functions():
    """Return the functions of modules and classes; those inside a function belong to it."""
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        places = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
        for node in (node for place in places for node in place.body):
            if isinstance(node, ast.FunctionDef):
                yield path, node


def code_lines(node):
    """Count the lines of a function's body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_functions_are_short():
    lengths = sorted((code_lines(node), f"{path.name}:{node.name}") for path, node in functions())
    assert lengths[-1][0] <= 45, lengths[-3:]
    assert sum(length >= 30 for length, _ in lengths) <= 0.1 * len(lengths)
    assert lengths[len(lengths) // 2][0] <= 8


def test_a_public_function_has_a_docstring():
    without = [
        f"{path.name}:{node.name}"
        for path, node in functions()
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert not without
