"""Checks of a design: every fault of the corpus is named, and no sound pair is accused."""

import pandas as pd
import pytest

from azaanalysis.design.checks import check_design, check_table, findings_to_frame
from azaanalysis.errors import DesignError
from tests.design.corpus import FAULTY, SOUND, sound_pair
from tests.real_data import real

IN_WORDS = str.maketrans("_", " ")


@pytest.mark.parametrize("name", FAULTY, ids=lambda name: name.translate(IN_WORDS))
def test_the_fault_is_named(name):
    check, change = FAULTY[name]
    pair = sound_pair()
    change(pair)
    assert check in {finding.check for finding in check_design(*pair.make())}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", SOUND, ids=lambda name: name.translate(IN_WORDS))
def test_a_sound_pair_is_not_accused(name, seed):
    pair = sound_pair(seed=seed)
    SOUND[name](pair)
    assert [str(finding) for finding in check_design(*pair.make())] == []


def test_the_corpus_is_as_large_as_promised():
    assert len(FAULTY) >= 40
    assert len(SOUND) >= 20


def test_several_faults_are_listed_at_once_errors_first():
    pair = sound_pair()
    pair.settings["covariates"] = ["age_years", "calprotectin", "smoking"]
    pair.settings["population"] = {"without": ["has_tuberculosis"], "diseases": ["crohn"]}
    pair.compare["arms"]["anti_tnf"] = ["infliximap"]
    found = check_design(*pair.make())

    assert len(found) == 4
    assert {one.where for one in found} == {"comparison: arms", "population", "covariates"}


def test_a_subgroup_that_is_no_covariate_is_an_error_that_names_the_known_ones():
    pair = sound_pair()
    pair.settings["subgroups"] = {"shoe_size": [40], "birth_date": [], "age_years": [40]}
    no_column, no_trait = (one for one in check_design(*pair.make()) if one.where == "subgroups")

    assert no_column.severity == no_trait.severity == "error"
    assert "the subgroup 'shoe_size', which the patients table does not have" in no_column.found
    assert "known are: age_years, index_year, " in no_column.found
    assert "patient_id" not in no_column.found
    assert "The subgroup 'birth_date'" in no_trait.found


def test_errors_come_before_warnings_and_no_patient_is_named():
    pair = sound_pair()
    FAULTY["a_covariate_with_one_value"][1](pair)
    FAULTY["arms_of_other_years"][1](pair)
    found = check_design(*pair.make())
    severities = [one.severity for one in found]

    assert severities == sorted(severities)
    assert set(severities) == {"error", "warning"}
    table = findings_to_frame(found)
    assert list(table) == ["severity", "check", "where", "found", "to_fix"]
    assert not table.apply(lambda column: column.str.contains(r"p0\d{3}")).to_numpy().any()


def test_immortal_time_is_named_in_the_heart_transplant_data():
    jasa = pd.read_csv(real("survival/jasa.csv.gz"))
    found = check_table(jasa, time="futime", status="fustat", arm="transplant")

    assert [one.where for one in found if one.check == "immortal_time"] == ["column wait.time"]
    late = {one.where for one in found if one.check == "covariate_after_time_zero"}
    assert {"column mismatch", "column mscore", "column reject"} <= late


def test_an_arm_that_nobody_could_die_in_at_first_is_named_without_a_clock():
    # Thirty die in the first 30 days, all of them without the drug.
    rows = [(day, 1, "none") for day in range(1, 31)] + [(200, 0, "none")] * 30
    rows += [(day, 1, "drug") for day in range(60, 120)]
    frame = pd.DataFrame(rows, columns=["days", "died", "arm"])
    (found,) = check_table(frame, time="days", status="died", arm="arm")

    assert (found.check, found.where) == ("immortal_time", "arm 'drug'")
    assert "first 60 days" in found.found


def test_a_sound_table_is_not_accused():
    rows = [(10 * k % 97 + 1, k % 2, "ab"[k % 3 == 0], k % 7) for k in range(100)]
    frame = pd.DataFrame(rows, columns=["days", "died", "arm", "score"])
    assert check_table(frame, time="days", status="died", arm="arm") == ()


def test_a_column_that_is_not_there_is_named():
    frame = pd.DataFrame({"days": [1.0], "died": [0], "arm": ["a"]})
    with pytest.raises(DesignError, match="no column 'weeks'"):
        check_table(frame, time="weeks", status="died", arm="arm")
