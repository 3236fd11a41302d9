"""Studies with their cohorts, sound ones and faulty ones, for the checks of a design."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from azaanalysis.study import Study
from tests.builders import cohort

FAULTY: dict[str, tuple[str, Callable[[Pair], None]]] = {}
SOUND: dict[str, Callable[[Pair], None]] = {}


@dataclass
class Pair:
    """Tables and a study; a change makes them faulty, or another sound pair."""

    patients: pd.DataFrame
    courses: pd.DataFrame
    visits: pd.DataFrame | None
    events: pd.DataFrame | None
    settings: dict[str, Any]
    times: pd.DataFrame | None = None
    labs: pd.DataFrame | None = None

    @property
    def compare(self) -> dict[str, Any]:
        return self.settings["comparison"]

    @property
    def rng(self):
        return np.random.default_rng(99)

    @property
    def is_biologic(self) -> np.ndarray:
        return (self.courses["drug"] == "infliximab").to_numpy()

    def make(self):
        tables = {
            name: frame.to_dict("records")
            for name in ("visits", "events", "times", "labs")
            if (frame := getattr(self, name)) is not None
        }
        people, spells = (f.to_dict("records") for f in (self.patients, self.courses))
        return cohort(people, spells, **tables), Study.model_validate(self.settings)


def days(date: str, plus: Any) -> pd.Series:
    return pd.Series(pd.Timestamp(date) + pd.to_timedelta(np.floor(plus), unit="D"))


def sound_pair(n: int = 300, seed: int = 1) -> Pair:
    """Invent patients who start azathioprine or infliximab by lot, and a study of them."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"p{i:04}" for i in range(n)])
    start = days("2012-01-01", rng.uniform(0, 1800, n))
    length = rng.exponential(700, n) + 5
    stopped = rng.random(n) < 0.6
    patients = pd.DataFrame(
        {
            "patient_id": ids,
            "age_years": rng.uniform(20, 70, n).round(1),
            "sex": rng.choice(["female", "male"], n),
            "disease": rng.choice(["crohns_disease", "ulcerative_colitis"], n),
            "smoking": rng.choice(["never", "former", "current"], n),
            "comorbidity_score": rng.integers(0, 5, n).astype(float),
            "prior_biologics": rng.integers(0, 2, n),
            "has_cancer_history": rng.random(n) < 0.05,
            "diagnosis_date": start - pd.to_timedelta(rng.integers(800, 3000, n), unit="D"),
            "observed_from": pd.Timestamp("2010-01-01"),
            "observed_to": pd.Timestamp("2020-12-31"),
        }
    )
    reasons = rng.choice(["adverse_event", "lack_of_efficacy", "patient_choice"], n)
    courses = pd.DataFrame(
        {
            "patient_id": ids,
            "drug": np.where(rng.random(n) < 0.5, "azathioprine", "infliximab"),
            "start_date": start,
            "stop_date": (start + pd.to_timedelta(length.astype(int), unit="D")).where(stopped),
            "stop_reason": pd.Series(reasons).where(stopped),
        }
    )
    return Pair(patients, courses, _visits(rng, ids, start), _events(rng, ids, start), _settings())


def _visits(rng, ids, start) -> pd.DataFrame:
    after = np.tile(np.arange(1, 8) * 52, len(ids)) + rng.integers(-10, 10, 7 * len(ids))
    return pd.DataFrame(
        {
            "patient_id": np.repeat(ids, 7),
            "visit_date": start.repeat(7).to_numpy() + pd.to_timedelta(after, unit="D"),
            "measure": "clinical",
            "has_response": rng.random(len(after)) < 0.15,
        }
    )


def _events(rng, ids, start) -> pd.DataFrame:
    some = rng.random(len(ids)) < 0.6
    after = rng.exponential(300, some.sum()).astype(int) + 1
    return pd.DataFrame(
        {
            "patient_id": ids[some],
            "event_date": start[some].to_numpy() + pd.to_timedelta(after, unit="D"),
            "event": "infection",
            "is_serious": rng.random(some.sum()) < 0.5,
        }
    )


def _settings() -> dict[str, Any]:
    return {
        "title": "A study",
        "question": "Which drug?",
        "source": {"folder": "tables"},
        "comparison": {
            "arms": {"azathioprine": ["azathioprine"], "anti_tnf": ["anti_tnf"]},
            "reference": "azathioprine",
            "horizon_days": 365,
        },
        "endpoints": {
            "infection": {"kind": "event", "event": "infection"},
            "stopping": {"kind": "discontinuation"},
            "response": {"kind": "visit"},
        },
        "covariates": ["age_years", "sex", "disease", "smoking", "comorbidity_score"],
        "show": {"at_days": [90, 180, 365]},
    }


