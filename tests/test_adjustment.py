"""What a study file says of weights and the gate, in words, and what it may not say."""

import pytest

from azaanalysis.adjustment import describe_adjustment
from azaanalysis.errors import StudyError
from azaanalysis.protocol import describe_estimand, describe_protocol
from tests import builders


def weighted(**weighting):
    return builders.study(covariates=("age_years", "sex", "tpmt"), weighting=weighting)


def test_without_weights_the_arms_are_compared_as_observed():
    assert describe_adjustment(builders.study()) == {
        "Adjustment": "None: the arms are compared as observed."
    }


def test_the_protocol_says_population_model_and_who_is_set_aside():
    study = weighted(
        target="ate",
        splines={"age_years": 4},
        trim={"common_range": ["age_years"], "least_preference": 0.3},
        truncate={"upper_quantile": 0.99},
    )
    words = describe_adjustment(study)["Adjustment"]

    assert words == (
        "Weighted to stand for everybody in the comparison. Logistic model of the arm, given age "
        "(years), sex and TPMT; age (years) as natural cubic curves. Patients are set aside if "
        "their age (years) lies outside the range that all arms share or their preference score "
        "for some arm is below 0.3. Weights above the 99th percentile are cut off."
    )


def test_the_estimand_names_the_population_the_arms_stand_for():
    sentence = describe_estimand(weighted(target="att", of_arm="anti_tnf"), "stopping")

    assert ", the arms weighted to stand for those who started anti-TNF, counted from" in sentence


def test_a_written_override_is_part_of_the_protocol():
    study = builders.study(
        covariates=("sex",), weighting={}, gate={"override": "a pilot to plan the main study."}
    )
    table = describe_protocol(study, "stopping").set_index("part")["choice"]

    assert table["Shown only if"].endswith("shown all the same: a pilot to plan the main study.")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weighting": {"target": "atee"}}, "did you mean 'ate'"),
        ({"weighting": {"target": "ate", "of_arm": "anti_tnf"}}, "belongs to target 'att'"),
        (
            {"weighting": {"trim": {"least_chance": 0.1, "least_preference": 0.3}}},
            "give 'least_preference' or 'least_chance', not both",
        ),
        ({"gate": {"largest_smdd": 0.1}}, "did you mean 'largest_smd'"),
    ],
)
def test_a_faulty_section_is_answered_in_words(changes, message):
    with pytest.raises(StudyError, match=message):
        builders.study().changed(**changes)
