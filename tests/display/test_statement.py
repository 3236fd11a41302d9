"""Sentences that the package prints."""

from azaanalysis.display import state_estimand, state_limits
from tests.builders import study


def test_the_estimand_is_one_paragraph_and_wrapped_text():
    made = state_estimand(study(), endpoint="stopping")
    shown = made._repr_mimebundle_()

    assert shown["text/html"].startswith('<p class="estimand">The cumulative incidence')
    assert max(map(len, shown["text/plain"].splitlines())) <= 88


def test_invented_patients_are_the_first_limit():
    made = state_limits(study(limits=["One.", "Two."]))

    assert made.sentences[0].startswith("These patients are invented")
    assert made.to_html().count("<li>") == 3


def test_a_real_study_without_limits_says_that_none_are_named():
    made = state_limits(study(source={"folder": "x"}))
    assert made.sentences == ("The study file names no limits.",)


def test_hostile_words_appear_as_text():
    made = state_limits(study(source={"folder": "x"}, limits=["<script>alert(1)</script>"]))
    assert "<script>" not in made.to_html()
