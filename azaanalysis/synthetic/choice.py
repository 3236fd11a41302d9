"""Which strategy a patient is started on, and which drug follows when one has failed."""

from __future__ import annotations

import numpy as np

from azaanalysis.synthetic.baseline import Patients
from azaanalysis.synthetic.draws import Draws
from azaanalysis.synthetic.formulary import Formulary, first_day_of_year
from azaanalysis.synthetic.parameters import Parameters
from azaanalysis.synthetic.traits import Traits
from azaanalysis.vocab import DAYS_PER_YEAR

COVARIATES = (
    "severity",
    "prior_biologics",
    "comorbidity",
    "cancer_history",
    "tpmt_reduced",
    "age_decades",
)


def choose_strategy(
    draws: Draws, patients: Patients, traits: Traits, formulary: Formulary, parameters: Parameters
) -> np.ndarray:
    """Choose the index strategy of each patient, by confounding by indication."""
    log_odds = choice_log_odds(patients, traits, formulary, parameters)
    return pick_by_row(draws.stream("choice").random(len(patients)), np.exp(log_odds))


def choice_log_odds(
    patients: Patients, traits: Traits, formulary: Formulary, parameters: Parameters
) -> np.ndarray:
    """Return the log odds of each strategy (columns) for each patient, up to a constant.

    ``confounding`` multiplies what the patient contributes. The calendar is no confounding by
    indication and stays whatever the dial: a drug not yet licensed has no odds.
    """
    terms = np.column_stack(
        [
            patients.severity,
            patients.prior_biologics,
            patients.comorbidity,
            patients.has_cancer_history,
            patients.has_reduced_gene_recorded,
            patients.age_decades,
        ]
    ).astype(float)
    coefficients = _coefficients(formulary, parameters)
    years = _years_after_first(patients, parameters)
    intercepts = parameters.by("choice", [f"{s}.intercept" for s in formulary.strategies])
    log_odds: np.ndarray = intercepts + parameters["confounding"] * terms @ coefficients
    log_odds[:, 1:] += np.outer(years, _of_strategies(formulary, parameters, "year"))
    log_odds[:, 1:] += parameters["unmeasured_choice"] * traits.unmeasured[:, None]
    log_odds[~_is_available(patients, formulary)] = -np.inf
    return log_odds


def _coefficients(formulary: Formulary, parameters: Parameters) -> np.ndarray:
    """Return covariates by strategies; the first strategy is the reference."""
    others = [_of_strategies(formulary, parameters, covariate) for covariate in COVARIATES]
    return np.column_stack([np.zeros(len(COVARIATES)), np.array(others)])


def _of_strategies(formulary: Formulary, parameters: Parameters, term: str) -> np.ndarray:
    return parameters.by("choice", [f"{s}.{term}" for s in formulary.strategies[1:]])


def _years_after_first(patients: Patients, parameters: Parameters) -> np.ndarray:
    first = first_day_of_year(parameters["index_year_first"])
    return (patients.index_day - first) / DAYS_PER_YEAR


def _is_available(patients: Patients, formulary: Formulary) -> np.ndarray:
    """Flag the strategies (columns) that have a drug in use on the index day."""
    in_use = patients.index_day[:, None] >= formulary.available_day
    has_drug: np.ndarray = (in_use @ (formulary.share.T > 0)) > 0
    return has_drug


def choose_drug(
    draws: Draws, patients: Patients, strategy: np.ndarray, formulary: Formulary
) -> np.ndarray:
    """Choose the leading drug within each patient's strategy, among those in use.

    Under a strategy that has no drug on that day (a potential outcome, never a choice) the
    first of its drugs to come is given.
    """
    in_use = patients.index_day[:, None] >= formulary.available_day
    shares = formulary.share[strategy] * in_use
    nothing = ~shares.any(axis=1)
    shares[nothing] = _first_to_come(formulary)[strategy[nothing]]
    stream = draws.stream("choice")
    stream.random(len(patients))
    return pick_by_row(stream.random(len(patients)), shares)


def _first_to_come(formulary: Formulary) -> np.ndarray:
    """Return shares (strategies by drugs) that give all to the earliest drug of a strategy."""
    day = np.where(formulary.share > 0, formulary.available_day, 10**9)
    shares: np.ndarray = np.eye(len(formulary.drugs))[day.argmin(axis=1)]
    return shares


def choose_next(
    uniform: np.ndarray,
    day: np.ndarray,
    last_drug: np.ndarray,
    shares: np.ndarray,
    available_day: np.ndarray,
) -> np.ndarray:
    """Choose the drug that follows another, among those in use; 0 if there is none."""
    weights = shares[last_drug] * (day[:, None] >= available_day)
    return np.where(weights.any(axis=1), pick_by_row(uniform, weights), 0)


def pick_by_row(uniform: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return one column per row, with probability in proportion to the row's weights."""
    edges = np.cumsum(weights, axis=1)
    below = edges <= (uniform * edges[:, -1])[:, None]
    column: np.ndarray = np.minimum(below.sum(axis=1), weights.shape[1] - 1).astype(np.int8)
    return column
