"""Named worlds: each is described, runs, and does what its paragraph says."""

import numpy as np
import pytest

from azaanalysis.schema import find_faults
from azaanalysis.synthetic import WORLDS, describe_world, load_parameters, make_cohort
from azaanalysis.synthetic.parameters import BASE_WORLD


def test_every_world_of_the_table_is_described_and_every_description_has_a_world():
    described = set(WORLDS) - {BASE_WORLD}
    bent = set()
    for world in described:
        frame = load_parameters(world).frame
        bent |= set(frame["world"]) - {BASE_WORLD}
    assert bent == described


@pytest.mark.parametrize("world", sorted(WORLDS))
def test_a_cohort_of_any_world_is_sound(world):
    cohort = make_cohort(250, seed=6, world=world)

    assert find_faults(cohort.tables) == []
    assert world in cohort.source
    assert len(describe_world(world)) > 100


def test_visits_are_missed_in_the_world_of_missed_visits():
    def per_patient(world):
        return len(make_cohort(400, seed=1, world=world).tables["visits"])

    assert per_patient("missed_visits") < 0.7 * per_patient(BASE_WORLD)


def test_infections_are_rare_in_the_world_of_rare_events():
    def infections(world):
        return (
            make_cohort(1000, seed=1, world=world).tables["events"]["event"] == "infection"
        ).sum()

    assert infections("rare_events") < 0.1 * infections(BASE_WORLD)


def test_some_have_next_to_no_chance_of_a_strategy_where_overlap_is_poor():
    def severity_gap(world):
        cohort = make_cohort(3000, seed=1, world=world)
        drug = cohort.courses.drop_duplicates("patient_id").set_index("patient_id")["drug"]
        patients = cohort.patients.set_index("patient_id")
        severity = patients["severity_score"]
        is_first = (drug.reindex(patients.index) == "azathioprine").to_numpy()
        return float(np.mean(severity[~is_first]) - np.mean(severity[is_first]))

    base, strong, poor = map(severity_gap, (BASE_WORLD, "strong_confounding", "poor_overlap"))
    assert base < strong < poor
