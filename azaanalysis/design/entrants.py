"""Who enters the comparison, and what all endpoints need to know of them, found out once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from azaanalysis.cohort import Cohort
from azaanalysis.design.attrition import Attrition
from azaanalysis.design.days import NEVER, days_of
from azaanalysis.design.rows import rows_of
from azaanalysis.design.starts import find_starts
from azaanalysis.design.treatment import Treatment, follow_treatment
from azaanalysis.settings import Comparison
from azaanalysis.study import Study


@dataclass(frozen=True, eq=False)
class Entrants:
    """The starts that enter a comparison.

    Parameters
    ----------
    cohort
        The cohort they come from.
    comparison
        The comparison they enter.
    starts
        One row per start, as :func:`find_starts` returns them.
    attrition
        The steps by which other patients left; copy it before counting on.
    """

    cohort: Cohort
    comparison: Comparison
    starts: pd.DataFrame
    attrition: Attrition

    def __len__(self) -> int:
        """Count the starts."""
        return len(self.starts)

    @cached_property
    def position(self) -> np.ndarray:
        """Place of each start's patient in ``cohort.patients``."""
        return self.starts["position"].to_numpy()

    @cached_property
    def index_day(self) -> np.ndarray:
        """Time zero of each start, in days since 1970-01-01."""
        return self.starts["index_day"].to_numpy()

    @cached_property
    def patients(self) -> pd.DataFrame:
        """The patient of each start."""
        return self.cohort.patients.iloc[self.position].reset_index(drop=True)

    @cached_property
    def death_day(self) -> np.ndarray:
        """Day of death of each start's patient, ``NEVER`` if none is known."""
        if "death_date" not in self.cohort.patients:
            return np.full(len(self), NEVER)
        return days_of(self.patients["death_date"])

    @cached_property
    def observed_to(self) -> np.ndarray:
        """Last day of observation of each start's patient."""
        return days_of(self.patients["observed_to"])

    @cached_property
    def treatment(self) -> Treatment:
        """How long the treatment that was started lasted."""
        return follow_treatment(self.cohort, self.starts, self.comparison)

    def rows(self, table: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of a table with the start that each belongs to (see ``rows_of``)."""
        return rows_of(self.cohort, self.starts, table)


def find_entrants(cohort: Cohort, study: Study) -> Entrants:
    """Find who enters the comparison of a study: once, for all its endpoints.

    Raises
    ------
    DesignError
        As :func:`find_starts`.
    """
    key = study.population.model_dump_json() + study.comparison.model_dump_json()
    found = cohort.remembered.get("entrants")
    if isinstance(found, tuple) and found[0] == key:
        entrants: Entrants = found[1]
        return entrants
    starts, attrition = find_starts(cohort, study)
    entrants = Entrants(cohort, study.comparison, starts, attrition)
    # One comparison is kept: a sensitivity analysis takes the place of the one before.
    cohort.remembered["entrants"] = (key, entrants)
    return entrants
