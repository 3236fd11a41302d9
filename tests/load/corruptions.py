"""Every way in which an export has gone wrong, with the message it must give.

One entry: a name, how the sound cohort is spoiled (its tables, or its files once written), and the
file, column, row and words that the message must have.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.load.sound import Files

Spoil = Callable[[Files], object]
SpoilFiles = Callable[[Path], object]


@dataclass(frozen=True)
class Corruption:
    """A fault, and what must be said about it."""

    name: str
    file: str
    column: str
    row: int | None
    says: str
    tables: Spoil | None = None
    files: SpoilFiles | None = None
    mapping: dict[str, Any] = field(default_factory=dict)
    is_error: bool = True


def cell(name: str, place: tuple[str, int, str], value: str, says: str) -> Corruption:
    """Spoil one cell."""
    table, row, column = place
    return Corruption(
        name, f"{table}.csv", column, row, says, tables=lambda f: f.put(table, row, column, value)
    )


def odd(name: str, place: tuple[str, int, str], value: str, says: str) -> Corruption:
    """Spoil one cell in a way that is worth a warning only."""
    return Corruption(**{**vars(cell(name, place, value, says)), "is_error": False})


def _rewrite(file: str, rewrite: Callable[[str], str | bytes]) -> SpoilFiles:
    def spoil(folder: Path) -> None:
        written = rewrite((folder / file).read_text(encoding="utf-8"))
        content = written if isinstance(written, bytes) else written.encode()
        (folder / file).write_bytes(content)

    return spoil


def _days(*dates: str) -> list[str]:
    return list(dates)


CELLS = (
    cell("stop before start", ("courses", 2, "stop_date"), "2016-06-30", "before the start"),
    cell("reason without a stop", ("courses", 3, "stop_reason"), "other", "without a stop date"),
    cell("negative dose", ("courses", 2, "dose_mg_per_day"), "-150", "from 0 to 20000 mg per day"),
    cell("unknown drug", ("courses", 4, "drug"), "azathiopreen", "nearest: azathioprine"),
    cell("class of another drug", ("courses", 5, "treatment_class"), "anti_tnf", "for tofacitinib"),
    cell("unknown stop reason", ("courses", 2, "stop_reason"), "bored", "one of adverse_event"),
    cell("course of nobody", ("courses", 2, "patient_id"), "QX75K", "not in the table patients"),
    cell("course without a start", ("courses", 2, "start_date"), "", "an empty cell"),
    cell("course without a drug", ("courses", 2, "drug"), "", "an empty cell"),
    cell("course before birth", ("courses", 5, "start_date"), "1918-05-02", "before the patient"),
    cell("course after death", ("courses", 4, "start_date"), "2020-11-13", "after death"),
    cell("text in a dose", ("courses", 2, "dose_mg_per_day"), "high", "text where a number"),
    cell("unit in a dose", ("courses", 2, "dose_mg_per_day"), "150 mg", "a number with text"),
    cell("decimal comma", ("patients", 2, "weight_kg"), "61,5", 'decimal: ","'),
    cell("thousands separator", ("labs", 2, "value"), "6,500", "thousands separator"),
    cell("weight in grams", ("patients", 3, "weight_kg"), "82000", "from 1 to 400 kg"),
    cell("half a biologic", ("patients", 3, "prior_biologics"), "1.5", "a whole number"),
    cell("neither true nor false", ("patients", 4, "has_liver_disease"), "maybe", "true or false"),
    cell("unknown sex", ("patients", 4, "sex"), "femal", "nearest: female"),
    cell("unknown disease", ("patients", 2, "disease"), "colitis?", "one of crohns_disease"),
    cell("no disease", ("patients", 2, "disease"), "", "an empty cell"),
    cell("window reversed", ("patients", 2, "observed_to"), "2013-12-31", "before observed_from"),
    cell("no observation time", ("patients", 2, "observed_to"), "2015-01-01", "no observation"),
    cell("death before the window", ("patients", 3, "death_date"), "2014-10-10", "observed_from"),
    cell("born after the window", ("patients", 2, "birth_date"), "2018-02-14", "after observed"),
    cell("date in the future", ("patients", 2, "observed_to"), "2221-12-31", "in the future"),
    cell("date before 1900", ("patients", 2, "birth_date"), "1880-02-14", "before 1900"),
    cell("month 13", ("courses", 2, "start_date"), "2017-13-01", "may be exchanged"),
    cell("30 February", ("courses", 2, "start_date"), "2017-02-30", "does not exist"),
    cell("Excel serial number", ("courses", 2, "start_date"), "42795", "Excel serial number"),
    cell("year of two digits", ("courses", 2, "start_date"), "01/03/17", "two digits"),
    cell("incomplete date", ("courses", 2, "start_date"), "2017-03", "an incomplete date"),
    cell("eight digits", ("courses", 2, "start_date"), "20170301", "eight digits"),
    cell("word for a date", ("courses", 2, "start_date"), "spring 2017", "no date"),
    cell("no identifier", ("patients", 5, "patient_id"), "", "an empty cell"),
    cell("visit before birth", ("visits", 2, "visit_date"), "1979-06-05", "before the patient"),
    cell("visit that says nothing", ("visits", 2, "value"), "", "neither value nor"),
    cell("impossible score", ("visits", 3, "value"), "14", "14 for mayo"),
    cell("white cells of 6500", ("labs", 2, "value"), "6500", "where the unit says 10^9/L"),
    cell("negative result", ("labs", 2, "value"), "-99", "wbc -99"),
    cell("ALT without its limit", ("labs", 3, "upper_limit_normal"), "", "without an upper limit"),
    cell("unknown unit", ("labs", 2, "unit"), "per field", "wbc in 'per field'"),
    cell("no unit", ("labs", 2, "unit"), "", "an empty cell"),
    cell("below detection", ("labs", 5, "value"), "<0.6", "limit of detection"),
    cell("text in a result", ("labs", 2, "value"), "clumped", "text where a number belongs"),
    cell("event before birth", ("events", 2, "event_date"), "1919-01-20", "before the patient"),
    cell("event of nobody", ("events", 2, "patient_id"), "QX75K", "not in the table patients"),
    cell("event ends before", ("events", 2, "end_date"), "2018-02-02", "before the event began"),
    cell("event in the future", ("events", 2, "event_date"), "2219-01-20", "in the future"),
    cell("identifier shifted", ("events", 2, "event_date"), "QX71K", "(an identifier)"),
    cell("steroid stops first", ("steroids", 2, "stop_date"), "2016-05-31", "before the start"),
    cell("steroid without dose", ("steroids", 2, "prednisolone_mg_per_day"), "", "an empty cell"),
    cell("negative time", ("times", 2, "time_days"), "-3", "from 0 days up"),
    cell("text in a covariate", ("patients", 2, "crp_mg_per_l"), "n.d.", "text where a number"),
    cell("site of nobody", ("patients", 2, "observed_from"), "", "an empty cell"),
    odd("unusual white cells", ("labs", 2, "value"), "120", "a more usual result"),
    odd("stop long after death", ("courses", 4, "stop_date"), "2020-12-24", "more than 7 days"),
    odd("observed after death", ("patients", 3, "observed_to"), "2020-12-31", "after death"),
)

TABLES = (
    Corruption(
        *("duplicate patient", "patients.csv", "patient_id", 2, "in more than one row"),
        tables=lambda f: f.tables["patients"].append(f.tables["patients"][1]),
    ),
    Corruption(
        *("two sexes for one patient", "patients.csv", "sex", 6, "two sexes"),
        tables=lambda f: f.add(
            "patients", "QX71K,1980-02-14,male,crohns_disease,,,,,,,2015-01-01,2021-12-31,,"
        ),
    ),
    Corruption(
        *("neither birth nor age", "patients.csv", "age_years", 2, "neither birth_date nor age"),
        tables=lambda f: f.drop("patients", "birth_date"),
    ),
    Corruption(
        *("age against birth", "patients.csv", "age_years", 3, "but born 1955-11-30"),
        tables=lambda f: f.new_column("patients", "age_years", ["34", "39", "24", "41"]),
    ),
    Corruption(
        *("continuing spell with a later stop", "courses.csv", "start_date", 6, "never be stopped"),
        tables=lambda f: f.put("courses", 6, "stop_date", "").put("courses", 6, "stop_reason", ""),
    ),
    Corruption(
        *("overlapping spells", "courses.csv", "start_date", 7, "overlapping spells count as one"),
        tables=lambda f: f.put("courses", 6, "stop_date", "2018-03-31"),
        is_error=False,
    ),
    Corruption(
        *("event seven days after death", "events.csv", "event_date", 5, "up to 7 days after"),
        tables=lambda f: f.add("events", "QX72K,2020-10-14,infection,yes,no,,"),
        is_error=False,
    ),
    Corruption(
        *("event after observation", "events.csv", "event_date", 5, "will not count"),
        tables=lambda f: f.add("events", "QX74K,2022-07-14,infection,yes,no,,"),
        is_error=False,
    ),
    Corruption(
        *("event a year after death", "events.csv", "event_date", 5, "more than 7 days after"),
        tables=lambda f: f.add("events", "QX72K,2021-10-14,infection,yes,no,,"),
    ),
    Corruption(
        *("death without its date", "courses.csv", "stop_reason", 4, "no death_date"),
        tables=lambda f: f.put("patients", 3, "death_date", ""),
        is_error=False,
    ),
    Corruption(
        *("the same event twice", "events.csv", "event_date", 2, "the same in every column"),
        tables=lambda f: f.tables["events"].append(f.tables["events"][1]),
    ),
    Corruption(
        *("the same result twice", "labs.csv", "test_date", 2, "the same in every column"),
        tables=lambda f: f.tables["labs"].append(f.tables["labs"][1]),
        is_error=False,
    ),
    Corruption(
        *("dates that fit both orders", "events.csv", "event_date", 2, "day/month or month/day"),
        tables=lambda f: f.fill("events", "event_date", ["02/01/2019", "07/06/2018", "02/03/2016"]),
    ),
    Corruption(
        *("orders exchanged in one row", "events.csv", "event_date", 3, "may be exchanged"),
        tables=lambda f: f.fill("events", "event_date", ["20/01/2019", "07/13/2018", "17/02/2016"]),
    ),
    Corruption(
        *("misspelt column", "courses.csv", "stop_dat", None, "stop_date, if that is meant"),
        tables=lambda f: f.rename("courses", "stop_date", "stop_dat"),
    ),
    Corruption(
        *("misspelt required column", "courses.csv", "start_date", None, "nearest: strat_date"),
        tables=lambda f: f.rename("courses", "start_date", "strat_date"),
    ),
    Corruption(
        *("missing column", "labs.csv", "unit", None, "no such column"),
        tables=lambda f: f.drop("labs", "unit"),
    ),
    Corruption(
        *("duplicated column", "labs.csv", "value", None, "the same column name 2 times"),
        tables=lambda f: f.rename("labs", "upper_limit_normal", "value"),
    ),
    Corruption(
        *("nameless column", "labs.csv", "", 1, "no name above column 7"),
        tables=lambda f: f.new_column("labs", "", ["1", "2", "3", "4"]),
    ),
    Corruption(
        *("two columns for one", "patients.csv", "Sex", None, "two columns that can be sex"),
        tables=lambda f: f.new_column("patients", "Sex", ["f", "m", "f", "m"]),
    ),
    Corruption(
        *("stand-in for unknown", "patients.csv", "weight_kg", 2, "from 1 to 400 kg"),
        tables=lambda f: f.put("patients", 2, "weight_kg", "-99"),
    ),
)

FILES = (
    Corruption(
        *("empty file", "courses.csv", "", None, "an empty file"),
        files=_rewrite("courses.csv", lambda _: ""),
    ),
    Corruption(
        *("header only", "courses.csv", "", None, "no rows"),
        files=_rewrite("courses.csv", lambda text: text.splitlines()[0]),
    ),
    Corruption(
        *("no courses at all", "courses", "", None, "no rows"),
        files=lambda folder: (folder / "courses.csv").unlink(),
    ),
    Corruption(
        *("semicolons", "courses.csv", "", 1, 'delimiter: ";"'),
        files=_rewrite("courses.csv", lambda text: text.replace(",", ";")),
    ),
    Corruption(
        *("tabs in a CSV", "courses.csv", "", 1, 'delimiter: "\\t"'),
        files=_rewrite("courses.csv", lambda text: text.replace(",", "\t")),
    ),
    Corruption(
        *("Windows text", "patients.csv", "", 2, "encoding: windows-1252"),
        files=_rewrite("patients.csv", lambda t: t.replace("North", "Zürich").encode("cp1252")),
    ),
    Corruption(
        *("UTF-16", "patients.csv", "", 1, "encoding: utf-16"),
        files=_rewrite("patients.csv", lambda text: text.encode("utf-16")),
    ),
    Corruption(
        *("unknown encoding", "patients.csv", "", None, "the encoding 'utf8000'"),
        mapping={"patients": {"file": "patients.csv", "encoding": "utf8000"}},
    ),
    Corruption(
        *("titles above the header", "courses.csv", "", 1, "skip_rows: 2"),
        files=_rewrite("courses.csv", lambda text: "Export of May\n\n" + text),
    ),
    Corruption(
        *("row too short", "courses.csv", "", 3, "3 cells"),
        files=_rewrite(
            "courses.csv",
            lambda t: t.replace("QX71K,infliximab,anti_tnf,", "QX71K,x,").replace(
                "QX71K,x,2018-08-01,,,,intravenous", "QX71K,infliximab,oral"
            ),
        ),
    ),
    Corruption(
        *("row too long", "courses.csv", "", 3, "9 cells"),
        files=_rewrite("courses.csv", lambda text: text.replace("intravenous", "by vein, slowly")),
    ),
    Corruption(
        *("quotation mark left open", "courses.csv", "", 3, "never closed"),
        files=_rewrite("courses.csv", lambda text: text.replace(",intravenous", ',"intravenous')),
    ),
    Corruption(
        *("two files for one table", "courses.csv, courses.tsv", "", None, "2 files for courses"),
        files=lambda folder: (folder / "courses.tsv").write_text("a\tb\n1\t2\n"),
    ),
    Corruption(
        *("unexpected file", "biopsies.csv", "", None, "not read"),
        files=lambda folder: (folder / "biopsies.csv").write_text("a,b\n1,2\n"),
        is_error=False,
    ),
    Corruption(
        *("no Parquet inside", "courses.parquet", "", None, "no readable Parquet file"),
        files=lambda folder: (folder / "courses.csv").rename(folder / "courses.parquet"),
    ),
    Corruption(
        *("no workbook inside", "courses.xlsx", "", None, "no readable workbook"),
        files=lambda folder: (folder / "courses.csv").rename(folder / "courses.xlsx"),
    ),
    Corruption(
        *("no transport file inside", "adsl.xpt", "", None, "no readable SAS transport file"),
        files=lambda folder: (folder / "adsl.xpt").write_text("not this"),
    ),
    Corruption(
        *("old Excel format", "courses.xls", "", None, "not read here"),
        files=lambda folder: (folder / "courses.csv").rename(folder / "courses.xls"),
    ),
    Corruption(
        *("packed file cut short", "courses.csv.gz", "", None, "cannot be unpacked"),
        files=lambda folder: _cut_short(folder / "courses.csv"),
    ),
)


def _cut_short(path: Path) -> None:
    path.with_suffix(".csv.gz").write_bytes(gzip.compress(path.read_bytes())[:60])
    path.unlink()


_COURSES = {"file": "courses.csv"}
MAPPINGS = (
    Corruption(
        *("mapping names no column", "courses.csv", "begin", None, "no such column"),
        mapping={"courses": {**_COURSES, "columns": {"start_date": "begin"}}},
    ),
    Corruption(
        *("mapping names no file", "spells.csv", "", None, "no such file"),
        mapping={"courses": {"file": "spells.csv"}},
    ),
    Corruption(
        *("mapping keeps rows by no column", "courses.csv", "phase", None, "no such column"),
        mapping={"courses": {**_COURSES, "where": {"phase": "1"}}},
    ),
    Corruption(
        *("dates not as the mapping says", "courses.csv", "start_date", 2, "as the mapping file"),
        mapping={
            "courses": {
                **_COURSES,
                "columns": {"start_date": {"column": "start_date", "date_format": "DD/MM/YYYY"}},
            }
        },
    ),
    Corruption(
        *("code left out of the mapping", "patients.csv", "sex", 3, "'2'"),
        tables=lambda f: f.fill("patients", "sex", ["1", "2", "1", "2"]),
        mapping={
            "patients": {
                "file": "patients.csv",
                "columns": {"sex": {"column": "sex", "codes": {"1": "female"}}},
            }
        },
    ),
)

CORRUPTIONS = (*CELLS, *TABLES, *FILES, *MAPPINGS)
