"""The summary: the answer, whether the gate passed, each warning once."""

import pytest

from azaanalysis.report.record import read_record
from azaanalysis.report.summary import say_gate, summarise
from azaanalysis.result import Estimate, stack
from azaanalysis.study import load_study
from tests.display import builders
from tests.report.builders import write_results

PASS = ("anti_tnf", "azathioprine", "largest_smd", 0.04, 0.1, True)
FAIL = ("jak_inhibitor", "azathioprine", "largest_smd", 0.31, 0.1, False)
EQUAL = ("jak_inhibitor", "azathioprine", "equipoise", 0.9, 0.2, True)


def verdict(*marks, **about):
    return say_gate(Estimate(builders.rates().frame, {"gate": marks, **about}))


def test_the_gate_is_told_in_one_sentence():
    assert verdict(PASS) == (
        "The comparison passes; the largest standardised difference after weighting is 0.04."
    )
    assert verdict(PASS, (*FAIL[:3], 0.09, 0.1, True)).startswith("All 2 comparisons pass; ")
    assert "Not asked" in verdict()


def test_a_comparison_that_fails_is_named_and_what_was_done_about_it():
    blocked = verdict(PASS, FAIL, EQUAL, blocked=[("jak_inhibitor", "azathioprine", "too far")])

    assert blocked.startswith(
        "1 of 2 comparisons fail and are blocked: JAK inhibitor v azathioprine; "
    )
    assert "shown all the same" in verdict(PASS, FAIL, blocked=[])


@pytest.fixture
def tested(tmp_path):
    """Hazard ratios that two estimates test, with p values that are not quite the same."""
    row = {"endpoint": "discontinuation", "arm": "anti_tnf", "versus": "azathioprine"}
    tests = [
        Estimate.from_rows(
            [{**row, "quantity": "proportional_hazards_p", "value": p}],
            about={"notes": ("Mind this.",), "smallest_count": 1},
        )
        for p in (0.001, 0.002)
    ]
    rates = builders.rates(endpoint="discontinuation").with_about(notes=("Mind this.",))
    named = {"rates": rates, "ratios": tests[0], "recurrent": stack(*tests)}
    folder = write_results(tmp_path, {"04_stop": named})
    return summarise(read_record(folder), load_study(folder / "study.yml"), notebook="04_stop")[
        "warnings"
    ]


def test_each_warning_is_given_once(tested):
    assert sum("not proportional" in warning for warning in tested) == 1
    assert "anti-TNF (p = 0.001)" in " ".join(tested)
    assert tested.count("Mind this.") == 1
    assert len(tested) == len(set(tested))


def test_a_rate_of_anything_but_the_arms_answers_no_question(tmp_path):
    rates = builders.rates(endpoint="discontinuation")
    states = {arm: f"{arm}_overdue" for arm in rates.frame["arm"]}
    by_state = Estimate(rates.frame.replace({"arm": states}), rates.about)
    folder = write_results(tmp_path, {"04_stop": {"by_state": by_state}})

    found = summarise(read_record(folder), load_study(folder / "study.yml"), notebook="04_stop")

    assert found["table"] is None


def test_of_many_warnings_the_first_are_told_and_the_others_pointed_to(tmp_path):
    notes = tuple(f"Mind {n}." for n in range(1, 9))
    rates = builders.rates(endpoint="discontinuation").with_about(notes=notes)
    folder = write_results(tmp_path, {"04_stop": {"rates": rates}})

    found = summarise(read_record(folder), load_study(folder / "study.yml"), notebook="04_stop")

    # The arms as observed and four of eight notes are told.
    assert found["warnings"][1:5] == list(notes[:4])
    assert found["warnings"][5:] == ["More notes stand beneath the tables of the page."]
