"""Baseline covariates: measured in time, different between patients, known, shared by the arms."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from azaanalysis.design.assemble import MADE
from azaanalysis.design.checks.finding import Finding, percent
from azaanalysis.design.checks.scene import ENOUGH, Scene
from azaanalysis.design.days import NEVER, days_of
from azaanalysis.vocab import in_words

Array = np.ndarray

_LATE_NAME = re.compile(
    r"(^|_)(after|during|follow_?up|final|outcome|stopped|responded|(week|month|day)_?\d+)(_|$)"
)
_NOT_A_MEASUREMENT = ("birth_date", "diagnosis_date", "death_date", "observed_from", "observed_to")
_MOSTLY_MISSING = 0.5
_TELLS_OUTCOME, _SAME = 0.95, 0.999
_LEVEL = 20


def check_covariates(scene: Scene) -> Iterator[Finding]:
    """Find faults in the covariates of a study."""
    patients = scene.entrants.patients
    columns = {c: patients[c] for c in scene.study.covariates if c in patients and c not in MADE}
    for name, column in columns.items():
        yield from _measured_late(scene, name)
        yield from _told_by_outcome(scene, name, column)
        yield from _says_nothing(name, column)
        yield from _tells_arms_apart(scene, name, column)
    yield from _twins({name: _numbers(column) for name, column in columns.items()})


def _measured_late(scene: Scene, name: str) -> Iterator[Finding]:
    """Read from a date beside the covariate, or from its name, that it was measured too late."""
    remedy = "take the last value before time zero; what comes after it may be an effect."
    for date in (str(c) for c in scene.entrants.patients if _is_date_of(str(c), name)):
        measured = days_of(scene.entrants.patients[date])
        late = (measured < NEVER) & (measured > scene.entrants.index_day)
        if late.any():
            yield Finding(
                "covariate_after_time_zero",
                "error",
                name,
                f"'{date}' is after time zero in {percent(float(late.mean()))} of the starters.",
                remedy,
            )
            return
    if _LATE_NAME.search(name):
        yield Finding(
            "covariate_after_time_zero",
            "warning",
            name,
            "its name says that it was measured after the start.",
            remedy,
        )


def _is_date_of(date: str, name: str) -> bool:
    """Tell whether a column is the date on which a covariate was measured."""
    stem = date.removesuffix("_date").removesuffix("_measured")
    is_date = date.endswith("_date") and date not in _NOT_A_MEASUREMENT
    return is_date and (name == stem or name.startswith(f"{stem}_") or name.endswith(f"_{stem}"))


def _told_by_outcome(scene: Scene, name: str, column: pd.Series) -> Iterator[Finding]:
    """Find what is known of those with the event only, or agrees with it: it came after it."""
    followed = scene.follow_ups.get(scene.study.main_endpoint)
    if followed is None or len(followed.frame) != len(column):
        return
    had = followed.frame["status"].between(1, followed.n_own).to_numpy()
    if min(had.sum(), (~had).sum()) < ENOUGH:
        return
    known = column.notna().to_numpy()
    apart = abs(float(known[had].mean() - known[~had].mean()))
    numbers = _numbers(column)
    days = followed.frame["exit_days"].to_numpy()
    agrees = max(_correlation(numbers, had.astype(float)), _correlation(numbers, days))
    if apart > 0.8 or agrees > _TELLS_OUTCOME:
        what = (
            "is known of those with the outcome only"
            if apart > 0.8
            else "follows the outcome all but exactly"
        )
        yield Finding(
            "covariate_after_time_zero",
            "error",
            name,
            f"it {what} (endpoint {in_words(followed.endpoint)}), so it was recorded afterwards.",
            "take it out of the covariates.",
        )


def _says_nothing(name: str, column: pd.Series) -> Iterator[Finding]:
    missing = float(column.isna().mean())
    if len(column.unique()) == 1 and missing == 0:
        yield Finding(
            "constant_covariate",
            "warning",
            name,
            "all starters have the same value.",
            "take it out of the covariates; it can balance nothing.",
        )
    elif missing > _MOSTLY_MISSING:
        yield Finding(
            "covariate_mostly_missing",
            "warning",
            name,
            f"it is missing in {percent(missing)} of the starters.",
            "fill it from another source, or take it out: an indicator of missing values does not "
            "make the arms alike.",
        )


def _tells_arms_apart(scene: Scene, name: str, column: pd.Series) -> Iterator[Finding]:
    """Find values that only one arm has: there is nobody to compare with."""
    if len(scene.big) < 2:
        return
    if pd.api.types.is_bool_dtype(column.dtype) or not pd.api.types.is_numeric_dtype(column.dtype):
        alone = _level_of_one_arm(scene, column)
    else:
        alone = _range_of_one_arm(scene, column)
    if alone:
        yield Finding(
            "no_overlap_in_covariate",
            "warning",
            name,
            alone,
            "restrict the population to patients who could receive each arm.",
        )


def _level_of_one_arm(scene: Scene, column: pd.Series) -> str:
    """Return a level that one arm has often and another, with the same share, would have had."""
    codes, levels = pd.factorize(column)
    for code, level in enumerate(levels):
        has_it = codes == code
        n_of = np.bincount(scene.arm[has_it], minlength=len(scene.arms))
        shares = scene.share(has_it)
        other = scene.big[int(np.argmax(shares[scene.big]))]
        for arm in (a for a in scene.big if n_of[a] == 0 and n_of[other] >= _LEVEL):
            if shares[other] * scene.sizes[arm] >= _LEVEL / 2:
                return (
                    f"'{level}' is found in {percent(float(shares[other]))} of "
                    f"{in_words(scene.arms[other])} and in nobody of {in_words(scene.arms[arm])}."
                )
    return ""


def _range_of_one_arm(scene: Scene, column: pd.Series) -> str:
    """Return two arms whose middle ninety percent do not meet."""
    numbers = column.to_numpy("float64", na_value=np.nan)
    limits = {
        code: np.nanquantile(own, [0.05, 0.95])
        for code in scene.big
        if not np.isnan(own := numbers[scene.arm == code]).all()
    }
    for one, (low, _) in limits.items():
        for other, (_, high) in limits.items():
            if low > high:
                return (
                    f"nearly all of {in_words(scene.arms[one])} have more than nearly all of "
                    f"{in_words(scene.arms[other])}."
                )
    return ""


def _twins(numbers: dict[str, Array]) -> Iterator[Finding]:
    names = list(numbers)
    for place, name in enumerate(names):
        for other in names[place + 1 :]:
            if _correlation(numbers[name], numbers[other]) > _SAME:
                yield Finding(
                    "covariates_say_the_same",
                    "warning",
                    f"{name} and {other}",
                    "one determines the other.",
                    "keep one of them.",
                )


def _numbers(column: pd.Series) -> Array:
    """Return a covariate as numbers; words of more than two kinds have no order and become none."""
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return column.to_numpy("float64", na_value=np.nan)
    codes, levels = pd.factorize(column, sort=True)
    return np.where((codes < 0) | (len(levels) > 2), np.nan, codes)


def _correlation(one: Array, other: Array) -> float:
    """Return the size of the correlation of two columns where both are known."""
    both = ~np.isnan(one) & ~np.isnan(other)
    one, other = one[both], other[both]
    if len(one) < ENOUGH or one.std() == 0 or other.std() == 0:
        return 0.0
    return float(abs(np.corrcoef(one, other)[0, 1]))
