"""Which rows break a rule that needs more than a comparison of two columns."""

from __future__ import annotations

import numpy as np

from azaanalysis.schema.origins import Flags
from azaanalysis.schema.plausible import MEASURES, TESTS
from azaanalysis.schema.view import View
from azaanalysis.vocab import DAYS_PER_YEAR

# Registers date a death, and close a record after it, some days apart.
TOLERANCE = 7
_DAY = np.timedelta64(1, "D")


def days_after_death(view: View, column: str) -> np.ndarray:
    """Return days from the patient's death to the row's date; missing if either is."""
    return _days(view[column], view.death)


def just_after_death(view: View, column: str) -> Flags:
    """Flag the rows dated after death, but within the tolerance."""
    days = days_after_death(view, column)
    return np.asarray((days > 0) & (days <= TOLERANCE))


def _days(later: np.ndarray, earlier: np.ndarray) -> np.ndarray:
    return np.asarray((later - earlier) / _DAY)


def repeated_patient(view: View) -> Flags:
    """Flag all rows of patients who have more than one."""
    first_row = view.person
    times_seen = np.bincount(first_row[first_row >= 0], minlength=len(first_row))
    return np.asarray((first_row >= 0) & (times_seen[first_row] > 1))


def two_sexes(view: View) -> Flags:
    """Flag the rows whose sex differs from the first row of the same patient."""
    sexes = view["sex"]
    first = sexes[view.person]
    return np.asarray((view.person >= 0) & (sexes >= 0) & (first >= 0) & (sexes != first))


def contradicted_age(view: View) -> Flags:
    """Flag ages more than a year away from the birth date (ages may be whole years)."""
    lived = _days(view["observed_from"], view["birth_date"]) / DAYS_PER_YEAR
    return np.abs(view["age_years"] - lived) > 1.01


def no_age(view: View) -> Flags:
    """Flag patients with neither a birth date nor an age."""
    return view.missing("birth_date") & view.missing("age_years")


def observed_long_after_death(view: View) -> Flags:
    """Flag observation that goes on after death."""
    return days_after_death(view, "observed_to") > TOLERANCE


def reason_without_stop(view: View) -> Flags:
    """Flag reasons for stopping beside an empty stop date."""
    return np.asarray(view.missing("stop_date") & (view["stop_reason"] >= 0))


def death_without_date(view: View) -> Flags:
    """Flag courses ended by a death that the table of patients does not date."""
    dateless = np.isnat(view.of_patient("death_date")) & (view.person >= 0)
    return np.asarray(view.words("stop_reason", ["death"]) & dateless)


def overlapping_course(view: View) -> Flags:
    """Flag spells that start before the stop of the previous one of the same drug."""
    order, follows = view.spells
    starts, stops = view["start_date"][order], view["stop_date"][order]
    is_early = np.append(False, starts[1:] < stops[:-1])
    return _back(order, follows & is_early)


def course_left_open(view: View) -> Flags:
    """Flag spells without a stop that are followed by a spell of the same drug with one.

    Taken together they would continue for ever, so that the later stop would be lost.
    """
    order, follows = view.spells
    stops = view["stop_date"][order]
    is_open = view.missing("stop_date")[order]
    followed = np.append(follows[1:] & ~np.isnat(stops[1:]), False)
    return _back(order, is_open & followed)


def _back(order: np.ndarray, flags: Flags) -> Flags:
    unordered = np.zeros(len(order), dtype=bool)
    unordered[order] = flags
    return unordered


def nothing_assessed(view: View) -> Flags:
    """Flag assessments that say nothing."""
    return view.missing("value") & view.missing("has_response") & view.missing("has_remission")


def impossible_measure(view: View) -> Flags:
    """Flag scores that the measure cannot have."""
    low = view.by_word("measure", {name: measure.low for name, measure in MEASURES.items()})
    high = view.by_word("measure", {name: measure.high for name, measure in MEASURES.items()})
    return np.asarray((view["value"] < low) | (view["value"] > high))


def unknown_unit(view: View) -> Flags:
    """Flag results of a known test in another unit than the cohort's."""
    names = list(view.frame["unit"].cat.categories)
    wanted = {name: float(_place(names, test.unit)) for name, test in TESTS.items()}
    return np.asarray(_with_unit(view) & (view.by_word("test", wanted) != view["unit"]))


def _place(names: list[str], unit: str) -> int:
    return names.index(unit) if unit in names else -2


def _with_unit(view: View) -> Flags:
    return view.words("test", list(TESTS)) & (view["unit"] >= 0)


def impossible_result(view: View) -> Flags:
    """Flag results that no patient can have in the unit that stands beside them."""
    high = view.by_word("test", {name: test.impossible_above for name, test in TESTS.items()})
    low = view.by_word("test", dict.fromkeys(TESTS, 0.0))
    values = view["value"]
    return ~unknown_unit(view) & ((values > high) | (values < low))


def unusual_result(view: View) -> Flags:
    """Flag results that are worth a look."""
    high = view.by_word("test", {name: test.unusual_above for name, test in TESTS.items()})
    return ~unknown_unit(view) & ~impossible_result(view) & (view["value"] > high)


def no_limit(view: View) -> Flags:
    """Flag results whose grade needs an upper limit of normal that is not there."""
    graded = [name for name, test in TESTS.items() if test.needs_limit]
    return view.words("test", graded) & view.missing("upper_limit_normal")


def repeated_row(view: View) -> Flags:
    """Flag all rows that have a copy, the same in every column."""
    rows = view.frame.assign(patient_id=view.person)
    return rows.duplicated(keep=False).to_numpy() & (view.person >= 0)
