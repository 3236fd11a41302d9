"""Public trials of repeated events, as follow-ups; tests that ask for them skip without them."""

from __future__ import annotations

import pandas as pd

from azaanalysis.design import FollowUp, follow_up_from_frame
from tests.real_data import real


def cgd_intervals() -> FollowUp:
    """Return the interferon trial, one row for each interval at risk."""
    rows = pd.read_csv(real("survival/cgd.csv.gz"))
    rows["treat"] = pd.Categorical(rows["treat"], ["placebo", "rIFN-g"])
    keep = ["id", "treat", "tstart", "tstop", "status", "center", "age", "inherit", "enum"]
    keep += ["steroids", "propylac"]
    return follow_up_from_frame(
        rows[keep],
        time="tstop",
        status="status",
        arm="treat",
        entry="tstart",
        patient="id",
        endpoint="infection",
        causes=["infection"],
    )


def cgd_patients() -> FollowUp:
    """Return the interferon trial, one row for each patient with the count of infections."""
    rows = pd.read_csv(real("survival/cgd.csv.gz"))
    rows["treat"] = pd.Categorical(rows["treat"], ["placebo", "rIFN-g"])
    first = rows.groupby("id")[["treat", "center", "age", "inherit"]].first()
    patients = first.assign(days=rows.groupby("id")["tstop"].max(), nothing=0).reset_index()
    made = follow_up_from_frame(
        patients, time="days", status="nothing", arm="treat", patient="id", endpoint="infection"
    )
    made.frame["n_events"] = rows.groupby("id")["status"].sum().to_numpy()
    return made
