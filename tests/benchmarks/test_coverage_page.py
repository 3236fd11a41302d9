"""The readable coverage table, made from files of results."""

import pandas as pd

from benchmarks.coverage_page import write_page

ROW = {
    "world": "no_effect", "arms": 2, "target": "ate", "n": 300, "quantity": "hazard_ratio",
    "variance": "stacked", "cohorts": 2000, "intervals": 2000, "truth": 0.0, "truth_error": 0.0,
    "bias": 0.001, "bias_error": 0.006, "spread": 0.25, "width": 1.0, "coverage": 0.95,
    "coverage_error": 0.005, "type_one_error": 0.05, "median_effective_size": 80.0,
    "seconds_each": 0.01, "refused": "", "verdict": "holds", "asked": "auto", "seed": 1,
    "date": "2026-11-24",
}  # fmt: skip


def page_of(folder, **files):
    for name, rows in files.items():
        pd.DataFrame([{**ROW, **row} for row in rows]).to_csv(folder / f"{name}.csv", index=False)
    write_page(folder)
    return (folder / "COVERAGE.md").read_text(encoding="utf-8")


def test_a_cell_that_misses_is_shown_as_missing_and_counted(tmp_path):
    missed = {"world": "delayed", "coverage": 0.93, "verdict": "coverage"}
    page = page_of(tmp_path, coverage=[{}, missed])

    assert "| Hazard ratio (log) | 2 | 1 | 1 | 0 |" in page
    assert "**93.0 ± 0.5: coverage**" in page
    assert "A bias that is missed" not in page


def test_a_missed_bias_is_said_as_a_share_of_the_spread(tmp_path):
    page = page_of(tmp_path, coverage=[{"bias": -0.03, "verdict": "bias"}, {"bias": 0.2}])

    assert "12 % at n = 300." in page


def test_what_was_drawn_again_stands_beside_what_missed(tmp_path):
    missed = {"coverage": 0.93, "verdict": "coverage"}
    again = {"coverage": 0.948, "intervals": 8000, "seed": 2}
    page = page_of(tmp_path, coverage=[missed], coverage_again=[again])

    assert "drawn again with another seed (2)" in page
    assert "| 93.0 ± 0.5 | 2,000 | 94.8 ± 0.5 | 8,000 |" in page
    assert "**93.0 ± 0.5: coverage**" in page
