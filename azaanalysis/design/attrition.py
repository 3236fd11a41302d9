"""Who left at which step, and why."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd


class Attrition:
    """Counts patients while a comparison is being built, step by step.

    The only object with a state in the package: it lives inside ``follow`` and hands out a
    frozen table at the end.
    """

    def __init__(self, arms: tuple[str, ...], n_patients: int) -> None:
        self._arms = arms
        self._kept = np.ones(n_patients, dtype=bool)
        self._arm_of = np.full(n_patients, -1)
        self._rows: list[dict[str, object]] = []
        self._count("In the data", "", self._kept & False)

    def keep(self, positions: Iterable[int], step: str, reason: str) -> None:
        """Keep the patients at these positions; the others leave at this step for this reason."""
        kept = np.zeros_like(self._kept)
        kept[np.asarray(positions, dtype=np.int64)] = True
        leaving = self._kept & ~kept
        self._kept &= kept
        self._count(step, reason, leaving)

    def assign_arms(self, starts: pd.DataFrame) -> None:
        """From here on count by arm (columns ``position`` and ``arm``)."""
        self._arm_of[starts["position"].to_numpy()] = starts["arm"].cat.codes.to_numpy()
        self._count("Entered an arm", "", self._kept & False)

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

    def _count(self, step: str, reason: str, leaving: np.ndarray) -> None:
        groups = {"": np.ones_like(self._kept)}
        if (self._arm_of >= 0).any():
            groups |= {arm: self._arm_of == code for code, arm in enumerate(self._arms)}
        for arm, members in groups.items():
            row = {"step": step, "arm": arm, "patients": int((self._kept & members).sum())}
            self._rows.append({**row, "reason": reason, "left": int((leaving & members).sum())})
