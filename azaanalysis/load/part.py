"""Read one file as rows of one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from azaanalysis.errors import Fault
from azaanalysis.load.cells import nearest
from azaanalysis.load.mapping import Recipe
from azaanalysis.load.notes import Note, Tally
from azaanalysis.load.recipe import make_column, make_further
from azaanalysis.load.source import Made, Source
from azaanalysis.load.units import convert_labs
from azaanalysis.schema import TABLES, Origin
from azaanalysis.schema.origins import Flags
from azaanalysis.vocab import as_code

Recipes = Mapping[str, Recipe]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one table, and everything that is to be said about them."""

    frame: pd.DataFrame
    origin: Origin
    faults: list[Fault]
    notes: list[Note]
    tally: Tally
    ids_aside: frozenset[str] = frozenset()


def read_part(source: Source) -> Rows:
    """Read one file as rows of a table; nothing is dropped without a note."""
    recipes, faults, notes = _plan(source)
    further = _further(source, recipes)
    faults = [*faults, *_absent(source, recipes), *_unknown_columns(source, recipes, further)]
    recipes = _with_columns(source, recipes)
    id_recipe = recipes.get("patient_id")
    source = replace(source, id_column=id_recipe.column if id_recipe else None)
    kept, set_aside = _set_aside(source)
    table = TABLES[source.table]
    made = {name: make_column(kept, table[name], recipe) for name, recipe in recipes.items()}
    made |= {
        name: make_further(kept, name, recipe)
        for name, recipe in _with_columns(source, further).items()
    }
    notes = [*notes, *set_aside, *_unread(source, recipes, further)]
    return _assembled(source, kept, made, {**recipes, **further}, faults, notes)


def _assembled(
    source: Source,
    kept: Source,
    made: Mapping[str, Made],
    recipes: Recipes,
    faults: list[Fault],
    notes: list[Note],
) -> Rows:
    frame = pd.DataFrame({name: column.cells for name, column in made.items()})
    if source.table == "labs":
        frame, converted = convert_labs(frame, source)
        notes = [*notes, *converted]
    origin = Origin(
        source.sheet.file,
        kept.n_rows,
        {name: recipe.column for name, recipe in recipes.items() if recipe.column},
        kept.sheet.rows,
        _unreadable(source.table, made, kept.n_rows),
    )
    n_read = source.n_rows + source.sheet.n_blank
    tally = Tally(source.sheet.file, source.table, n_read, kept.n_rows, n_read - kept.n_rows)
    for column in made.values():
        faults, notes = [*faults, *column.faults], [*notes, *column.notes]
    lost = _lost_patients(source, kept) if source.table == "patients" else frozenset()
    return Rows(frame, origin, faults, notes, tally, lost)


def _lost_patients(source: Source, kept: Source) -> frozenset[str]:
    """Return the patients none of whose rows are kept: their other records go with them."""
    if kept.n_rows == source.n_rows or not source.has_ids:
        return frozenset()
    return frozenset(source.ids().dropna()) - frozenset(kept.ids().dropna())


def _unreadable(table: str, made: Mapping[str, Made], n_rows: int) -> dict[str, Flags]:
    """Return which cells could not be read; all of a required column that is not there."""
    required = [column.name for column in TABLES[table].columns if column.required]
    absent = {name: np.ones(n_rows, dtype=bool) for name in required if name not in made}
    return absent | {name: c.unreadable for name, c in made.items() if c.unreadable.any()}


def _plan(source: Source) -> tuple[dict[str, Recipe], list[Fault], list[Note]]:
    """Return how each column is made: as stated, else from the column of the same name."""
    stated = dict(source.part.columns)
    faults: list[Fault] = []
    notes: list[Note] = []
    for name in source.sheet.names:
        code = as_code(name)
        if code not in TABLES[source.table].names or code in source.part.columns:
            continue
        if code in stated:
            faults.append(_twice(source, name, code))
        elif name != code:
            notes.append(source.note(name, name, code, source.n_rows, reason="name of a column"))
        stated[code] = Recipe(column=name)
    return _available(source, stated), faults, notes


def _available(source: Source, recipes: Recipes) -> dict[str, Recipe]:
    """Leave out what the mapping calls optional and the file does not have."""
    available = {}
    for name, recipe in recipes.items():
        dates = {
            which: tuple(date for date in getattr(recipe, which) or () if _is_there(source, date))
            for which in ("earliest", "latest")
        }
        if recipe.optional and any(dates.values()):
            update = {which: found or None for which, found in dates.items()}
            available[name] = recipe.model_copy(update=update)
        elif not recipe.optional or all(_is_there(source, c) for c in _columns_of(recipe)):
            available[name] = recipe
    return available


def _twice(source: Source, name: str, code: str) -> Fault:
    return Fault(
        *(source.table, source.sheet.file, name, (), f"two columns that can be {code}"),
        *("one", "name the right one in the mapping file, or rename the other"),
    )


def _further(source: Source, recipes: Recipes) -> dict[str, Recipe]:
    """Return the columns that the schema does not know: as listed, or all if nothing is."""
    if not source.part.is_automatic:
        return _available(source, source.part.further)
    used = {recipe.column for recipe in recipes.values()}
    spare = [name for name in source.sheet.names if name and name not in used]
    return {as_code(name): Recipe(column=name) for name in spare}


