"""What changed between two reports: nothing, data, settings, or a conclusion."""

import pytest
from typer.testing import CliRunner

from azaanalysis.cli import app
from azaanalysis.report.changes import compare_results, tabulate_changes, tabulate_counts
from azaanalysis.result import Estimate
from tests.display import builders
from tests.report.builders import STUDY, write_results

HAZARD = {
    "endpoint": "discontinuation",
    "arm": "anti_tnf",
    "versus": "azathioprine",
    "quantity": "hazard_ratio",
    "patients": 800,
    "events": 200,
}


def ratio(value, lower, upper, **more):
    return Estimate.from_rows(
        [{**HAZARD, "value": value, "lower": lower, "upper": upper, **more}],
        about={"smallest_count": 1},
    )


def report(folder, estimate, *, cohort="first", study=STUDY):
    named = {"03_rates": {"found": estimate.with_about(cohort=cohort)}}
    return write_results(folder, named, study=study)


def test_a_report_does_not_differ_from_itself(tmp_path):
    one = report(tmp_path / "a", builders.rates())
    found = compare_results(one, one)

    assert found.changes == ()
    assert found.n_same == 3
    assert "The study file says the same in both." in found.reasons


def test_one_more_event_is_named_with_its_arm_and_size(tmp_path):
    old = report(tmp_path / "a", builders.rates(counts=(30, 44, 12)))
    new = report(tmp_path / "b", builders.rates(counts=(33, 44, 12)), cohort="second")
    found = compare_results(old, new)

    (change,) = found.changes
    assert change.key[4] == "azathioprine"
    assert (change.old.events, change.new.events) == (30, 33)
    # The value moves by 3 of 30, the upper limit by 3 + 1.96 (sqrt 33 - sqrt 30) = 3.52 of 30.
    assert change.relative == pytest.approx(0.1174, abs=1e-3)
    assert any("cohort first became second" in reason for reason in found.reasons)
    assert found.beyond(0.2) == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ((0.8, 0.6, 1.1), (1.2, 0.9, 1.5), "direction turned"),
        ((0.8, 0.6, 1.1), (0.8, 0.7, 0.95), "now excludes no difference"),
        ((0.8, 0.7, 0.95), (0.8, 0.6, 1.1), "no longer excludes it"),
        ((0.8, 0.6, 1.1), (1.5, 1.2, 1.8), "direction turned; now excludes no difference"),
        ((0.8, 0.6, 1.1), (0.9, 0.7, 1.2), ""),
    ],
)
def test_a_flipped_conclusion_is_flagged_whatever_the_tolerance(tmp_path, old, new, words):
    found = compare_results(
        report(tmp_path / "a", ratio(*old)), report(tmp_path / "b", ratio(*new))
    )

    assert found.changes[0].flip == words
    assert len(found.beyond(1000)) == (1 if words else 0)


def test_a_number_that_only_one_report_has_is_a_change(tmp_path):
    two = builders.rates()
    old = report(tmp_path / "a", two)
    new = report(tmp_path / "b", two.only(arm=("azathioprine", "anti_tnf")))
    (change,) = compare_results(old, new).changes

    assert change.flip == "only in the old report"
    assert change.is_beyond(1e9)


def test_a_number_that_is_masked_now_is_a_change_without_a_count(tmp_path):
    old = report(tmp_path / "a", builders.rates(counts=(31, 44, 12), smallest_count=5))
    new = report(tmp_path / "b", builders.rates(counts=(31, 44, 3), smallest_count=5))
    found = compare_results(old, new)

    assert [change.flip for change in found.changes] == ["is now missing or masked"]


def test_a_curve_is_compared_on_the_days_that_the_study_shows(tmp_path):
    curves = [builders.curves(arms=("azathioprine",), seed=s).only(quantity="risk") for s in (1, 2)]
    study = STUDY + "show: {at_days: [100, 300]}\n"
    old, new = (report(tmp_path / str(i), c, study=study) for i, c in enumerate(curves))

    assert {change.at_days for change in compare_results(old, new).changes} == {100, 300}


