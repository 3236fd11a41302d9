"""Public trials of repeated events, as follow-ups; tests that ask for them skip without them."""

from __future__ import annotations

import pandas as pd

from azaanalysis.design import FollowUp, follow_up_from_frame
from tests.real_data import real


def cgd_intervals() -> FollowUp:
    """Return the interferon trial, one row for each interval at risk."""
    rows = pd.read_csv(real("survival/cgd.csv.gz"))
    rows["treat"] = pd.Categorical(rows["treat"], ["placebo", "rIFN-g"])
    rows["inherit"] = pd.Categorical(rows["inherit"], ["autosomal", "X-linked"])
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
    rows["inherit"] = pd.Categorical(rows["inherit"], ["autosomal", "X-linked"])
    first = rows.groupby("id")[["treat", "center", "age", "inherit"]].first()
    patients = first.assign(days=rows.groupby("id")["tstop"].max(), nothing=0).reset_index()
    made = follow_up_from_frame(
        patients, time="days", status="nothing", arm="treat", patient="id", endpoint="infection"
    )
    made.frame["n_events"] = rows.groupby("id")["status"].sum().to_numpy()
    return made


def bladder_intervals(*, deaths: bool = True) -> FollowUp:
    """Return the bladder tumour trial with all its recurrences; days are months here.

    With ``deaths`` they are the terminal event, else they are taken as censoring.
    """
    rows = pd.read_csv(real("survival/bladder1.csv.gz"))
    rows = rows[rows["stop"] > rows["start"]]
    arms = ["placebo", "pyridoxine", "thiotepa"]
    rows["treatment"] = pd.Categorical(rows["treatment"], arms)
    rows["how"] = rows["status"].map({0: 0, 1: 1, 2: 2 * deaths, 3: 2 * deaths})
    return follow_up_from_frame(
        rows[["id", "treatment", "start", "stop", "how"]],
        time="stop",
        status="how",
        arm="treatment",
        entry="start",
        patient="id",
        causes=["recurrence", "death"],
    )


def bladder_four() -> FollowUp:
    """Return the bladder tumour trial with up to four recurrences; days are months here."""
    rows = pd.read_csv(real("survival/bladder2.csv.gz"))
    return follow_up_from_frame(
        rows, time="stop", status="event", arm="rx", entry="start", patient="id"
    )
