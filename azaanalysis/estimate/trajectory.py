"""Mean levels over time: a mixed model with a level of its own for each patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from azaanalysis.design.levels import Levels
from azaanalysis.errors import EstimationError
from azaanalysis.estimate.reach import normal_reach
from azaanalysis.estimate.refusals import refuse_level
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words

Array = np.ndarray
# Variance between patients over that within, as a logarithm: from none to nearly all.
_LOG_RATIO = (-12.0, 8.0)


def estimate_trajectory(
    levels: Levels,
    *,
    at_days: Sequence[float] = (0, 28, 84, 182, 365),
    least_patients: int | None = None,
    level: float = 0.95,
) -> Estimate:
    """Estimate the mean level of a test in each arm over time.

    Parameters
    ----------
    levels
        Results over time, as ``follow_levels`` returns them.
    at_days
        Days between which the mean moves in straight lines; results after the last are left out.
    least_patients
        Arms with fewer patients near any of the days are left out, with a note. Without it such
        an arm is refused, if it has fewer than two.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        Quantity ``mean_level`` for each arm and day, in the unit of the test. ``patients`` are
        those with a result near that day: they alone decide about it.

    Raises
    ------
    EstimationError
        If the days do not ascend, or an arm has too few results near one of them.

    Notes
    -----
    In each arm: value = mean(day) + a level of the patient + noise, both normal, fitted by maximum
    likelihood (Laird and Ware 1982, Biometrics 38:963-974); weights multiply what a patient adds
    to the likelihood. Errors are robust by patient and take weights as known, so that they hold if
    results near in time are more alike than the model says. Those who stop are taken to be like
    those who stay with the same results; those whose low results made them stop are not seen
    recovering.
    """
    refuse_level(level)
    knots = np.asarray(at_days, dtype=float)
    if len(knots) < 2 or not (np.diff(knots) > 0).all():
        raise EstimationError(f"at_days must be two or more ascending days; got {list(at_days)}.")
    reach = normal_reach(level)
    rows, left_out = [], []
    for arm in levels.follow_up.arms:
        sums = _Sums.of(levels, arm, knots)
        if least_patients is not None and sums.fewest < max(least_patients, 2):
            left_out.append(in_words(arm))
            continue
        fitted = _fit(sums.or_refuse(arm, knots))
        for place, day in enumerate(knots):
            value, error = fitted.means[place], fitted.errors[place]
            numbers = {"value": value, "lower": value - reach * error, "std_error": error}
            numbers |= {"upper": value + reach * error, "patients": fitted.patients[place]}
            rows.append({"arm": arm, "at_days": day, **numbers})
    if not rows:
        raise EstimationError(
            f"No arm has {least_patients} patients near each of the days {knots.tolist()}. Ask "
            "for fewer days, or lower least_patients."
        )
    about = {
        **levels.follow_up.about,
        "method": "mixed model with a level for each patient, straight lines between the days",
        "level": level,
        "interval": "sampling of patients, weights taken as known",
        "endpoint_label": in_words(levels.test),
    }
    if left_out:
        note = f"Left out, with too few patients near one of the days: {', '.join(left_out)}."
        about["notes"] = (*about.get("notes", ()), note)
    named = {"endpoint": levels.test, "quantity": "mean_level", "unit": f"({levels.unit})"}
    return Estimate.from_rows([{**named, **row} for row in rows], about=about)


@dataclass(frozen=True, eq=False)
class _Sums:
    """What the likelihood of one arm needs: rows, and their sums by patient (m patients, q days).

    ``design`` and ``value`` have one row for each result, ``patient`` its patient; ``near`` and
    ``total`` are the sums of both by patient.
    """

    design: Array
    value: Array
    patient: Array
    count: Array
    near: Array
    total: Array
    weight: Array

    @classmethod
    def of(cls, levels: Levels, arm: str, knots: Array) -> _Sums:
        """Sum up the results of one arm."""
        frame = levels.follow_up.frame
        here = (frame["arm"] == arm).to_numpy()[levels.row] & (levels.days <= knots[-1])
        here &= frame["weight"].to_numpy()[levels.row] > 0
        rows, patient = np.unique(levels.row[here], return_inverse=True)
        value, m = levels.value[here], len(rows)
        # Straight lines: each result counts for the two days around it, more for the nearer.
        design = np.stack(
            [np.interp(levels.days[here], knots, unit) for unit in np.eye(len(knots))]
        )
        near = np.stack([np.bincount(patient, part, minlength=m) for part in design], axis=1)
        total, count = np.bincount(patient, value, m), np.bincount(patient, minlength=m)
        weight = frame["weight"].to_numpy(dtype=float)[rows]
        return cls(design.T, value, patient, count.astype(float), near, total, weight)

    @property
    def fewest(self) -> int:
        """The patients with a result near the day that has the fewest."""
        return int((self.near > 0).sum(axis=0).min())

    def or_refuse(self, arm: str, knots: Array) -> _Sums:
        """Return the sums, unless they are of too few patients to tell a mean from a patient."""
        if self.fewest < 2:
            raise EstimationError(
                f"In {in_words(arm)} fewer than two patients have a result near one of the days "
                f"{knots.tolist()}. Ask for fewer days, or leave the arm out."
            )
        return self


@dataclass(frozen=True, eq=False)
class _Fitted:
    means: Array
    errors: Array
    patients: Array


def _fit(sums: _Sums) -> _Fitted:
    """Maximise the likelihood over the ratio of variances; everything else has a closed form."""
    best = minimize_scalar(
        lambda log_ratio: _profile(sums, np.exp(log_ratio))[0],
        bounds=_LOG_RATIO,
        method="bounded",
        options={"xatol": 1e-9},
    )
    ratio = float(np.exp(best.x))
    _, means, information = _profile(sums, ratio)
    residual = sums.value - sums.design @ means
    by_patient = np.stack(
        [np.bincount(sums.patient, part * residual, len(sums.count)) for part in sums.design.T], 1
    )
    shrink = ratio / (1 + sums.count * ratio)
    left = np.bincount(sums.patient, residual, len(sums.count))
    scores = sums.weight[:, None] * (by_patient - (shrink * left)[:, None] * sums.near)
    inverse = np.linalg.inv(information)
    variance = inverse @ (scores.T @ scores) @ inverse
    return _Fitted(means, np.sqrt(np.diag(variance)), (sums.near > 0).sum(axis=0))


def _profile(sums: _Sums, ratio: float) -> tuple[float, Array, Array]:
    """Return minus twice the log likelihood (less a constant), the means and their information.

    The inverse of a patient's covariance is (1 - c 11')/s2 with c = ratio / (1 + n ratio).
    """
    w, near, total = sums.weight, sums.near, sums.total
    of_row, shrink = w[sums.patient], w * ratio / (1 + sums.count * ratio)
    information = (sums.design * of_row[:, None]).T @ sums.design - (
        near * shrink[:, None]
    ).T @ near
    cross = sums.design.T @ (of_row * sums.value) - near.T @ (shrink * total)
    square = of_row @ sums.value**2 - shrink @ total**2
    means = np.linalg.solve(information, cross)
    n = float(w @ sums.count)
    within = (square - means @ cross) / n
    fit = n * np.log(within) + w @ np.log1p(sums.count * ratio)
    return float(fit), means, information
