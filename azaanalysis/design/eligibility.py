"""Who is eligible, judged on the day of the first supply."""

from __future__ import annotations

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.attrition import Attrition
from azaanalysis.design.days import NEVER, days_of
from azaanalysis.errors import DesignError
from azaanalysis.settings import Population
from azaanalysis.vocab import DAYS_PER_YEAR, in_words
from azaanalysis.wording import nearest


def keep_eligible(
    starts: pd.DataFrame, cohort: Cohort, population: Population, attrition: Attrition
) -> pd.DataFrame:
    """Apply the eligibility criteria as they stand on the day of the start."""
    attrition.assign_arms(starts)
    patients = cohort.patients.iloc[starts["position"].to_numpy()]
    patients = patients.set_axis(starts.index)
    meets = pd.Series(True, index=starts.index)
    for label, reason, holds in _criteria(patients, starts, population):
        meets &= holds
        attrition.keep(starts.loc[meets, "position"], label, reason)
    return starts[meets]


def _criteria(
    patients: pd.DataFrame, starts: pd.DataFrame, population: Population
) -> list[tuple[str, str, pd.Series]]:
    """Return each criterion, why one fails it, and who meets it; an unknown does not."""
    criteria = []
    if population.diseases:
        _refuse_unknown(population.diseases, patients["disease"], "disease")
        words = " or ".join(in_words(disease) for disease in population.diseases)
        has_it = patients["disease"].isin(population.diseases)
        criteria.append((f"With {words}", "another disease", has_it))
    span = population.age_years
    age = age_at(patients, starts["index_day"])
    if span.at_least is not None:
        label = f"Aged at least {span.at_least:g} years"
        criteria.append((label, "younger, or age not known", age >= span.at_least))
    if span.at_most is not None:
        label = f"Aged at most {span.at_most:g} years"
        criteria.append((label, "older, or age not known", age <= span.at_most))
    for column in population.without:
        words = in_words(column.removeprefix("has_").removeprefix("is_"))
        criteria.append((f"Without {words}", f"{words}, or not known", ~_truth(patients, column)))
    return criteria


def _truth(patients: pd.DataFrame, column: str) -> pd.Series:
    if column not in patients:
        known = [str(name) for name in patients if str(name).startswith(("has_", "is_"))]
        raise DesignError(
            f"The study leaves out patients with '{column}', but the patients table has no such "
            f"column; {nearest(column, known)}"
        )
    # An unknown history is treated as one that excludes: it cannot be shown to be absent.
    return patients[column].astype("boolean").fillna(True).astype("bool")


def _refuse_unknown(words: tuple[str, ...], column: pd.Series, what: str) -> None:
    known = [str(word) for word in column.cat.categories]
    for word in words:
        if word not in known:
            raise DesignError(
                f"The study asks for {what} '{word}', which no patient has; {nearest(word, known)}"
            )


def age_at(patients: pd.DataFrame, day: pd.Series) -> pd.Series:
    """Return the age in years on the given days since 1970-01-01."""
    by_birth = pd.Series(np.nan, index=patients.index)
    if "birth_date" in patients:
        born = days_of(patients["birth_date"])
        by_birth = ((day - born) / DAYS_PER_YEAR).where(born < NEVER)
    if "age_years" not in patients:
        return by_birth
    since_entry = (day - days_of(patients["observed_from"])) / DAYS_PER_YEAR
    return by_birth.fillna(patients["age_years"] + since_entry)
