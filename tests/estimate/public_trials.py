"""Public data sets of R, prepared as the reference results say."""

from __future__ import annotations

import numpy as np
import pandas as pd

from azaanalysis.design import follow_up_from_frame
from tests.real_data import real


def table(name):
    """Read one data set."""
    return pd.read_csv(real(f"survival/{name}.csv.gz"))


def lung():
    return table("lung").assign(event=lambda d: d["status"] - 1).drop(columns="status")


def pbc():
    trial = table("pbc").assign(dead=lambda d: (d["status"] == 2).astype(int))
    logs = {f"log_{name}": np.log(trial[name]) for name in ("bili", "protime", "albumin")}
    return trial.assign(**logs)


def pbcseq():
    """Return one row for each stretch between two visits, as R's tmerge makes them."""
    first = table("pbc").query("id <= 312")[["id", "time", "status", "age"]]
    visits = table("pbcseq")[["id", "day", "bili", "protime", "albumin"]]
    rows = visits.merge(first, on="id").sort_values(["id", "day"])
    rows = rows[rows["day"] < rows["time"]]
    following = rows.groupby("id")["day"].shift(-1)
    stop = following.fillna(rows["time"])
    ends = following.isna()
    logs = {f"log_{name}": np.log(rows[name]) for name in ("bili", "protime", "albumin")}
    return rows.assign(
        start=rows["day"], stop=stop, dead=((rows["status"] == 2) & ends).astype(int), **logs
    )


def veteran():
    order = ["squamous", "adeno", "large", "smallcell"]
    trial = table("veteran")
    return trial.assign(celltype=pd.Categorical(trial["celltype"], order))


def heart():
    rows = table("heart")
    products = {
        "age:transplant": rows["age"] * rows["transplant"],
        "surgery:transplant": rows["surgery"] * rows["transplant"],
    }
    return rows.assign(**products)


def jasa():
    rows = table("jasa")
    early = rows["wait.time"].notna() & (rows["wait.time"] <= 30)
    return rows.assign(tx30=early.astype(int))


def epileptic():
    trial = table("epileptic")
    return trial.assign(
        treat=pd.Categorical(trial["treat"], ["CBZ", "LTG"]),
        learn=(trial["learn.dis"] == "Yes").astype(int),
        ltg=(trial["treat"] == "LTG").astype(int),
        male=(trial["gender"] == "M").astype(int),
    )


def colon():
    deaths = table("colon").query("etype == 2")
    return deaths.assign(rx=pd.Categorical(deaths["rx"], ["Obs", "Lev", "Lev+5FU"]))


def rotterdam():
    cohort = table("rotterdam")
    return cohort.assign(size=pd.Categorical(cohort["size"], ["<=20", "20-50", ">50"]))


def mgus2():
    cohort = table("mgus2")
    progressed = cohort["pstat"] == 1
    return cohort.assign(
        etime=np.where(progressed, cohort["ptime"], cohort["futime"]),
        code=np.where(progressed, 1, 2 * cohort["death"]),
        male=(cohort["sex"] == "M").astype(int),
    )


def mgus2_by_age():
    """Return the cohort on the scale of age; years and months meet exactly in thousandths."""
    cohort = table("mgus2")
    leave = (cohort["age"] + cohort["futime"] / 12).round(6)
    cohort = cohort.assign(entry=cohort["age"].astype(float), leave=leave)
    return cohort[cohort["leave"] > cohort["entry"]]


def transplant():
    list_ = table("transplant").query("futime > 0")
    states = {"censored": 0, "death": 1, "ltx": 2, "withdraw": 3}
    blood = {f"abo_{group}": (list_["abo"] == group).astype(int) for group in ("B", "AB", "O")}
    order = pd.Categorical(list_["abo"], ["A", "B", "AB", "O"])
    return list_.assign(code=list_["event"].map(states), abo=order, **blood)


def followed(frame, covariates, **columns):
    """Make a follow-up of the columns that a model needs."""
    used = [*dict.fromkeys([*(c for c in columns.values() if isinstance(c, str)), *covariates])]
    return follow_up_from_frame(frame[used], **columns)
