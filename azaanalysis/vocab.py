"""Words with a fixed meaning: time, drugs, codes, and the quantities that are estimated."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12
# What an earlier line of treatment counts: biologics and JAK inhibitors.
ADVANCED_CLASSES = (
    *("anti_tnf", "anti_integrin", "anti_il12_23", "anti_cd20", "anti_il6", "abatacept"),
    *("belimumab", "anifrolumab", "dupilumab", "jak_inhibitor"),
)

Scale = Literal[
    "probability", "ratio", "rate", "days", "count", "statistic", "p_value", "smd", "mean"
]


@dataclass(frozen=True)
class Quantity:
    """How an estimated quantity is called and shown.

    Parameters
    ----------
    label
        Words for a table or an axis.
    scale
        Decides rounding, percent and axis: a ratio is drawn on a log axis, for example.
    null
        The value that means "no difference"; None if the quantity compares nothing.
    """

    label: str
    scale: Scale
    null: float | None = None


# Adding an estimator adds its word here; tables and figures take everything else from it.
QUANTITIES: dict[str, Quantity] = {
    "survival": Quantity("Still free of the event", "probability"),
    "risk": Quantity("Cumulative incidence", "probability"),
    "risk_difference": Quantity("Difference in cumulative incidence", "probability", null=0.0),
    "cumulative_hazard": Quantity("Cumulative hazard", "statistic"),
    "survival_from_hazard": Quantity("Survival by exp(-hazard)", "probability"),
    "risk_ratio": Quantity("Ratio of cumulative incidences", "ratio", null=1.0),
    # Patients treated for one event more; negative for one event fewer.
    "difference_of_differences": Quantity("Difference of differences", "probability", null=0.0),
    "ratio_of_ratios": Quantity("Ratio of ratios", "ratio", null=1.0),
    "difference_interaction_p": Quantity("Interaction on the scale of differences, p", "p_value"),
    "ratio_interaction_p": Quantity("Interaction on the scale of ratios, p", "p_value"),
    "difference_interaction_p_holm": Quantity("The same after Holm, p", "p_value"),
    # How strongly an unmeasured cause has to go with arm and outcome (risk ratios of both).
    "e_value": Quantity("E-value of the estimate", "ratio"),
    "e_value_of_limit": Quantity("E-value of the limit nearest to no difference", "ratio"),
    "tipping_hazard_ratio": Quantity("Hazard ratio of those lost that tips it", "ratio", null=1.0),
    "share_lost": Quantity("Share lost before the day", "probability"),
    "number_needed_to_treat": Quantity("Patients treated per event more", "count"),
    "restricted_mean_days": Quantity("Restricted mean time", "days"),
    "restricted_mean_days_lost": Quantity("Restricted mean time lost", "days"),
    "restricted_mean_difference": Quantity("Difference in restricted mean time", "days", 0.0),
    "restricted_mean_ratio": Quantity("Ratio of restricted mean times", "ratio", 1.0),
    "restricted_mean_lost_difference": Quantity("Difference in mean time lost", "days", 0.0),
    "restricted_mean_lost_ratio": Quantity("Ratio of mean times lost", "ratio", 1.0),
    "average_hazard": Quantity("Average hazard", "rate"),
    "average_hazard_ratio": Quantity("Ratio of average hazards", "ratio", null=1.0),
    "median_days": Quantity("Median time", "days"),
    "quantile_days": Quantity("Time by which a share had the event", "days"),
    "mean_dose_mg": Quantity("Mean prednisolone dose (mg per day)", "rate"),
    "cumulative_dose_mg": Quantity("Mean cumulative prednisolone dose (mg)", "count"),
    "low_dose_share": Quantity("Share on little or no steroid", "probability"),
    "share_in_state": Quantity("Share in each state", "probability"),
    "early_share": Quantity("Share of the risk of the event met by the day", "probability"),
    "months_in_response": Quantity("Months in steroid-free response", "rate"),
    "months_in_response_difference": Quantity(
        "Difference in months in steroid-free response", "rate", null=0.0
    ),
    "events_per_100": Quantity("Events per 100 patients", "rate"),
    "events_per_100_difference": Quantity("Difference in events per 100 patients", "rate", 0.0),
    "draws_in_favour": Quantity("Share of draws in which it was better", "probability"),
    "head_start_days": Quantity("Day until which the arm was ahead", "days"),
    "median_follow_up_days": Quantity("Median follow-up", "days"),
    "potential_follow_up_first_quartile_days": Quantity(
        "Potential follow-up, first quartile", "days"
    ),
    "potential_follow_up_days": Quantity("Potential follow-up, median", "days"),
    "potential_follow_up_third_quartile_days": Quantity(
        "Potential follow-up, third quartile", "days"
    ),
    "followed": Quantity("Still followed", "probability"),
    "ended": Quantity("Follow-up ended", "probability"),
    "rate": Quantity("Rate", "rate"),
    "rate_in_window": Quantity("Rate of the event within a window of time", "rate"),
    "standardised_rate": Quantity("Standardised rate", "rate"),
    "rate_difference": Quantity("Difference in rates", "rate", null=0.0),
    "rate_ratio": Quantity("Rate ratio", "ratio", null=1.0),
    "rate_ratio_p": Quantity("Rate ratio p value", "p_value"),
    "patient_years_to_harm": Quantity("Patient-years for one event more", "count"),
    "schedule_kept": Quantity("Tested within the window", "probability"),
    "found_share": Quantity("Share with the finding", "probability"),
    "share_of_visits": Quantity("Share of visits or tests", "probability"),
    "mean_level": Quantity("Mean level", "mean"),
    "auc": Quantity("Area under the curve", "ratio", null=0.5),
    "odds_ratio": Quantity("Odds ratio", "ratio", null=1.0),
    "time_ratio": Quantity("Time ratio", "ratio", null=1.0),
    "mean_count": Quantity("Mean number of events", "mean"),
    "mean_count_difference": Quantity("Difference in mean number of events", "mean", null=0.0),
    "mean_count_ratio": Quantity("Ratio of mean numbers of events", "ratio", null=1.0),
    "dispersion": Quantity("Spread of counts against Poisson", "ratio", null=1.0),
    "hazard_ratio": Quantity("Hazard ratio", "ratio", null=1.0),
    "hazard_ratio_in_window": Quantity("Hazard ratio in the window", "ratio", null=1.0),
    "subdistribution_hazard_ratio": Quantity("Subdistribution hazard ratio", "ratio", null=1.0),
    "gray_test": Quantity("Gray's test, chi-square", "statistic"),
    "gray_test_p": Quantity("Gray's test, p value", "p_value"),
    "log_rank": Quantity("Log-rank chi-square", "statistic"),
    "log_rank_p": Quantity("Log-rank p value", "p_value"),
    "proportional_hazards": Quantity("Proportional-hazards chi-square", "statistic"),
    "proportional_hazards_p": Quantity("Proportional-hazards p value", "p_value"),
}

ENGLISH_ABBREVIATIONS = {
    "tnf": "TNF",
    "anca": "ANCA",
    "jak": "JAK",
    "il": "IL",
    "cd20": "CD20",
    "il6": "IL-6",
    "il12": "IL-12",
    "crp": "CRP",
    "alt": "ALT",
    "wbc": "white cells",
    "mcv": "MCV",
    "6tgn": "6-TGN",
    "6mmp": "6-MMP",
    "tpmt": "TPMT",
    "nudt15": "NUDT15",
    "smd": "SMD",
    "mmse": "MMSE",
}


# Units as written in column names (house rule: the unit is in the name), and as printed.
_UNITS = {
    "per_day": "per day",
    "mg_per_day": "mg per day",
    "mg_per_l": "mg/L",
    "g_per_l": "g/L",
    "g_per_dl": "g/dL",
    "years": "years",
    "months": "months",
    "weeks": "weeks",
    "days": "days",
    "kg": "kg",
    "cm": "cm",
    "mg": "mg",
}


def in_words(code: str) -> str:
    """Spell a code as it is spoken: ``"anti_tnf"`` becomes ``"anti-TNF"``."""
    words = [ENGLISH_ABBREVIATIONS.get(word, word) for word in code.split("_")]
    spoken = " ".join(words).replace("anti ", "anti-").replace("crohns", "Crohn's")
    return spoken.replace("IL-12 23", "IL-12/23")


def per_patient_years(years: float) -> str:
    """Spell the unit of a rate: ``"per 100 patient-years"``, ``"per patient-year"``."""
    return "per patient-year" if years == 1 else f"per {years:g} patient-years"


def years_of_unit(unit: str) -> float:
    """Read the unit of a rate: 100 of ``"per 100 patient-years"``, 1 of ``"per patient-year"``."""
    words = unit.split()
    return 1.0 if words[1].startswith("patient") else float(words[1].replace(",", ""))


def count_of(number: int, thing: str) -> str:
    """Spell a number with its noun: ``"1 covariate"``, ``"3 covariates"``."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def lower_first(words: str) -> str:
    """Return words as they stand inside a sentence; ``"ALT"`` and ``"E-value"`` stay."""
    is_name = words[1:2].isupper() or words[1:2] == "-"
    return words if is_name else words[:1].lower() + words[1:]


