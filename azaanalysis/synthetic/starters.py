"""Invented cohorts seen from the index day: who started what, until when, and what followed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.synthetic.metabolites import ALLOPURINOL
from azaanalysis.vocab import DAYS_PER_YEAR

DAYS_PER_WEEK = 7
_KEPT = ("disease", "sex", "ancestry", "smoking", "tpmt", "nudt15")


@dataclass(frozen=True, eq=False)
class Starters:
    """The index treatment of each patient, and the rows that belong to it.

    Parameters
    ----------
    frame
        One row per patient: ``arm``, leading ``drug``, ``index_date``, ``disease``, ``sex``,
        ``ancestry``, ``smoking``, ``tpmt``, ``nudt15``, ``age_years``, ``days`` on the leading
        drug as observed, ``has_stopped`` (not by death), ``reason``, ``has_died``, ``years``
        observed.
    cohort
        Where they come from.
    """

    frame: pd.DataFrame
    cohort: Cohort

    def of(self, **fields: str) -> pd.DataFrame:
        """Return the starters whose columns hold the given words."""
        kept = np.ones(len(self.frame), dtype=bool)
        for column, word in fields.items():
            kept &= (self.frame[column] == word).to_numpy()
        return self.frame[kept]

    def rows(self, table: str, date: str) -> pd.DataFrame:
        """Return the rows of a table with ``day`` since the index day and the patient's start."""
        rows = self.cohort.tables[table].join(self.frame, on="patient_id", rsuffix="_of_start")
        day = (rows[date] - rows["index_date"]).dt.days
        return rows.assign(day=day, is_on=day <= rows["days"])


def find_starters(cohort: Cohort) -> Starters:
    """Find the index treatment of each patient: what begins on the day of the first visit."""
    index = cohort.tables["visits"].groupby("patient_id")["visit_date"].min()
    treats = cohort.courses["drug"] != ALLOPURINOL
    courses = cohort.courses[treats]
    courses = courses.assign(index_date=courses["patient_id"].map(index))
    first = courses[courses["start_date"] == courses["index_date"]]
    by_patient = first.groupby("patient_id")["drug"]
    arm = by_patient.agg(lambda drugs: " and ".join(sorted(drugs.astype(str))))
    is_companion = (first["drug"] == "azathioprine") & first["patient_id"].duplicated(keep=False)
    lead = first[~is_companion].set_index("patient_id")
    patients = cohort.patients.set_index("patient_id").loc[lead.index]
    observed = (patients["observed_to"] - lead["index_date"]).dt.days
    has_stopped = lead["stop_date"].notna() & (lead["stop_reason"] != "death")
    days = (lead["stop_date"] - lead["index_date"]).dt.days.where(lead["stop_date"].notna())
    frame = pd.DataFrame(
        {
            "arm": arm.loc[lead.index].astype(str),
            "drug": lead["drug"].astype(str),
            "index_date": lead["index_date"],
            **{column: patients[column].astype(str) for column in _KEPT},
            "age_years": (lead["index_date"] - patients["birth_date"]).dt.days / DAYS_PER_YEAR,
            "days": days.fillna(observed),
            "has_stopped": has_stopped,
            "reason": lead["stop_reason"].astype(str),
            "has_died": patients["death_date"].notna(),
            "years": observed / DAYS_PER_YEAR,
        }
    )
    return Starters(frame, cohort)


def steroid_free(starters: Starters, week: int, *, at_most_mg: float = 5) -> pd.Series:
    """Return, by patient, remission off steroids and on the drug at the visit of a week.

    Steroid-free is at most 5 mg prednisolone a day on that day and the 14 days before. Patients
    without a visit on exactly that day count as not in remission, as in a trial.
    """
    day = DAYS_PER_WEEK * week
    visits = starters.rows("visits", "visit_date")
    seen = visits[(visits["day"] == day) & visits["is_on"]].set_index("patient_id")
    spells = starters.rows("steroids", "start_date")
    last = (spells["stop_date"] - spells["index_date"]).dt.days.fillna(np.inf)
    recent = (spells["day"] <= day) & (last >= day - 2 * DAYS_PER_WEEK)
    taking = spells.loc[recent & (spells["prednisolone_mg_per_day"] > at_most_mg), "patient_id"]
    in_remission = seen.index[seen["has_remission"].astype(bool)]
    people = starters.frame.index
    return pd.Series(people.isin(in_remission) & ~people.isin(taking), index=people)


def still_on(starters: pd.DataFrame, day: float) -> tuple[float, float]:
    """Return the proportion still on the drug on a day (product limit), and its error."""
    days, stopped = starters["days"].to_numpy(), starters["has_stopped"].to_numpy()
    times, place = np.unique(days, return_inverse=True)
    n_stopped = np.bincount(place, weights=stopped)
    at_risk = len(days) - np.append(0, np.cumsum(np.bincount(place))[:-1])
    past = times <= day
    survival = float(np.prod((1 - n_stopped / at_risk)[past]))
    left = np.maximum(at_risk - n_stopped, 1)
    # Greenwood's formula.
    variance = float((n_stopped / (at_risk * left))[past].sum())
    return survival, survival * variance**0.5


def stopped_for(starters: pd.DataFrame, reason: str, day: float) -> tuple[float, float]:
    """Return the cumulative incidence of stopping for one reason by a day, and its error.

    Other reasons and death compete. The error is the binomial one, which is a little too small
    under censoring.
    """
    days = starters["days"].to_numpy()
    ended = (starters["has_stopped"] | (starters["reason"] == "death")).to_numpy()
    is_reason = (starters["reason"] == reason).to_numpy() & starters["has_stopped"].to_numpy()
    times, place = np.unique(days, return_inverse=True)
    at_risk = len(days) - np.append(0, np.cumsum(np.bincount(place))[:-1])
    survival = np.cumprod(1 - np.bincount(place, weights=ended) / at_risk)
    before = np.append(1.0, survival[:-1])
    jumps = before * np.bincount(place, weights=is_reason) / at_risk
    risk = float(jumps[times <= day].sum())
    return risk, (risk * (1 - risk) / len(days)) ** 0.5
