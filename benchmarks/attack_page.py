"""The page on the attack: what was tried, what was recovered, what was read and what was not."""

from __future__ import annotations

import csv
from pathlib import Path

_HEAD = """# Can hidden counts be worked out?

Random small studies of patients who must stay unknown (8 to 200 in an arm, a threshold of 5 or
10) are reported by the package; then everything in the folder of the report is read, and every
count below the threshold is tried: whether all that was read leaves one number only for it
(integer programming).

"""
_FOOT = """
`without: ...` are runs with one rule of masking taken away, until something is recovered: a check
that cannot fail is none. A second report that would give counts away beside the first is refused
by the package.

**What is read.** Every row of `results.json` (estimates, and what pages print), `results.parquet`
and the CSV files, those in `curves.zip` too; every table as CSV, in the pages and in the Word
file; the numbers at risk in the drawings (in the pages and in `figures.zip`); the words that
appear over a number; the alt text of curves and of the flow between treatments; in all texts of
all files, the paper too, each statement of a small number of patients or events. Pages and Word
are written for every third study, the paper for every thirtieth.

**Which results.** Incidence, endings, rates, ratios, differences, medians, areas under the curve,
attrition, baseline, balance; in every fifth study with weights. In each study one of: repeated
events, steps between treatments, groups of patients, one question asked in several ways.

**How the 300 were run.** In two parts; the first ended on a number of the Parquet file that the
attacker read in 32 bits (mended), and was taken up again at that study: it has two rows, the
first of them counted from its log.

**What is not read.** Values of weighted estimates, widths of intervals and standard errors;
heights and lengths in drawings; the pictures of notebooks as pixels; covariance between
endpoints. Kernels are not started, because they add nothing but time. Nobody tries what a reader
may know from elsewhere of single patients.
"""


def write_page(table: Path) -> Path:
    """Write ``ATTACK.md`` beside the table of runs."""
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    page = table.with_name("ATTACK.md")
    page.write_text(_HEAD + _as_table(rows) + _FOOT, encoding="utf-8")
    return page


def _as_table(rows: list[dict[str, str]]) -> str:
    shown = {
        "masking": "Masking",
        "reports": "Reports",
        "refused": "Refused",
        "small_counts_tried": "Small counts tried",
        "recovered": "Recovered",
        "example": "The first of them",
        "seed": "Seed",
        "part": "Part",
        "code": "Code",
        "date": "Date",
    }
    lines = [list(shown.values()), ["---"] * len(shown)]
    lines += [[row[name].replace("|", ", ")[:120] for name in shown] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
