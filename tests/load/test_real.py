"""Real data come in through a mapping file alone, and give their published numbers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from azaanalysis.cohort import Cohort
from azaanalysis.errors import DataError
from azaanalysis.load import load_cohort
from azaanalysis.vocab import DAYS_PER_YEAR
from tests.real_data import real

STUDIES = Path(__file__).parents[2] / "notebooks" / "studies"
LOW, HIGH = "xanomeline_low_dose", "xanomeline_high_dose"


@pytest.fixture(scope="module")
def sanad() -> Cohort:
    return load_cohort(
        real("survival/epileptic.csv.gz"), mapping=STUDIES / "sanad_mapping.yml", smallest_count=1
    )


@pytest.fixture(scope="module")
def pilot() -> Cohort:
    return load_cohort(
        real("adam_cdiscpilot"), mapping=STUDIES / "cdisc_pilot_mapping.yml", smallest_count=1
    )


def _by_drug(cohort: Cohort, table: str) -> pd.DataFrame:
    arms = cohort.courses[["patient_id", "drug"]].astype(str)
    return cohort.tables[table].astype({"patient_id": str}).merge(arms, on="patient_id")


def test_sanad_has_its_published_reasons_for_withdrawal(sanad: Cohort) -> None:
    # Williamson 2008: 605 patients; 120 for seizures, 94 for adverse effects; 7 for neither
    assert len(sanad.patients) == 605
    assert sanad.courses["stop_reason"].value_counts().to_dict() == {
        **{"lack_of_efficacy": 120, "adverse_event": 94, "other": 7},
    }
    assert sanad.courses["stop_date"].notna().sum() == 221
    assert sanad.patients["has_learning_disability"].sum() == 37


def test_sanad_days_are_those_published(sanad: Cohort) -> None:
    days = (sanad.patients["observed_to"] - sanad.patients["observed_from"]).dt.days
    assert days.sum() == 481_056
    stopped = sanad.courses["stop_date"].notna()
    same = sanad.courses["stop_date"][stopped] == sanad.patients["observed_to"][stopped]
    assert same.all()


def test_the_pilot_has_its_published_arms_and_reasons(pilot: Cohort) -> None:
    courses = pilot.courses
    assert courses["drug"].value_counts().to_dict() == {"placebo": 86, LOW: 84, HIGH: 84}
    stopped = courses[courses["stop_reason"] != "completed"]["drug"].value_counts()
    assert stopped.to_dict() == {LOW: 59, HIGH: 57, "placebo": 28}
    harmed = courses[courses["stop_reason"] == "adverse_event"]["drug"].value_counts()
    assert harmed.to_dict() == {LOW: 44, HIGH: 40, "placebo": 8}


def test_the_pilot_has_its_published_infections_and_person_time(pilot: Cohort) -> None:
    events = _by_drug(pilot, "events")
    infections = events[events["event"] == "infection"].groupby("drug")["patient_id"]
    assert infections.size().to_dict() == {"placebo": 35, LOW: 16, HIGH: 20}
    assert infections.nunique().to_dict() == {"placebo": 16, LOW: 9, HIGH: 13}
    days = (pilot.courses["stop_date"] - pilot.courses["start_date"]).dt.days + 1
    years = (days / DAYS_PER_YEAR).groupby(pilot.courses["drug"].astype(str)).sum()
    assert years.to_dict() == pytest.approx(
        {"placebo": 35.0992470910335, LOW: 22.7734428473648, HIGH: 22.8583162217659}
    )


def test_the_pilot_has_its_published_times_and_transaminases(pilot: Cohort) -> None:
    assert (pilot.tables["times"]["cause"] == "ttde").sum() == 152
    assert set(pilot.tables["times"]["endpoint"]) == {"TTDE"}
    labs = pilot.tables["labs"]
    alt = labs[labs["test"] == "alt"]
    assert (len(alt), alt["value"].max()) == (2058, 129)
    assert alt["value"].mean() == pytest.approx(18.6987366375121)
    above = alt["value"] > 3 * alt["upper_limit_normal"]
    assert alt["patient_id"][above].nunique() == 3


def test_every_row_of_the_pilot_is_kept_or_set_aside_with_its_reason(pilot: Cohort) -> None:
    tables = pilot.report.tables
    assert (tables["rows_read"] == tables["rows_kept"] + tables["rows_set_aside"]).all()
    assert tables.set_index("table").loc["events", "rows_set_aside"] == 65
    notes = pilot.report.notes
    aside = notes[notes["kind"] == "set aside"].groupby("table")["rows"].sum()
    assert aside[["events", "labs"]].tolist() == [65, 37_132 + 10]


def test_nothing_in_the_pilot_happens_after_observation_ends(pilot: Cohort) -> None:
    last = pilot.patients.astype({"patient_id": str}).set_index("patient_id")["observed_to"]
    for table, day in (("events", "event_date"), ("labs", "test_date"), ("courses", "stop_date")):
        frame = pilot.tables[table]
        ends = frame["patient_id"].astype(str).map(last)
        assert (frame[day] <= ends).all(), table


def test_undated_deaths_of_the_pilot_are_reported_and_not_invented(pilot: Cohort) -> None:
    assert pilot.patients["death_date"].isna().all()
    warnings = pilot.report.notes.query("kind == 'warning'").set_index("found")
    assert warnings.loc["the reason death, but the patient has no death_date", "rows"] == 3


def _messy(value: str, *, missing: list[str]) -> dict[str, object]:
    sheet = {"file": "messy_uc", "sheet": "Data", "skip_rows": 6}
    patient = {"patient_id": "pat_id"}
    return {
        "patients": sheet
        | {
            "columns": {
                **patient,
                "birth_date": "dob",
                "disease": {"constant": "ulcerative_colitis"},
                "observed_from": "start_date",
                "observed_to": {"constant": "2023-12-31"},
            }
        },
        "courses": sheet | {"columns": {**patient, "drug": "treatment"}},
        "labs": sheet
        | {
            "where": {value: {"not": missing}} if missing else {},
            "columns": {
                **patient,
                "test_date": "start_date",
                "test": {"constant": "platelets"},
                "value": value,
                "unit": {"constant": "10^9/L"},
            },
        },
    }


def test_a_messy_workbook_is_refused_with_its_sheets_named() -> None:
    with pytest.raises(DataError, match="sheets Explainer, Codebook, Data, Problems"):
        load_cohort(real("messy_uc"))


def test_titles_in_a_messy_sheet_are_recognised() -> None:
    with pytest.raises(DataError, match=r"sheet Data, row 1: found 6 rows above .*skip_rows: 6"):
        load_cohort(real("messy_uc"), mapping={"patients": {"sheet": "Data"}})


def test_text_in_a_messy_number_is_named_with_its_row() -> None:
    with pytest.raises(DataError, match="column start_plt, row 29: found 'clumped', text"):
        load_cohort(real("messy_uc"), mapping=_messy("start_plt", missing=[]))


def test_a_messy_stand_in_for_not_collected_is_refused() -> None:
    with pytest.raises(DataError, match=r"column end_na, row 25: found platelets -99"):
        load_cohort(real("messy_uc"), mapping=_messy("end_na", missing=[]))


def test_a_messy_sheet_loads_once_its_mapping_says_what_its_words_mean() -> None:
    cohort = load_cohort(real("messy_uc"), mapping=_messy("start_plt", missing=["clumped"]))
    assert len(cohort.patients) == 30
    assert set(cohort.courses["drug"]) == {"upadacitinib", "ustekinumab", "ozanimod"}
    (rows,) = cohort.report.tables.query("table == 'labs'").to_dict("records")
    assert (rows["rows_kept"], rows["rows_set_aside"]) == (29, 2)
    warnings = cohort.report.notes.query("kind == 'warning'")["found"].tolist()
    assert "platelets 1550 10^9/L" in warnings