def faulty(check: str) -> Callable:
    def keep(change: Callable[[Pair], None]) -> Callable[[Pair], None]:
        FAULTY[change.__name__] = (check, change)
        return change

    return keep


def sound(change: Callable[[Pair], None]) -> Callable[[Pair], None]:
    SOUND[change.__name__] = change
    return change


# Words that the cohort does not know


@faulty("unknown_word")
def a_misspelt_drug(pair):
    pair.compare["arms"]["azathioprine"] = ["azathioprin"]


@faulty("unknown_word")
def an_unknown_class(pair):
    pair.compare["arms"]["anti_tnf"] = ["tnf_blocker"]


@faulty("unknown_word")
def an_unknown_disease(pair):
    pair.settings["population"] = {"diseases": ["crohn"]}


@faulty("unknown_word")
def an_exclusion_without_its_column(pair):
    pair.settings["population"] = {"without": ["has_tuberculosis"]}


@faulty("unknown_word")
def limits_of_a_column_that_is_not_there(pair):
    pair.settings["population"] = {"numbers": {"bmi": {"at_least": 18}}}


@faulty("unknown_word")
def an_earlier_event_that_is_never_recorded(pair):
    pair.settings["population"] = {"without_earlier": ["malignancy"]}


@faulty("unknown_word")
def a_covariate_that_is_not_there(pair):
    pair.settings["covariates"] = ["age_years", "calprotectin"]


@faulty("unknown_word")
def a_date_as_covariate(pair):
    pair.settings["covariates"] = ["diagnosis_date"]


@faulty("unknown_word")
def free_text_as_covariate(pair):
    pair.patients["note"] = [f"note {i}" for i in range(len(pair.patients))]
    pair.settings["covariates"] = ["note"]


# Questions without their data


@faulty("cannot_be_followed")
def response_without_visits(pair):
    pair.visits = None


@faulty("cannot_be_followed")
def an_event_that_is_not_recorded(pair):
    pair.settings["endpoints"]["infection"]["event"] = "surgery"


@faulty("cannot_be_followed")
def a_condition_on_a_column_that_is_not_there(pair):
    pair.settings["endpoints"]["infection"]["where"] = {"is_fatal": True}


@faulty("cannot_be_followed")
def a_recorded_time_that_is_not_there(pair):
    pair.settings["endpoints"]["recorded"] = {"kind": "recorded", "parameter": "ttde"}


@faulty("cannot_be_followed")
def staying_modelled_by_a_test_that_is_not_there(pair):
    pair.compare.update({"strategy": "per_protocol", "adherence": {"over_time": ["calprotectin"]}})


@faulty("cannot_be_followed")
def pregnancy_without_events(pair):
    pair.events = None
    pair.settings["endpoints"] = {
        "stopping": {"kind": "discontinuation", "intercurrent": {"pregnancy": "competing"}}
    }


@faulty("nobody_enters")
def one_drug_in_two_arms(pair):
    pair.compare["arms"]["anti_tnf"] = ["azathioprine", "infliximab"]
    pair.compare["arms"]["thiopurine"] = ["thiopurine"]


@faulty("nobody_enters")
def a_washout_longer_than_all_observation(pair):
    pair.compare["washout_days"] = 5000


# Prevalent users, washout, supplies


def add_earlier_course(pair, days_before, length):
    earlier = pair.courses.copy()
    earlier["start_date"] -= pd.to_timedelta(days_before, unit="D")
    earlier["stop_date"] = earlier["start_date"] + pd.to_timedelta(length, unit="D")
    earlier["stop_reason"] = "remission"
    pair.courses = pd.concat([earlier.iloc[::3], pair.courses], ignore_index=True)


@faulty("prevalent_users")
def no_washout_and_returning_users(pair):
    pair.patients["observed_from"] = pd.Timestamp("2011-12-01")
    add_earlier_course(pair, 150, 20)
    pair.compare.update({"washout_days": 0, "entry": "every"})


@faulty("prevalent_users")
def a_month_of_washout_and_users_of_last_season(pair):
    add_earlier_course(pair, 150, 20)
    pair.compare.update({"washout_days": 90, "entry": "every"})


