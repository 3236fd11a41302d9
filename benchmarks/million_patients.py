"""Load, follow and weigh a million patients with three million courses; print time and memory.

Run with ``python benchmarks/million_patients.py``. The budget is 30 seconds and 6 gigabytes from
Parquet to one row per patient, and 30 seconds from there through weights for twenty covariates
to balance. The data are made by another process, so that the memory measured is that of the
steps themselves.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from azaanalysis import estimate_incidence, follow, load_cohort, measure_balance, weigh
from azaanalysis.study import Study

PATIENTS = 1_000_000
COURSES_EACH = 3
# Numbers that stand for scores and laboratory values at baseline, beside the four named ones.
SCORES = tuple(f"score_{number:02d}" for number in range(1, 17))
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
            **{score: rng.normal(size=n).round(3) for score in SCORES},
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


STUDY = {
    "title": "A million invented patients",
    "question": "Who stops, and why?",
    "source": {"folder": "."},
    "comparison": {
        "arms": {
            "azathioprine": ["azathioprine"],
            "azathioprine_with_anti_tnf": ["azathioprine", "anti_tnf"],
            "anti_tnf": ["anti_tnf"],
            "jak_inhibitor": ["jak_inhibitor"],
        },
        "reference": "azathioprine",
        "horizon_days": 1095,
    },
    "endpoints": {
        "discontinuation": {
            "kind": "discontinuation",
            "causes": {
                "adverse_event": ["adverse_event"],
                "lack_of_efficacy": ["lack_of_efficacy"],
            },
        }
    },
    "covariates": ["age_years", "sex", "disease", "prior_biologics", *SCORES],
    "weighting": {"target": "overlap"},
}


def write_tables(folder: Path, n_patients: int) -> None:
    """Write the tables as Parquet."""
    rng = np.random.default_rng(20_240_101)
    pq.write_table(make_patients(rng, n_patients), folder / "patients.parquet")
    pq.write_table(make_courses(rng, n_patients), folder / "courses.parquet")


def main(n_patients: int = PATIENTS) -> None:
    """Write the files, load and follow them, and print what each step took."""
    with tempfile.TemporaryDirectory() as folder:
        writer = multiprocessing.get_context("spawn").Process(
            target=write_tables, args=(Path(folder), n_patients)
        )
        writer.start()
        writer.join()
        began = time.perf_counter()
        cohort = load_cohort(folder, name="a million invented patients")
        loaded = time.perf_counter()
        followed = follow(cohort, Study.model_validate(STUDY), endpoint="discontinuation")
        done = time.perf_counter()
        weighted = weigh(followed)
        weighed = time.perf_counter()
        balance = measure_balance(weighted)
        balanced = time.perf_counter()
        risk = estimate_incidence(weighted)
        estimated = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{cohort!r}")
    print(f"loaded and checked   {loaded - began:6.1f} s")
    print(f"followed             {done - loaded:6.1f} s   {len(followed.frame):,} new users")
    print(f"weighed              {weighed - done:6.1f} s   {len(STUDY['covariates'])} covariates")
    print(f"balance              {balanced - weighed:6.1f} s   {len(balance):,} rows")
    print(f"curves with errors   {estimated - balanced:6.1f} s   {len(risk):,} rows")
    print(f"follow to balance    {balanced - loaded:6.1f} s")
    print(f"peak memory          {peak:6.2f} GB")


if __name__ == "__main__":
    main(*[int(number) for number in sys.argv[1:]])
