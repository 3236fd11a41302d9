"""The drugs and index strategies of a world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.errors import ParameterError
from azaanalysis.synthetic.parameters import Parameters
from azaanalysis.vocab import drug_classes_by_name
from azaanalysis.wording import nearest

NO_DRUG = 0


@dataclass(frozen=True, eq=False)
class Formulary:
    """Drugs by code (0 is no drug) and strategies by code.

    Parameters
    ----------
    drugs
        Names by code; the first is empty.
    classes
        Treatment class of each.
    strategies
        Names by code, the reference first.
    share
        Strategies by drugs: how often each drug leads the strategy.
    companion
        Drug started on the same day as the leading one, by strategy; 0 if none.
    available_day
        First day of use of each drug, since 1970-01-01.
    """

    drugs: tuple[str, ...]
    classes: tuple[str, ...]
    strategies: tuple[str, ...]
    share: np.ndarray
    companion: np.ndarray
    available_day: np.ndarray

    def by_drug(self, parameters: Parameters, quantity: str) -> np.ndarray:
        """Return ``quantity`` by drug code; 0 for no drug."""
        return np.append(0.0, parameters.by(quantity, self.drugs[1:]))

    def per_week(self, parameters: Parameters, quantity: str) -> np.ndarray:
        """Return rates given per 100 patient-years by drug code, per patient-week."""
        names = [f"{quantity}.{drug}" for drug in self.drugs[1:]]
        return np.array([0.0, *(parameters.per_week(name) for name in names)])

    def is_class(self, treatment_class: str) -> np.ndarray:
        """Flag the drugs of a class."""
        return np.array([name == treatment_class for name in self.classes])


def open_formulary(parameters: Parameters) -> Formulary:
    """Gather the drugs and strategies that the parameters name."""
    drugs = ("", *parameters.keys("available_from"))
    _refuse_unknown(drugs[1:])
    strategies = tuple(
        key.split(".")[0] for key in parameters.keys("choice") if key.endswith(".intercept")
    )
    return Formulary(
        drugs=drugs,
        classes=("", *(drug_classes_by_name()[drug] for drug in drugs[1:])),
        strategies=strategies,
        share=_matrix(parameters, "drug_share", strategies, drugs),
        companion=_matrix(parameters, "companion_share", strategies, drugs).argmax(axis=1),
        available_day=_available_day(parameters, drugs),
    )


def _refuse_unknown(drugs: tuple[str, ...]) -> None:
    for drug in drugs:
        if drug not in drug_classes_by_name():
            raise ParameterError(
                f"available_from.{drug}: the drug '{drug}' is not in the vocabulary; "
                f"{nearest(drug, drug_classes_by_name())}"
            )


def _matrix(
    parameters: Parameters, quantity: str, rows: tuple[str, ...], columns: tuple[str, ...]
) -> np.ndarray:
    """Return ``quantity.row.column`` where it exists, 0 elsewhere."""
    known = parameters.numbers
    return np.array(
        [[known.get(f"{quantity}.{row}.{key}", 0.0) for key in columns] for row in rows]
    )


def next_shares(parameters: Parameters, formulary: Formulary) -> np.ndarray:
    """Return how often each drug (columns) follows each drug (rows), before availability."""
    by_class = _matrix(parameters, "next_share", formulary.classes, formulary.drugs)
    np.fill_diagonal(by_class, 0.0)
    return by_class


def _available_day(parameters: Parameters, drugs: tuple[str, ...]) -> np.ndarray:
    """Return the first day of use of each drug; the beginning of time in an open calendar."""
    never_too_early = -(10**6)
    if parameters["is_calendar_open"]:
        return np.full(len(drugs), never_too_early)
    years = [parameters[f"available_from.{drug}"] for drug in drugs[1:]]
    return np.array([never_too_early, *(first_day_of_year(year) for year in years)])


def first_day_of_year(year: float) -> int:
    """Return 1 January of a year in days since 1970-01-01."""
    return int(np.datetime64(f"{int(year):04d}-01-01", "D").astype(np.int64))
