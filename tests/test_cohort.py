"""The cohort: its fingerprint, and what it says when a table is not there."""

import pandas as pd
import pytest

from azaanalysis.cohort import Cohort
from azaanalysis.errors import DesignError
from tests.builders import cohort, course, patient

PEOPLE = [patient("a"), patient("b", age_years=50.0)]
COURSES = [course("a", "azathioprine", "2012-01-01"), course("b", "infliximab", "2012-02-01")]


def test_the_order_of_rows_does_not_change_the_fingerprint():
    assert cohort(PEOPLE, COURSES).fingerprint == cohort(PEOPLE[::-1], COURSES[::-1]).fingerprint


def test_any_value_changes_the_fingerprint():
    older = [PEOPLE[0], {**PEOPLE[1], "age_years": 51.0}]
    later = [COURSES[0], {**COURSES[1], "start_date": "2012-02-02"}]
    prints = {
        cohort(PEOPLE, COURSES).fingerprint,
        cohort(older, COURSES).fingerprint,
        cohort(PEOPLE, later).fingerprint,
        cohort(PEOPLE, COURSES[:1]).fingerprint,
    }
    assert len(prints) == 4


def test_values_exchanged_between_patients_change_the_fingerprint():
    exchanged = [{**PEOPLE[0], "age_years": 50.0}, {**PEOPLE[1], "age_years": 40.0}]

    assert cohort(PEOPLE, COURSES).fingerprint != cohort(exchanged, COURSES).fingerprint


def test_positions_point_from_rows_to_patients():
    made = cohort(
        PEOPLE,
        [
            COURSES[1],
            COURSES[0],
            {**COURSES[0], "start_date": "2014-01-01", "drug": "methotrexate"},
        ],
    )

    assert made.positions("courses").tolist() == [1, 0, 0]


def test_a_missing_table_is_asked_for_in_plain_words():
    with pytest.raises(DesignError, match="The time to response needs the table 'visits'"):
        cohort(PEOPLE, COURSES).require("visits", for_what="time to response")


def test_a_cohort_shows_sizes_and_no_patient():
    people = [patient("secret-1"), patient("secret-2")]
    shown = repr(cohort(people, [course("secret-1", "azathioprine", "2012-01-01")]))

    assert "2 patients, 1 courses" in shown
    assert "secret" not in shown


def test_tables_cannot_be_exchanged():
    with pytest.raises(TypeError):
        cohort(PEOPLE, COURSES).tables["patients"] = pd.DataFrame()
    assert isinstance(cohort(PEOPLE, COURSES), Cohort)
