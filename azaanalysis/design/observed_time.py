"""How many were followed, for how long."""

from __future__ import annotations

from azaanalysis.design.follow_up import FollowUp
from azaanalysis.result import Estimate
from azaanalysis.vocab import DAYS_PER_YEAR


def measure_follow_up(follow_up: FollowUp) -> Estimate:
    """Count patients, events and patient-years in each arm, with the median time observed.

    Returns
    -------
    Estimate
        One row per arm, ``median_follow_up_days``: half of the patients were followed for at
        least so many days. An event ends follow-up unless all events count, so this describes
        the data at hand, not how long patients could have been followed. No interval: nothing
        is estimated.
    """
    frame = follow_up.frame
    observed = frame.assign(days=frame["exit_days"] - frame["entry_days"])
    rows = [
        {
            "endpoint": follow_up.endpoint,
            "arm": arm,
            "quantity": "median_follow_up_days",
            "value": patients["days"].median(),
            "patients": len(patients),
            "events": patients["n_events"].sum(),
            "patient_years": patients["days"].sum() / DAYS_PER_YEAR,
        }
        for arm, patients in observed.groupby("arm", observed=False)
    ]
    about = {**follow_up.about, "method": "count", "level": None, "interval": "none"}
    return Estimate.from_rows(rows, about=about)