def sentence_case(code: str) -> str:
    """Spell a code with a capital first letter, for the start of a label."""
    words = in_words(code)
    return words[:1].upper() + words[1:]


@dataclass(frozen=True)
class Drug:
    """One ingredient of the vocabulary, with its codes and the other names it goes by."""

    name: str
    treatment_class: str
    atc: str = ""
    rxnorm: str = ""
    aliases: tuple[str, ...] = ()


@cache
def drugs() -> dict[str, Drug]:
    """Return the drugs of the vocabulary (``drugs.csv``) by name."""
    lines = files("azaanalysis").joinpath("drugs.csv").read_text(encoding="utf-8").splitlines()
    return {row["drug"]: _drug(row) for row in csv.DictReader(lines)}


def _drug(row: dict[str, str]) -> Drug:
    aliases = tuple(alias for alias in row["aliases"].split("|") if alias)
    return Drug(row["drug"], row["treatment_class"], row["atc"], row["rxnorm"], aliases)


# Drugs of these classes change how another drug is broken down, and are no treatment themselves.
COMPANION_CLASSES = ("xanthine_oxidase_inhibitor",)


@cache
def drug_classes_by_name() -> dict[str, str]:
    """Return the class of each drug of the vocabulary."""
    return {name: drug.treatment_class for name, drug in drugs().items()}


def as_code(text: str) -> str:
    """Write words as a code: ``"Crohn's disease "`` becomes ``"crohns_disease"``."""
    plain = text.strip().lower().replace("'", "").replace("’", "")
    return "_".join(plain.replace("-", " ").replace("_", " ").split())


def spell_column(name: str) -> str:
    """Spell a column name: ``"age_years"`` becomes ``"Age (years)"``."""
    bare = name.removeprefix("has_").removeprefix("is_")
    for ending, unit in _UNITS.items():
        if bare.endswith("_" + ending) and bare != ending:
            return f"{sentence_case(bare.removesuffix('_' + ending))} ({unit})"
    return sentence_case(bare)
