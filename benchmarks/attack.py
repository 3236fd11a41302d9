"""Try to work out the hidden counts of random reports from everything in their folders.

    python -m benchmarks.attack --reports 300 --seed 20261124
    python -m benchmarks.attack --reports 20 --weakened all       # a check that cannot fail is none

Each study is small and random; every third is written twice, the second time with a few patients
more. The attacker knows the definitions and the rules of masking, not the patients.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from azaanalysis.errors import ReportError
from benchmarks.attack_files import Sheet, Text, list_files, read_files
from benchmarks.attack_grids import attack_attrition, attack_baseline
from benchmarks.attack_parts import attack_lines, attack_parts
from benchmarks.attack_reading import Fact, read_report, read_rows
from benchmarks.attack_repeats import attack_repeats
from benchmarks.attack_reports import (
    HORIZON,
    SHOWN_DAYS,
    World,
    draw_patients,
    make_world,
    write_report,
)
from benchmarks.attack_solver import Puzzle, Solver, pose
from benchmarks.attack_weaken import WEAKENED, weakened
from benchmarks.attack_words import find_stated, read_alt_text, read_tips

Array = np.ndarray
TABLE = Path(__file__).with_name("attack.csv")


@dataclass(frozen=True)
class Leak:
    """One count that was recovered."""

    where: str
    what: str
    count: int

    @property
    def in_words(self) -> str:
        """Where, what and how many."""
        return f"{self.where}: {self.what} = {self.count}"


@dataclass
class Found:
    """What came of one study: small counts that were tried, leaks, reports, refusals."""

    secrets: int
    leaks: list[Leak]
    reports: int = 0
    refused: int = 0
    texts: int = 0
    files: set[str] = field(default_factory=set)


def attack_study(seed: int, folder: Path, *, has_second: bool = True, enough: int = 0) -> Found:
    """Draw a study, write one report or two, and attack them.

    Parameters
    ----------
    seed
        Of the study.
    folder
        Empty folder to write to.
    has_second
        Whether there is a second report, with some patients more.
    enough
        Stop looking at an arm after so many leaks; 0 to look at everything.
    """
    rng = np.random.default_rng(seed)
    patients, k = draw_patients(rng)
    early = patients[~patients["is_later"]].reset_index(drop=True)
    worlds = {"march": make_world(early, k, seed=seed)}
    if has_second:
        worlds["june"] = make_world(patients, k, seed=seed)
    found = Found(0, [])
    pinned: dict[str, dict[tuple[str, ...], tuple[int, int]]] = {}
    for name, world in worlds.items():
        previous = folder / "march" if name == "june" else None
        try:
            write_report(world, folder / name, previous=previous)
        except ReportError:
            found.refused += 1
            continue
        found.reports += 1
        pinned[name] = _attack_report(name, world, folder / name, found, (rng, enough))
    if len(pinned) == 2:
        found.leaks += _between_reports(pinned, k)
    return found


def _attack_report(
    name: str, world: World, folder: Path, found: Found, how: tuple[np.random.Generator, int]
) -> dict[tuple[str, ...], tuple[int, int]]:
    """Attack one report; return what is known for sure, with the truth."""
    sheets, texts = read_files(folder)
    facts = _read_facts(world, folder, sheets, texts)
    known: dict[tuple[str, ...], tuple[int, int]] = {}
    for endpoint, followed in world.followed.items():
        for arm in followed.arms:
            here = [f for f in facts if (f.endpoint, f.arm) == (endpoint, arm)]
            own = followed.frame[followed.frame["arm"] == arm]
            attack = _Attack(name, endpoint, arm, followed.causes, own, world.k)
            known |= attack.run(here, found, *how)
    found.leaks += _between_endpoints(known, world.k, name)
    for leak in (*attack_attrition(world, folder), *attack_baseline(world, folder)):
        found.leaks.append(Leak(f"{name}: {leak[0]}", leak[1], leak[2]))
    if world.extra is not None:
        _attack_extra(name, world, (sheets, texts, facts, folder), found, how, known)
    stated = dict.fromkeys(find_stated(sheets, texts, world.k))
    found.leaks += [Leak(f"{name}: stated", words, 0) for words in stated]
    found.texts += len(texts)
    found.files |= {Path(path).suffix for path, _ in list_files(folder)}
    return known


def _read_facts(world: World, folder: Path, sheets: list[Sheet], texts: list[Text]) -> list[Fact]:
    """Read what the report tells; of a weighted follow-up only its counts are of use."""
    notebooks = {f"{i:02}_{name}": name for i, name in enumerate(world.followed, 1)}
    facts = [*read_report(folder, sheets, texts), *read_tips(texts)]
    facts += read_alt_text(texts, notebooks)
    of_weights = ("share", "exact_share", "rate")
    return [
        fact
        for fact in dict.fromkeys(facts)
        if not (world.is_weighted and fact.endpoint == "infection" and fact.what in of_weights)
    ]


def _attack_extra(name, world, read, found, how, known) -> None:  # noqa: ANN001
    """Attack the further kind of results of a report."""
    sheets, texts, facts, folder = read
    extra = world.extra
    if extra.kind == "repeated":
        leaks = attack_repeats(extra, facts, found, how, world.k)
    elif extra.kind == "lines":
        leaks = attack_lines(extra, sheets, texts, world.k)
    else:
        leaks = attack_parts(extra, read_rows(folder), known, world.k)
    found.leaks += [Leak(f"{name}: {where}", what, count) for where, what, count in leaks]


@dataclass
class _Attack:
    report: str
    endpoint: str
    arm: str
    causes: Sequence[str]
    patients: pd.DataFrame
    k: int

    def run(
        self, facts: list[Fact], found: Found, rng: np.random.Generator, enough: int
    ) -> dict[tuple[str, ...], tuple[int, int]]:
        """Try every small count of one arm; return the sums that are known."""
        puzzle = pose(facts, causes=list(self.causes), last_day=HORIZON)
        truth = self._true_counts(puzzle)
        self._refuse_wrong_reading(puzzle, truth)
        solver = Solver(puzzle)
        targets = list(self._targets(puzzle))
        small = [(n, r) for n, r in targets if 1 <= r @ truth < self.k]
        found.secrets += len(small)
        where = f"{self.report}: {self.endpoint}, {self.arm}"
        recovered = _recovered(solver, small, rng, enough)
        for what in recovered:
            count = int(dict(small)[what] @ truth)
            found.leaks.append(Leak(where, what, count))
        if enough and recovered:
            return {}
        sums = [(n, r) for n, r in self._sums(puzzle) if (r @ truth) >= 0]
        known = {}
        for what in _recovered(solver, sums, rng, 0):
            key = (self.endpoint, self.arm, what)
            known[key] = (int(dict(sums)[what] @ truth), int(dict(sums)[what] @ truth))
        return known

    def _true_counts(self, puzzle: Puzzle) -> Array:
        """Return the unknowns as they are."""
        counts = np.zeros(puzzle.size)
        counts[0] = len(self.patients)
        days = np.array(puzzle.days)
        for exit_day, status in self.patients[["exit_days", "status"]].to_numpy():
            i = int(np.searchsorted(days, exit_day))
            is_on = days[i] == exit_day
            reason = int(status) - 1 if status else len(self.causes)
            moment = (1 if status else 2) if is_on else 0
            counts[puzzle.place(i, moment, reason)] += 1
        return counts

    def _refuse_wrong_reading(self, puzzle: Puzzle, truth: Array) -> None:
        values = np.array(puzzle.rows) @ truth
        wrong = (values < np.array(puzzle.low) - 1e-6) | (values > np.array(puzzle.high) + 1e-6)
        if wrong.any():
            raise AssertionError(f"Misread: {self.endpoint}, {self.arm}, {puzzle.about(wrong)}")

    def _targets(self, puzzle: Puzzle) -> Iterator[tuple[str, Array]]:
        """Yield the sums that may not be known where they are small."""
        yield from self._sums(puzzle)
        n = len(puzzle.reasons)
        for i, day in enumerate(puzzle.days):
            for moment in range(3):
                groups = {"events": puzzle.causes, "censored": puzzle.censored}
                groups |= {puzzle.reasons[r]: [r] for r in range(n)}
                for name, reasons in groups.items():
                    row = np.zeros(puzzle.size)
                    row[[puzzle.place(i, moment, reason) for reason in reasons]] = 1.0
                    when = ("before", "on", "on")[moment]
                    yield f"{name} {when} day {day:g} (moment {moment})", row
        for first, last in combinations((0.0, *SHOWN_DAYS), 2):
            if {first, last} <= set(puzzle.days):
                for name, reasons in (("events", puzzle.causes), ("censored", puzzle.censored)):
                    row = puzzle.by_then(last, 1, reasons) - puzzle.by_then(first, 1, reasons)
                    yield f"{name} from day {first:g} to {last:g}", row

    def _sums(self, puzzle: Puzzle) -> Iterator[tuple[str, Array]]:
        """Yield the counts from the start that reports are compared by."""
        everything = list(range(len(puzzle.reasons)))
        yield "size", puzzle.by_then(np.inf, 2, everything)
        groups = {"events": puzzle.causes} | {c: [i] for i, c in enumerate(self.causes)}
        for name, reasons in groups.items():
            yield f"{name} in all", puzzle.by_then(np.inf, 2, reasons)
            for day in puzzle.days:
                yield f"{name} by day {day:g}", puzzle.by_then(day, 1, reasons)
        yield "censored in all", puzzle.by_then(np.inf, 2, puzzle.censored)


def _recovered(
    solver: Solver, targets: list[tuple[str, Array]], rng: np.random.Generator, enough: int
) -> list[str]:
    """Return the sums that can be one number only."""
    if not targets:
        return []
    moved = solver.moved(np.array([row for _, row in targets]), 4, rng)
    names = []
    for (what, row), is_free in zip(targets, moved, strict=True):
        if not is_free:
            low, high = solver.span(row)
            if low == high:
                names.append(what)
        if enough and len(names) >= enough:
            break
    return names


def _between_endpoints(
    known: dict[tuple[str, ...], tuple[int, int]], k: int, report: str
) -> Iterator[Leak]:
    """Subtract what belongs together: serious from all infections, one population from another."""
    for (endpoint, arm, what), (count, _) in known.items():
        if endpoint != "infection":
            continue
        is_nested = what.startswith("infection") or what == "size"
        for other in ("serious_infection", "response"):
            beside = known.get((other, arm, what))
            if beside and 1 <= abs(beside[0] - count) < k and (is_nested or other == "response"):
                yield Leak(f"{report}: {arm}", f"{what}, {endpoint} less {other}", count)


def _between_reports(
    pinned: dict[str, dict[tuple[str, ...], tuple[int, int]]], k: int
) -> Iterator[Leak]:
    """Subtract the counts of the earlier report from those of the later, on any two days."""
    for key, (count, _) in pinned["june"].items():
        before = pinned["march"].get(key)
        if before and 1 <= abs(count - before[0]) < k:
            yield Leak(f"june less march: {key[0]}, {key[1]}", key[2], abs(count - before[0]))


def main() -> None:
    """Attack many reports and write the table of results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=300)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--weakened", default="", help="a rule to take away, or 'all' in turn")
    parser.add_argument("--part", default="1/1", help="2/3: every third study from the second on")
    parser.add_argument("--minutes", type=float, default=0, help="stop after so long; 0: never")
    parser.add_argument("--into", type=Path, default=TABLE)
    asked = parser.parse_args()
    names = list(WEAKENED) if asked.weakened == "all" else [asked.weakened]
    for name in names:
        _write_row(asked.into, _attack_many(name, asked))


