"""Directly standardised rates, and the spread of counts against Poisson."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.errors import DesignError, EstimationError
from azaanalysis.estimate.count_limits import NO_LIMITS, gamma_limits
from azaanalysis.estimate.person_time import PersonTime
from azaanalysis.estimate.rate_variance import RateVariance, choose_variance
from azaanalysis.estimate.rates import check_rate_settings, describe_variance, naming
from azaanalysis.estimate.refusals import needs_rows
from azaanalysis.estimate.tally import RiskTable
from azaanalysis.result import Estimate
from azaanalysis.vocab import in_words


def estimate_standardised_rates(
    follow_up: FollowUp,
    *,
    by: str | Sequence[str],
    standard: Mapping[str, float] | None = None,
    per_years: float = 100,
    level: float = 0.95,
    variance: RateVariance = "auto",
) -> Estimate:
    """Estimate the rate each arm would have if all arms were made up alike.

    The rates within strata are averaged with the same shares in every arm (direct
    standardisation).

    Parameters
    ----------
    follow_up
        As in ``estimate_rates``, with the columns of ``by``.
    by
        Baseline columns whose combinations are the strata; few levels each.
    standard
        Share of each stratum, in any unit: by the level of a single column as text, or by levels
        joined with ``" / "``. Without it, the patient-years of all arms together.
    per_years, level, variance
        As in ``estimate_rates``.

    Returns
    -------
    Estimate
        One row ``standardised_rate`` per arm. An arm without time in a stratum has none, with a
        note.

    Raises
    ------
    DesignError
        If a column is absent or has empty cells.
    EstimationError
        If the standard does not name exactly the strata, or has shares below zero.

    Notes
    -----
    Source: Fay and Feuer (1997), Stat Med 16:791-801 (gamma limits). Adjusts for the named
    columns and for nothing else.
    """
    check_rate_settings(level, per_years)
    needs_rows(follow_up)
    strata = _strata(follow_up, [by] if isinstance(by, str) else list(by))
    time = PersonTime.of(follow_up)
    chosen = choose_variance(time, variance)
    shares = _shares(time, strata, standard)
    frame = time.observed().join(_standardised(time, strata, shares, chosen, level) * per_years)
    missing = [arm for arm, value in zip(time.arms, frame["value"], strict=True) if np.isnan(value)]
    notes = [
        f"No standardised rate for {in_words(a)}: a stratum has no time in it." for a in missing
    ]
    about = {
        **follow_up.about,
        **describe_variance(chosen, level, time),
        "method": f"direct standardisation by {by if isinstance(by, str) else ', '.join(by)}",
        "standard": dict(zip(strata.categories, shares.tolist(), strict=True)),
        "notes": (*follow_up.about.get("notes", ()), *time.warnings(), *notes),
    }
    named = {**naming(follow_up, per_years), "quantity": "standardised_rate"}
    return Estimate(frame.assign(arm=time.arms, **named), about)


def _standardised(
    time: PersonTime, strata: pd.Categorical[Any], shares: np.ndarray, chosen: str, level: float
) -> pd.DataFrame:
    """Return value, limits and standard error of each arm, per patient-year."""
    # Each combination of arm and stratum is treated as an arm of its own.
    k = len(shares)
    cells = tuple(f"{arm}, {stratum}" for arm in time.arms for stratum in strata.categories)
    crossed = replace(time, arms=cells, arm=time.arm * k + strata.codes)
    one_more = crossed.one_event_more().reshape(-1, k, 2) * np.stack([shares, shares**2], axis=1)
    covariance = crossed.covariance(chosen)
    rows = []
    for a, rates in enumerate(crossed.rates().reshape(-1, k)):
        of_arm = slice(a * k, (a + 1) * k)
        # A stratum without time matters only if the standard has it.
        value = float(np.sum(np.where(shares > 0, rates * shares, 0.0)))
        variance = shares @ np.nan_to_num(covariance[of_arm, of_arm]) @ shares
        known = np.isfinite(value)
        largest = tuple(np.nan_to_num(one_more[a]).max(axis=0))
        limits = gamma_limits(value, variance, largest, level) if known else NO_LIMITS
        rows.append((value, *limits, np.sqrt(variance) if known else np.nan))
    return pd.DataFrame(rows, columns=["value", "lower", "upper", "std_error"])


def _strata(follow_up: FollowUp, by: list[str]) -> pd.Categorical[Any]:
    """Return the stratum of each row."""
    frame = follow_up.frame
    absent = [column for column in by if column not in follow_up.covariates]
    if absent or not by:
        named = f"no covariate '{absent[0]}'" if absent else "nothing named"
        raise DesignError(
            f"The follow-up has {named} to standardise by. It has: "
            f"{', '.join(follow_up.covariates) or 'no covariates'}."
        )
    n_empty = int(frame[by].isna().any(axis=1).sum())
    if n_empty:
        raise DesignError(
            f"{n_empty:,} of {len(frame):,} rows have no {' or '.join(by)}, so they belong to no "
            "stratum. Give them a level of their own, such as 'not known', or leave them out."
        )
    return pd.Categorical(frame[by].astype(str).agg(" / ".join, axis=1))


def _shares(
    time: PersonTime, strata: pd.Categorical[Any], standard: Mapping[str, float] | None
) -> np.ndarray:
    """Return the share of each stratum; they add to one."""
    levels = list(strata.categories)
    if standard is None:
        years = time.weight * time.years
        shares = np.bincount(strata.codes, years, minlength=len(levels))
    else:
        if set(standard) != set(levels):
            raise EstimationError(
                f"The standard names {', '.join(map(str, standard))}, but the strata are "
                f"{', '.join(levels)}. Give every stratum its share, and no other."
            )
        shares = np.array([float(standard[level]) for level in levels])
    if standard is None and not shares.sum() > 0:
        raise EstimationError("Nobody has any time at risk, so there is no rate to standardise.")
    if not (np.isfinite(shares) & (shares >= 0)).all() or not shares.sum() > 0:
        raise EstimationError("The shares of a standard must be zero or more, and not all zero.")
    total: np.ndarray = shares / shares.sum()
    return total


def estimate_dispersion(follow_up: FollowUp | RiskTable) -> Estimate:
    """Estimate how much more the counts of patients vary than Poisson counts would.

    Returns
    -------
    Estimate
        One row ``dispersion`` per arm, and one of all arms together (``arm`` empty): Pearson's
        chi-square of the counts, given the time of each patient and the rate of the arm, by
        its degrees of freedom. 1 is Poisson; at 4 the exact interval of a rate is half as wide
        as it should be. Missing where an arm has no event, or one patient with time.

    Notes
    -----
    Source: McCullagh and Nelder (1989), Generalized Linear Models, section 6.2.3. Rows of one
    patient are put together first. Before weighting.
    """
    time = PersonTime.of(follow_up)
    parts = _pearson(time)
    of_arms = (
        parts.groupby("arm", observed=False).sum().reindex(range(len(time.arms)), fill_value=0)
    )
    known = of_arms[of_arms["expected"] > 0]
    freedom = np.append(of_arms["n"] - 1, known["n"].sum() - len(known))
    chi = np.append(of_arms["chi_square"], known["chi_square"].sum())
    has_event = np.append(of_arms["expected"] > 0, len(known) > 0)
    seen = time.observed()
    value = np.divide(chi, freedom, out=np.full(len(chi), np.nan), where=(freedom > 0) & has_event)
    frame = pd.concat([seen, seen.sum().to_frame().T]).assign(
        arm=[*time.arms, ""], value=value, quantity="dispersion", endpoint=follow_up.endpoint
    )
    about = {
        **follow_up.about,
        "method": "Pearson's chi-square by its degrees of freedom",
        "level": None,
        "interval": "none",
    }
    return Estimate(frame, about)


def _pearson(time: PersonTime) -> pd.DataFrame:
    """Return, for each patient or cell, what it adds to chi-square."""
    rows = pd.DataFrame(
        {"arm": time.arm, "events": time.events, "years": time.years, "n": time.patients}
    )
    if time.follow_up is not None:
        of_patient = rows.assign(n=1.0, patient=time.persons).groupby(["patient", "arm"])
        rows = of_patient.agg({"events": "sum", "years": "sum", "n": "first"}).reset_index()
    rows = rows[rows["years"] > 0]
    totals = rows[["events", "years"]].mul(rows["n"], axis=0).groupby(rows["arm"]).sum()
    rate = (totals["events"] / totals["years"]).reindex(rows["arm"]).to_numpy()
    expected = rate * rows["years"].to_numpy()
    off = (rows["events"].to_numpy() - expected) ** 2
    chi = np.divide(off, expected, out=np.zeros(len(off)), where=expected > 0)
    n = rows["n"].to_numpy()
    return pd.DataFrame(
        {"arm": rows["arm"], "chi_square": chi * n, "expected": expected * n, "n": n}
    )
