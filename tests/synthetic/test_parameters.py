"""Parameters are data: sourced, complete, and refused when they mean nothing."""

import pandas as pd
import pytest

from azaanalysis.errors import ParameterError
from azaanalysis.synthetic import Parameters, load_parameters, make_cohort


def test_every_parameter_has_a_unit_and_a_citation_or_is_called_an_assumption():
    frame = load_parameters().frame

    assert list(frame.columns) == [
        *("name", "world", "value", "lower", "upper", "unit", "citation", "note")
    ]
    assert (frame["unit"] != "").all()
    assert (frame["citation"] != "").all()
    assert frame["name"].is_unique


def test_a_rate_per_100_patient_years_is_turned_into_one_per_week():
    parameters = load_parameters().changed({"death": 100})

    # 100 per 100 patient-years is 1 a year, and a year has 365.25 / 7 weeks.
    assert parameters.per_week("death") == pytest.approx(7 / 365.25)


def test_a_negative_rate_is_refused_with_its_name_and_allowed_range():
    with pytest.raises(ParameterError, match=r"death: found -1.0; allowed is 0 or more \(per 100"):
        load_parameters().changed({"death": -1})


def test_a_probability_beyond_one_is_refused_with_its_allowed_range():
    with pytest.raises(ParameterError, match=r"female_share: found 1.2; allowed is 0 to 1"):
        load_parameters().changed({"female_share": 1.2})


def test_all_impossible_values_are_listed_at_once():
    with pytest.raises(ParameterError) as error:
        load_parameters().changed({"death": -1, "female_share": 7, "confounding": 99})

    assert all(name in str(error.value) for name in ("death", "female_share", "confounding"))


def test_an_arm_without_a_drug_is_refused_by_name():
    frame = load_parameters().frame
    without = frame[~frame["name"].str.startswith("drug_share.jak_inhibitor")]

    with pytest.raises(ParameterError, match="the arm 'jak_inhibitor' has no drug; add a row"):
        Parameters(without)


def test_a_misspelt_name_is_answered_with_its_neighbour():
    with pytest.raises(ParameterError, match="did you mean 'confounding'"):
        load_parameters().changed({"confouding": 0})


def test_a_value_that_is_no_number_is_refused():
    frame = load_parameters().frame.astype({"value": object})
    frame.loc[frame["name"] == "death", "value"] = "often"

    with pytest.raises(ParameterError, match="death: found often"):
        Parameters(frame)


def test_a_missing_value_is_refused():
    frame = load_parameters().frame
    frame.loc[frame["name"] == "death", "value"] = float("nan")

    with pytest.raises(ParameterError, match="death: found nan"):
        Parameters(frame)


def test_a_parameter_given_twice_is_refused():
    frame = load_parameters().frame
    twice = pd.concat([frame, frame[frame["name"] == "death"]])

    with pytest.raises(ParameterError, match="death: given more than once"):
        Parameters(twice)


def test_a_unit_nobody_knows_is_refused():
    frame = load_parameters().frame
    frame.loc[frame["name"] == "death", "unit"] = "per fortnight"

    with pytest.raises(ParameterError, match="the unit 'per fortnight' is not known"):
        Parameters(frame)


def test_a_drug_nobody_knows_is_refused():
    frame = load_parameters().frame
    frame["name"] = frame["name"].str.replace("upadacitinib", "upadacitinub")

    with pytest.raises(ParameterError, match="did you mean 'upadacitinib'"):
        make_cohort(10, seed=1, parameters=frame)


def test_a_world_nobody_knows_is_refused():
    with pytest.raises(ParameterError, match="no synthetic world 'gout'"):
        make_cohort(10, seed=1, world="gout")


def test_a_table_without_values_is_refused():
    with pytest.raises(ParameterError, match="has no column value, unit"):
        make_cohort(10, seed=1, parameters=pd.DataFrame({"name": ["death"]}))


def test_a_changed_table_changes_the_cohort():
    nobody_dies = load_parameters().changed({"death": 0})

    cohort = make_cohort(1000, seed=1, parameters=nobody_dies.frame)

    assert cohort.patients["death_date"].isna().all()
    assert make_cohort(1000, seed=1).patients["death_date"].notna().any()


def test_without_confounding_the_arms_are_alike_and_with_it_they_are_not():
    def difference(dial):
        parameters = load_parameters().changed({"confounding": dial})
        cohort = make_cohort(4000, seed=5, parameters=parameters)
        first = cohort.courses.drop_duplicates("patient_id")
        patients = cohort.patients.set_index("patient_id").loc[first["patient_id"]]
        severity = patients["severity_score"].groupby((first["drug"] == "azathioprine").to_numpy())
        mean = severity.mean()
        return mean[False] - mean[True]

    # The standard deviation is 1.7 points, so chance alone reaches about 0.12.
    assert abs(difference(0)) < 0.15
    assert 0.4 < difference(1) < difference(2)
