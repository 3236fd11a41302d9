"""Make one column of a table from the cells of a file, as the mapping says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from azaanalysis.load.cells import kind_of, read_codes, read_counts, read_numbers, read_truths
from azaanalysis.load.dates import read_dates
from azaanalysis.load.mapping import UNIT_FACTORS, Recipe
from azaanalysis.load.notes import Note
from azaanalysis.load.source import Made, Source, identifiers
from azaanalysis.load.trouble import Reading
from azaanalysis.load.words import Words, as_text
from azaanalysis.schema.plausible import TEST_ALIASES
from azaanalysis.schema.tables import Column
from azaanalysis.vocab import as_code

_MOST_NOTES = 200
_STATED = "stated in the mapping file"
_KNOWN = "another spelling or name of it"


def make_column(source: Source, column: Column, recipe: Recipe) -> Made:
    """Make one column; cells that cannot be read become empty, and faults say so."""
    if recipe.days_after is not None:
        made = _days_after(source, recipe)
    elif recipe.earliest is not None or recipe.latest is not None:
        made = _outermost(source, recipe)
    elif column.name == "patient_id" and recipe.column is not None:
        return _identifiers(source, recipe.column)
    else:
        made = _direct(source, column, recipe) or _from_words(source, column, recipe)
    return _only_where(source, recipe, made)


def _only_where(source: Source, recipe: Recipe, made: Made) -> Made:
    if not recipe.where:
        return made
    flags = source.meets(recipe.where)
    return replace(made, cells=made.cells.where(flags), unreadable=made.unreadable & flags)


def _identifiers(source: Source, name: str) -> Made:
    cells = source.sheet.cells[name]
    values = identifiers(as_text(cells))
    return Made(values, np.zeros(source.n_rows, dtype=bool))


def _direct(source: Source, column: Column, recipe: Recipe) -> Made | None:
    """Take cells that already have the right type; None if they must be read as words."""
    if recipe.column is None or recipe.codes or recipe.between or recipe.where:
        return None
    values = _typed(source.sheet.cells[recipe.column], column.kind)
    if values is None:
        return None
    if column.kind in ("number", "count"):
        values = values * _factor(recipe, column)
    cells = pd.Series(values)
    cells = cells.astype("boolean") if column.kind == "truth" else cells
    return Made(cells, np.zeros(source.n_rows, dtype=bool))


def _typed(cells: pa.ChunkedArray, kind: str) -> np.ndarray | None:
    """Return cells of a type of their own as plain values; None if they have another kind."""
    held = cells.type
    if kind == "date" and (pa.types.is_date(held) or pa.types.is_timestamp(held)):
        days = cells.cast(pa.date32(), safe=False)
        return np.asarray(days.to_numpy().astype("datetime64[s]"))
    if kind == "number" and (pa.types.is_integer(held) or pa.types.is_floating(held)):
        return np.asarray(cells.cast(pa.float64()).to_numpy())
    if kind == "count" and pa.types.is_integer(held):
        return np.asarray(cells.cast(pa.float64()).to_numpy())
    if kind == "truth" and pa.types.is_boolean(held):
        return np.asarray(pc.cast(cells, pa.float64()).to_numpy())
    return None


def _from_words(source: Source, column: Column, recipe: Recipe) -> Made:
    raw = _raw_words(source, recipe)
    words = raw.coded(recipe.codes, recipe.otherwise)
    if recipe.between:
        words = words.rewritten(lambda word: _between(word, *recipe.between))  # type: ignore[misc]
    reading = _read(source, words, column, recipe)
    faults = source.faults(recipe.column or column.name, words, reading)
    values = _spread(words, reading, column)
    unreadable = words.flags([trouble is not None for trouble in reading.troubles])
    if column.kind in ("number", "count"):
        values = values * _factor(recipe, column)
    return Made(values, unreadable, faults, _notes(source, column, recipe, raw, values))


def _raw_words(source: Source, recipe: Recipe) -> Words:
    if recipe.column is None:
        words = Words.constant(str(recipe.constant), source.n_rows).without([""])
    else:
        words = source.words(recipe.column, recipe)
    return words.within(source.meets(recipe.where)) if recipe.where else words


def _between(word: str, before: str, after: str) -> str:
    """Return what stands between two marks: the unit in ``"Albumin (g/L)"``."""
    _, _, rest = word.rpartition(before)
    return rest.partition(after)[0]


def _read(source: Source, words: Words, column: Column, recipe: Recipe) -> Reading:
    if column.kind == "date":
        return read_dates(words.words, date_format=source.setting("date_format", recipe))
    if column.kind in ("number", "count"):
        read = read_numbers if column.kind == "number" else read_counts
        decimal = source.setting("decimal", recipe) or "."
        thousands = source.setting("thousands", recipe) or ""
        return read(words.words, decimal=decimal, thousands=thousands)
    if column.kind == "truth":
        return read_truths(words.words)
    if column.kind == "text":
        return Reading(words.words, [None] * len(words.words))
    return read_codes(words.words, aliases=_aliases(source, column))


def _aliases(source: Source, column: Column) -> Mapping[str, str]:
    if column.name == "drug":
        return {as_code(a): drug.name for drug in source.drugs.values() for a in drug.aliases}
    return TEST_ALIASES if column.name == "test" else dict(column.aliases)


def _spread(words: Words, reading: Reading, column: Column) -> pd.Series:
    """Put what each word means into its rows."""
    if column.kind == "date":
        return pd.Series(words.spread(reading.meanings, "datetime64[s]", np.datetime64("NaT")))
    if column.kind in ("number", "count", "truth"):
        numbers = pd.Series(words.spread(reading.meanings, "float64", np.nan))
        return numbers.astype("boolean") if column.kind == "truth" else numbers
    return words.category(list(reading.meanings))


def _factor(recipe: Recipe, column: Column) -> float:
    by_unit = UNIT_FACTORS.get((recipe.unit or "", column.unit), 1.0)
    return by_unit * (1.0 if recipe.factor is None else recipe.factor)


def _notes(
    source: Source, column: Column, recipe: Recipe, raw: Words, values: pd.Series
) -> list[Note]:
    """List every word that was read as something other than itself."""
    if recipe.column is None or column.kind in ("number", "count"):
        return []
    counts, first = raw.counts(), _first_rows(raw)
    notes = []
    for place in np.flatnonzero(counts)[:_MOST_NOTES]:
        word, read_as = raw.words[place], _shown(values.iloc[first[place]], column)
        if read_as and read_as != word:
            reason = _STATED if word in recipe.codes or recipe.otherwise else _KNOWN
            notes.append(
                source.note(recipe.column, word, read_as, int(counts[place]), reason=reason)
            )
    return _one_note_for_dates(notes) if column.kind == "date" else notes


def _first_rows(words: Words) -> np.ndarray:
    """Return the first row of each word."""
    rows = np.full(len(words.words) + 1, 0)
    rows[words.places[::-1]] = np.arange(len(words.places))[::-1]
    return rows


def _shown(value: object, column: Column) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    if column.kind == "truth":
        return "true" if value else "false"
    return str(value)[:10] if column.kind == "date" else str(value)


def _one_note_for_dates(notes: list[Note]) -> list[Note]:
    if not notes:
        return []
    total = sum(note.rows for note in notes)
    # A date of birth or death is never shown as an example: it belongs to somebody.
    reason = "dates in another order than year, month, day"
    return [replace(notes[0], found="dates", read_as="year-month-day", rows=total, reason=reason)]


def _days_after(source: Source, recipe: Recipe) -> Made:
    """Count days from a date: a constant, or that of another column."""
    assert recipe.days_after is not None
    start, days = recipe.days_after.date, recipe.days_after.days
    from_column = start in source.sheet.names
    start_recipe = Recipe(column=start) if from_column else Recipe(constant=start)
    plain = {"date_format": recipe.date_format if from_column else None}
    first = make_column(source, Column("date", "date", ""), start_recipe.model_copy(update=plain))
    count = make_column(source, Column("days", "count", ""), Recipe(column=days))
    n_days = count.cells.to_numpy(dtype="float64")
    whole = np.where(np.isnan(n_days), 0, np.round(n_days)).astype("timedelta64[D]")
    values = pd.Series(first.cells.to_numpy() + whole).where(~np.isnan(n_days))
    unreadable = first.unreadable | count.unreadable
    return Made(values, unreadable, [*first.faults, *count.faults])


def _outermost(source: Source, recipe: Recipe) -> Made:
    """Return the earliest or latest of several dates, some perhaps from other files."""
    names = recipe.earliest or recipe.latest or ()
    parts = [_dates(source, name, recipe) for name in names]
    dates = pd.DataFrame({place: made.cells for place, made in enumerate(parts)})
    values = dates.min(axis=1) if recipe.earliest else dates.max(axis=1)
    unreadable = np.logical_or.reduce([made.unreadable for made in parts])
    return Made(values, unreadable, [fault for made in parts for fault in made.faults])


def _dates(source: Source, name: str, recipe: Recipe) -> Made:
    date = Column(name, "date", "")
    if name in source.sheet.names:
        return make_column(source, date, Recipe(column=name, date_format=recipe.date_format))
    file, _, column = name.partition(".")
    sheet = source.find_sheet(file)
    if sheet is None:
        return Made(pd.Series(np.full(source.n_rows, "NaT", "datetime64[s]")), _none(source))
    other = replace(source, sheet=sheet)
    made = make_column(other, date, Recipe(column=column, date_format=recipe.date_format))
    by_patient = made.cells.groupby(other.ids().to_numpy())
    outermost = by_patient.min() if recipe.earliest else by_patient.max()
    values = outermost.reindex(source.ids().to_numpy()).reset_index(drop=True)
    return Made(values, _none(source), made.faults)


def _none(source: Source) -> np.ndarray:
    return np.zeros(source.n_rows, dtype=bool)


def make_further(source: Source, name: str, recipe: Recipe) -> Made:
    """Make a column that the schema does not know; its kind is stated, or judged from its cells."""
    kind = recipe.kind or (_kind(source, recipe) if recipe.column is not None else "text")
    made = make_column(source, Column(name, kind, ""), recipe)  # type: ignore[arg-type]
    hint = f"; if the column is not a {kind}, state its kind in the mapping file"
    return replace(made, faults=[replace(f, remedy=f.remedy + hint) for f in made.faults])


def _kind(source: Source, recipe: Recipe) -> str:
    held = source.sheet.cells[recipe.column].type
    for kind in ("date", "number", "truth"):
        if _typed(pa.chunked_array([pa.array([], held)]), kind) is not None:
            return "text" if recipe.codes else kind
    words = _raw_words(source, recipe).coded(recipe.codes, recipe.otherwise)
    return kind_of(words.words)
