"""Every estimate of a report in one file: JSON and Parquet, with a schema that has a version.

The idea is that of the CDISC Analysis Results Standard and of DARWIN's summarised results: a
result is a row that says by itself what it is about. In Parquet every row is there and complete. In
JSON what the rows of an estimate share is written once, and of a long estimate, most often a curve,
only the days that the study shows; :func:`read_results` puts both files together again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from azaanalysis.display.source import as_plain
from azaanalysis.errors import ReportError
from azaanalysis.report.curves import lengthen, shorten
from azaanalysis.report.results import NOTEBOOK_RESULTS
from azaanalysis.result import COLUMNS, Estimate
from azaanalysis.study import Study
from azaanalysis.vocab import QUANTITIES

SCHEMA, SCHEMA_VERSION = "azaanalysis-results", "1.2"
JSON_NAME, PARQUET_NAME = "results.json", "results.parquet"


@dataclass(frozen=True)
class ResultField:
    """One column of the results: its name, kind and meaning; whether it is never empty."""

    name: str
    kind: Literal["text", "number", "count"]
    meaning: str
    is_required: bool = False


FIELDS = (
    ResultField("notebook", "text", "notebook that made the estimate", is_required=True),
    ResultField("estimate", "text", "name of the estimate in its notebook", is_required=True),
    ResultField("endpoint", "text", "endpoint, as named in the study file"),
    ResultField("estimand", "text", "what is estimated, in one sentence"),
    ResultField("cause", "text", "which way of ending; empty for the endpoint as a whole"),
    ResultField("arm", "text", "arm that the number belongs to"),
    ResultField("versus", "text", "arm it is compared with; empty if nothing is compared"),
    ResultField("quantity", "text", "what is measured: a word of the vocabulary", is_required=True),
    ResultField("unit", "text", "unit of value, lower and upper; empty for a plain number"),
    ResultField("at_days", "number", "day it holds for; missing if it belongs to no single day"),
    ResultField("value", "number", "the estimate; a probability runs from 0 to 1"),
    ResultField("lower", "number", "lower limit of the interval"),
    ResultField("upper", "number", "upper limit of the interval"),
    ResultField("std_error", "number", "standard error of the value"),
    ResultField("patients", "count", "patients, as observed; in a curve those still at risk"),
    ResultField("events", "count", "events, as observed; in a curve those up to that day"),
    ResultField("patient_years", "number", "time at risk in patient-years, as observed"),
    ResultField("level", "number", "coverage of the interval, 0.95 for instance"),
    ResultField("interval", "text", "which uncertainty the interval contains"),
    ResultField("method", "text", "how it was estimated"),
    ResultField("weighting", "text", "how the arms were made comparable; none if they were not"),
    ResultField("study_hash", "text", "changes with any setting of the study", is_required=True),
    ResultField("cohort_fingerprint", "text", "changes with any value in the data"),
    ResultField("smallest_count", "count", "counts below were blanked before this was written"),
)
_SHARED = ("estimand", "level", "interval", "method", "weighting", "smallest_count")
_NAME_IN_ABOUT = {"study_hash": "study", "cohort_fingerprint": "cohort"}
# Seven digits of a number are known: 32 bits hold them, in half the room.
_SHORT = ["value", "lower", "upper", "std_error", "patient_years"]
# Below this depth of the JSON file an entry has one line: a changed row is a changed line.
_MOST_DEEP = 5
_TYPES = {"text": "object", "number": "float64", "count": "Int64"}


def gather_results(folder: Path, *, notebooks: Sequence[str], study: Study) -> dict[str, Any]:
    """Join what the notebooks of a report have written into one record, ready to be written.

    Small counts are blank already: a notebook's estimates are suppressed before they reach a file.
    """
    written = {name: _read_json(folder / name / NOTEBOOK_RESULTS) for name in notebooks}
    found = {name: entry for name, entry in written.items() if entry}
    return {
        "schema": SCHEMA,
        "version": SCHEMA_VERSION,
        "study": {"title": study.title, "name": study.name, "hash": study.hash},
        "settings": study.model_dump(mode="json", exclude={"source": {"folder", "mapping"}}),
        "observed": _observed(found.values()),
        "cohort_fingerprint": next((r["cohort"] for r in found.values() if r["cohort"]), ""),
        "smallest_count": max((r["smallest_count"] for r in found.values()), default=1),
        "masked_rows": sum(r["masked_rows"] for r in found.values()),
        "columns": list(COLUMNS),
        "estimates": [
            {"notebook": notebook, "estimate": name, "about": e["about"], "rows": e["rows"]}
            for notebook, entry in found.items()
            for name, e in entry["estimates"].items()
        ],
    }


def write_record(record: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the record of a report as ``results.json`` and ``results.parquet``.

    Raises
    ------
    ReportError
        If the rows do not satisfy the schema; every fault is listed.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = as_frame(record)
    check_results(frame)
    days = [float(day) for day in record["settings"]["show"]["at_days"]]
    short = {**record, "estimates": [shorten(entry, days) for entry in record["estimates"]]}
    text = _spread(short, depth=_MOST_DEEP)
    json_path, parquet_path = folder / JSON_NAME, folder / PARQUET_NAME
    json_path.write_text(text + "\n", encoding="utf-8")
    narrow = frame.astype(dict.fromkeys(_SHORT, "float32"))
    table = pa.Table.from_pandas(narrow, preserve_index=False)
    words = {"schema": SCHEMA, "version": SCHEMA_VERSION, "study": str(record["study"]["title"])}
    pq.write_table(
        table.replace_schema_metadata(words),
        parquet_path,
        compression="zstd",
        compression_level=19,
        # Measured numbers hardly repeat, and shrink better byte by byte.
        use_dictionary=[field.name for field in FIELDS if field.name not in _SHORT],
        use_byte_stream_split=_SHORT,
    )
    return [json_path, parquet_path]


def read_record(path: str | Path) -> dict[str, Any]:
    """Read the record of a report: its folder, or its ``results.json`` with the Parquet beside it.

    Raises
    ------
    ReportError
        If there is none, it is of another kind or a later version, or the rows of curves are
        missing.
    """
    path = Path(path)
    path = path / JSON_NAME if path.is_dir() else path
    record = _read_json(path)
    if not record:
        raise ReportError(
            f"There are no results at {path}. Give the folder of a report, or its {JSON_NAME}."
        )
    major = str(record.get("version", "")).split(".")[0]
    if record.get("schema") != SCHEMA or major != SCHEMA_VERSION.split(".")[0]:
        raise ReportError(
            f"{path} holds no results of version {SCHEMA_VERSION.split('.')[0]}. Make the report "
            "again with this version of azaanalysis."
        )
    return lengthen(record, path.with_name(PARQUET_NAME))


def read_results(path: str | Path) -> pd.DataFrame:
    """Read the results of a report: one complete row for each number, columns as in ``FIELDS``.

    Parameters
    ----------
    path
        Folder of the report, its ``results.json`` or its ``results.parquet``.
    """
    path = Path(path)
    if path.suffix == ".parquet":
        return _rounded(_typed(pd.read_parquet(path)))
    return as_frame(read_record(path))


def as_frame(record: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows of a record, each complete by itself."""
    parts = [
        _typed(pd.DataFrame(entry["rows"], columns=record["columns"]).assign(**_shared(entry)))
        for entry in record["estimates"]
        if entry["rows"]
    ]
    return pd.concat(parts, ignore_index=True) if parts else _typed(pd.DataFrame())


