"""Laboratory findings: which tests of the starters show them, and which do not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from azaanalysis.design.days import days_of
from azaanalysis.design.endpoints import Dated
from azaanalysis.design.entrants import Entrants
from azaanalysis.errors import DesignError
from azaanalysis.settings import LaboratoryEndpoint
from azaanalysis.vocab import in_words
from azaanalysis.wording import nearest

Array = np.ndarray


def laboratory_tests(entrants: Entrants, settings: LaboratoryEndpoint) -> tuple[Dated, Dated]:
    """Return the tests after time zero with the finding, and those without it.

    Tests on the index day come before the drug. Tests of one day are one; it has the finding if
    any of them has. A test without the limit of normal that it would be held against can show
    nothing, and is neither.

    Raises
    ------
    DesignError
        If the cohort has no such test, its unit is not that of the limit, or no result has a
        limit of normal.
    """
    labs = entrants.cohort.require("labs", for_what=f"tests of {in_words(settings.test)}")
    rank, rows, day = tests_after(entrants, settings.test)
    shows = _beyond(labs.iloc[rows], settings)
    found = _by_day(rank, day, shows == 1)
    without = _by_day(rank, day, shows == 0)
    return found, _minus(without, found)


def tests_after(entrants: Entrants, test: str) -> tuple[Array, Array, Array]:
    """Return the results of a test after time zero: whose, in which row of ``labs``, on what day.

    Raises
    ------
    DesignError
        If the cohort has no laboratory results, or none of that test.
    """
    labs = entrants.cohort.require("labs", for_what=f"tests of {in_words(test)}")
    known = [str(word) for word in labs["test"].cat.categories]
    if test not in known:
        raise DesignError(
            f"The study asks for the test '{test}', which the labs table does not hold; "
            f"{nearest(test, known)}"
        )
    rank, rows = entrants.rows("labs")
    is_test = (labs["test"] == test).to_numpy()[rows]
    rank, rows = rank[is_test], rows[is_test]
    day = days_of(labs["test_date"].iloc[rows])
    after = day > entrants.index_day[rank]
    return rank[after], rows[after], day[after]


def _beyond(results: pd.DataFrame, settings: LaboratoryEndpoint) -> Array:
    """Tell which results lie beyond the limit: 1 or 0, missing where nobody can say."""
    value = results["value"].to_numpy(dtype="float64")
    if settings.above_upper_limits is not None:
        limit = settings.above_upper_limits * _upper_limits(results, settings.test)
        return np.where(np.isnan(limit), np.nan, value > limit)
    if settings.below is None and settings.above is None:
        return np.ones(len(results))
    _refuse_other_units(results, settings)
    beyond = value < settings.below if settings.below is not None else value > settings.above
    return np.asarray(beyond, dtype="float64")


def _upper_limits(results: pd.DataFrame, test: str) -> Array:
    limits: Array = np.full(len(results), np.nan)
    if "upper_limit_normal" in results:
        limits = results["upper_limit_normal"].to_numpy(dtype="float64", na_value=np.nan)
    if len(limits) and np.isnan(limits).all():
        raise DesignError(
            f"The study measures {in_words(test)} in upper limits of normal, but no result has "
            "one. Fill the column 'upper_limit_normal' of labs, or give the endpoint 'above' "
            "with its 'unit'."
        )
    return limits


def _refuse_other_units(results: pd.DataFrame, settings: LaboratoryEndpoint) -> None:
    units = results["unit"].astype("string").fillna("")
    is_other = units.ne(settings.unit)
    if is_other.any():
        raise DesignError(
            f"The limit of {in_words(settings.test)} is in {settings.unit}, but "
            f"{int(is_other.sum()):,} of {len(results):,} results are in "
            f"'{units[is_other].iloc[0]}'. Give the endpoint the unit of the data, or convert "
            "the results with 'factor' in the mapping file."
        )


def _by_day(rank: Array, day: Array, wanted: Array) -> Dated:
    """Return the wanted rows, in order, each patient and day once."""
    pairs = np.unique(np.stack([rank[wanted], day[wanted]]), axis=1)
    return Dated(pairs[0], pairs[1])


def _minus(some: Dated, others: Dated) -> Dated:
    """Return the rows of the first that are not in the second."""
    # One number for each pair: days since 1970 stay below a million for two thousand years.
    keys = [dated.rank * 10**6 + dated.day for dated in (some, others)]
    kept = ~np.isin(*keys)
    return Dated(some.rank[kept], some.day[kept])
