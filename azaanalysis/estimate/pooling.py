"""One estimate out of several, each from another version of data with gaps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from azaanalysis.errors import EstimationError
from azaanalysis.result import Estimate
from azaanalysis.vocab import QUANTITIES

Array = np.ndarray
_KEYS = ["endpoint", "cause", "arm", "versus", "quantity", "unit", "at_days"]
_NOT_POOLED = ("statistic", "p_value")


def pool(estimates: Sequence[Estimate]) -> Estimate:
    """Pool the same estimate from several imputed follow-ups by Rubin's rules.

    Parameters
    ----------
    estimates
        Two or more, with the same rows in the same order.

    Returns
    -------
    Estimate
        ``value`` is the mean over the imputations and the interval contains the spread between
        them. Ratios and rates are pooled as logarithms, cumulative incidence and survival as
        log(-log), everything else as it is. Test statistics and p values are missing: they
        cannot be pooled like this. Counts are those of the first estimate.

    Raises
    ------
    EstimationError
        If there are fewer than two, or their rows differ.

    Notes
    -----
    Total variance = mean variance + (1 + 1/m) variance between; degrees of freedom after Barnard
    and Rubin (1999), Biometrika 86:948-955, with the patients of the row as complete data.
    """
    _refuse_unlike(estimates)
    first = estimates[0]
    values, errors, slopes = _on_scale(estimates)
    m = len(estimates)
    within, between = np.square(errors).mean(axis=0), _variance(values)
    total = within + (1 + 1 / m) * between
    patients = first.frame["patients"].to_numpy("float64", na_value=np.inf)
    freedom = degrees_of_freedom(within, between, m, patients - 1)
    level = first.about.get("level") or 0.95
    reach = stdtrit(freedom, (1 + level) / 2) * np.sqrt(total)
    middle, scales = values.mean(axis=0), _scales_of(first)
    limits = np.array([_back(middle + sign * reach, scales) for sign in (-1, 1)])
    frame = first.frame.copy()
    frame["value"] = _back(middle, scales)
    frame["lower"], frame["upper"] = limits.min(axis=0), limits.max(axis=0)
    frame["std_error"] = np.sqrt(total) / slopes
    frame.loc[_is_test(first), ["value", "lower", "upper", "std_error"]] = np.nan
    contains = first.about.get("interval", "sampling of patients")
    about = {"interval": f"{contains}, and values that were missing", "n_imputations": m}
    return Estimate(frame, {**first.about, **about})


def _is_test(estimate: Estimate) -> Array:
    scales = estimate.frame["quantity"].map(lambda quantity: QUANTITIES[quantity].scale)
    is_test: Array = scales.isin(_NOT_POOLED).to_numpy()
    return is_test


def _variance(values: Array) -> Array:
    """Return the variance between imputations; none where all say the same, even infinity."""
    is_same = (values == values[0]).all(axis=0)
    with np.errstate(invalid="ignore"):
        variance: Array = np.where(is_same, 0.0, values.var(axis=0, ddof=1))
    return variance


def degrees_of_freedom(within: Array, between: Array, m: int, complete: Array) -> Array:
    """Return the degrees of freedom of a pooled estimate (Barnard and Rubin 1999).

    ``complete`` is what they would be without gaps; infinite is allowed.
    """
    total = within + (1 + 1 / m) * between
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(total > 0, (1 + 1 / m) * between / total, 0.0)
        old = (m - 1) / np.square(share)
        observed = np.where(
            np.isinf(complete), np.inf, (complete + 1) / (complete + 3) * complete * (1 - share)
        )
        freedom: Array = 1 / (1 / old + 1 / observed)
    return freedom


def _refuse_unlike(estimates: Sequence[Estimate]) -> None:
    if len(estimates) < 2:
        raise EstimationError("Pooling needs at least two estimates, one for each imputation.")
    keys = estimates[0].frame[_KEYS]
    for number, other in enumerate(estimates[1:], 2):
        if not keys.equals(other.frame[_KEYS]):
            raise EstimationError(
                f"Estimate {number} has other rows than the first. Pool the same estimate, read at "
                "the same days (Estimate.at), of each imputed follow-up."
            )


def _scales_of(estimate: Estimate) -> Array:
    """Return the scale that each row is pooled on."""
    scales: Array = estimate.frame["quantity"].map(_scale_of).to_numpy()
    return scales


def _scale_of(quantity: str) -> str:
    scale, null = QUANTITIES[quantity].scale, QUANTITIES[quantity].null
    if scale == "ratio":
        return "log"
    if null is not None or scale not in ("probability", "rate"):
        return "plain"
    if scale == "rate":
        return "log_rate"
    is_free = quantity.startswith("survival") or quantity == "followed"
    return "free" if is_free else "risk"


def _on_scale(estimates: Sequence[Estimate]) -> tuple[Array, Array, Array]:
    """Return values and errors on the scale of pooling, and the slope of that scale.

    The error of a ratio is already that of its logarithm.
    """
    scales = _scales_of(estimates[0])
    raw = np.array([e.frame["value"].to_numpy() for e in estimates])
    errors = np.array([e.frame["std_error"].to_numpy() for e in estimates])
    free = np.where(scales == "risk", 1 - raw, raw)
    is_share, is_log = np.isin(scales, ("free", "risk")), np.isin(scales, ("log", "log_rate"))
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.select([is_log, is_share], [np.log(raw), np.log(-np.log(free))], raw)
        slopes = np.select(
            [scales == "log_rate", is_share],
            [1 / raw, 1 / np.abs(free * np.log(free))],
            np.ones_like(raw),
        )
        return values, errors * slopes, slopes.mean(axis=0)


def _back(values: Array, scales: Array) -> Array:
    with np.errstate(over="ignore"):
        raised = np.exp(values)
        free = np.exp(-raised)
        is_log = np.isin(scales, ("log", "log_rate"))
        back: Array = np.select(
            [is_log, scales == "free", scales == "risk"], [raised, free, 1 - free], values
        )
    return back
