"""Published thresholds by which a score says response or remission."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.vocab import in_words, sentence_case

Array = np.ndarray
# Scores come in steps of 0.1 at the finest; 3.8 less 2.6 is 1.1999999999999997.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Threshold:
    """What a measure has to show for a finding; one row of ``thresholds.csv``.

    Parameters
    ----------
    measure, finding
        What was measured, and whether this is its ``response`` or its ``remission``.
    least_fall, least_fall_share
        Fall since the score at the start, in points and as a share of that score; both have to
        be reached. None where a fall is not enough.
    is_beyond
        Whether the fall has to be more than that.
    below
        A score below this is the finding, whatever it was at the start.
    in_words, source
        The same as a reader would say it, and where it was published.
    """

    measure: str
    finding: str
    least_fall: float | None
    least_fall_share: float | None
    is_beyond: bool
    below: float
    in_words: str
    source: str

    def judge(self, value: Array, at_start: Array) -> Array:
        """Return 1 where the finding is present, 0 where not, missing where nobody can tell.

        A fall cannot be told without a score at the start; a score below the threshold can.
        """
        is_low = value < self.below - _ROUNDING
        present = np.where(np.isnan(value), np.nan, is_low.astype("float64"))
        if self.least_fall is None or self.least_fall_share is None:
            return present
        fall = at_start - value
        enough = np.maximum(self.least_fall, self.least_fall_share * at_start)
        least = enough + _ROUNDING if self.is_beyond else enough - _ROUNDING
        # Nothing falls by nothing: a score of 0 at the start has no room for a response.
        has_fallen = (fall >= least) & (fall > 0)
        judged = np.where(np.isnan(fall), np.nan, has_fallen.astype("float64"))
        return np.where(is_low, 1.0, judged)


@cache
def load_thresholds() -> tuple[Threshold, ...]:
    """Return the thresholds of ``thresholds.csv``, in its order."""
    text = files("azaanalysis").joinpath("thresholds.csv").read_text(encoding="utf-8")
    return tuple(_threshold(row) for row in csv.DictReader(text.splitlines()))


def _threshold(row: dict[str, str]) -> Threshold:
    fall, share = (float(row[c]) if row[c] else None for c in ("least_fall", "least_fall_share"))
    limits = (fall, share, row["is_beyond"] == "1", float(row["below"]))
    return Threshold(row["measure"], row["finding"], *limits, row["in_words"], row["source"])


def describe_thresholds(cohort: Cohort) -> pd.DataFrame:
    """Describe by which thresholds response and remission are judged in a cohort.

    Returns
    -------
    DataFrame
        One row per measure in the visits and finding: ``Measure``, ``Finding``, ``Threshold``,
        ``Source``. A measure without published thresholds says so: its visits count as the
        source judged them, or not at all.
    """
    visits = cohort.tables.get("visits")
    found = [] if visits is None else sorted(visits["measure"].dropna().astype(str).unique())
    rows = [row for measure in found for row in _rows_of(measure)]
    return pd.DataFrame(rows, columns=["Measure", "Finding", "Threshold", "Source"])


def _rows_of(measure: str) -> list[tuple[str, str, str, str]]:
    name = in_words(measure)
    # An abbreviation of four letters or fewer is written in capitals, as it is spoken.
    name = name.upper() if len(name) <= len("cdai") and name != "mayo" else sentence_case(measure)
    known = [one for one in load_thresholds() if one.measure == measure]
    if not known:
        return [(name, "None", "no published threshold is known here", "as the source judged")]
    return [(name, sentence_case(one.finding), one.in_words, one.source) for one in known]
