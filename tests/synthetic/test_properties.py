"""What must hold whatever the parameters."""

from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis.schema import find_faults
from azaanalysis.synthetic import WORLDS, load_parameters, make_cohort

PARAMETERS = load_parameters()
DIALS = {
    "confounding": st.floats(0, 5),
    "death": st.floats(0, 500),
    "lost_to_follow_up": st.floats(0, 500),
    "serious_infection": st.floats(0, 2000),
    "infection_frailty_variance": st.floats(0, 5),
    "pancreatitis.azathioprine": st.floats(0, 1),
    "early_intolerance.azathioprine": st.floats(0, 1),
    "hepatotoxicity.azathioprine": st.floats(0, 1),
    "suppression.azathioprine": st.floats(0, 3),
    "remission_capable.infliximab": st.floats(0, 1),
    "next_drug_probability.adverse_event": st.floats(0, 1),
    "companion_stops_too": st.floats(0, 1),
    "visit_missed": st.floats(0, 1),
    "steroid_share": st.floats(0, 1),
    "minor_share": st.floats(0, 1),
    "follow_up_weeks_most": st.integers(1, 120).map(float),
}


@settings(max_examples=25, deadline=None)
@given(changes=st.fixed_dictionaries(DIALS), seed=st.integers(0, 10_000))
def test_a_cohort_is_sound_whatever_the_dials(changes, seed):
    check(make_cohort(40, seed=seed, parameters=PARAMETERS.changed(changes)))


@settings(max_examples=15, deadline=None)
@given(world=st.sampled_from(sorted(WORLDS)), seed=st.integers(0, 10_000))
def test_a_cohort_is_sound_whatever_the_world(world, seed):
    check(make_cohort(40, seed=seed, world=world))


def check(cohort):
    # Schema: no stop before its start, no event after death, no reason without a stop date.
    assert find_faults(cohort.tables) == []
    patients, courses = cohort.patients.set_index("patient_id"), cohort.courses
    last = courses["patient_id"].map(patients["observed_to"])
    assert (courses["start_date"] <= last).all()
    assert not (courses["stop_date"] > last).any()
    death = courses["patient_id"].map(patients["death_date"])
    has_died = courses["stop_reason"] == "death"
    assert (courses.loc[has_died, "stop_date"] == death[has_died]).all()
    assert (courses["stop_reason"].isna() == courses["stop_date"].isna()).all()
    # Whoever dies is observed until then, and nothing stays open behind them.
    died = patients["death_date"].dropna()
    assert (patients.loc[died.index, "observed_to"] == died).all()
    assert courses.loc[death.notna(), "stop_date"].notna().all()
    first = cohort.tables["visits"].groupby("patient_id").first()
    assert not first["has_response"].any()
    assert not first["has_remission"].any()
    pregnant = set(courses.loc[courses["stop_reason"] == "pregnancy", "patient_id"])
    assert (patients.loc[sorted(pregnant), "sex"] == "female").all()
