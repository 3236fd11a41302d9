"""Lines of treatment by their rules: worked by hand on calendars of a few supplies."""

import numpy as np
import pandas as pd
import pytest

from azaanalysis.design import (
    describe_lines,
    follow,
    follow_line,
    follow_next_line,
    measure_lines,
)
from azaanalysis.design.entrants import find_entrants
from azaanalysis.design.lines import find_lines
from azaanalysis.errors import DesignError
from azaanalysis.synthetic import make_cohort
from tests.builders import cohort, comparison, course, patient, study

START = pd.Timestamp("2020-01-01")
ARMS = {
    "azathioprine": ["azathioprine"],
    "both": ["azathioprine", "anti_tnf"],
    "anti_tnf": ["anti_tnf"],
}


def asked(**changes):
    usual = {"arms": ARMS, "washout_days": 0, "permissible_gap_days": 60, "horizon_days": 1000}
    return study(comparison=comparison(**(usual | changes)))


def day(number):
    return str((START + pd.Timedelta(days=number)).date())


def one_patient(*supplies, **columns):
    """Make a cohort of one patient from (drug, first day, last day[, reason])."""
    rows = [
        course(
            "P1",
            drug,
            day(begin),
            None if end is None else day(end),
            stop_reason=why[0] if why else (None if end is None else "patient_choice"),
        )
        for drug, begin, end, *why in supplies
    ]
    # A second patient, because a comparison follows whoever starts any arm.
    rows.append(course("P2", "infliximab", day(0), None, stop_reason=None))
    seen = {"observed_from": "2018-01-01", "observed_to": "2023-12-31"}
    people = [patient("P1", **(seen | columns)), patient("P2", **seen)]
    return cohort(people, rows)


def lines_of(data, **rules):
    frame = find_lines(data, asked(), **rules).frame
    own = frame[frame["rank"] == 0]
    begins, ends = own["begin_days"].tolist(), own["end_days"].tolist()
    return list(zip(own["regimen"].astype(str), begins, ends, strict=True))


def test_a_gap_up_to_the_permissible_one_is_bridged_and_a_longer_one_begins_a_new_line():
    # Days 100 and 161 leave 60 days between them without supply; 162 would leave 61.
    bridged = one_patient(("azathioprine", 0, 100), ("azathioprine", 161, 300))
    parted = one_patient(("azathioprine", 0, 100), ("azathioprine", 162, 300))

    assert lines_of(bridged) == [("azathioprine", 0, 300)]
    assert lines_of(parted) == [("azathioprine", 0, 100), ("azathioprine", 162, 300)]


def test_a_short_overlap_is_a_switch_and_a_long_one_a_combination():
    # Azathioprine is supplied for 29 days, or 30, beyond the start of infliximab.
    switch = one_patient(("azathioprine", 0, 229), ("infliximab", 200, 500))
    added = one_patient(("azathioprine", 0, 230), ("infliximab", 200, 500))

    assert lines_of(switch) == [("azathioprine", 0, 199), ("anti_tnf", 200, 500)]
    assert lines_of(added) == [
        ("azathioprine", 0, 199),
        ("both", 200, 230),
        ("anti_tnf", 231, 500),
    ]


def test_a_later_line_that_is_too_short_is_passed_over_but_never_the_first():
    # Infliximab for 13 days, within a bridged gap of azathioprine: a combination, if it counts.
    data = one_patient(("azathioprine", 0, 5), ("infliximab", 40, 52), ("azathioprine", 60, 90))
    assert lines_of(data) == [("azathioprine", 0, 90)]
    assert lines_of(data, shortest_days=13) == [
        ("azathioprine", 0, 39),
        ("both", 40, 52),
        ("azathioprine", 53, 90),
    ]

    alone = one_patient(("azathioprine", 0, 5), ("infliximab", 140, 152), ("vedolizumab", 160, 300))
    assert lines_of(alone) == [("azathioprine", 0, 5), ("anti_integrin", 160, 300)]
    assert len(lines_of(alone, shortest_days=13)) == 3


def test_drugs_of_a_class_are_one_treatment_and_drugs_outside_the_study_go_by_their_class():
    data = one_patient(
        ("azathioprine", 0, 100), ("infliximab", 110, 200), ("adalimumab", 210, 400),
        ("ustekinumab", 410, None),
    )  # fmt: skip

    assert lines_of(data) == [
        ("azathioprine", 0, 100),
        ("anti_tnf", 110, 400),
        ("anti_il12_23", 410, np.inf),
    ]


def test_what_was_in_use_before_the_first_line_is_not_counted():
    data = one_patient(("ustekinumab", -100, 300), ("azathioprine", 0, 200))
    assert lines_of(data) == [("azathioprine", 0, 200)]


def test_a_drug_left_shortly_before_the_first_line_is_no_part_of_it():
    # The start on day -50 was seen too late to enter; that of day 40 lies within the gap after it.
    data = one_patient(
        ("infliximab", -50, -6),
        ("azathioprine", 0, 30),
        ("infliximab", 40, 400),
        observed_from=day(-100),
    )
    frame = find_lines(data, asked(washout_days=100)).frame
    own = frame[frame["rank"] == 0]
    assert own["regimen"].tolist() == ["azathioprine", "anti_tnf"]
    assert own["begin_days"].tolist() == [0, 40]


def test_nobody_is_followed_beyond_an_end_that_was_planned():
    data = one_patient(("azathioprine", 0, 200, "completed"))
    found = find_lines(data, asked())

    assert lines_of(data) == [("azathioprine", 0, np.inf)]
    assert found.last_days[0] == 200


