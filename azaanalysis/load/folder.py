"""Find the files of a cohort in a folder, and read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from azaanalysis.errors import DataError, Fault
from azaanalysis.load.mapping import LoadMapping, Part
from azaanalysis.load.part import Rows, read_part
from azaanalysis.load.sheet import Sheet, refuse
from azaanalysis.load.source import Source
from azaanalysis.load.text_file import read_text
from azaanalysis.load.typed_file import read_parquet, read_xpt
from azaanalysis.load.workbook import read_sheet, sheet_names
from azaanalysis.schema import TABLES

TEXT = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
EXCEL = (".xlsx", ".xlsm")
PARQUET = (".parquet", ".pq")
XPT = (".xpt", ".xpt.gz")
_NO_DATA = ("readme", "dictionary.csv", "mapping.", "study.", "license", "truth.", "parameters.")


@dataclass(frozen=True, eq=False)
class Folder:
    """The files a cohort is read from.

    Parameters
    ----------
    name
        Name of the folder, without the path to it.
    paths
        Files by name.
    sheets_read
        What has been read so far, by file and way of reading.
    """

    name: str
    paths: dict[str, Path]
    sheets_read: dict[tuple[str, str], Sheet] = field(default_factory=dict)

    @classmethod
    def at(cls, source: Path | str) -> Folder:
        """Open a folder, or a single file as a folder that holds nothing else.

        Raises
        ------
        DataError
            If there is nothing at that place.
        """
        path = Path(source)
        if path.is_file():
            return cls(path.name.split(".")[0], {path.name: path})
        if not path.is_dir():
            remedy = "check the name; it is looked for from the folder you work in"
            raise refuse(path.name, "no such folder or file", "a folder with the data", remedy)
        files = sorted(file for file in path.iterdir() if file.is_file())
        return cls(path.resolve().name, {file.name: file for file in files})

    @property
    def data_files(self) -> list[str]:
        """Names of the files that may hold data."""
        endings = (*TEXT, *EXCEL, *PARQUET, *XPT, ".xls")
        return [
            name
            for name in self.paths
            if name.lower().endswith(endings) and not name.lower().startswith((".", "~", *_NO_DATA))
        ]

    def named(self, file: str) -> str | None:
        """Return the file of that name, with or without its ending."""
        if file in self.paths:
            return file
        found = [name for name in self.data_files if stem(name) == file.lower()]
        return found[0] if found else None

    def sheet(self, file: str, part: Part, *, table: str) -> Sheet:
        """Read a file once, however many tables are made from it."""
        key = (file, part.model_dump_json(include=_READING) + table * (not part.file))
        if key not in self.sheets_read:
            self.sheets_read[key] = _read_file(self.paths[file], part, table)
        return self.sheets_read[key]


_READING = {"encoding", "delimiter", "skip_rows", "sheet"}


def stem(name: str) -> str:
    """Return a file's name without its ending, in small letters."""
    return name.lower().split(".")[0]


def _read_file(path: Path, part: Part, table: str) -> Sheet:
    name = path.name.lower()
    if name.endswith(XPT):
        return read_xpt(path)
    if name.endswith(PARQUET):
        return read_parquet(path)
    if name.endswith(EXCEL):
        return read_sheet(path, part, table=table)
    if name.endswith(TEXT):
        return read_text(path, part, table=table)
    raise refuse(path.name, "a kind of file not read here", "CSV, Parquet or .xlsx", "save it so")


def read_tables(folder: Folder, mapping: LoadMapping) -> tuple[dict[str, list[Rows]], list[Fault]]:
    """Read every table: from the files the mapping names, else from those named as the table."""
    tables: dict[str, list[Rows]] = {}
    faults: list[Fault] = []
    for table in TABLES:
        for part, file in _files_of(folder, mapping, table):
            try:
                ids_aside = _ids_aside(tables)
                rows = read_part(_source(folder, mapping, table, part, file, ids_aside))
                tables.setdefault(table, []).append(rows)
            except DataError as error:
                faults += [_of_table(fault, table) for fault in error.faults]
                tables.setdefault(table, [])
    faults += unexpected_files(folder, mapping, tables)
    return tables, faults


def _ids_aside(tables: dict[str, list[Rows]]) -> frozenset[str]:
    """Return the patients that the mapping sets aside; their other records follow them."""
    return frozenset().union(*(rows.ids_aside for rows in tables.get("patients", [])))


