"""How strongly what was measured goes with arm and outcome: a yardstick for what was not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import AzaError
from azaanalysis.estimate.compare import on_days
from azaanalysis.estimate.e_values import joint_bias
from azaanalysis.estimate.readings import Arms
from azaanalysis.estimate.tally import tally
from azaanalysis.result import SMALLEST_COUNT_IF_UNSTATED

Array = np.ndarray
COLUMNS = ["covariate", "level", "arm", "versus", "to_arm", "to_outcome", "joint"]
# A ratio of risks in fewer patients than this says nothing of how strong a cause is.
_FEWEST = 50


def measure_confounding(follow_up: FollowUp, *, at_day: float) -> pd.DataFrame:
    """Measure how strongly each covariate goes with the arm and with the outcome.

    An E-value says how strong an unmeasured cause would have to be; these say how strong the
    measured ones are.

    Parameters
    ----------
    follow_up
        One row per patient. Weights play no part: it is about the arms as they were observed.
    at_day
        Day since time zero, by which the endpoint's first own cause counts.

    Returns
    -------
    DataFrame
        One row per covariate, level and arm against the reference (``versus``), the strongest
        first within each arm: ``to_arm`` (how many times as common the level, or its absence, is
        in one of the two arms), ``to_outcome`` (ratio of the two risks, with and without it, in
        the arm where it is larger; both are 1 or more) and ``joint`` (the ratio that such a cause
        could make out of no difference, ``joint_bias``). Numbers are divided at their median.
        Levels with fewer than 50 patients on either side in either arm are left out, so that
        no small count stands behind a ratio.

    Notes
    -----
    Source of the bound: Ding and VanderWeele (2016), Epidemiology 27:368-377. A covariate that
    was not measured may be stronger than all that were; that is why the comparison helps and does
    not decide.
    """
    plain = replace(follow_up, frame=follow_up.frame.assign(weight=1.0), weighting=None)
    rows = [
        {"arm": arm, "versus": follow_up.reference, **row}
        for arm in follow_up.arms
        if arm != follow_up.reference
        for row in _of_pair(plain, arm, at_day)
    ]
    made = pd.DataFrame(rows, columns=COLUMNS)
    order = {arm: place for place, arm in enumerate(follow_up.arms)}
    made = made.sort_values("joint", ascending=False, kind="stable")
    made = made.sort_values("arm", key=lambda arms: arms.map(order), kind="stable")
    return made.reset_index(drop=True)


def _of_pair(follow_up: FollowUp, arm: str, at_day: float) -> Iterator[dict[str, object]]:
    """Yield the strengths of all levels for one arm and the reference."""
    smallest = int(follow_up.about.get("smallest_count", SMALLEST_COUNT_IF_UNSTATED))
    least = max(_FEWEST, smallest)
    in_arm = (follow_up.frame["arm"] == arm).to_numpy()
    in_reference = (follow_up.frame["arm"] == follow_up.reference).to_numpy()
    for covariate in follow_up.covariates:
        for level, has in _levels(follow_up.frame[covariate]):
            cells = [(has & here, ~has & here) for here in (in_arm, in_reference)]
            if min(side.sum() for pair in cells for side in pair) < least:
                continue
            shares = [pair[0].sum() / (pair[0].sum() + pair[1].sum()) for pair in cells]
            to_outcome = max(_ratio_of_risks(follow_up, *pair, at_day) for pair in cells)
            to_arm = max(_larger(shares[0] / shares[1]), _larger((1 - shares[0]) / (1 - shares[1])))
            if np.isfinite(to_outcome):
                named = {"covariate": covariate, "level": level, "to_arm": to_arm}
                joint = joint_bias(to_arm, to_outcome)
                yield {**named, "to_outcome": to_outcome, "joint": joint}


def _levels(column: pd.Series) -> Iterator[tuple[str, Array]]:
    """Yield each level in words with who has it; numbers are divided at their median."""
    if pd.api.types.is_bool_dtype(column.dtype):
        yield "yes", column.to_numpy(dtype=bool, na_value=False)
    elif pd.api.types.is_numeric_dtype(column.dtype):
        middle = float(column.median())
        numbers = column.to_numpy("float64", na_value=np.nan)
        is_above = numbers > middle
        # Three digits, but a year whole.
        yield f"above {middle:.{3 if abs(middle) < 1000 else 4}g}", is_above
    else:
        levels = column.dropna().astype(str).unique()
        # Of two levels one says all: the other is its absence.
        for level in levels[: 1 if len(levels) == 2 else None]:
            yield level, (column.astype(str) == level).to_numpy()


def _ratio_of_risks(follow_up: FollowUp, has: Array, lacks: Array, at_day: float) -> float:
    """Return the ratio of the risks of two sets of rows by a day, as 1 or more."""
    rows = has | lacks
    sides = pd.Categorical(np.where(has, "has", "lacks")[rows], ["has", "lacks"])
    frame = follow_up.frame[rows].assign(arm=sides).reset_index(drop=True)
    about = {key: entry for key, entry in follow_up.about.items() if key != "reference"}
    try:
        table = tally(replace(follow_up, frame=frame, about=about))
        risk = Arms(table).read(1, on_days([at_day])).value[:, 0]
    except AzaError:
        return float("nan")
    return _larger(risk[0] / risk[1]) if (risk > 0).all() else float("nan")


def _larger(ratio: float) -> float:
    return float(max(ratio, 1 / ratio)) if ratio > 0 else float("nan")
