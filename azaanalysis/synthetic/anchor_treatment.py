"""Anchors of treatment: who stays on it, why it ends, and whom it helps."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from azaanalysis.synthetic.baseline import AGE_CENTRE_YEARS
from azaanalysis.synthetic.samples import Measured, Samples, odds_ratio, percent, ratio_of, share
from azaanalysis.synthetic.starters import (
    DAYS_PER_WEEK,
    Starters,
    steroid_free,
    still_on,
    stopped_for,
)
from azaanalysis.vocab import DAYS_PER_MONTH, DAYS_PER_YEAR

Trial = Literal["crohns_trial", "colitis_trial", "week_8_trial"]
ANTI_TNF = ("infliximab", "adalimumab")


def persistence(samples: Samples, months: float, **fields: str) -> Measured:
    """Return the percentage still on the drug after some months, in practice."""
    return percent(still_on(samples.practice.of(**fields), round(months * DAYS_PER_MONTH)))


def stopped(samples: Samples, reason: str, months: float) -> Measured:
    """Return the percentage who stopped azathioprine for a reason, others competing."""
    starters = samples.practice.of(arm="azathioprine")
    return percent(stopped_for(starters, reason, months * DAYS_PER_MONTH))


def stopped_any(samples: Samples) -> Measured:
    """Return the percentage who stopped azathioprine within a year."""
    value, error = persistence(samples, 12, arm="azathioprine")
    return 100 - value, error


def biologic_stopped(samples: Samples, disease: str) -> Measured:
    """Return the percentage who stopped a first biologic or JAK inhibitor within a year."""
    starters = samples.practice.of(disease=disease)
    first = starters[starters["drug"] != "azathioprine"]
    value, error = percent(still_on(first, round(DAYS_PER_YEAR)))
    return 100 - value, error


def adverse_event_onset(samples: Samples) -> Measured:
    """Return the median of the days to a stop for an adverse event, in months."""
    starters = samples.practice.of(arm="azathioprine", reason="adverse_event")
    months = np.sort(starters["days"].to_numpy()) / DAYS_PER_MONTH
    # The error of a median from the order statistics one binomial error away.
    step = round(len(months) ** 0.5 / 2)
    middle = len(months) // 2
    return float(months[middle]), float(months[middle + step] - months[middle - step]) / 2


def women_over_40_stopped(samples: Samples) -> Measured:
    """Return the odds ratio of stopping azathioprine, women over 40 against younger women."""
    women = samples.practice.of(arm="azathioprine", sex="female")
    return odds_ratio(women["has_stopped"], women["age_years"] > AGE_CENTRE_YEARS)


def stops_per_100_years(samples: Samples) -> Measured:
    """Return stops of tofacitinib in colitis per 100 patient-years."""
    starters = samples.practice.of(drug="tofacitinib", disease="ulcerative_colitis")
    years, stops = starters["days"].sum() / DAYS_PER_YEAR, starters["has_stopped"].sum()
    return 100 * stops / years, 100 * stops**0.5 / years


def mortality(samples: Samples) -> Measured:
    """Return deaths per 100 patient-years of those who started an anti-TNF."""
    starters = samples.practice.frame
    exposed = starters[starters["drug"].isin(ANTI_TNF)]
    deaths, years = exposed["has_died"].sum(), exposed["years"].sum()
    return 100 * deaths / years, 100 * deaths**0.5 / years


def trial_remission(samples: Samples, trial: Trial, arm: str, week: int) -> Measured:
    """Return the percentage in steroid-free remission on the drug at a week of a trial."""
    starters: Starters = getattr(samples, trial)
    return share(steroid_free(starters, week)[starters.frame["arm"] == arm])


def trial_finding(samples: Samples, trial: Trial, arm: str, week: int, finding: str) -> Measured:
    """Return the percentage of all who started in whom a finding was seen at a week of a trial."""
    starters: Starters = getattr(samples, trial)
    visits = starters.rows("visits", "visit_date")
    seen = visits["is_on"] & (visits["day"] == DAYS_PER_WEEK * week) & visits[f"has_{finding}"]
    own = starters.frame.index[starters.frame["arm"] == arm]
    return share(own.isin(visits.loc[seen.astype(bool), "patient_id"]))


def trial_stopped(samples: Samples, trial: Trial, arm: str, week: int) -> Measured:
    """Return the percentage who stopped for an adverse event by a week of a trial."""
    starters: Starters = getattr(samples, trial)
    own = starters.frame[starters.frame["arm"] == arm]
    return percent(stopped_for(own, "adverse_event", DAYS_PER_WEEK * week))


def remission_ratio(samples: Samples) -> Measured:
    """Return steroid-free remission on both drugs over that on azathioprine, at week 16."""
    arms = ("azathioprine and infliximab", "azathioprine")
    both, alone = (trial_remission(samples, "week_8_trial", arm, 16) for arm in arms)
    return ratio_of(both, alone)


def response_at_week_8(samples: Samples) -> Measured:
    """Return the percentage with a response to tofacitinib at the visit of week 8."""
    visits = samples.week_8_trial.rows("visits", "visit_date")
    seen = visits[(visits["day"] == 8 * DAYS_PER_WEEK) & (visits["arm"] == "tofacitinib")]
    return share(pd.Series(seen["has_response"].astype(bool)))
