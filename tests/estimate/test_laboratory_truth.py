"""The truth of what blood tests find: by hand, by its order, and met by estimates."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from azaanalysis import compare_with_truth, estimate_incidence, follow, load_study, stack, weigh
from azaanalysis.errors import ParameterError
from azaanalysis.synthetic import (
    Finding,
    Reading,
    load_parameters,
    make_cohort,
    simulate_truth,
    true_risk,
)
from azaanalysis.synthetic.found import finding_rows
from azaanalysis.synthetic.state import Rows

STUDY = Path(__file__).parents[2] / "notebooks" / "study.yml"
LIMITS = (2.0, 3.0, 4.0)
FINDINGS = tuple(Finding(f"below_{limit:g}", "wbc", below=limit) for limit in LIMITS)


pytestmark = pytest.mark.usefixtures("own_shelf")


@pytest.fixture(scope="module")
def truth(own_shelf):
    return simulate_truth(
        n_patients=1500, seed=5, horizon_days=370, reading=Reading(findings=FINDINGS)
    )


def history(rows):
    tests = Rows(("patient", "day", "wbc", "lymphocytes", "alt"))
    tests.add(*(np.array(column, dtype=float) for column in zip(*rows, strict=True)))
    return SimpleNamespace(record=SimpleNamespace(tests=tests))


def test_a_result_is_held_against_its_limit_as_the_laboratory_reports_it():
    # 2.96 is reported as 3.0, which is not below 3.0; 2.94 as 2.9, which is. Day 0 is before the
    # drug. ALT above 3 times 40: 120.4 is reported as 120, which is not above it.
    rows = [(0, 0, 1.0, 1.0, 500.0), (0, 7, 2.96, 1.0, 120.4), (1, 9, 2.94, 1.0, 121.0)]
    parameters = load_parameters()
    low = finding_rows(Finding("low", "wbc", below=3.0), history(rows), parameters)
    liver = finding_rows(Finding("liver", "alt", above_upper_limits=3), history(rows), parameters)

    assert [part.tolist() for part in low] == [[1], [9]]
    assert [part.tolist() for part in liver] == [[1], [9]]


def test_a_lower_limit_is_crossed_by_fewer(truth):
    risks = [
        true_risk(truth, finding.name, at_days=[182]).only(arm="azathioprine").frame["value"].item()
        for finding in FINDINGS
    ]
    assert 0 <= risks[0] < risks[1] < risks[2] < 1


def test_an_unknown_finding_is_refused_with_those_that_were_read(truth):
    with pytest.raises(ParameterError, match=r"'below_5'; .*below_"):
        true_risk(truth, "below_5", at_days=[182])


def test_estimates_of_blood_tests_lie_about_their_truth():
    # Distances in errors of estimate and truth together: 18 rows, of which chance takes one in
    # 370 beyond 3. Arms in which next to nobody has the finding are left to the reports.
    study = load_study(STUDY)
    cohort, far = make_cohort(6000, seed=77), []
    for endpoint in ("leukopenia", "raised_alt", "lymphopenia"):
        balanced = weigh(follow(cohort, study, endpoint=endpoint))
        risk = estimate_incidence(balanced).only(cause=balanced.own_causes, quantity="risk")
        risk = risk.only(arm=("azathioprine", "azathioprine_with_anti_tnf")).at([84, 182, 365])
        found = compare_with_truth(risk, study, endpoint=endpoint, n_patients=4000)
        error = np.hypot((found["upper"] - found["lower"]) / 3.92, found["truth_error"])
        far += ((found["value"] - found["truth"]).abs() / error).tolist()

    assert len(far) == 18
    assert max(far) < 3


def test_tests_that_the_mechanism_does_not_take_have_no_truth():
    study = load_study(STUDY).changed(
        endpoints={"crp": {"kind": "laboratory", "test": "crp", "above": 5.0, "unit": "mg/L"}}
    )
    nothing = estimate_incidence(follow(make_cohort(300, seed=1), study, endpoint="crp"))
    found = compare_with_truth(nothing, study, endpoint="crp")
    assert found.empty
    assert found.attrs["reason"] == "No truth is simulated for this question."


def test_several_questions_are_answered_in_one_table_each_by_its_own_truth():
    study = load_study(STUDY)
    cohort = make_cohort(3000, seed=3)
    one_by_one, answers = [], []
    for endpoint in ("leukopenia", "raised_alt"):
        followed = follow(cohort, study, endpoint=endpoint)
        risk = estimate_incidence(followed).only(cause=followed.own_causes, quantity="risk")
        answers.append(risk.at([182]))
        one_by_one.append(
            compare_with_truth(answers[-1], study, endpoint=endpoint, n_patients=1000)
        )
    together = compare_with_truth(
        stack(*answers), study, endpoint=["leukopenia", "raised_alt"], n_patients=1000
    )
    expected = [*one_by_one[0]["truth"], *one_by_one[1]["truth"]]
    assert together["truth"].tolist() == expected
    assert together["cause"].tolist() == ["leukopenia"] * 4 + ["raised_alt"] * 4
