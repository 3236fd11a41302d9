"""What nobody sees of a patient: frailty, and how the body answers to drugs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.synthetic.baseline import Patients
from azaanalysis.synthetic.draws import Draws
from azaanalysis.synthetic.parameters import Parameters


@dataclass(frozen=True, eq=False)
class Traits:
    """Latent traits, one entry of every array per patient.

    ``unmeasured`` is a standard normal trait that enters the choice of strategy only where
    ``unmeasured_choice`` is not 0.
    """

    frailty: np.ndarray
    unmeasured: np.ndarray
    drift: np.ndarray
    wbc: np.ndarray
    lymphocytes: np.ndarray
    alt: np.ndarray
    suppression: np.ndarray
    hepatotoxicity: np.ndarray
    hepatotoxicity_weeks: np.ndarray


def invent_traits(draws: Draws, patients: Patients, parameters: Parameters) -> Traits:
    """Draw the latent traits of one block of patients."""
    stream, n = draws.stream("traits"), draws.n
    variance = max(parameters["infection_frailty_variance"], 1e-9)
    liver = np.where(patients.has_liver_disease, parameters["alt_liver_disease_ratio"], 1.0)
    return Traits(
        frailty=stream.gamma(1 / variance, variance, n),
        unmeasured=stream.standard_normal(n),
        drift=stream.standard_normal(n),
        wbc=_lognormal(stream, n, parameters, "wbc"),
        lymphocytes=_lognormal(stream, n, parameters, "lymphocytes"),
        alt=_lognormal(stream, n, parameters, "alt") * liver,
        suppression=gene_sensitivity(patients, parameters)
        * np.exp(parameters["suppression_log_sd"] * stream.standard_normal(n)),
        hepatotoxicity=stream.random(n),
        hepatotoxicity_weeks=parameters["hepatotoxicity_weeks_median"]
        * np.exp(parameters["hepatotoxicity_log_sd"] * stream.standard_normal(n)),
    )


def gene_sensitivity(patients: Patients, parameters: Parameters) -> np.ndarray:
    """Return how much further white cells fall than without a variant of TPMT or NUDT15."""
    by_gene = gene_ratio("suppression", parameters)
    sensitivity: np.ndarray = np.maximum(by_gene[patients.tpmt], by_gene[patients.nudt15])
    return sensitivity


def gene_ratio(quantity: str, parameters: Parameters) -> np.ndarray:
    """Return ``quantity_ratio`` by genotype: 1 for normal, then intermediate and deficient."""
    return np.append(1.0, parameters.by(f"{quantity}_ratio", ("intermediate", "deficient")))


def _lognormal(
    stream: np.random.Generator, n: int, parameters: Parameters, quantity: str
) -> np.ndarray:
    spread = parameters[f"{quantity}_log_sd"] * stream.standard_normal(n)
    return parameters[f"{quantity}_mean"] * np.exp(spread)
