"""Anchors of safety: infections, pancreatitis and blood counts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from azaanalysis.synthetic.samples import Measured, Samples, odds_ratio, share
from azaanalysis.synthetic.starters import DAYS_PER_WEEK, Starters
from azaanalysis.vocab import DAYS_PER_MONTH, DAYS_PER_YEAR

LOW_WBC = 3.0
ALT_LIMIT_U_PER_L = 40.0


def infection_rate(samples: Samples, kind: str, strategy: str) -> Measured:
    """Return infections of a kind per 100 patient-years, if everybody had the strategy."""
    counts, years = _counts_and_years(samples, kind, strategy)
    value = counts.sum() / years.sum()
    error = float(((counts - value * years) ** 2).sum() ** 0.5) / years.sum()
    return 100 * value, 100 * error


def opportunistic_rate(samples: Samples, strategy: str) -> Measured:
    """Return opportunistic infections other than zoster per 100 patient-years."""
    infections = samples.by_lot.infections[strategy]
    keys = ["person", "day"]
    zoster = infections.loc[infections["kind"] == "herpes_zoster", keys]
    found = infections.loc[infections["kind"] == "opportunistic_infection", keys]
    others = len(found) - len(found.merge(zoster, on=keys))
    years = samples.by_lot.outcomes[strategy]["exposed_time"].sum() / DAYS_PER_YEAR
    return 100 * others / years, 100 * others**0.5 / years


def infection_ratio(samples: Samples, kind: str, strategy: str, versus: str) -> Measured:
    """Return the ratio of infection rates of the same people under two strategies."""
    first, years = _counts_and_years(samples, kind, strategy)
    second, years_versus = _counts_and_years(samples, kind, versus)
    rates = first.sum() / years.sum(), second.sum() / years_versus.sum()
    ratio = rates[0] / rates[1]
    # The log of the ratio, linearised person by person: the same luck is on both sides.
    influence = (first - rates[0] * years) / first.sum()
    influence = influence - (second - rates[1] * years_versus) / second.sum()
    return float(ratio), float(ratio * (influence**2).sum() ** 0.5)


def _counts_and_years(samples: Samples, kind: str, strategy: str) -> tuple[np.ndarray, np.ndarray]:
    found = samples.by_lot.outcomes[strategy]
    return found[f"n_{kind}"].to_numpy(), found["exposed_time"].to_numpy() / DAYS_PER_YEAR


def _pancreatitis(samples: Samples) -> pd.DataFrame:
    events = samples.practice.rows("events", "event_date")
    return events[(events["event"] == "pancreatitis") & (events["arm"] == "azathioprine")]


def pancreatitis(samples: Samples, **fields: str) -> Measured:
    """Return the percentage of azathioprine users with pancreatitis."""
    starters = samples.practice.of(arm="azathioprine", **fields)
    return share(starters.index.isin(_pancreatitis(samples)["patient_id"]))


def pancreatitis_by(samples: Samples, months: float) -> Measured:
    """Return the percentage of pancreatitis that came within some months."""
    return share(_pancreatitis(samples)["day"] <= months * DAYS_PER_MONTH)


def smoking_and_pancreatitis(samples: Samples) -> Measured:
    """Return the odds ratio of pancreatitis, current smokers against others."""
    starters = samples.practice.of(arm="azathioprine")
    ill = starters.index.isin(_pancreatitis(samples)["patient_id"])
    return odds_ratio(ill, starters["smoking"] == "current")


def white_cells_low(samples: Samples) -> Measured:
    """Return the percentage of azathioprine users with white cells found below 3.0."""
    return share(_has_test(samples.practice, "wbc", below=LOW_WBC))


def alt_high(samples: Samples) -> Measured:
    """Return the percentage of azathioprine users with ALT found above three upper limits."""
    return share(_has_test(samples.practice, "alt", above=3 * ALT_LIMIT_U_PER_L))


def _has_test(
    sample: Starters,
    test: str,
    *,
    below: float = -np.inf,
    above: float = np.inf,
    within_days: float = np.inf,
) -> pd.Series:
    """Flag the azathioprine users with a result beyond a limit while on the drug."""
    labs = sample.rows("labs", "test_date")
    own = labs[(labs["test"] == test) & (labs["arm"] == "azathioprine") & labs["is_on"]]
    beyond = ((own["value"] < below) | (own["value"] > above)) & (own["day"] <= within_days)
    people = sample.of(arm="azathioprine").index
    return pd.Series(people.isin(own.loc[beyond, "patient_id"]), index=people)


def leukopenia_by_gene(samples: Samples, gene: str) -> Measured:
    """Return the odds ratio of low white cells at standard dose, one variant against none."""
    sample = samples.standard_dose
    people = sample.of(arm="azathioprine")
    people = people[people[gene] != "deficient"]
    low = _has_test(sample, "wbc", below=LOW_WBC).loc[people.index]
    return odds_ratio(low, people[gene] != "normal")


def leukopenia_if(
    samples: Samples, weeks: float, ancestry: str | None = None, **genes: str
) -> Measured:
    """Return the percentage with low white cells by some weeks at standard dose, by gene.

    Of those who took the drug for at least four weeks, or whose count had fallen by then.
    """
    sample = samples.standard_dose
    low = _has_test(sample, "wbc", below=LOW_WBC, within_days=DAYS_PER_WEEK * weeks)
    fields = genes | ({"ancestry": ancestry} if ancestry else {})
    people = sample.of(arm="azathioprine", **fields)
    fallen = low.loc[people.index]
    return share(fallen[(people["days"] >= 4 * DAYS_PER_WEEK) | fallen])


def reduced_tpmt(samples: Samples) -> Measured:
    """Return the percentage of tested Europeans with reduced TPMT activity."""
    europeans = samples.practice.of(ancestry="european")
    tested = europeans[europeans["tpmt"] != "untested"]
    return share(tested["tpmt"] != "normal")