@faulty("prevalent_users")
def half_of_the_starts_on_the_first_day_of_observation(pair):
    start = pair.courses["start_date"]
    pair.patients["observed_from"] = start.where(np.arange(len(start)) % 2 == 0, "2010-01-01")
    pair.compare["washout_days"] = 0


def dispense(pair, supply, gap):
    """Replace each course by six supplies with gaps between."""
    copies = []
    for k in range(6):
        one = pair.courses.copy()
        one["start_date"] += pd.to_timedelta(k * (supply + gap), unit="D")
        one["stop_date"] = one["start_date"] + pd.to_timedelta(supply - 1, unit="D")
        one["stop_reason"] = None
        copies.append(one)
    pair.courses = pd.concat(copies, ignore_index=True)


@faulty("washout_shorter_than_supply")
def a_washout_of_a_month_and_supplies_of_three(pair):
    dispense(pair, 90, 5)
    pair.compare["washout_days"] = 30


@faulty("washout_shorter_than_supply")
def a_washout_of_three_months_and_supplies_of_six(pair):
    dispense(pair, 180, 5)
    pair.compare["washout_days"] = 90


@faulty("gap_shorter_than_refill")
def refills_later_than_the_permissible_gap(pair):
    dispense(pair, 28, 45)
    pair.compare["permissible_gap_days"] = 30


@faulty("gap_shorter_than_refill")
def no_gap_permitted_between_weekly_refills(pair):
    dispense(pair, 28, 7)
    pair.compare["permissible_gap_days"] = 0


# Lines, sizes, criteria


@faulty("comparator_of_another_line")
def first_line_against_third_line(pair):
    pair.patients["prior_biologics"] = np.where(pair.is_biologic, 2, 0)


@faulty("comparator_of_another_line")
def earlier_lines_that_only_the_courses_show(pair):
    before = pair.courses[pair.is_biologic].copy()
    before["drug"] = "ustekinumab"
    before["start_date"] -= pd.to_timedelta(400, unit="D")
    before["stop_date"] = before["start_date"] + pd.to_timedelta(200, unit="D")
    before["stop_reason"] = "lack_of_efficacy"
    pair.patients["prior_biologics"] = 0
    pair.courses = pd.concat([pair.courses, before], ignore_index=True)


@faulty("empty_arm")
def an_arm_that_nobody_entered(pair):
    pair.compare["arms"]["jak_inhibitor"] = ["jak_inhibitor"]


@faulty("small_arm")
def an_arm_of_five(pair):
    pair.compare["arms"]["jak_inhibitor"] = ["jak_inhibitor"]
    pair.courses.loc[:4, "drug"] = "tofacitinib"


@faulty("lost_at_one_step")
def a_disease_that_hardly_anybody_has(pair):
    pair.patients.loc[:30, "disease"] = "lupus"
    pair.settings["population"] = {"diseases": ["lupus"]}


@faulty("nobody_enters")
def an_exclusion_that_nobody_knows(pair):
    pair.patients["has_cancer_history"] = None
    pair.settings["population"] = {"without": ["has_cancer_history"]}


# Immortal time and other time


def combine(pair, delay):
    """Give every third patient on azathioprine infliximab as well, some days later."""
    users = pair.courses[~pair.is_biologic].iloc[::2].copy()
    users["drug"] = "infliximab"
    users["start_date"] += pd.to_timedelta(delay, unit="D")
    ends = users["stop_date"].where(users["stop_date"] > users["start_date"])
    users["stop_date"], users["stop_reason"] = ends, users["stop_reason"].where(ends.notna())
    pair.courses.loc[users.index, ["stop_date", "stop_reason"]] = None
    pair.courses = pd.concat([pair.courses, users], ignore_index=True)
    pair.compare["arms"]["both"] = ["azathioprine", "anti_tnf"]
    pair.compare["strategy"] = "as_started"


@faulty("immortal_time")
def a_combination_complete_after_two_months(pair):
    combine(pair, 60)
    pair.compare["together_within_days"] = 90


@faulty("immortal_time")
def a_combination_complete_after_ten_days(pair):
    combine(pair, 10)
    pair.compare["together_within_days"] = 14


def record(pair, start, time):
    pair.times = pd.DataFrame(
        {
            "patient_id": pair.courses["patient_id"],
            "endpoint": "ttde",
            "start_date": start,
            "time_days": time,
            "cause": pd.Series("rash", index=pair.courses.index).where(time < 300),
        }
    )
    pair.settings["endpoints"] = {"rash": {"kind": "recorded", "parameter": "ttde"}}