def _attack_many(name: str, asked: argparse.Namespace) -> dict[str, object]:
    """Attack so many reports; weakened ones until something has been recovered."""
    found: list[Found] = []
    seed, until = asked.seed, time.monotonic() + (60 * asked.minutes or np.inf)
    part, parts = map(int, asked.part.split("/"))
    with weakened(name):
        while sum(f.reports for f in found) < asked.reports and time.monotonic() < until:
            number = part - 1 + parts * len(found)
            with tempfile.TemporaryDirectory() as folder:
                has_second = number % 3 == 0 or name == "two reports"
                enough = 1 if name else 0
                study = attack_study(
                    seed + number, Path(folder), has_second=has_second, enough=enough
                )
            found.append(study)
            print(seed + number, study.secrets, study.reports, study.leaks[:3], flush=True)
            if name and study.leaks:
                break
    return {
        "masking": f"without: {name}" if name else "as it is",
        "studies": len(found),
        "reports": sum(f.reports for f in found),
        "part": asked.part,
        "refused": sum(f.refused for f in found),
        "small_counts_tried": sum(f.secrets for f in found),
        "texts_read": sum(f.texts for f in found),
        "files_read": " ".join(sorted(set().union(*(f.files for f in found)))),
        "recovered": sum(len(f.leaks) for f in found),
        "example": next((leak.in_words for f in found for leak in f.leaks), ""),
        "seed": seed,
        "code": _code_version(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def _code_version() -> str:
    """Return the commit that was attacked."""
    made = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=TABLE.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return made.stdout.strip()


def _write_row(path: Path, row: dict[str, object]) -> None:
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(row), lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(row)
    print(row)


if __name__ == "__main__":
    main()
