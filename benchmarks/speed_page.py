"""The speed table for readers: ``SPEED.md``, made from the file of results."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from benchmarks.speed_ours import TASKS

_INTRODUCTION = """# How fast are the estimators?

This page is made by `benchmarks/estimators.py`; nothing in it is typed by hand. Times have heavy
ties (whole days up to three years); there are ten covariates. Each measurement is a process of
its own, warmed up on a thousand rows; seconds are those of the fastest repeat, without reading
data and without bringing it into the types and frames that a package asks for.

- **fastest peer**: our time divided by that of the fastest other package; below 1 we are faster.
- **passes**: our time divided by that of summing every input column once.
- **memory**: what the work took at its peak above the data, divided by the size of its input.
- A peer without a number was stopped after {limit} s or ran out of memory; it was not run with more
  persons after that, nor where ten times its time with a tenth of the persons is above {limit} s.
- Curves and tests of statsmodels are the same numbers as ours, without limits, numbers at risk and
  person-time. lifelines takes weights as counts in the weighted curve and has no clustered
  errors in the start-stop model: its times are those of an easier task.
"""


def write_page(results: Path, page: Path) -> None:
    """Write ``SPEED.md`` from the file of results."""
    rows = pd.read_csv(results, keep_default_na=False, na_values={"seconds": ""})
    numbers = ["seconds", "peak_bytes", "input_bytes", "pass_seconds"]
    rows[numbers] = rows[numbers].apply(pd.to_numeric, errors="coerce")
    lines = [_INTRODUCTION.format(limit=rows["limit"].max()), *_facts(rows), ""]
    for task, title in ((name, task.title) for name, task in TASKS.items()):
        of_task = rows[rows["task"] == task]
        if len(of_task):
            lines += [f"## {title}", "", *_table(of_task), ""]
    page.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _facts(rows: pd.DataFrame) -> Iterable[str]:
    dates = sorted(set(rows["date"]))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    span = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    yield (
        f"Measured {span} on {os.cpu_count()} cores ({_processor()}) with {memory:.0f} GB; Python "
        f"{platform.python_version()}, {_versions(rows)}."
    )


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if not information.exists():
        return platform.machine()
    lines = information.read_text(encoding="utf-8").splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _versions(rows: pd.DataFrame) -> str:
    known = rows[["engine", "version"]].drop_duplicates()
    return ", ".join(f"{row.engine} {row.version}" for row in known.itertuples() if row.version)


def _table(rows: pd.DataFrame) -> Iterable[str]:
    """Return seconds by size and engine, then how ours compare."""
    engines = list(dict.fromkeys(rows["engine"]))
    yield f"| persons | {' | '.join(engines)} | fastest peer | passes | memory |"
    yield "|---" * (len(engines) + 4) + "|"
    for size, of_size in rows.groupby("n"):
        found = of_size.set_index("engine")
        cells = [_cell(found.loc[engine]) if engine in found.index else "" for engine in engines]
        yield f"| {size:,} | {' | '.join(cells)} | {' | '.join(_ratios(found))} |"


def _cell(row: pd.Series) -> str:
    if row["seconds"] != row["seconds"]:
        if row["outcome"].startswith("not run"):
            return str(row["outcome"])
        return f"> {row['limit']} s" if row["outcome"] == "too slow" else _first(row["outcome"])
    return f"{row['seconds']:.3g} s"


def _first(words: str) -> str:
    return words.split(":")[0]


def _ratios(found: pd.DataFrame) -> list[str]:
    """Return ours against the fastest peer, against one pass, and memory against the input."""
    if "ours" not in found.index or found.loc["ours", "seconds"] != found.loc["ours", "seconds"]:
        return ["", "", ""]
    ours = found.loc["ours"]
    peers = found.drop("ours")["seconds"].dropna()
    against = f"{ours['seconds'] / peers.min():.2f}" if len(peers) else "no peer"
    passes = f"{ours['seconds'] / ours['pass_seconds']:.0f}"
    return [against, passes, f"{ours['peak_bytes'] / ours['input_bytes']:.1f}"]
