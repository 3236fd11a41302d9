"""Who the patients are on the day they start: what is recorded, and what nobody sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azaanalysis.synthetic.draws import Draws
from azaanalysis.synthetic.formulary import first_day_of_year
from azaanalysis.synthetic.parameters import Parameters
from azaanalysis.vocab import DAYS_PER_YEAR

GENOTYPES = ("normal", "intermediate", "deficient")
SMOKING = ("never", "former", "current")
ADULT_YEARS = 18
# Effects of age are written per ten years above forty.
AGE_CENTRE_YEARS = 40


@dataclass(frozen=True, eq=False)
class Patients:
    """What is known of each patient on the index day; one entry of every array per patient.

    Codes count from 0 in the order of ``diseases``, ``ancestries``, ``SMOKING``, ``GENOTYPES``.
    Days are whole days since 1970-01-01.
    """

    diseases: tuple[str, ...]
    ancestries: tuple[str, ...]
    disease: np.ndarray
    ancestry: np.ndarray
    is_female: np.ndarray
    age_years: np.ndarray
    severity_score: np.ndarray
    severity: np.ndarray
    duration_days: np.ndarray
    prior_biologics: np.ndarray
    comorbidity: np.ndarray
    has_liver_disease: np.ndarray
    has_cancer_history: np.ndarray
    smoking: np.ndarray
    weight_kg: np.ndarray
    site: np.ndarray
    tpmt: np.ndarray
    nudt15: np.ndarray
    is_tpmt_tested: np.ndarray
    is_nudt15_tested: np.ndarray
    index_day: np.ndarray
    lookback_days: np.ndarray
    is_prevalent_user: np.ndarray

    def __len__(self) -> int:
        """Count the patients."""
        return len(self.disease)

    @property
    def age_decades(self) -> np.ndarray:
        """Decades of age above forty on the index day."""
        return (self.age_years - AGE_CENTRE_YEARS) / 10

    @property
    def has_reduced_gene_recorded(self) -> np.ndarray:
        """Whether a reduced TPMT activity is in the record."""
        return self.is_tpmt_tested & (self.tpmt > 0)


def invent_patients(draws: Draws, parameters: Parameters) -> Patients:
    """Draw the patients of one block as they are on their index day."""
    stream, n = draws.stream("baseline"), draws.n
    diseases = parameters.keys("disease_share")
    ancestries = parameters.keys("ancestry_share")
    ancestry = pick(stream.random(n), parameters.by("ancestry_share", ancestries))
    is_female = stream.random(n) < parameters["female_share"]
    age = _ages(stream, n, parameters)
    prior = _prior_biologics(stream, n, parameters)
    score, severity = _severity(stream, prior, parameters)
    decades = (age - AGE_CENTRE_YEARS) / 10
    return Patients(
        diseases=diseases,
        ancestries=ancestries,
        disease=pick(stream.random(n), parameters.by("disease_share", diseases)),
        ancestry=ancestry,
        is_female=is_female,
        age_years=age,
        severity_score=score,
        severity=severity,
        duration_days=_duration_days(stream, age, parameters),
        prior_biologics=prior,
        comorbidity=_comorbidity(stream, decades, parameters),
        has_liver_disease=stream.random(n) < parameters["liver_disease_share"],
        has_cancer_history=stream.random(n)
        < parameters["cancer_history_share"] * parameters["cancer_per_decade"] ** decades,
        smoking=pick(stream.random(n), parameters.by("smoking_share", SMOKING)),
        weight_kg=_weights(stream, is_female, parameters),
        site=stream.integers(0, int(parameters["sites"]), n),
        tpmt=_genotype(stream.random(n), "tpmt", ancestries, ancestry, parameters),
        nudt15=_genotype(stream.random(n), "nudt15", ancestries, ancestry, parameters),
        is_tpmt_tested=stream.random(n) < parameters["tpmt_tested_share"],
        is_nudt15_tested=stream.random(n) < parameters["nudt15_tested_share"],
        index_day=_index_days(stream, n, parameters),
        lookback_days=_lookback_days(stream, age, parameters),
        is_prevalent_user=stream.random(n) < parameters["prevalent_user_share"],
    )


def pick(uniform: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return one code per uniform number, code k with probability in proportion to share k."""
    edges = np.cumsum(shares) / np.sum(shares)
    return np.searchsorted(edges[:-1], uniform, side="right").astype(np.int8)


