"""Try to work out the hidden counts of random reports from everything in their folders.

    python -m benchmarks.attack --reports 300 --seed 20261124
    python -m benchmarks.attack --reports 20 --weakened all       # a check that cannot fail is none

Each study is small and random; every third is written twice, the second time with a few patients
more. The attacker knows the definitions and the rules of masking, not the patients. What is read
and what is not stands in ``ATTACK.md``. Several processes may share the work (``--part 1/2``).
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from azaanalysis.errors import ReportError
from benchmarks.attack_arm import ArmAttack, Leak
from benchmarks.attack_files import Sheet, Text, list_files, read_files
from benchmarks.attack_grids import attack_attrition, attack_baseline
from benchmarks.attack_page import write_page
from benchmarks.attack_parts import attack_lines, attack_parts
from benchmarks.attack_patients import draw_patients
from benchmarks.attack_reading import Fact, read_report, read_rows
from benchmarks.attack_repeats import attack_repeats
from benchmarks.attack_reports import World, make_world, write_report
from benchmarks.attack_weaken import WEAKENED, weakened
from benchmarks.attack_words import find_stated, read_alt_text, read_tips

Array = np.ndarray
TABLE = Path(__file__).with_name("attack.csv")


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
            attack = ArmAttack(name, endpoint, arm, followed.causes, own, world.k)
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
    if asked.into == TABLE:
        write_page(TABLE)


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
