"""How strong an unmeasured cause would have to be to explain a comparison away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.errors import EstimationError
from azaanalysis.result import Estimate

# An outcome is rare if fewer than this share had it by the end of follow-up: a hazard ratio is then
# close to the ratio of risks. Source: VanderWeele and Ding (2017), Ann Intern Med 167:268-274.
RARE_BELOW = 0.15
_TAKEN = ("risk_ratio", "rate_ratio", "hazard_ratio", "odds_ratio")
_COPIED = ("endpoint", "cause", "arm", "versus", "at_days", "patients", "events", "patient_years")


def e_value(ratio: float, *, true_ratio: float = 1.0) -> float:
    """Return the E-value of a risk ratio: RR + sqrt(RR (RR - 1)), for RR of 1 or more.

    Parameters
    ----------
    ratio
        A risk ratio; below 1 its inverse is taken.
    true_ratio
        The ratio that would be left; 1 asks what explains the association away.

    Notes
    -----
    Source: VanderWeele and Ding (2017), Ann Intern Med 167:268-274.
    """
    moved = ratio / true_ratio
    if not moved > 0:
        return float("nan")
    larger = max(moved, 1 / moved)
    return float(larger + np.sqrt(larger * (larger - 1)))


def joint_bias(to_arm: float, to_outcome: float) -> float:
    """Return the largest ratio that a cause of both could make out of no difference.

    Parameters
    ----------
    to_arm
        How many times as common the cause is in one arm as in the other, RR_EU.
    to_outcome
        How many times as high the risk is with the cause as without it, RR_UD.

    Notes
    -----
    RR_EU RR_UD / (RR_EU + RR_UD - 1): Ding and VanderWeele (2016), Epidemiology 27:368-377.
    """
    return to_arm * to_outcome / (to_arm + to_outcome - 1)


def needed_to_outcome(ratio: float, to_arm: np.ndarray) -> np.ndarray:
    """Return how strongly a cause must act on the outcome to explain a ratio away.

    Parameters
    ----------
    ratio
        A risk ratio; below 1 its inverse is taken.
    to_arm
        How many times as common the cause is in one arm as in the other.

    Returns
    -------
    array
        RR_UD for each of ``to_arm``; missing where no RR_UD suffices.
    """
    larger = max(ratio, 1 / ratio)
    to_arm = np.asarray(to_arm, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        needed: np.ndarray = larger * (to_arm - 1) / (to_arm - larger)
    suffices: np.ndarray = np.where(to_arm > larger, needed, np.nan)
    return suffices


def estimate_e_values(estimate: Estimate, *, is_common: bool | None = None) -> Estimate:
    """Estimate how strong an unmeasured cause must be to explain each ratio away.

    Parameters
    ----------
    estimate
        Rows of ``risk_ratio``, ``rate_ratio``, ``hazard_ratio`` or ``odds_ratio``. A risk
        difference has its E-value through the ratio of the same risks: give that of
        ``estimate_risk_ratio``.
    is_common
        Whether the outcome is common, so that hazard and odds ratios are first turned into
        approximate risk ratios. If not given: common where at least 15 of 100 of the two arms
        together had the event while observed.

    Returns
    -------
    Estimate
        The ratios as they were given; then, for each, ``e_value`` of the estimate and
        ``e_value_of_limit`` of the limit nearest to no difference (1 if the interval holds it).

    Raises
    ------
    EstimationError
        If the estimate has none of these ratios.

    Notes
    -----
    The E-value is the smallest strength, as a risk ratio, that an unmeasured cause would need to
    have with both arm and outcome, beyond what was measured. For a common outcome the hazard ratio
    h becomes (1 - 0.5^sqrt(h)) / (1 - 0.5^sqrt(1/h)), an odds ratio its square root. Source:
    VanderWeele and Ding (2017), Ann Intern Med 167:268-274. It speaks of confounding only: not
    of wrong codes, selection or chance, and a large one is no proof.
    """
    given = estimate.only(quantity=_TAKEN)
    if not len(given):
        raise EstimationError(
            "An E-value needs a ratio of risks, rates, hazards or odds, and this estimate has "
            "none. Give the result of estimate_risk_ratio(), of the same risks as a difference."
        )
    records = given.frame.to_dict("records")
    made = [row for record in records for row in _of_ratio(record, is_common)]
    made.sort(key=lambda row: row["quantity"] != "e_value")
    return Estimate(pd.concat([given.frame, pd.DataFrame(made)], ignore_index=True), given.about)


def _of_ratio(row: dict[Any, Any], is_common: bool | None) -> Iterator[dict[str, Any]]:
    """Yield the E-value of a ratio and of its limit nearest to no difference."""
    common = is_common_outcome(row["events"], row["patients"]) if is_common is None else is_common
    value, lower, upper = (
        as_risk_ratio(float(row[name]), row["quantity"], is_common=common)
        for name in ("value", "lower", "upper")
    )
    copied = {name: row[name] for name in _COPIED}
    yield {**copied, "quantity": "e_value", "value": e_value(value)}
    nearest = lower if value >= 1 else upper
    holds_null = lower <= 1 <= upper
    of_limit = 1.0 if holds_null else e_value(nearest)
    yield {**copied, "quantity": "e_value_of_limit", "value": of_limit}


def is_common_outcome(events: float, patients: float) -> bool:
    """Tell whether an outcome is too common for a hazard ratio to be near the ratio of risks."""
    return bool(patients and events / patients >= RARE_BELOW)


def as_risk_ratio(ratio: float, quantity: str, *, is_common: bool) -> float:
    """Return the risk ratio that a ratio stands for, approximately if the outcome is common."""
    if not is_common or quantity in ("risk_ratio", "rate_ratio") or not ratio > 0:
        return ratio
    if quantity == "odds_ratio":
        return float(np.sqrt(ratio))
    # 1 - 0.5^x, written so that x close to zero keeps its digits.
    return float(np.expm1(-np.log(2) * ratio**0.5) / np.expm1(-np.log(2) * ratio**-0.5))