def test_a_changed_setting_is_named_with_both_values(tmp_path):
    wider = STUDY.replace(
        "  reference: azathioprine", "  reference: azathioprine\n  washout_days: 180"
    )
    old = report(tmp_path / "a", builders.rates())
    new = report(tmp_path / "b", builders.rates(), study=wider)

    reasons = compare_results(old, new).reasons
    assert "Setting comparison.washout_days: 365 became 180." in reasons


def test_counts_that_differ_by_a_few_people_raise_a_warning(tmp_path):
    old = report(tmp_path / "a", builders.rates(counts=(30, 44, 12), smallest_count=5))
    new = report(tmp_path / "b", builders.rates(counts=(32, 44, 12), smallest_count=5))

    assert "do not publish both" in " ".join(compare_results(old, new).notes)
    assert "do not publish both" in str(tabulate_changes(compare_results(old, new)))


def test_the_command_explains_and_ends_with_one_past_the_tolerance(tmp_path):
    old = report(tmp_path / "a", builders.rates(counts=(30, 44, 12)))
    new = report(tmp_path / "b", builders.rates(counts=(33, 44, 12)), cohort="second")

    def call(*more):
        return CliRunner().invoke(app, ["diff", str(old), str(new), *more])

    strict, lenient = call(), call("--tolerance", "0.25")
    assert strict.exit_code == 1
    assert "cohort first became second" in strict.output
    assert "8.6" in strict.output
    assert "9.4" in strict.output
    assert "1 beyond it" in strict.output
    assert lenient.exit_code == 0
    assert "1 moved within the tolerance" in lenient.output


def test_the_command_refuses_a_folder_without_results_in_one_sentence(tmp_path):
    made = CliRunner().invoke(app, ["diff", str(tmp_path), str(tmp_path)])

    assert made.exit_code == 1
    assert "There are no results at" in made.output
    assert "Traceback" not in made.output


def test_patients_and_events_are_counted_once_for_each_arm_of_an_endpoint(tmp_path):
    def both(name, counts, cohort):
        rates = builders.rates(counts=counts).with_about(cohort=cohort)
        named = {"03_rates": {"rates": rates, "rates_again": rates}}
        return write_results(tmp_path / name, named)

    found = compare_results(both("a", (30, 44, 12), "x"), both("b", (33, 44, 11), "y"))

    assert [(one.endpoint, one.arm, one.events) for one in found.counts] == [
        ("serious_infection", "azathioprine", (30, 33)),
        ("serious_infection", "jak_inhibitor", (12, 11)),
    ]
    rows = tabulate_counts(found).rows
    assert rows[0] == ("azathioprine", "400", "400", "+0", "30", "33", "+3")
    assert rows[1][-1] == "-1"


def test_days_of_the_data_and_notebooks_that_one_report_lacks_are_named(tmp_path):
    def cut(name, last, *notebooks):
        rates = builders.rates().with_about(cohort=last, observed=("2010-01-01", last))
        return write_results(tmp_path / name, {book: {"rates": rates} for book in notebooks})

    old = cut("a", "2024-12-31", "03_rates", "04_stop")
    reasons = compare_results(old, cut("b", "2025-06-30", "03_rates", "05_blood")).reasons

    assert "The data end on 2025-06-30; they did on 2024-12-31." in reasons
    assert not any("begin" in reason for reason in reasons)
    assert "Notebook 04_stop is only in the old report." in reasons
    assert "Notebook 05_blood is only in the new report." in reasons


def test_no_patient_is_named_by_a_difference(tmp_path):
    old = report(tmp_path / "a", builders.rates(counts=(30, 44, 12)))
    new = report(tmp_path / "b", builders.rates(counts=(33, 44, 12)), cohort="second")
    made = CliRunner().invoke(app, ["diff", str(old), str(new)])

    assert "Patients and events that came or went" in made.output
    assert "patient_id" not in made.output
