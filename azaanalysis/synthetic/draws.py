"""Random numbers, drawn per patient and per week, the same whatever the treatment.

Patients are made in blocks, each with its own stream spawned from the seed; the result does not
depend on how many blocks are made at a time or in which process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

# Patients per stream. Part of the recipe: another number gives another cohort.
PATIENTS_PER_BLOCK = 16_384
# Weekly uniform numbers, one row each.
WEEKLY = (
    *("serious_infection", "mild_infection", "zoster", "opportunistic_infection"),
    *("detail", "duration", "reaction", "test", "steroid", "hospitalisation", "injury"),
)
WEEKLY_NORMAL = ("wbc", "alt")
# Clocks that ring once in a life.
ONCE = ("death", "lost", "pregnancy", "surgery", "malignancy")


@dataclass(frozen=True)
class Draws:
    """The random numbers of one block of patients.

    Two simulations with the same ``Draws`` meet the same luck week by week, so what differs
    between them is the treatment (common random numbers).

    Parameters
    ----------
    first
        How many patients the blocks before hold.
    n
        Patients in the block.
    sequence
        Seed of the block.
    """

    first: int
    n: int
    sequence: np.random.SeedSequence

    def stream(self, purpose: str) -> np.random.Generator:
        """Return a fresh stream for one purpose; the same each time it is asked for."""
        return np.random.Generator(np.random.PCG64(self._children[purpose]))

    @cached_property
    def _children(self) -> dict[str, np.random.SeedSequence]:
        # New purposes go to the end: the streams of those before stay what they were.
        purposes = (
            *("baseline", "traits", "choice", "lines", "once", "weekly", "visits", "labs"),
            *("kept", "metabolites"),
        )
        spawned = np.random.SeedSequence(
            self.sequence.entropy, spawn_key=self.sequence.spawn_key
        ).spawn(len(purposes))
        return dict(zip(purposes, spawned, strict=True))

    def weeks(self) -> Iterator[Week]:
        """Yield the random numbers of one week after another."""
        stream = self.stream("weekly")
        while True:
            yield Week(
                dict(zip(WEEKLY, stream.random((len(WEEKLY), self.n)), strict=True)),
                dict(
                    zip(
                        WEEKLY_NORMAL,
                        stream.standard_normal((len(WEEKLY_NORMAL), self.n)),
                        strict=True,
                    )
                ),
            )

    def once(self) -> dict[str, np.ndarray]:
        """Return unit exponentials for the clocks that ring once."""
        thresholds = self.stream("once").standard_exponential((len(ONCE), self.n))
        return dict(zip(ONCE, thresholds, strict=True))


@dataclass(frozen=True)
class Week:
    """Uniform and normal numbers of one week, by purpose."""

    uniform: dict[str, np.ndarray]
    normal: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class LineDraws:
    """Random numbers of each line of treatment, lines by patients."""

    response: np.ndarray
    onset: np.ndarray
    loss: np.ndarray
    clocks: np.ndarray
    companion_clocks: np.ndarray
    has_next: np.ndarray
    next_drug: np.ndarray
    next_delay: np.ndarray
    companion_follows: np.ndarray


def draw_lines(draws: Draws, lines: int, n_clocks: tuple[int, int]) -> LineDraws:
    """Draw what decides each line of treatment, whatever the drug will be."""
    stream, shape = draws.stream("lines"), (lines, draws.n)
    return LineDraws(
        response=stream.random(shape),
        onset=stream.standard_normal(shape),
        loss=stream.standard_exponential(shape),
        clocks=stream.standard_exponential((lines, n_clocks[0], draws.n)),
        companion_clocks=stream.standard_exponential((n_clocks[1], draws.n)),
        has_next=stream.random(shape),
        next_drug=stream.random(shape),
        next_delay=stream.standard_exponential(shape),
        companion_follows=stream.random(shape),
    )


def blocks(n_patients: int, seed: int) -> Iterator[Draws]:
    """Yield the draws of each block of patients."""
    firsts = range(0, n_patients, PATIENTS_PER_BLOCK)
    sequences = np.random.SeedSequence(seed).spawn(len(firsts))
    for first, sequence in zip(firsts, sequences, strict=True):
        yield Draws(first, min(PATIENTS_PER_BLOCK, n_patients - first), sequence)
