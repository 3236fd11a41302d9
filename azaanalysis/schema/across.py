"""Faults that show only when columns or tables are seen together.

Each check is a row of data: where, whether it would change a result, which rows fail, and the
words for the analyst.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from azaanalysis.errors import Fault
from azaanalysis.schema import rules
from azaanalysis.schema.columns import contradicted_class
from azaanalysis.schema.origins import Flags
from azaanalysis.schema.view import View


@dataclass(frozen=True)
class Check:
    """One rule for the rows of one table."""

    table: str
    column: str
    fails: Callable[[View], Flags]
    found: str
    expected: str
    remedy: str
    is_error: bool = True


_LEAVE_OUT = "or leave the rows out with 'where' in the mapping file"
_DATE = "correct the date"
_RECORDS = (
    ("courses", "start_date"),
    ("visits", "visit_date"),
    ("labs", "test_date"),
    ("events", "event_date"),
    ("steroids", "start_date"),
    ("times", "start_date"),
)


def _record_checks(table: str, column: str) -> Iterator[Check]:
    """Return the checks of any table whose rows are dated and belong to a patient."""
    day = "{" + column + "}"
    yield Check(
        *(table, "patient_id", lambda view: view.person < 0),
        *("a patient who is not in the table patients", "a patient of the table patients"),
        f"add the patient, correct the identifier (blanks, leading zeros), {_LEAVE_OUT}",
    )
    yield Check(
        *(table, column, lambda view: view[column] < view.earliest_birth),
        *(f"{day}, before the patient was born", "a date after birth", _DATE),
    )
    yield Check(
        *(table, column, lambda view: rules.days_after_death(view, column) > rules.TOLERANCE),
        *(f"{day}, more than 7 days after death", "a date up to the day of death", _DATE),
    )
    yield Check(
        *(table, column, lambda view: rules.just_after_death(view, column)),
        *(f"{day}, up to 7 days after death", "a date up to the day of death"),
        "correct it if it is not an administrative delay",
        is_error=False,
    )
    yield Check(
        *(table, column, lambda view: view[column] > view.of_patient("observed_to")),
        *(f"{day}, after observation ended: it will not count", "a date up to observed_to"),
        "extend observed_to if the patient was still observed",
        is_error=False,
    )


_PATIENT_CHECKS = (
    Check(
        *("patients", "patient_id", rules.repeated_patient),
        *("the same patient in more than one row", "one row per patient"),
        "keep one row; put what happened more than once into courses, visits, labs or events",
    ),
    Check(
        *("patients", "sex", rules.two_sexes),
        *("two sexes for one patient", "one sex per patient", "correct one of the rows"),
    ),
    Check(
        *("patients", "observed_to", lambda view: view["observed_to"] < view["observed_from"]),
        *("{observed_to}, before observed_from {observed_from}", "an end after the start"),
        "correct the dates; look for exchanged columns or exchanged day and month",
    ),
    Check(
        *("patients", "observed_to", lambda view: view["observed_to"] == view["observed_from"]),
        *("{observed_to}, the day observation starts: no observation time", "a later day"),
        f"correct the dates, {_LEAVE_OUT}",
    ),
    Check(
        *("patients", "death_date", lambda view: view["death_date"] < view["observed_from"]),
        *("{death_date}, before observed_from {observed_from}", "a death under observation"),
        f"correct the dates, {_LEAVE_OUT}",
    ),
    Check(
        *("patients", "birth_date", lambda view: view["birth_date"] > view["observed_from"]),
        *("{birth_date}, after observed_from {observed_from}", "a birth before observation"),
        "correct the dates; a two-digit year may have landed in the wrong century",
    ),
    Check(
        *("patients", "age_years", rules.contradicted_age),
        *("{age_years} years, but born {birth_date}", "the age when observation starts"),
        "correct one of the two, or leave age_years out: it is worked out from birth_date",
    ),
    Check(
        *("patients", "age_years", rules.no_age),
        *("neither birth_date nor age_years", "one of the two", "fill one of the two"),
    ),
    Check(
        *("patients", "diagnosis_date", lambda v: v["diagnosis_date"] < v.earliest_birth),
        *("{diagnosis_date}, before the patient was born", "a date after birth", _DATE),
    ),
    Check(
        *("patients", "observed_to", rules.observed_long_after_death),
        *("{observed_to}, more than 7 days after death {death_date}", "an end at death"),
        "nothing, if you agree: follow-up ends at death",
        is_error=False,
    ),
)
_COURSE_CHECKS = (
    Check(
        *("courses", "stop_date", lambda view: view["stop_date"] < view["start_date"]),
        *("{stop_date}, before the start {start_date}", "a stop on or after the start"),
        "correct the dates; look for exchanged columns or exchanged day and month",
    ),
    Check(
        *("courses", "stop_reason", rules.reason_without_stop),
        *("the reason {stop_reason} without a stop date", "a stop date beside every reason"),
        "add the stop date, or empty the reason if treatment continues",
    ),
    Check(
        *("courses", "treatment_class", contradicted_class),
        *("the class {treatment_class} for {drug}", "the class of that drug"),
        "leave treatment_class out: it is filled from the drug; or correct the drug",
    ),
    Check(
        *("courses", "start_date", rules.course_left_open),
        *("a continuing spell, though a later spell of the same drug ends", "a stop date"),
        "give the earlier spell its stop date: as it stands, the drug would never be stopped",
    ),
    Check(
        *("courses", "start_date", rules.overlapping_course),
        *("a spell that starts before the last one of the same drug ended", "spells that follow"),
        "nothing, if you agree: overlapping spells count as one",
        is_error=False,
    ),
    Check(
        *("courses", "stop_date", lambda v: rules.days_after_death(v, "stop_date") > 7),
        *("{stop_date}, more than 7 days after death", "a stop up to the day of death"),
        "nothing, if you agree: follow-up ends at death",
        is_error=False,
    ),
    Check(
        *("courses", "stop_reason", rules.death_without_date),
        *("the reason death, but the patient has no death_date", "a death_date"),
        "add death_date; until then the stop counts, but not as an end of life",
        is_error=False,
    ),
)
_OTHER_CHECKS = (
    Check(
        *("visits", "value", rules.nothing_assessed),
        *("neither value nor has_response nor has_remission", "at least one of them"),
        f"fill one, {_LEAVE_OUT}",
    ),
    Check(
        *("visits", "value", rules.impossible_measure),
        *("{value} for {measure}", "a score that the measure can have"),
        "correct the score or the name of the measure",
    ),
    Check(
        *("labs", "unit", rules.unknown_unit),
        *("{test} in '{unit}'", "a unit that the test is known in"),
        "correct the unit, or convert the values with 'factor' in the mapping file",
    ),
    Check(
        *("labs", "value", rules.impossible_result),
        *("{test} {value} where the unit says {unit}", "a result possible in that unit"),
        "correct the unit or the decimal point; list stand-ins such as -99 under 'missing'",
    ),
    Check(
        *("labs", "value", rules.unusual_result),
        "{test} {value} {unit}",
        "a more usual result",
        "look at it; it is kept as it is",
        is_error=False,
    ),
    Check(
        *("labs", "upper_limit_normal", rules.no_limit),
        *("{test} without an upper limit of normal", "the limit of that laboratory"),
        f"fill upper_limit_normal (a constant is possible in the mapping file), {_LEAVE_OUT}",
    ),
    Check(
        *("events", "end_date", lambda view: view["end_date"] < view["event_date"]),
        *("{end_date}, before the event began {event_date}", "an end on or after it", _DATE),
    ),
    Check(
        *("events", "event_date", rules.repeated_row),
        *("rows that are the same in every column", "one row per event"),
        "remove the copies; if they are two events, keep a column that tells them apart",
    ),
    Check(
        *("labs", "test_date", rules.repeated_row),
        *("rows that are the same in every column", "one row per result"),
        "remove the copies; until then they are kept",
        is_error=False,
    ),
    Check(
        *("steroids", "stop_date", lambda view: view["stop_date"] < view["start_date"]),
        *("{stop_date}, before the start {start_date}", "a stop on or after the start", _DATE),
    ),
)

CHECKS: tuple[Check, ...] = (
    *_PATIENT_CHECKS,
    *_COURSE_CHECKS,
    *_OTHER_CHECKS,
    *(check for table, column in _RECORDS for check in _record_checks(table, column)),
)


def across_faults(view: View) -> Iterator[Fault]:
    """Find every fault of one table that shows only beside other columns or tables."""
    for check in CHECKS:
        if check.table == view.name:
            flags = np.asarray(check.fails(view), dtype=bool)
            words = (check.found, check.expected, check.remedy, check.is_error)
            yield from view.faults(Fault(check.table, "", check.column, (), *words), flags)
