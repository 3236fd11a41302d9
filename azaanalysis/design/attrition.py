"""Who left at which step, and why."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

import numpy as np
import pandas as pd


class Attrition:
    """Counts patients while a comparison is being built, step by step.

    The only object with a state in the package: it lives inside ``follow`` and hands out a
    frozen table at the end. A patient who enters twice is one patient, in each of the arms.
    """

    def __init__(self, arms: tuple[str, ...], n_patients: int) -> None:
        self._arms = arms
        self._kept = {"": np.ones(n_patients, dtype=bool)}
        self._rows: list[dict[str, object]] = []
        self._count("In the data", "", self._kept)

    def keep(self, positions: Iterable[int], step: str, reason: str) -> None:
        """Keep the patients at these positions; the others leave at this step for this reason."""
        self._count(step, reason, {"": self._mark(positions)})

    def assign_arms(self, starts: pd.DataFrame) -> None:
        """From here on count by arm (columns ``position`` and ``arm``)."""
        self._kept |= self._by_arm(starts)
        self._count("Entered an arm", "", self._kept)

    def keep_starts(self, starts: pd.DataFrame, step: str, reason: str) -> None:
        """Keep these starts; patients without one leave at this step for this reason."""
        self._count(step, reason, {"": self._mark(starts["position"]), **self._by_arm(starts)})

    def copy(self) -> Attrition:
        """Return a copy, so that endpoints can go on counting each by itself."""
        return deepcopy(self)

    def to_frame(self, *, smallest_count: int) -> pd.DataFrame:
        """Return the steps: ``step``, ``arm`` (empty: all), ``patients``, ``reason``, ``left``."""
        frame = pd.DataFrame(self._rows).astype({"patients": "Int64", "left": "Int64"})
        frame.attrs["smallest_count"] = smallest_count
        return frame

    def in_words(self) -> str:
        """Return the steps at which anyone left, one line each."""
        return "\n".join(
            f"  {row['step']}: {row['left']:,} left ({row['reason']})"
            for row in self._rows
            if row["arm"] == "" and row["left"]
        )

    def _mark(self, positions: Iterable[int]) -> np.ndarray:
        kept = np.zeros_like(self._kept[""])
        kept[np.asarray(positions, dtype=np.int64)] = True
        return kept

    def _by_arm(self, starts: pd.DataFrame) -> dict[str, np.ndarray]:
        position, code = starts["position"].to_numpy(), starts["arm"].cat.codes.to_numpy()
        return {arm: self._mark(position[code == k]) for k, arm in enumerate(self._arms)}

    def _count(self, step: str, reason: str, kept: dict[str, np.ndarray]) -> None:
        for arm, after in kept.items():
            before = self._kept[arm]
            row = {"step": step, "arm": arm, "patients": int((before & after).sum())}
            self._rows.append({**row, "reason": reason, "left": int((before & ~after).sum())})
            self._kept[arm] = before & after