def test_rules_are_said_with_their_numbers():
    words = " ".join(describe_lines(asked(permissible_gap_days=45), shortest_days=21))
    assert "45 days apart" in words
    assert "fewer than 21 days" in words
    assert "30 days or more" in words


# Five patients, all from day 0 and seen to the horizon of day 1,000 unless said otherwise.
FIVE = {
    "P1": [("azathioprine", 0, 100), ("infliximab", 150, 400), ("ustekinumab", 420, None)],
    "P2": [("azathioprine", 0, 200)],
    "P3": [("azathioprine", 0, None)],
    "P4": [("infliximab", 0, 300), ("azathioprine", 900, None)],
    "P5": [("infliximab", 0, 300)],  # lost on day 350
}


@pytest.fixture(scope="module")
def five():
    rows = [
        course(
            name,
            drug,
            day(begin),
            None if end is None else day(end),
            stop_reason=None if end is None else "patient_choice",
        )
        for name, supplies in FIVE.items()
        for drug, begin, end in supplies
    ]
    seen = {"observed_from": "2018-01-01", "observed_to": "2023-12-31"}
    people = [
        patient(name, **(seen | ({"observed_to": day(350)} if name == "P5" else {})))
        for name in FIVE
    ]
    return cohort(people, rows)


def test_steps_count_everybody_once_at_each_line(five):
    question = asked()
    steps = measure_lines(five, question, follow(five, question, endpoint="stopping"))

    counted = {
        (step.line, str(step.source), str(step.target)): step.patients
        for step in steps.itertuples()
    }
    assert counted == {
        (1, "azathioprine", "anti_tnf"): 1,
        (1, "azathioprine", "no_further_treatment"): 1,
        (1, "azathioprine", "still_on_it"): 1,
        (1, "anti_tnf", "azathioprine"): 1,
        (1, "anti_tnf", "follow-up_ended"): 1,
        (2, "anti_tnf", "anti_il12_23"): 1,
        (2, "azathioprine", "still_on_it"): 1,
    }


def test_the_next_treatment_is_followed_from_the_first_start(five):
    question = asked()
    following = follow_next_line(five, question, follow(five, question, endpoint="stopping"))

    assert following.causes == ("azathioprine", "anti_tnf", "death")
    # P1 to infliximab on day 150, P4 to azathioprine on 900, P5 lost on 350, others to the horizon.
    assert following.frame["exit_days"].tolist() == [150, 1000, 1000, 900, 350]
    assert following.frame["status"].tolist() == [2, 0, 0, 1, 0]


def test_a_later_line_is_timed_from_its_own_first_day(five):
    question = asked()
    followed = follow(five, question, endpoint="stopping")
    second = follow_line(five, question, followed, line=2, fewest=1)

    # P1 took infliximab from day 150 to 400; P4 azathioprine from day 900 to the end of 2023,
    # 1,460 days after the first.
    assert second.frame["patient_id"].tolist() == ["P1", "P4"]
    assert second.frame["exit_days"].tolist() == [
        250,
        min(1000, (pd.Timestamp("2023-12-31") - START).days - 900),
    ]
    assert second.frame["status"].tolist() == [1, 0]
    assert list(second.frame["arm"]) == ["anti_tnf", "azathioprine"]


def test_a_line_that_too_few_began_is_refused_with_a_way_forward(five):
    question = asked()
    followed = follow(five, question, endpoint="stopping")
    with pytest.raises(DesignError, match="fewer patients"):
        follow_line(five, question, followed, line=2, fewest=10)


def test_patients_who_enter_more_than_once_are_refused():
    data = one_patient(("azathioprine", 0, 100), ("infliximab", 300, 400))
    question = asked(entry="every")
    with pytest.raises(DesignError, match="more than once"):
        find_lines(data, question)


@pytest.mark.parametrize("shortest", [1, 14, 90])
def test_lines_of_invented_patients_keep_their_promises(shortest):
    data = make_cohort(800, seed=3)
    question = asked(washout_days=365)
    lines = find_lines(data, question, shortest_days=shortest)
    frame, entrants = lines.frame, find_entrants(data, question)

    first = lines.nth(1)
    assert first.index.tolist() == list(range(len(entrants)))
    assert (first["regimen"].astype(str).to_numpy() == entrants.starts["arm"].astype(str)).all()
    assert (first["begin_days"] == 0).all()
    # A line never goes on after the treatment that the other endpoints follow has stopped.
    stop = entrants.treatment.stop_day - entrants.index_day
    planned = first["end_days"].to_numpy() == np.inf
    assert (first["end_days"].to_numpy()[~planned] <= stop[~planned]).all()
    later = frame[frame["line"] > 1]
    assert (later["end_days"] - later["begin_days"] + 1 >= shortest).all()
    is_same = frame["rank"].eq(frame["rank"].shift())
    gap = frame["begin_days"] - frame["end_days"].shift()
    assert (gap[is_same] >= 1).all()


def test_steps_add_up_to_those_who_arrived_before():
    data = make_cohort(800, seed=3)
    question = asked(washout_days=365)
    followed = follow(data, question, endpoint="stopping")
    steps = measure_lines(data, question, followed)

    assert steps.loc[steps["line"] == 1, "patients"].sum() == len(followed.frame)
    arrived = steps[steps["line"] == 1].groupby("target", observed=True)["patients"].sum()
    left = steps[steps["line"] == 2].groupby("source", observed=True)["patients"].sum()
    for treatment, n in left.items():
        assert arrived[treatment] == n