def _absent(source: Source, recipes: Recipes) -> Iterator[Fault]:
    """Find required columns for which the file has nothing."""
    for column in TABLES[source.table].columns:
        if column.required and column.name not in recipes:
            used = {recipe.column for recipe in recipes.values()}
            close = nearest_of(column.name, [n for n in source.sheet.names if n not in used])
            found = "no such column" + (f" (nearest: {close})" if close else "")
            yield Fault(
                *(source.table, source.sheet.file, column.name, (), found, column.meaning[:-1]),
                "add the column, or say in the mapping file which column it is",
            )


def nearest_of(name: str, header: list[str]) -> str | None:
    """Return the column of a file most like a name."""
    codes = {as_code(column): column for column in header}
    close = nearest(name, list(codes))
    return codes[close] if close else None


def _unknown_columns(source: Source, recipes: Recipes, further: Recipes) -> Iterator[Fault]:
    """Find columns that are stated but not there, misspelt, or without a name."""
    for name, recipe in {**recipes, **further}.items():
        for column in _columns_of(recipe):
            if not _is_there(source, column):
                yield _not_there(source, name, column)
    for column in source.part.where:
        if column not in source.sheet.names:
            yield _not_there(source, "where", column)
    if source.part.is_automatic:
        yield from _misspelt(source, recipes)
    if "" in source.sheet.names:
        yield _nameless(source)


def _columns_of(recipe: Recipe) -> list[str]:
    days = [recipe.days_after.days] if recipe.days_after else []
    start = [recipe.days_after.date] if recipe.days_after else []
    named = [recipe.column] if recipe.column is not None else []
    dates = [name for name in start if not name[:4].isdigit()]
    return [*named, *days, *dates, *(recipe.earliest or ()), *(recipe.latest or ()), *recipe.where]


def _is_there(source: Source, column: str) -> bool:
    if column in source.sheet.names:
        return True
    file, dot, name = column.partition(".")
    sheet = source.find_sheet(file) if dot else None
    return sheet is not None and name in sheet.names


def _not_there(source: Source, name: str, column: str) -> Fault:
    close = nearest_of(column, source.sheet.names)
    known = f"write {close}" if close else f"the file has {', '.join(source.sheet.names[:20])}"
    return Fault(
        *(source.table, source.sheet.file, column, (), "no such column"),
        *(f"the column that the mapping file names for {source.table} > {name}", known),
    )


def _misspelt(source: Source, recipes: Recipes) -> Iterator[Fault]:
    """Find columns nearly named like one that is absent: its values would be lost."""
    absent = [column for column in TABLES[source.table].names if column not in recipes]
    for name in source.sheet.names:
        close = nearest(name, absent) if name and as_code(name) not in recipes else None
        if close:
            yield Fault(
                *(source.table, source.sheet.file, name, (), f"the column name '{name}'"),
                *(f"{close}, if that is meant", f"name it {close}, or, if it is another thing,"),
            )


def _nameless(source: Source) -> Fault:
    place = source.sheet.names.index("") + 1
    return Fault(
        *(source.table, source.sheet.file, "", (1,), f"no name above column {place}"),
        *("a name above every column", "name the column, or remove it if it only counts rows"),
        is_error=source.part.is_automatic,
    )


def _with_columns(source: Source, recipes: Recipes) -> dict[str, Recipe]:
    """Keep the recipes for which the file has every column."""
    return {
        name: recipe
        for name, recipe in recipes.items()
        if all(_is_there(source, column) for column in _columns_of(recipe))
    }


def _set_aside(source: Source) -> tuple[Source, list[Note]]:
    """Leave out the rows that the mapping says are not wanted, and blank ones; count them."""
    keep = np.ones(source.n_rows, dtype=bool)
    notes = [_aside(source, "", "blank rows", source.sheet.n_blank, "nothing in any cell")]
    for column, condition in source.part.where.items():
        if column in source.sheet.names:
            meets = source.meets({column: condition})
            n_lost = int((keep & ~meets).sum())
            reason = f"the mapping keeps rows where {column} {condition.in_words()}"
            notes.append(_aside(source, column, "other rows", n_lost, reason))
            keep &= meets
    if source.ids_aside and source.has_ids:
        is_aside = source.ids().isin(source.ids_aside).to_numpy()
        n_lost = int((keep & is_aside).sum())
        reason = "their patients are set aside"
        notes.append(_aside(source, source.id_column or "", "other rows", n_lost, reason))
        keep &= ~is_aside
    kept = source if keep.all() else replace(source, sheet=source.sheet.only(keep))
    return kept, [note for note in notes if note.rows]


def _aside(source: Source, column: str, found: str, rows: int, reason: str) -> Note:
    return Note(source.sheet.file, source.table, column, "set aside", found, "", rows, reason)


def _unread(source: Source, recipes: Recipes, further: Recipes) -> list[Note]:
    used = {
        column
        for recipe in (*recipes.values(), *further.values())
        for column in _columns_of(recipe)
    }
    unread = [
        name for name in source.sheet.names if name and name not in {*used, *source.part.where}
    ]
    if not unread:
        return []
    found = f"columns {', '.join(unread)}"
    return [_aside(source, "", found, 0, "not named in the mapping file")]
