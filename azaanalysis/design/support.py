"""Where an arm was closed to some patients: who is set aside, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.design.set_aside import set_aside
from azaanalysis.errors import DesignError
from azaanalysis.settings_weighting import WeightingSettings
from azaanalysis.vocab import in_words

Array = np.ndarray


@dataclass(frozen=True)
class ClosedLevel:
    """A level of a covariate at which nobody received an arm."""

    covariate: str
    level: str
    arm: str

    def __str__(self) -> str:
        """One clause: no patient of an arm has this level."""
        name = in_words(self.covariate.removeprefix("has_").removeprefix("is_"))
        level = {"True": "yes", "False": "no"}.get(self.level, self.level)
        return f"no patient of {in_words(self.arm)} has {name} '{level}'"


def keep_supported(
    follow_up: FollowUp, names: tuple[str, ...], choices: WeightingSettings
) -> FollowUp:
    """Set aside who is outside the common range, or at a level that the target population lacks.

    The overlap population is made of those who could have received any arm, so a level that some
    arm lacks lies outside it; those of one arm (``att``) have no level that this arm lacks.
    """
    follow_up = _keep_common_range(follow_up, choices.trim.common_range)
    kept = np.ones(len(follow_up.frame), dtype=bool)
    needed = _needed_arms(follow_up, choices)
    closed: list[ClosedLevel] = []
    while found := list(_closed(follow_up, names, kept, needed)):
        for level, members in found:
            closed.append(level)
            kept &= ~members
    why = "; ".join(str(level) for level in closed)
    return set_aside(follow_up, kept, step="With a level that all arms have", reason=why)


def _keep_common_range(follow_up: FollowUp, names: tuple[str, ...]) -> FollowUp:
    """Keep who lies, in each of these numbers, where every arm has somebody."""
    kept = np.ones(len(follow_up.frame), dtype=bool)
    for name in names:
        column = follow_up.frame[name] if name in follow_up.covariates else None
        if column is None or not pd.api.types.is_numeric_dtype(column.dtype):
            raise DesignError(
                f"A common range is asked of '{name}', which is not a number among the covariates "
                f"({', '.join(follow_up.covariates)}). Take it out of 'common_range'."
            )
        numbers = column.to_numpy("float64", na_value=np.nan)
        ranges = pd.Series(numbers).groupby(follow_up.frame["arm"].to_numpy()).agg(["min", "max"])
        kept &= ~((numbers < ranges["min"].max()) | (numbers > ranges["max"].min()))
    words = " and ".join(in_words(name) for name in names)
    reason = f"their {words} lies outside the range that all arms share"
    return set_aside(follow_up, kept, step=f"Within the common range of {words}", reason=reason)


def refuse_separation(follow_up: FollowUp, names: tuple[str, ...]) -> None:
    """Say which covariate tells who received an arm, as far as single levels show it.

    Raises
    ------
    DesignError
        Always: it is called when the model has no finite answer.
    """
    everybody = np.ones(len(follow_up.frame), dtype=bool)
    closed = [str(level) for level, _ in _closed(follow_up, names, everybody, follow_up.arms)]
    why = "; ".join(closed) or "some covariates together, or a number, tell the arms apart"
    raise DesignError(
        f"There are no propensity weights: {why}. Nobody can be compared there. To go on: put "
        "levels together under another name, take the covariate out, or narrow the population. "
        "The target 'overlap' leaves out levels that an arm lacks."
    )


def _needed_arms(follow_up: FollowUp, choices: WeightingSettings) -> tuple[str, ...]:
    if choices.target == "overlap":
        return follow_up.arms
    return (choices.of_arm or follow_up.reference,) if choices.target == "att" else ()


def _closed(
    follow_up: FollowUp, names: tuple[str, ...], kept: Array, arms: tuple[str, ...]
) -> Iterator[tuple[ClosedLevel, Array]]:
    """Return each level that one of the arms lacks, with who has it."""
    if not arms:
        return
    codes = follow_up.frame["arm"].cat.codes.to_numpy()
    for name in names:
        column = follow_up.frame[name]
        if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column):
            column = column.isna().map({False: "known", True: "missing"})
        level_codes, levels = pd.factorize(column.astype("object").where(column.notna(), "missing"))
        counts = _cross(level_codes[kept], codes[kept], len(levels), len(follow_up.arms))
        for place, arm in _empty_cells(counts, follow_up.arms, arms):
            yield ClosedLevel(name, str(levels[place]), arm), level_codes == place


def _cross(levels: Array, arms: Array, n_levels: int, n_arms: int) -> Array:
    cells = np.bincount(levels * n_arms + arms, minlength=n_levels * n_arms)
    return cells.reshape(n_levels, n_arms)


def _empty_cells(
    counts: Array, arms: tuple[str, ...], needed: tuple[str, ...]
) -> Iterator[tuple[int, str]]:
    for place, row in enumerate(counts):
        for arm, count in zip(arms, row, strict=True):
            if arm in needed and count == 0 and row.sum() > 0:
                yield place, arm
