"""What an invented cohort costs: seconds and memory by number of patients.

Run ``python benchmarks/make_cohorts.py`` (20,000, 200,000 and 1,000,000 patients) or give the
numbers of patients. Each size is made in a process of its own, so that memory is its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

SIZES = (20_000, 200_000, 1_000_000)


def measure(n_patients: int) -> str:
    """Make one cohort and say what it cost."""
    from azaanalysis.synthetic import make_cohort

    begun, cpu = time.perf_counter(), time.process_time()
    cohort = make_cohort(n_patients, seed=1)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    rows = sum(len(frame) for frame in cohort.tables.values())
    per_thousand = 1000 * cpu / n_patients * 1000
    return (
        f"{n_patients:>10,} patients  {rows:>12,} rows  {seconds:7.1f} s ({cpu:.1f} s of one core)"
        f"  {per_thousand:6.0f} ms per 1,000  {gigabytes:5.1f} GB at the peak"
    )


def main() -> None:
    """Measure each size in turn."""
    if sys.argv[1:2] == ["--one"]:
        print(measure(int(sys.argv[2])))
        return
    for size in map(int, sys.argv[1:] or SIZES):
        subprocess.run([sys.executable, __file__, "--one", str(size)], check=True)


if __name__ == "__main__":
    main()
