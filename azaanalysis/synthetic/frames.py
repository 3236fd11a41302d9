"""From plain rows to the frames of a cohort, with the types of the schema."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from azaanalysis.synthetic.baseline import GENOTYPES, SMOKING
from azaanalysis.synthetic.formulary import Formulary
from azaanalysis.synthetic.infection import infection_sites
from azaanalysis.synthetic.metabolites import ALLOPURINOL
from azaanalysis.synthetic.parameters import Parameters
from azaanalysis.synthetic.state import EVENTS, STOP_REASONS
from azaanalysis.synthetic.tables import LAB_TESTS, NO_DAY, Columns
from azaanalysis.synthetic.visits import MEASURE_OF
from azaanalysis.vocab import DAYS_PER_YEAR, drug_classes_by_name

ROUTES = {
    "infliximab": "intravenous",
    "vedolizumab": "intravenous",
    "rituximab": "intravenous",
    "belimumab": "intravenous",
    "abatacept": "subcutaneous",
    "adalimumab": "subcutaneous",
    "etanercept": "subcutaneous",
    "ustekinumab": "subcutaneous",
}
LAB_UNITS = {
    "alt": "U/L",
    "crp": "mg/L",
    "lymphocytes": "10^9/L",
    "wbc": "10^9/L",
    "6tgn": "pmol/8x10^8 RBC",
    "6mmp": "pmol/8x10^8 RBC",
}


@dataclass(frozen=True)
class Words:
    """Everything that turns codes into words."""

    identifiers: pa.Array
    formulary: Formulary
    parameters: Parameters


def frame_tables(parts: dict[str, Columns], words: Words) -> dict[str, pd.DataFrame]:
    """Give each table of one block its columns, words and types.

    Categories hold every word that could occur, so that blocks can be joined.
    """
    return {name: make(parts[name], words) for name, make in _MAKERS.items()}


def join_tables(blocks: list[dict[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """Join the tables of blocks and drop the words that nobody uses.

    The blocks are emptied on the way, so that a large cohort is not held twice.
    """
    tables = {}
    for name in _MAKERS:
        joined = pd.concat([block.pop(name) for block in blocks], ignore_index=True)
        for column in joined.select_dtypes("category"):
            joined[column] = joined[column].cat.remove_unused_categories()
        tables[name] = joined
    return tables


def identifiers(first: int, n: int, n_patients: int) -> pa.Array:
    """Return the pseudonyms of ``n`` patients of a cohort of ``n_patients``."""
    width = max(len(str(n_patients)), 6)
    names = [f"P{number:0{width}d}" for number in range(first + 1, first + n + 1)]
    return pa.array(names, type=pa.large_string())


def _patient_id(patient: np.ndarray, words: Words) -> pd.Series:
    taken = words.identifiers.take(pa.array(patient))
    return pd.Series(pd.array(taken, dtype="string[pyarrow]"))


def _dates(days: np.ndarray) -> np.ndarray:
    """Return days since 1970-01-01 as dates; ``NO_DAY`` is missing."""
    seconds = np.where(days == NO_DAY, NO_DAY, days * 86_400)
    return seconds.view("datetime64[s]")


def _category(codes: np.ndarray, names: Sequence[str]) -> Any:
    """Return words by code as a category, sorted; code -1 and an empty word are missing."""
    kept = sorted(set(names) - {""})
    place = np.array([kept.index(name) if name else -1 for name in names] + [-1], dtype=np.int8)
    places: np.ndarray[Any, np.dtype[np.int8]] = place[codes]
    return pd.Categorical.from_codes(places, categories=pd.Index(kept, dtype=object))


def _truth(values: np.ndarray) -> pd.arrays.BooleanArray:
    flags = np.asarray(values, dtype=bool)
    return pd.arrays.BooleanArray(flags, np.zeros(len(flags), dtype=bool))


def _patients(columns: Columns, words: Words) -> pd.DataFrame:
    parameters = words.parameters
    genes = (*GENOTYPES, "untested")
    sites = [f"site_{number:02d}" for number in range(1, int(parameters["sites"]) + 1)]
    lived = (columns["from"] - columns["birth"]) / DAYS_PER_YEAR
    return pd.DataFrame(
        {
            "patient_id": _patient_id(columns["patient"], words),
            "birth_date": _dates(columns["birth"]),
            "age_years": lived,
            "sex": _category(columns["is_female"].astype(np.int8), ("male", "female")),
            "disease": _category(columns["disease"], parameters.keys("disease_share")),
            "diagnosis_date": _dates(columns["diagnosis"]),
            "ancestry": _category(columns["ancestry"], parameters.keys("ancestry_share")),
            "weight_kg": columns["weight_kg"].astype(float),
            "smoking": _category(columns["smoking"], SMOKING),
            "tpmt": _category(columns["tpmt"], genes),
            "nudt15": _category(columns["nudt15"], genes),
            "prior_biologics": pd.array(columns["prior_biologics"], dtype="Int64"),
            "comorbidity_score": columns["comorbidity"].astype(float),
            "has_liver_disease": _truth(columns["has_liver_disease"]),
            "has_cancer_history": _truth(columns["has_cancer_history"]),
            "site": _category(columns["site"], sites),
            "observed_from": _dates(columns["from"]),
            "observed_to": _dates(columns["to"]),
            "death_date": _dates(columns["death"]),
            "severity_score": columns["severity_score"].astype(float),
        }
    )


def _courses(columns: Columns, words: Words) -> pd.DataFrame:
    drugs = (*words.formulary.drugs, ALLOPURINOL)
    classes = (*words.formulary.classes, drug_classes_by_name()[ALLOPURINOL])
    routes = [ROUTES.get(drug, "oral") for drug in drugs]
    return pd.DataFrame(
        {
            "patient_id": _patient_id(columns["patient"], words),
            "drug": _category(columns["drug"], drugs),
            "treatment_class": _category(columns["drug"], classes),
            "start_date": _dates(columns["start"]),
            "stop_date": _dates(columns["stop"]),
            "stop_reason": _category(columns["reason"], STOP_REASONS),
            "dose_mg_per_day": columns["dose"].astype(float),
            "route": _category(columns["drug"], routes),
        }
    )


def _visits(columns: Columns, words: Words) -> pd.DataFrame:
    measures = [MEASURE_OF[name] for name in words.parameters.keys("disease_share")]
    return pd.DataFrame(
        {
            "patient_id": _patient_id(columns["patient"], words),
            "visit_date": _dates(columns["day"]),
            "measure": _category(columns["disease"], measures),
            "value": columns["value"].astype(float),
            "has_response": _truth(columns["has_response"]),
            "has_remission": _truth(columns["has_remission"]),
        }
    )


def _labs(columns: Columns, words: Words) -> pd.DataFrame:
    limits = np.full(len(LAB_TESTS), np.nan)
    limits[LAB_TESTS.index("alt")] = words.parameters["alt_upper_limit"]
    test = columns["test"]
    return pd.DataFrame(
        {
            "patient_id": _patient_id(columns["patient"], words),
            "test_date": _dates(columns["day"]),
            "test": _category(test, LAB_TESTS),
            "value": columns["value"],
            "unit": _category(test, [LAB_UNITS[name] for name in LAB_TESTS]),
            "upper_limit_normal": limits[test],
        }
    )


def _events(columns: Columns, words: Words) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "patient_id": _patient_id(columns["patient"], words),
            "event_date": _dates(columns["day"]),
            "event": _category(columns["event"], EVENTS),
            "is_serious": _truth(columns["is_serious"]),
            "is_opportunistic": _truth(columns["is_opportunistic"]),
            "site_of_infection": _category(columns["site"], infection_sites(words.parameters)),
            "end_date": _dates(columns["end"]),
        }
    )


def _steroids(columns: Columns, words: Words) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "patient_id": _patient_id(columns["patient"], words),
            "start_date": _dates(columns["start"]),
            "stop_date": _dates(columns["stop"]),
            "prednisolone_mg_per_day": columns["mg"].astype(float),
        }
    )


_MAKERS: dict[str, Callable[[Columns, Words], pd.DataFrame]] = {
    "patients": _patients,
    "courses": _courses,
    "visits": _visits,
    "labs": _labs,
    "events": _events,
    "steroids": _steroids,
}
