"""What an invented cohort costs: seconds and memory by number of patients.

Run ``python benchmarks/make_cohorts.py`` (20,000, 200,000 and 1,000,000 patients) or give the
numbers of patients. Each size is made twice, each time in a process of its own, so that memory is
its own: held in memory by one process, and written to Parquet by two. The cost of 1,000 patients
should be the same whatever the size.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

SIZES = (20_000, 200_000, 1_000_000)


def in_memory(n_patients: int) -> int:
    """Make one cohort with one process and hold it; return its number of rows."""
    from azaanalysis.synthetic import make_cohort

    cohort = make_cohort(n_patients, seed=1)
    return sum(len(frame) for frame in cohort.tables.values())


def to_files(n_patients: int) -> int:
    """Make one cohort with two processes and write it; return the bytes of its files."""
    from azaanalysis.synthetic.block_tables import Recipe
    from azaanalysis.synthetic.save import write_cohort

    with TemporaryDirectory() as folder:
        written = write_cohort(Recipe(n_patients, seed=1), Path(folder), processes=2)
        return sum(path.stat().st_size for path in written)


WAYS = {"rows, in memory, 1 process": in_memory, "bytes, in files, 2 processes": to_files}


def measure(way: str, n_patients: int) -> str:
    """Make one cohort and say what it cost; memory is that of the largest process."""
    begun = time.perf_counter()
    made = WAYS[way](n_patients)
    seconds = time.perf_counter() - begun
    peaks = [resource.getrusage(who).ru_maxrss for who in (0, resource.RUSAGE_CHILDREN)]
    spent = [resource.getrusage(who) for who in (0, resource.RUSAGE_CHILDREN)]
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in spent)
    return (
        f"{n_patients:>10,} patients  {made:>14,} {way:30}  {seconds:7.1f} s  ({cpu:.1f} s of CPU)"
        f"  {1000 * seconds / n_patients * 1000:6.0f} ms per 1,000"
        f"  {max(peaks) / 1024**2:5.1f} GB at the peak of a process"
    )


def main() -> None:
    """Measure each size in turn."""
    if sys.argv[1:2] == ["--one"]:
        print(measure(sys.argv[2], int(sys.argv[3])), flush=True)
        return
    for size in map(int, sys.argv[1:] or SIZES):
        for way in WAYS:
            subprocess.run([sys.executable, __file__, "--one", way, str(size)], check=True)


if __name__ == "__main__":
    main()
