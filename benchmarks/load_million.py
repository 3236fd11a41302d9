"""Load and check a million patients with three million courses; print time and peak memory.

Run with ``python benchmarks/load_million.py``. The budget is 15 seconds and 5 gigabytes.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from azaanalysis.load import load_cohort

PATIENTS = 1_000_000
COURSES_EACH = 3
_START = np.datetime64("2010-01-01", "D")
_DRUGS = np.array(["azathioprine", "infliximab", "tofacitinib"])


def make_patients(rng: np.random.Generator, n: int) -> pa.Table:
    """Return patients with an identifier, a few covariates and an observation window."""
    observed_from = _START + rng.integers(0, 100, n)
    return pa.table(
        {
            "patient_id": _identifiers(np.arange(n)),
            "age_years": rng.uniform(18, 80, n).round(1),
            "sex": np.where(rng.random(n) < 0.5, "female", "male"),
            "disease": np.where(rng.random(n) < 0.5, "crohns_disease", "ulcerative_colitis"),
            "site": np.char.add("site ", rng.integers(1, 40, n).astype(str)),
            "prior_biologics": rng.integers(0, 4, n),
            "observed_from": observed_from,
            "observed_to": observed_from + rng.integers(2500, 4000, n),
        }
    )


def make_courses(rng: np.random.Generator, n: int) -> pa.Table:
    """Return courses, one of each drug per patient, in no order of time."""
    rows = n * COURSES_EACH
    start = _START + rng.integers(400, 1200, rows)
    stopped = rng.random(rows) < 0.7
    reasons = rng.choice(["adverse_event", "lack_of_efficacy", "remission"], rows)
    return pa.table(
        {
            "patient_id": _identifiers(np.repeat(np.arange(n), COURSES_EACH)),
            "drug": _DRUGS[np.tile(np.arange(COURSES_EACH), n)],
            "start_date": start,
            "stop_date": pa.array(start + rng.integers(1, 1200, rows), mask=~stopped),
            "stop_reason": pa.array(reasons, mask=~stopped),
        }
    )


def _identifiers(numbers: np.ndarray) -> np.ndarray:
    return np.char.add("p", np.char.zfill(numbers.astype(str), 8))


def main(n_patients: int = PATIENTS) -> None:
    """Write the files, load them, and print what it took."""
    rng = np.random.default_rng(20_240_101)
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(make_patients(rng, n_patients), Path(folder) / "patients.parquet")
        pq.write_table(make_courses(rng, n_patients), Path(folder) / "courses.parquet")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        began = time.perf_counter()
        cohort = load_cohort(folder, name="a million invented patients")
        seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{cohort!r}\nloaded and checked in {seconds:.1f} s")
    print(f"peak memory {peak:.2f} GB (of which making the data {before:.2f} GB)")


if __name__ == "__main__":
    main(*[int(number) for number in sys.argv[1:]])
