"""How many were followed, for how long, and why follow-up ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.design.cut_rows import spells_of
from azaanalysis.design.follow_up import CONTINUES, FollowUp
from azaanalysis.design.refusals import needs_patients
from azaanalysis.result import Estimate
from azaanalysis.vocab import DAYS_PER_YEAR

Array = np.ndarray

# What follow-up is called that was as long as the study asked for.
_AS_ASKED = "horizon"
# Why time in one arm ended that was followed by time in another.
_GOES_ON = "in another arm"


def measure_follow_up(follow_up: FollowUp) -> Estimate:
    """Count patients, events and patient-years in each arm, with the median time observed.

    Returns
    -------
    Estimate
        One row per arm, ``median_follow_up_days``: half of the patients were followed for at
        least so many days. Who spent time in several arms is counted in each, with that time. An
        event ends follow-up unless all events count, so this describes the data at hand, not how
        long patients could have been followed; that is what :func:`measure_potential_follow_up`
        says. No interval: nothing is estimated.
    """
    rows = [
        {
            "endpoint": follow_up.endpoint,
            "arm": arm,
            "quantity": "median_follow_up_days",
            "value": spells["days"].median(),
            "patients": len(spells),
            "events": spells["n_events"].sum(),
            "patient_years": spells["days"].sum() / DAYS_PER_YEAR,
        }
        for arm, spells in _spells(follow_up).groupby("arm", observed=False)
    ]
    return Estimate.from_rows(rows, about=_about(follow_up, "count"))


def measure_potential_follow_up(follow_up: FollowUp) -> Estimate:
    """Tell how long patients could have been followed, had no event ended it.

    Returns
    -------
    Estimate
        For each arm the median (``potential_follow_up_days``) and the two quartiles of the time
        that patients would have been followed for: a quarter for less than the first, a quarter
        for more than the third. Missing where the curve does not come down so far.

    Notes
    -----
    The reverse Kaplan-Meier method: events are taken as censored, and censoring as the event.
    Source: Schemper and Smith (1996), Control Clin Trials 17:343-346. Weights are not used.
    """
    spells = _spells(follow_up)
    rows = [
        {
            "endpoint": follow_up.endpoint,
            "arm": arm,
            "quantity": quantity,
            "value": day,
            "patients": len(own),
            "events": int((own["status"] == 0).sum()),
            "patient_years": own["days"].sum() / DAYS_PER_YEAR,
        }
        for arm, own in spells.groupby("arm", observed=False)
        for quantity, day in zip(_QUARTILES, _reverse_quantiles(own), strict=True)
    ]
    return Estimate.from_rows(rows, about=_about(follow_up, "reverse Kaplan-Meier"))


_QUARTILES = {
    "potential_follow_up_first_quartile_days": 0.75,
    "potential_follow_up_days": 0.5,
    "potential_follow_up_third_quartile_days": 0.25,
}


def _reverse_quantiles(spells: pd.DataFrame) -> Iterator[float]:
    """Return the first day on which no more than each share could still be followed."""
    days, place = np.unique(spells["exit_days"].to_numpy(), return_inverse=True)
    everybody = np.bincount(place, minlength=len(days))
    left = np.bincount(place, spells["status"] == 0, minlength=len(days))
    # Events of a day come before censoring of that day.
    at_risk = np.cumsum(everybody[::-1])[::-1] - (everybody - left)
    hazard = np.divide(left, at_risk, out=np.zeros(len(days)), where=left > 0)
    still = np.cumprod(1 - hazard)
    for share in _QUARTILES.values():
        below = np.flatnonzero(still <= share + 1e-12)
        yield float(days[below[0]]) if len(below) else np.nan


def measure_endings(follow_up: FollowUp) -> Estimate:
    """Tell why follow-up ended, in each arm, by each day.

    A reason that takes patients from one arm more often, or earlier, may take those at risk: look
    at it before any curve.

    Returns
    -------
    Estimate
        For each arm one curve ``followed`` (the share still followed after the day) and for each
        reason one curve ``ended`` (the share whose follow-up had ended for it by the day); they
        add up to one. ``events`` counts those who ended for the reason, ``patients`` those
        followed up to the day. Who was followed to the horizon is counted as followed. Shares of
        the patients as they are: weights are not used, and nothing is estimated.
    """
    spells = _spells(follow_up)
    reasons = _reasons(follow_up, spells)
    curves = [
        curve
        for arm, own in spells.groupby("arm", observed=False)
        for curve in _arm_endings(str(arm), own, reasons, float(spells["exit_days"].max()))
    ]
    made = pd.concat(curves, ignore_index=True).assign(endpoint=follow_up.endpoint)
    about = _about(follow_up, "count") | {"causes": tuple(reasons)}
    return Estimate(made, about)


def _spells(follow_up: FollowUp) -> pd.DataFrame:
    """Return one row per patient and arm, however many rows the follow-up was cut into."""
    needs_patients(follow_up)
    frame = follow_up.frame
    arm = frame["arm"].cat.codes.to_numpy().astype("int64")
    # By day the drug in use may be that of another arm.
    pair = spells_of(follow_up) * len(follow_up.arms) + arm
    found, stretch = np.unique(pair, return_inverse=True)
    rows = np.zeros(len(found), dtype="int64")
    rows[stretch] = np.arange(len(frame))
    last = frame.iloc[rows]
    days = (frame["exit_days"] - frame["entry_days"]).to_numpy()
    reason = last["end_reason"].astype(object).to_numpy()
    reason = np.where(reason == "", _by_status(follow_up, last), reason)
    return pd.DataFrame(
        {
            "arm": last["arm"].array,
            "days": np.bincount(stretch, days, minlength=len(rows)),
            "n_events": np.bincount(stretch, frame["n_events"], len(rows)).astype("int64"),
            "exit_days": last["exit_days"].to_numpy(),
            "status": last["status"].to_numpy(),
            "reason": np.where(reason == CONTINUES, _GOES_ON, reason),
        }
    )


def _by_status(follow_up: FollowUp, last: pd.DataFrame) -> Array:
    """Return what ended follow-up, where nothing but the status is known."""
    names: Array = np.array(["censored", *follow_up.causes], dtype=object)
    ended: Array = names[last["status"].to_numpy()]
    return ended


def _reasons(follow_up: FollowUp, spells: pd.DataFrame) -> list[str]:
    """Return the reasons: events in their order, then the others, the most frequent first."""
    counts = spells["reason"].value_counts()
    events = [cause for cause in follow_up.causes if cause in counts.index]
    others = [str(reason) for reason in counts.index if reason not in (*events, _AS_ASKED)]
    return [*events, *others]


def _arm_endings(
    arm: str, spells: pd.DataFrame, reasons: list[str], last_day: float
) -> Iterator[pd.DataFrame]:
    """Return the curves of one arm, to the last day on which anybody in any arm was followed."""
    leave, n = spells["exit_days"].to_numpy(), len(spells)
    days, place = np.unique(np.append([0.0, last_day], leave), return_inverse=True)
    place = place[2:]
    reason = spells["reason"].to_numpy()
    ended = np.bincount(place, reason != _AS_ASKED, minlength=len(days)).cumsum()
    there = n - np.append(0, np.bincount(place, minlength=len(days)).cumsum()[:-1])
    years = np.cumsum(there * np.diff(days, prepend=0.0)) / DAYS_PER_YEAR
    common: dict[str, Any] = {"at_days": days, "arm": arm, "patients": there}
    common |= {"patient_years": years}
    share = 1 / max(n, 1)
    yield pd.DataFrame(
        {**common, "cause": "", "quantity": "followed", "value": 1 - ended * share, "events": ended}
    )
    for name in reasons:
        count = np.bincount(place, reason == name, minlength=len(days)).cumsum()
        curve = {**common, "cause": name, "quantity": "ended", "value": count * share}
        yield pd.DataFrame({**curve, "events": count})


def _about(follow_up: FollowUp, method: str) -> dict[str, Any]:
    return {**follow_up.about, "method": method, "level": None, "interval": "none"}