def as_estimates(record: Mapping[str, Any]) -> Iterator[tuple[str, str, Estimate]]:
    """Return each estimate of a record with its notebook and name."""
    for entry in record["estimates"]:
        frame = pd.DataFrame(entry["rows"], columns=record["columns"])
        yield entry["notebook"], entry["estimate"], Estimate(frame, entry["about"])


def check_results(frame: pd.DataFrame) -> None:
    """Refuse results that do not satisfy the schema.

    Raises
    ------
    ReportError
        Lists every fault: columns, empty cells that must not be, unknown quantities, limits on
        the wrong side of each other, negative counts.
    """
    faults = list(_faults(frame))
    if faults:
        raise ReportError("The results do not satisfy their schema: " + "; ".join(faults) + ".")


def _faults(frame: pd.DataFrame) -> Iterator[str]:
    names = [field.name for field in FIELDS]
    if list(frame.columns) != names:
        yield f"the columns are {', '.join(frame.columns)}, not {', '.join(names)}"
        return
    for field in FIELDS:
        cells = frame[field.name]
        if field.is_required and (cells == "").any():
            yield f"{field.name} is empty in {(cells == '').sum()} rows"
        if field.kind == "count" and (cells < 0).any():
            yield f"{field.name} is negative in {(cells < 0).sum()} rows"
    unknown = sorted(set(frame["quantity"]) - set(QUANTITIES))
    if unknown:
        yield f"quantity has words that the vocabulary lacks: {', '.join(unknown)}"
    crossed = frame["lower"] > frame["upper"]
    if crossed.any():
        yield f"lower lies above upper in {crossed.sum()} rows"


def _observed(written: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the first and last day of the data behind the estimates; nothing if none says."""
    about = (e["about"] for entry in written for e in entry["estimates"].values())
    return next((list(a["observed"]) for a in about if a.get("observed")), [])


def _shared(entry: Mapping[str, Any]) -> dict[str, Any]:
    about = entry["about"]
    shared = {name: about.get(name) for name in _SHARED}
    shared |= {name: about.get(key, "") for name, key in _NAME_IN_ABOUT.items()}
    return {"notebook": entry["notebook"], "estimate": entry["estimate"], **shared}


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.reindex(columns=[field.name for field in FIELDS])
    for field in FIELDS:
        cells = frame[field.name]
        filled = cells.where(cells.notna(), "") if field.kind == "text" else cells
        frame[field.name] = filled.astype(pd.api.types.pandas_dtype(_TYPES[field.kind]))
    return frame


def _rounded(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the seven digits that were written, without those of 32 bits."""
    return frame.assign(**{name: [as_plain(n) for n in frame[name]] for name in _SHORT}).astype(
        dict.fromkeys(_SHORT, "float64")
    )


def _read_json(path: Path) -> dict[str, Any]:
    """Return what a file holds, or nothing if it is not there or is no JSON object."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _spread(entry: Any, *, depth: int) -> str:
    """Write JSON with a line for each part of an entry, down to some depth."""
    if not isinstance(entry, (dict, list)):
        return json.dumps(entry, ensure_ascii=False, allow_nan=False)
    parts = entry.values() if isinstance(entry, dict) else entry
    if depth == 0 or not any(isinstance(part, (dict, list)) for part in parts):
        return json.dumps(entry, ensure_ascii=False, allow_nan=False)
    if isinstance(entry, list):
        return "[\n" + ",\n".join(_spread(part, depth=depth - 1) for part in entry) + "\n]"
    lines = (
        f"{json.dumps(key, ensure_ascii=False)}: {_spread(part, depth=depth - 1)}"
        for key, part in entry.items()
    )
    return "{\n" + ",\n".join(lines) + "\n}"