def _ages(stream: np.random.Generator, n: int, parameters: Parameters) -> np.ndarray:
    """Return ages on the index day: adults from a truncated normal, and a few minors."""
    mean, sd = parameters["age_years_mean"], parameters["age_years_sd"]
    adult = mean + sd * stream.standard_normal(n)
    youngest, oldest = ADULT_YEARS, parameters["age_years_most"]
    spread = stream.random(n)
    # Beyond either end a patient is placed within the age range rather than piled up at its edge.
    is_out = (adult < youngest) | (adult > oldest)
    adult = np.where(is_out, youngest + spread * (mean - youngest), adult)
    least = parameters["minor_age_years_least"]
    minor = least + spread * (ADULT_YEARS - least)
    return np.where(stream.random(n) < parameters["minor_share"], minor, adult)


def _prior_biologics(stream: np.random.Generator, n: int, parameters: Parameters) -> np.ndarray:
    again, most = parameters["prior_biologic_again"], parameters["prior_biologics_most"]
    has_any = stream.random(n) < parameters["prior_biologic_share"]
    count = stream.geometric(max(1 - again, 1e-9), n)
    return np.where(has_any, np.minimum(count, int(most)), 0)


def _severity(
    stream: np.random.Generator, prior_biologics: np.ndarray, parameters: Parameters
) -> tuple[np.ndarray, np.ndarray]:
    """Return the recorded severity score and the same on a standard scale.

    The standard scale is worked out from the rounded record, so that whoever adjusts for the
    record adjusts for all of it.
    """
    mean, sd = parameters["severity_score_mean"], parameters["severity_score_sd"]
    latent = stream.standard_normal(len(prior_biologics))
    latent = latent + parameters["severity_per_prior_biologic"] * prior_biologics
    score = np.clip(np.round(mean + sd * latent, 1), 0, parameters["severity_score_most"])
    return score, (score - mean) / sd


def _duration_days(
    stream: np.random.Generator, age_years: np.ndarray, parameters: Parameters
) -> np.ndarray:
    years = stream.exponential(parameters["disease_duration_years_mean"], len(age_years))
    return np.floor(np.minimum(years, age_years * 0.9) * DAYS_PER_YEAR).astype(np.int64)


def _comorbidity(
    stream: np.random.Generator, decades: np.ndarray, parameters: Parameters
) -> np.ndarray:
    mean = parameters["comorbidity_mean"] * parameters["comorbidity_per_decade"] ** decades
    return np.minimum(stream.poisson(mean), int(parameters["comorbidity_most"]))


def _weights(
    stream: np.random.Generator, is_female: np.ndarray, parameters: Parameters
) -> np.ndarray:
    female, male = parameters.by("weight_kg_mean", ("female", "male"))
    weight: np.ndarray = np.where(is_female, female, male)
    weight = weight + parameters["weight_kg_sd"] * stream.standard_normal(len(is_female))
    least, most = parameters["weight_kg_least"], parameters["weight_kg_most"]
    clipped: np.ndarray = np.clip(np.round(weight), least, most)
    return clipped


def _genotype(
    uniform: np.ndarray,
    gene: str,
    ancestries: tuple[str, ...],
    ancestry: np.ndarray,
    parameters: Parameters,
) -> np.ndarray:
    """Return 0, 1 or 2 as in ``GENOTYPES``, by ancestry."""
    deficient = parameters.by(f"{gene}_deficient", ancestries)[ancestry]
    reduced = deficient + parameters.by(f"{gene}_intermediate", ancestries)[ancestry]
    genotype: np.ndarray = (uniform < reduced).astype(np.int8) + (uniform < deficient)
    return genotype


def _index_days(stream: np.random.Generator, n: int, parameters: Parameters) -> np.ndarray:
    first = first_day_of_year(parameters["index_year_first"])
    last = first_day_of_year(parameters["end_of_data_year"]) - int(parameters["index_margin_days"])
    return stream.integers(first, max(last, first + 1), n)


def _lookback_days(
    stream: np.random.Generator, age_years: np.ndarray, parameters: Parameters
) -> np.ndarray:
    """Return how long each patient was observed before the index day, after birth at most."""
    n, least = len(age_years), parameters["lookback_days_least"]
    usual = least + np.floor(stream.exponential(parameters["lookback_days_mean_extra"], n))
    short = np.floor(stream.uniform(1, least, n))
    is_short = stream.random(n) < parameters["short_lookback_share"]
    lived = np.floor(age_years * DAYS_PER_YEAR) - 1
    days: np.ndarray = np.minimum(np.where(is_short, short, usual), lived).astype(np.int64)
    return days
