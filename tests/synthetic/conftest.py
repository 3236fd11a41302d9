"""One invented cohort for all tests of this folder."""

import pandas as pd
import pytest

from azaanalysis.synthetic import make_cohort


@pytest.fixture(scope="session")
def cohort():
    return make_cohort(4000, seed=20)


@pytest.fixture(scope="session")
def index_date(cohort):
    """Day of the index start of each patient: that of the first visit."""
    return cohort.tables["visits"].groupby("patient_id")["visit_date"].min()


@pytest.fixture(scope="session")
def index_courses(cohort, index_date):
    """Courses that begin on the index day, with the arm they make up."""
    courses = cohort.courses.assign(index=cohort.courses["patient_id"].map(index_date))
    first = courses[courses["start_date"] == courses["index"]].copy()
    classes = first.groupby("patient_id")["treatment_class"]
    arm = classes.agg(lambda words: " and ".join(sorted(words.astype(str))))
    first["arm"] = pd.Categorical(first["patient_id"].map(arm))
    return first
