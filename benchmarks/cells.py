"""Cells of the coverage table: draw cohorts, ask, and compare the answers with the truth."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

import numpy as np

from azaanalysis.errors import AzaError
from benchmarks.questions import PEERS, QUESTIONS, Question
from benchmarks.world_truth import POINTS, TARGETS, truths
from benchmarks.worlds import WORLDS, Drawn, draw_cohort

Array = np.ndarray

SIZES = (300, 1_000, 5_000)
N_ARMS = (2, 4)
# The share of intervals that should hold the truth, and the effective size from which on.
COVERAGE = (0.935, 0.965)
TYPE_ONE = (0.04, 0.06)
SMALLEST_EFFECTIVE_SIZE = 40
# A bias is called one beyond three Monte-Carlo errors: of 300 cells one would be by chance.
_BIAS_ERRORS = 3
EVERYTHING: Mapping[str, Question] = {**QUESTIONS, **PEERS}


@dataclass(frozen=True, order=True)
class Cell:
    """A world, a size, a number of arms and a target population."""

    n: int
    world: str
    n_arms: int
    target: str

    @property
    def name(self) -> str:
        """The cell's name, as it is chosen by on the command line."""
        return f"{self.world}-{self.n_arms}-{self.target}-{self.n}"

    @property
    def number(self) -> int:
        """A number that stays the same whichever cells are chosen: part of the seed."""
        return ALL_CELLS.index(self)


ALL_CELLS = [
    Cell(n, world, n_arms, target)
    for n in SIZES
    for world in WORLDS
    for n_arms in N_ARMS
    for target in TARGETS
]


def choose_cells(wanted: str) -> list[Cell]:
    """Return the cells whose names match one of the patterns, ``all`` or ``no_effect-*,*-5000``."""
    patterns = ["*" if wanted == "all" else part.strip() for part in wanted.split(",")]
    found = [cell for cell in ALL_CELLS if any(fnmatch(cell.name, p) for p in patterns)]
    if not found:
        raise SystemExit(f"No cell matches '{wanted}'. Names are like {ALL_CELLS[0].name}.")
    return found


@dataclass(frozen=True)
class Asked:
    """Answers to some questions, one row per cohort.

    Parameters
    ----------
    limits
        For each question value, lower and upper limit; shape (cohorts, 3). Missing if refused.
    chosen
        For each question the variance behind each interval.
    seconds
        For each question the time taken over all cohorts.
    effective_size
        Of the smaller of the two arms compared, for each cohort.
    refusals
        Words of the first refusal of each question.
    """

    limits: dict[str, Array]
    chosen: dict[str, list[str]]
    seconds: dict[str, float]
    effective_size: Array
    refusals: dict[str, str]


def ask_cohorts(
    cell: Cell, cohorts: range, names: Sequence[str], *, seed: int, variance: str
) -> Asked:
    """Draw each cohort of a cell, weigh it once, and put all questions to it."""
    asked = Asked({q: np.full((len(cohorts), 3), np.nan) for q in names}, {}, {}, np.zeros(0), {})
    sizes = np.zeros(len(cohorts))
    for place, cohort in enumerate(cohorts):
        drawn = _weighed(cell, np.random.default_rng([seed, cell.number, cohort]))
        sizes[place] = _effective_size(drawn)
        for name in names:
            _ask(asked, name, place, drawn, variance)
    return Asked(asked.limits, asked.chosen, asked.seconds, sizes, asked.refusals)


def _weighed(cell: Cell, rng: np.random.Generator) -> Drawn:
    from azaanalysis.design import weigh

    drawn = draw_cohort(WORLDS[cell.world], cell.n, cell.n_arms, rng)
    return drawn.with_follow_up(weigh(drawn.follow_up, target=cell.target))


def _ask(asked: Asked, name: str, place: int, drawn: Drawn, variance: str) -> None:
    began = time.perf_counter()
    try:
        answer = EVERYTHING[name].ask(drawn, variance)
        asked.limits[name][place] = answer.value, answer.lower, answer.upper
        asked.chosen.setdefault(name, []).append(answer.chosen)
    except AzaError as refusal:
        asked.refusals.setdefault(name, str(refusal))
    spent = time.perf_counter() - began
    asked.seconds[name] = asked.seconds.get(name, 0.0) + spent


