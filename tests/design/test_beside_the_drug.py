"""The first dose, drugs taken beside the first, and findings by what had been measured before."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azaanalysis import (
    estimate_share_by_level,
    follow,
    follow_by_companion,
    follow_by_dose,
    follow_recurrent,
    judge_by_level,
)
from azaanalysis.errors import DesignError, EstimationError
from tests.builders import cohort, comparison, course, patient, study

START = pd.Timestamp("2015-01-01")
RESPONSE = {"kind": "visit", "finding": "response"}
INFECTION = {"kind": "event", "event": "infection", "count": "all"}
LOW = {"kind": "laboratory", "test": "wbc", "below": 3.0, "unit": "10^9/L", "count": "all"}


def day(number):
    return str((START + pd.Timedelta(days=number)).date())


def question():
    return study(
        endpoints={"response": RESPONSE, "infection": INFECTION, "low": LOW},
        comparison=comparison(horizon_days=364, washout_days=0, permissible_gap_days=30),
    )


def visit(name, number, has_response):
    seen = {"measure": "clinical", "has_response": has_response}
    return {"patient_id": name, "visit_date": day(number), **seen}


def result(name, number, test, value):
    unit = {"wbc": "10^9/L", "6tgn": "pmol/8x10^8 RBC"}[test]
    named = {"patient_id": name, "test_date": day(number)}
    return {**named, "test": test, "value": value, "unit": unit}


def infection(name, number):
    return {"patient_id": name, "event_date": day(number), "event": "infection"}


def data(visits=(), labs=(), events=(), beside=(), doses=(), **first):
    """Two patients on azathioprine, one on infliximab, so that no table is empty."""
    patients = [patient(name, weight_kg=kg) for name, kg in (("A", 50.0), ("B", 80.0), ("C", 70.0))]
    courses = [
        course("A", "azathioprine", day(0), dose_mg_per_day=100.0, **first),
        course("B", "azathioprine", day(0), dose_mg_per_day=200.0),
        course("C", "infliximab", day(0)),
        *beside,
    ]
    return cohort(
        patients,
        courses,
        visits=[visit("C", 30, True), *visits],
        labs=[result("C", 30, "wbc", 6.0), *labs],
        events=[infection("C", 30), *events],
    )


def test_the_first_dose_divides_an_arm_by_its_milligrams_per_kilogram():
    # A: 100 mg of 50 kg are 2 mg/kg, which the level from 2 on contains; B: 200 of 80 are 2.5.
    made = follow_by_dose(data(), question(), endpoint="response", cuts=[2, 2.5])

    levels = made.frame.set_index("patient_id")["arm"].astype(str).to_dict()
    assert levels == {"A": "2 to below 2.5 mg/kg", "B": "2.5 or more mg/kg"}
    assert made.about["weighting_settings"] is None


def test_a_patient_without_weight_has_no_known_dose():
    patients = [patient("A", weight_kg=None), patient("B", weight_kg=60.0), patient("C")]
    courses = [
        course("A", "azathioprine", day(0), dose_mg_per_day=100.0),
        course("B", "azathioprine", day(0), dose_mg_per_day=60.0),
        course("C", "infliximab", day(0)),
    ]
    made = follow_by_dose(
        cohort(patients, courses, visits=[visit("C", 30, True)]),
        question(),
        endpoint="response",
        cuts=[2],
    )
    levels = made.frame.set_index("patient_id")["arm"].astype(str).to_dict()
    assert levels == {"A": "not known", "B": "below 2 mg/kg"}


def test_the_dose_of_a_combination_is_refused():
    arms = {"both": ["azathioprine", "anti_tnf"], "azathioprine": ["azathioprine"]}
    asked = study(
        endpoints={"response": RESPONSE},
        comparison=comparison(arms=arms, reference="both"),
    )
    with pytest.raises(DesignError, match="'both' is a combination"):
        follow_by_dose(data(), asked, endpoint="response", cuts=[2])


def test_time_belongs_to_what_was_in_use_beside_the_drug_on_the_day_before():
    # Allopurinol from day 100 to day 200 in A. The infection of day 150 is with it, that of
    # day 100 without: a day belongs to the day before.
    beside = [course("A", "allopurinol", day(100), day(200))]
    made = follow_by_companion(
        data(events=[infection("A", 100), infection("A", 150)], beside=beside),
        question(),
        endpoint="infection",
        drugs=["allopurinol", "febuxostat"],
    ).frame
    rows = made[made["patient_id"] == "A"]
    spent = (rows["exit_days"] - rows["entry_days"]).groupby(rows["arm"], observed=True).sum()
    counts = rows.groupby("arm", observed=True)["n_events"].sum()

    assert spent.to_dict() == {
        "with_allopurinol_or_febuxostat": 100,
        "without_allopurinol_or_febuxostat": 264,
    }
    assert counts.to_dict() == {
        "with_allopurinol_or_febuxostat": 1,
        "without_allopurinol_or_febuxostat": 1,
    }


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-50, 300), st.integers(1, 90)), min_size=1, max_size=4),
    st.sets(st.integers(1, 364), max_size=4),
)
def test_any_of_several_overlapping_courses_is_enough(spells, infections):
    beside = [
        course("A", drug, day(begin), day(begin + length))
        for drug, (begin, length) in zip(
            ("allopurinol", "febuxostat", "methotrexate", "sulfasalazine"), spells, strict=False
        )
    ]
    used = np.zeros(366, dtype=bool)
    for begin, length in spells:
        # In use on the days from begin to begin + length - 1 for the day after each of them.
        used[max(begin, 0) : max(begin + length, 0)] = True
    names = ("allopurinol", "febuxostat", "methotrexate", "sulfasalazine")
    events = [infection("A", number) for number in sorted(infections)]
    made = follow_by_companion(
        data(events=events, beside=beside), question(), endpoint="infection", drugs=names
    )
    rows = made.frame[made.frame["patient_id"] == "A"]
    is_with = rows["arm"].astype(str).str.startswith("with_")
    days = rows["exit_days"] - rows["entry_days"]

    assert days[is_with].sum() == used[:364].sum()
    assert rows["n_events"][is_with].sum() == sum(used[number - 1] for number in infections)
    whole = follow_recurrent(data(events=events), question(), endpoint="infection").frame
    assert days.sum() == whole.loc[whole["patient_id"] == "A", "exit_days"].max()


def test_a_drug_that_no_course_names_leaves_all_time_without_it():
    made = follow_by_companion(data(), question(), endpoint="infection", drugs=["ribavirin"])

    assert set(made.frame["arm"]) == {"without_ribavirin"}
    assert "The courses hold no ribavirin" in made.about["notes"][-1]


def test_no_drug_at_all_is_refused():
    with pytest.raises(DesignError, match="must name at least one drug"):
        follow_by_companion(data(), question(), endpoint="infection", drugs=[])


def judged(visits, labs, **options):
    asked = {"endpoint": "response", "of": "6tgn", "cuts": [235, 450], **options}
    return judge_by_level(data(visits=visits, labs=labs), question(), **asked)


def test_a_visit_is_set_beside_the_last_level_that_is_not_too_old():
    # A: 6-TGN of 200 on day 60 and 300 on day 90. Visit on day 30: nothing known. Day 70: 200.
    # Day 90: 300, measured that day. Day 300: 210 days old, forgotten.
    # B: 460 on day 20; visits on days 40 and 50.
    visits = [
        visit("A", n, flag) for n, flag in ((30, False), (70, False), (90, True), (300, True))
    ]
    visits += [visit("B", 40, True), visit("B", 50, False)]
    labs = [result("A", 60, "6tgn", 200.0), result("A", 90, "6tgn", 300.0)]
    labs += [result("B", 20, "6tgn", 460.0)]
    made = estimate_share_by_level(judged(visits, labs)).frame

    share = made[made["quantity"] == "found_share"].set_index("arm")["value"].to_dict()
    assert share == {
        "below 235": 0.0,
        "235 to below 450": 1.0,
        "450 or more": 0.5,
        "not known": 0.5,
    }
    of_visits = made[made["quantity"] == "share_of_visits"].set_index("arm")
    assert of_visits["events"].tolist() == [1, 1, 2, 2]
    assert of_visits["value"].sum() == pytest.approx(1)
    # By hand, at 450 or more: A has 0 of 4 visits, B 2 of 2; the share is 1/3. Residuals
    # 0 - 4/3 and 2 - 2/3, so the error is sqrt(16/9 + 16/9) / 6.
    assert of_visits.loc["450 or more", "std_error"] == pytest.approx(np.sqrt(32 / 9) / 6)


def test_a_visit_after_the_end_of_treatment_does_not_count():
    stopped = data(visits=[visit("A", 40, True), visit("A", 90, True)], stop_date=day(60))
    made = judge_by_level(stopped, question(), endpoint="response", of="6tgn", cuts=[235]).frame

    assert made["patient_id"].tolist() == ["A"]


def test_a_cohort_without_the_test_has_every_visit_at_not_known():
    made = judged([visit("A", 40, True)], [])

    assert made.frame["level"].tolist() == ["not known"]
    assert "The laboratory table holds no 6-TGN" in made.about["notes"][-1]


def test_findings_of_blood_tests_can_be_set_beside_a_level_too():
    labs = [
        result("A", 20, "6tgn", 500.0),
        result("A", 30, "wbc", 2.5),
        result("A", 40, "wbc", 5.0),
    ]
    made = judged([], labs, endpoint="low", cuts=[450]).frame

    assert made["level"].astype(str).tolist() == ["450 or more", "450 or more"]
    assert sorted(made["present"]) == [False, True]


def test_levels_and_findings_that_are_independent_show_no_difference():
    # Truth: half of all visits respond, whatever the level.
    rng = np.random.default_rng(2)
    names = [f"P{n}" for n in range(400)]
    patients = [patient(name) for name in [*names, "C"]]
    courses = [course(name, "azathioprine", day(0)) for name in names]
    courses.append(course("C", "infliximab", day(0)))
    visits = [visit(name, 40, bool(rng.random() < 0.5)) for name in [*names, "C"]]
    labs = [result(name, 20, "6tgn", float(rng.uniform(50, 600))) for name in names]
    made = judge_by_level(
        cohort(patients, courses, visits=visits, labs=labs),
        question(),
        endpoint="response",
        of="6tgn",
        cuts=[235, 450],
    )
    rows = estimate_share_by_level(made).only(quantity="found_share").frame
    rows = rows[rows["patients"] > 0]

    assert len(rows) == 3
    assert ((rows["lower"] < 0.5) & (rows["upper"] > 0.5)).all()


def test_an_event_is_no_finding_at_visits():
    with pytest.raises(DesignError, match="'infection' is not of kind 'visit' or 'laboratory'"):
        judged([visit("A", 40, True)], [], endpoint="infection")


def test_an_arm_without_visits_has_nothing_to_share_out():
    with pytest.raises(EstimationError, match="No visit or test of the reference arm"):
        estimate_share_by_level(judged([], []))


def test_dividing_an_arm_leaves_the_follow_up_of_each_patient_alone():
    whole = follow(data(visits=[visit("A", 40, True)]), question(), endpoint="response").frame
    made = follow_by_dose(
        data(visits=[visit("A", 40, True)]), question(), endpoint="response", cuts=[2.2]
    ).frame
    columns = ["exit_days", "status"]
    expected = whole.set_index("patient_id").loc[["A", "B"], columns]
    assert made.set_index("patient_id")[columns].equals(expected)