@faulty("immortal_time")
def recorded_times_from_randomisation_and_drugs_from_later(pair):
    start = pair.courses["start_date"] - pd.to_timedelta(60, unit="D")
    record(pair, start, 60.0 + pair.rng.integers(1, 500, len(start)))


@faulty("immortal_time")
def an_arm_of_those_treated_for_three_months_without_event(pair):
    begun = pair.courses.set_index("patient_id")[["start_date", "drug"]]
    events = pair.events.join(begun, on="patient_id")
    since = (events["event_date"] - events["start_date"]).dt.days
    early = (events["drug"] == "infliximab") & (since < 90)
    pair.patients = pair.patients[~pair.patients["patient_id"].isin(events["patient_id"][early])]
    left = set(pair.patients["patient_id"])
    for table in ("courses", "visits", "events"):
        frame = getattr(pair, table)
        setattr(pair, table, frame[frame["patient_id"].isin(left)].reset_index(drop=True))


def move_starts(pair, years):
    """Let the users of infliximab start, and everything of theirs happen, years later."""
    later = pd.DateOffset(years=years)
    moved = set(pair.courses["patient_id"][pair.is_biologic])
    for table in ("courses", "visits", "events"):
        frame = getattr(pair, table)
        rows = frame["patient_id"].isin(moved)
        for column in (c for c in frame if c.endswith("_date")):
            frame.loc[rows, column] = frame.loc[rows, column] + later
    goes_on = pair.courses["stop_date"] > pd.Timestamp("2025-12-31")
    pair.courses.loc[goes_on, ["stop_date", "stop_reason"]] = None


@faulty("no_calendar_overlap")
def arms_of_other_years(pair):
    move_starts(pair, 5)
    pair.patients["observed_to"] = pd.Timestamp("2025-12-31")


@faulty("no_calendar_overlap")
def arms_that_share_one_year_in_five(pair):
    move_starts(pair, 4)
    pair.patients["observed_to"] = pd.Timestamp("2025-12-31")


@faulty("horizon_beyond_data")
def a_horizon_of_twelve_years(pair):
    pair.compare["horizon_days"] = 4400


@faulty("horizon_beyond_data")
def a_horizon_that_one_arm_never_reaches(pair):
    end = pair.courses["start_date"] + pd.to_timedelta(200, unit="D")
    pair.patients["observed_to"] = end.where(pair.is_biologic, "2020-12-31")


@faulty("days_beyond_horizon")
def days_that_all_lie_beyond_the_horizon(pair):
    pair.settings["show"] = {"at_days": [730, 1095]}


@faulty("observation_ends_with_treatment")
def nobody_is_seen_after_stopping(pair):
    pair.patients["observed_to"] = pair.courses["stop_date"].fillna(pd.Timestamp("2020-12-31"))
    pair.compare["strategy"] = "as_started"


@faulty("treated_before_diagnosis")
def a_tenth_diagnosed_after_the_start(pair):
    pair.patients.loc[::10, "diagnosis_date"] = pair.courses["start_date"] + pd.Timedelta("40D")


# Covariates


@faulty("covariate_after_time_zero")
def a_laboratory_value_of_after_the_start(pair):
    pair.patients["crp_mg_per_l"] = pair.rng.uniform(1, 60, len(pair.patients))
    pair.patients["crp_date"] = pair.courses["start_date"] + pd.Timedelta("14D")
    pair.settings["covariates"].append("crp_mg_per_l")


@faulty("covariate_after_time_zero")
def response_in_week_twelve_as_baseline(pair):
    pair.patients["has_response_week_12"] = pair.rng.random(len(pair.patients)) < 0.5
    pair.settings["covariates"].append("has_response_week_12")


@faulty("covariate_after_time_zero")
def a_value_known_of_those_with_the_event_only(pair):
    had = pair.patients["patient_id"].isin(pair.events["patient_id"])
    pair.compare["horizon_days"] = 2000
    pair.patients["culture_count"] = pd.Series(pair.rng.uniform(0, 9, len(had))).where(had)
    pair.settings["covariates"].append("culture_count")
    pair.settings["endpoints"]["infection"]["strategy"] = "as_started"


@faulty("covariate_after_time_zero")
def the_outcome_itself_under_another_name(pair):
    begun = pair.courses.set_index("patient_id")["start_date"]
    first = pair.events.groupby("patient_id")["event_date"].min()
    within = (first - begun).dt.days <= 365
    pair.patients["was_admitted"] = pair.patients["patient_id"].map(within).fillna(False) == True  # noqa: E712
    pair.settings["covariates"].append("was_admitted")
    pair.settings["endpoints"]["infection"]["strategy"] = "as_started"


