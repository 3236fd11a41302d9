"""How each published number is measured on invented patients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from azaanalysis.synthetic.starters import Starters, steroid_free, still_on, stopped_for
from azaanalysis.vocab import DAYS_PER_MONTH, DAYS_PER_YEAR

# A value and its Monte-Carlo error.
Measured = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Samples:
    """The cohorts that the card is measured on."""

    practice: Starters
    randomised: Starters
    crohns_trial: Starters
    colitis_trial: Starters
    week_8_trial: Starters


def _percent(measured: Measured) -> Measured:
    return 100 * measured[0], 100 * measured[1]


def _share(flags: pd.Series | np.ndarray) -> Measured:
    share, n = float(np.mean(flags)), len(flags)
    return _percent((share, (share * (1 - share) / n) ** 0.5))


def _persistence(samples: Samples, months: float, **fields: str) -> Measured:
    return _percent(still_on(samples.practice.of(**fields), round(months * DAYS_PER_MONTH)))


def _stopped(samples: Samples, reason: str, months: float) -> Measured:
    starters = samples.practice.of(arm="azathioprine")
    return _percent(stopped_for(starters, reason, months * DAYS_PER_MONTH))


def _stopped_any(samples: Samples) -> Measured:
    value, error = _persistence(samples, 12, arm="azathioprine")
    return 100 - value, error


def _adverse_event_onset(samples: Samples) -> Measured:
    """Return the median of the days to a stop for an adverse event, in months."""
    starters = samples.practice.of(arm="azathioprine", reason="adverse_event")
    months = np.sort(starters["days"].to_numpy()) / DAYS_PER_MONTH
    # The error of a median from the order statistics one binomial error away.
    step = round(len(months) ** 0.5 / 2)
    middle = len(months) // 2
    return float(months[middle]), float(months[middle + step] - months[middle - step]) / 2


def _pancreatitis_days(samples: Samples) -> pd.Series:
    events = samples.practice.rows("events", "event_date")
    is_own = (events["event"] == "pancreatitis") & (events["arm"] == "azathioprine")
    return events.loc[is_own, "day"]


def _pancreatitis(samples: Samples) -> Measured:
    starters = samples.practice.of(arm="azathioprine")
    flags = np.zeros(len(starters))
    flags[: len(_pancreatitis_days(samples))] = 1
    return _share(flags)


def _pancreatitis_by(samples: Samples, months: float) -> Measured:
    return _share(_pancreatitis_days(samples) <= months * DAYS_PER_MONTH)


def _smoking_and_pancreatitis(samples: Samples) -> Measured:
    events = samples.practice.rows("events", "event_date")
    ill = events.loc[events["event"] == "pancreatitis", "patient_id"]
    starters = samples.practice.of(arm="azathioprine")
    counts = pd.crosstab(starters.index.isin(ill), starters["smoking"] == "current").to_numpy()
    ratio = counts[0, 0] * counts[1, 1] / (counts[0, 1] * counts[1, 0])
    return ratio, ratio * float((1 / counts).sum() ** 0.5)


def _test_beyond(samples: Samples, test: str, limit: float, *, below: bool) -> Measured:
    labs = samples.practice.rows("labs", "test_date")
    own = labs[(labs["test"] == test) & (labs["arm"] == "azathioprine") & labs["is_on"]]
    beyond = own["value"] < limit if below else own["value"] > limit
    starters = samples.practice.of(arm="azathioprine")
    return _share(starters.index.isin(own.loc[beyond, "patient_id"]))


def _trial_remission(trial: str, arm: str, week: int, samples: Samples) -> Measured:
    starters: Starters = getattr(samples, trial)
    flags = steroid_free(starters, week)
    return _share(flags[starters.frame["arm"] == arm])


def _remission_ratio(samples: Samples) -> Measured:
    """Return steroid-free remission on both drugs over that on azathioprine, at week 16."""
    both = _trial_remission("week_8_trial", "azathioprine and infliximab", 16, samples)
    alone = _trial_remission("week_8_trial", "azathioprine", 16, samples)
    ratio = both[0] / alone[0]
    return ratio, ratio * float(np.hypot(both[1] / both[0], alone[1] / alone[0]))


def _response_8(samples: Samples) -> Measured:
    visits = samples.week_8_trial.rows("visits", "visit_date")
    seen = visits[(visits["day"] == 56) & (visits["arm"] == "tofacitinib")]
    return _share(seen["has_response"].astype(bool))


def _infections(sample: Starters, kind: str) -> pd.DataFrame:
    """Return infections of one kind while on the leading drug."""
    events = sample.rows("events", "event_date")
    infections = events[(events["event"] == "infection") & events["is_on"]]
    if kind == "herpes_zoster":
        return infections[infections["site_of_infection"] == kind]
    return infections[infections[kind].astype(bool)]


def _rate(samples: Samples, kind: str, drug: str) -> Measured:
    starters = samples.practice.of(drug=drug)
    years = starters["days"].sum() / DAYS_PER_YEAR
    events = (_infections(samples.practice, kind)["drug"] == drug).sum()
    return 100 * events / years, 100 * events**0.5 / years


def _rate_ratio(
    samples: Samples, kind: str, arms: tuple[str, ...], versus: tuple[str, ...]
) -> Measured:
    sample = samples.randomised
    found = _infections(sample, kind)["arm"]
    days = sample.frame.groupby("arm")["days"].sum()
    first, second = found.isin(arms).sum(), found.isin(versus).sum()
    ratio = first / days[list(arms)].sum() / (second / days[list(versus)].sum())
    return ratio, ratio * (1 / first + 1 / second) ** 0.5


def _stop_rate(samples: Samples) -> Measured:
    starters = samples.practice.of(drug="tofacitinib", disease="ulcerative_colitis")
    years, stops = starters["days"].sum() / DAYS_PER_YEAR, starters["has_stopped"].sum()
    return 100 * stops / years, 100 * stops**0.5 / years


def _mortality(samples: Samples) -> Measured:
    starters = samples.practice.frame
    exposed = starters[starters["drug"].isin(["infliximab", "adalimumab"])]
    deaths, years = exposed["has_died"].sum(), exposed["years"].sum()
    return 100 * deaths / years, 100 * deaths**0.5 / years


def _reduced_tpmt(samples: Samples) -> Measured:
    europeans = samples.practice.of(ancestry="european")
    tested = europeans[europeans["tpmt"] != "untested"]
    return _share(tested["tpmt"] != "normal")


def _remission_52(samples: Samples) -> Measured:
    return _trial_remission("colitis_trial", "adalimumab", 52, samples)


ANTI_TNF = ("infliximab", "adalimumab")
BOTH = ("azathioprine and infliximab", "adalimumab and azathioprine")
Measure = Callable[[Samples], Measured]


def _crohns(arm: str) -> Measure:
    return partial(_trial_remission, "crohns_trial", arm, 26)


def _persisting(months: float, **fields: str) -> Measure:
    return lambda samples: _persistence(samples, months, **fields)


def _ratio_of(kind: str, arms: tuple[str, ...], versus: tuple[str, ...]) -> Measure:
    return lambda samples: _rate_ratio(samples, kind, arms, versus)


_SERIOUS_RATIO = _ratio_of("is_serious", ANTI_TNF, ("azathioprine",))
MEASURES: dict[str, Measure] = {
    **{
        f"thiopurine_persistence_month_{m}": _persisting(m, arm="azathioprine")
        for m in (3, 6, 12, 24, 60)
    },
    **{
        f"persistence_12_{drug}_{name}": _persisting(12, drug=drug, disease=disease)
        for drug in ANTI_TNF
        for name, disease in (("crohns", "crohns_disease"), ("colitis", "ulcerative_colitis"))
    },
    "thiopurine_stop_adverse_event_month_60": lambda s: _stopped(s, "adverse_event", 60),
    "thiopurine_stop_lack_of_efficacy_month_60": lambda s: _stopped(s, "lack_of_efficacy", 60),
    "thiopurine_stop_any_reason": _stopped_any,
    "thiopurine_adverse_event_median_months": _adverse_event_onset,
    "thiopurine_pancreatitis": _pancreatitis,
    "pancreatitis_within_1_month": lambda s: _pancreatitis_by(s, 1),
    "pancreatitis_within_2_months": lambda s: _pancreatitis_by(s, 2),
    "smoking_and_pancreatitis": _smoking_and_pancreatitis,
    "thiopurine_white_cells_below_3": lambda s: _test_beyond(s, "wbc", 3.0, below=True),
    "thiopurine_alt_above_3_limits": lambda s: _test_beyond(s, "alt", 120.0, below=False),
    "steroid_free_remission_26_azathioprine": _crohns("azathioprine"),
    "steroid_free_remission_26_infliximab": _crohns("infliximab"),
    "steroid_free_remission_26_combination": _crohns("azathioprine and infliximab"),
    "steroid_free_remission_26_tofacitinib": partial(
        _trial_remission, "colitis_trial", "tofacitinib", 26
    ),
    "combination_v_azathioprine_remission_16_colitis": _remission_ratio,
    "remission_52_adalimumab_colitis": _remission_52,
    "response_8_tofacitinib": _response_8,
    "serious_infection_anti_tnf_v_thiopurine": _SERIOUS_RATIO,
    "serious_infection_anti_tnf_v_thiopurine_singh": _SERIOUS_RATIO,
    "serious_infection_combination_v_anti_tnf": _ratio_of("is_serious", BOTH, ANTI_TNF),
    "opportunistic_combination_v_anti_tnf": _ratio_of("is_opportunistic", BOTH, ANTI_TNF),
    "zoster_tofacitinib": lambda s: _rate(s, "herpes_zoster", "tofacitinib"),
    "serious_infection_tofacitinib": lambda s: _rate(s, "is_serious", "tofacitinib"),
    "stops_per_100_years_tofacitinib": _stop_rate,
    "mortality_anti_tnf": _mortality,
    "tpmt_reduced_in_europeans": _reduced_tpmt,
}
