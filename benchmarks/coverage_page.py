"""The coverage table for readers: ``COVERAGE.md``, made from the files of results."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from azaanalysis import __version__
from benchmarks.questions import PEERS, QUESTIONS

_TITLES = {name: question.title for name, question in {**QUESTIONS, **PEERS}.items()}
_PACKAGES = ("numpy", "scipy", "pandas", "lifelines")
_INTRODUCTION = """# Do the intervals hold what they promise?

This page is made by `benchmarks/coverage.py`; nothing in it is typed by hand. Cohorts are drawn
from worlds whose truth is known without estimating (`benchmarks/worlds.py`,
`benchmarks/world_truth.py`) and weighed by an estimated propensity score; each estimator is asked
for a 95 % interval. All quantities are of the second arm; contrasts are against the first.

- **Worlds.** *no_effect*: arms differ in who receives them, not in what they do. *confounded*: they
  differ in both. *delayed*: no effect for 120 days, then a strong one. *censoring*: as confounded,
  and loss to follow-up differs between the arms up to sevenfold.
- **The target**: coverage from 93.5 to 96.5 %, type I error from 4 to 6 %, and bias within three
  Monte-Carlo errors, wherever both arms compared are worth at least 40 patients (effective
  sample size, median over cohorts). Cells below that are shown, and marked *outside*.
- Coverage is in per cent; after ± stands its Monte-Carlo error. A cell that misses is in **bold**,
  with what it misses. A bootstrap is judged by half as many cohorts as a formula.
"""
_HEADINGS = (
    "world",
    "arms",
    "weights",
    "n",
    "coverage",
    "type I error",
    "bias (its error)",
    "spread",
    "variance",
    "effective size",
)


def write_page(folder: Path) -> None:
    """Write ``COVERAGE.md`` from the files of results in a folder: ``coverage.csv``, its peers.

    ``coverage_again.csv`` holds cells that missed, drawn again with another seed.
    """
    lines = [_INTRODUCTION]
    results = _read(folder / "coverage.csv")
    if results is not None:
        lines += [*_facts(results), "", *_summary(results), ""]
        lines += [*_small_bias(results), ""]
        for quantity in dict.fromkeys(results["quantity"]):
            lines += [f"## {_TITLES[quantity]}", "", *_table(results, quantity), ""]
    again = _read(folder / "coverage_again.csv")
    if results is not None and again is not None:
        lines += _drawn_again(results, again)
    peers = _read(folder / "coverage_peers.csv")
    if peers is not None:
        lines += _beside(peers)
    (folder / "COVERAGE.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _read(path: Path) -> pd.DataFrame | None:
    if not path.exists():
        return None
    return pd.read_csv(path, keep_default_na=True).sort_values(["world", "arms", "target", "n"])


def _facts(results: pd.DataFrame) -> Iterable[str]:
    versions = ", ".join([f"azaanalysis {__version__}", *(f"{p} {version(p)}" for p in _PACKAGES)])
    dates = sorted(set(results["date"]))
    span = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    yield f"Seed {results['seed'].iloc[0]}, {span}. Python {platform.python_version()}, {versions}."


def _summary(results: pd.DataFrame) -> Iterable[str]:
    """Count what holds and what misses, by quantity."""
    yield "| quantity | cells | hold | miss | outside the target |"
    yield "|---|---|---|---|---|"
    for quantity, cells in results.groupby("quantity", sort=False):
        hold, out = ((cells["verdict"] == word).sum() for word in ("holds", "outside"))
        missing = len(cells) - hold - out
        yield f"| {_TITLES[quantity]} | {len(cells)} | {hold} | {missing} | {out} |"


def _small_bias(results: pd.DataFrame) -> Iterable[str]:
    """Say how large the biases are that many cohorts make visible."""
    biased = results[results["verdict"].str.contains("bias")]
    if biased.empty:
        return
    yield "A bias that is missed is a small one, of few events, and shrinks with the cohort. As a"
    yield "share of the spread of the estimate over cohorts the largest is"
    shares = (biased["bias"].abs() / biased["spread"]).groupby(biased["n"]).max()
    yield ", ".join(f"{100 * share:.0f} % at n = {n:,}" for n, share in shares.items()) + "."


def _drawn_again(results: pd.DataFrame, again: pd.DataFrame) -> Iterable[str]:
    """Show the cells of which coverage missed beside other cohorts of the same worlds."""
    yield "## Cells that missed, drawn again"
    yield ""
    yield "Of several hundred cells some miss by chance. Each whose coverage or type I error missed"
    yield f"was drawn again with another seed ({again['seed'].iloc[0]}); the first verdict stays."
    yield ""
    yield "| quantity | world | arms | weights | n | coverage | cohorts | again | cohorts |"
    yield "|---" * 9 + "|"
    keys = ["quantity", "world", "arms", "target", "n"]
    both = again.merge(results, on=keys, suffixes=("_again", ""))
    for row in both.itertuples():
        second = f"{_percent(row.coverage_again)} ± {_percent(row.coverage_error_again)}"
        yield (
            f"| {_TITLES[row.quantity]} | {row.world} | {row.arms} | {row.target} | {row.n:,} "
            f"| {_percent(row.coverage)} ± {_percent(row.coverage_error)} | {row.intervals:,} "
            f"| {second} | {row.intervals_again:,} |"
        )
    yield ""


def _table(results: pd.DataFrame, quantity: str) -> Iterable[str]:
    cells = results[results["quantity"] == quantity]
    yield f"| {' | '.join(_HEADINGS)} |"
    yield "|---" * len(_HEADINGS) + "|"
    for row in cells.itertuples():
        yield (
            f"| {row.world} | {row.arms} | {row.target} | {row.n:,} | {_coverage(row)} "
            f"| {_percent(row.type_one_error)} | {row.bias:+.2g} ({row.bias_error:.1g}) "
            f"| {row.spread:.3g} | {row.variance} | {row.median_effective_size:.0f} |"
        )


def _coverage(row: object) -> str:
    words = f"{_percent(row.coverage)} ± {_percent(row.coverage_error)}"
    if row.verdict == "holds":
        return words
    if row.verdict == "outside":
        return f"{words} *outside*"
    return f"**{words}: {row.verdict}**"


def _percent(share: float) -> str:
    return "" if share != share else f"{100 * share:.1f}"


def _beside(peers: pd.DataFrame) -> Iterable[str]:
    yield "## Beside it: intervals that take weights as counts"
    yield ""
    yield "What other intervals cover in the same worlds, given the same weights."
    yield ""
    for quantity in dict.fromkeys(peers["quantity"]):
        yield f"**{_TITLES[quantity]}**"
        yield ""
        yield from _table(peers, quantity)
        yield ""