@faulty("constant_covariate")
def a_covariate_with_one_value(pair):
    pair.patients["sex"] = "female"


@faulty("covariate_mostly_missing")
def a_covariate_that_is_seldom_known(pair):
    pair.patients["weight_kg"] = np.where(np.arange(len(pair.patients)) % 5, None, 70.0)
    pair.settings["covariates"].append("weight_kg")


@faulty("no_overlap_in_covariate")
def enzyme_deficiency_in_one_arm_only(pair):
    deficient = pair.is_biologic & (pair.rng.random(len(pair.patients)) < 0.3)
    pair.patients["tpmt"] = np.where(deficient, "deficient", "normal")
    pair.settings["covariates"].append("tpmt")


@faulty("no_overlap_in_covariate")
def severity_that_decides_the_arm(pair):
    severity = pair.rng.uniform(0, 4, len(pair.patients))
    pair.patients["severity_score"] = severity + np.where(pair.is_biologic, 5, 0)
    pair.settings["covariates"].append("severity_score")


@faulty("covariates_say_the_same")
def age_in_years_and_in_months(pair):
    pair.patients["comorbidity_twice"] = 2 * pair.patients["comorbidity_score"]
    pair.settings["covariates"].append("comorbidity_twice")


# Endpoints


@faulty("no_visit")
def half_of_the_patients_without_visits(pair):
    pair.visits = pair.visits[pair.visits["patient_id"] < "p0130"]


@faulty("visits_differ")
def one_arm_seen_three_times_as_often(pair):
    users = pair.courses["patient_id"][~pair.is_biologic]
    rows = pair.visits["patient_id"].isin(users) & (pair.visits.index % 3 > 0)
    pair.visits = pair.visits[~rows].assign(has_response=False)


@faulty("no_events")
def events_long_after_the_horizon(pair):
    pair.events["event_date"] = pd.Timestamp("2020-11-01")


@faulty("few_events")
def eight_events_in_all(pair):
    pair.events = pair.events.iloc[:8]


@faulty("censoring_differs")
def one_arm_switches_and_the_other_does_not(pair):
    second = pair.courses[~pair.is_biologic].iloc[::2].copy()
    second["drug"] = "adalimumab"
    second["start_date"] += pd.to_timedelta(100, unit="D")
    second["stop_date"], second["stop_reason"] = pd.NaT, None
    pair.courses = pd.concat([pair.courses, second], ignore_index=True)


@faulty("censoring_differs")
def one_arm_is_lost(pair):
    lost = pair.is_biologic & (np.arange(len(pair.patients)) % 2 == 0)
    end = pair.courses["start_date"] + pd.to_timedelta(100, unit="D")
    pair.patients["observed_to"] = end.where(lost, "2020-12-31")


@faulty("death_censored")
def deaths_that_do_not_compete(pair):
    dead = pair.courses["start_date"] + pd.Timedelta("120D")
    who = np.arange(len(dead)) % 8 == 0
    pair.patients["death_date"] = dead.where(who)
    pair.patients["observed_to"] = dead.where(who, "2020-12-31")
    died = set(pair.patients["patient_id"][who])
    pair.visits = pair.visits[~pair.visits["patient_id"].isin(died)]
    pair.events = pair.events[~pair.events["patient_id"].isin(died)]
    stop = pair.courses["stop_date"].where(~who | (pair.courses["stop_date"] <= dead))
    pair.courses["stop_date"] = stop
    pair.courses["stop_reason"] = pair.courses["stop_reason"].where(stop.notna())
    pair.settings["endpoints"] = {
        "infection": {"kind": "event", "event": "infection", "competing": []}
    }


@faulty("reasons_unknown")
def stops_without_reason_where_reasons_are_asked(pair):
    pair.courses["stop_reason"] = pair.courses["stop_reason"].where(pair.courses.index % 2 == 0)
    pair.settings["endpoints"]["stopping"]["causes"] = {"harm": ["adverse_event"]}


@faulty("stops_not_recorded")
def infusions_that_never_end(pair):
    pair.courses.loc[pair.is_biologic, ["stop_date", "stop_reason"]] = None


@faulty("prevalent_outcome")
def infections_just_before_the_start(pair):
    before = pd.DataFrame(
        {
            "patient_id": pair.courses["patient_id"],
            "event_date": pair.courses["start_date"] - pd.Timedelta("10D"),
            "event": "infection",
            "is_serious": True,
        }
    )
    pair.events = pd.concat([pair.events, before.iloc[::4]], ignore_index=True)