def _source(
    folder: Folder,
    mapping: LoadMapping,
    table: str,
    part: Part,
    file: str | None,
    ids_aside: frozenset[str],
) -> Source:
    if file is None:
        shown = ", ".join(folder.data_files[:10]) or "no data files"
        remedy = f"correct the name in the mapping file; the folder has {shown}"
        raise refuse(part.file or table, "no such file", f"the file for {table}", remedy)
    drugs = mapping.drugs_known()

    def find_sheet(name: str) -> Sheet | None:
        other = folder.named(name)
        return None if other is None else folder.sheet(other, Part(file=other), table="")

    sheet = folder.sheet(file, part, table=table)
    return Source(table, sheet, part, drugs, find_sheet=find_sheet, ids_aside=ids_aside)


def _of_table(fault: Fault, table: str) -> Fault:
    return Fault(**{**vars(fault), "table": fault.table or table})


def _files_of(
    folder: Folder, mapping: LoadMapping, table: str
) -> Iterator[tuple[Part, str | None]]:
    """Return how to read each file of a table; a file that is named but not there is None."""
    parts = mapping.parts(table)
    for part in parts:
        if part.file is not None:
            file = folder.named(part.file)
            if file is not None or not part.optional:
                yield part, file
        else:
            only = folder.data_files if len(folder.data_files) == 1 else [None]
            own: Sequence[str | None] = _files_named(folder, table) or only
            yield from ((part, file) for file in own)
    if not parts:
        part = Part(**mapping.defaults.model_dump(exclude_unset=True))
        files = _files_named(folder, table)
        yield from ((part, file) for file in files if len(files) == 1)


def _files_named(folder: Folder, table: str) -> list[str]:
    """Return the file, or the workbook with a sheet, of the table's own name."""
    own = [name for name in folder.data_files if stem(name) == table]
    if own:
        return own
    books = [name for name in folder.data_files if name.lower().endswith(EXCEL)]
    return [name for name in books if stem(name) not in TABLES and _has_sheet(folder, name, table)]


def _has_sheet(folder: Folder, book: str, table: str) -> bool:
    try:
        return table in [name.strip().lower() for name in sheet_names(folder.paths[book])]
    except DataError:
        return False


def unexpected_files(
    folder: Folder, mapping: LoadMapping, tables: dict[str, list[Rows]]
) -> Iterator[Fault]:
    """Find two files for one table, and files that no table is read from."""
    for table in TABLES:
        files = [] if mapping.parts(table) else _files_named(folder, table)
        if len(files) > 1:
            tables.setdefault(table, [])
            yield Fault(
                *(table, ", ".join(files), "", (), f"{len(files)} files for {table}", "one file"),
                "keep one, or name them all in the mapping file",
            )
    used = {file for table in TABLES for _, file in _files_of(folder, mapping, table)}
    used |= {file for file, _ in folder.sheets_read}
    spare = [name for name in folder.data_files if name not in used and stem(name) not in TABLES]
    if any(mapping.parts(table) for table in TABLES):
        yield from _not_named(folder, spare)
    else:
        yield from (_unexpected(folder, name, tables) for name in spare)


def _not_named(folder: Folder, spare: list[str]) -> Iterator[Fault]:
    if spare:
        found = f"{len(spare)} files that the mapping file does not name ({spare[0]} ...)"
        words = (found, "only files that are read", "nothing, if they are not meant")
        yield Fault("", folder.name, "", (), *words, is_error=False)


def _unexpected(folder: Folder, name: str, tables: dict[str, list[Rows]]) -> Fault:
    if name.lower().endswith(EXCEL):
        found = (
            f"a workbook, not read, with the sheets {', '.join(sheet_names(folder.paths[name]))}"
        )
        remedy = "rename the sheets, or state file, sheet and skip_rows in a mapping file"
        expected = f"sheets named {', '.join(TABLES)}"
        return Fault("", name, "", (), found, expected, remedy, is_error=False)
    close = get_close_matches(stem(name), [table for table in TABLES if table not in tables], n=1)
    hint = f"rename it {close[0]} if that is meant" if close else "nothing, if it is not meant"
    expected = f"a table's name: {', '.join(TABLES)}"
    return Fault("", name, "", (), "an unexpected file, not read", expected, hint, is_error=False)