def _effective_size(drawn: Drawn) -> float:
    """Return (sum w)^2 / sum w^2 of the smaller of the two arms that are compared."""
    frame = drawn.follow_up.frame
    code, weight = frame["arm"].cat.codes.to_numpy(), frame["weight"].to_numpy()
    sizes = np.bincount(code, weight) ** 2 / np.bincount(code, weight**2)
    return float(sizes[:2].min())


def put_together(parts: Sequence[Asked]) -> Asked:
    """Put the answers of several runs of one cell one under the other."""
    names = list(dict.fromkeys(name for part in parts for name in part.limits))
    with_name = {name: [part for part in parts if name in part.limits] for name in names}
    return Asked(
        {q: np.vstack([part.limits[q] for part in with_name[q]]) for q in names},
        {q: [c for part in with_name[q] for c in part.chosen.get(q, [])] for q in names},
        {q: sum(part.seconds[q] for part in with_name[q]) for q in names},
        np.concatenate([part.effective_size for part in parts]),
        {q: words for part in parts for q, words in part.refusals.items()},
    )


def summarise(cell: Cell, asked: Asked, *, points: int = POINTS) -> Iterator[dict[str, Any]]:
    """Return one row per question: bias and coverage, beside a truth from so many points."""
    true = truths(cell.world, cell.n_arms, cell.target, points=points)
    for name, limits in asked.limits.items():
        question = EVERYTHING[name]
        yield {
            "world": cell.world,
            "arms": cell.n_arms,
            "target": cell.target,
            "n": cell.n,
            "quantity": name,
            "variance": most_often(asked.chosen.get(name, [])),
            **_compare(limits, *true[question.truth], may_reject=_is_null(cell, question)),
            "median_effective_size": float(np.median(asked.effective_size)),
            "seconds_each": asked.seconds[name] / len(limits),
            "refused": asked.refusals.get(name, ""),
        }


def _is_null(cell: Cell, question: Question) -> bool:
    return cell.world == "no_effect" and question.is_contrast


def most_often(words: Sequence[str]) -> str:
    """Return the variances behind the intervals, the commonest first, with their shares."""
    kinds, counts = np.unique(list(words), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    if len(kinds) == 1:
        return str(kinds[0])
    return ", ".join(f"{kinds[i]} {counts[i] / len(words):.0%}" for i in order)


def _compare(limits: Array, truth: float, truth_error: float, *, may_reject: bool) -> dict:
    """Return bias and coverage with their Monte-Carlo errors."""
    known = limits[np.isfinite(limits).all(axis=1)]
    value, lower, upper = known.T
    n = max(len(known), 1)
    covered = (lower <= truth) & (truth <= upper)
    share = covered.mean() if len(known) else np.nan
    spread = value.std(ddof=1) if len(known) > 1 else np.nan
    return {
        "cohorts": len(limits),
        "intervals": len(known),
        "truth": truth,
        "truth_error": truth_error,
        "bias": value.mean() - truth if len(known) else np.nan,
        "bias_error": float(np.hypot(spread / np.sqrt(n), truth_error)),
        "spread": spread,
        "width": np.mean(upper - lower) if len(known) else np.nan,
        "coverage": share,
        "coverage_error": np.sqrt(share * (1 - share) / n),
        "type_one_error": 1 - share if may_reject else np.nan,
    }


def judge(row: Mapping[str, Any]) -> str:
    """Say whether a row is as it should be: ``holds``, or what misses, or ``outside``.

    Outside the target are cells of which an arm is worth fewer than 40 patients.
    """
    if row["median_effective_size"] < SMALLEST_EFFECTIVE_SIZE:
        return "outside"
    faults = []
    if not COVERAGE[0] <= row["coverage"] <= COVERAGE[1]:
        faults.append("coverage")
    if row["type_one_error"] == row["type_one_error"] and not (
        TYPE_ONE[0] <= row["type_one_error"] <= TYPE_ONE[1]
    ):
        faults.append("type I error")
    if abs(row["bias"]) > _BIAS_ERRORS * row["bias_error"]:
        faults.append("bias")
    return ", ".join(faults) or "holds"
