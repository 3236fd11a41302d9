"""The numbers behind a synthetic cohort: read from data, checked, looked up by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

import numpy as np
import pandas as pd

from azaanalysis.errors import ParameterError
from azaanalysis.vocab import DAYS_PER_YEAR
from azaanalysis.wording import nearest

BASE_WORLD = "inflammatory_bowel_disease"
COLUMNS = ("name", "world", "value", "lower", "upper", "unit", "citation", "note")
DAYS_PER_WEEK = 7
WEEKS_PER_YEAR = DAYS_PER_YEAR / DAYS_PER_WEEK

_ANY = (-np.inf, np.inf)
_NOT_NEGATIVE = (0.0, np.inf)
# What a value in each unit may be. The columns lower and upper of the table are the published
# interval; these are the limits beyond which a value means nothing.
ALLOWED: dict[str, tuple[float, float]] = {
    "probability": (0.0, 1.0),
    "truth": (0.0, 1.0),
    "dial": (0.0, 5.0),
    "share": _NOT_NEGATIVE,
    "per 100 patient-years": _NOT_NEGATIVE,
    "hazard ratio": _NOT_NEGATIVE,
    "odds ratio": (1e-6, np.inf),
    "ratio": _NOT_NEGATIVE,
    "log odds": _ANY,
    "log hazard ratio": _ANY,
    "log ratio": _ANY,
    "variance": _NOT_NEGATIVE,
    "standard deviations": _ANY,
    "standard deviation": _NOT_NEGATIVE,
    "count": _NOT_NEGATIVE,
    "points": _NOT_NEGATIVE,
    "days": _NOT_NEGATIVE,
    "weeks": _NOT_NEGATIVE,
    "years": _NOT_NEGATIVE,
    "calendar year": (1950.0, 2100.0),
    "kg": _NOT_NEGATIVE,
    "mg per day": _NOT_NEGATIVE,
    "mg/kg per day": _NOT_NEGATIVE,
    "10^9/L": _NOT_NEGATIVE,
    "U/L": _NOT_NEGATIVE,
    "mg/L": _NOT_NEGATIVE,
    "pmol/8x10^8 RBC": _NOT_NEGATIVE,
}


@dataclass(frozen=True, eq=False)
class Parameters:
    """The checked parameters of one world.

    Parameters
    ----------
    frame
        One row per parameter: ``name``, ``world`` (where the value was set), ``value``,
        ``lower`` and ``upper`` (published interval, where there is one), ``unit``,
        ``citation`` (or the word assumption), ``note``.
    world
        The world they describe.
    """

    frame: pd.DataFrame
    world: str = BASE_WORLD

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        faults = [*_impossible(self.frame), *_arms_without_drug(self.frame)]
        if faults:
            raise ParameterError(
                "The parameters of the synthetic cohort cannot be used yet.\n"
                + "\n".join(f"  {fault}" for fault in faults)
            )

    @cached_property
    def numbers(self) -> Mapping[str, float]:
        """Value of each parameter by name."""
        return dict(zip(self.frame["name"], self.frame["value"].astype(float), strict=True))

    def __getitem__(self, name: str) -> float:
        """Return one value by its name."""
        if name not in self.numbers:
            raise ParameterError(
                f"The parameter '{name}' is missing in world '{self.world}'; "
                f"{nearest(name, self.numbers)}"
            )
        return self.numbers[name]

    def by(self, quantity: str, keys: Iterable[str]) -> np.ndarray:
        """Return the values of ``quantity.key`` for each key."""
        return np.array([self[f"{quantity}.{key}"] for key in keys])

    def per_week(self, name: str) -> float:
        """Return a rate per 100 patient-years as a rate per patient-week."""
        return self[name] / 100 / WEEKS_PER_YEAR

    def keys(self, quantity: str) -> tuple[str, ...]:
        """Return what follows ``quantity.`` in the names, in the order of the table."""
        start = f"{quantity}."
        return tuple(name[len(start) :] for name in self.numbers if name.startswith(start))

    def changed(self, values: Mapping[str, float]) -> Parameters:
        """Return the parameters with some values replaced.

        Raises
        ------
        ParameterError
            If a name is unknown or a value means nothing.
        """
        for name in values:
            self[name]
        frame = self.frame.copy()
        is_new = frame["name"].isin(list(values))
        frame.loc[is_new, "value"] = [float(values[name]) for name in frame["name"][is_new]]
        frame.loc[is_new, ["citation", "note"]] = ["assumption", "changed by the user"]
        return Parameters(frame, self.world)


def load_parameters(world: str = BASE_WORLD) -> Parameters:
    """Read the parameters of a world, each with its unit and source.

    Parameters
    ----------
    world
        Name of a world; its rows replace those of the base world.

    Raises
    ------
    ParameterError
        If there is no such world.
    """
    table = _read_table()
    worlds = list(dict.fromkeys(table["world"]))
    if world not in worlds:
        raise ParameterError(f"There is no synthetic world '{world}'; {nearest(world, worlds)}")
    return Parameters(_overlay(table, world), world)


def _read_table() -> pd.DataFrame:
    """Read every table of parameters: the base world with its variants, then other diseases."""
    found = [entry for entry in files("azaanalysis.synthetic").iterdir() if _is_table(entry.name)]
    parts = []
    for entry in sorted(found, key=lambda entry: entry.name):
        with entry.open(encoding="utf-8") as file:
            missing = {"lower": "", "upper": ""}
            parts.append(pd.read_csv(file, keep_default_na=False, na_values=missing))
    # The rest of a table is carried over even where a whole one has no published interval.
    return pd.concat([part.astype({"lower": float, "upper": float}) for part in parts])


def _is_table(name: str) -> bool:
    return name.startswith("parameters") and name.endswith(".csv")


def _overlay(table: pd.DataFrame, world: str) -> pd.DataFrame:
    """Return the rows of the base world, replaced and followed by those of another.

    A world of another disease names its own drugs, strategies and diseases, and rows of the
    base world that speak of others do not belong to it.
    """
    base = table[table["world"] == BASE_WORLD]
    own = table[(table["world"] == world) & (world != BASE_WORLD)]
    if own["name"].str.startswith("disease_share.").any():
        base = base[~_speaks_of(base["name"], _listed(base) - _listed(own))]
    wanted = pd.concat([base, own])
    last = wanted.drop_duplicates("name", keep="last").set_index("name")
    order = wanted["name"].drop_duplicates()
    return last.loc[order].reset_index()[list(COLUMNS)]


def _listed(rows: pd.DataFrame) -> set[str]:
    """Return the drugs, strategies and diseases that rows name."""
    parts = rows["name"].str.split(".")
    lists = parts[parts.str[0].isin(["available_from", "choice", "disease_share"])]
    return set(lists.str[1])


def _speaks_of(names: pd.Series, words: set[str]) -> np.ndarray:
    """Flag names of which any part is one of the words, or that rank what follows a drug."""
    parts = names.str.split(".")
    flags = [row[0] == "next_share" or not words.isdisjoint(row[1:]) for row in parts]
    return np.array(flags, dtype=bool)


def as_parameters(parameters: Parameters | pd.DataFrame | None, world: str) -> Parameters:
    """Return checked parameters from what the user gave: nothing, a table, or parameters."""
    if parameters is None:
        return load_parameters(world)
    if isinstance(parameters, Parameters):
        return parameters
    absent = [column for column in ("name", "value", "unit") if column not in parameters]
    if absent:
        raise ParameterError(
            f"The table of parameters has no column {', '.join(absent)}. Change the frame of "
            "load_parameters(world) and hand that in."
        )
    return Parameters(parameters.reset_index(drop=True), world)


def _impossible(frame: pd.DataFrame) -> Iterable[str]:
    """Describe every value outside the limits of its unit."""
    numbers = pd.to_numeric(frame["value"], errors="coerce")
    for name, value, number, unit in zip(
        frame["name"], frame["value"], numbers, frame["unit"], strict=True
    ):
        if unit not in ALLOWED:
            yield f"{name}: the unit '{unit}' is not known; {nearest(str(unit), ALLOWED)}"
            continue
        low, high = ALLOWED[unit]
        if not low <= number <= high:
            yield f"{name}: found {value}; allowed is {_range_in_words(low, high)} ({unit})"
    for name in frame["name"][frame["name"].duplicated()].unique():
        yield f"{name}: given more than once; keep one row"


def _range_in_words(low: float, high: float) -> str:
    if np.isinf(low):
        return "any number"
    return f"{low:g} or more" if np.isinf(high) else f"{low:g} to {high:g}"


def _arms_without_drug(frame: pd.DataFrame) -> Iterable[str]:
    """Describe every strategy that could be chosen but has no drug to give."""
    parts = frame["name"].astype(str).str.split(".", expand=True).reindex(columns=range(3))
    is_arm = (parts[0] == "choice") & (parts[2] == "intercept")
    has_drug = (parts[0] == "drug_share") & (pd.to_numeric(frame["value"], errors="coerce") > 0)
    for arm in parts.loc[is_arm, 1]:
        if arm not in set(parts.loc[has_drug, 1]):
            yield (
                f"choice.{arm}.intercept: the arm '{arm}' has no drug; add a row "
                f"drug_share.{arm}.DRUG with a value above 0 (share)"
            )
