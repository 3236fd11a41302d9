"""Who is eligible, judged on the day of the first supply."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.attrition import Attrition
from azaanalysis.design.days import NEVER, days_of
from azaanalysis.design.rows import rows_of
from azaanalysis.errors import DesignError
from azaanalysis.settings import Population
from azaanalysis.settings_spans import Span
from azaanalysis.vocab import ADVANCED_CLASSES, DAYS_PER_YEAR, in_words, sentence_case
from azaanalysis.wording import nearest


@dataclass(frozen=True, eq=False)
class Candidates:
    """Starts whose eligibility is to be judged, with their patients."""

    cohort: Cohort
    starts: pd.DataFrame

    @cached_property
    def patients(self) -> pd.DataFrame:
        """The patient of each start."""
        position = self.starts["position"].to_numpy()
        return self.cohort.patients.iloc[position].set_axis(self.starts.index)

    @property
    def index_day(self) -> pd.Series:
        """Time zero of each start."""
        return self.starts["index_day"]


@dataclass(frozen=True, eq=False)
class Criterion:
    """One criterion: its name, why one fails it, and who meets it; an unknown does not."""

    step: str
    reason: str
    holds: pd.Series


def keep_eligible(
    starts: pd.DataFrame, cohort: Cohort, population: Population, attrition: Attrition
) -> pd.DataFrame:
    """Apply the eligibility criteria as they stand on the day of the start.

    Raises
    ------
    DesignError
        If the population names a disease, column or event that the cohort does not have; all of
        them are listed.
    """
    attrition.assign_arms(starts)
    faults = list(find_unknown_words(cohort, population))
    if faults:
        raise DesignError("\n".join(faults))
    meets = pd.Series(True, index=starts.index)
    for criterion in _criteria(Candidates(cohort, starts), population):
        meets &= criterion.holds
        attrition.keep_starts(starts[meets], criterion.step, criterion.reason)
    return starts[meets]


def find_unknown_words(cohort: Cohort, population: Population) -> Iterator[str]:
    """Say which words of the population the cohort does not know, with the nearest it does."""
    patients, columns = cohort.patients, [str(name) for name in cohort.patients]
    diseases = [str(word) for word in patients["disease"].cat.categories]
    for word in population.diseases:
        if word not in diseases:
            hint = nearest(word, diseases)
            yield f"The study asks for disease '{word}', which no patient has; {hint}"
    for column in population.without:
        if column not in columns:
            known = [name for name in columns if name.startswith(("has_", "is_"))]
            yield (
                f"The study leaves out patients with '{column}', but the patients table has no "
                f"such column; {nearest(column, known)}"
            )
    for column in population.numbers:
        numbers = [name for name in columns if pd.api.types.is_numeric_dtype(patients[name].dtype)]
        if column not in numbers:
            yield (
                f"The study sets limits to '{column}', but the patients table has no such column "
                f"of numbers; {nearest(column, numbers)}"
            )
    yield from _unknown_events(cohort, population)


def _unknown_events(cohort: Cohort, population: Population) -> Iterator[str]:
    if not population.without_earlier:
        return
    events = cohort.tables.get("events")
    known = [] if events is None else [str(word) for word in events["event"].cat.categories]
    for word in population.without_earlier:
        if word not in known:
            yield (
                f"The study leaves out patients with an earlier '{word}', which the events table "
                f"does not hold; {nearest(word, known)}"
            )


def _criteria(found: Candidates, population: Population) -> Iterator[Criterion]:
    patients = found.patients
    if population.diseases:
        words = " or ".join(in_words(disease) for disease in population.diseases)
        has_it = patients["disease"].isin(population.diseases)
        yield Criterion(f"With {words}", "another disease", has_it)
    if population.is_diagnosed:
        day = pd.Series(days_of(_dates(patients, "diagnosis_date")), index=patients.index)
        reason = "diagnosed later, or date of diagnosis not known"
        yield Criterion("Diagnosed by time zero", reason, day <= found.index_day)
    yield from _calendar(found, population.started.at_least, population.started.at_most)
    age = age_at(patients, found.index_day)
    yield from _within("Aged {} years", "age", age, population.age_years, ("younger", "older"))
    if population.prior_biologics != Span():
        count = prior_biologics(found)
        yield from _within("Earlier biologics {}", "number", count, population.prior_biologics)
    for column, span in population.numbers.items():
        label = f"{sentence_case(column)} {{}}"
        yield from _within(label, in_words(column), patients[column], span)
    for column in population.without:
        words = in_words(column.removeprefix("has_").removeprefix("is_"))
        # An unknown history is treated as one that excludes: it cannot be shown to be absent.
        has_it = patients[column].astype("boolean").fillna(True).astype("bool")
        yield Criterion(f"Without {words}", f"{words}, or not known", ~has_it)
    for event in population.without_earlier:
        reason = f"{in_words(event)} before time zero"
        yield Criterion(f"Without earlier {in_words(event)}", reason, ~_had_before(found, event))


def _calendar(found: Candidates, first: date | None, last: date | None) -> Iterator[Criterion]:
    if first is not None:
        holds = found.index_day >= np.datetime64(first, "D").astype(int)
        yield Criterion(f"Started on or after {first}", "started earlier", holds)
    if last is not None:
        holds = found.index_day <= np.datetime64(last, "D").astype(int)
        yield Criterion(f"Started on or before {last}", "started later", holds)


def _within(
    label: str,
    what: str,
    values: pd.Series,
    span: Span,
    words: tuple[str, str] = ("fewer or less", "more"),
) -> Iterator[Criterion]:
    """Return a criterion for each closed end of a range."""
    numbers = pd.Series(values.to_numpy("float64", na_value=np.nan), index=values.index)
    if span.at_least is not None:
        step = label.format(f"at least {span.at_least:g}")
        yield Criterion(step, f"{words[0]}, or {what} not known", numbers >= span.at_least)
    if span.at_most is not None:
        step = label.format(f"at most {span.at_most:g}")
        yield Criterion(step, f"{words[1]}, or {what} not known", numbers <= span.at_most)


def prior_biologics(found: Candidates) -> pd.Series:
    """Count different biologics and JAK inhibitors before time zero.

    Those before observation stand in the patients table (none if it does not say); to these come
    the drugs begun while observed.
    """
    courses, classes = found.cohort.courses, found.cohort.drug_classes
    rank, rows = rows_of(found.cohort, found.starts, "courses")
    is_advanced = [classes.get(str(d)) in ADVANCED_CLASSES for d in courses["drug"].cat.categories]
    code = courses["drug"].cat.codes.to_numpy()[rows]
    begun = days_of(courses["start_date"])[rows]
    seen_from = days_of(found.patients["observed_from"])[rank]
    wanted = np.array(is_advanced, dtype=bool)[code] & (begun >= seen_from)
    wanted &= begun < found.index_day.to_numpy()[rank]
    drugs = pd.DataFrame({"rank": rank[wanted], "drug": code[wanted]}).drop_duplicates()
    while_observed = np.bincount(drugs["rank"], minlength=len(found.starts))
    recorded = found.patients.get("prior_biologics", pd.Series(0, index=found.starts.index))
    return recorded.astype("Float64") + while_observed


def _had_before(found: Candidates, event: str) -> pd.Series:
    events = found.cohort.tables["events"]
    rank, rows = rows_of(found.cohort, found.starts, "events")
    is_event = (events["event"] == event).to_numpy()[rows]
    early = days_of(events["event_date"])[rows] < found.index_day.to_numpy()[rank]
    had = np.bincount(rank[is_event & early], minlength=len(found.starts)) > 0
    return pd.Series(had, index=found.starts.index)


def _dates(patients: pd.DataFrame, column: str) -> pd.Series:
    if column in patients:
        return patients[column]
    return pd.Series(np.datetime64("NaT", "s"), index=patients.index)


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
