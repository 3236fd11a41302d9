"""Write the data dictionary and the empty templates from the schema."""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path

from azaanalysis.errors import DataError, Fault
from azaanalysis.schema.plausible import MEASURES, TESTS
from azaanalysis.schema.tables import TABLES, Column

_KINDS = {
    "text": "text",
    "code": "word",
    "date": "date, YYYY-MM-DD",
    "number": "number, decimal point",
    "count": "whole number",
    "truth": "true or false",
}
_INTRODUCTION = """# The data: what each table and column must be

This page is written from the schema (`azaanalysis.schema.TABLES`); change it there. `patients` and
`courses` are required; a question that needs another table says so. Empty means unknown. Other
column names, code lists, date formats and units are stated once in a mapping file, so that the
export itself is never edited.

Dates of stopping are the last day covered. Patients never appear in a report or in a message.
"""


def write_dictionary(path: Path) -> Path:
    """Write the data dictionary as Markdown."""
    path.write_text(dictionary_text(), encoding="utf-8")
    return path


def dictionary_text() -> str:
    """Return the data dictionary as Markdown."""
    parts = [_INTRODUCTION]
    for table in TABLES.values():
        need = "required" if table.required else "optional"
        parts.append(f"## `{table.name}` ({need}): one row is {table.one_row_is}\n")
        parts.append("| Column | Type | Values | Meaning |\n| --- | --- | --- | --- |")
        parts += [_row(column) for column in table.columns]
        parts.append("")
    mapping_words = files("azaanalysis.schema").joinpath("mapping_words.md")
    return "\n".join([*parts, _tests(), _measures(), mapping_words.read_text(encoding="utf-8")])


def _row(column: Column) -> str:
    name = f"`{column.name}`" + (" (required)" if column.required else "")
    return f"| {name} | {_KINDS[column.kind]} | {_values(column)} | {column.meaning} |"


def _values(column: Column) -> str:
    if column.codes:
        return ", ".join(column.codes)
    if column.low is None:
        return column.unit
    top = "up" if column.high is None else f"to {column.high:g}"
    return f"{column.low:g} {top} {column.unit}".rstrip()


def _tests() -> str:
    rows = [
        f"| `{name}` | {test.unit} | {', '.join(test.factors)} | {test.unusual_above:g} "
        f"| {test.impossible_above:g} | {'yes' if test.needs_limit else ''} |"
        for name, test in TESTS.items()
    ]
    head = "| Test | Unit | Converted from | Warned above | Refused above | Needs the limit |"
    title = "## Laboratory tests that are checked (others are kept as they are)\n"
    return "\n".join([title, head, "| --- | --- | --- | --- | --- | --- |", *rows, ""])


def _measures() -> str:
    rows = [f"| `{name}` | {m.low:g} to {m.high:g} |" for name, m in MEASURES.items()]
    title = "## Measures of disease activity that are checked\n"
    return "\n".join([title, "| Measure | Range |", "| --- | --- |", *rows, ""])


def write_templates(folder: Path) -> list[Path]:
    """Write one empty CSV per table, and the dictionary as ``dictionary.csv``.

    Parameters
    ----------
    folder
        Made if it does not exist. A file that is already there is never written over.

    Raises
    ------
    DataError
        If a file of the same name is there; nothing is written then.
    """
    _refuse_existing(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = [_write(folder / f"{name}.csv", [table.names]) for name, table in TABLES.items()]
    head = ("table", "column", "type", "required", "values", "meaning")
    rows = [
        (name, c.name, _KINDS[c.kind], "yes" if c.required else "no", _values(c), c.meaning)
        for name, table in TABLES.items()
        for c in table.columns
    ]
    return [*written, _write(folder / "dictionary.csv", [head, *rows])]


def _refuse_existing(folder: Path) -> None:
    names = [f"{name}.csv" for name in (*TABLES, "dictionary")]
    there = [name for name in names if (folder / name).exists()]
    if there:
        words = ("a file that is already there", "a folder without it", "name an empty folder")
        faults = [Fault(name.split(".")[0], name, "", (), *words) for name in there]
        raise DataError(faults, heading="No template was written.")


def _write(path: Path, rows: list[tuple[str, ...]]) -> Path:
    with path.open("x", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path