# Sound pairs


@sound
def as_it_is(pair):
    pass


@sound
def as_started(pair):
    pair.compare["strategy"] = "as_started"


@sound
def per_protocol(pair):
    pair.compare.update({"strategy": "per_protocol", "adherence": {"over_time": ["has_response"]}})


@sound
def three_arms(pair):
    pair.courses.loc[pair.courses.index % 3 == 0, "drug"] = "tofacitinib"
    pair.compare["arms"]["jak_inhibitor"] = ["jak_inhibitor"]


@sound
def drugs_in_place_of_classes(pair):
    pair.compare["arms"]["anti_tnf"] = ["infliximab"]


@sound
def a_combination_started_on_one_day(pair):
    combine(pair, 0)
    pair.compare["horizon_days"] = 365


@sound
def a_combination_within_a_week(pair):
    combine(pair, 3)
    pair.compare["together_within_days"] = 7


@sound
def day_one_and_a_shorter_horizon(pair):
    pair.compare.update({"first_day": 1, "horizon_days": 300})


@sound
def every_start_counts(pair):
    again = pair.courses[pair.courses["stop_date"] < "2015-01-01"].copy()
    again["start_date"] = pd.Timestamp("2017-01-01") + (again["stop_date"] - again["start_date"])
    again["stop_date"], again["stop_reason"] = pd.NaT, None
    pair.courses = pd.concat([pair.courses, again], ignore_index=True)
    pair.compare["entry"] = "every"


@sound
def supplies_with_a_fitting_gap_and_washout(pair):
    dispense(pair, 90, 12)
    pair.settings["endpoints"].pop("stopping")


@sound
def a_trial_that_recorded_its_own_times(pair):
    start = pair.courses["start_date"]
    pair.patients["observed_from"] = start
    pair.compare["washout_days"] = 0
    record(pair, start, pair.rng.integers(1, 500, len(start)).astype(float))


@sound
def one_disease_and_one_line(pair):
    pair.settings["population"] = {
        "diseases": ["crohns_disease"],
        "prior_biologics": {"at_most": 1},
        "without": ["has_cancer_history"],
        "age_years": {"at_least": 18},
    }
    pair.settings["covariates"].remove("disease")


@sound
def another_line_that_is_adjusted_for(pair):
    often = pair.rng.random(len(pair.patients)) < np.where(pair.is_biologic, 0.85, 0.2)
    pair.patients["prior_biologics"] = often.astype(int)
    pair.settings["covariates"].append("prior_biologics")


@sound
def nested_in_an_indication(pair):
    pair.patients.loc[::10, "diagnosis_date"] = pair.courses["start_date"] + pd.Timedelta("40D")
    pair.settings["population"] = {"is_diagnosed": True}


@sound
def all_episodes_with_a_lag(pair):
    pair.settings["endpoints"]["infection"] |= {"count": "all", "lag_days": 30}


@sound
def a_few_gaps_in_a_covariate(pair):
    pair.patients["comorbidity_score"] = pair.patients["comorbidity_score"].where(
        pair.rng.random(len(pair.patients)) < 0.8
    )


@sound
def a_baseline_value_with_its_earlier_date(pair):
    pair.patients["crp_mg_per_l"] = pair.rng.uniform(1, 60, len(pair.patients))
    pair.patients["crp_date"] = pair.courses["start_date"] - pd.Timedelta("7D")
    pair.settings["covariates"].append("crp_mg_per_l")


@sound
def deaths_that_compete(pair):
    deaths_that_do_not_compete(pair)
    pair.settings["endpoints"]["infection"]["competing"] = ["death"]


@sound
def reasons_that_are_known(pair):
    pair.settings["endpoints"]["stopping"]["causes"] = {
        "harm": ["adverse_event"],
        "no_effect": ["lack_of_efficacy"],
    }


@sound
def a_calendar_in_which_both_arms_were_started(pair):
    move_starts(pair, 2)
    pair.settings["population"] = {"started": {"at_least": "2014-01-01", "at_most": "2016-12-01"}}


@sound
def rare_returning_users(pair):
    add_earlier_course(pair, 700, 100)
    pair.settings["endpoints"].pop("response")  # the visits belong to the later starts


@sound
def stopping_that_competes(pair):
    pair.settings["endpoints"]["infection"]["competing"] = ["death", "discontinuation"]
